package alerts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/omnisync/omnisync/fault"
)

// Options say where alerts go, and how.
type Options struct {
	URL       func() (string, error) // asked for at each attempt
	Token     func() (string, error) // that it is sent with, as a bearer's; "" for none
	Reread    func()                 // called when the address or the token is refused
	Format    string                 // JSON, Slack
	Timeout   time.Duration          // of one attempt
	Transport http.RoundTripper      // nil: http.DefaultTransport
}

// Webhook sends messages.
type Webhook struct {
	o      Options
	client http.Client
}

// New makes a webhook. It calls nobody.
func New(o Options) *Webhook {
	return &Webhook{o: o, client: http.Client{Transport: o.Transport, Timeout: o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// pauses are between the attempts to send one message.
var pauses = []time.Duration{time.Second, 5 * time.Second, 20 * time.Second}

// longestPause bounds a pause that the receiver asks for.
const longestPause = time.Minute

// Send sends a message, and tries again where that may help: at most four times, within
// about a minute and as long as the attempts last. An error tells neither the address nor
// the token.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	body, err := encode(m, w.o.Format)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		err := w.post(ctx, body)
		if err == nil || n == len(pauses) || !passes(err) || ctx.Err() != nil {
			return err
		}
		pause := pauses[n]
		if f, ok := errors.AsType[*fault.Error](err); ok && f.After > 0 {
			pause = min(f.After, longestPause)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// passes reports whether another attempt may succeed.
func passes(err error) bool { return fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Limited) }

const op = "send an alert"

// post makes one attempt.
func (w *Webhook) post(ctx context.Context, body []byte) error {
	request, err := w.request(ctx, body)
	if err != nil {
		return err
	}
	response, err := w.client.Do(request)
	if err != nil {
		if told, ok := errors.AsType[*url.Error](err); ok { // whose text has the address
			err = told.Err
		}
		return &fault.Error{Kind: fault.Unavailable, Op: op, Err: err, Hint: "see that this machine reaches the address of alerts.webhook.url"}
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection is used again
	err = judge(response)
	if fault.Is(err, fault.Unauthorized) {
		w.o.Reread()
	}
	return err
}

func (w *Webhook) request(ctx context.Context, body []byte) (*http.Request, error) {
	const hint = "see what alerts.webhook points to"
	address, err := w.o.URL()
	if err != nil {
		return nil, &fault.Error{Op: op, Detail: "its address can't be read", Hint: hint, Err: err}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, &fault.Error{Op: op, Detail: "its address is none", Hint: hint}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "omnisync")
	token, err := w.o.Token()
	if err != nil {
		return nil, &fault.Error{Op: op, Detail: "its token can't be read", Hint: hint, Err: err}
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return request, nil
}

// judge tells what an answer means. Its words aren't repeated: they may hold the address.
func judge(r *http.Response) error {
	e := &fault.Error{Op: op, Detail: fmt.Sprintf("it is answered %d %s", r.StatusCode, http.StatusText(r.StatusCode))}
	switch s := r.StatusCode; {
	case s >= 200 && s < 300:
		return nil
	case s == http.StatusTooManyRequests:
		e.Kind = fault.Limited
		if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && seconds > 0 {
			e.After = time.Duration(min(seconds, int(longestPause/time.Second))) * time.Second
		}
	case s >= 500, s == http.StatusRequestTimeout:
		e.Kind = fault.Unavailable
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusNotFound, s == http.StatusGone:
		e.Kind, e.Hint = fault.Unauthorized, "the webhook is gone, or its address or alerts.webhook.bearer_token is wrong: make a new one, and put its address where alerts.webhook.url points"
	case s >= 300 && s < 400:
		e.Kind, e.Hint = fault.Refused, "write the address that it leads to"
	default:
		e.Kind, e.Hint = fault.Refused, "see that alerts.webhook.format is what the receiver takes"
	}
	return e
}

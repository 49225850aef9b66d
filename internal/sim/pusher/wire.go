package pusher

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// userAgent is what Okta's client calls itself.
const userAgent = "Okta SCIM Client 1.0.0"

// maxExchanges bounds the log: a benchmark that sends millions of requests keeps the newest.
const maxExchanges = 20_000

// Exchange is a request with its answer. Nothing is left out of it, passwords and tokens neither.
type Exchange struct {
	Task   int // the id of the task; 0 for a test of the connection
	Method string
	Path   string // below the base URL, with the query as it was sent
	Header http.Header
	Body   string
	At     time.Time

	Status  int    // 0 when there was no answer
	Answer  string // the body
	Err     string // why there was none
	Replied http.Header
	Took    time.Duration
}

// Exchanges is a copy of the log, in the order in which the answers came. It keeps at least the newest 20,000.
func (c *Client) Exchanges() []Exchange {
	defer c.lock()()
	return append([]Exchange(nil), c.log...)
}

// ResetLog empties the log of exchanges.
func (c *Client) ResetLog() {
	defer c.lock()()
	c.log = nil
}

func (c *Client) record(e Exchange) {
	defer c.lock()()
	if len(c.log) >= 2*maxExchanges {
		c.log = append([]Exchange(nil), c.log[maxExchanges:]...)
	}
	c.log = append(c.log, e)
}

// Header is what Okta's client sends besides the length, as captured. A request without a body has no Content-Type.
func (s Style) Header(token string, hasBody bool) http.Header {
	h := http.Header{
		"Accept":          {"application/scim+json"},
		"Accept-Charset":  {"utf-8"},
		"Accept-Encoding": {"gzip,deflate"},
		"Authorization":   {"Bearer " + token},
		"Connection":      {"close"},
		"User-Agent":      {userAgent},
	}
	if s.Auth == AuthBare {
		h.Set("Authorization", token)
	}
	if s.KeepAlive {
		h.Set("Connection", "Keep-Alive")
	}
	if hasBody {
		h.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	return h
}

// call is an attempt of one task.
type call struct {
	c     *Client
	style Style
	task  int
}

// reply is a success.
type reply struct {
	status int
	object Resource // nil for an empty body
}

// send asks and waits for the answer, 60 s at most. What is no success comes as *throttled, *remote or another error.
func (k call) send(ctx context.Context, method, path string, body Resource) (reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, Timeout, errTimedOut)
	defer cancel()
	x := Exchange{Task: k.task, Method: method, Path: path, At: time.Now()}
	err := k.exchange(ctx, &x, body)
	if err != nil && errors.Is(context.Cause(ctx), errTimedOut) {
		err = errTimedOut
	}
	x.Took = time.Since(x.At)
	if err != nil {
		x.Err = err.Error()
	}
	k.c.record(x)
	if err != nil {
		return reply{}, err
	}
	return judge(x)
}

var errTimedOut = shown(nil, "Read timed out")

func (k call) exchange(ctx context.Context, x *Exchange, body Resource) error {
	base, token, client := k.c.target()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return fmt.Errorf("write the body of %s %s: %w", x.Method, x.Path, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, x.Method, strings.TrimSuffix(base, "/")+x.Path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	if body == nil {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	req.Header = k.style.Header(token, body != nil)
	x.Header, x.Body = req.Header.Clone(), string(text)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := readBody(resp)
	if err != nil {
		return fmt.Errorf("read the answer of %s %s: %w", x.Method, x.Path, err)
	}
	x.Status, x.Answer, x.Replied = resp.StatusCode, string(answer), resp.Header
	return nil
}

func (c *Client) target() (base, token string, client *http.Client) {
	defer c.lock()()
	return c.BaseURL, c.Token, c.HTTP
}

// readBody undoes the compression that Okta says it takes.
func readBody(resp *http.Response) ([]byte, error) {
	var body io.Reader = resp.Body
	var err error
	switch resp.Header.Get("Content-Encoding") {
	case "gzip":
		body, err = gzip.NewReader(body)
	case "deflate":
		body, err = zlib.NewReader(body)
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

// judge makes a success or an error of the answer.
func judge(x Exchange) (reply, error) {
	r := reply{status: x.Status}
	object, broken := parse(x.Answer)
	r.object = object
	if x.Status >= 200 && x.Status < 300 && broken == nil {
		return r, nil
	}
	said := &remote{status: x.Status, detail: object.text("detail")}
	switch {
	case broken != nil:
		said.detail = broken.Error()
	case said.detail == "":
		said.detail = x.Answer
	}
	if x.Status == http.StatusTooManyRequests {
		return reply{}, &throttled{after: x.Replied.Get("Retry-After"), said: said}
	}
	return reply{}, said
}

// parse reads a JSON object. Numbers stay as they were written, since they go back to the endpoint. The words for
// what isn't JSON are those of the parser that Okta has.
func parse(text string) (Resource, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var object Resource
	if err := decoder.Decode(&object); err == nil {
		return object, nil
	}
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	if strings.HasPrefix(word, "<") {
		return nil, shown(nil, "Invalid JSON: Unexpected character ('<' (code 60)): expected a valid value")
	}
	return nil, shown(nil, "Invalid JSON: Unrecognized token '%s'", strings.TrimRight(word, "\n\r,.:;"))
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return fmt.Sprintf("Status %d", status)
}

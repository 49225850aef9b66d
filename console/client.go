package console

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

// ErrAbsent is in the chain of the error when nothing listens at the client's URL.
var ErrAbsent = errors.New("no daemon listens there")

// The client's limits. A run's answer has no time limit: its context has.
const (
	shortAnswer = 10 * time.Second
	decision    = time.Minute // a standby asks the one that leads
	maxAnswer   = 256 << 20   // a report names every change of a first load
)

// Client speaks to a daemon's console. Errors that the daemon tells come as
// *fault.Error of the kind they had there.
type Client struct {
	URL       string            // such as http://127.0.0.1:8180
	Name      string            // of the connection that is meant; "": whichever answers
	Token     string            // console.token
	Transport http.RoundTripper // nil: http.DefaultTransport
}

// Alive asks whether a daemon listens: ErrAbsent when nothing does.
func (c Client) Alive(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shortAnswer)
	defer cancel()
	return c.once(ctx, http.MethodGet, "/healthz", nil, &struct{}{})
}

// Status asks for the connection at a glance.
func (c Client) Status(ctx context.Context) (sync.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, shortAnswer)
	defer cancel()
	var s sync.Status
	err := c.once(ctx, http.MethodGet, "/api/v1/status", nil, &s)
	return s, err
}

// Run asks for one run and waits for its end; r.Progress is told of each step. The cause
// doesn't travel. When ctx ends, the run goes on, unless r.Attached.
func (c Client) Run(ctx context.Context, r sync.Request) (sync.Report, error) {
	body := runBody{Kind: r.Kind, DryRun: r.DryRun, Subject: r.Subject, By: r.By, LetGo: r.LetGo, Insist: r.Insist, Only: r.Only, Attached: r.Attached}
	answer, err := c.lines(ctx, "/api/v1/runs", body, &waiting{attached: r.Attached, tell: r.Progress})
	return answer.report, err
}

// Approve releases what run holds, and waits for the run that then does it.
// When that run fails, the decision stands all the same and is in the answer.
func (c Client) Approve(ctx context.Context, d Decision) (sync.Decided, sync.Report, error) {
	answer, err := c.lines(ctx, d.path("approve"), d.body(), &waiting{attached: d.Attached, tell: d.Progress})
	return answer.decided, answer.report, err
}

// Reject drops what run holds.
func (c Client) Reject(ctx context.Context, d Decision) (sync.Decided, error) {
	ctx, cancel := context.WithTimeout(ctx, decision)
	defer cancel()
	var answer Line
	err := c.once(ctx, http.MethodPost, d.path("reject"), d.body(), &answer)
	if err == nil && answer.Decided == nil {
		err = c.foreign("the answer holds no decision")
	}
	if err != nil {
		return sync.Decided{}, err
	}
	return *answer.Decided, nil
}

// Decision is a verdict on its way. Its Decision is told by how it is sent.
type Decision struct {
	sync.Verdict
	Progress func(sync.Progress) // of the run that follows an approval; may be nil
	Attached bool                // that run ends with who waits for it; else it goes on
}

// waiting is what the client of a run does meanwhile.
type waiting struct {
	attached bool
	tell     func(sync.Progress) // may be nil
	run      string              // that was told of last
}

func (w *waiting) hear(p sync.Progress) {
	if p.Note != sync.Waits {
		w.run = p.Run
	}
	if w.tell != nil {
		w.tell(p)
	}
}

func (d Decision) body() decisionBody {
	return decisionBody{By: d.By, Only: d.Only, Except: d.Except, Hash: d.Hash, Attached: d.Attached}
}

func (d Decision) path(verb string) string {
	return "/api/v1/runs/" + url.PathEscape(d.Run) + "/" + verb
}

// once asks and decodes the one answer.
func (c Client) once(ctx context.Context, method, path string, body, into any) error {
	response, err := c.ask(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(into); err != nil {
		return c.foreign("the answer is not JSON")
	}
	return nil
}

// heard is what the lines of an answer told.
type heard struct {
	decided sync.Decided
	leaver  sync.Leaver
	report  sync.Report
}

// lines asks and follows the answer's lines to the end.
func (c Client) lines(ctx context.Context, path string, body any, w *waiting) (h heard, err error) {
	response, err := c.ask(ctx, http.MethodPost, path, body)
	if err != nil && ctx.Err() != nil {
		err = w.brokenOff(ctx, err)
	}
	if err != nil {
		return h, err
	}
	defer func() { _ = response.Body.Close() }()
	d := json.NewDecoder(bufio.NewReader(io.LimitReader(response.Body, maxAnswer)))
	for {
		var l Line
		if err := d.Decode(&l); err != nil {
			return h, w.brokenOff(ctx, err)
		}
		switch {
		case l.Error != nil:
			return h, l.Error.Fault()
		case l.Report != nil:
			h.report = *l.Report
			return h, nil
		case l.Decided != nil:
			h.decided = *l.Decided
		case l.Leaver != nil:
			h.leaver = *l.Leaver
		case l.Progress != nil:
			w.hear(*l.Progress)
		}
	}
}

// ask sends one request and gives the answer of a success; any other is an error.
func (c Client) ask(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.URL+path, &text)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	request.Header.Set("Content-Type", "application/json")
	if c.Name != "" {
		request.Header.Set(connectionHeader, c.Name)
	}
	client := http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	var answer Line
	if json.NewDecoder(io.LimitReader(response.Body, maxBody)).Decode(&answer) != nil || answer.Error == nil {
		return nil, c.foreign("it answers " + response.Status)
	}
	return nil, answer.Error.Fault()
}

func (c Client) unreachable(err error) error {
	e := &fault.Error{Kind: fault.Unavailable, Op: "ask the daemon at " + c.URL, Err: err}
	if errors.Is(err, syscall.ECONNREFUSED) {
		e.Err = ErrAbsent
	}
	return e
}

func (w *waiting) brokenOff(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return Left(ctx, w.attached, w.run, "the daemon")
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "the daemon's answer ended early", Err: err,
		Hint: "the daemon may have been stopped; see its log and syncd status"}
}

// Left is the end of a command whose person doesn't wait for the end of a run that another
// process makes. run is "" where that isn't known.
func Left(ctx context.Context, attached bool, run, maker string) error {
	history := "syncd history"
	if run != "" {
		history += " --run " + run
	}
	e := &fault.Error{Kind: fault.Unavailable, Op: "the run goes on in " + maker + ", and isn't waited for any more", Err: context.Cause(ctx),
		Hint: "syncd status follows it, " + history + " tells what it did; with --stop-on-interrupt Ctrl-C stops the run"}
	if attached {
		e.Op, e.Hint = "the run in "+maker+" is stopped after the changes that are under way", "syncd status tells when it has ended, "+history+" what it did; the next run does the rest"
	}
	return e
}

func (c Client) foreign(detail string) error {
	return &fault.Error{Kind: fault.Unavailable, Op: "ask the daemon at " + c.URL, Detail: detail,
		Hint: "another program may be listening there: let console.listen name a free address"}
}

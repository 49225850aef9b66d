package omniclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

const (
	attemptTime = 10 * time.Second // of one attempt, body included
	answerLimit = 64 << 20         // a page of 100 groups with 10,000 members each fits
	errorLimit  = 64 << 10
)

// request is one exchange with Omni.
type request struct {
	op     string // what it is for, in words
	method string
	path   string // below /api/scim/v2
	query  url.Values
	body   any  // marshalled as JSON; nil for none
	once   bool // must not be repeated when its effect is unknown
	apart  bool // asks for a permission of its own: a refusal says nothing about the key
	key    int  // the key to send it with, counted from 1; 0: any
}

// answer is what Omni answered; without success, its status alone.
type answer struct {
	status int
	body   []byte
}

// ask sends r and decodes the answer into out, which may be nil. It reports
// whether there was anything to decode: a 204, or a 200 without body, has nothing.
func (c *Client) ask(ctx context.Context, r request, out any) (bool, error) {
	a, err := c.send(ctx, r)
	if err != nil || out == nil || len(bytes.TrimSpace(a.body)) == 0 {
		return false, err
	}
	if err := jsonv1.Unmarshal(a.body, out); err != nil {
		return false, &fault.Error{Kind: fault.Doubt, Op: r.op, Detail: "Omni's answer has another form than its description says", Err: err}
	}
	return true, nil
}

// post creates an object. It is sent once: whether a broken creation took effect
// is unknown, and looking the name up tells, while a second POST would answer 409
// for our own object.
func (c *Client) post(ctx context.Context, op, path string, body, out any) error {
	_, err := c.ask(ctx, request{op: op, method: http.MethodPost, path: path, body: body, once: true}, out)
	if fault.Is(err, fault.Doubt) { // success, in a form that can't be read
		return unseen(op, err)
	}
	return err
}

// unseen is the failure to see what was created. Whatever its cause, the caller
// must not take it for a creation that didn't happen.
func unseen(op string, err error) error {
	return &fault.Error{Kind: fault.Unavailable, Op: op, Detail: "Omni accepted it, but what was made can't be read", Err: err}
}

// exchange sends r once with the given key.
func (c *Client) exchange(ctx context.Context, r request, key string) (got answer, err error) {
	began, status := time.Now(), 0
	defer func() { identity.Answered(ctx, met(r, status, time.Since(began), err)) }()
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	req, err := c.build(ctx, r, key)
	if err != nil {
		return answer{}, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, broken(r.op, err)
	}
	defer func() { _ = res.Body.Close() }()
	status = res.StatusCode
	if res.StatusCode < 200 || res.StatusCode > 299 {
		body, _ := io.ReadAll(io.LimitReader(res.Body, errorLimit)) // what could be read is told
		return answer{status: res.StatusCode}, classify(r.op, res, body, key)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, answerLimit+1))
	switch {
	case err != nil:
		return answer{}, broken(r.op, err)
	case len(body) > answerLimit:
		return answer{}, &fault.Error{Kind: fault.Unavailable, Op: r.op, Detail: fmt.Sprintf("Omni's answer is longer than %d bytes", answerLimit)}
	case len(bytes.TrimSpace(body)) > 0 && !isJSON(body):
		return answer{}, &fault.Error{Kind: fault.Unavailable, Op: r.op, Detail: "the answer is not JSON: " + describe(body, key), Hint: hintBase}
	}
	return answer{status: res.StatusCode, body: body}, nil
}

// isJSON reports whether an answer is JSON, with whatever names and texts in it. Like
// the decoder above it is as encoding/json, and takes a third of the time: a change of
// one member is answered with the whole group.
func isJSON(body []byte) bool {
	return jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// met is the exchange for the record.
func met(r request, status int, took time.Duration, err error) identity.Answer {
	a := identity.Answer{Method: r.method, Path: r.path, Status: status, Seconds: math.Round(took.Seconds()*1000) / 1000}
	if err != nil {
		a.Error = clip(err.Error())
	}
	return a
}

func (c *Client) build(ctx context.Context, r request, key string) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return nil, &fault.Error{Kind: fault.Refused, Op: r.op, Detail: "this can't be written as JSON", Err: err}
		}
		body = bytes.NewReader(b)
	}
	u := c.base.JoinPath(r.path)
	u.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), body)
	if err != nil {
		return nil, &fault.Error{Op: r.op, Err: err}
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// broken classifies a connection that failed before the answer was complete.
func broken(op string, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the address with its query adds nothing to op
	}
	return &fault.Error{Kind: fault.Unavailable, Op: op, Detail: "no complete answer from Omni", Err: err}
}

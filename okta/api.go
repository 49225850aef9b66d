package okta

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// call is one question.
type call struct {
	kind  string // what the breaker counts together
	op    string // for errors, such as "read app user 00u1"
	path  string // with the query, such as /api/v1/groups/00g1
	needs string // the permission, for the hint of a refusal

	method string // "" for GET; only event hooks are written (hooks_admin.go)
	body   any    // nil for none
}

// record is any object that is read; each has an id.
type record interface{ id() string }

// get asks for one object, which must be the one of that id. Where the answer
// comes from is told with every answer, also with one that is an error.
func get[T record](ctx context.Context, r *Reader, c call, id string) (T, identity.Origin, error) {
	var v T
	if err := checkID(c, id); err != nil {
		return v, "", err
	}
	a, err := r.ask(ctx, c)
	if err == nil {
		err = decode(c, a, '{', &v)
	}
	if err == nil && v.id() != id {
		err = doubt(c, "asked for %q, and the answer is about %q", id, v.id())
	}
	r.broken.note(c, err)
	return v, origin(c, a), err
}

// checkID refuses what would make another question out of the path.
func checkID(c call, id string) error {
	if isID(id) {
		return nil
	}
	return &fault.Error{Kind: fault.Refused, Op: c.op, Detail: fmt.Sprintf("%q has not the form of an Okta id", id)}
}

// ask sends one question, unless others of its kind failed, and checks the status
// of its answer.
func (r *Reader) ask(ctx context.Context, c call) (*answer, error) {
	if err := r.broken.check(c); err != nil {
		return nil, err
	}
	return r.pose(ctx, c)
}

// pose sends one question and checks the status of its answer.
func (r *Reader) pose(ctx context.Context, c call) (*answer, error) {
	a, err := r.send(ctx, c)
	if err == nil {
		err = a.err
	}
	if err != nil {
		return nil, failed(ctx, c, err)
	}
	return a, check(c, a)
}

// send goes through the SDK. What it returns itself is a request that couldn't
// be built; all else is in the answer.
func (r *Reader) send(ctx context.Context, c call) (*answer, error) {
	sdk := r.client.CloneRequestExecutor()
	req, err := sdk.NewRequest(cmp.Or(c.method, http.MethodGet), c.path, c.body)
	if err != nil {
		return nil, err
	}
	if r.patient {
		ctx = patiently(ctx)
	}
	resp, err := sdk.Do(ctx, req, nil)
	if err != nil {
		return nil, err
	}
	return resp.Request.Body.(*answer), nil
}

// failed classifies a question that got no answer.
func failed(ctx context.Context, c call, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", c.op, context.Cause(ctx))
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return &fault.Error{Kind: e.Kind, Op: c.op, Hint: e.Hint, Err: e}
	}
	return &fault.Error{Kind: fault.Unavailable, Op: c.op, Detail: "Okta can't be reached", Err: err,
		Hint: "check okta.org_url, the network, and the proxy variables of the environment"}
}

// decode reads an answer that begins with open: '{' or '['. A null, which JSON
// takes for an empty anything, is none.
func decode[T any](c call, a *answer, open byte, v *T) error {
	body := bytes.TrimLeft(a.body, " \t\r\n")
	if len(body) == 0 {
		return doubt(c, "an empty answer")
	}
	if body[0] != open {
		what := map[byte]string{'{': "an object", '[': "a list"}[open]
		return doubt(c, "the answer%s isn't JSON, or not %s: it begins with %q", contentType(a), what, body[:min(len(body), 20)])
	}
	if err := json.Unmarshal(body, v, objectsIn(body)); err != nil {
		return doubt(c, "the answer can't be read: %v", err)
	}
	return nil
}

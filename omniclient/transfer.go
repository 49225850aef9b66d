package omniclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// succeeded reads {"success": true}.
func succeeded(a answer) bool {
	said := object(a.body)
	return string(said["success"]) == "true"
}

// transfer asks for a new owner. That is repeated where its effect is unknown: who
// owns a thing already gets it with success, or with a refusal that changes nothing.
func (c *Client) transfer(ctx context.Context, op, path string, to identity.OmniID) (answer, error) {
	return c.send(ctx, request{op: op, method: http.MethodPut, path: path + "/transfer-ownership",
		body: map[string]identity.OmniID{"userId": to}, apart: true})
}

// TransferSchedule gives a schedule to a new owner, whose access to data it has from
// then on. Where Omni's answer isn't a success, the schedule's own owner tells:
//
//	answer                            schedule          result
//	success                           not read          nil
//	429, 401, given up                not read          that failure
//	any other                         to's by then      nil: done, and the answer was lost, or done before
//	any other                         gone (404)        fault.NotFound
//	any other                         not readable      the failure to read it; fault.Unauthorized: the key may not
//	400, 403, 404, 409                another's         fault.Refused in Omni's words: to isn't a member, or may not see it
//	none, 5xx, 2xx without success    another's         fault.Unavailable
//
// What is Refused concerns this new owner: the next one may be taken. A 403 that is
// about the key is told by the reading, which the key then may not either.
func (c *Client) TransferSchedule(ctx context.Context, id identity.ScheduleID, to identity.OmniID) error {
	const op = "hand Omni schedule over"
	a, err := c.transfer(ctx, op, schedulePath(id), to)
	if err == nil && succeeded(a) || settled(ctx, a, err) {
		return err
	}
	var now struct {
		ID    identity.ScheduleID `json:"id"`
		Owner identity.OmniID     `json:"ownerId"`
	}
	_, e := c.ask(ctx, request{op: op, method: http.MethodGet, path: schedulePath(id), apart: true}, &now)
	switch {
	case e != nil:
		return unread(op, err, e)
	case now.ID != id || now.Owner == "":
		return &fault.Error{Kind: fault.Doubt, Op: op, Detail: "Omni answered with another schedule, or with none", Err: err}
	case now.Owner == to:
		return nil
	}
	return notTaken(op, a, err, "The new owner must be an active member of the Omni organization who may see the dashboard.")
}

// TransferDocument gives a document to a new owner, who needs a permission on it; the
// old one keeps one. To whom it belongs already, Omni answers with success. Refusals
// are sorted as in TransferSchedule. Who owns a document stands in lists alone: where
// the answer was lost, it is looked for among those of the new owner.
func (c *Client) TransferDocument(ctx context.Context, id identity.DocumentID, to identity.OmniID) error {
	const op = "hand Omni document over"
	const hint = "The new owner must be an active member of the Omni organization who was given access to the document itself."
	path := v1 + "documents/" + url.PathEscape(string(id))
	a, err := c.transfer(ctx, op, path, to)
	if err == nil && succeeded(a) || settled(ctx, a, err) {
		return err
	}
	if err == nil || fault.Is(err, fault.Unavailable) {
		theirs, e := c.OwnedDocuments(ctx, to)
		if e == nil && slices.ContainsFunc(theirs, func(d identity.Document) bool { return d.ID == id }) {
			return nil
		}
		return notTaken(op, a, err, hint)
	}
	_, e := c.raw(ctx, op, path)
	if e != nil && !fault.Is(e, fault.Refused) { // 400 for one that is no dashboard, but is there
		return unread(op, err, e)
	}
	return notTaken(op, a, err, hint)
}

// settled reports whether a failure tells enough, or forbids to ask on.
func settled(ctx context.Context, a answer, err error) bool {
	return err != nil && (ctx.Err() != nil || a.status == http.StatusUnauthorized || fault.Is(err, fault.Limited) || fault.Is(err, fault.Other))
}

// unread is the failure to learn what a transfer led to.
func unread(op string, err, e error) error {
	if fault.Is(e, fault.NotFound) {
		return &fault.Error{Kind: fault.NotFound, Op: op, Detail: "it is gone", Err: e}
	}
	if err != nil {
		e = fmt.Errorf("%w, after %w", e, err)
	}
	return &fault.Error{Kind: fault.KindOf(e), Op: op, Detail: "it isn't known whose it is now", Err: e}
}

// notTaken is what a transfer led to that left the owner as it was.
func notTaken(op string, a answer, err error, hint string) error {
	switch fault.KindOf(err) {
	case fault.Refused, fault.Conflict, fault.NotFound, fault.Unauthorized:
		f, _ := errors.AsType[*fault.Error](err)
		return &fault.Error{Kind: fault.Refused, Op: op, Detail: f.Detail, Hint: hint}
	default:
	}
	if err == nil {
		err = &fault.Error{Kind: fault.Unavailable, Op: op, Detail: fmt.Sprintf("it was answered with %d and without success, and the owner is the same", a.status)}
	}
	return err
}

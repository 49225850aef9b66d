package omniclient

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// verify believes a creation from the schedule that stands there. What Omni left out
// of its looks is a problem; one without what decides about the data is deleted again,
// and so is one whose owner can't be had.
func (c *Client) verify(ctx context.Context, owner identity.OmniID, made *identity.Schedule, d *draft) error {
	now, err := c.Definition(ctx, identity.Schedule{ID: made.ID, Document: identity.DocumentID(word(d.body["identifier"]))})
	if err != nil {
		return err
	}
	other, _ := draftOf(now) // what can't be told of it counts as missing
	if left := d.missing(other, false); len(left) > 0 {
		d.problem(strings.Join(left, ", "), "Omni made the schedule without, so it was deleted again")
		return c.undo(ctx, made, d.refusal())
	}
	if now.Owner != owner {
		if err := c.TransferSchedule(ctx, made.ID, owner); err != nil {
			d.problem("owner", "Omni made the schedule for somebody else, so it was deleted again: %s", detail(err))
			return c.undo(ctx, made, err)
		}
	}
	for _, name := range d.missing(other, true) {
		d.problem(name, "Omni left it out")
	}
	for _, address := range d.absent(other) {
		d.problem("recipients", "%s: Omni left it out", address)
	}
	made.Recipients, made.Paused = now.Recipients, now.Paused
	return nil
}

// undo deletes a schedule that was just made, and gives the reason.
func (c *Client) undo(ctx context.Context, made *identity.Schedule, reason error) error {
	err := c.change(ctx, request{op: "delete Omni schedule", method: http.MethodDelete, path: schedulePath(made.ID)})
	if err != nil && !fault.Is(err, fault.NotFound) {
		return &fault.Error{Kind: fault.KindOf(err), Op: createSchedule, Err: err,
			Detail: fmt.Sprintf("the schedule %s can't stay (%s) and isn't deleted: delete it in Omni", made.ID, detail(reason))}
	}
	made.ID = ""
	return reason
}

// finish adds what a creation doesn't take: groups, and the pause.
func (c *Client) finish(ctx context.Context, made identity.Schedule, d *draft) error {
	for _, g := range d.groups {
		if slices.Contains(made.Recipients, "group "+g.name) {
			continue
		}
		err := c.change(ctx, request{op: "add a group to Omni schedule", method: http.MethodPut, path: schedulePath(made.ID) + "/add-recipients",
			body: map[string][]string{"userGroupIds": {g.id}}})
		if fault.Is(err, fault.Refused) {
			d.problem("recipients", "group %s: %s", g.name, detail(err))
		} else if err != nil {
			return err
		}
	}
	if !d.paused || made.Paused {
		return nil
	}
	err := c.change(ctx, request{op: "pause Omni schedule", method: http.MethodPut, path: schedulePath(made.ID) + "/pause"})
	if !fault.Is(err, fault.Refused) {
		return err
	}
	now, e := c.Definition(ctx, made)
	if e != nil || now.Paused { // the answer to the first try was lost
		return e
	}
	d.problem("state", "the saved one was paused, and this one runs: %s", detail(err))
	return nil
}

// change sends what may be repeated, and wants success.
func (c *Client) change(ctx context.Context, r request) error {
	r.apart = true
	a, err := c.send(ctx, r)
	if err == nil && !succeeded(a) {
		return &fault.Error{Kind: fault.Unavailable, Op: r.op, Detail: fmt.Sprintf("it was answered with %d and without success", a.status)}
	}
	return err
}

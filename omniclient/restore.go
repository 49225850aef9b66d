package omniclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

const (
	createSchedule = "create Omni schedule"
	createTries    = 3
	createRest     = 2 * time.Second // before a creation that had no effect is tried again
)

// CreateSchedule makes a saved schedule anew for an owner, with an organization key
// (the owner is named as userId). An owner's schedule that sends the same data when
// and where the saved one did is that schedule: none is made, and Found says so. So
// it may be repeated after a crash, and a creation whose answer was lost is tried
// again once no such schedule is listed.
//
// Problems name, one by one, what didn't come back. What decides which data goes out
// is never left out: where Omni doesn't take filters, the alert condition or the tile,
// no schedule is made, or the one that it made without them is deleted again; the
// result is fault.Refused, the last problem its cause. It is Refused too where the
// owner isn't an active member or may not schedule the dashboard, or that is gone.
//
// An id beside an error is of a schedule that was made and isn't finished: calling
// again finishes it.
func (c *Client) CreateSchedule(ctx context.Context, owner identity.OmniID, saved identity.Schedule) (identity.Restored, error) {
	d, err := draftOf(saved)
	if err != nil {
		return identity.Restored{Problems: d.problems}, err
	}
	made, err := c.twin(ctx, owner, d)
	found := made.ID != ""
	if err == nil && !found {
		made, err = c.create(ctx, owner, &d)
	}
	if err == nil && !found {
		err = c.verify(ctx, owner, &made, &d)
	}
	if err == nil {
		err = c.finish(ctx, made, &d)
	}
	return identity.Restored{ID: made.ID, Found: found, Problems: d.problems}, err
}

// FindSchedule is CreateSchedule that makes nothing: it gives the schedule that would
// be found, and the problems that are known before Omni is asked to make one.
func (c *Client) FindSchedule(ctx context.Context, owner identity.OmniID, saved identity.Schedule) (identity.Restored, error) {
	d, err := draftOf(saved)
	var there identity.Schedule
	if err == nil {
		there, err = c.twin(ctx, owner, d)
	}
	return identity.Restored{ID: there.ID, Found: there.ID != "", Problems: d.problems}, err
}

// twin looks for a schedule of the owner that is what d makes.
func (c *Client) twin(ctx context.Context, owner identity.OmniID, d draft) (identity.Schedule, error) {
	listed, err := c.schedules(ctx, owner, url.Values{"identifier": {word(d.body["identifier"])}})
	if fault.Is(err, fault.NotFound) { // whom Omni doesn't know
		return identity.Schedule{}, &fault.Error{Kind: fault.Refused, Op: createSchedule, Detail: detail(err), Hint: hintHeir}
	}
	for _, s := range listed {
		if s.Name != word(d.body["name"]) || s.Cron != word(d.body["schedule"]) || s.Destination != word(d.body["destinationType"]) {
			continue
		}
		s, err := c.Definition(ctx, s)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return identity.Schedule{}, err
		}
		if other, err := draftOf(s); err == nil && d.equals(other) {
			return s, nil
		}
	}
	return identity.Schedule{}, err
}

// word reads a text; "" for anything else.
func word(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// create has Omni make the schedule, and gives its id.
func (c *Client) create(ctx context.Context, owner identity.OmniID, d *draft) (identity.Schedule, error) {
	for try := 1; ; try++ {
		id, err := c.ordered(ctx, owner, *d)
		if err == nil {
			return identity.Schedule{ID: id, Owner: owner}, nil
		}
		if fault.Is(err, fault.Refused) {
			d.problem(culprit(err), "%s", detail(err))
		}
		if !fault.Is(err, fault.Unavailable) || errors.Is(err, fault.ErrUnsent) || ctx.Err() != nil {
			return identity.Schedule{}, err
		}
		made, e := c.twin(ctx, owner, *d)
		switch {
		case e != nil:
			return identity.Schedule{}, &fault.Error{Kind: fault.Unavailable, Op: createSchedule, Detail: "it isn't known whether it was made", Err: fmt.Errorf("%w, after %w", e, err)}
		case made.ID != "":
			return made, nil
		case errors.Is(err, errAccepted) || try == createTries || sleep(ctx, createRest) != nil:
			return identity.Schedule{}, err
		}
	}
}

// errAccepted is in the chain of an Unavailable of which Omni said that it was done.
var errAccepted = errors.New("it was accepted")

// ordered sends the creation. Omni's description and its documents differ in the form
// of addresses: what is refused in one form, without effect, is sent in the other.
// The form that was taken is the first one from then on.
func (c *Client) ordered(ctx context.Context, owner identity.OmniID, d draft) (identity.ScheduleID, error) {
	plain := c.plain.Load()
	id, err := c.order(ctx, owner, d.request(plain))
	if !fault.Is(err, fault.Refused) || len(d.emails) == 0 {
		return id, err
	}
	id, again := c.order(ctx, owner, d.request(!plain))
	switch about := func(err error) bool { return strings.Contains(detail(err), "recipients") }; {
	case again == nil:
		c.plain.Store(!plain)
	case fault.Is(again, fault.Refused) && !about(err): // the first form is the right one, and it is refused for something else
		return "", err
	case fault.Is(again, fault.Refused) && about(again):
		return "", &fault.Error{Kind: fault.Refused, Op: createSchedule, Detail: detail(err) + "; in another form: " + detail(again), Hint: hintHeir}
	}
	return id, again
}

func (c *Client) order(ctx context.Context, owner identity.OmniID, body fields) (identity.ScheduleID, error) {
	a, err := c.send(ctx, request{op: createSchedule, method: http.MethodPost, path: v1 + "schedules",
		query: url.Values{"userId": {string(owner)}}, body: body, once: true, apart: true})
	switch kind := fault.KindOf(err); {
	case kind == fault.Unauthorized && a.status != http.StatusUnauthorized, kind == fault.NotFound, kind == fault.Conflict, kind == fault.Refused:
		return "", &fault.Error{Kind: fault.Refused, Op: createSchedule, Detail: detail(err), Hint: hintHeir}
	case err != nil:
		return "", err
	}
	id := word(object(a.body)["id"])
	if id == "" {
		return "", unseen(createSchedule, errAccepted)
	}
	return identity.ScheduleID(id), nil
}

const hintHeir = "The new owner must be an active member of the Omni organization who may see and schedule the dashboard."

// detail is what Omni said.
func detail(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Detail
	}
	return err.Error()
}

// culprit names what of a schedule Omni's words are about.
func culprit(err error) string {
	words := strings.ToLower(detail(err))
	for _, row := range []struct{ said, what string }{
		{"query presentation", "alert condition or tile"}, // on a query that was deleted
		{"condition", "alert condition"},
		{"filter", "filters"},
		{"user with id", "owner"},
		{"document", "dashboard"},
		{"dashboard", "dashboard"},
		{"time zone", "timezone"},
		{"cron", "schedule"},
		{"recipient", "recipients"},
		{"slack", "destination"},
		{"url", "destination"},
		{"permission", "owner"},
	} {
		if strings.Contains(words, row.said) {
			return row.what
		}
	}
	return "schedule"
}

package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// whom finds whom the subject means: of those who have or had the name, the one who may be
// forgotten.
func (f *forgetting) whom(ctx context.Context) (identity.OktaID, error) {
	ids, err := f.candidates(ctx)
	if err != nil {
		return "", err
	}
	var may []identity.OktaID
	var why error
	for _, id := range ids {
		err := f.may(ctx, id)
		if err == nil {
			may = append(may, id)
		} else if why == nil {
			why = err
		}
	}
	switch {
	case len(ids) == 0:
		return "", &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("%s %q here", errNobody, f.request.Subject),
			Detail: "neither the ledger nor its log has the name",
			Hint:   "somebody who goes by another name here is named by that, or by the Okta id; what only Okta or Omni has is deleted there"}
	case len(may) > 1:
		list := make([]string, len(may))
		for i, id := range may {
			list[i] = string(id)
		}
		return "", &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("%q was the name of several", f.request.Subject), Detail: strings.Join(list, ", "),
			Hint: "name the one who is meant by the Okta id; syncd history tells them apart"}
	case len(may) == 0:
		return "", why
	}
	return may[0], nil
}

// candidates gives all who have the name, had it, or have that id.
func (f *forgetting) candidates(ctx context.Context) ([]identity.OktaID, error) {
	subject, store := f.request.Subject, f.engine.o.Store
	name, found := identity.FoldUserName(subject), map[identity.OktaID]bool{}
	for _, id := range f.known.who(subject) {
		found[id] = true
	}
	is := func(id identity.OktaID, omni identity.OmniID, userName string) {
		if string(id) == subject || omni != "" && string(omni) == subject || identity.FoldUserName(userName) == name {
			found[id] = true
		}
	}
	for id, rec := range f.known {
		is(id, rec.Omni, "")
	}
	for u, err := range state.All[state.User](ctx, store, state.Users) {
		if err != nil {
			return nil, err
		}
		is(identity.OktaID(u.Key), u.Value.Omni, u.Value.UserName)
	}
	for u, err := range state.All[state.PushedUser](ctx, store, state.PushedUsers) {
		if err != nil {
			return nil, err
		}
		is(identity.OktaID(u.Key), identity.OmniID(u.Value.ID), u.Value.UserName)
	}
	current := maps.Clone(found)
	for c, err := range f.changes(ctx) {
		if err != nil {
			return nil, err
		}
		if id := identity.OktaID(c.OktaID); c.Group == "" && id != "" && (HistoryFilter{Subject: subject}).named(c) && !f.merged(id, c, current) {
			found[id] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// merged reports whether the change is of a key of our own that is somebody's by now: Okta
// told their id later.
func (f *forgetting) merged(id identity.OktaID, c state.Change, found map[identity.OktaID]bool) bool {
	return isOwn(id) && !found[id] && len(found) > 0 && c.OmniID != ""
}

// changes gives every change that is told anywhere: in the log, of what is held and what
// fails, and in the archive.
func (f *forgetting) changes(ctx context.Context) iter.Seq2[state.Change, error] {
	return func(yield func(state.Change, error) bool) {
		store := f.engine.o.Store
		list, err := state.Newest[state.Change](ctx, store, state.Log, state.Log.Keep())
		if err != nil {
			yield(state.Change{}, err)
			return
		}
		for _, c := range list {
			if !yield(c, nil) {
				return
			}
		}
		for h, err := range state.All[state.Hold](ctx, store, state.Holds) {
			if c := h.Value.Change; !yield(c, err) || err != nil {
				return
			}
		}
		for h, err := range state.All[state.Failure](ctx, store, state.Failing) {
			if c := h.Value.Change; !yield(c, err) || err != nil {
				return
			}
		}
		for r, err := range f.engine.o.Archive.Records() {
			c, told := changeOf(r)
			if err == nil && told && !yield(c, nil) {
				return
			}
		}
	}
}

// changeOf gives the change that a record of the archive tells.
func changeOf(r state.Archived) (c state.Change, told bool) {
	switch r.Kind {
	case state.ArchivedChange:
		told = readInto(r.Record, &c)
	case state.ArchivedDecision:
		var h state.ArchivedHold
		told = readInto(r.Record, &h)
		c = h.Change
	}
	return c, told
}

// may tells why somebody can't be forgotten, nil where nothing stands against it: the
// membership has ended, and Okta, asked now, doesn't assign them.
func (f *forgetting) may(ctx context.Context, id identity.OktaID) error {
	e := f.engine
	refuse := func(detail, hint string) error {
		return &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("%q can't be forgotten (Okta user %s)", f.request.Subject, id), Detail: detail, Hint: hint}
	}
	u, _, err := state.Read[state.User](ctx, e.o.Store, state.Users, string(id))
	if err != nil {
		return err
	}
	_, leaves, err := state.Read[state.Leaver](ctx, e.o.Store, state.Leavers, string(id))
	switch {
	case err != nil:
		return err
	case u.Omni != "" && u.Active && u.Unassigned == nil:
		return refuse("the account in Omni is active", "unassign the user from the app in Okta, and let the membership end first")
	case u.Omni != "" && u.Active, leaves:
		return refuse("the user is on the way out, and the membership hasn't ended", "syncd explain tells what it waits for; forget when it has ended")
	case u.Omni == "" && u.Intent != "", u.Sent != nil:
		return refuse("what Omni made of the last change isn't known yet", "run syncd reconcile, then forget")
	}
	if isOwn(id) { // whom only a push has told of
		return f.unpushed(ctx, id, refuse)
	}
	if _, err := e.activeApp(ctx); err != nil {
		return uncertain(f.request.Subject, id, err)
	}
	a, err := e.o.Okta.Assignment(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		if hidden := e.hidesUsers(ctx, provenFor); hidden != "" {
			return uncertain(f.request.Subject, id, &fault.Error{Kind: fault.Doubt, Op: hidden})
		}
		return nil
	case err != nil:
		return uncertain(f.request.Subject, id, err)
	case a.Standing() != identity.Unassigned:
		return refuse("Okta assigns the user to the app ("+a.Status+")", "unassign the user in Okta, and let the membership end first")
	}
	return nil
}

func (f *forgetting) unpushed(ctx context.Context, id identity.OktaID, refuse func(detail, hint string) error) error {
	a, err := f.engine.oktaOf(id).Assignment(ctx, id)
	if err == nil && a.Standing() != identity.Unassigned {
		return refuse("Okta pushed the user as active", "unassign the user in Okta, and let the membership end first")
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return nil
}

func uncertain(subject string, id identity.OktaID, err error) error {
	return &fault.Error{Kind: fault.Doubt, Op: fmt.Sprintf("whether Okta assigns %q (Okta user %s) isn't certain, so nothing is forgotten", subject, id), Err: err}
}

// readInto reads a record of the archive.
func readInto(record json.RawMessage, into any) bool { return json.Unmarshal(record, into) == nil }

package sync

import (
	"context"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// A creation has an intent: it is in the ledger, with the name that the object is
// to have, before Omni is asked. What stands in Omni under that name while the
// intent is open is ours, also when Okta has renamed the object since, or wants it
// no more.

// lost reports whether a request may have had its effect although it failed.
func lost(err error) bool {
	return fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Other) || fault.Is(err, fault.Doubt) || stopped(err)
}

// intend writes an intent to the ledger.
func (a *applier) intend(ctx context.Context, n Notes) error {
	a.lock()
	defer a.unlock()
	n.keepReading(a.ledger)
	err := a.engine.committed(ctx, a.ledger, n)
	if err != nil {
		a.stop(err)
	}
	return err
}

// underOldName looks for the account of an open intent under the name that it was
// to have: Okta has given the user another one since. What stands there is ours,
// so it is linked and renamed. It reports false when nothing is there.
func (a *applier) underOldName(ctx context.Context, c Change, before state.User) (Change, Notes, bool) {
	account, err := a.engine.o.Omni.FindUser(ctx, before.UserName)
	var owner identity.OktaID
	if err == nil {
		owner, err = a.owner(ctx, account.ID)
	}
	switch {
	case fault.Is(err, fault.NotFound), err == nil && owner != "":
		return c, Notes{}, false
	case err != nil:
		return a.failed(c, err), newNotes(), true
	}
	c.Reason = madeBefore
	done, notes := a.take(ctx, c, account, state.Recognised)
	return done, notes, true
}

// teamUnderOldName looks for the group of an open intent under the name that it
// was to have: Okta has given it another one since. What stands there is ours, so
// it is linked and renamed. It reports false when nothing is there.
func (a *applier) teamUnderOldName(ctx context.Context, c Change, p place) (Change, Notes, bool) {
	t, err := a.engine.o.Omni.FindTeam(ctx, p.group.DisplayName)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && a.teamOwner(t.ID) != "":
		return c, Notes{}, false
	case err != nil:
		return a.failed(c, err), newNotes(), true
	}
	c.Reason = madeBefore
	done, notes := a.joinTeam(ctx, c, p, t, state.Recognised)
	return done, notes, true
}

// intendedTeam finds what stands in Omni under the intent of a group that is let
// go, "" where nothing does. A group with a member who isn't ours is a stranger's:
// Omni had refused the name.
func (a *applier) intendedTeam(ctx context.Context, c Change) (identity.OmniGroupID, error) {
	t, err := a.engine.o.Omni.FindTeam(ctx, firstOf(c.Title, c.Name))
	if fault.Is(err, fault.NotFound) || err == nil && a.teamOwner(t.ID) != "" {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	a.lock()
	defer a.unlock()
	owners, err := a.ledger.owners(ctx, a.engine.o.Store, t.Members...)
	if err != nil || slices.ContainsFunc(t.Members, func(id identity.OmniID) bool { return owners[id] == "" }) {
		return "", err
	}
	return t.ID, nil
}

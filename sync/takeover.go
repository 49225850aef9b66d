package sync

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// succeed decides about an account that Omni showed only when its name was refused.
func (a *applier) succeed(ctx context.Context, c Change, account identity.Account, s succession) (Change, Notes) {
	h, err := a.heritage(ctx, c, s)
	switch {
	case err != nil:
		return a.failed(c, err), newNotes()
	case h.free():
		return a.take(ctx, c, account, s.link)
	}
	if c = a.verdict(c, h); c.State == state.Planned {
		return a.takeOver(ctx, c)
	}
	return a.waits(c)
}

func (a *applier) verdict(c Change, h heritage) Change {
	a.lock()
	defer a.unlock()
	return h.verdict(c, a.ledger, a.engine.policy)
}

func (a *applier) heritage(ctx context.Context, c Change, s succession) (heritage, error) {
	h, err := a.engine.heritage(ctx, s)
	a.lock()
	defer a.unlock()
	return h.decided(a.ledger, c.User, time.Now()), err
}

// waits notes that a takeover is a person's to decide. The intent is over: what
// stands in Omni under this name isn't ours.
func (a *applier) waits(c Change) (Change, Notes) {
	notes := newNotes()
	if a.user(c.User).Omni == "" {
		notes.Users[c.User] = nil
	}
	if c.State == state.Held {
		notes.Holds[takeoverKey(c.User, identity.OmniID(c.Omni))] = &state.Hold{Change: a.run.told(c), Guard: c.Guard, Run: a.run.id, Since: time.Now()}
	}
	return c, notes
}

// takeOver gives a newcomer the account that was somebody else's. Everything that
// would come with it is taken away while the account is still inactive and not
// theirs; only then is it linked, and brought back. Whatever breaks off is done
// again, or is an account to be reactivated.
func (a *applier) takeOver(ctx context.Context, c Change) (Change, Notes) {
	h, err := a.heritage(ctx, c, succession{omni: identity.OmniID(c.Omni), former: c.Former})
	if err != nil {
		return a.failed(c, err), newNotes()
	}
	now := a.verdict(c, h)
	if now.State != state.Planned {
		return a.waits(now)
	}
	if err := a.rows(ctx, c); err != nil {
		return a.failed(c, err), newNotes()
	}
	if !h.gone {
		err = a.strip(ctx, c, h)
	}
	if h.gone = h.gone || fault.Is(err, fault.NotFound); err != nil && !h.gone {
		return a.failed(c, err), newNotes()
	}
	if err := a.handOn(ctx, c, h); err != nil {
		return a.failed(c, err), newNotes()
	}
	c.Patch, c.Before, c.After = now.Patch, now.Before, now.After
	if h.gone {
		c.Kind, c.Omni = Create, ""
		return a.create(ctx, c)
	}
	c.Patch.Attributes = nil // they stand there already
	return a.update(ctx, c)
}

// rows reads where both are in groups.
func (a *applier) rows(ctx context.Context, c Change) error {
	ids := map[identity.OktaID]bool{c.User: true}
	if c.Former != "" {
		ids[c.Former] = true
	}
	a.lock()
	defer a.unlock()
	return a.ledger.fetchRows(ctx, a.engine.o.Store, ids)
}

// strip takes the account out of its groups, also of those that it would come back
// into, and gives it the newcomer's attributes alone.
func (a *applier) strip(ctx context.Context, c Change, h heritage) error {
	in := map[identity.OmniGroupID]bool{}
	for _, g := range h.account.Groups {
		in[g] = true
	}
	a.lock()
	for id, g := range a.ledger.Groups {
		if g.Omni != "" && a.ledger.Members[id][c.Former].Omni != state.Absent {
			in[g.Omni] = true
		}
	}
	a.unlock()
	for _, g := range slices.Sorted(maps.Keys(in)) {
		err := a.engine.o.Omni.UpdateTeam(ctx, g, identity.TeamPatch{Remove: []identity.OmniID{h.account.ID}})
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	attributes := h.patch(c.Want, a.engine.defining(a.engine.policy)).Attributes
	if len(attributes) == 0 {
		return nil
	}
	_, err := a.engine.o.Omni.UpdateUser(ctx, h.account.ID, identity.UserPatch{Attributes: attributes})
	return err
}

// handOn links the account to the newcomer, and to its former owner no more.
func (a *applier) handOn(ctx context.Context, c Change, h heritage) error {
	n := newNotes()
	a.lock()
	former := a.ledger.Users[c.Former]
	if c.Former != "" {
		n.forgetUser(a.ledger, c.Former)
		n.PushedUsers[c.Former] = nil
	}
	a.unlock()
	if !h.gone {
		account := h.account
		account.Attributes = c.Want.Attributes
		n.user(c.User, a.linked(account, state.User{Link: state.Adopted}))
		n.Holds[takeoverKey(c.User, h.account.ID)] = nil
	}
	if err := a.intend(ctx, n); err != nil {
		return err
	}
	if former.Link == state.LinkedByHand { // what was said of it is over
		a.engine.archive(ctx, archived(state.ArchivedLink, []state.ArchivedTie{{Okta: c.Former, At: time.Now().UTC()}})...)
	}
	return nil
}

package sync

import (
	"context"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// rightBefore is how long before a membership ends Okta may have been asked about it.
const rightBefore = 2 * time.Second

// end ends a membership, after its owner has handed over, and Okta was asked once more.
func (a *applier) end(ctx context.Context, c Change) (Change, Notes) {
	notes := newNotes()
	u := a.user(c.User)
	if u.Unassigned == nil {
		c.State, c.Reason = state.Kept, "not done: "+errAssigned.Error()
		return c, notes
	}
	c, certain := a.certain(ctx, c)
	if !certain {
		return c, notes
	}
	if u.Omni == "" {
		account, err := a.intended(ctx, c, u)
		switch {
		case fault.Is(err, fault.NotFound):
			notes.Users[c.User] = nil
			c.Reason = "the account that was intended was never made"
			return a.answered(c), notes
		case err != nil:
			return a.failed(c, err), notes
		}
		c.Omni = string(account.Omni)
		if err := a.sending(ctx, c); err != nil { // now that it is linked
			return a.failed(c, err), notes
		}
		u = a.user(c.User)
	}
	over, err := a.engine.ways.end(ctx, u.Omni)
	if err != nil {
		return a.failed(c, err), notes
	}
	defer over()
	c, stands, ready := a.handOver(ctx, c, u)
	if !ready {
		return c, stands
	}
	if c, certain = a.certain(ctx, c); !certain {
		return c, notes
	}
	err = a.endInOmni(ctx, c, u.Omni)
	gone := fault.Is(err, fault.NotFound) || err == nil && c.Kind == Delete
	if err != nil && !gone {
		return a.failed(c, err), notes
	}
	a.lock()
	defer a.unlock()
	if gone {
		notes.forgetUser(a.ledger, c.User)
	} else {
		u.Active, u.Intent, u.Seen = false, "", identity.Print{}
		notes.user(c.User, u)
		notes.membershipsBecome(a.ledger, c.User, state.Ended)
	}
	if _, walked := a.ledger.Leavers[c.User]; walked {
		notes.Leavers[c.User] = nil
	}
	if !a.asked[c.key()] {
		notes.spend(guardDeactivations, 1)
	}
	c.State = state.Applied
	return c, notes
}

// intended links the account that stands in Omni under the open intent of somebody who
// is to leave: once it is inactive, nothing tells that it was ours. fault.NotFound when
// there is none.
func (a *applier) intended(ctx context.Context, c Change, u state.User) (state.User, error) {
	account, err := a.engine.o.Omni.FindUser(ctx, u.UserName)
	if err != nil {
		return u, err
	}
	owner, err := a.owner(ctx, account.ID)
	if err == nil && (owner != "" || !account.Active) {
		err = &fault.Error{Kind: fault.NotFound, Op: "find the account of " + c.Name}
	}
	if err != nil {
		return u, err
	}
	u = a.linked(account, state.User{Link: state.Recognised, Unassigned: u.Unassigned, AtOnce: u.AtOnce, Account: u.Account})
	n := newNotes()
	n.user(c.User, u)
	n.Log = append(n.Log, a.run.told(recognised(c.User, u))) // no line has told of it yet
	return u, a.intend(ctx, n)
}

// askedWithin has Okta asked about a removal unless it was within that time.
func (a *applier) askedWithin(ctx context.Context, c *Change, within time.Duration) error {
	if time.Since(c.Asked) <= within {
		return nil
	}
	_, from, err := a.engine.departed(ctx, c.User)
	if err == nil {
		c.Origin, c.Asked = from, time.Now()
	}
	return err
}

// certain has Okta asked about a removal unless it just was, and keeps what it doesn't confirm.
func (a *applier) certain(ctx context.Context, c Change) (Change, bool) {
	if err := a.askedWithin(ctx, &c, rightBefore); err != nil {
		c.State, c.Reason, c.Due = state.Kept, "not done: asked right before, Okta says otherwise: "+err.Error(), time.Now().Add(lookSoon)
		return c, false
	}
	return c, true
}

func (a *applier) endInOmni(ctx context.Context, c Change, id identity.OmniID) error {
	if c.Kind == Delete {
		return a.engine.o.Omni.DeleteUser(ctx, id)
	}
	no := false
	account, err := a.engine.o.Omni.UpdateUser(ctx, id, identity.UserPatch{Active: &no})
	if err == nil && account.Active {
		return &fault.Error{Kind: fault.Refused, Op: "deactivate " + c.Name, Detail: "Omni answered, but the user is still active"}
	}
	return err
}

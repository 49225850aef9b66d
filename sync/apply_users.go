package sync

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

func (a *applier) performUser(ctx context.Context, c Change) (Change, Notes) {
	switch c.Kind {
	case Create:
		return a.create(ctx, c)
	case Adopt:
		if c.Takes {
			return a.takeOver(ctx, c)
		}
		return a.adopt(ctx, c, linkOf(a.user(c.User).Intent))
	case Update, Reactivate:
		return a.update(ctx, c)
	case Deactivate, Delete:
		return a.end(ctx, c)
	default:
		panic(fmt.Sprintf("user change of kind %q", c.Kind)) // the planner makes no others
	}
}

// linkOf says how what stands in Omni is linked: under an open intent it is ours.
func linkOf(intent string) state.Link {
	if intent != "" {
		return state.Recognised
	}
	return state.Adopted
}

// user gives the ledger's record of a user.
func (a *applier) user(id identity.OktaID) state.User {
	a.lock()
	defer a.unlock()
	return a.ledger.Users[id]
}

// owner gives the Okta user whom an Omni account is linked to, "" for none.
func (a *applier) owner(ctx context.Context, id identity.OmniID) (identity.OktaID, error) {
	a.lock()
	defer a.unlock()
	owners, err := a.ledger.owners(ctx, a.engine.o.Store, id)
	return owners[id], err
}

// create makes an account. The intent is in the ledger before Omni is asked, so
// that what a lost answer left behind is known as ours.
func (a *applier) create(ctx context.Context, c Change) (Change, Notes) {
	notes := newNotes()
	if c.Unfit != "" {
		return a.failed(c, &fault.Error{Kind: fault.Refused, Op: "create " + c.Name, Detail: c.Unfit}), notes
	}
	before := a.user(c.User)
	renamed := before.Intent != "" && identity.FoldUserName(before.UserName) != identity.FoldUserName(c.Want.UserName)
	if renamed {
		if done, noted, found := a.underOldName(ctx, c, before); found {
			return done, noted
		}
	}
	if before.Intent == "" && c.Known != "" {
		if done, noted, found := a.underOktasID(ctx, c); found {
			return done, noted
		}
	}
	if before.Intent == "" || renamed {
		intent := state.User{User: c.Want, Intent: a.run.id}
		n := newNotes()
		n.user(c.User, intent)
		if err := a.intend(ctx, n); err != nil {
			return a.failed(c, err), notes
		}
	}
	account, err := a.engine.o.Omni.CreateUser(ctx, c.Want)
	switch {
	case fault.Is(err, fault.Conflict):
		return a.claim(ctx, c, before.Intent != "")
	case account.ID == "":
		if before.Intent == "" && !lost(err) {
			notes.Users[c.User] = nil // nothing can stand in Omni: the intent is over
		}
		return a.failed(c, err), notes
	}
	c.Omni = string(account.ID)
	notes.user(c.User, a.linked(account, state.User{Link: state.Created}))
	a.spendCreation(&notes, c)
	if err != nil { // it was made, but Omni left something out
		return a.failed(c, err), notes
	}
	return a.answered(c), notes
}

// spendCreation counts an unasked creation once the first load is over.
func (a *applier) spendCreation(notes *Notes, c Change) {
	a.lock()
	defer a.unlock()
	if a.ledger.Connection.Complete && !a.asked[c.key()] {
		notes.spend(guardCreations, 1)
	}
}

// linked is the record of an account as Omni told it.
func (a *applier) linked(account identity.Account, u state.User) state.User {
	if u.Omni == "" { // it is now that it is linked
		u.Linked, u.LinkedBy = time.Now().UTC(), a.run.linker()
	}
	u.Omni, u.Intent, u.Seen = account.ID, "", identity.Print{}
	if extra := len(a.engine.policy.Attributes); len(a.managed) > extra {
		u.Extra = slices.Clone(a.managed[extra:])
	}
	return corrected(u, account, a.engine.policy.Attributes)
}

// underOktasID looks for the account that Okta knows the user by from a direct
// push. It reports false where there is none, or it is somebody else's.
func (a *applier) underOktasID(ctx context.Context, c Change) (Change, Notes, bool) {
	account, err := a.engine.o.Omni.User(ctx, c.Known)
	var other identity.OktaID
	if err == nil {
		other, err = a.owner(ctx, account.ID)
	}
	switch {
	case fault.Is(err, fault.NotFound), err == nil && other != "":
		return c, Notes{}, false
	case err != nil:
		return a.failed(c, err), newNotes(), true
	}
	c.Reason, c.Known = "Okta knows this account as the user's", ""
	if !account.Active {
		done, notes := a.succeed(ctx, c, account, succession{omni: account.ID, link: state.Adopted})
		return done, notes, true
	}
	done, notes := a.take(ctx, c, account, state.Adopted)
	return done, notes, true
}

// claim finds the account that has the name already, and adopts it.
func (a *applier) claim(ctx context.Context, c Change, intended bool) (Change, Notes) {
	notes := newNotes()
	account, err := a.engine.o.Omni.FindUser(ctx, c.Want.UserName)
	switch {
	case fault.Is(err, fault.NotFound):
		notes.Users[c.User] = nil
		return a.failed(c, &fault.Error{Kind: fault.Refused, Op: "create " + c.Name, After: 24 * time.Hour,
			Detail: wordsHidden}), notes
	case err != nil:
		return a.failed(c, err), notes
	}
	other, err := a.owner(ctx, account.ID)
	if err != nil {
		return a.failed(c, err), notes
	}
	if other != "" && other != c.User && !a.run.desired.ended(other, a.user(other)) {
		notes.Users[c.User] = nil
		c.State, c.Guard, c.Reason = state.Held, guardRecycled, stillLinked(other)
		return c, notes
	}
	link := state.Adopted
	c.Reason = "Omni had this account already"
	if intended {
		link, c.Reason = state.Recognised, madeBefore
	}
	if other != "" && other != c.User || !account.Active {
		return a.succeed(ctx, c, account, succession{omni: account.ID, former: other, link: link})
	}
	return a.take(ctx, c, account, link)
}

// take adopts an account that was found, with whatever it lacks.
func (a *applier) take(ctx context.Context, c Change, account identity.Account, link state.Link) (Change, Notes) {
	was := state.User{Omni: account.ID, User: account.User, Active: account.Active}
	c.Kind, c.Omni = Adopt, string(account.ID)
	pl := &planner{policy: a.engine.defining(Policy{Attributes: a.managed, AdoptAttributes: a.engine.policy.AdoptAttributes})}
	c.Patch, c.Kept = pl.adoption(was, c.Want)
	if !account.Active {
		yes := true
		c.Patch.Active = &yes
	}
	c.Before, c.After = pl.facts(was, c.Patch)
	if isEmpty(c.Patch) {
		notes := newNotes()
		notes.user(c.User, a.linked(account, state.User{Link: link, Kept: c.Kept}))
		return a.answered(c), notes
	}
	return a.adopt(ctx, c, link)
}

// adopt brings an account that stands in Omni in line, and links it.
func (a *applier) adopt(ctx context.Context, c Change, link state.Link) (Change, Notes) {
	notes := newNotes()
	u := state.User{Link: link, Kept: c.Kept}
	var account identity.Account
	var err error
	switch {
	case isEmpty(c.Patch):
		account, err = a.asItStands(ctx, c)
	case c.Patch.UserName != nil:
		err = a.linkFirst(ctx, c, u)
	}
	if err == nil && !isEmpty(c.Patch) {
		account, err = a.engine.o.Omni.UpdateUser(ctx, identity.OmniID(c.Omni), c.Patch)
	}
	switch {
	case fault.Is(err, fault.NotFound):
		c.Kind = Create
		return a.create(ctx, c)
	case account.ID != "":
		notes.user(c.User, a.linked(account, u))
	}
	if err != nil {
		return a.failed(c, err), notes
	}
	return a.answered(c), notes
}

// linkFirst records the account of an open intent under its id before it is
// renamed: once it has another name, the intent's name finds it no more.
func (a *applier) linkFirst(ctx context.Context, c Change, u state.User) error {
	if a.user(c.User).Intent == "" {
		return nil
	}
	account, err := a.engine.o.Omni.User(ctx, identity.OmniID(c.Omni))
	if err != nil {
		return err
	}
	n, linked := newNotes(), a.linked(account, u)
	n.user(c.User, linked)
	n.Log = append(n.Log, a.run.told(recognised(c.User, linked))) // no line has told of it yet
	return a.intend(ctx, n)
}

// asItStands is an account that is adopted unchanged: as Omni's list just told
// it, where the run has read that.
func (a *applier) asItStands(ctx context.Context, c Change) (identity.Account, error) {
	a.lock()
	listed := a.ledger.Strangers[identity.FoldUserName(c.Name)]
	a.unlock()
	if string(listed.ID) == c.Omni && listed.Attributes != nil {
		return listed, nil
	}
	return a.engine.o.Omni.User(ctx, identity.OmniID(c.Omni))
}

// update changes a linked account. One that is gone from Omni is made anew.
func (a *applier) update(ctx context.Context, c Change) (Change, Notes) {
	notes := newNotes()
	u := a.user(c.User)
	account, err := a.engine.o.Omni.UpdateUser(ctx, u.Omni, c.Patch)
	if fault.Is(err, fault.NotFound) {
		return a.again(ctx, c)
	}
	if account.ID != "" {
		notes.user(c.User, a.linked(account, u))
		a.spendLosses(notes, c)
	}
	renames := c.Patch.UserName != nil && (fault.Is(err, fault.Refused) || fault.Is(err, fault.Conflict))
	if renames && identity.FoldUserName(account.UserName) != identity.FoldUserName(*c.Patch.UserName) {
		return a.withoutRename(ctx, c, u, err)
	}
	if err != nil {
		return a.failed(c, err), notes
	}
	return a.answered(c), notes
}

// again makes the account anew that Omni no longer has.
func (a *applier) again(ctx context.Context, c Change) (Change, Notes) {
	forget := newNotes()
	a.lock()
	err := a.ledger.fetchRows(ctx, a.engine.o.Store, map[identity.OktaID]bool{c.User: true})
	if err == nil {
		forget.forgetUser(a.ledger, c.User)
		err = a.engine.committed(ctx, a.ledger, forget)
	}
	a.unlock()
	if err != nil {
		a.stop(err)
		return a.failed(c, err), newNotes()
	}
	done, notes := a.create(ctx, c)
	if done.State == state.Applied {
		done.Reason = "the account was gone from Omni and was made anew under another id"
		done.Kind = c.Kind
	}
	return done, notes
}

// withoutRename holds a username change that Omni refused, and does the rest.
func (a *applier) withoutRename(ctx context.Context, c Change, u state.User, refusal error) (Change, Notes) {
	to := *c.Patch.UserName
	rest := c
	rest.Patch.UserName = nil
	notes := newNotes()
	if !isEmpty(rest.Patch) {
		account, err := a.engine.o.Omni.UpdateUser(ctx, u.Omni, rest.Patch)
		if account.ID != "" {
			notes.user(c.User, a.linked(account, u))
			a.spendLosses(notes, rest)
		}
		if err != nil {
			return a.failed(c, err), notes
		}
		notes.Log = append(notes.Log, a.run.told(restOf(rest, u)))
	}
	c.Before, c.After = userFacts(u, identity.UserPatch{UserName: &to})
	c.State, c.Guard = state.Held, guardRenames
	c.Reason = fmt.Sprintf(renameRefused+" (%v); it keeps the old one until somebody decides", refusal)
	notes.Holds[renameKey(c.User, to)] = &state.Hold{Change: a.run.told(c), Guard: guardRenames, Run: a.run.id, Since: time.Now()}
	return c, notes
}

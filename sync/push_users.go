package sync

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// tries is how often a push looks again when what it waited for has moved meanwhile.
const tries = 5

// CreateUser makes, adopts or revives the user whom Okta pushes. The rows, first
// match first; another one has the userName, or the externalId:
//
//	who has it         externalId                          answer
//	who wasn't pushed  theirs, or no Okta id               linked, under the same id
//	an active user     any                                 fault.Conflict
//	an inactive user   theirs, or absent on either side    revived, under the same id
//	an inactive user   another, an Okta id                 fault.Conflict, unless the account may be taken over: a recycled address
//	an inactive user   another, no Okta id                 fault.Conflict: a recycled address
//	nobody                                                 created, or adopted where Omni has the name
func (p *Pushes) CreateUser(ctx context.Context, cause string, u identity.PushedUser) (identity.PushedUser, error) {
	if err := identity.CheckUserName(u.UserName); err != nil {
		return u, &fault.Error{Kind: fault.Refused, Op: "userName", Detail: err.Error()}
	}
	fresh := p.ownUserKey(u.UserName)
	for range tries {
		key, err := p.creates(u, fresh)
		if err != nil {
			return u, err
		}
		done, err := p.engine.turns.take(ctx, userSubject(key), nameSubject(u.UserName))
		if err != nil {
			return u, p.late(err, userSubject(key))
		}
		if now, err := p.creates(u, fresh); err != nil || now != key {
			done()
			if err != nil {
				return u, err
			}
			continue
		}
		was, err := p.acceptedUser(ctx, key)
		if err != nil && !fault.Is(err, fault.NotFound) {
			done()
			return u, err
		}
		u.Active = true
		got, err := p.put(ctx, putting{cause: cause, key: key, was: was, want: u, creates: true})
		p.heard(ctx, key, u, err)
		done()
		return got, err
	}
	return u, &fault.Error{Kind: fault.Unavailable, Op: u.UserName, Detail: "it is being changed all the time", After: time.Second}
}

// creates gives the key of the user who is to be made or revived; fresh is for one
// whom nobody knows.
func (p *Pushes) creates(u identity.PushedUser, fresh identity.OktaID) (identity.OktaID, error) {
	name := identity.FoldUserName(u.UserName)
	holder, who, taken := find(p.book, &p.book.users, withName[identity.OktaID](name))
	okta, told := identity.OktaIDOf(u.External)
	if taken && p.answered(holder, u) {
		return holder, nil
	}
	if taken && who.visible() && !who.pushed && (holder == okta || isOwn(holder) || !told) {
		return holder, nil // a run was faster, or a push whose end Okta wasn't told
	}
	if taken && who.visible() && !who.over() {
		return "", &fault.Error{Kind: fault.Conflict, Op: u.UserName, Detail: "a user of this userName is there already, with id " + who.id}
	}
	switch {
	case !taken && told:
		return okta, p.free(okta)
	case !taken:
		return fresh, nil
	case holder == okta, !told && u.External == "", who.external == "" && isOwn(holder), who.external == u.External:
		return holder, nil
	case told, !who.visible() && who.omni == "": // a recycled address, which the plan decides about; an intent that nothing came of
		return okta, p.free(okta)
	default:
		return "", recycled(u.UserName, fmt.Sprintf("recycled address: the inactive account of this userName is linked to Okta user %s", holder))
	}
}

// free makes sure that no active user was pushed under the key. One whom a run made
// before is this user, under an earlier name.
func (p *Pushes) free(key identity.OktaID) error {
	_, e, ok := find(p.book, &p.book.users, withExternal[identity.OktaID](string(key)))
	if ok && e.pushed && !e.off() {
		return &fault.Error{Kind: fault.Conflict, Op: string(key), Detail: "a user of this externalId is there already, with id " + e.id}
	}
	return nil
}

func nameSubject(userName string) string { return "name:" + identity.FoldUserName(userName) }

// EditUser changes what was accepted of the user with this SCIM id. A body that makes
// of somebody whose membership is over another Okta user is a creation, under a
// recycled address.
func (p *Pushes) EditUser(ctx context.Context, cause, id string, edit func(identity.PushedUser) (identity.PushedUser, error)) (identity.PushedUser, error) {
	for range tries {
		found, err := p.resource(ctx, id)
		if err != nil {
			return identity.PushedUser{}, err
		}
		key, was, account := found.key, found.user, found.account
		want, err := edit(was.PushedUser)
		if err != nil {
			return want, err
		}
		if p.recycles(key, want) {
			return p.CreateUser(ctx, cause, want)
		}
		if key == "" { // Omni's own: it gets a key now
			key = identity.OktaID(newOwnKey())
			if okta, told := identity.OktaIDOf(want.External); told {
				key = okta
			}
		}
		okta := p.knownNow(key, want)
		done, err := p.engine.turns.take(ctx, userSubject(key), userSubject(okta), nameSubject(want.UserName))
		if err != nil {
			return want, p.late(err, userSubject(key))
		}
		if err := p.rekey(ctx, key, okta); err != nil {
			done()
			return want, err
		}
		key = okta
		now, err := p.acceptedUser(ctx, key)
		switch {
		case fault.Is(err, fault.NotFound) && account != nil:
			if len(p.book.owners([]identity.OmniID{account.ID})) > 0 { // a run was faster
				done()
				continue
			}
			now, err = was, nil
		case err == nil:
			account = nil
		}
		again := identity.PushedUser{}
		if err == nil {
			again, err = edit(now.PushedUser)
		}
		if err == nil && identity.FoldUserName(again.UserName) != identity.FoldUserName(want.UserName) {
			done()
			continue
		}
		if err == nil {
			again, err = p.edited(ctx, putting{cause: cause, key: key, was: now, want: again, account: account})
		}
		done()
		return again, err
	}
	return identity.PushedUser{}, &fault.Error{Kind: fault.Unavailable, Op: id, Detail: "it is being changed all the time", After: time.Second}
}

// edited does what an edit asks. The turn is the caller's.
func (p *Pushes) edited(ctx context.Context, w putting) (identity.PushedUser, error) {
	w.want.ID = w.was.ID
	if err := identity.CheckUserName(w.want.UserName); err != nil {
		return w.want, &fault.Error{Kind: fault.Refused, Op: "userName", Detail: err.Error()}
	}
	if err := p.nameAgain(ctx, &w); err != nil {
		return w.want, err
	}
	holder, who, taken := find(p.book, &p.book.users, withName[identity.OktaID](identity.FoldUserName(w.want.UserName)))
	if taken && holder != w.key && who.visible() && !who.off() {
		return w.want, &fault.Error{Kind: fault.Conflict, Op: w.want.UserName, Detail: "another user has this userName, with id " + who.id}
	}
	if w.account == nil && reflect.DeepEqual(w.want, w.was.PushedUser) && p.settled(w.key) {
		return w.want, nil
	}
	if !w.want.Active {
		return p.release(ctx, w, false)
	}
	return p.put(ctx, w)
}

// settled reports whether what was accepted of the user is what was applied, as far
// as existence goes.
func (p *Pushes) settled(key identity.OktaID) bool {
	_, e, _ := find(p.book, &p.book.users, withKey(key))
	return e.pushed && (e.off() || e.active && !e.unassigned)
}

// DeleteUser ends the membership, and the resource.
func (p *Pushes) DeleteUser(ctx context.Context, cause, id string) error {
	key, _, known := find(p.book, &p.book.users, withID[identity.OktaID](id))
	if !known {
		return p.notFound("user", id)
	}
	done, err := p.engine.turns.take(ctx, userSubject(key))
	if err != nil {
		return p.late(err, userSubject(key))
	}
	defer done()
	was, err := p.acceptedUser(ctx, key)
	if err != nil {
		return err
	}
	want := was.PushedUser
	want.Active = false
	_, err = p.release(ctx, putting{cause: cause, key: key, was: was, want: want}, true)
	return err
}

// putting is one user to be brought to what Okta wants. The turn is the caller's.
type putting struct {
	cause   string
	key     identity.OktaID
	was     state.PushedUser
	want    identity.PushedUser
	account *identity.Account // Omni's, where it isn't linked yet
	creates bool
}

// put makes the user active and as Okta wants them.
func (p *Pushes) put(ctx context.Context, w putting) (identity.PushedUser, error) {
	object := userSubject(w.key)
	if w.creates || w.account != nil { // whose key may be another one at the next try
		object = nameSubject(w.want.UserName)
	}
	x, end := p.begin(w.cause, object, userSubject(w.key))
	defer end()
	if err := x.fetch(ctx, w.key, p.namesakes(w.want.UserName, w.key)); err != nil {
		return w.want, err
	}
	l := x.ledger
	if err := x.lookAtUser(ctx, w.key); err != nil {
		return w.want, x.temporary(err)
	}
	rec := l.Users[w.key]
	person, err := x.person(ctx, w, rec)
	if err != nil {
		return w.want, &fault.Error{Kind: fault.Refused, Op: w.want.UserName, Detail: "the mapping can't be applied to this user: " + err.Error(),
			Hint: "mend the user's profile, or users.* in the configuration"}
	}
	if !person.InScope {
		if w.creates || rec.Omni == "" {
			return w.want, &fault.Error{Kind: fault.Declined, Op: w.want.UserName, Detail: "the user is outside users.scope"}
		}
		return p.release(ctx, w, false)
	}
	if w.account != nil {
		l.Strangers = map[string]identity.Account{identity.FoldUserName(w.account.UserName): *w.account}
		person.External = w.account.ID
	}
	x.accept = func(done []Change, n Notes) { p.acceptUser(w, rec, done, n) }
	d := Desired{Users: map[identity.OktaID]Person{w.key: person}}
	if _, err := x.do(ctx, d); err != nil {
		return w.want, err
	}
	if !rec.Active || rec.Unassigned != nil { // whose groups were left alone meanwhile
		p.book.arrived(w.key)
		x.woken = true
	}
	got, err := p.acceptedUser(ctx, w.key)
	return got.PushedUser, err
}

// namesakes gives who is known under the name besides the key.
func (p *Pushes) namesakes(userName string, key identity.OktaID) []identity.OktaID {
	p.book.mu.RLock()
	defer p.book.mu.RUnlock()
	return slices.DeleteFunc(slices.Clone(p.book.users.of(identity.FoldUserName(userName))), func(k identity.OktaID) bool { return k == key })
}

// fetch reads the records of users into the errand's ledger.
func (x *errand) fetch(ctx context.Context, key identity.OktaID, more []identity.OktaID) error {
	ids := map[identity.OktaID]bool{key: true}
	for _, id := range more {
		ids[id] = true
	}
	err := x.ledger.fetch(ctx, x.pushes.engine.o.Store, ids)
	for id := range ids {
		x.pushes.book.refresh(id, x.ledger.Users[id])
	}
	return err
}

// person says what the push wants of the user. Where Okta is read too, a reading
// decides the values of whom it has met; attributes of Omni that the mapping
// doesn't name go as they are.
func (x *errand) person(ctx context.Context, w putting, rec state.User) (Person, error) {
	person := Person{Standing: identity.Assigned, InScope: true, User: rec.User}
	person.User.Attributes = maps.Clone(rec.Attributes)
	if !x.pushes.o.Pull || rec.Omni == "" || rec.Pushed {
		a := w.want.Assignment(w.key)
		if err := x.grouped(ctx, &a); err != nil {
			return person, err
		}
		user, in, err := x.pushes.engine.o.Mapper.Map(a)
		if err != nil {
			return person, err
		}
		person.User, person.InScope = user, in
	}
	person.UserName = w.want.UserName
	extra := slices.Clone(rec.Extra)
	for name, v := range w.want.Omni {
		if slices.Contains(x.policy.Attributes, name) {
			continue
		}
		if person.Attributes == nil {
			person.Attributes = map[string]identity.Value{}
		}
		person.Attributes[name] = v
		extra = append(extra, name)
	}
	for _, name := range rec.Extra {
		if _, still := w.want.Omni[name]; !still {
			delete(person.Attributes, name)
		}
	}
	slices.Sort(extra)
	x.policy.Attributes = slices.Concat(x.policy.Attributes, slices.Compact(extra))
	return person, nil
}

// grouped tells which groups the user is in, where the mapping reads that.
func (x *errand) grouped(ctx context.Context, a *identity.Assignment) error {
	e := x.pushes.engine
	if !e.groupwise {
		return nil
	}
	err := x.ledger.fetchRows(ctx, e.o.Store, map[identity.OktaID]bool{a.ID: true})
	a.Groups = inLedger(x.ledger, a.ID, &Desired{})
	return err
}

// acceptUser notes what was accepted, with what was done.
func (p *Pushes) acceptUser(w putting, rec state.User, done []Change, n Notes) {
	accepted := state.PushedUser{PushedUser: w.want}
	accepted.ID = firstOf(w.was.ID, string(rec.Omni))
	for _, c := range done {
		accepted.ID = firstOf(accepted.ID, c.Omni)
	}
	accepted.Changed = time.Now().UTC()
	if accepted.Created = w.was.Created; accepted.Created.IsZero() {
		accepted.Created = accepted.Changed
	}
	n.PushedUsers[w.key] = &accepted
	if u := n.Users[w.key]; u != nil && rec.Omni == "" {
		fresh := *u
		fresh.Pushed = true
		n.Users[w.key] = &fresh
	}
}

// release accepts that the user is to leave. Nothing is asked of Omni yet: what is
// protected stays, and the rest is done when its time has come.
func (p *Pushes) release(ctx context.Context, w putting, gone bool) (identity.PushedUser, error) {
	e := p.engine
	x, end := p.begin(w.cause, userSubject(w.key), userSubject(w.key))
	defer end()
	if err := x.fetch(ctx, w.key, nil); err != nil {
		return w.want, err
	}
	rec := x.ledger.Users[w.key]
	if glob := (&planner{policy: e.policy}).protected(rec.UserName, w.want.UserName); glob != "" && rec.Active {
		return w.want, &fault.Error{Kind: fault.Declined, Op: w.want.UserName, Detail: fmt.Sprintf("protected by users.protected %q", glob)}
	}
	n := newNotes()
	if _, _, let := x.ledger.unlinked(w.key, w.want.UserName); w.account != nil && !let { // Omni's, and Okta has it linked from a direct push
		rec = corrected(state.User{Omni: w.account.ID, Link: state.Adopted, Linked: time.Now().UTC(), LinkedBy: state.ByPush}, *w.account, e.policy.Attributes)
	}
	accepted := state.PushedUser{PushedUser: p.keptOf(w), Gone: gone}
	accepted.ID, accepted.Changed = firstOf(w.was.ID, string(rec.Omni)), time.Now().UTC()
	n.PushedUsers[w.key] = &accepted
	leaves := rec.Omni != "" && rec.Active
	if leaves && rec.Unassigned == nil {
		now := time.Now()
		rec.Unassigned, rec.Seen = &now, identity.Print{}
		no, yes := false, true
		told := Change{Kind: Deactivate, User: w.key, Omni: string(rec.Omni), Name: rec.UserName, State: state.Kept,
			Reason: "accepted from Okta; done when its waiting time is over, and Okta says the same", Before: &state.Facts{Active: &yes}, After: &state.Facts{Active: &no}}
		n.Log = append(n.Log, x.run.told(told))
		x.run.log(told)
	}
	if rec.ByHand { // whose end Okta wants now too
		rec.ByHand, leaves = false, rec.Omni != ""
	}
	if leaves { // also where a commit whose answer was lost has written it
		n.user(w.key, rec)
	}
	err := e.commit(ctx, x.ledger, n)
	x.woken = true
	return accepted.PushedUser, err
}

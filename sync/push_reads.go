package sync

import (
	"context"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// resource is a user as it is found: known by a key, or an account of Omni's own.
type resource struct {
	key     identity.OktaID
	user    state.PushedUser
	account *identity.Account
}

// User gives what was accepted of the user with this SCIM id; of one that Omni has
// and nobody is linked to, what Omni tells.
func (p *Pushes) User(ctx context.Context, id string) (identity.PushedUser, error) {
	r, err := p.resource(ctx, id)
	return r.user.PushedUser, err
}

// resource finds a user by SCIM id.
func (p *Pushes) resource(ctx context.Context, id string) (r resource, err error) {
	if key, _, known := find(p.book, &p.book.users, withID[identity.OktaID](id)); known {
		r.key = key
		r.user, err = p.acceptedUser(ctx, key)
		return r, err
	}
	if !looksLikeOmni(id) || wasResource(p.book, &p.book.users, id) || len(p.book.owners([]identity.OmniID{identity.OmniID(id)})) > 0 {
		return r, p.notFound("user", id)
	}
	a, err := p.engine.o.Omni.User(ctx, identity.OmniID(id))
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Refused):
		return r, p.notFound("user", id)
	case err != nil:
		return r, p.away(err, "user:"+id)
	}
	return resource{user: state.PushedUser{PushedUser: ofAccount(a)}, account: &a}, nil
}

// looksLikeOmni reports whether id has the form of Omni's: a uuid. Others need not
// be asked for.
func looksLikeOmni(id string) bool {
	return len(id) == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-'
}

// ofAccount gives an account of Omni's own the form of a pushed user.
func ofAccount(a identity.Account) identity.PushedUser {
	return identity.PushedUser{ID: string(a.ID), UserName: a.UserName, Active: a.Active, Profile: identity.Profile{DisplayName: a.DisplayName}}
}

// acceptedUser reads what was accepted of a user; of one who was never pushed, what
// was applied. It answers fault.NotFound where there is no such resource.
func (p *Pushes) acceptedUser(ctx context.Context, key identity.OktaID) (state.PushedUser, error) {
	store := p.engine.o.Store
	u, ok, err := state.Read[state.PushedUser](ctx, store, state.PushedUsers, string(key))
	if err != nil || ok {
		_, e, _ := find(p.book, &p.book.users, withKey(key))
		u.Active = u.Active || ok && !u.Gone && !e.off()
		return u, err
	}
	rec, ok, err := state.Read[state.User](ctx, store, state.Users, string(key))
	if err != nil {
		return u, err
	}
	if !ok || rec.Omni == "" {
		return u, p.notFound("user", string(key))
	}
	u.PushedUser = identity.PushedUser{ID: string(rec.Omni), UserName: rec.UserName, Active: rec.Active, Profile: identity.Profile{DisplayName: rec.DisplayName}}
	if okta, ok := identity.OktaIDOf(string(key)); ok {
		u.External = string(okta)
	}
	return u, nil
}

// FindUser gives the user whose userName or externalId is value. A userName that
// the ledger doesn't know is looked up in Omni, unless Omni is busy: then it counts
// as unknown, and a creation finds out.
func (p *Pushes) FindUser(ctx context.Context, by, value string) (identity.PushedUser, error) {
	ask := withName[identity.OktaID](identity.FoldUserName(value))
	if by != "name" {
		ask = withExternal[identity.OktaID](value)
	}
	if key, e, ok := find(p.book, &p.book.users, ask); ok && e.visible() {
		u, err := p.acceptedUser(ctx, key)
		if by == "name" && p.book.pseudonymous(key, u.UserName) { // who asks knows the name
			u.UserName = value
		}
		return u.PushedUser, err
	}
	if by != "name" {
		return identity.PushedUser{}, p.notFound("user", value)
	}
	p.looksUp(ctx)
	a, err := lookUp(ctx, p, value, p.listed, p.engine.o.Omni.FindUser)
	if err == nil && len(p.book.owners([]identity.OmniID{a.ID})) > 0 {
		err = p.notFound("user", value) // it goes under another name, which is under way
	}
	return ofAccount(a), err
}

// looksUp counts a look-up. Where a crowd comes, one list of Omni's users is cheaper
// than a look-up for each, and leaves the allowance to the creations.
func (p *Pushes) looksUp(ctx context.Context) {
	enough := manyJoiners + p.book.totals().active/importPage
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.looks.since) > time.Minute {
		p.looks = looks{since: now}
	}
	p.looks.n++
	if s := p.strangers; p.looks.n > enough && (s == nil || now.Sub(s.at) > listAge) {
		p.relist(ctx)
	}
}

// relist begins to read the list of Omni's users. The lock is held.
func (p *Pushes) relist(ctx context.Context) *snapshot {
	s := &snapshot{at: time.Now(), byName: map[string]identity.Account{}, done: make(chan struct{})}
	p.strangers = s
	go p.list(context.WithoutCancel(ctx), s)
	return s
}

// listed gives Omni's own account of the name as the newest list had it.
func (p *Pushes) listed(name string) (identity.Account, bool, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.strangers == nil || p.strangers.order == nil || time.Since(p.strangers.at) > listAge {
		return identity.Account{}, false, false
	}
	a, there := p.strangers.byName[identity.FoldUserName(name)]
	return a, there, true
}

// lookUp looks a name up in Omni: in a list that was read lately, else with a
// request of its own where nobody waits for Omni.
func lookUp[T any](ctx context.Context, p *Pushes, name string, listed func(string) (T, bool, bool), ask func(context.Context, string) (T, error)) (found T, err error) {
	if listed != nil {
		if v, there, known := listed(name); known {
			if !there {
				err = p.notFound("resource", name)
			}
			return v, err
		}
	}
	if !p.o.Gate.Free() { // it gets no place: nobody comes back for it
		return found, p.notFound("resource", name)
	}
	select {
	case p.looking <- struct{}{}:
		defer func() { <-p.looking }()
	default:
		return found, p.notFound("resource", name)
	}
	leave, err := p.o.Gate.Enter(ctx, "find:"+name)
	if err != nil {
		return found, p.notFound("resource", name)
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	found, err = ask(ctx, name)
	leave(err)
	if err != nil {
		err = p.notFound("resource", name)
	}
	return found, err
}

// away is the answer where Omni can't be asked.
func (p *Pushes) away(err error, object string) error {
	return &fault.Error{Kind: fault.Unavailable, Op: "ask Omni", Err: err, After: p.o.Gate.Away(object)}
}

const (
	// listAge is how long a list of Omni's own users is good for imports and look-ups.
	listAge = 10 * time.Minute
	// importPage is from how many users on a page is part of an import, which sees Omni's own too.
	importPage = 50
	// looksAtOnce is how many names are looked up in Omni at a time, one by one.
	looksAtOnce = 4
	// lookWithin is how long one look-up may take, after which the name counts as unknown.
	lookWithin = 15 * time.Second
	// listWithin is how long an import waits for the list of Omni's users.
	listWithin = 20 * time.Second
)

// snapshot is a list of Omni's users.
type snapshot struct {
	at     time.Time
	order  []identity.Account // as Omni lists them: who comes, comes at the end
	byName map[string]identity.Account
	done   chan struct{} // closed when it is complete, or broken
	err    error
}

// Users gives the users from place start on, and how many there are: the managed
// first, then in an import those of Omni's own.
func (p *Pushes) Users(ctx context.Context, start, count int) ([]identity.PushedUser, int, error) {
	p.book.mu.RLock()
	managed := len(p.book.users.order)
	keys := p.book.users.page(start, count)
	p.book.mu.RUnlock()
	list := make([]identity.PushedUser, 0, len(keys))
	for _, key := range keys {
		u, err := p.acceptedUser(ctx, key)
		if fault.Is(err, fault.NotFound) || err == nil && u.Gone {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		list = append(list, u.PushedUser)
	}
	own, err := p.omnisOwn(ctx, start == 1 && count >= importPage, start+count-1 > managed && count > 0)
	if err != nil {
		return nil, 0, err
	}
	from := min(max(start-1-managed, 0), len(own))
	to := min(max(start-1+count-managed, 0), len(own))
	for _, a := range own[from:max(from, to)] {
		if len(p.book.owners([]identity.OmniID{a.ID})) == 0 { // linked meanwhile: listed among the managed
			list = append(list, ofAccount(a))
		}
	}
	return list, managed + len(own), nil
}

// omnisOwn gives the accounts that nobody was linked to when Omni was listed. It
// reads the list where it is needed and not there, or where an import begins.
func (p *Pushes) omnisOwn(ctx context.Context, begins, needed bool) ([]identity.Account, error) {
	p.mu.Lock()
	s := p.strangers
	fresh := s != nil && time.Since(s.at) <= listAge
	if fresh && begins {
		fresh = time.Since(s.at) < time.Minute
	}
	if !fresh && (begins || needed) {
		s = p.relist(ctx)
	}
	p.mu.Unlock()
	if s == nil || !begins && !needed && !fresh {
		return nil, nil
	}
	wait := time.NewTimer(listWithin)
	defer wait.Stop()
	select {
	case <-s.done:
	case <-ctx.Done():
	case <-wait.C:
	}
	select {
	case <-s.done:
		return s.order, s.err
	default:
		return nil, &fault.Error{Kind: fault.Limited, Op: "list Omni's users", Detail: "it takes a while", After: 30 * time.Second}
	}
}

// list reads Omni's users. A list that breaks off is of no use.
func (p *Pushes) list(ctx context.Context, s *snapshot) {
	defer close(s.done)
	ctx, cancel := context.WithTimeout(ctx, listAge)
	defer cancel()
	var all []identity.Account
	for a, err := range p.engine.o.Omni.Users(ctx) {
		if err != nil {
			s.err = p.away(err, "list:users")
			p.mu.Lock()
			p.strangers = nil
			p.mu.Unlock()
			return
		}
		all = append(all, a)
	}
	ids := make([]identity.OmniID, len(all))
	for i, a := range all {
		ids[i] = a.ID
	}
	owned := p.book.owners(ids)
	all = slices.DeleteFunc(append([]identity.Account{}, all...), func(a identity.Account) bool { return owned[a.ID] != "" })
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range all {
		s.byName[identity.FoldUserName(a.UserName)] = a
	}
	s.order = all
}

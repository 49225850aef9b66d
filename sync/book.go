package sync

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// book is what the process that leads knows of the whole ledger at any time, so
// that one object is found and judged without reading the others: who has which
// id and name. It is read once, and kept up by every commit.
type book struct {
	mu     sync.RWMutex
	users  registry[identity.OktaID]
	groups registry[identity.GroupID]

	forgotten forgotten // whose names the users' registry doesn't know

	base *Ledger // connection, window, groups, holds and failures; behind Engine.ledgers

	lately map[string]time.Time // by subject: pushes before this process that may matter still

	active, admins int // as the guard counts them
	leaving        map[identity.OktaID]bool
	late           map[identity.OktaID]bool // who got an account, and may be missing in groups
	awaited        map[string][]identity.GroupID
	wake           func() // has those who are late looked at
}

// entry is one object: what was accepted of it, and what was applied.
type entry struct {
	id       string // for SCIM: Omni's, the first that it had
	omni     string // Omni's now
	name     string // folded
	external string
	gone     bool // Okta deleted the resource
	pushed   bool // by Okta
	inactive bool // Okta said so
	waiting  []string
	open     bool // something that was accepted isn't applied yet

	active, admin, unassigned bool // as the ledger has it
}

// off reports whether the user is inactive by what was accepted, and no reading of
// Okta has brought them back since.
func (e entry) off() bool { return e.inactive && (!e.active || e.unassigned) }

// over reports whether the membership is over: by what was accepted, or by what a run
// did with somebody of whom no push told.
func (e entry) over() bool { return e.off() || !e.pushed && e.omni != "" && !e.active && e.unassigned }

// visible reports whether the object is a resource.
func (e entry) visible() bool { return e.id != "" && !e.gone }

func newBook(wake func()) *book {
	b := &book{wake: wake, base: newLedger(), forgotten: forgotten{}, lately: map[string]time.Time{}, users: newRegistry[identity.OktaID](), groups: newRegistry[identity.GroupID](),
		leaving: map[identity.OktaID]bool{}, late: map[identity.OktaID]bool{}, awaited: map[string][]identity.GroupID{}}
	b.users.former = b.former
	return b
}

// former gives who had the name until they were forgotten, and is under a pseudonym still.
// The lock is held.
func (b *book) former(name string) []identity.OktaID {
	return slices.DeleteFunc(b.forgotten.last(name), func(id identity.OktaID) bool {
		e, known := b.users.entries[id]
		return !known || e.name != identity.FoldUserName(b.forgotten[id].Address())
	})
}

// load reads the ledger.
func (b *book) load(ctx context.Context, s state.Store) error {
	if err := b.base.recall(ctx, s, false); err != nil {
		return err
	}
	for u, err := range state.All[state.User](ctx, s, state.Users) {
		if err != nil {
			return err
		}
		b.user(identity.OktaID(u.Key), &u.Value)
	}
	for u, err := range state.All[state.PushedUser](ctx, s, state.PushedUsers) {
		if err != nil {
			return err
		}
		b.pushedUser(identity.OktaID(u.Key), &u.Value)
		b.changed(userSubject(identity.OktaID(u.Key)), u.Value.Changed)
	}
	for g, err := range state.All[state.Group](ctx, s, state.Groups) {
		if err != nil {
			return err
		}
		b.group(identity.GroupID(g.Key), &g.Value)
	}
	for g, err := range state.All[state.PushedGroup](ctx, s, state.PushedGroups) {
		if err != nil {
			return err
		}
		b.pushedGroup(identity.GroupID(g.Key), &g.Value)
		b.changed(groupSubject(identity.GroupID(g.Key)), g.Value.Changed)
	}
	b.users.sort()
	b.groups.sort()
	b.forgotten = maps.Clone(b.base.Forgotten)
	return nil
}

func (b *book) changed(subject string, at time.Time) {
	if time.Since(at) < pushLag {
		b.lately[subject] = at
	}
}

// take makes notes that were committed part of the book. Engine.ledgers is held.
func (b *book) take(n Notes) {
	users, members := n.Users, n.Members
	n.Users, n.Members = nil, nil
	b.base.Take(n)
	n.Users, n.Members = users, members
	b.mu.Lock()
	defer b.mu.Unlock()
	merge(b.forgotten, n.Forgotten)
	for id, u := range n.Users {
		b.user(id, u)
	}
	for id, u := range n.PushedUsers {
		b.pushedUser(id, u)
	}
	for id, g := range n.Groups {
		b.group(id, g)
	}
	for id, g := range n.PushedGroups {
		b.pushedGroup(id, g)
	}
}

func (b *book) user(id identity.OktaID, u *state.User) {
	e := b.users.entries[id]
	b.count(e, -1)
	if u == nil {
		u = &state.User{}
	}
	if !e.pushed {
		e.id, e.name = string(u.Omni), identity.FoldUserName(u.UserName)
	}
	e.omni, e.active, e.admin, e.unassigned = string(u.Omni), u.Omni != "" && u.Active, u.OrgAdmin, u.Unassigned != nil
	b.count(e, 1)
	b.users.set(id, e)
	b.leaves(id, e)
	if e.omni != "" && len(b.awaited[e.omni]) > 0 {
		b.comes(id)
	}
}

// comes notes that a group has waited for the user, whom a run may have brought that
// leaves the group to its push: so that is looked at now. The lock is held.
func (b *book) comes(id identity.OktaID) {
	b.late[id] = true
	b.wake()
}

// refresh corrects what the book knows of a user after a commit whose answer was
// lost: the store has it, and nobody was told.
func (b *book) refresh(id identity.OktaID, u state.User) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.users.entries[id]
	if e.omni != string(u.Omni) || e.active != (u.Omni != "" && u.Active) || e.unassigned != (u.Unassigned != nil) {
		b.user(id, &u)
	}
}

func (b *book) pushedUser(id identity.OktaID, u *state.PushedUser) {
	if u == nil {
		b.users.set(id, entry{})
		delete(b.leaving, id)
		return
	}
	e := b.users.entries[id]
	id = kept(b.users.ids[e.id], id) // the texts that are in memory already: a fifth of what a user takes
	e.pushed, e.gone, e.inactive = true, u.Gone, !u.Active
	e.id, e.name, e.external = kept(e.id, u.ID), kept(e.name, identity.FoldUserName(u.UserName)), kept(string(id), u.External)
	b.users.set(id, e)
	b.leaves(id, e)
	if len(b.awaited[u.ID]) > 0 {
		b.comes(id)
	}
}

// kept gives told, as the text in memory already where that is the same.
func kept[K ~string](known, told K) K {
	if known != told {
		return told
	}
	return known
}

// leaves keeps those of whom Okta's push said that they leave, and who haven't left.
func (b *book) leaves(id identity.OktaID, e entry) {
	if e.pushed && e.unassigned && e.active {
		b.leaving[id] = true
	} else {
		delete(b.leaving, id)
	}
}

func (b *book) count(e entry, by int) {
	if e.active {
		b.active += by
	}
	if e.active && e.admin {
		b.admins += by
	}
}

func (b *book) group(id identity.GroupID, g *state.Group) {
	e := b.groups.entries[id]
	if g == nil {
		g = &state.Group{}
	}
	if !e.pushed {
		e.id, e.name = string(g.Omni), identity.FoldName(g.Name)
	}
	e.omni = string(g.Omni)
	b.groups.set(id, e)
}

func (b *book) pushedGroup(id identity.GroupID, g *state.PushedGroup) {
	for _, who := range b.groups.entries[id].waiting {
		b.awaited[who] = slices.DeleteFunc(b.awaited[who], func(g identity.GroupID) bool { return g == id })
		if len(b.awaited[who]) == 0 {
			delete(b.awaited, who)
		}
	}
	if g == nil {
		b.groups.set(id, entry{})
		return
	}
	e := b.groups.entries[id]
	e.pushed, e.id, e.name, e.external, e.gone, e.waiting, e.open = true, g.ID, identity.FoldName(g.DisplayName), g.External, g.Gone, g.Waiting, g.Open
	b.groups.set(id, e)
	for _, who := range g.Waiting {
		b.awaited[who] = append(b.awaited[who], id)
		if key, known := b.holder(who); known { // who came while the push was under way
			b.comes(key)
		}
	}
}

// arrived notes who got an account, so that their groups are looked at.
func (b *book) arrived(id identity.OktaID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.late[id] = true
}

// part gives a ledger without anybody in it. Engine.ledgers is held.
func (b *book) part() *Ledger {
	l := newLedger()
	l.Connection, l.Window = b.base.Connection, b.base.Window
	l.Forgotten, l.Undone = maps.Clone(b.base.Forgotten), maps.Clone(b.base.Undone)
	l.Unlinked = maps.Clone(b.base.Unlinked)
	l.Groups, l.Holds, l.Failing = maps.Clone(b.base.Groups), maps.Clone(b.base.Holds), maps.Clone(b.base.Failing)
	numbers := b.totals()
	l.totals, l.book = &numbers, b
	return l
}

// owners finds the Okta users whom Omni's accounts are linked to.
func (b *book) owners(accounts []identity.OmniID) map[identity.OmniID]identity.OktaID {
	b.mu.RLock()
	defer b.mu.RUnlock()
	owners := map[identity.OmniID]identity.OktaID{}
	for _, id := range accounts {
		if key, ok := b.users.omnis[string(id)]; ok {
			owners[id] = key
		}
	}
	return owners
}

// totals gives the numbers that the guard judges by.
func (b *book) totals() totals {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return totals{active: b.active, admins: b.admins}
}

// find gives the key of a resource by what is known of it.
func find[K ~string](b *book, r *registry[K], ask func(*registry[K]) (K, bool)) (K, entry, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	key, ok := ask(r)
	return key, r.entries[key], ok
}

func withID[K ~string](id string) func(*registry[K]) (K, bool) {
	return func(r *registry[K]) (K, bool) {
		key, ok := r.ids[id]
		return key, ok && r.entries[key].visible()
	}
}

func withKey[K ~string](key K) func(*registry[K]) (K, bool) {
	return func(r *registry[K]) (K, bool) {
		_, known := r.entries[key]
		return key, known
	}
}

func withName[K ~string](folded string) func(*registry[K]) (K, bool) {
	return func(r *registry[K]) (K, bool) { return r.named(folded) }
}

// toMake is withName for who is about to make it: where the name is no resource's, what
// a run makes just now comes before what is gone.
func toMake[K ~string](folded string) func(*registry[K]) (K, bool) {
	return func(r *registry[K]) (K, bool) {
		key, known := r.named(folded)
		if !r.entries[key].gone {
			return key, known
		}
		for _, other := range r.names[folded] {
			if !r.entries[other].gone {
				return other, true
			}
		}
		return key, known
	}
}

func withExternal[K ~string](external string) func(*registry[K]) (K, bool) {
	return func(r *registry[K]) (K, bool) {
		if key, ok := r.external[external]; ok && r.entries[key].visible() {
			return key, true
		}
		key := K(external)
		return key, r.entries[key].visible()
	}
}

// pending gives those whose removal is under way, and those who may be missing in
// groups, and forgets the latter.
func (b *book) pending() (leaving, late []identity.OktaID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	leaving, late = slices.Sorted(maps.Keys(b.leaving)), slices.Sorted(maps.Keys(b.late))
	clear(b.late)
	return leaving, late
}

// wasResource reports whether the SCIM id is, or was, that of a resource.
func wasResource[K ~string](b *book, r *registry[K], id string) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	_, known := r.ids[id]
	return known
}

// opened gives the groups of which something accepted isn't applied yet.
func (b *book) opened() []identity.GroupID {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var keys []identity.GroupID
	for key, e := range b.groups.entries {
		if e.open {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// awaits gives the groups that have a member of this SCIM id whom nobody knew.
func (b *book) awaits(scim string) []identity.GroupID {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Clone(b.awaited[scim])
}

// ownKey begins the keys of objects that Okta's push told of and no reading has met.
const ownKey = "scim-"

func isOwn[K ~string](key K) bool { return strings.HasPrefix(string(key), ownKey) }

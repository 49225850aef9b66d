package sync

import (
	"context"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Ledger is the ledger as one run sees it, in memory.
type Ledger struct {
	Connection state.Connection
	Users      map[identity.OktaID]state.User
	Groups     map[identity.GroupID]state.Group
	Members    map[identity.GroupID]map[identity.OktaID]state.Member
	Holds      map[string]state.Hold
	Failing    map[string]state.Failure
	Window     state.Window

	// Omni's accounts and groups that are linked to nothing, by folded name.
	// Known only to runs that read Omni's lists.
	Strangers     map[string]identity.Account
	StrangerTeams map[string]identity.Team
	KeepMissing   bool // Omni's list was doubtful: nothing is created again
}

// recall reads the ledger from its store.
func recall(ctx context.Context, s state.Store) (*Ledger, error) {
	l := &Ledger{
		Users:   map[identity.OktaID]state.User{},
		Groups:  map[identity.GroupID]state.Group{},
		Members: map[identity.GroupID]map[identity.OktaID]state.Member{},
		Holds:   map[string]state.Hold{},
		Failing: map[string]state.Failure{},
	}
	var err error
	if l.Connection, _, err = state.Read[state.Connection](ctx, s, state.Meta, "connection"); err != nil {
		return nil, err
	}
	if l.Window, _, err = state.Read[state.Window](ctx, s, state.Meta, "window"); err != nil {
		return nil, err
	}
	if err := collect(ctx, s, state.Users, l.Users); err != nil {
		return nil, err
	}
	if err := collect(ctx, s, state.Groups, l.Groups); err != nil {
		return nil, err
	}
	if err := collect(ctx, s, state.Holds, l.Holds); err != nil {
		return nil, err
	}
	if err := collect(ctx, s, state.Failing, l.Failing); err != nil {
		return nil, err
	}
	for id := range l.Groups {
		l.Members[id] = map[identity.OktaID]state.Member{}
		if err := collect(ctx, s, state.Members(id), l.Members[id]); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func collect[K ~string, V any](ctx context.Context, s state.Store, b state.Bucket, into map[K]V) error {
	for e, err := range state.All[V](ctx, s, b) {
		if err != nil {
			return err
		}
		into[K(e.Key)] = e.Value
	}
	return nil
}

// Notes are changes of the ledger: what was seen, decided or done. A nil record
// is forgotten.
type Notes struct {
	Users      map[identity.OktaID]*state.User
	Groups     map[identity.GroupID]*state.Group
	Members    map[identity.GroupID]map[identity.OktaID]*state.Member
	Holds      map[string]*state.Hold
	Failing    map[string]*state.Failure
	Connection *state.Connection
	Window     *state.Window
	Log        []state.Change
}

func newNotes() Notes {
	return Notes{
		Users:   map[identity.OktaID]*state.User{},
		Groups:  map[identity.GroupID]*state.Group{},
		Members: map[identity.GroupID]map[identity.OktaID]*state.Member{},
		Holds:   map[string]*state.Hold{},
		Failing: map[string]*state.Failure{},
	}
}

func (n Notes) user(id identity.OktaID, u state.User)    { n.Users[id] = &u }
func (n Notes) group(id identity.GroupID, g state.Group) { n.Groups[id] = &g }

// member notes a membership; one that neither side has is forgotten.
func (n Notes) member(g identity.GroupID, u identity.OktaID, m state.Member) {
	if n.Members[g] == nil {
		n.Members[g] = map[identity.OktaID]*state.Member{}
	}
	if !m.Okta && m.Omni == state.Absent {
		n.Members[g][u] = nil
		return
	}
	n.Members[g][u] = &m
}

// forgetGroup notes the end of everything known about a group.
func (n Notes) forgetGroup(l *Ledger, id identity.GroupID) {
	n.Groups[id] = nil
	for u := range l.Members[id] {
		n.member(id, u, state.Member{})
	}
}

// forgetUser notes that a user is linked to nothing any more: where Okta has
// them stays known, where Omni had them doesn't.
func (n Notes) forgetUser(l *Ledger, id identity.OktaID) {
	n.Users[id] = nil
	n.membershipsBecome(l, id, state.Absent)
}

// membershipsBecome notes one presence for every group that Omni had the user in.
func (n Notes) membershipsBecome(l *Ledger, id identity.OktaID, p state.Presence) {
	for g, members := range l.Members {
		if m, ok := members[id]; ok && m.Omni != state.Absent {
			m.Omni = p
			n.member(g, id, m)
		}
	}
}

// Take makes the notes part of the ledger in memory.
func (l *Ledger) Take(n Notes) {
	merge(l.Users, n.Users)
	merge(l.Groups, n.Groups)
	merge(l.Holds, n.Holds)
	merge(l.Failing, n.Failing)
	for id, members := range n.Members {
		if l.Members[id] == nil {
			l.Members[id] = map[identity.OktaID]state.Member{}
		}
		merge(l.Members[id], members)
	}
	if n.Connection != nil {
		l.Connection = *n.Connection
	}
	if n.Window != nil {
		l.Window = *n.Window
	}
}

func merge[K comparable, V any](into map[K]V, notes map[K]*V) {
	for k, v := range notes {
		if v == nil {
			delete(into, k)
		} else {
			into[k] = *v
		}
	}
}

// batches gives the notes as writes, in a fixed order, cut to sizes that every
// store takes at once. Log and window come with the first batch, so that what
// was done and what it counts for are written in one step.
func (n Notes) batches() []state.Batch {
	var b state.Batch
	if n.Connection != nil {
		state.Put(&b, state.Meta, "connection", *n.Connection)
	}
	if n.Window != nil {
		state.Put(&b, state.Meta, "window", *n.Window)
	}
	for _, c := range n.Log {
		state.Add(&b, state.Log, c)
	}
	for _, id := range slices.Sorted(maps.Keys(n.Members)) {
		put(&b, state.Members(id), n.Members[id])
	}
	put(&b, state.Users, n.Users)
	put(&b, state.Groups, n.Groups)
	put(&b, state.Holds, n.Holds)
	put(&b, state.Failing, n.Failing)
	return cut(b)
}

func put[K ~string, V any](b *state.Batch, bucket state.Bucket, notes map[K]*V) {
	for _, k := range slices.Sorted(maps.Keys(notes)) {
		key := string(k)
		if v := notes[k]; v != nil {
			state.Put(b, bucket, key, *v)
		} else {
			b.Remove(bucket, key)
		}
	}
}

const batchSize = 2000

func cut(b state.Batch) []state.Batch {
	if b.Empty() {
		return nil
	}
	first := b
	rest := b.Writes
	var list []state.Batch
	for {
		n := min(len(rest), batchSize)
		first.Writes, rest = rest[:n], rest[n:]
		list = append(list, first)
		if len(rest) == 0 {
			return list
		}
		first = state.Batch{}
	}
}

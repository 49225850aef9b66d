package sync

import (
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Notes are changes of the ledger: what was seen, decided or done. A nil record
// is forgotten.
type Notes struct {
	Users   map[identity.OktaID]*state.User
	Groups  map[identity.GroupID]*state.Group
	Members map[identity.GroupID]map[identity.OktaID]*state.Member
	Holds   map[string]*state.Hold
	Failing map[string]*state.Failure
	Leavers map[identity.OktaID]*state.Leaver

	PushedUsers  map[identity.OktaID]*state.PushedUser
	PushedGroups map[identity.GroupID]*state.PushedGroup

	Forgotten map[identity.OktaID]*state.Forgotten
	Undone    map[string]*state.Undone // by subject
	Unlinked  map[identity.OktaID]*state.Unlinked

	Connection *state.Connection
	Pause      *state.Pause   // zero: the end of one
	Window     *state.Window  // made of Spent when they are committed
	Spent      map[string]int // unasked removals for the guard's window, by the guard's kind
	Log        []state.Change
}

func newNotes() Notes {
	return Notes{
		Users:   map[identity.OktaID]*state.User{},
		Groups:  map[identity.GroupID]*state.Group{},
		Members: map[identity.GroupID]map[identity.OktaID]*state.Member{},
		Holds:   map[string]*state.Hold{},
		Failing: map[string]*state.Failure{},
		Leavers: map[identity.OktaID]*state.Leaver{},
		Spent:   map[string]int{},

		PushedUsers:  map[identity.OktaID]*state.PushedUser{},
		PushedGroups: map[identity.GroupID]*state.PushedGroup{},

		Forgotten: map[identity.OktaID]*state.Forgotten{},
		Undone:    map[string]*state.Undone{},
		Unlinked:  map[identity.OktaID]*state.Unlinked{},
	}
}

// spend counts unasked removals for the guard's window.
func (n Notes) spend(kind string, count int) {
	if count > 0 {
		n.Spent[kind] += count
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

// count brings the number of each group's present members in line with the
// notes. Whatever is noted of a member, l must know the member's place before.
func (n Notes) count(l *Ledger) {
	for id, g := range n.Groups {
		if before, known := l.Groups[id]; known && g != nil && len(n.Members[id]) == 0 {
			same := *g
			same.Present = before.Present
			n.group(id, same)
		}
	}
	for id, members := range n.Members {
		g, noted := n.Groups[id]
		if noted && g == nil {
			continue // the group is forgotten
		}
		change := 0
		for u, m := range members {
			if l.Members[id][u].Omni == state.Present {
				change--
			}
			if m != nil && m.Omni == state.Present {
				change++
			}
		}
		if !noted && change == 0 {
			continue
		}
		counted := l.Groups[id]
		if noted {
			counted = *g
		}
		counted.Present = l.Groups[id].Present + change
		n.group(id, counted)
	}
}

// batches gives the notes as writes, in a fixed order, cut to sizes that every
// store takes at once. Log and window come with the first batch, so that what
// was done and what it counts for are written in one step.
func (n Notes) batches() []state.Batch {
	var b state.Batch
	if n.Connection != nil {
		state.Put(&b, state.Meta, metaConnection, *n.Connection)
	}
	if n.Pause != nil && n.Pause.Since.IsZero() {
		b.Remove(state.Meta, metaPause)
	} else if n.Pause != nil {
		state.Put(&b, state.Meta, metaPause, *n.Pause)
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
	for _, id := range slices.Sorted(maps.Keys(n.Users)) {
		if u := n.Users[id]; u != nil {
			state.PutUser(&b, id, *u)
		} else {
			state.RemoveUser(&b, id)
		}
	}
	put(&b, state.Groups, n.Groups)
	put(&b, state.Holds, n.Holds)
	put(&b, state.Failing, n.Failing)
	put(&b, state.Leavers, n.Leavers)
	put(&b, state.PushedUsers, n.PushedUsers)
	put(&b, state.PushedGroups, n.PushedGroups)
	put(&b, state.Forgets, n.Forgotten)
	put(&b, state.Undoes, n.Undone)
	put(&b, state.Unlinks, n.Unlinked)
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

// leave drops what is noted about the subjects.
func (n Notes) leave(subjects map[string]bool) {
	if len(subjects) == 0 {
		return
	}
	maps.DeleteFunc(n.Users, func(id identity.OktaID, _ *state.User) bool { return subjects[userSubject(id)] })
	maps.DeleteFunc(n.Groups, func(id identity.GroupID, _ *state.Group) bool { return subjects[groupSubject(id)] })
	maps.DeleteFunc(n.Leavers, func(id identity.OktaID, _ *state.Leaver) bool { return subjects[userSubject(id)] })
	maps.DeleteFunc(n.Failing, func(subject string, _ *state.Failure) bool { return subjects[subject] })
	maps.DeleteFunc(n.Holds, func(key string, _ *state.Hold) bool {
		return slices.ContainsFunc(subjectsOf(key), func(s string) bool { return subjects[s] })
	})
	for g, members := range n.Members {
		before := len(members)
		maps.DeleteFunc(members, func(u identity.OktaID, _ *state.Member) bool {
			return subjects[groupSubject(g)] || subjects[userSubject(u)] || subjects[memberKey(g, u)]
		})
		if rec := n.Groups[g]; rec != nil && len(members) < before {
			again := *rec
			again.AsOf = time.Time{} // not all that was read is known: it is read again next time
			n.Groups[g] = &again
		}
	}
}

// join adds what later notes say, which counts where both say something.
func (n *Notes) join(later Notes) {
	maps.Copy(n.Users, later.Users)
	maps.Copy(n.Groups, later.Groups)
	for g, members := range later.Members {
		if n.Members[g] == nil {
			n.Members[g] = map[identity.OktaID]*state.Member{}
		}
		maps.Copy(n.Members[g], members)
	}
	maps.Copy(n.Holds, later.Holds)
	maps.Copy(n.Failing, later.Failing)
	maps.Copy(n.Leavers, later.Leavers)
	maps.Copy(n.PushedUsers, later.PushedUsers)
	maps.Copy(n.PushedGroups, later.PushedGroups)
	maps.Copy(n.Forgotten, later.Forgotten)
	maps.Copy(n.Undone, later.Undone)
	maps.Copy(n.Unlinked, later.Unlinked)
	for kind, count := range later.Spent {
		n.spend(kind, count)
	}
	n.Log = append(n.Log, later.Log...)
	if later.Connection != nil {
		n.Connection = later.Connection
	}
	if later.Pause != nil {
		n.Pause = later.Pause
	}
}

// clone gives notes that can be added to.
func (n Notes) clone() Notes {
	c := newNotes()
	c.join(n)
	return c
}

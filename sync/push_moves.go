package sync

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// moves is what an edit does to a group's members: who is one afterwards and wasn't
// before, and the reverse.
type moves struct {
	joined, left []identity.OktaID
	again        []identity.OktaID // named by the edit, and as Okta had them: Omni may differ
	waiting      []string          // SCIM ids that nobody is known under, afterwards
	open         bool              // not all of it can be applied now
}

// people are all whom the edit is about.
func (m moves) people() map[identity.OktaID]bool {
	ids := map[identity.OktaID]bool{}
	for _, list := range [][]identity.OktaID{m.joined, m.left, m.again} {
		for _, id := range list {
			ids[id] = true
		}
	}
	return ids
}

// onlyLeave reports whether the edit takes members away and does nothing else.
func (m moves) onlyLeave() bool { return len(m.joined) == 0 && len(m.left) > 0 }

func (m moves) crowd(w grouping, l *Ledger) Crowd {
	return Crowd{Name: w.want.DisplayName, Mapping: l.Groups[w.key].Mapping, Joined: m.joined, Left: m.left, Certain: true}
}

// moves follows the steps of an edit over those whom they name, or over everybody
// where a step names all. It reads the rows that it needs into the ledger.
func (x *errand) moves(ctx context.Context, w grouping) (moves, error) {
	store, l := x.pushes.engine.o.Store, x.ledger
	known, unknown := x.pushes.book.membersOf(w.steps)
	whole := w.all || slices.ContainsFunc(w.steps, func(s identity.MemberEdit) bool { return s.All })
	if whole {
		if err := l.fetchCrowd(ctx, store, w.key); err != nil {
			return moves{}, err
		}
	} else if err := l.fetchRowsOf(ctx, store, w.key, append(known, w.look).all()); err != nil {
		return moves{}, err
	}
	before := map[identity.OktaID]bool{}
	for id, m := range l.Members[w.key] {
		if m.Okta {
			before[id] = true
		}
	}
	after, waiting := maps.Clone(before), map[string]bool{}
	for _, id := range w.was.Waiting {
		waiting[id] = true
	}
	for i, step := range w.steps {
		if step.All {
			clear(after)
			clear(waiting)
		}
		for _, id := range known[i] {
			change(after, id, step.Remove)
		}
		for _, id := range unknown[i] {
			change(waiting, id, step.Remove)
		}
	}
	arrived, still := x.pushes.book.membersOf([]identity.MemberEdit{{IDs: slices.Sorted(maps.Keys(waiting))}})
	for _, id := range arrived[0] {
		after[id] = true
	}
	m, named := moves{waiting: still[0]}, append(known, w.look).all()
	for id, row := range l.Members[w.key] {
		if before[id] == after[id] && (named[id] || w.all && !row.Settled()) {
			m.again = append(m.again, id)
		}
	}
	for id := range after {
		if !before[id] {
			m.joined = append(m.joined, id)
		}
	}
	for id := range before {
		if !after[id] {
			m.left = append(m.left, id)
		}
	}
	slices.Sort(m.joined)
	slices.Sort(m.left)
	return m, nil
}

func change[K comparable](set map[K]bool, key K, remove bool) {
	if remove {
		delete(set, key)
	} else {
		set[key] = true
	}
}

// editMembers are the users whom each step of an edit names.
type editMembers [][]identity.OktaID

func (s editMembers) all() map[identity.OktaID]bool {
	ids := map[identity.OktaID]bool{}
	for _, list := range s {
		for _, id := range list {
			ids[id] = true
		}
	}
	return ids
}

// membersOf finds the users of the SCIM ids, step by step, and the ids that nobody
// is known under.
func (b *book) membersOf(steps []identity.MemberEdit) (known editMembers, unknown [][]string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	known, unknown = make(editMembers, len(steps)), make([][]string, len(steps))
	for i, s := range steps {
		for _, id := range s.IDs {
			key, ok := b.users.ids[id]
			if !ok {
				key, ok = b.users.omnis[id]
			}
			if ok {
				known[i] = append(known[i], key)
			} else {
				unknown[i] = append(unknown[i], id)
			}
		}
	}
	return known, unknown
}

// Group gives what was accepted of the group with this SCIM id; of one that Omni has
// and nobody is linked to, what Omni tells.
func (p *Pushes) Group(ctx context.Context, id string, members bool) (identity.PushedGroup, error) {
	key, g, team, err := p.groupResource(ctx, id)
	switch {
	case err != nil || !members:
		return g.PushedGroup, err
	case team != nil:
		return ofTeam(*team), nil
	}
	return p.withMembers(ctx, key, g)
}

// withMembers adds the members who were accepted.
func (p *Pushes) withMembers(ctx context.Context, key identity.GroupID, g state.PushedGroup) (identity.PushedGroup, error) {
	g.Members = []identity.Ref{}
	for m, err := range state.All[state.Member](ctx, p.engine.o.Store, state.Members(key)) {
		if err != nil {
			return g.PushedGroup, err
		}
		if !m.Value.Okta {
			continue
		}
		if id := p.book.scimID(identity.OktaID(m.Key)); id != "" {
			g.Members = append(g.Members, identity.Ref{ID: id})
		}
	}
	for _, id := range g.Waiting {
		g.Members = append(g.Members, identity.Ref{ID: id})
	}
	slices.SortFunc(g.Members, func(a, b identity.Ref) int { return cmp.Compare(a.ID, b.ID) })
	return g.PushedGroup, nil
}

package sync

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// moves is what an edit does to a group's members: who is one afterwards and wasn't
// before, and the reverse.
type moves struct {
	joined, left []identity.OktaID
	again        []identity.OktaID // named by the edit, and as Okta had them: Omni may differ
	comes        bool              // somebody of again is a member, whom Omni may lack
	waiting      []string          // SCIM ids that nobody is known under, afterwards
	open         bool              // not all of it can be applied now
	found        []identity.OktaID // whom SCIM ids of the edit named
	strangers    []string          // SCIM ids of members who are to go and whom nobody is linked to
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
func (m moves) onlyLeave() bool {
	return len(m.joined) == 0 && !m.comes && len(m.left)+len(m.again) > 0
}

// desired is the group as Okta wants it, with those whom the edit is about and who
// aren't about to leave.
func (m moves) desired(w grouping, l *Ledger) Desired {
	c := Crowd{Name: w.want.DisplayName, Type: l.Groups[w.key].Type, Mapping: l.Groups[w.key].Mapping, Joined: m.joined, Left: m.left, Certain: true}
	d := Desired{Users: map[identity.OktaID]Person{}, Groups: map[identity.GroupID]Crowd{w.key: c}}
	for id := range m.people() {
		if u := l.Users[id]; u.Omni != "" && u.Unassigned == nil {
			d.Users[id] = Person{Standing: identity.Assigned, User: u.User, InScope: true}
		}
	}
	return d
}

// movesInTurn gives the moves with the turn on everybody whom they are about. Who was
// brought under another key before the turn came is found again under that.
func (x *errand) movesInTurn(ctx context.Context, w grouping) (m moves, done func(), err error) {
	p := x.pushes
	for range tries {
		if m, err = x.moves(ctx, w); err != nil {
			return m, nil, err
		}
		done, err = p.engine.turns.takeMore(ctx, userSubjects(m.people())...)
		if err != nil {
			return m, nil, p.late(err, groupSubject(w.key))
		}
		if !slices.ContainsFunc(m.found, p.unlinked) {
			return m, done, nil
		}
		done()
	}
	return m, nil, &fault.Error{Kind: fault.Unavailable, Op: w.want.DisplayName, Detail: "its members are being changed all the time", After: time.Second}
}

// moves follows the steps of an edit over those whom they name, or over everybody
// where a step names all. It reads the rows that it needs into the ledger.
func (x *errand) moves(ctx context.Context, w grouping) (moves, error) {
	book := x.pushes.book
	known, unknown := book.membersOf(w.steps)
	named := append(known, w.look).all()
	if err := x.fetchMembers(ctx, w, named); err != nil {
		return moves{}, err
	}
	x.takeOver(w)
	before, after, waiting := map[identity.OktaID]bool{}, map[identity.OktaID]bool{}, map[string]bool{}
	for id, m := range x.ledger.Members[w.key] {
		if m.Okta {
			before[id], after[id] = true, true
		}
	}
	for _, id := range w.was.Waiting {
		waiting[id] = true
	}
	for i, step := range w.steps {
		if step.All {
			clear(after)
			clear(waiting)
		}
		change(after, known[i], step.Remove)
		change(waiting, unknown[i], step.Remove)
	}
	arrived, still := book.membersOf([]identity.MemberEdit{{IDs: slices.Sorted(maps.Keys(waiting))}})
	change(after, arrived[0], false)
	m := moves{waiting: still[0], found: slices.Concat(slices.Concat(known...), arrived[0]), joined: without(after, before), left: without(before, after)}
	for id, row := range x.ledger.Members[w.key] {
		if before[id] == after[id] && (named[id] || w.all && !row.Settled()) {
			m.again, m.comes = append(m.again, id), m.comes || row.Okta && !row.Settled()
		}
	}
	if w.team != nil {
		m.open, m.strangers = len(m.left) > 0, strangersIn(*w.team, w.steps, unknown)
	}
	return m, nil
}

// takeOver counts the members of a group of Omni's own as those whom Okta has in it:
// Okta speaks of it because it pushed it before, and now tells what changes.
func (x *errand) takeOver(w grouping) {
	if w.team == nil {
		return
	}
	rows := x.ledger.rows(w.key)
	for _, key := range x.pushes.book.owners(w.team.Members) {
		if (rows[key] == state.Member{}) {
			rows[key] = state.Member{Okta: true, Omni: state.Present}
		}
	}
}

// strangersIn gives those whom an edit takes out of the team although they aren't ours.
func strangersIn(team identity.Team, steps []identity.MemberEdit, unknown [][]string) []string {
	var list []string
	for i, step := range steps {
		for _, id := range unknown[i] {
			if step.Remove && slices.Contains(team.Members, identity.OmniID(id)) {
				list = append(list, id)
			}
		}
	}
	return list
}

// fetchMembers reads the places of those whom an edit names, or everybody's where
// it says who all of them are.
func (x *errand) fetchMembers(ctx context.Context, w grouping, named map[identity.OktaID]bool) error {
	store := x.pushes.engine.o.Store
	unlinked := x.ledger.Groups[w.key].Omni == "" // what stands in Omni is found with all its members
	if w.all || unlinked || slices.ContainsFunc(w.steps, func(s identity.MemberEdit) bool { return s.All }) {
		return x.ledger.fetchCrowd(ctx, store, w.key)
	}
	return x.ledger.fetchRowsOf(ctx, store, w.key, named)
}

// without gives those of a who aren't in b, sorted.
func without(a, b map[identity.OktaID]bool) []identity.OktaID {
	var list []identity.OktaID
	for id := range a {
		if !b[id] {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}

func change[K comparable](set map[K]bool, keys []K, remove bool) {
	for _, key := range keys {
		if remove {
			delete(set, key)
		} else {
			set[key] = true
		}
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
			if key, ok := b.holder(id); ok {
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
	r, err := p.groupResource(ctx, id)
	switch {
	case err != nil || !members:
		return r.group.PushedGroup, err
	case r.team != nil:
		return ofTeam(*r.team), nil
	}
	return p.withMembers(ctx, r.key, r.group)
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

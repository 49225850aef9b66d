package sync

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"pgregory.net/rapid"
)

// stored is a drawn world whose ledger stands in a store, as runs leave it.
type stored struct {
	world
	engine *Engine
}

// printOf stands in for the print of what Okta shows: equal persons, equal prints.
func printOf(p Person) identity.Print {
	p.Print = identity.Print{}
	return identity.PrintOf(fmt.Append(nil, p))
}

// storedWorld draws a world and stores its ledger, then does a run or two on it,
// each of which may be stopped at any change and killed before its end.
func storedWorld(t *rapid.T, store state.Store, fence state.Fence) (stored, error) {
	w := drawWorld(t)
	s := stored{w, &Engine{o: Options{Archive: &Recollection{}, Store: store, Fence: fence}, policy: testPolicy(), locks: newLocks()}}
	all := newNotes()
	for id, u := range w.Ledger.Users {
		all.user(id, u)
	}
	for id, g := range w.Ledger.Groups {
		all.group(id, g)
	}
	for id, members := range w.Ledger.Members {
		for u, m := range members {
			all.member(id, u, m)
		}
	}
	s.Ledger = newLedger()
	if err := s.engine.commit(t.Context(), s.Ledger, all); err != nil {
		return s, err
	}
	d := w.Desired
	d.AllUsers, d.AllGroups = true, true
	for id, p := range d.Users {
		p.Print = printOf(p)
		d.Users[id] = p
	}
	err := s.run(t, d)
	if err == nil && rapid.Bool().Draw(t, "twice") {
		d.Users, d.Groups = s.shown(t)
		err = s.run(t, d)
	}
	return s, err
}

func (s stored) run(t *rapid.T, d Desired) error {
	m := &model{ledger: s.Ledger, next: 10 * len(s.Ledger.Users), commit: func(n Notes) error { return s.engine.commit(t.Context(), s.Ledger, n) }}
	if err := m.commit(observe(d, s.Ledger, noon)); err != nil {
		return err
	}
	plan := Plan(d, s.Ledger, s.engine.policy)
	plan = plan[:rapid.IntRange(0, len(plan)).Draw(t, "done")]
	if err := m.apply(plan); err != nil {
		return err
	}
	if rapid.IntRange(0, 2).Draw(t, "killed") == 0 {
		return nil
	}
	left := Plan(d, s.Ledger, s.engine.policy)
	n := newNotes()
	n.unsettled(d, s.Ledger)
	n.opened(d, s.Ledger)
	if err := m.commit(n); err != nil {
		return err
	}
	return m.commit(inLine(d, s.Ledger, left, s.engine.policy))
}

// shown is what a later run reads: some users changed, some went, some groups moved.
func (s stored) shown(t *rapid.T) (users map[identity.OktaID]Person, groups map[identity.GroupID]Crowd) {
	users, groups = map[identity.OktaID]Person{}, map[identity.GroupID]Crowd{}
	for _, id := range slices.Sorted(maps.Keys(s.Desired.Users)) {
		switch rapid.IntRange(0, 5).Draw(t, "what becomes of "+string(id)) {
		case 0: // unassigned
		case 1:
			other := drawWorld(t).Desired.Users
			if p, ok := other[id]; ok {
				p.Print = printOf(p)
				users[id] = p
				continue
			}
			fallthrough
		default:
			p := s.Desired.Users[id]
			p.Print = printOf(p)
			users[id] = p
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.Desired.Groups)) {
		c := s.Desired.Groups[id]
		c.Read, c.Joined, c.Left = rapid.Bool().Draw(t, "moved"), nil, nil
		if c.Read {
			for i := range 7 {
				u := identity.OktaID(fmt.Sprintf("u%d", i))
				known := s.Ledger.Members[id][u].Okta
				switch in := rapid.Bool().Draw(t, "member"); {
				case in && !known:
					c.Joined = append(c.Joined, u)
				case !in && known:
					c.Left = append(c.Left, u)
				}
			}
		}
		if rapid.IntRange(0, 5).Draw(t, "unpushed") > 0 {
			groups[id] = c
		}
	}
	return users, groups
}

// plan recalls the ledger, whole or in part, and plans as a run does.
func (s stored) plan(t *rapid.T, whole bool, users map[identity.OktaID]Person, groups map[identity.GroupID]Crowd) ([]Change, error) {
	l, err := recall(t.Context(), s.engine.o.Store, whole)
	if err != nil {
		return nil, err
	}
	if err := l.fetchMarks(t.Context(), s.engine.o.Store); err != nil {
		return nil, err
	}
	d := Desired{Users: map[identity.OktaID]Person{}, Same: map[identity.OktaID]int32{}, AllUsers: true, AllGroups: true, Groups: groups}
	for id, p := range users {
		if p.Print = printOf(p); l.Marks[id].Seen == p.Print {
			d.Same[id] = 0
		} else {
			d.Users[id] = p
		}
	}
	if !whole { // as the reader of a group leaves them
		for id, c := range groups {
			if !c.Read {
				continue
			}
			moved := slices.Concat(c.Joined, c.Left)
			for k, err := range state.All[state.Member](t.Context(), s.engine.o.Store, state.Members(id)) {
				if err != nil {
					return nil, err
				}
				if u := identity.OktaID(k.Key); !k.Value.Settled() || slices.Contains(moved, u) {
					l.rows(id)[u] = k.Value
				}
			}
		}
	}
	if err := s.engine.gather(t.Context(), &d, l); err != nil {
		return nil, err
	}
	l.Take(observe(d, l, noon))
	return Plan(d, l, s.engine.policy), nil
}

// PlanTheSame draws a ledger into an empty store, and fails unless a run that
// keeps only those of it in memory who may matter plans what one that keeps
// everybody plans.
func PlanTheSame(t *rapid.T, store state.Store, fence state.Fence) {
	s, err := storedWorld(t, store, fence)
	if err != nil {
		t.Fatal(err)
	}
	users, groups := s.shown(t)
	want, err := s.plan(t, true, users, groups)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.plan(t, false, users, groups)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("the whole ledger plans\n%s\na part of it\n%s\n%s", list(want), list(got), diff)
	}
}

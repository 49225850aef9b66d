package sync

import (
	"context"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// sync drops the groups that aren't synced. With names to choose by, one that was
// touched itself may be from now on.
func (t *touched) sync(known map[identity.GroupID]int, named bool) {
	for g := range t.members {
		if _, ours := known[g]; !ours {
			delete(t.members, g)
		}
	}
	for g := range t.lists {
		if _, ours := known[g]; !ours {
			delete(t.lists, g)
		}
	}
	for g := range t.groups {
		if _, ours := known[g]; !ours && !named {
			delete(t.groups, g)
		}
	}
}

// prune drops what needs no look: accounts of those who aren't assigned, and groups that
// aren't synced.
func (e *Engine) prune(ctx context.Context, t *touched) error {
	w := &e.watch
	w.mu.Lock()
	c, outside := w.census, w.outside
	w.mu.Unlock()
	if c != nil {
		t.sync(c.crowds, e.policy.Groups.source(w.theApp()) == fromMatch)
	}
	known := map[identity.OktaID]bool{}
	for _, id := range t.people() {
		there := outside[id]
		if !there {
			var err error
			if _, there, err = e.o.Store.Get(ctx, state.Marks, string(id)); err != nil {
				return err
			}
		}
		known[id] = there
	}
	t.keep(known)
	return nil
}

// people names everybody who was touched, but for those whose assignment was.
func (t *touched) people() []identity.OktaID {
	ids := map[identity.OktaID]bool{}
	for id, h := range t.users {
		ids[id] = ids[id] || !h.direct
	}
	for _, members := range t.members {
		for id := range members {
			ids[id] = ids[id] || !t.users[id].direct
		}
	}
	maps.DeleteFunc(ids, func(_ identity.OktaID, ask bool) bool { return !ask })
	return slices.Sorted(maps.Keys(ids))
}

// keep drops whoever isn't known, but for those whose assignment was touched.
func (t *touched) keep(known map[identity.OktaID]bool) {
	needless := func(id identity.OktaID) bool { return !known[id] && !t.users[id].direct }
	maps.DeleteFunc(t.users, func(id identity.OktaID, _ hint) bool { return needless(id) })
	for g, members := range t.members {
		maps.DeleteFunc(members, func(id identity.OktaID, _ hint) bool { return needless(id) })
		if len(members) == 0 {
			delete(t.members, g)
		}
	}
}

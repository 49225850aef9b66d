package sync

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"golang.org/x/sync/errgroup"
)

// crowdReader reads the members of groups.
type crowdReader struct {
	engine   *Engine
	follower *follower
	source   Source // whose members are read
	ledger   *Ledger
	all      bool // also of those that didn't move
	counted  bool // all are compared with usersCount

	mu     sync.Mutex // of what follows, and of the ledger's members
	crowds map[identity.GroupID]Crowd
	doubts []string
	short  int // of doubts, those about groups that are short
}

const (
	// rereadings is how often a group that moves while it is read is read again.
	rereadings = 3
	// readers is how many groups are read at once: twice as many as Okta gets requests, so that some compare while others wait.
	readers = 8
)

// read completes the crowds: with what the ledger knows where a group didn't
// move, else with its members.
func (cr *crowdReader) read(ctx context.Context, objects map[identity.GroupID]identity.Group) {
	moved := map[identity.GroupID]identity.Group{}
	for id, c := range cr.crowds {
		object := objects[id]
		c.seen(object)
		known, short := cr.ledger.Groups[id].AsOf, cr.ledger.Groups[id].Short
		if cr.crowds[id] = c; cr.spared(id) {
			c.Compared, short = true, state.Short{}
		}
		switch {
		case c.Gone || c.Paused:
		case !cr.all && short == state.Short{} && !known.IsZero() && known.Equal(object.MembershipUpdated):
			c.AsOf, c.Certain = known, true
		default:
			c.Certain = false // until it was read
			moved[id] = object
		}
		cr.crowds[id] = c
	}
	cr.follower.expect(stepMembers, len(moved))
	for range rereadings {
		moved = cr.round(ctx, moved)
	}
	for id := range moved {
		if c := cr.crowds[id]; !c.short() {
			cr.doubt(id, "it changed each time it was read")
		}
	}
	for id, c := range cr.crowds {
		if c.Read && c.short() {
			cr.short++
			cr.doubt(id, miscounted(c.Short))
		}
	}
}

// round reads the members of the groups once, and gives the groups that moved
// meanwhile. Those that didn't are completely known.
func (cr *crowdReader) round(ctx context.Context, groups map[identity.GroupID]identity.Group) map[identity.GroupID]identity.Group {
	if len(groups) == 0 {
		return nil
	}
	sizes := map[identity.GroupID]int{}
	cr.each(maps.Keys(groups), func(id identity.GroupID) {
		c, size, err := cr.compare(ctx, cr.crowd(id), id)
		cr.follower.count(stepMembers, 1)
		cr.mu.Lock()
		defer cr.mu.Unlock()
		cr.crowds[id] = c
		if err == nil {
			sizes[id] = size
			return
		}
		cr.doubt(id, err.Error())
	})
	after, err := cr.again(ctx, slices.Sorted(maps.Keys(sizes)))
	again := map[identity.GroupID]identity.Group{}
	for id := range sizes {
		c, now := cr.crowds[id], after[id]
		switch {
		case err != nil:
			cr.doubt(id, err.Error())
		case now.Gone():
			c.Gone, c.Told = true, now.Origin
		case now.MembershipUpdated.IsZero():
			cr.doubt(id, "Okta doesn't tell when they changed")
		case now.MembershipUpdated.Equal(groups[id].MembershipUpdated):
			c.AsOf = cr.engine.asOf(now.MembershipUpdated)
			if stands := cr.measure(&c, now, sizes[id]); !stands {
				again[id] = now
			}
		default:
			again[id] = now
		}
		cr.crowds[id] = c
	}
	cr.each(maps.Keys(sizes), func(id identity.GroupID) { cr.prove(ctx, id, sizes[id]) })
	return again
}

// each does work for every id, several at once.
func (cr *crowdReader) each(ids iter.Seq[identity.GroupID], work func(identity.GroupID)) {
	together(readers, slices.Sorted(ids), func(_ int, id identity.GroupID) { work(id) })
}

// together does work for each of ids, with its place among them, so many at once. What
// goes wrong is the work's own.
func together[K any](most int, ids []K, work func(i int, id K)) {
	var running errgroup.Group
	running.SetLimit(most)
	for i, id := range ids {
		running.Go(func() error {
			work(i, id)
			return nil
		})
	}
	_ = running.Wait()
}

func (cr *crowdReader) crowd(id identity.GroupID) Crowd {
	cr.mu.Lock()
	defer cr.mu.Unlock()
	return cr.crowds[id]
}

// doubt notes why nobody is removed from the group. The lock is held, or nobody
// else is at work.
func (cr *crowdReader) doubt(id identity.GroupID, why string) {
	cr.doubts = append(cr.doubts, fmt.Sprintf("the members of group %q are not completely known, so nobody is removed from it: %s", cr.crowds[id].Name, why))
}

// compare reads the members and tells who joined and who left since the ledger
// was written. Of the ledger's members only those who may matter stay in memory.
// It gives the number of members too.
func (cr *crowdReader) compare(ctx context.Context, c Crowd, id identity.GroupID) (Crowd, int, error) {
	joined := map[identity.OktaID]int32{}
	var listed pages
	var broken error
	for m, err := range cr.source.Members(ctx, id) {
		if err != nil {
			broken = err // who was listed counts all the same
			break
		}
		joined[m.User] = listed.number(m.Origin)
	}
	c.Read, c.Left, c.Short = true, nil, state.Short{}
	size := len(joined)
	matter := map[identity.OktaID]state.Member{}
	for k, err := range cr.known(ctx, id) {
		if err != nil {
			return c, size, err
		}
		u := identity.OktaID(k.Key)
		_, there := joined[u]
		if there && k.Value.Okta {
			delete(joined, u)
		}
		if !there && k.Value.Okta {
			c.Left = append(c.Left, u)
		}
		if there != k.Value.Okta || !k.Value.Settled() {
			matter[u] = k.Value
		}
	}
	c.Joined = slices.Sorted(maps.Keys(joined))
	slices.Sort(c.Left)
	c.Listed = listed.of(c.Joined, joined)
	cr.keep(id, matter)
	return c, size, broken
}

// known gives the group's members in the ledger.
func (cr *crowdReader) known(ctx context.Context, id identity.GroupID) iter.Seq2[state.Keyed[state.Member], error] {
	if !cr.ledger.Whole {
		return state.All[state.Member](ctx, cr.engine.o.Store, state.Members(id))
	}
	return func(yield func(state.Keyed[state.Member], error) bool) {
		for u, m := range cr.ledger.Members[id] {
			if !yield(state.Keyed[state.Member]{Key: string(u), Value: m}, nil) {
				return
			}
		}
	}
}

// keep puts members into the ledger in memory.
func (cr *crowdReader) keep(id identity.GroupID, matter map[identity.OktaID]state.Member) {
	if cr.ledger.Whole {
		return
	}
	cr.mu.Lock()
	defer cr.mu.Unlock()
	maps.Copy(cr.ledger.rows(id), matter)
}

// sample is how many of those who are missing are asked for one by one.
const sample = 20

// prove keeps the reading certain only when those who are missing from it are
// really gone: some of them, drawn at random, are asked for their own groups,
// and an empty group must be empty by Okta's own count.
func (cr *crowdReader) prove(ctx context.Context, id identity.GroupID, size int) {
	c := cr.crowd(id)
	if !c.Certain || len(c.Left) == 0 {
		return
	}
	proofs, why := cr.proofs(ctx, id, size, c.Left)
	c.Listed.proofs = proofs
	cr.mu.Lock()
	defer cr.mu.Unlock()
	if why != "" {
		c.Certain = false
		cr.doubt(id, why)
	}
	cr.crowds[id] = c
}

// proofs tells where Okta said of those who were asked for that they are not in
// the group, or the contradiction.
func (cr *crowdReader) proofs(ctx context.Context, id identity.GroupID, size int, missing []identity.OktaID) (map[identity.OktaID]identity.Origin, string) {
	if size == 0 {
		n, err := cr.engine.o.Okta.GroupSize(ctx, id)
		if err != nil {
			return nil, err.Error()
		}
		if n != 0 {
			return nil, fmt.Sprintf("the list is empty, but Okta counts %d", n)
		}
	}
	proofs := map[identity.OktaID]identity.Origin{}
	for _, u := range draw(missing, sample) {
		groups, from, err := cr.engine.o.Okta.GroupsOf(ctx, u)
		if fault.Is(err, fault.NotFound) {
			err = cr.engine.inNoGroup(ctx, u)
		}
		if err != nil {
			return nil, err.Error()
		}
		if slices.Contains(groups, id) {
			return nil, fmt.Sprintf("user %s is missing from the list, but is in the group", u)
		}
		proofs[u] = from
	}
	return proofs, ""
}

// draw gives up to n of the ids at random. Chance is wanted here: whoever cuts
// a list can't know who will be asked for.
func draw[T any](ids []T, n int) []T {
	ids = slices.Clone(ids)
	rand.Shuffle(len(ids), func(i, k int) { ids[i], ids[k] = ids[k], ids[i] })
	return ids[:min(n, len(ids))]
}

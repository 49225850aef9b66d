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
)

// crowdReader reads the members of groups.
type crowdReader struct {
	engine *Engine
	ledger *Ledger
	all    bool // also of those that didn't move

	mu sync.Mutex // of the ledger's members
}

// rereadings is how often a group that moves while it is read is read again.
const rereadings = 3

// read completes c: with what the ledger knows where the group didn't move, else
// with its members, as complete only when it didn't move meanwhile.
func (cr *crowdReader) read(ctx context.Context, c Crowd, object identity.Group) (Crowd, []string) {
	if c.Paused {
		return c, nil
	}
	if known := cr.ledger.Groups[object.ID].AsOf; !cr.all && !known.IsZero() && known.Equal(object.MembershipUpdated) {
		c.Certain, c.AsOf = true, known
		return c, nil
	}
	doubt := ""
	for range rereadings {
		size, err := cr.compare(ctx, &c, object.ID)
		if err != nil {
			doubt = err.Error()
			break
		}
		after, err := cr.engine.o.Okta.Groups(ctx, []identity.GroupID{object.ID})
		if err != nil {
			doubt = err.Error()
			break
		}
		again, ok := after[object.ID]
		switch {
		case !ok:
			c.Gone = true
			return c, nil
		case again.MembershipUpdated.IsZero():
			return c, []string{fmt.Sprintf("Okta doesn't tell when the members of group %q changed, so nobody is removed from it", c.Name)}
		case again.MembershipUpdated.Equal(object.MembershipUpdated):
			c.AsOf, c.Certain = again.MembershipUpdated, true
			return cr.proven(ctx, c, object.ID, size)
		}
		object, doubt = again, "it changed each time it was read"
	}
	return c, []string{fmt.Sprintf("the members of group %q are not completely known, so nobody is removed from it: %s", c.Name, doubt)}
}

// compare reads the members and tells who joined and who left since the ledger
// was written. Of the ledger's members only those who may matter stay in memory.
// It gives the number of members.
func (cr *crowdReader) compare(ctx context.Context, c *Crowd, id identity.GroupID) (int, error) {
	joined := map[identity.OktaID]bool{}
	var broken error
	for u, err := range cr.engine.o.Okta.Members(ctx, id) {
		if err != nil {
			broken = err // who was listed counts all the same
			break
		}
		joined[u] = true
	}
	c.Read, c.Left = true, nil
	size := len(joined)
	matter := map[identity.OktaID]state.Member{}
	for k, err := range cr.known(ctx, id) {
		if err != nil {
			return size, err
		}
		u := identity.OktaID(k.Key)
		listed := joined[u]
		if listed && k.Value.Okta {
			delete(joined, u)
		}
		if !listed && k.Value.Okta {
			c.Left = append(c.Left, u)
		}
		if listed != k.Value.Okta || !k.Value.Settled() {
			matter[u] = k.Value
		}
	}
	c.Joined = slices.Sorted(maps.Keys(joined))
	slices.Sort(c.Left)
	cr.keep(id, matter)
	return size, broken
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

// proven keeps the reading certain only when those who are missing from it are
// really gone: some of them, drawn at random, are asked for their own groups,
// and an empty group must be empty by Okta's own count.
func (cr *crowdReader) proven(ctx context.Context, c Crowd, id identity.GroupID, size int) (Crowd, []string) {
	if len(c.Left) == 0 {
		return c, nil
	}
	if why := cr.contradiction(ctx, id, size, c.Left); why != "" {
		c.Certain = false
		return c, []string{fmt.Sprintf("the members of group %q can't be believed, so nobody is removed from it: %s", c.Name, why)}
	}
	return c, nil
}

func (cr *crowdReader) contradiction(ctx context.Context, id identity.GroupID, size int, missing []identity.OktaID) string {
	if size == 0 {
		n, err := cr.engine.o.Okta.GroupSize(ctx, id)
		if err != nil {
			return err.Error()
		}
		if n != 0 {
			return fmt.Sprintf("the list is empty, but Okta counts %d", n)
		}
	}
	for _, u := range draw(missing, sample) {
		groups, err := cr.engine.o.Okta.GroupsOf(ctx, u)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err.Error()
		}
		if slices.Contains(groups, id) {
			return fmt.Sprintf("user %s is missing from the list, but is in the group", u)
		}
	}
	return ""
}

// draw gives up to n of the ids at random. Chance is wanted here: whoever cuts
// a list can't know who will be asked for.
func draw[T any](ids []T, n int) []T {
	ids = slices.Clone(ids)
	rand.Shuffle(len(ids), func(i, k int) { ids[i], ids[k] = ids[k], ids[i] })
	return ids[:min(n, len(ids))]
}

package sync

import (
	"context"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// belongs is which synced groups somebody is in, for expressions that read groups.
type belongs struct {
	groups []string // Okta's names, sorted, each once
	doubt  string   // why that isn't known; "" when it is
}

// roster tells it of everybody. The zero roster tells that nobody is in any group.
type roster struct {
	names []string // sorted
	of    map[identity.OktaID][]int32
	doubt string
}

// in gives the groups of one user.
func (r *roster) in(id identity.OktaID) belongs {
	if r == nil {
		return belongs{}
	}
	b := belongs{doubt: r.doubt}
	for _, i := range r.of[id] {
		b.groups = append(b.groups, r.names[i])
	}
	b.groups = slices.Compact(slices.Sorted(slices.Values(b.groups)))
	return b
}

// roster puts together what a reading of the groups told with what the ledger knew.
// A group that certainly isn't synced any more counts no longer. Where a list of
// members is doubtful, who is missing from it counts as before.
func (e *Engine) roster(ctx context.Context, d Desired, l *Ledger) (*roster, error) {
	r := &roster{of: map[identity.OktaID][]int32{}}
	if len(d.Doubts) > d.Miscounts {
		r.doubt = "which groups the user is in isn't known, because groups could not be read whole"
	}
	names := map[identity.GroupID]string{}
	for id, g := range l.Groups {
		if isOwn(id) || !d.unpushed(id) {
			names[id] = g.Name
		}
	}
	for id, c := range d.Groups {
		if !c.Gone {
			names[id] = firstOf(c.Name, names[id])
		}
	}
	r.names = slices.Compact(slices.Sorted(maps.Values(names)))
	reader := &crowdReader{engine: e, ledger: l}
	for id, name := range names {
		n, _ := slices.BinarySearch(r.names, name)
		c := d.Groups[id]
		left := map[identity.OktaID]bool{}
		for _, u := range c.Left {
			left[u] = c.proves(u)
		}
		for m, err := range reader.known(ctx, id) {
			if err != nil {
				return nil, err
			}
			if u := identity.OktaID(m.Key); m.Value.Okta && !left[u] {
				r.of[u] = append(r.of[u], int32(n))
			}
		}
		for _, u := range c.Joined {
			r.of[u] = append(r.of[u], int32(n))
		}
	}
	return r, nil
}

// inLedger gives the groups of one user by the ledger's rows, which are in memory, and
// by what a reading has found of some of the groups.
func inLedger(l *Ledger, id identity.OktaID, d *Desired) []string {
	var names []string
	for g, rec := range l.Groups {
		c := d.Groups[g]
		_, joined := slices.BinarySearch(c.Joined, id)
		_, left := slices.BinarySearch(c.Left, id)
		in := l.Members[g][id].Okta && !(left && c.proves(id)) || joined
		if in && (isOwn(g) || !d.unpushed(g)) {
			names = append(names, firstOf(c.Name, rec.Name))
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// askGroups tells it of one user by asking Okta: of the groups that are synced. An
// error is a doubt about this user.
func (e *Engine) askGroups(ctx context.Context, id identity.OktaID) belongs {
	if !e.groupwise {
		return belongs{}
	}
	known := map[identity.GroupID]state.Group{}
	if err := collect(ctx, e.o.Store, state.Groups, known); err != nil {
		return belongs{doubt: err.Error()}
	}
	groups, _, err := e.o.Okta.GroupsOf(ctx, id)
	if err != nil {
		return belongs{doubt: err.Error()}
	}
	var b belongs
	for _, g := range groups {
		if rec, synced := known[g]; synced {
			b.groups = append(b.groups, rec.Name)
		}
	}
	b.groups = slices.Compact(slices.Sorted(slices.Values(b.groups)))
	return b
}

// in tells which groups a user is in by what the run has read of everybody. A delta has
// not: it doesn't know.
func (r *run) in(id identity.OktaID) belongs {
	if r.touched != nil {
		return belongs{doubt: "which groups the user is in wasn't read"}
	}
	return r.roster.in(id)
}

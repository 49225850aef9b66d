package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// groupsOf reads what was touched of groups:
//
//	which groups are synced was touched    as a full run does: the source's list, and members of those that moved
//	a group                                the group
//	many of its members                    the group, and unless it didn't move its members
//	few of its members                     their own groups, however large the group is
//	a user who gets an account             the groups of that user
//	a user, in no group that is named      likewise
func (r *delta) groupsOf(ctx context.Context, app identity.App) error {
	if err := r.themselves(ctx, app); err != nil {
		return err
	}
	if r.touched.selection != nil {
		r.selection(ctx, app)
		return r.leftShort(ctx)
	}
	for id := range r.touched.replan {
		if g, known := r.ledger.Groups[id]; known && !g.Paused {
			r.crowd(id)
		}
	}
	r.lists(ctx, r.touched.lists)
	if err := r.ofUsers(ctx); err != nil {
		return err
	}
	return r.leftShort(ctx)
}

// crowd gives what is desired of a group so far; at first it is as it was.
func (r *delta) crowd(id identity.GroupID) Crowd {
	c, told := r.desired.Groups[id]
	if !told {
		c = asItWas(r.ledger.Groups[id])
		r.desired.Groups[id] = c
	}
	return c
}

// themselves reads the groups that were touched. Where that may change which groups
// are synced, all of them are looked at.
func (r *delta) themselves(ctx context.Context, app identity.App) error {
	ids := slices.Sorted(maps.Keys(r.touched.groups))
	if len(ids) == 0 || r.touched.selection != nil {
		return nil
	}
	e := r.engine
	objects, err := e.o.Okta.Groups(ctx, ids)
	if ctx.Err() != nil || fault.Is(err, fault.Unauthorized) {
		return err
	}
	if err != nil {
		r.doubt(lookSelection, "the groups that were touched", err)
		return nil
	}
	for _, id := range ids {
		g, known := r.ledger.Groups[id]
		object, h := objects[id], r.touched.groups[id]
		selects := e.policy.Groups.source(app) == fromMatch && !object.Gone() && known != (e.policy.Groups.choose(object, e.o.Identity.App) == chosen)
		switch {
		case selects:
			r.touched.selection = &h
		case known && !g.Paused:
			c := r.crowd(id)
			c.seen(object)
			c.Told = after(h.event, object.Origin)
			r.desired.Groups[id] = c
		}
	}
	return nil
}

// selection reads the groups as a full run does.
func (r *delta) selection(ctx context.Context, app identity.App) {
	groups := Desired{Only: true, Groups: map[identity.GroupID]Crowd{}, Partial: app.Partial}
	r.engine.readCrowds(ctx, app, &groups, r.run)
	d := r.desired
	d.Groups, d.AllGroups, d.Chosen = groups.Groups, groups.AllGroups && !app.Partial, after(r.touched.selection.event, groups.Chosen)
	d.Doubts, d.Notes = append(d.Doubts, groups.Doubts...), append(d.Notes, groups.Notes...)
	d.Unproven = d.Unproven || groups.Unproven
	if len(groups.Doubts) > 0 {
		r.run.unread = append(r.run.unread, lookSelection)
	}
}

// lists reads the members of groups.
func (r *delta) lists(ctx context.Context, groups map[identity.GroupID]bool) {
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(groups)), func(id identity.GroupID) bool {
		g, known := r.ledger.Groups[id]
		return !known || g.Paused
	})
	if len(ids) == 0 {
		return
	}
	objects, err := r.engine.o.Okta.Groups(ctx, ids)
	if err != nil {
		for _, id := range ids {
			r.doubt(lookMembers+string(id), fmt.Sprintf("the group %q", r.ledger.Groups[id].Name), err)
		}
		return
	}
	crowds := map[identity.GroupID]Crowd{}
	for _, id := range ids {
		crowds[id] = r.crowd(id)
	}
	reader := &crowdReader{engine: r.engine, follower: r.run.follower, source: r.engine.o.Okta, ledger: r.ledger, crowds: crowds}
	reader.read(ctx, objects)
	maps.Copy(r.desired.Groups, reader.crowds)
	r.desired.Doubts = append(r.desired.Doubts, reader.doubts...)
	for id, c := range reader.crowds {
		if !c.Certain && !c.Gone && !c.short() {
			r.run.unread = append(r.run.unread, lookMembers+string(id))
		}
	}
}

// belonging is which groups one user is in, by Okta's word.
type belonging struct {
	user   identity.OktaID
	groups map[identity.GroupID]bool
	from   identity.Origin
	err    error
}

// ofUsers asks for the groups of those who were touched in a group that isn't read as
// a list, and of those who get an account.
func (r *delta) ofUsers(ctx context.Context) error {
	asked, whole := map[identity.OktaID]bool{}, map[identity.OktaID]bool{}
	for id := range r.touched.asked { // in which group something happened, nothing tells, or tells again
		asked[id], whole[id] = r.hasAccount(id), r.hasAccount(id)
	}
	for g, members := range r.touched.members {
		if _, known := r.ledger.Groups[g]; !known || r.touched.lists[g] {
			continue
		}
		for u := range members {
			asked[u] = r.hasAccount(u)
		}
	}
	for id := range r.sightings {
		if r.joins(id) {
			asked[id], whole[id] = true, true
		}
	}
	maps.DeleteFunc(asked, func(_ identity.OktaID, needed bool) bool { return !needed })
	if err := r.ledger.fetchRows(ctx, r.engine.o.Store, whole); err != nil {
		return err
	}
	for _, b := range r.belongings(ctx, slices.Sorted(maps.Keys(asked))) {
		if ctx.Err() != nil || fault.Is(b.err, fault.Unauthorized) {
			return b.err
		}
		if b.err != nil {
			r.doubt(lookGroupsOf+string(b.user), "which groups user "+string(b.user)+" is in", b.err)
			r.placeless[b.user] = b.err.Error()
			continue
		}
		if err := r.place(ctx, b, whole[b.user]); err != nil {
			return err
		}
	}
	r.lists(ctx, r.unsure)
	return nil
}

// belongings asks for several users at once.
func (r *delta) belongings(ctx context.Context, ids []identity.OktaID) []belonging {
	list := make([]belonging, len(ids))
	together(questions, ids, func(i int, id identity.OktaID) {
		groups, from, err := r.engine.oktaOf(id).GroupsOf(ctx, id)
		if fault.Is(err, fault.NotFound) { // deleted, or hidden: to be in no group proves nothing, and lists are read
			err = nil
		}
		b := belonging{user: id, groups: make(map[identity.GroupID]bool, len(groups)), from: from, err: err}
		for _, g := range groups {
			b.groups[g] = true
		}
		list[i] = b
	})
	return list
}

// place compares the groups that a user is in with the ledger: those that Okta names,
// those in which the user was touched, and where whole all of them. A list that lacks a
// group proves that the user left only together with an event that says so: it may
// have been cut, or be empty because the credential may not see groups. Else the
// members of the group are read.
func (r *delta) place(ctx context.Context, b belonging, whole bool) error {
	for _, g := range slices.Sorted(maps.Keys(r.ledger.Groups)) {
		h, touched := r.touched.members[g][b.user]
		if r.ledger.Groups[g].Paused || r.touched.lists[g] || r.unsure[g] || !b.groups[g] && !touched && !whole {
			continue
		}
		m, err := r.row(ctx, g, b.user)
		if err != nil {
			return err
		}
		switch {
		case b.groups[g] == m.Okta:
		case !b.groups[g] && (!h.left || len(b.groups) == 0):
			r.unsure[g] = true
			delete(r.desired.Groups, g)
		default:
			r.moved(g, b)
		}
	}
	return nil
}

// row gives the ledger's place of a user in a group.
func (r *delta) row(ctx context.Context, g identity.GroupID, u identity.OktaID) (state.Member, error) {
	rows := r.ledger.rows(g)
	if m, here := rows[u]; here {
		return m, nil
	}
	m, there, err := state.Read[state.Member](ctx, r.engine.o.Store, state.Members(g), string(u))
	if err == nil && there {
		rows[u] = m
	}
	return m, err
}

// moved notes that the user joined the group, or left it.
func (r *delta) moved(g identity.GroupID, b belonging) {
	c := r.crowd(g)
	from := after(r.touched.members[g][b.user].event, b.from)
	if b.groups[g] {
		at, _ := slices.BinarySearch(c.Joined, b.user)
		c.Joined = slices.Insert(slices.Clone(c.Joined), at, b.user)
		if c.Listed.joined == nil {
			c.Listed.joined = []int32{}
		}
		c.Listed.joined = slices.Insert(slices.Clone(c.Listed.joined), at, c.Listed.pages.number(from))
	} else {
		at, _ := slices.BinarySearch(c.Left, b.user)
		c.Left = slices.Insert(slices.Clone(c.Left), at, b.user)
		proofs := maps.Clone(c.Listed.proofs)
		if proofs == nil {
			proofs = map[identity.OktaID]identity.Origin{}
		}
		proofs[b.user] = from
		c.Listed.proofs = proofs
	}
	r.desired.Groups[g] = c
}

package sync

import (
	"cmp"
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Plan gives the ordered changes that bring Omni, as the ledger knows it, to
// what Okta says. It is pure and deterministic: the same values give the same
// plan, whatever order they were read in, and planning again after the changes
// were applied gives nothing that could still be done.
//
// What is deliberately left undone (protected, refused, unclear) stands in the
// plan too, with its state and reason; the guard judges the rest.
//
// The order: removals of access, then what groups lose, then changes of
// existing users, then joiners group by group, each group after its last
// joiner, then deletions and releases of groups.
func Plan(d Desired, l *Ledger, p Policy) []Change {
	asked := d
	d = d.keeping(l)
	pl := &planner{desired: d, asked: asked, ledger: l, policy: p}
	pl.names, pl.titles, pl.heirs = userNames(d, l), groupNames(d, l), successions(d, l)
	users := pl.users()
	pl.standing(users)
	groups := pl.groups()
	plan := pl.order(users, groups)
	for i, c := range plan {
		plan[i].Origin = d.origin(c)
	}
	return plan
}

// planner carries the values that one plan is made from. It is never changed
// after its fields are filled in order: names, then coming.
type planner struct {
	desired Desired // as what was undone is kept
	asked   Desired // as Okta says
	ledger  *Ledger
	policy  Policy
	names   claims[identity.OktaID]
	titles  claims[identity.GroupID]
	coming  map[identity.OktaID]bool            // users who get, or get back, an account in this plan
	there   map[identity.OktaID]bool            // users who have an account and keep it
	adopts  map[identity.OmniID]identity.OktaID // whose accounts are adopted in this plan
	heirs   map[identity.OktaID]succession      // newcomers under somebody else's address
}

// standing sorts the users by what the plan does to their accounts, which
// decides about their memberships.
func (pl *planner) standing(changes []Change) {
	pl.coming, pl.there = map[identity.OktaID]bool{}, map[identity.OktaID]bool{}
	pl.adopts = map[identity.OmniID]identity.OktaID{}
	for id, u := range pl.ledger.Users {
		person, told := pl.desired.person(id)
		if u.Omni != "" && u.Active && (!told || person.stays() || person.Fault != "") {
			pl.there[id] = true
		}
	}
	for _, c := range changes {
		if c.State == state.Planned && (c.Kind == Create || c.Kind == Adopt || c.Kind == Reactivate) {
			pl.coming[c.User] = true
		}
		if c.State == state.Planned && c.Kind == Adopt {
			pl.adopts[identity.OmniID(c.Omni)] = c.User
		}
	}
}

// order puts the changes in the order of their doing.
func (pl *planner) order(users, groups []Change) []Change {
	var ends, updates, joiners, early, late, last []Change
	for _, c := range users {
		switch c.Kind {
		case Deactivate, Delete:
			ends = append(ends, c)
		case Create, Adopt:
			joiners = append(joiners, c)
		default:
			updates = append(updates, c)
		}
	}
	for _, c := range groups {
		switch {
		case c.Kind == Delete || c.Kind == Release:
			last = append(last, c)
		case len(c.Drop) > 0 && !pl.waitsForJoiner(c):
			early = append(early, c)
		default:
			late = append(late, c)
		}
	}
	list := slices.Concat(ends, early, updates, pl.byGroup(joiners, late), last)
	return inNeed(list)
}

func (pl *planner) waitsForJoiner(c Change) bool {
	return slices.ContainsFunc(c.Add, func(id identity.OktaID) bool { return pl.coming[id] })
}

// byGroup puts each group's joiners before the group, and the groups with the
// fewest joiners still to come first among equals by name.
func (pl *planner) byGroup(joiners, groups []Change) []Change {
	byUser := make(map[identity.OktaID]Change, len(joiners))
	for _, c := range joiners {
		byUser[c.User] = c
	}
	list := make([]Change, 0, len(joiners)+len(groups))
	for _, g := range groups {
		for _, id := range g.Add {
			if c, ok := byUser[id]; ok {
				list = append(list, c)
				delete(byUser, id)
			}
		}
		list = append(list, g)
	}
	for _, c := range joiners {
		if _, left := byUser[c.User]; left {
			list = append(list, c)
		}
	}
	return list
}

// inNeed moves each change behind those that it needs, and changes the order no
// further. Needs never form a ring: rings of names are found before.
func inNeed(list []Change) []Change {
	at := make(map[string][]int, len(list))
	for i, c := range list {
		at[c.subject()] = append(at[c.subject()], i)
	}
	out := make([]Change, 0, len(list))
	done := make([]bool, len(list))
	var place func(i int)
	place = func(i int) {
		if done[i] {
			return
		}
		done[i] = true
		for _, need := range list[i].Needs {
			for _, j := range at[need] {
				place(j)
			}
		}
		out = append(out, list[i])
	}
	for i := range list {
		place(i)
	}
	return out
}

// byName orders changes for people and for good: by name, then by id.
func byName(a, b Change) int {
	return cmp.Or(cmp.Compare(identity.FoldName(a.Name), identity.FoldName(b.Name)),
		cmp.Compare(a.subject(), b.subject()), cmp.Compare(a.Kind, b.Kind))
}

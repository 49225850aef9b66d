package sync

import (
	"maps"
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// part gives what is held, and apart from a rename its members: they go on under the
// old name.
func (j *judging) part(c Change) []Change {
	if c.Kind != Rename || len(c.Add)+len(c.Drop) == 0 {
		return []Change{c}
	}
	members := c
	members.Kind, members.Guard, members.State, members.Reason, members.Title = Members, "", state.Planned, "", c.Before.DisplayName
	members.Before, members.After = &state.Facts{Members: c.Before.Members}, &state.Facts{Members: c.After.Members}
	c.Add, c.Drop, c.Needs = nil, nil, nil
	before, after := *c.Before, *c.After
	before.Members, after.Members = nil, nil
	c.Before, c.After = &before, &after
	return append([]Change{c}, j.split(members)...)
}

// splitMembers parts a change of members into what goes on and, for each guard
// and state, what doesn't.
func (j *judging) splitMembers(c Change) []Change {
	goes := c
	goes.Drop = nil
	var parts []Change
	for _, u := range c.Drop {
		guard := j.memberKind(c.Group, u)
		why := firstOf(j.over[guard], j.over[ofGroup(c.Group)])
		if guard == guardAdoption {
			why = "the group was adopted with this member, whom Okta doesn't know in it (groups.adopt: ask)"
		}
		if lost := j.lost(u); lost != "" && guard != guardAdoption {
			guard, why = guardLoss, lost
		}
		verdict, reason := j.verdict(c, memberKey(c.Group, u), why)
		if verdict == state.Planned {
			goes.Drop = append(goes.Drop, u)
			continue
		}
		i := slices.IndexFunc(parts, func(p Change) bool { return p.Guard == guard && p.State == verdict && p.Reason == reason })
		if i < 0 {
			parts = append(parts, Change{Kind: Members, Group: c.Group, Omni: c.Omni, Name: c.Name, Title: c.Title,
				State: verdict, Reason: reason, Guard: guard, Before: &state.Facts{}, After: &state.Facts{}})
			i = len(parts) - 1
		}
		parts[i].Drop = append(parts[i].Drop, u)
		parts[i].Before.Members = append(parts[i].Before.Members, j.nameOf(u))
	}
	for i, p := range parts {
		parts[i].Origin = j.desired.origin(p)
	}
	if len(goes.Drop) == len(c.Drop) {
		return []Change{c}
	}
	if goes.Kind != Members || len(goes.Add)+len(goes.Drop) > 0 {
		before := *c.Before
		before.Members = memberFacts(goes.Drop, j.nameOf)
		goes.Before, goes.Origin = &before, j.desired.origin(goes)
		return append([]Change{goes}, parts...)
	}
	return parts
}

// splitLosses parts a change of a user into what goes on and, for each state and
// reason, the attributes whose value is not to be taken from them now.
func (j *judging) splitLosses(c Change) []Change {
	losses := c.losses()
	if len(losses) == 0 {
		return []Change{c}
	}
	goes := c
	var parts []Change
	for _, name := range losses {
		key := lossKey(c.User, name)
		if j.asked[c.key()] && j.decided(key) != state.Rejected { // a yes to all of it
			continue
		}
		verdict, reason := j.verdict(c, key, j.over[ofAttribute(name)])
		if verdict == state.Planned {
			continue
		}
		goes = goes.without(name)
		i := slices.IndexFunc(parts, func(p Change) bool { return p.State == verdict && p.Reason == reason })
		if i < 0 {
			parts = append(parts, Change{Kind: Update, User: c.User, Omni: c.Omni, Name: c.Name, Want: c.Want, Origin: c.Origin,
				State: verdict, Reason: reason, Guard: guardAttributes, Before: &state.Facts{}, After: &state.Facts{}})
			i = len(parts) - 1
		}
		parts[i].take(name, c)
	}
	if isEmpty(goes.Patch) {
		return parts
	}
	return append([]Change{goes}, parts...)
}

// without leaves the attribute as it is.
func (c Change) without(attribute string) Change {
	before, after := *c.Before, *c.After
	before.Attributes, after.Attributes, c.Patch.Attributes = maps.Clone(before.Attributes), maps.Clone(after.Attributes), maps.Clone(c.Patch.Attributes)
	delete(before.Attributes, attribute)
	delete(after.Attributes, attribute)
	delete(c.Patch.Attributes, attribute)
	after.Defaults = maps.Clone(after.Defaults)
	delete(after.Defaults, attribute)
	c.Before, c.After = &before, &after
	return c
}

// take makes the loss of an attribute part of the change.
func (c *Change) take(attribute string, from Change) {
	set(&c.Patch, attribute, nil)
	for _, side := range []struct{ to, from *state.Facts }{{c.Before, from.Before}, {c.After, from.After}} {
		if side.to.Attributes == nil {
			side.to.Attributes = map[string]*identity.Value{}
		}
		side.to.Attributes[attribute] = side.from.Attributes[attribute]
		if v, known := side.from.Defaults[attribute]; known {
			if side.to.Defaults == nil {
				side.to.Defaults = map[string]identity.Value{}
			}
			side.to.Defaults[attribute] = v
		}
	}
}

func (j *judging) nameOf(id identity.OktaID) string {
	return firstOf(j.ledger.Users[id].UserName, string(id))
}

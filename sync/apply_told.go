package sync

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// The log tells what was done, which may be less than was planned, or more: done once more in
// their order, its lines give what Omni has.

// noteTeam notes the link, and who is in the group in Omni: those whom Okta
// doesn't know in an adopted group are only found, until somebody approves. The change
// that it gives tells who came, and who is in from here on though nobody can tell who put them
// there: it may have been a run that ended before it could tell.
func (a *applier) noteTeam(ctx context.Context, notes Notes, c Change, p place, t identity.Team) (Change, error) {
	a.lock()
	defer a.unlock()
	owner, err := a.ledger.owners(ctx, a.engine.o.Store, t.Members...)
	if err != nil {
		return c, err
	}
	g := a.ledger.Groups[c.Group]
	if g.Omni != t.ID {
		g.Linked, g.LinkedBy = time.Now().UTC(), a.run.linker()
	}
	g.Omni, g.DisplayName, g.Link, g.Intent = t.ID, t.DisplayName, p.link, ""
	notes.group(c.Group, g)
	var stood []identity.OktaID
	for _, member := range t.Members {
		id, ours := owner[member]
		if _, added := p.add[id]; !ours || added {
			continue
		}
		m := a.ledger.Members[c.Group][id]
		m.Omni = state.Present
		if !m.Okta && p.link == state.Adopted {
			m.Omni = state.Found
		} else {
			stood = append(stood, id)
		}
		notes.member(c.Group, id, m)
	}
	a.noteMembers(notes, c.Group, p)
	c = a.toldMembers(c, slices.Collect(maps.Keys(p.add)), nil)
	c.After.Stood = memberFacts(stood, a.nameOf)
	if p.link == state.Recognised { // no earlier line told that it was made
		c.After.DisplayName = t.DisplayName
	}
	return c, nil
}

// noteMembers notes who came and who went. The lock is held.
func (a *applier) noteMembers(notes Notes, g identity.GroupID, p place) {
	for id := range p.add {
		m := a.ledger.Members[g][id]
		m.Omni = state.Present
		notes.member(g, id, m)
	}
	for id := range p.drop {
		m := a.ledger.Members[g][id]
		m.Omni = state.Absent
		notes.member(g, id, m)
	}
}

// toldMembers makes a change tell those members who came and went by it, whoever was
// planned. The lock is held.
func (a *applier) toldMembers(c Change, came, went []identity.OktaID) Change {
	c.Before, c.After = withMembers(c.Before, memberFacts(went, a.nameOf)), withMembers(c.After, memberFacts(came, a.nameOf))
	return c
}

func (a *applier) nameOf(id identity.OktaID) string {
	return firstOf(a.run.desired.Users[id].UserName, a.ledger.Users[id].UserName, string(id))
}

// withMembers gives facts with these members, and leaves those that others have alone.
func withMembers(f *state.Facts, names []string) *state.Facts {
	other := state.Facts{}
	if f != nil {
		other = *f
	}
	other.Members = names
	return &other
}

// movedAs gives what was sent with those members who came and went by it.
func movedAs(sent *state.Change, now map[identity.OktaID]*state.Member, l *Ledger, g identity.GroupID) *state.Change {
	var came, went []identity.OktaID
	for id, m := range now {
		stands := func(p state.Presence) bool { return p == state.Present || p == state.Found }
		switch before, in := stands(l.Members[g][id].Omni), m != nil && stands(m.Omni); {
		case in && !before:
			came = append(came, id)
		case !in && before:
			went = append(went, id)
		}
	}
	name := func(id identity.OktaID) string { return firstOf(l.Users[id].UserName, string(id)) }
	c := *sent
	c.Before, c.After = withMembers(c.Before, memberFacts(went, name)), withMembers(c.After, memberFacts(came, name))
	return &c
}

// adopted makes an adoption tell all that the account has from here on, not only what the
// change of it was: a run that ended before it could tell may have begun it. What was the
// same before is told as the same.
func adopted(c Change, u *state.User) Change {
	if c.Kind != Adopt || c.State != state.Applied || u == nil {
		return c
	}
	before, after := state.Facts{}, wholeFacts(u.User)
	if c.Before != nil {
		before = *c.Before
	}
	after.Active = &u.Active
	before.UserName, before.DisplayName = firstOf(before.UserName, after.UserName), firstOf(before.DisplayName, after.DisplayName)
	if before.Active == nil {
		before.Active = after.Active
	}
	was := map[string]*identity.Value{}
	maps.Copy(was, after.Attributes)
	maps.Copy(was, before.Attributes)
	if after.Attributes == nil && len(was) > 0 {
		after.Attributes = map[string]*identity.Value{}
	}
	for name := range before.Attributes {
		if _, has := after.Attributes[name]; !has { // it was cleared
			after.Attributes[name] = nil
		}
	}
	if len(was) > 0 {
		before.Attributes = was
	}
	if c.After != nil {
		after.Defaults = c.After.Defaults
	}
	c.Before, c.After = &before, after
	return c
}

// recognised is the adoption of an account that an earlier run had made, as it stands.
func recognised(id identity.OktaID, u state.User) Change {
	return adopted(Change{Kind: Adopt, User: id, Omni: string(u.Omni), Name: u.UserName, State: state.Applied, Reason: madeBefore}, &u)
}

// restOf is what was done of a change of a user of which something else wasn't.
func restOf(rest Change, was state.User) Change {
	rest.State = state.Applied
	rest.Before, rest.After = userFacts(was, rest.Patch)
	return rest
}

// membersOnly is what was done of a change of a group whose new name was refused.
func membersOnly(c Change) Change {
	c.Kind, c.State = Members, state.Applied
	c.Before, c.After = &state.Facts{Members: c.Before.Members}, &state.Facts{Members: c.After.Members}
	return c
}

// onMade is the making of a group that a run beside has made meanwhile: its members, and its name.
func (c Change) onMade(g state.Group) Change {
	if c.Kind != Create && c.Kind != Adopt {
		return c
	}
	c.Kind, c.Omni, c.Reason = Members, string(g.Omni), "a run beside has made the group meanwhile"
	after := state.Facts{}
	if c.After != nil {
		after.Members = c.After.Members
	}
	c.Before, c.After = &state.Facts{}, &after
	if c.Title != g.DisplayName {
		c.Kind, c.Before.DisplayName, c.After.DisplayName = Rename, g.DisplayName, c.Title
	}
	return c
}

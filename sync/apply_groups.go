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

func (a *applier) performGroup(ctx context.Context, c Change) (Change, Notes) {
	switch c.Kind {
	case Create, Adopt, Rename, Members:
		return a.writeGroup(ctx, c)
	case Delete, Release:
		return a.endGroup(ctx, c)
	default:
		panic(fmt.Sprintf("group change of kind %q", c.Kind)) // the planner makes no others
	}
}

// place is a group as it is when its turn has come.
type place struct {
	group  state.Group
	add    map[identity.OktaID]identity.OmniID // who has an account and isn't in yet
	drop   map[identity.OktaID]identity.OmniID
	exists *identity.Team // the group that Omni has under the name, where a list told
	link   state.Link     // how the group in Omni was found, once it was
}

// resolve gives the accounts of those of ids who have one and aren't in the group yet. The lock is held.
func (a *applier) resolve(g identity.GroupID, ids []identity.OktaID) map[identity.OktaID]identity.OmniID {
	found := map[identity.OktaID]identity.OmniID{}
	for _, id := range ids {
		u, m := a.ledger.Users[id], a.ledger.Members[g][id]
		if u.Omni != "" && u.Active && a.ledger.belongs(g, id) && m.Omni != state.Present && m.Omni != state.Found {
			found[id] = u.Omni
		}
	}
	return found
}

func (a *applier) place(c Change) place {
	a.lock()
	defer a.unlock()
	p := place{group: a.ledger.Groups[c.Group], add: a.resolve(c.Group, c.Add), drop: map[identity.OktaID]identity.OmniID{}}
	for _, id := range c.Drop {
		if u := a.ledger.Users[id]; u.Omni != "" && !a.ledger.belongs(c.Group, id) {
			p.drop[id] = u.Omni
		}
	}
	if t, ok := a.ledger.StrangerTeams[identity.FoldName(c.Title)]; ok && c.Kind == Adopt {
		p.exists = &t
	}
	return p
}

func (a *applier) writeGroup(ctx context.Context, c Change) (Change, Notes) {
	p := a.place(c)
	switch {
	case p.group.Omni != "":
		return a.updateGroup(ctx, c.onMade(p.group), p)
	case p.exists != nil:
		return a.joinTeam(ctx, c, p, *p.exists, linkOf(p.group.Intent))
	default:
		return a.createGroup(ctx, c, p)
	}
}

// createGroup makes a group with the members who are there, the intent first.
func (a *applier) createGroup(ctx context.Context, c Change, p place) (Change, Notes) {
	notes := newNotes()
	intended := p.group.Intent != ""
	renamed := intended && identity.FoldName(firstOf(p.group.DisplayName, c.Title)) != identity.FoldName(c.Title)
	if renamed {
		if done, noted, found := a.teamUnderOldName(ctx, c, p); found {
			return done, noted
		}
	}
	if !intended || renamed {
		g, n := p.group, newNotes()
		g.Intent, g.DisplayName = a.run.id, c.Title
		n.group(c.Group, g)
		if err := a.intend(ctx, n); err != nil {
			return a.failed(c, err), notes
		}
	}
	t, err := a.engine.o.Omni.CreateTeam(ctx, c.Title, sortedIDs(p.add))
	switch {
	case fault.Is(err, fault.Conflict):
		return a.claimTeam(ctx, c, p, intended)
	case fault.Is(err, fault.Refused) && t.ID == "" && len(p.add) > 0:
		p.add = a.knownToOmni(ctx, p.add)
		t, err = a.engine.o.Omni.CreateTeam(ctx, c.Title, sortedIDs(p.add))
	}
	if t.ID == "" {
		if !intended && !lost(err) {
			notes.group(c.Group, p.group)
		}
		return a.failed(c, err), notes
	}
	c.Omni = string(t.ID)
	if err != nil { // it was made, but not with everybody
		p.add = named(p.add, t.Members)
	}
	p.link = state.Created
	c, noted := a.noteTeam(ctx, notes, c, p, t)
	if noted != nil {
		return a.failed(c, noted), notes
	}
	if err != nil {
		return a.failed(c, err), notes
	}
	return a.answered(c), notes
}

// claimTeam finds the group that has the name already.
func (a *applier) claimTeam(ctx context.Context, c Change, p place, intended bool) (Change, Notes) {
	notes := newNotes()
	t, err := a.engine.o.Omni.FindTeam(ctx, c.Title)
	if err != nil {
		return a.failed(c, err), notes
	}
	if other := a.teamOwner(t.ID); other != "" && other != c.Group {
		notes.group(c.Group, p.group)
		return a.failed(c, &fault.Error{Kind: fault.Refused, Op: "create group " + c.Name,
			Detail: fmt.Sprintf("Omni's group of this name belongs to Okta group %s", other), Hint: "rename one of the two groups in Okta"}), notes
	}
	if intended {
		return a.joinTeam(ctx, c, p, t, state.Recognised)
	}
	if a.engine.policy.AdoptGroups == "never" {
		notes.group(c.Group, p.group)
		return a.failed(c, &fault.Error{Kind: fault.Refused, Op: "create group " + c.Name,
			Detail: "Omni has a group of this name that isn't managed", Hint: "rename it in Omni, or set groups.adopt to ask or auto"}), notes
	}
	c.Kind = Adopt
	return a.joinTeam(ctx, c, p, t, state.Adopted)
}

func (a *applier) teamOwner(id identity.OmniGroupID) identity.GroupID {
	a.lock()
	defer a.unlock()
	for g, group := range a.ledger.Groups {
		if group.Omni == id {
			return g
		}
	}
	return ""
}

// joinTeam links a group that stands in Omni, and adds whom it lacks.
func (a *applier) joinTeam(ctx context.Context, c Change, p place, t identity.Team, link state.Link) (Change, Notes) {
	notes := newNotes()
	patch := identity.TeamPatch{}
	if t.DisplayName != c.Title {
		patch.DisplayName = &c.Title
	}
	for _, id := range sortedIDs(p.add) {
		if !slices.Contains(t.Members, id) {
			patch.Add = append(patch.Add, id)
		}
	}
	p.link = link
	if link == state.Adopted {
		c = a.gains(ctx, c, t.ID)
	}
	if patch.DisplayName != nil && link == state.Recognised {
		// Once it has another name, the intent's name finds it no more.
		n, stands := newNotes(), p
		stands.add, stands.drop = nil, nil // as the group stands now: nobody is added yet
		link, err := a.noteTeam(ctx, n, c, stands, t)
		if err != nil {
			return a.failed(c, err), notes
		}
		link.Kind, link.Omni, link.State, link.Reason = Adopt, string(t.ID), state.Applied, madeBefore
		n.Log = append(n.Log, a.run.told(link)) // no line has told of it yet
		if err := a.intend(ctx, n); err != nil {
			return a.failed(c, err), notes
		}
	}
	if patch.DisplayName != nil || len(patch.Add) > 0 {
		if err := a.engine.o.Omni.UpdateTeam(ctx, t.ID, patch); err != nil {
			return a.failed(c, err), notes
		}
		t.DisplayName = c.Title
	}
	c.Omni = string(t.ID)
	c, err := a.noteTeam(ctx, notes, c, p, t)
	if err != nil {
		return a.failed(c, err), notes
	}
	return a.answered(c), notes
}

// updateGroup renames and changes members in one request.
func (a *applier) updateGroup(ctx context.Context, c Change, p place) (Change, Notes) {
	notes := newNotes()
	patch := identity.TeamPatch{Add: sortedIDs(p.add), Remove: sortedIDs(p.drop)}
	if c.Kind != Members && c.Title != p.group.DisplayName { // the group may have been renamed since members were planned
		patch.DisplayName = &c.Title
	}
	if patch.DisplayName == nil && len(patch.Add)+len(patch.Remove) == 0 {
		return a.idle(c), notes
	}
	err := a.engine.o.Omni.UpdateTeam(ctx, p.group.Omni, patch)
	if fault.Is(err, fault.NotFound) {
		return a.groupAgain(ctx, c)
	}
	var refusal error
	if patch.DisplayName != nil && (fault.Is(err, fault.Conflict) || fault.Is(err, fault.Refused)) {
		refusal, patch.DisplayName = err, nil
		err = nil
		if len(patch.Add)+len(patch.Remove) > 0 {
			err = a.engine.o.Omni.UpdateTeam(ctx, p.group.Omni, patch)
		}
	}
	if fault.Is(err, fault.Refused) && len(p.add) > 0 {
		p.add = a.knownToOmni(ctx, p.add)
		patch.Add = sortedIDs(p.add)
		err = a.engine.o.Omni.UpdateTeam(ctx, p.group.Omni, patch)
	}
	if err != nil {
		return a.failed(c, err), notes
	}
	c = a.noteUpdate(&notes, c, p, patch)
	if refusal != nil {
		if len(patch.Add)+len(patch.Remove) > 0 {
			notes.Log = append(notes.Log, a.run.told(membersOnly(c)))
			c.Before, c.After = withMembers(c.Before, nil), withMembers(c.After, nil)
		}
		return a.failed(c, fmt.Errorf("the new name was refused, members go on under the old one: %w", refusal)), notes
	}
	return a.answered(c), notes
}

// idle marks a change whose members turned out to be there already, or not to be ready.
func (a *applier) idle(c Change) Change {
	c.State = state.Applied
	a.lock()
	defer a.unlock()
	if slices.ContainsFunc(c.Add, func(id identity.OktaID) bool { return !a.ledger.Users[id].Active }) {
		c.State, c.Reason = state.Kept, "its joiners have no account yet"
	}
	return c
}

// noteUpdate notes the name, and who came and went.
func (a *applier) noteUpdate(notes *Notes, c Change, p place, patch identity.TeamPatch) Change {
	a.lock()
	defer a.unlock()
	g := a.ledger.Groups[c.Group]
	if patch.DisplayName != nil {
		g.DisplayName = *patch.DisplayName
		notes.group(c.Group, g)
	}
	a.noteMembers(*notes, c.Group, p)
	unasked := 0
	for id := range p.drop {
		if m := a.ledger.Members[c.Group][id]; !a.asked[memberKey(c.Group, id)] && m.Omni == state.Present {
			unasked++
		}
	}
	notes.spend(guardMemberRemovals, unasked)
	notes.spend(ofGroup(c.Group), unasked)
	return a.toldMembers(c, slices.Collect(maps.Keys(p.add)), slices.Collect(maps.Keys(p.drop)))
}

// groupAgain makes the group anew that Omni no longer has, with all its members.
func (a *applier) groupAgain(ctx context.Context, c Change) (Change, Notes) {
	forget := newNotes()
	a.lock()
	err := a.recallCrowd(ctx, c.Group)
	if err == nil {
		unlinkGroup(forget, a.ledger, c.Group, a.ledger.Groups[c.Group])
		err = a.engine.committed(ctx, a.ledger, forget)
	}
	c.Add = membersOf(a.ledger, c.Group, func(m state.Member) bool { return m.Okta })
	c.Drop, c.Kind = nil, Create
	a.unlock()
	if err != nil {
		a.stop(err)
		return a.failed(c, err), newNotes()
	}
	c.Reason = "the group was gone from Omni and is made anew"
	return a.createGroup(ctx, c, a.place(c))
}

// recallCrowd reads every member of the group, and the records of those who
// belong in it. The lock is held.
func (a *applier) recallCrowd(ctx context.Context, id identity.GroupID) error {
	if err := a.ledger.fetchCrowd(ctx, a.engine.o.Store, id); err != nil {
		return err
	}
	users := map[identity.OktaID]bool{}
	for u, m := range a.ledger.Members[id] {
		if m.Okta {
			users[u] = true
		}
	}
	return a.ledger.fetch(ctx, a.engine.o.Store, users)
}

// knownToOmni leaves those whom Omni still knows: one unknown member makes it
// refuse a whole request. Of many it asks for none: a reconcile finds who is gone.
func (a *applier) knownToOmni(ctx context.Context, add map[identity.OktaID]identity.OmniID) map[identity.OktaID]identity.OmniID {
	if len(add) > maxAsked {
		return add
	}
	known := map[identity.OktaID]identity.OmniID{}
	for id, omni := range add {
		if _, err := a.engine.o.Omni.User(ctx, omni); !fault.Is(err, fault.NotFound) {
			known[id] = omni
		}
	}
	return known
}

// endGroup deletes a group, or lets go of it.
func (a *applier) endGroup(ctx context.Context, c Change) (Change, Notes) {
	notes := newNotes()
	if c.Kind == Delete && c.Omni == "" {
		made, err := a.intendedTeam(ctx, c)
		if err != nil {
			return a.failed(c, err), notes
		}
		c.Omni = string(made)
	}
	if c.Kind == Delete && c.Omni != "" {
		if err := a.engine.o.Omni.DeleteTeam(ctx, identity.OmniGroupID(c.Omni)); err != nil {
			return a.failed(c, err), notes
		}
	}
	a.lock()
	notes.forgetGroup(a.ledger, c.Group)
	if c.Kind == Delete && c.Omni != "" && !a.asked[c.key()] {
		notes.spend(guardGroupDeletions, 1)
	}
	a.unlock()
	return a.answered(c), notes
}

// named leaves those of the members whom Omni shows.
func named(add map[identity.OktaID]identity.OmniID, shown []identity.OmniID) map[identity.OktaID]identity.OmniID {
	left := map[identity.OktaID]identity.OmniID{}
	for id, omni := range add {
		if slices.Contains(shown, omni) {
			left[id] = omni
		}
	}
	return left
}

func sortedIDs(m map[identity.OktaID]identity.OmniID) []identity.OmniID {
	ids := make([]identity.OmniID, 0, len(m))
	for _, id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

package okta

import (
	"slices"
	"time"
)

type group struct {
	id             string
	number         uint64
	name           string
	kind           string // OKTA_GROUP, APP_GROUP, BUILT_IN
	source         string // the app that brought an APP_GROUP: the org's own for the other side of a group-push mapping
	created        time.Time
	updated        time.Time
	membersUpdated time.Time
	members        roll[membership]
	index          map[*user]uint64 // who is in it now
	leavers        []uint64         // who left and is still in members, because lists lag behind; in order of leaving
	assigned       *appGroup        // nil: not assigned to the app
	pushed         *mapping         // nil: not under Push Groups
}

type membership struct {
	user   *user
	joined time.Time
	left   time.Time // zero: still in it
}

// directoryID is the app that brings groups of other apps, such as an Active Directory.
const directoryID = "0oa1simdirectory00000"

// AddGroup adds a group of a type (OKTA_GROUP, also for ""; APP_GROUP: of another app; BUILT_IN) and returns the id.
func (o *Org) AddGroup(name, kind string) string {
	defer o.lock()()
	if kind == "" {
		kind = "OKTA_GROUP"
	}
	g := o.addGroup(name, kind, byAdmin)
	if kind == "APP_GROUP" {
		g.source = directoryID
	}
	return g.id
}

// ImportGroup adds a group that the org's app has, as its import does, and returns the id.
func (o *Org) ImportGroup(name string) string {
	defer o.lock()()
	g := o.addGroup(name, "APP_GROUP", byJob)
	g.source = o.ID()
	return g.id
}

func (o *Org) addGroup(name, kind string, by actor) *group {
	now := o.now()
	g := &group{
		id: o.newID("00g"), name: name, kind: kind, created: now, updated: now, membersUpdated: now,
		index: map[*user]uint64{},
	}
	o.groups[g.id] = g
	g.number = o.groupRoll.add(g)
	o.happened(by, "group.lifecycle.create", g.target())
	return g
}

// RenameGroup gives a group another name and tells whether it was another. Okta lets two groups have one name only
// where an app brought one of them; this doesn't ask. The app's group of an active mapping gets the name too.
func (o *Org) RenameGroup(id, name string) bool {
	defer o.lock()()
	g := o.mustGroup(id)
	if g.name == name {
		return false
	}
	g.name, g.updated = name, o.now()
	o.happened(byAdmin, "group.profile.update", g.target())
	if m := g.pushed; m != nil && m.status == "ACTIVE" {
		m.target.name, m.target.updated = name, g.updated
		o.happened(byJob, "application.provision.group_push.mapping.app.group.renamed", o.mappingTargets(m)...)
	}
	return true
}

// DeleteGroup deletes a group with its mapping; whom it alone assigned to the app is unassigned.
func (o *Org) DeleteGroup(id string) {
	defer o.lock()()
	g := o.mustGroup(id)
	if m := g.pushed; m != nil {
		o.unpush(m)
	}
	users := g.users()
	for _, u := range users {
		u.groups = slices.DeleteFunc(u.groups, func(other *group) bool { return other == g })
	}
	delete(o.groups, id)
	o.groupRoll.remove(g.number)
	o.happened(byAdmin, "group.lifecycle.delete", g.target())
	through := g.assigned
	o.dropAppGroup(g)
	o.settleAll(users, through)
}

// AddMember puts a user in a group and tells whether they weren't in it.
func (o *Org) AddMember(groupID, userID string) bool {
	return o.AddMembers(groupID, userID) == 1
}

// AddMembers puts users in a group and returns how many weren't in it. All of them join at one moment.
func (o *Org) AddMembers(groupID string, userIDs ...string) int {
	defer o.lock()()
	g := o.mustGroup(groupID)
	added := 0
	for _, id := range userIDs {
		if o.addMember(g, o.mustUser(id), byAdmin, nil) {
			added++
		}
	}
	if added > 0 {
		o.pushMembers(g)
	}
	return added
}

func (o *Org) addMember(g *group, u *user, by actor, r *rule) bool {
	if _, in := g.index[u]; in {
		return false
	}
	g.touch(o.now())
	g.index[u] = g.members.add(&membership{user: u, joined: g.membersUpdated})
	u.groups = append(u.groups, g)
	o.moved("group.user_membership.add", g, u, by, r)
	o.settle(u, g.assigned)
	return true
}

// RemoveMember takes a user out of a group and tells whether they were in it.
func (o *Org) RemoveMember(groupID, userID string) bool {
	defer o.lock()()
	g := o.mustGroup(groupID)
	u := o.mustUser(userID)
	removed := o.removeMember(g, u, byAdmin, nil)
	if removed {
		o.exclude(g, u)
		o.pushMembers(g)
	}
	return removed
}

func (o *Org) removeMember(g *group, u *user, by actor, r *rule) bool {
	number, in := g.index[u]
	if !in {
		return false
	}
	now := o.now()
	g.touch(now)
	g.forget(now.Add(-o.Knobs.MemberLag))
	delete(g.index, u)
	if o.Knobs.MemberLag > 0 {
		g.leave(number)
	} else {
		g.members.remove(number)
	}
	u.groups = slices.DeleteFunc(u.groups, func(other *group) bool { return other == g })
	o.moved("group.user_membership.remove", g, u, by, r)
	o.settle(u, g.assigned)
	return true
}

// moved writes that a user joined or left a group, by a rule or by none.
func (o *Org) moved(kind string, g *group, u *user, by actor, r *rule) {
	e := Event{Type: kind, Targets: []Target{u.target(), g.target()}, Job: by == byJob}
	if r != nil {
		e.Rule = r.id
	}
	o.happens(e)
}

// touch moves lastMembershipUpdated, which is never the same after a change.
func (g *group) touch(now time.Time) {
	if !now.After(g.membersUpdated) {
		now = g.membersUpdated.Add(time.Millisecond)
	}
	g.membersUpdated = now
}

func (g *group) leave(number uint64) {
	g.members.after(number-1, func(_ uint64, m *membership) bool {
		m.left = g.membersUpdated
		return false
	})
	g.leavers = append(g.leavers, number)
}

// forget drops who left before the moment.
func (g *group) forget(before time.Time) {
	for len(g.leavers) > 0 {
		number, gone := g.leavers[0], false
		g.members.after(number-1, func(_ uint64, m *membership) bool {
			gone = m.left.Before(before)
			return false
		})
		if !gone {
			return
		}
		g.members.remove(number)
		g.leavers = g.leavers[1:]
	}
}

// in tells whether a list that shows the given moment has the member.
func (m *membership) in(at time.Time) bool {
	return !m.joined.After(at) && (m.left.IsZero() || m.left.After(at))
}

// users are the members, in order of joining.
func (g *group) users() []*user {
	var users []*user
	g.members.after(0, func(_ uint64, m *membership) bool {
		if m.left.IsZero() {
			users = append(users, m.user)
		}
		return true
	})
	return users
}

package omni

import (
	"fmt"
	"time"
)

// EditUser changes a user as a person does in Omni's own pages, knobs for
// writes aside: setting Active false revokes as by PATCH. It reports whether
// somebody has the id, and panics when the new name is taken.
func (o *Org) EditUser(id string, edit func(*User)) bool {
	defer o.lock()()
	u := o.people.byID[id]
	if u == nil {
		return false
	}
	s := u.snapshot()
	edit(&s)
	if other := o.people.byName[fold(s.UserName)]; other != nil && other != u {
		panic(fmt.Sprintf("simomni: user %q is there already", s.UserName))
	}
	o.people.rename(u, s.UserName)
	u.displayName, u.orgAdmin, u.lastLogin = s.DisplayName, s.OrgAdmin, s.LastLogin
	u.attributes = map[string]value{}
	for ref, v := range s.Attributes {
		u.attributes[ref] = v
	}
	revoked := u.active && !s.Active
	u.active, u.modified = s.Active, time.Now().UTC()
	if revoked {
		o.deactivated(u)
	}
	return true
}

// RemoveUser deletes a user as a person does in Omni's own pages.
func (o *Org) RemoveUser(id string) bool {
	defer o.lock()()
	u := o.people.byID[id]
	if u != nil {
		o.forget(u)
	}
	return u != nil
}

// EditGroup renames a group and sets its members (ids) as a person does in
// Omni's own pages. It reports whether there is such a group, and panics when
// the name is taken or a member unknown.
func (o *Org) EditGroup(id, displayName string, members ...string) bool {
	defer o.lock()()
	t := o.teams[id]
	if t == nil {
		return false
	}
	if other := o.teamNames[fold(displayName)]; other != nil && other != t {
		panic(fmt.Sprintf("simomni: group %q is there already", displayName))
	}
	o.renameTeam(t, displayName)
	t.setMembers(o.mustFind(members))
	t.modified = time.Now().UTC()
	return true
}

// RemoveGroup deletes a group as a person does in Omni's own pages.
func (o *Org) RemoveGroup(id string) bool {
	defer o.lock()()
	t := o.teams[id]
	if t != nil {
		o.dropTeam(t)
	}
	return t != nil
}

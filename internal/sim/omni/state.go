package omni

import (
	"fmt"
	"time"
)

// AddUser makes a user whom no request made: somebody Omni already knows. It
// gives the membership id, and panics when the name is taken, for then the
// caller's scenario contradicts itself.
func (o *Org) AddUser(userName, displayName string) (id string) {
	defer o.lock()()
	return o.addTo(&o.people, userName, displayName)
}

// Restore makes users who stood in an Omni before, under the ids that they had
// there. Their groups aren't read. It panics when a name is taken.
func (o *Org) Restore(users []User) {
	defer o.lock()()
	for _, s := range users {
		u := o.people.byID[o.addTo(&o.people, s.UserName, s.DisplayName)]
		o.people.remove(u)
		u.id, u.active, u.orgAdmin, u.lastLogin = s.ID, s.Active, s.OrgAdmin, s.LastLogin
		for ref, v := range s.Attributes {
			u.attributes[ref] = v
		}
		o.people.add(u)
	}
}

// AddEmbedUser makes an embed user, who stands in a list of their own.
func (o *Org) AddEmbedUser(userName, displayName string) (id string) {
	defer o.lock()()
	return o.addTo(&o.embed, userName, displayName)
}

func (o *Org) addTo(p *people, userName, displayName string) string {
	if p.byName[fold(userName)] != nil {
		panic(fmt.Sprintf("simomni: user %q is there already", userName))
	}
	u := o.newUser(userName, displayName, time.Now().UTC())
	p.add(u)
	return u.id
}

// AddInvitation leaves an invitation open. No list shows it; see Knobs.HiddenConflicts.
func (o *Org) AddInvitation(userName string) {
	defer o.lock()()
	o.invited[fold(userName)] = true
}

// AddGroup makes a group of the users with these ids, and gives its id. It
// panics when the name is taken or a member unknown.
func (o *Org) AddGroup(displayName string, members ...string) (id string) {
	defer o.lock()()
	if o.teamNames[fold(displayName)] != nil {
		panic(fmt.Sprintf("simomni: group %q is there already", displayName))
	}
	t := o.newTeam(displayName, time.Now().UTC())
	t.join(o.mustFind(members))
	return t.id
}

func (o *Org) mustFind(ids []string) []*user {
	list := make([]*user, len(ids))
	for i, id := range ids {
		if list[i] = o.people.byID[id]; list[i] == nil {
			panic(fmt.Sprintf("simomni: no user has the id %q", id))
		}
	}
	return list
}

// AddModelRole gives the user or the group with the id a role, such as QUERIER. It
// panics when neither has that id.
func (o *Org) AddModelRole(id, role string) {
	defer o.lock()()
	if o.teams[id] == nil {
		o.mustFind([]string{id})
	}
	o.roles[id] = append(o.roles[id], role)
}

// DefineAttribute adds the definition of a user attribute, or changes it.
func (o *Org) DefineAttribute(d Definition) {
	defer o.lock()()
	o.define(d)
}

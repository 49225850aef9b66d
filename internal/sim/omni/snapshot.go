package omni

import (
	"cmp"
	"slices"
	"time"
)

// User is a standard user, for asserting and for editing by hand.
type User struct {
	ID          string
	UserName    string
	DisplayName string
	Active      bool
	OrgAdmin    bool
	Attributes  map[string][]string // by reference; one element unless the attribute takes a list
	Groups      []string            // names, sorted; EditUser doesn't read them
	LastLogin   time.Time           // zero is never
}

// Group is a group with the userNames of its members, sorted.
type Group struct {
	ID          string
	DisplayName string
	Members     []string
}

// Users gives all standard users, active or not, sorted by folded userName.
func (o *Org) Users() []User {
	defer o.lock()()
	list := make([]User, 0, o.people.all.len())
	for _, u := range o.people.all.list() {
		list = append(list, u.snapshot())
	}
	slices.SortFunc(list, func(a, b User) int { return cmp.Compare(fold(a.UserName), fold(b.UserName)) })
	return list
}

// User looks a standard user up by userName, in any letter case.
func (o *Org) User(userName string) (User, bool) {
	defer o.lock()()
	u := o.people.byName[fold(userName)]
	if u == nil {
		return User{}, false
	}
	return u.snapshot(), true
}

func (u *user) snapshot() User {
	s := User{
		ID: u.id, UserName: u.userName, DisplayName: u.displayName, Active: u.active, OrgAdmin: u.orgAdmin,
		Attributes: map[string][]string{}, LastLogin: u.lastLogin,
	}
	for ref, v := range u.attributes {
		s.Attributes[ref] = slices.Clone(v)
	}
	for _, t := range u.teams.list() {
		s.Groups = append(s.Groups, t.displayName)
	}
	slices.Sort(s.Groups)
	return s
}

// Groups gives all groups, sorted by folded name.
func (o *Org) Groups() []Group {
	defer o.lock()()
	list := make([]Group, 0, o.teamRoll.len())
	for _, t := range o.teamRoll.list() {
		list = append(list, t.snapshot())
	}
	slices.SortFunc(list, func(a, b Group) int { return cmp.Compare(fold(a.DisplayName), fold(b.DisplayName)) })
	return list
}

// Group looks a group up by its name, in any letter case.
func (o *Org) Group(displayName string) (Group, bool) {
	defer o.lock()()
	t := o.teamNames[fold(displayName)]
	if t == nil {
		return Group{}, false
	}
	return t.snapshot(), true
}

func (t *team) snapshot() Group {
	s := Group{ID: t.id, DisplayName: t.displayName}
	for _, u := range t.members.list() {
		s.Members = append(s.Members, u.userName)
	}
	slices.Sort(s.Members)
	return s
}

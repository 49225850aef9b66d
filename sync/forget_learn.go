package sync

import (
	"context"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

func (x *traces) addUser(u identity.User) {
	x.addAddress(u.UserName)
	x.addName(u.DisplayName)
	for _, v := range u.Attributes {
		x.addValue(v)
	}
}

// addPushed takes what Okta pushed of the person.
func (x *traces) addPushed(u identity.PushedUser) {
	x.addAddress(u.UserName)
	for _, e := range u.Emails {
		x.addAddress(e.Value)
	}
	for _, n := range []string{u.DisplayName, u.Name.Formatted, u.NickName} {
		x.addName(n)
	}
	if u.Name.Given != "" && u.Name.Family != "" {
		x.addName(u.Name.Given + " " + u.Name.Family)
	}
	for _, s := range []string{u.Name.Given, u.Name.Family, u.Name.Middle, u.ProfileURL, u.Title, u.Enterprise.EmployeeNumber, u.Enterprise.Department} {
		x.addText(s)
	}
	for _, p := range u.Phones {
		x.addText(p.Value)
	}
	for _, a := range u.Addresses {
		for _, s := range []string{a.Formatted, a.Street, a.Locality, a.Postal} {
			x.addText(s)
		}
	}
	for _, v := range u.Omni {
		x.addValue(v)
	}
}

// addSaves takes the names under which something was saved of the person.
func (x *eraser) addSaves(ctx context.Context, s state.Store) error {
	for e, err := range state.All[state.Saved](ctx, s, state.Saves) {
		if err != nil {
			return err
		}
		if x.ids[string(e.Value.Owner)] {
			x.addAddress(e.Value.UserName)
		}
	}
	return nil
}

// addChange takes what a change of the person tells.
func (x *traces) addChange(c state.Change) {
	x.addAddress(c.UserName)
	for _, f := range []*state.Facts{c.Before, c.After} {
		if f == nil {
			continue
		}
		x.addAddress(f.UserName)
		x.addName(f.DisplayName)
		for _, v := range f.Attributes {
			if v != nil {
				x.addValue(*v)
			}
		}
	}
}

// addAnother notes from when on a name is that of another person.
func (x *traces) addAnother(c state.Change) {
	names := []string{c.UserName}
	if c.After != nil {
		names = append(names, c.After.UserName)
	}
	for _, n := range names {
		name := identity.FoldUserName(n)
		if since, known := x.since[name]; n != "" && (!known || c.Time.Before(since)) {
			x.since[name] = c.Time
		}
	}
}

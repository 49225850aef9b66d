package omni

import (
	"encoding/json"
	"net/http"
	"net/mail"
)

// draft is a write of a user, read and checked but not yet applied; a nil field
// leaves things as they are, a nil value clears.
type draft struct {
	userName    *string
	displayName *string
	active      *bool
	attributes  map[string]value
}

// userBody is what POST and PUT read; everything else in a body is tolerated.
type userBody struct {
	UserName    *string                    `json:"userName"`
	DisplayName *string                    `json:"displayName"`
	Active      *bool                      `json:"active"`
	Attributes  map[string]json.RawMessage `json:"urn:omni:params:1.0:UserAttribute"`
}

// readDraft reads the body of a POST or PUT, where userName is required.
func (o *Org) readDraft(body []byte) (draft, *failure) {
	var b userBody
	if fail := decode(body, &b); fail != nil {
		return draft{}, fail
	}
	if b.UserName == nil {
		return draft{}, invalid("userName: Required")
	}
	if fail := checkEmail(*b.UserName); fail != nil {
		return draft{}, fail
	}
	attributes, fail := o.readAttributes(b.Attributes)
	return draft{userName: b.UserName, displayName: b.DisplayName, active: b.Active, attributes: attributes}, fail
}

func checkEmail(s string) *failure {
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return invalid("userName: Invalid email")
	}
	return nil
}

// apply does the whole of d to u, or nothing.
func (o *Org) apply(c *call, u *user, d draft) *failure {
	if fail := o.checkRename(u, &d); fail != nil {
		return fail
	}
	revives := d.active != nil && *d.active && !u.active
	if revives && o.Knobs.Revoked == InactiveNotReactivable {
		return invalid("A deactivated user cannot be reactivated")
	}
	if revives && o.Knobs.Revoked == InactiveForGood {
		d.active = nil
	}
	if o.write(u, d) {
		u.modified, c.changed = c.now, true
	}
	return nil
}

// write reports whether anything became different.
func (o *Org) write(u *user, d draft) bool {
	changed := u.set(d.attributes)
	if d.displayName != nil && *d.displayName != u.displayName {
		u.displayName, changed = *d.displayName, true
	}
	if d.userName != nil && *d.userName != u.userName {
		o.people.rename(u, *d.userName)
		changed = true
	}
	if d.active != nil && *d.active != u.active {
		u.active, changed = *d.active, true
		if !u.active {
			o.deactivated(u)
		}
	}
	return changed
}

// checkRename refuses a userName that can't be had, or takes it out of d.
func (o *Org) checkRename(u *user, d *draft) *failure {
	if d.userName == nil || *d.userName == u.userName {
		return nil
	}
	switch o.Knobs.Renames {
	case RenamesRefused:
		return invalid("userName cannot be changed")
	case RenamesIgnored:
		d.userName = nil
		return nil
	case RenamesAllowed:
	}
	if fold(*d.userName) != fold(u.userName) && o.taken(*d.userName) {
		return declined(orElse(o.Knobs.RenameConflictStatus, http.StatusConflict), "User with this email already exists")
	}
	return nil
}

// deactivated does what follows when u was set inactive.
func (o *Org) deactivated(u *user) {
	if !o.Knobs.SchedulesKept {
		o.dropSchedules(u.id)
	}
	if o.Knobs.MembershipsDropped {
		o.leaveTeams(u)
	}
	if o.Knobs.Revoked == Gone {
		o.forget(u)
	}
}

// forget ends a membership for good.
func (o *Org) forget(u *user) {
	o.dropSchedules(u.id)
	o.leaveTeams(u)
	delete(o.roles, u.id)
	o.people.remove(u)
	o.revoked[fold(u.userName)] = true
}

func (o *Org) leaveTeams(u *user) {
	for t := range u.teams.all() {
		t.members.remove(u)
		u.teams.remove(t)
	}
}

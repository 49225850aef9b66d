package omni

import (
	"net/http"
	"time"
)

// Omni's names for the parts of a user.
const (
	coreUser      = "urn:ietf:params:scim:schemas:core:2.0:User"
	attributesURN = "urn:omni:params:1.0:UserAttribute"
	extensionURN  = "urn:omni:params:scim:schemas:extension:user:2.0"
)

// user is one membership. A standard user and an embed user differ only in the
// set that holds them.
type user struct {
	id, userName, displayName string
	active, orgAdmin          bool
	attributes                map[string]value
	created, modified         time.Time
	lastLogin                 time.Time // zero is never
	teams                     roll[team]
}

func (o *Org) createUser(c *call) (reply, *failure) {
	d, fail := o.readDraft(c.body)
	if fail != nil {
		return reply{}, fail
	}
	if d.displayName == nil {
		return reply{}, invalid("displayName: Required")
	}
	if o.taken(*d.userName) {
		return reply{}, declined(http.StatusConflict, "User with this email already exists")
	}
	u := o.newUser(*d.userName, *d.displayName, c.now)
	u.set(d.attributes)
	o.people.add(u)
	delete(o.invited, fold(u.userName))
	delete(o.revoked, fold(u.userName))
	c.changed = true
	return reply{status: http.StatusCreated, body: o.writtenUser(u)}, nil
}

// taken reports whether a new user can't have the name.
func (o *Org) taken(userName string) bool {
	name := fold(userName)
	if o.people.byName[name] != nil {
		return true
	}
	return o.Knobs.HiddenConflicts && (o.embed.byName[name] != nil || o.invited[name] || o.revoked[name])
}

func (o *Org) newUser(userName, displayName string, now time.Time) *user {
	return &user{
		id: o.newUUID(), userName: userName, displayName: displayName, active: true,
		attributes: map[string]value{}, created: now, modified: now,
	}
}

func (o *Org) readUser(c *call) (reply, *failure) {
	u, fail := o.people.find(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	return reply{status: http.StatusOK, body: o.userJSON(u)}, nil
}

func (o *Org) listUsers(c *call) (reply, *failure) { return o.listPeople(c, &o.people) }

// replaceUser is a true replacement: what the body leaves out goes back to its
// default, and a missing active is true.
func (o *Org) replaceUser(c *call) (reply, *failure) {
	u, fail := o.people.find(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	d, fail := o.readDraft(c.body)
	if fail != nil {
		return reply{}, fail
	}
	if d.displayName == nil {
		d.displayName = d.userName
	}
	if d.active == nil {
		d.active = new(true)
	}
	for ref := range u.attributes {
		if _, ok := d.attributes[ref]; !ok {
			d.attributes[ref] = nil
		}
	}
	if fail := o.apply(c, u, d); fail != nil {
		return reply{}, fail
	}
	return reply{status: http.StatusOK, body: o.writtenUser(u)}, nil
}

func (o *Org) deleteUser(c *call) (reply, *failure) {
	u, fail := o.people.find(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	o.forget(u)
	c.changed = true
	return reply{status: http.StatusNoContent}, nil
}

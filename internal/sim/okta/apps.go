package okta

import (
	"encoding/json"
	"strings"
	"time"
)

// AssignOptions say how a user is assigned to the app.
type AssignOptions struct {
	UserName   string         // credentials.userName; "" is the profile's email
	AppProfile map[string]any // the app user's profile; nil follows the Okta profile
	ExternalID string         // the id in the target, when provisioning linked one
	Status     string         // "" is ACTIVE, or PROVISIONED where ExternalID is set
	Scope      string         // "" is USER; GROUP is what AssignGroup makes
}

type appUser struct {
	user          *user
	number        uint64
	targetID      string // 0ua..., which only the System Log shows
	scope         string
	status        string
	userName      string
	externalID    string
	profile       json.RawMessage // nil: follows the user's
	created       time.Time
	updated       time.Time
	statusChanged time.Time
	left          time.Time // zero: still assigned
	earlier       []appUser // as it was before each change, oldest first, because lists lag behind
}

// Assign assigns a user and tells whether it did: not when the user is assigned already, nor when Okta doesn't
// allow it (DEPROVISIONED and SUSPENDED users).
func (o *Org) Assign(id string, how AssignOptions) bool {
	defer o.lock()()
	u := o.mustUser(id)
	return o.assign(u, how, Event{Job: how.Scope == "GROUP"})
}

func (o *Org) assign(u *user, how AssignOptions, by Event) bool {
	if o.assigned[u.id] != nil || u.status == "DEPROVISIONED" || u.status == "SUSPENDED" {
		return false
	}
	now := o.now()
	a := &appUser{
		user: u, targetID: o.newID("0ua"), scope: how.Scope, status: how.Status, userName: how.UserName,
		externalID: how.ExternalID, created: now, updated: now, statusChanged: now,
	}
	if a.scope == "" {
		a.scope = "USER"
	}
	if a.userName == "" {
		a.userName = u.text("email")
	}
	switch {
	case a.status != "":
	case a.externalID != "":
		a.status = "PROVISIONED"
	default:
		a.status = "ACTIVE"
	}
	if how.AppProfile != nil {
		a.profile = mustJSON(how.AppProfile)
	}
	o.assigned[u.id] = a
	a.number = o.appRoll.add(a)
	by.Type, by.Targets = "application.user_membership.add", o.appUserTargets(a)
	o.happens(by)
	return true
}

// Unassign ends the assignment and tells whether there was one. It doesn't ask whether a group still assigns.
func (o *Org) Unassign(id string) bool {
	defer o.lock()()
	a := o.assigned[o.mustUser(id).id]
	if a == nil {
		return false
	}
	o.unassign(a, Event{})
	return true
}

func (o *Org) unassign(a *appUser, by Event) {
	delete(o.assigned, a.user.id)
	if a.left = o.now(); o.Knobs.ListLag == 0 {
		o.appRoll.remove(a.number)
	}
	by.Type, by.Targets = "application.user_membership.remove", o.appUserTargets(a)
	o.happens(by)
}

// SetUserName changes the application username and tells whether it was another. Someone who isn't assigned has none.
func (o *Org) SetUserName(id, userName string) bool {
	return o.changeAppUser(id, "application.user_membership.change_username", func(a *appUser) bool {
		changed := a.userName != userName
		a.userName = userName
		return changed
	})
}

// SetAppProfile replaces the app user's profile; nil lets it follow the Okta profile again.
func (o *Org) SetAppProfile(id string, profile map[string]any) bool {
	return o.changeAppUser(id, "application.user_membership.update", func(a *appUser) bool {
		before := a.profile
		a.profile = nil
		if profile != nil {
			a.profile = mustJSON(profile)
		}
		return string(before) != string(a.profile)
	})
}

// SetAppStatus sets the status of the app user, such as STAGED, and tells whether it was another.
func (o *Org) SetAppStatus(id, status string) bool {
	event := "application.user_membership.update"
	switch status {
	case "APPROVED":
		event = "application.user_membership.approve"
	case "PROVISIONED":
		event = "application.user_membership.provision"
	case "DEPROVISIONED":
		event = "application.user_membership.deprovision"
	case "REVOKED":
		event = "application.user_membership.revoke"
	}
	return o.changeAppUser(id, event, func(a *appUser) bool {
		if a.status == status {
			return false
		}
		a.status, a.statusChanged = status, o.now()
		if status == "DEPROVISIONED" {
			a.externalID = ""
		}
		return true
	})
}

func (o *Org) changeAppUser(id, event string, change func(*appUser) bool) bool {
	defer o.lock()()
	a := o.assigned[o.mustUser(id).id]
	if a == nil {
		return false
	}
	before := *a
	if !change(a) {
		return false
	}
	a.updated = o.now()
	if o.Knobs.ListLag > 0 {
		before.earlier = nil
		a.earlier = append(a.earlier, before)
	}
	o.happened(byAdmin, event, o.appUserTargets(a)...)
	return true
}

type appUserJSON struct {
	ID            string          `json:"id"`
	ExternalID    string          `json:"externalId,omitempty"`
	Created       stamp           `json:"created"`
	LastUpdated   stamp           `json:"lastUpdated"`
	Scope         string          `json:"scope"`
	Status        string          `json:"status"`
	StatusChanged stamp           `json:"statusChanged"`
	Password      stamp           `json:"passwordChanged"`
	SyncState     string          `json:"syncState"`
	Credentials   userNameJSON    `json:"credentials"`
	Profile       json.RawMessage `json:"profile"`
	Links         map[string]href `json:"_links"`
	Embedded      *embeddedJSON   `json:"_embedded,omitempty"`
}

type userNameJSON struct {
	UserName string `json:"userName"`
}

type embeddedJSON struct {
	User userJSON `json:"user"`
}

func (o *Org) appUserJSON(a *appUser, c call) appUserJSON {
	j := appUserJSON{
		ID: a.user.id, ExternalID: a.externalID, Created: stamp(a.created), LastUpdated: stamp(a.updated),
		Scope: a.scope, Status: a.status, StatusChanged: stamp(a.statusChanged), SyncState: "DISABLED",
		Credentials: userNameJSON{a.userName}, Profile: a.profile,
		Links: map[string]href{
			"app":  {c.base + "/api/v1/apps/" + o.ID()},
			"user": {c.base + "/api/v1/users/" + a.user.id},
		},
	}
	if a.profile == nil {
		j.Profile = a.user.mapped
	}
	if o.Knobs.NullProfiles {
		j.Profile = json.RawMessage("null")
	}
	if a.externalID != "" {
		j.SyncState = "SYNCHRONIZED"
	}
	if c.param("expand") == "user" && !o.Knobs.Unembedded {
		j.Embedded = &embeddedJSON{a.user.json(c.base)}
	}
	return j
}

func (o *Org) listAppUsers(c call) (reply, *failure) {
	if f := o.app(c); f != nil {
		return reply{list: true}, f
	}
	limit, after, f := c.paging(bounds{50, 1, 500})
	if f != nil {
		return reply{list: true}, f
	}
	q := strings.ToLower(c.param("q"))
	shown := o.now().Add(-o.Knobs.ListLag)
	users, next := o.appRoll.page(after, limit, func(a *appUser) bool {
		if !a.in(shown, o.Knobs.ListLag > 0) || o.hides(c, a.user.id) {
			return false
		}
		for _, text := range []string{a.userName, a.user.text("firstName"), a.user.text("lastName"), a.user.text("email")} {
			if strings.HasPrefix(strings.ToLower(text), q) {
				return true
			}
		}
		return false
	})
	return listed(users, cursor(next), func(a *appUser) appUserJSON { return o.appUserJSON(a.at(shown), c) }), nil
}

// in tells whether a list has the app user: one that lags shows the given moment.
func (a *appUser) in(shown time.Time, lags bool) bool {
	if !lags {
		return a.left.IsZero()
	}
	return !a.created.After(shown) && (a.left.IsZero() || a.left.After(shown))
}

// at is the app user as it was then.
func (a *appUser) at(then time.Time) *appUser {
	was := a
	for i := len(a.earlier) - 1; i >= 0 && was.updated.After(then); i-- {
		was = &a.earlier[i]
	}
	return was
}

func (o *Org) getAppUser(c call) (reply, *failure) {
	if f := o.app(c); f != nil {
		return reply{}, f
	}
	id := c.PathValue("user")
	a := o.assigned[id]
	if a == nil || o.hides(c, id) {
		return reply{}, notFound("AppUser", id)
	}
	return reply{body: o.appUserJSON(a, c)}, nil
}

package okta

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// User is a person to add. Login and Email stand in for each other when one is empty.
type User struct {
	Login     string
	FirstName string
	LastName  string
	Email     string
	Status    string         // "" is ACTIVE
	Profile   map[string]any // further attributes, such as department
}

type user struct {
	id            string
	number        uint64
	status        string
	created       time.Time
	activated     time.Time
	statusChanged time.Time
	updated       time.Time
	profile       map[string]any
	raw           json.RawMessage // profile, rendered
	mapped        json.RawMessage // what an app user's profile has of it, rendered
	groups        []*group        // in order of joining
}

func (u *user) text(key string) string {
	s, _ := u.profile[key].(string) // an attribute that is missing or no text reads as ""
	return s
}

func (u *user) name() string {
	return strings.TrimSpace(u.text("firstName") + " " + u.text("lastName"))
}

// render keeps the JSON of the profile, which every page shows again.
func (u *user) render() {
	u.raw = mustJSON(u.profile)
	mapped := map[string]any{}
	for key, value := range u.profile {
		if key != "login" && key != "secondEmail" && key != "mobilePhone" {
			mapped[key] = value
		}
	}
	u.mapped = mustJSON(mapped)
}

func mustJSON(v map[string]any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("okta stand-in: a profile that isn't JSON: %v", err))
	}
	return text
}

// AddUser adds a person and returns the id.
func (o *Org) AddUser(add User) string {
	defer o.lock()()
	now := o.now()
	if add.Login == "" {
		add.Login = add.Email
	}
	if add.Email == "" {
		add.Email = add.Login
	}
	u := &user{id: o.newID("00u"), status: add.Status, created: now, statusChanged: now, updated: now}
	u.profile = map[string]any{
		"login": add.Login, "email": add.Email, "firstName": add.FirstName, "lastName": add.LastName,
		"secondEmail": nil, "mobilePhone": nil,
	}
	maps.Copy(u.profile, add.Profile)
	u.render()
	if u.status == "" {
		u.status = "ACTIVE"
	}
	o.users[u.id] = u
	u.number = o.userRoll.add(u)
	o.happened(byAdmin, "user.lifecycle.create", u.target())
	if u.status != "STAGED" {
		u.activated = now
		o.happened(byAdmin, "user.lifecycle.activate", u.target())
	}
	return u.id
}

// SetStatus moves a user to another status of Okta, such as SUSPENDED, and tells whether that was a change.
// DEPROVISIONED ends the app's assignment and leaves the memberships in groups as they are.
func (o *Org) SetStatus(id, status string) bool {
	defer o.lock()()
	return o.setStatus(o.mustUser(id), status)
}

func (o *Org) setStatus(u *user, status string) bool {
	before := u.status
	if before == status {
		return false
	}
	o.becomes(u, status)
	if event := statusEvent(before, status); event != "" {
		o.happened(byAdmin, event, u.target())
	}
	if a := o.assigned[u.id]; a != nil && status == "DEPROVISIONED" {
		o.unassign(a, Event{Job: true})
	}
	return true
}

func (o *Org) becomes(u *user, status string) {
	u.status, u.statusChanged = status, o.now()
	u.updated = u.statusChanged
	if status == "ACTIVE" && u.activated.IsZero() {
		u.activated = u.statusChanged
	}
}

// statusEvent is the event of a change of status; "" where the log shows none.
func statusEvent(before, after string) string {
	switch {
	case after == "SUSPENDED":
		return "user.lifecycle.suspend"
	case after == "DEPROVISIONED":
		return "user.lifecycle.deactivate"
	case after == "LOCKED_OUT":
		return "user.account.lock"
	case after == "ACTIVE" && before == "SUSPENDED":
		return "user.lifecycle.unsuspend"
	case after == "ACTIVE" && before == "LOCKED_OUT":
		return "user.account.unlock"
	case after == "ACTIVE" && before == "PROVISIONED":
		return "user.lifecycle.reactivate"
	case after == "ACTIVE" || after == "PROVISIONED":
		return "user.lifecycle.activate"
	case after == "PASSWORD_EXPIRED":
		return "user.account.expire_password"
	case after == "RECOVERY":
		return "user.account.reset_password"
	}
	return ""
}

// Delete removes a user for good, with what they are in. Okta deactivates first, and so does this.
func (o *Org) Delete(id string) {
	defer o.lock()()
	u := o.mustUser(id)
	o.setStatus(u, "DEPROVISIONED")
	o.happened(byAdmin, "user.lifecycle.delete.initiated", u.target())
	for _, g := range slices.Clone(u.groups) {
		o.removeMember(g, u, byJob, nil)
		o.pushMembers(g)
	}
	delete(o.users, id)
	o.userRoll.remove(u.number)
	o.happened(byJob, "user.lifecycle.delete.completed", u.target())
}

// UpdateProfile sets attributes of the Okta profile (nil is null) and tells whether one was different. The app
// user's profile follows unless it was given at the assignment; the app user's userName and times don't.
func (o *Org) UpdateProfile(id string, attributes map[string]any) bool {
	defer o.lock()()
	u := o.mustUser(id)
	if !o.setProfile(u, attributes) {
		return false
	}
	o.happened(byAdmin, "user.account.update_profile", u.target())
	o.rule(u)
	return true
}

func (o *Org) setProfile(u *user, attributes map[string]any) bool {
	before := string(u.raw)
	u.profile = maps.Clone(u.profile)
	maps.Copy(u.profile, attributes)
	u.render()
	if string(u.raw) == before {
		return false
	}
	u.updated = o.now()
	return true
}

type userJSON struct {
	ID              string          `json:"id"`
	Status          string          `json:"status"`
	Created         stamp           `json:"created"`
	Activated       stamp           `json:"activated"`
	StatusChanged   stamp           `json:"statusChanged"`
	LastLogin       stamp           `json:"lastLogin"`
	LastUpdated     stamp           `json:"lastUpdated"`
	PasswordChanged stamp           `json:"passwordChanged"`
	Type            idJSON          `json:"type"`
	Profile         json.RawMessage `json:"profile"`
	Credentials     credentialsJSON `json:"credentials"`
	Links           map[string]href `json:"_links"`
}

type idJSON struct {
	ID string `json:"id"`
}

type credentialsJSON struct {
	Provider struct {
		Type string `json:"type"`
		Name string `json:"name"`
	} `json:"provider"`
}

type href struct {
	Href string `json:"href"`
}

// stamp is a time in Okta's form, or null when it is zero.
type stamp time.Time

const stampForm = "2006-01-02T15:04:05.000Z"

// MarshalJSON implements json.Marshaler.
func (s stamp) MarshalJSON() ([]byte, error) {
	if time.Time(s).IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + time.Time(s).Format(stampForm) + `"`), nil
}

func (u *user) json(base string) userJSON {
	j := userJSON{
		ID: u.id, Status: u.status, Created: stamp(u.created), Activated: stamp(u.activated),
		StatusChanged: stamp(u.statusChanged), LastUpdated: stamp(u.updated), PasswordChanged: stamp(u.activated),
		Type: idJSON{"oty1sim0000000000001"}, Profile: u.raw,
		Links: map[string]href{"self": {base + "/api/v1/users/" + u.id}},
	}
	j.Credentials.Provider.Type, j.Credentials.Provider.Name = "OKTA", "OKTA"
	return j
}

func (o *Org) getUser(c call) (reply, *failure) {
	if c.PathValue("user") == "me" {
		return o.getMe(c)
	}
	u, f := o.findUser(c.PathValue("user"))
	if f == nil && o.hides(c, u.id) {
		f = notFound("User", c.PathValue("user"))
	}
	if f != nil {
		return reply{}, f
	}
	return reply{body: u.json(c.base)}, nil
}

// findUser looks an id up, then a login, as Okta does.
func (o *Org) findUser(key string) (*user, *failure) {
	if u := o.users[key]; u != nil {
		return u, nil
	}
	var found *user
	o.userRoll.after(0, func(_ uint64, u *user) bool {
		if strings.EqualFold(u.text("login"), key) {
			found = u
		}
		return found == nil
	})
	if found == nil {
		return nil, notFound("User", key)
	}
	return found, nil
}

func (o *Org) listGroupsOf(c call) (reply, *failure) {
	u, f := o.findUser(c.PathValue("user"))
	if f == nil && o.hides(c, u.id) {
		f = notFound("User", c.PathValue("user"))
	}
	if f != nil {
		return reply{list: true}, f
	}
	groups := slices.DeleteFunc(slices.Clone(u.groups), func(g *group) bool { return o.hides(c, g.id) })
	return listed(groups, "", func(g *group) groupJSON { return g.json(c.base, nil) }), nil
}

// listUsers leaves DEPROVISIONED users out unless a filter is given.
func (o *Org) listUsers(c call) (reply, *failure) {
	if c.param("search") != "" || c.param("q") != "" {
		return reply{list: true}, unsupported("search and q of users: use filter")
	}
	limit, after, f := c.paging(bounds{200, 1, 200})
	if f != nil {
		return reply{list: true}, f
	}
	accept, err := parseFilter(c.param("filter"), "id", "status", "lastUpdated", "profile.login", "profile.email")
	if err != nil {
		return reply{list: true}, badFilter(err)
	}
	users, next := o.userRoll.page(after, limit, func(u *user) bool {
		if o.hides(c, u.id) {
			return false
		}
		if c.param("filter") == "" {
			return u.status != "DEPROVISIONED"
		}
		return accept(u.attribute)
	})
	return listed(users, cursor(next), func(u *user) userJSON { return u.json(c.base) }), nil
}

func (u *user) attribute(name string) []string {
	switch name {
	case "id":
		return []string{u.id}
	case "status":
		return []string{u.status}
	case "lastUpdated":
		return []string{u.updated.Format(stampForm)}
	default:
		return []string{u.text(strings.TrimPrefix(name, "profile."))}
	}
}

package pusher

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// Assign assigns the person to the app, for the first time or again: who is known is activated, who is found by
// userName is linked and activated, anyone else is created. It returns the task's id, as the others do.
func (c *Client) Assign(p Person) int {
	defer c.lock()()
	u := c.users[p.OktaID]
	if u == nil {
		u = &appUser{}
		c.users[p.OktaID] = u
	}
	u.person, u.assigned = p, true
	return c.queue(p.OktaID, ActionAssign, func(ctx context.Context, k call) error {
		if err := k.assign(ctx, u); err != nil || !k.style.LateMembers {
			return err
		}
		k.note(func() { c.pushLate(p.OktaID) })
		return nil
	})
}

// Update changes the values of an assigned person, the userName too, and pushes the profile. Who isn't provisioned
// gets no push: the assignment that failed has to be retried.
func (c *Client) Update(p Person) int {
	defer c.lock()()
	u := c.mustUser(p.OktaID)
	u.person = p
	return c.queue(p.OktaID, ActionUpdate, func(ctx context.Context, k call) error { return k.update(ctx, u) })
}

// Unassign takes the person off the app, or deactivates them in Okta, which pushes the same.
func (c *Client) Unassign(oktaID string) int {
	defer c.lock()()
	u := c.mustUser(oktaID)
	u.assigned = false
	return c.queue(oktaID, ActionUnassign, func(ctx context.Context, k call) error { return k.unassign(ctx, u) })
}

// SetPassword syncs a password.
func (c *Client) SetPassword(oktaID, password string) int {
	defer c.lock()()
	u := c.mustUser(oktaID)
	u.password = password
	return c.queue(oktaID, ActionPassword, func(ctx context.Context, k call) error { return k.syncPassword(ctx, u) })
}

// DeleteUser unassigns the person with granular deprovisioning: the user is deleted, and the link dropped.
func (c *Client) DeleteUser(oktaID string) int {
	defer c.lock()()
	u := c.mustUser(oktaID)
	u.assigned = false
	return c.queue(oktaID, ActionDelete, func(ctx context.Context, k call) error { return k.deleteUser(ctx, u) })
}

func (k call) look(u *appUser) appUser {
	defer k.c.lock()()
	return *u
}

func (k call) note(change func()) {
	defer k.c.lock()()
	change()
}

func (k call) assign(ctx context.Context, u *appUser) error {
	now := k.look(u)
	id := now.scimID
	if id == "" {
		name := now.person.UserName
		if k.style.AsksOldName && now.sent.UserName != "" {
			name = now.sent.UserName
		}
		found, err := k.find(ctx, "/Users", "userName", name)
		if err != nil {
			return shown(err, "Error while verifying if user %s exists", name)
		}
		if found == "" {
			return k.create(ctx, u, now.person)
		}
		id = found
		k.note(func() { u.scimID = id })
	}
	if k.style.PatchUsers {
		if err := k.patchUser(ctx, now.person, id, k.style.setActive(true)); err != nil {
			return err
		}
		return k.put(ctx, u, id, nil)
	}
	return k.put(ctx, u, id, Resource{"active": true})
}

// find looks a resource up by an attribute; "" is none. Okta takes an empty list for an answer, and a 404 as well.
// A resource whose value isn't the one that was asked for doesn't count.
func (k call) find(ctx context.Context, collection, key, value string) (id string, err error) {
	filter := url.QueryEscape(fmt.Sprintf(`%s eq "%s"`, key, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)))
	r, err := k.send(ctx, http.MethodGet, collection+"?filter="+strings.ReplaceAll(filter, "+", "%20")+"&startIndex=1&count=100", nil)
	if isStatus(err, http.StatusNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	p, err := r.list()
	if err != nil {
		return "", err
	}
	for _, resource := range p.resources {
		if strings.EqualFold(resource.text(key), value) {
			return resource.text("id"), nil
		}
	}
	return "", nil
}

func (k call) create(ctx context.Context, u *appUser, p Person) error {
	r, err := k.send(ctx, http.MethodPost, "/Users", p.creation(rand.Text()))
	var user Resource
	if err == nil {
		user, err = r.user(http.StatusCreated)
	}
	if errors.Is(err, errEmpty) {
		return shown(nil, "Create new user returned empty user")
	}
	if err != nil {
		return shown(err, "Push new user to external application FAILURE")
	}
	k.note(func() { u.scimID, u.sent = user.text("id"), p })
	return nil
}

// put reads the user, lays the person's values and these on top of what came, and puts the whole back.
func (k call) put(ctx context.Context, u *appUser, id string, also Resource) error {
	now := k.look(u)
	has, err := k.get(ctx, now.person, id)
	if err != nil {
		return err
	}
	body := merged(has, now.person, now.sent, k.style.Clears)
	maps.Copy(body, also)
	if err := k.putUser(ctx, now.person, id, body); err != nil {
		return err
	}
	k.note(func() { u.sent = now.person })
	return nil
}

func (k call) get(ctx context.Context, p Person, id string) (Resource, error) {
	r, err := k.send(ctx, http.MethodGet, "/Users/"+url.PathEscape(id), nil)
	if isStatus(err, http.StatusNotFound) {
		return nil, shown(nil, "No user returned for user %s", p.UserName)
	}
	if err != nil {
		return nil, profileError(p, err)
	}
	has, err := r.user(http.StatusOK)
	if err != nil {
		return nil, profileError(p, err)
	}
	return has, nil
}

func (k call) putUser(ctx context.Context, p Person, id string, body Resource) error {
	r, err := k.send(ctx, http.MethodPut, "/Users/"+url.PathEscape(id), body)
	if err == nil {
		_, err = r.user(http.StatusOK)
	}
	if err != nil {
		return profileError(p, err)
	}
	return nil
}

// patchUser wants 200 with the user, or 204.
func (k call) patchUser(ctx context.Context, p Person, id string, body Resource) error {
	r, err := k.send(ctx, http.MethodPatch, "/Users/"+url.PathEscape(id), body)
	if err == nil && r.status != http.StatusNoContent {
		_, err = r.user(http.StatusOK)
	}
	if err != nil {
		return profileError(p, err)
	}
	return nil
}

func profileError(p Person, err error) error {
	return shown(err, "Error while trying to push profile update for '%s'", p.UserName)
}

func (k call) update(ctx context.Context, u *appUser) error {
	id := k.look(u).scimID
	if id == "" {
		return nil
	}
	return k.put(ctx, u, id, nil)
}

// unassign sends active: false, and by PUT everything else as it came.
func (k call) unassign(ctx context.Context, u *appUser) error {
	now := k.look(u)
	if now.scimID == "" {
		return nil
	}
	if err := k.deactivate(ctx, now); err != nil {
		return err
	}
	if k.style.ForgetsLink {
		k.note(func() { u.scimID = "" })
	}
	return nil
}

func (k call) deactivate(ctx context.Context, now appUser) error {
	if k.style.PatchUsers {
		return k.patchUser(ctx, now.person, now.scimID, k.style.setActive(false))
	}
	has, err := k.get(ctx, now.person, now.scimID)
	if err != nil {
		return err
	}
	has["active"] = false
	return k.putUser(ctx, now.person, now.scimID, has)
}

func (k call) syncPassword(ctx context.Context, u *appUser) error {
	now := k.look(u)
	switch {
	case now.scimID == "":
		return nil
	case k.style.PatchUsers:
		return k.patchUser(ctx, now.person, now.scimID, k.style.setPassword(now.password))
	default:
		return k.put(ctx, u, now.scimID, Resource{"password": now.password})
	}
}

func (k call) deleteUser(ctx context.Context, u *appUser) error {
	now := k.look(u)
	if now.scimID == "" {
		return nil
	}
	r, err := k.send(ctx, http.MethodDelete, "/Users/"+url.PathEscape(now.scimID), nil)
	if err == nil {
		err = r.written()
	}
	if err != nil && !isStatus(err, http.StatusNotFound) {
		return shown(err, "Error while trying to delete user '%s'", now.person.UserName)
	}
	k.note(func() { u.scimID = "" })
	return nil
}

package pusher

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// PushGroup puts the group under Push Groups: it is linked or created, and pushed whole.
func (c *Client) PushGroup(g Group) int {
	defer c.lock()()
	p := c.groups[g.OktaID]
	if p == nil {
		p = &pushed{}
		c.groups[g.OktaID] = p
	}
	p.group = g
	return c.queue(g.OktaID, ActionPush, func(ctx context.Context, k call) error { return k.pushGroup(ctx, p) })
}

// SetMembers changes who is in the group and pushes the difference, in the style's form.
func (c *Client) SetMembers(oktaID string, members ...string) int {
	return c.changeGroup(oktaID, ActionMembers, func(g *pushed) { g.group.Members = slices.Clone(members) })
}

// RenameGroup renames the group, and pushes that, as with the box "Rename app groups to match group name in Okta".
func (c *Client) RenameGroup(oktaID, name string) int {
	return c.changeGroup(oktaID, ActionRename, func(g *pushed) { g.group.Name = name })
}

// PauseGroup deactivates the mapping: changes stay in Okta until ResumeGroup.
func (c *Client) PauseGroup(oktaID string) {
	defer c.lock()()
	c.mustGroup(oktaID).paused = true
}

// ResumeGroup activates the mapping, which pushes the members at once.
func (c *Client) ResumeGroup(oktaID string) int {
	return c.changeGroup(oktaID, ActionMembers, func(g *pushed) { g.paused = false })
}

// PushNow pushes the group whole, whatever was pushed before.
func (c *Client) PushNow(oktaID string) int {
	return c.changeGroup(oktaID, ActionPush, func(*pushed) {})
}

// UnlinkGroup takes the group from Push Groups and leaves it at the endpoint: nothing is sent.
func (c *Client) UnlinkGroup(oktaID string) {
	defer c.lock()()
	c.mustGroup(oktaID)
	delete(c.groups, oktaID)
}

// DeleteGroup takes the group from Push Groups and deletes it at the endpoint.
func (c *Client) DeleteGroup(oktaID string) int {
	defer c.lock()()
	g := c.mustGroup(oktaID)
	delete(c.groups, oktaID)
	return c.queue(oktaID, ActionDrop, func(ctx context.Context, k call) error { return k.deleteGroup(ctx, g) })
}

// pushLate queues the groups that have the person, who may not be in them yet. The lock is held.
func (c *Client) pushLate(person string) {
	for _, id := range slices.Sorted(maps.Keys(c.groups)) {
		if slices.Contains(c.groups[id].group.Members, person) {
			c.queueChange(c.groups[id], ActionMembers)
		}
	}
}

func (c *Client) changeGroup(oktaID string, action Action, change func(*pushed)) int {
	defer c.lock()()
	g := c.mustGroup(oktaID)
	change(g)
	return c.queueChange(g, action)
}

func (c *Client) queueChange(g *pushed, action Action) int {
	return c.queue(g.group.OktaID, action, func(ctx context.Context, k call) error {
		if action == ActionPush {
			return k.pushGroup(ctx, g)
		}
		now, after := k.lookGroup(g)
		if now.paused || now.scimID == "" { // unlinked: the push that failed has yet to be retried, with what is true then
			return nil
		}
		if action == ActionMembers && len(difference(after, now.sent))+len(difference(now.sent, after)) == 0 {
			return nil
		}
		return k.syncGroup(ctx, g, false)
	})
}

// eligible are the members that are pushed: assigned to the app, and linked. The lock is held.
func (c *Client) eligible(g *pushed) map[string]member {
	members := map[string]member{}
	for _, oktaID := range g.group.Members {
		if u := c.users[oktaID]; u != nil && u.assigned && u.scimID != "" {
			members[oktaID] = member{id: u.scimID, display: u.person.UserName}
		}
	}
	return members
}

// lookGroup is a copy of what is known, and who is to be in the group.
func (k call) lookGroup(g *pushed) (now pushed, members map[string]member) {
	defer k.c.lock()()
	return *g, k.c.eligible(g)
}

func (k call) pushGroup(ctx context.Context, g *pushed) error {
	now, _ := k.lookGroup(g)
	if now.paused {
		return nil
	}
	id := now.scimID
	if id == "" {
		id = now.group.Target
	}
	if id == "" {
		var err error
		if id, err = k.linkOrCreate(ctx, now.group.Name); err != nil {
			return groupError(now.group, err)
		}
	}
	k.note(func() { g.scimID = id })
	if k.style.PatchGroups { // by PUT, the group is read anyway
		if err := k.readGroup(ctx, now.group, id); err != nil {
			return err
		}
	}
	return k.syncGroup(ctx, g, true)
}

func (k call) linkOrCreate(ctx context.Context, name string) (id string, err error) {
	if id, err = k.find(ctx, "/Groups", "displayName", name); id != "" || err != nil {
		return id, err
	}
	body := Resource{"schemas": []any{groupSchema}, "displayName": name, "members": []any{}}
	r, err := k.send(ctx, http.MethodPost, "/Groups", body)
	if err != nil {
		return "", err
	}
	if id = r.object.text("id"); id == "" || r.status != http.StatusCreated {
		return "", fmt.Errorf("null (answered %d with id %q, expected 201 with the group)", r.status, id)
	}
	return id, nil
}

// readGroup sees whether the linked group is there still.
func (k call) readGroup(ctx context.Context, g Group, id string) error {
	r, err := k.send(ctx, http.MethodGet, groupPath(id), nil)
	if err == nil {
		err = r.group(id)
	}
	return linkedError(g, err)
}

// syncGroup brings the group at the endpoint to what it is in Okta.
func (k call) syncGroup(ctx context.Context, g *pushed, whole bool) error {
	now, after := k.lookGroup(g)
	if err := k.writeGroup(ctx, now, after, whole); err != nil {
		return err
	}
	k.note(func() { g.sent = after })
	return nil
}

func (k call) writeGroup(ctx context.Context, now pushed, after map[string]member, whole bool) error {
	id, name := now.scimID, now.group.Name
	if !k.style.PatchGroups {
		if err := k.readGroup(ctx, now.group, id); err != nil {
			return err
		}
		body := Resource{"schemas": []any{groupSchema}, "id": id, "displayName": name, "members": list(after, k.style)}
		return k.writeOne(ctx, now, http.MethodPut, body)
	}
	for _, body := range k.style.requests(change{id: id, name: name, before: now.sent, after: after, whole: whole}) {
		if err := k.writeOne(ctx, now, http.MethodPatch, body); err != nil {
			return err
		}
	}
	return nil
}

func (k call) writeOne(ctx context.Context, now pushed, method string, body Resource) error {
	r, err := k.send(ctx, method, groupPath(now.scimID), body)
	if err == nil {
		err = r.group(now.scimID)
	}
	return linkedError(now.group, err)
}

func (k call) deleteGroup(ctx context.Context, g *pushed) error {
	now, _ := k.lookGroup(g)
	if now.scimID == "" {
		return nil
	}
	r, err := k.send(ctx, http.MethodDelete, groupPath(now.scimID), nil)
	if err == nil {
		err = r.written()
	}
	return linkedError(now.group, err)
}

func groupPath(id string) string { return "/Groups/" + url.PathEscape(id) }

// linkedError is err in the words of the admin's page, which for a group that is gone are these.
func linkedError(g Group, err error) error {
	if isStatus(err, http.StatusNotFound) {
		return groupError(g, shown(nil, "Linked group is missing in the app. Change the linked group to resume pushing group memberships."))
	}
	if err == nil {
		return nil
	}
	return groupError(g, err)
}

func groupError(g Group, err error) error {
	return shown(err, "Unable to update Group Push mapping target App group %s", g.Name)
}

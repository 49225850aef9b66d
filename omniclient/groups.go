package omniclient

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

func groupListing() listing[groupRecord] {
	return listing[groupRecord]{
		what: "groups", path: "Groups", field: "displayName",
		id:   func(r groupRecord) string { return string(r.ID) },
		name: func(r groupRecord) string { return r.DisplayName },
	}
}

func groupPath(id identity.OmniGroupID) string { return "Groups/" + url.PathEscape(string(id)) }

// Teams lists every group with its members, under the conditions of Users.
func (c *Client) Teams(ctx context.Context) iter.Seq2[identity.Team, error] {
	return converted(all(ctx, c, groupListing(), nil), "list Omni groups", groupRecord.team)
}

// FindTeam looks a displayName up in any letter case, with its members;
// fault.NotFound when there is none.
func (c *Client) FindTeam(ctx context.Context, name string) (identity.Team, error) {
	const op = "find Omni group"
	r, found, err := find(ctx, c, groupListing(), lookup{
		name:  name,
		same:  func(s string) bool { return identity.FoldName(s) == identity.FoldName(name) },
		extra: url.Values{"excludedAttributes": {"members"}},
		folds: &c.folds.groups,
	})
	if err == nil && !found {
		err = &fault.Error{Kind: fault.NotFound, Op: op, Detail: fmt.Sprintf("no group is named %q", clip(name))}
	}
	if err == nil && r.Members == nil {
		r, err = c.readGroup(ctx, r.ID)
	}
	if err != nil {
		return identity.Team{}, err
	}
	return teamOf(op, r)
}

// Team reads one group with its members; fault.NotFound when it is gone.
func (c *Client) Team(ctx context.Context, id identity.OmniGroupID) (identity.Team, error) {
	r, err := c.readGroup(ctx, id)
	if err != nil {
		return identity.Team{}, err
	}
	return teamOf("read Omni group", r)
}

// CreateTeam creates a group with its members. The failures are those of
// CreateUser: a team beside an error means that the group was made.
func (c *Client) CreateTeam(ctx context.Context, name string, members []identity.OmniID) (identity.Team, error) {
	const op = "create Omni group"
	var r groupRecord
	body := newGroup{Schemas: []string{schemaGroup}, DisplayName: name, Members: references(members)}
	if err := c.post(ctx, op, "Groups", body, &r); err != nil {
		return identity.Team{}, err
	}
	if r.ID == "" { // made, but Omni doesn't say which
		t, err := c.FindTeam(ctx, name)
		if err != nil {
			return identity.Team{}, unseen(op, err)
		}
		r.ID = t.ID
	}
	t, err := c.completeGroup(ctx, op, r, len(members) > 0)
	if err != nil {
		return identity.Team{}, unseen(op, err)
	}
	left := unmetGroup(identity.TeamPatch{DisplayName: &name, Add: members}, t)
	if size(left) == 0 {
		return t, nil
	}
	again, err := c.patchGroup(ctx, op, t.ID, left)
	switch {
	case err == nil:
		return again, ignored(op, left, again)
	case fault.Is(err, fault.Refused):
		return t, ignored(op, left, t)
	}
	return t, err
}

// UpdateTeam sends the whole patch as one request, and no other where Omni
// answers with the group and its members. An answer without them costs a read;
// so does a refusal, after which what still differs is sent once more: that
// somebody who isn't a member can't be removed is no failure.
func (c *Client) UpdateTeam(ctx context.Context, id identity.OmniGroupID, p identity.TeamPatch) error {
	const op = "update Omni group"
	if size(p) == 0 {
		return nil
	}
	t, err := c.patchGroup(ctx, op, id, p)
	if fault.Is(err, fault.Refused) || fault.Is(err, fault.NotFound) {
		return c.settleGroup(ctx, op, id, p, err)
	}
	if err != nil {
		return err
	}
	return ignored(op, p, t)
}

// settleGroup looks at the group after a refusal: it may be gone, or may already
// be as wanted in part. The refusal stands when nothing less can be sent.
func (c *Client) settleGroup(ctx context.Context, op string, id identity.OmniGroupID, p identity.TeamPatch, refusal error) error {
	r, err := c.readGroup(ctx, id)
	if err != nil {
		return err
	}
	t, err := teamOf(op, r)
	if err != nil {
		return err
	}
	left := unmetGroup(p, t)
	if size(left) == 0 {
		return nil
	}
	if size(left) < size(p) {
		if t, refusal = c.patchGroup(ctx, op, id, left); refusal == nil {
			return ignored(op, left, t)
		}
	}
	if fault.Is(refusal, fault.NotFound) { // the group is there: a member isn't
		return &fault.Error{Kind: fault.Refused, Op: op, Detail: "Omni doesn't know a member", Err: refusal}
	}
	return refusal
}

// patchGroup sends p and gives the group as it is then. All additions are one
// operation; each removal is one of its own, the only form that Omni has.
func (c *Client) patchGroup(ctx context.Context, op string, id identity.OmniGroupID, p identity.TeamPatch) (identity.Team, error) {
	var ops []operation
	if p.DisplayName != nil {
		ops = append(ops, operation{Op: "replace", Path: "displayName", Value: *p.DisplayName})
	}
	if len(p.Add) > 0 {
		ops = append(ops, operation{Op: "add", Path: "members", Value: references(p.Add)})
	}
	for _, m := range p.Remove {
		ops = append(ops, operation{Op: "remove", Path: fmt.Sprintf("members[value eq %q]", string(m))})
	}
	var r groupRecord
	_, err := c.ask(ctx, request{
		op: op, method: http.MethodPatch, path: groupPath(id),
		body: patch{Schemas: []string{schemaPatch}, Operations: ops},
	}, &r)
	if err != nil {
		return identity.Team{}, err
	}
	if r.ID != id {
		r = groupRecord{ID: id}
	}
	return c.completeGroup(ctx, op, r, len(p.Add)+len(p.Remove) > 0)
}

// completeGroup gives the group after a write: from the answer when that tells
// what was written, else by reading it back.
func (c *Client) completeGroup(ctx context.Context, op string, r groupRecord, members bool) (identity.Team, error) {
	if r.DisplayName == "" || members && r.Members == nil {
		var err error
		if r, err = c.readGroup(ctx, r.ID); err != nil {
			return identity.Team{}, err
		}
	}
	return teamOf(op, r)
}

// DeleteTeam deletes the group; deleting one that is gone is no error.
func (c *Client) DeleteTeam(ctx context.Context, id identity.OmniGroupID) error {
	return c.remove(ctx, "delete Omni group", groupPath(id))
}

func (c *Client) readGroup(ctx context.Context, id identity.OmniGroupID) (groupRecord, error) {
	var r groupRecord
	if _, err := c.ask(ctx, request{op: "read Omni group", method: http.MethodGet, path: groupPath(id)}, &r); err != nil {
		return groupRecord{}, err
	}
	if r.ID != id {
		return groupRecord{}, &fault.Error{Kind: fault.Doubt, Op: "read Omni group", Detail: "Omni answered with another group, or with none"}
	}
	return r, nil
}

func teamOf(op string, r groupRecord) (identity.Team, error) {
	t, err := r.team()
	if err != nil {
		return identity.Team{}, &fault.Error{Kind: fault.Doubt, Op: op, Detail: "Omni's answer holds " + err.Error()}
	}
	return t, nil
}

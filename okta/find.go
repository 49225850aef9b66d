package okta

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// FindAssignment reads the app user of that app username, in any letter case, or
// else of the Okta user who signs in under that name. fault.NotFound says whether
// there is such an Okta user.
func (r *Reader) FindAssignment(ctx context.Context, name string) (identity.Assignment, error) {
	name = strings.TrimSpace(name)
	named, err := r.Named(ctx, name)
	switch {
	case err != nil:
		return identity.Assignment{}, err
	case len(named) > 1:
		return identity.Assignment{}, &fault.Error{Kind: fault.Conflict, Op: "find app user " + name, Detail: fmt.Sprintf("two app users have this name: %s and %s", named[0].ID, named[1].ID),
			Hint: "change the username of one of them on the app's Assignments tab"}
	case len(named) == 1:
		return named[0], nil
	}
	user, err := r.OktaUser(ctx, name)
	if err != nil {
		return identity.Assignment{}, err
	}
	found, err := r.Assignment(ctx, user.ID)
	if fault.Is(err, fault.NotFound) {
		return found, &fault.Error{Kind: fault.NotFound, Op: "find " + name, Detail: fmt.Sprintf("the Okta user %s exists, and isn't assigned to app %s", user.ID, r.id),
			Hint: "in Okta's admin console, the app's Assignments tab assigns people and groups", Err: err}
	}
	return found, err
}

// Named reads the app users of that app username, in any letter case: nobody, one,
// or several by mistake. Okta compares the beginning of several fields, so most that
// it gives are others.
func (r *Reader) Named(ctx context.Context, name string) ([]identity.Assignment, error) {
	name = strings.TrimSpace(name)
	c := call{kind: "app user by name", op: "find app user " + name, path: r.app + "/users?expand=user&limit=500&q=" + url.QueryEscape(name), needs: needApps}
	if name == "" {
		return nil, &fault.Error{Kind: fault.Refused, Op: c.op, Detail: "the name is empty"}
	}
	var found []identity.Assignment
	for user, err := range list[assignmentRecord](ctx, r, c) {
		if err != nil {
			return nil, err
		}
		if identity.FoldUserName(user.record.Credentials.UserName) != identity.FoldUserName(name) {
			continue
		}
		s := user.record.sighting(user.origin)
		a, err := s.Whole()
		if err != nil {
			return nil, doubt(c, "%v", err)
		}
		a.Print = s.Print
		found = append(found, a)
	}
	slices.SortFunc(found, func(a, b identity.Assignment) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}

// OktaUser reads the Okta user of that id, or who signs in under that name. A name
// without @ that isn't an id isn't looked for: me is the token's own user, and a short
// name may be anybody's. A login with a slash can't be, by Okta's documents.
func (r *Reader) OktaUser(ctx context.Context, name string) (identity.OktaUser, error) {
	name = strings.TrimSpace(name)
	c := call{kind: "user by login", op: "find " + name, path: "/api/v1/users/" + url.PathEscape(name), needs: needUsers}
	nobody := &fault.Error{Kind: fault.NotFound, Op: c.op, Detail: "no app user has this app username, and no Okta user signs in under it",
		Hint: "the name is the app username, as the app's Assignments tab in Okta's admin console shows it"}
	byID := isID(name) && strings.HasPrefix(name, userIDs)
	if !byID && (!strings.Contains(name, "@") || strings.Contains(name, "/")) {
		return identity.OktaUser{}, nobody
	}
	var user userRecord
	a, err := r.ask(ctx, c)
	if err == nil {
		err = decode(c, a, '{', &user)
	}
	r.broken.note(c, err)
	switch {
	case fault.Is(err, fault.NotFound):
		nobody.Err = err
		return identity.OktaUser{}, nobody
	case err == nil && (!isID(user.ID) || byID && user.ID != name):
		err = doubt(c, "the answer has no id, or is about somebody else")
	}
	if err != nil {
		return identity.OktaUser{}, err
	}
	return user.user(c)
}

// userIDs is what the ids of Okta's users begin with.
const userIDs = "00u"

func (r userRecord) user(c call) (identity.OktaUser, error) {
	u := identity.OktaUser{ID: identity.OktaID(r.ID), Status: r.Status}
	profile, err := r.Profile.fields()
	if err != nil {
		return u, doubt(c, "the profile can't be read: %v", err)
	}
	text := func(key string) string { s, _ := profile[key].(string); return s }
	u.Profile, u.Login = profile, text("login")
	u.Name = cmp.Or(text("displayName"), strings.TrimSpace(text("firstName")+" "+text("lastName")))
	return u, nil
}

// GroupsIn lists the groups that one user is in, as they are in Okta.
func (r *Reader) GroupsIn(ctx context.Context, id identity.OktaID) ([]identity.Group, error) {
	c := call{kind: "groups of a user", op: "list groups of user " + string(id), path: "/api/v1/users/" + string(id) + "/groups", needs: needUsers}
	if err := checkID(c, string(id)); err != nil {
		return nil, err
	}
	var groups []identity.Group
	for group, err := range list[groupRecord](ctx, r, c) {
		if err != nil {
			return nil, err
		}
		groups = append(groups, group.record.group(group.origin))
	}
	return groups, nil
}

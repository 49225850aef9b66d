package okta

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// FindAssignment reads the app user of that app username, in any letter case, or
// else of the Okta user who signs in under that name. fault.NotFound says whether
// there is such an Okta user.
func (r *Reader) FindAssignment(ctx context.Context, name string) (identity.Assignment, error) {
	name = strings.TrimSpace(name)
	found, err := r.named(ctx, name)
	if err != nil || found.ID != "" {
		return found, err
	}
	id, err := r.signsIn(ctx, name)
	if err != nil {
		return identity.Assignment{}, err
	}
	found, err = r.Assignment(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return found, &fault.Error{Kind: fault.NotFound, Op: "find " + name, Detail: fmt.Sprintf("the Okta user %s exists, and isn't assigned to app %s", id, r.id),
			Hint: "in Okta's admin console, the app's Assignments tab assigns people and groups", Err: err}
	}
	return found, err
}

// named looks among the app users. Okta compares the beginning of several fields,
// so most that it gives are others; without an id, it is nobody.
func (r *Reader) named(ctx context.Context, name string) (identity.Assignment, error) {
	c := call{kind: "app user by name", op: "find app user " + name, path: r.app + "/users?expand=user&limit=500&q=" + url.QueryEscape(name), needs: needApps}
	if name == "" {
		return identity.Assignment{}, &fault.Error{Kind: fault.Refused, Op: c.op, Detail: "the name is empty"}
	}
	var found identity.Assignment
	for user, err := range list[assignmentRecord](ctx, r, c) {
		if err != nil {
			return identity.Assignment{}, err
		}
		if identity.FoldUserName(user.record.Credentials.UserName) != identity.FoldUserName(name) {
			continue
		}
		if found.ID != "" {
			return identity.Assignment{}, &fault.Error{Kind: fault.Conflict, Op: c.op, Detail: fmt.Sprintf("two app users have this name: %s and %s", found.ID, user.record.ID),
				Hint: "change the username of one of them on the app's Assignments tab"}
		}
		if found, err = user.record.sighting(user.origin).Whole(); err != nil {
			return identity.Assignment{}, doubt(c, "%v", err)
		}
	}
	return found, nil
}

// signsIn gives the Okta user with that login. One without @ isn't looked for: me is
// the token's own user, and a short name may be anybody's. A login with a slash
// can't be, by Okta's documents.
func (r *Reader) signsIn(ctx context.Context, name string) (identity.OktaID, error) {
	c := call{kind: "user by login", op: "find " + name, path: "/api/v1/users/" + url.PathEscape(name), needs: needUsers}
	nobody := &fault.Error{Kind: fault.NotFound, Op: c.op, Detail: "no app user has this app username, and no Okta user signs in under it",
		Hint: "the name is the app username, as the app's Assignments tab in Okta's admin console shows it"}
	if !strings.Contains(name, "@") || strings.Contains(name, "/") {
		return "", nobody
	}
	var user userRecord
	a, err := r.ask(ctx, c)
	if err == nil {
		err = decode(c, a, '{', &user)
	}
	r.broken.note(c, err)
	if fault.Is(err, fault.NotFound) {
		nobody.Err = err
		return "", nobody
	}
	if err == nil && !isID(user.ID) {
		err = doubt(c, "the answer has no id")
	}
	return identity.OktaID(user.ID), err
}

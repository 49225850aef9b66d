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

func userListing() listing[userRecord] {
	return listing[userRecord]{
		what: "users", path: "Users", field: "userName",
		id:   func(r userRecord) string { return string(r.ID) },
		name: func(r userRecord) string { return r.UserName },
	}
}

func userPath(id identity.OmniID) string { return "Users/" + url.PathEscape(string(id)) }

// Users lists every user. A list that can't be believed whole ends with
// fault.Doubt after what could be read, one that failed with that failure.
func (c *Client) Users(ctx context.Context) iter.Seq2[identity.Account, error] {
	return converted(all(ctx, c, userListing(), nil), "list Omni users", userRecord.account)
}

// User reads one user; fault.NotFound when there is none.
func (c *Client) User(ctx context.Context, id identity.OmniID) (identity.Account, error) {
	r, err := c.readUser(ctx, id)
	if err != nil {
		return identity.Account{}, err
	}
	return accountOf("read Omni user", r)
}

// FindUser looks a userName up in any letter case, active or not; fault.NotFound
// when nobody has it.
func (c *Client) FindUser(ctx context.Context, userName string) (identity.Account, error) {
	const op = "find Omni user"
	r, found, err := find(ctx, c, userListing(), lookup{
		name:  userName,
		same:  func(s string) bool { return identity.FoldUserName(s) == identity.FoldUserName(userName) },
		folds: &c.folds.users,
	})
	if err != nil {
		return identity.Account{}, err
	}
	if !found {
		return identity.Account{}, &fault.Error{Kind: fault.NotFound, Op: op, Detail: "no user has the userName " + clip(userName)}
	}
	return accountOf(op, r)
}

// CreateUser creates an active user: one request where Omni's answer tells
// everything that was written. fault.Conflict means that somebody has the
// userName, and fault.Unavailable that the effect is unknown: a creation is not
// repeated here, looking the userName up tells. An account beside an error means
// that the user was made; with fault.Refused, without what the error names.
func (c *Client) CreateUser(ctx context.Context, u identity.User) (identity.Account, error) {
	const op = "create Omni user"
	active := true
	want := identity.UserPatch{UserName: &u.UserName, DisplayName: &u.DisplayName, Active: &active, Attributes: map[string]*identity.Value{}}
	for name, v := range u.Attributes {
		want.Attributes[name] = &v
	}
	body := newUser{
		Schemas: []string{schemaUser}, UserName: u.UserName, DisplayName: u.DisplayName, Active: true,
		Attributes: encodeAttributes(want.Attributes),
	}
	if len(body.Attributes) > 0 {
		body.Schemas = append(body.Schemas, attributeURN)
	}
	var r userRecord
	if err := c.post(ctx, op, "Users", body, &r); err != nil {
		return identity.Account{}, err
	}
	if r.ID == "" { // made, but Omni doesn't say which
		a, err := c.FindUser(ctx, u.UserName)
		if err != nil {
			return identity.Account{}, unseen(op, err)
		}
		r = userRecord{ID: a.ID}
	}
	a, err := c.settleUser(ctx, op, want, r)
	if a.ID == "" {
		err = unseen(op, err)
	}
	return a, err
}

// UpdateUser changes what p names, in one PATCH, and answers with the user as
// Omni then tells it. Where Omni answers without the user or without what was
// written, that costs a read. fault.Refused with an account means that Omni
// ignored what the error names and took the rest; with an empty account, that it
// declined the whole.
func (c *Client) UpdateUser(ctx context.Context, id identity.OmniID, p identity.UserPatch) (identity.Account, error) {
	const op = "update Omni user"
	if p.UserName == nil && p.DisplayName == nil && p.Active == nil && len(p.Attributes) == 0 {
		return c.User(ctx, id)
	}
	r, err := c.patchUser(ctx, op, id, userOperations(p))
	if fault.Is(err, fault.Refused) {
		again, err2 := c.patchUser(ctx, op, id, userOperationsByPath(p))
		if err2 != nil {
			return identity.Account{}, err // the first answer is about the documented form
		}
		r, err = again, nil
	}
	if err != nil {
		return identity.Account{}, err
	}
	return c.settleUser(ctx, op, p, r)
}

// DeleteUser ends the membership for good; deleting one that is gone is no error.
func (c *Client) DeleteUser(ctx context.Context, id identity.OmniID) error {
	return c.remove(ctx, "delete Omni user", userPath(id))
}

// remove deletes an object. Omni answers 204. Any other success may be the word of
// a proxy: then the deletion is believed once the object isn't there any more.
func (c *Client) remove(ctx context.Context, op, path string) error {
	a, err := c.send(ctx, request{op: op, method: http.MethodDelete, path: path})
	if err == nil && a.status != http.StatusNoContent {
		_, err = c.send(ctx, request{op: op, method: http.MethodGet, path: path})
		if err == nil {
			err = &fault.Error{Kind: fault.Unavailable, Op: op, Hint: hintBase,
				Detail: fmt.Sprintf("it was answered with %d in place of 204, and what was to be deleted is still there", a.status)}
		}
	}
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// patchUser sends operations, and gives the user of the answer with its id set,
// and nothing else where the answer holds no user.
func (c *Client) patchUser(ctx context.Context, op string, id identity.OmniID, operations []operation) (userRecord, error) {
	var r userRecord
	_, err := c.ask(ctx, request{
		op: op, method: http.MethodPatch, path: userPath(id),
		body: patch{Schemas: []string{schemaPatch}, Operations: operations},
	}, &r)
	if err != nil {
		return userRecord{}, err
	}
	if r.ID != id {
		return userRecord{ID: id}, nil
	}
	return r, nil
}

func (c *Client) readUser(ctx context.Context, id identity.OmniID) (userRecord, error) {
	var r userRecord
	if _, err := c.ask(ctx, request{op: "read Omni user", method: http.MethodGet, path: userPath(id)}, &r); err != nil {
		return userRecord{}, err
	}
	if r.ID != id {
		return userRecord{}, &fault.Error{Kind: fault.Doubt, Op: "read Omni user", Detail: "Omni answered with another user, or with none"}
	}
	return r, nil
}

func accountOf(op string, r userRecord) (identity.Account, error) {
	a, err := r.account()
	if err != nil {
		return identity.Account{}, &fault.Error{Kind: fault.Doubt, Op: op, Detail: "Omni's answer holds " + err.Error()}
	}
	return a, nil
}

// converted turns the records of a list into ours; one that can't be ends it.
func converted[R, T any](records iter.Seq2[R, error], op string, convert func(R) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for r, err := range records {
			if err != nil {
				yield(none, err)
				return
			}
			t, err := convert(r)
			if err != nil {
				yield(none, &fault.Error{Kind: fault.Doubt, Op: op, Detail: "the list holds " + err.Error()})
				return
			}
			if !yield(t, nil) {
				return
			}
		}
	}
}

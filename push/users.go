package push

import (
	"net/http"

	"github.com/omnisync/omnisync/identity"
)

func listUsers(c call) (reply, error) {
	p, err := c.users.readPage(c.r)
	if err != nil {
		return reply{}, err
	}
	if p.filter != nil {
		u, err := c.findUser(*p.filter)
		if err != nil {
			return p.one(nil, err)
		}
		return p.one(c.showUser(u))
	}
	list, total, err := c.Engine.Users(c.r.Context(), p.start, p.count)
	if err != nil {
		return reply{}, err
	}
	resources := make([]any, len(list))
	for i, u := range list {
		if resources[i], err = c.showUser(u); err != nil {
			return reply{}, err
		}
	}
	return p.answer(total, resources), nil
}

func (c call) findUser(m match) (identity.PushedUser, error) {
	if m.by == byID {
		return c.Engine.User(c.r.Context(), m.value)
	}
	return c.Engine.FindUser(c.r.Context(), m.by, m.value)
}

func (c call) showUser(u identity.PushedUser) (any, error) {
	return readView(c.r).of(shown(u, c.location(c.users, u.ID)))
}

func (c call) answerUser(status int, u identity.PushedUser, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	doc, err := c.showUser(u)
	return reply{status: status, header: map[string]string{"Location": c.location(c.users, u.ID)}, body: doc}, err
}

func getUser(c call) (reply, error) {
	u, err := c.Engine.User(c.r.Context(), c.id)
	return c.answerUser(http.StatusOK, u, err)
}

func createUser(c call) (reply, error) {
	d, err := c.readUser()
	if err != nil {
		return reply{}, err
	}
	u, err := d.accepted(identity.PushedUser{Active: true}) // a body that doesn't say means someone who works
	if err != nil {
		return reply{}, err
	}
	u, err = c.Engine.CreateUser(c.r.Context(), c.cause(), u)
	return c.answerUser(http.StatusCreated, u, err)
}

func replaceUser(c call) (reply, error) {
	d, err := c.readUser()
	if err != nil {
		return reply{}, err
	}
	if _, err := d.accepted(identity.PushedUser{}); err != nil {
		return reply{}, err // before the engine is asked for anything
	}
	u, err := c.Engine.EditUser(c.r.Context(), c.cause(), c.id, d.replacing)
	return c.answerUser(http.StatusOK, u, err)
}

func (c call) readUser() (userDoc, error) {
	body, err := readBody(c.r)
	if err != nil {
		return userDoc{}, err
	}
	doc, err := c.users.resource(body)
	if err != nil {
		return userDoc{}, err
	}
	return userOf(doc)
}

func patchUser(c call) (reply, error) {
	body, err := readBody(c.r)
	if err != nil {
		return reply{}, err
	}
	ops, err := c.users.readPatch(body)
	if err != nil {
		return reply{}, err
	}
	if len(ops) == 0 { // a password, or what only we write
		return getUser(c)
	}
	u, err := c.Engine.EditUser(c.r.Context(), c.cause(), c.id, func(old identity.PushedUser) (identity.PushedUser, error) {
		return patched(old, ops)
	})
	return c.answerUser(http.StatusOK, u, err)
}

// patched applies the operations to what was accepted.
func patched(old identity.PushedUser, ops []operation) (identity.PushedUser, error) {
	doc, err := document(writable(old))
	if err != nil {
		return identity.PushedUser{}, err
	}
	for _, o := range ops {
		if err := o.apply(doc); err != nil {
			return identity.PushedUser{}, err
		}
	}
	d, err := userOf(doc)
	if err != nil {
		return identity.PushedUser{}, err
	}
	return d.accepted(old)
}

func deleteUser(c call) (reply, error) {
	if err := c.Engine.DeleteUser(c.r.Context(), c.cause(), c.id); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}

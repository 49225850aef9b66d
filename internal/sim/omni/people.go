package omni

import (
	"net/http"
	"strings"
)

// people is a set of users by id, by folded userName, and in order of creation.
type people struct {
	byID   map[string]*user
	byName map[string]*user
	all    roll[user]
}

func (p *people) add(u *user) {
	p.byID[u.id] = u
	p.byName[fold(u.userName)] = u
	p.all.add(u)
}

func (p *people) rename(u *user, userName string) {
	delete(p.byName, fold(u.userName))
	u.userName = userName
	p.byName[fold(userName)] = u
}

func (p *people) remove(u *user) {
	delete(p.byID, u.id)
	delete(p.byName, fold(u.userName))
	p.all.remove(u)
}

func (p *people) find(id string) (*user, *failure) {
	u := p.byID[strings.ToLower(id)]
	if u == nil {
		return nil, declined(http.StatusNotFound, "User not found")
	}
	return u, nil
}

func (o *Org) listPeople(c *call, p *people) (reply, *failure) {
	q, fail := o.readQuery(c.URL.Query(), "userName")
	if fail != nil {
		return reply{}, fail
	}
	var found []*user
	switch q.filter.operator {
	case "":
		found = p.all.list()
	case "eq":
		if u := p.byName[fold(q.filter.value)]; u != nil && q.filter.matches(u.userName) {
			found = []*user{u}
		}
	default:
		for _, u := range p.all.list() {
			if q.filter.matches(u.userName) {
				found = append(found, u)
			}
		}
	}
	return reply{status: http.StatusOK, body: page(q, found, o.userJSON)}, nil
}

func (o *Org) listEmbedUsers(c *call) (reply, *failure) { return o.listPeople(c, &o.embed) }

func (o *Org) readEmbedUser(c *call) (reply, *failure) {
	u, fail := o.embed.find(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	return reply{status: http.StatusOK, body: o.userJSON(u)}, nil
}

func (o *Org) deleteEmbedUser(c *call) (reply, *failure) {
	u, fail := o.embed.find(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	o.embed.remove(u)
	c.changed = true
	return reply{status: http.StatusNoContent}, nil
}

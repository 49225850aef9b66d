package omni

import "net/http"

const coreGroup = "urn:ietf:params:scim:schemas:core:2.0:Group"

// memberJSON is a member as requests name it.
type memberJSON struct {
	Value   string  `json:"value"`
	Display *string `json:"display"`
}

type groupBody struct {
	DisplayName *string       `json:"displayName"`
	Members     *[]memberJSON `json:"members"`
}

type groupJSON struct {
	DisplayName string       `json:"displayName"`
	ID          string       `json:"id"`
	Members     *[]reference `json:"members,omitempty"`
	Meta        metaJSON     `json:"meta"`
	Schemas     []string     `json:"schemas"`
}

func (o *Org) createGroup(c *call) (reply, *failure) {
	var b groupBody
	if fail := decode(c.body, &b); fail != nil {
		return reply{}, fail
	}
	if fail := o.checkGroupName(nil, b.DisplayName); fail != nil {
		return reply{}, fail
	}
	var members []*user
	if b.Members != nil {
		var fail *failure
		if members, fail = o.findMembers(*b.Members); fail != nil {
			return reply{}, fail
		}
	}
	t := o.newTeam(*b.DisplayName, c.now)
	t.join(members)
	c.changed = true
	return reply{status: http.StatusCreated, body: groupWithMembers(t)}, nil
}

// findMembers looks all members up; one that Omni doesn't know refuses the whole.
func (o *Org) findMembers(list []memberJSON) ([]*user, *failure) {
	if most := o.Knobs.MembersMax; most > 0 && len(list) > most {
		return nil, invalid("members: Array must contain at most %d element(s)", most)
	}
	members := make([]*user, len(list))
	for i, m := range list {
		u, fail := o.people.find(m.Value)
		if fail != nil {
			return nil, declined(orElse(o.Knobs.UnknownMemberStatus, http.StatusBadRequest), "Member %q not found", m.Value)
		}
		members[i] = u
	}
	return members, nil
}

func (o *Org) findTeam(id string) (*team, *failure) {
	t := o.teams[id]
	if t == nil {
		return nil, declined(http.StatusNotFound, "Group not found")
	}
	return t, nil
}

func (o *Org) readGroup(c *call) (reply, *failure) {
	render, fail := groupRenderer(c)
	if fail != nil {
		return reply{}, fail
	}
	t, fail := o.findTeam(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	return reply{status: http.StatusOK, body: render(t)}, nil
}

func (o *Org) listGroups(c *call) (reply, *failure) {
	render, fail := groupRenderer(c)
	if fail != nil {
		return reply{}, fail
	}
	q, fail := o.readQuery(c.URL.Query(), "displayName")
	if fail != nil {
		return reply{}, fail
	}
	found := o.teamRoll.list()
	if q.filter.operator != "" {
		found = nil
		if t := o.teamNames[fold(q.filter.value)]; t != nil && q.filter.matches(t.displayName) {
			found = []*team{t}
		}
	}
	return reply{status: http.StatusOK, body: page(q, found, render)}, nil
}

// groupRenderer reads excludedAttributes, which can name nothing but members.
func groupRenderer(c *call) (func(*team) groupJSON, *failure) {
	switch excluded := c.URL.Query().Get("excludedAttributes"); excluded {
	case "":
		return groupWithMembers, nil
	case "members":
		return groupWithoutMembers, nil
	default:
		return nil, invalid("excludedAttributes: Invalid value %q", excluded)
	}
}

func groupWithoutMembers(t *team) groupJSON {
	return groupJSON{
		DisplayName: t.displayName, ID: t.id,
		Meta: meta(t.created, t.modified, "Group"), Schemas: []string{coreGroup},
	}
}

func groupWithMembers(t *team) groupJSON {
	j := groupWithoutMembers(t)
	members := make([]reference, 0, t.members.len())
	for _, u := range t.members.list() {
		members = append(members, reference{Display: u.userName, Value: u.id})
	}
	j.Members = &members
	return j
}

func (o *Org) replaceGroup(c *call) (reply, *failure) {
	t, fail := o.findTeam(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	var b groupBody
	if fail := decode(c.body, &b); fail != nil {
		return reply{}, fail
	}
	if b.Members == nil {
		return reply{}, invalid("members: Required")
	}
	for i, m := range *b.Members {
		if m.Display == nil {
			return reply{}, invalid("members.%d.display: Required", i)
		}
	}
	d := groupDraft{name: b.DisplayName, replaces: true}
	if d.set, fail = o.findMembers(*b.Members); fail != nil {
		return reply{}, fail
	}
	if fail := o.checkGroupName(t, b.DisplayName); fail != nil {
		return reply{}, fail
	}
	o.applyToTeam(c, t, []groupDraft{d})
	return reply{status: http.StatusOK, body: groupWithMembers(t)}, nil
}

func (o *Org) deleteGroup(c *call) (reply, *failure) {
	t, fail := o.findTeam(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	o.dropTeam(t)
	c.changed = true
	return reply{status: http.StatusNoContent}, nil
}

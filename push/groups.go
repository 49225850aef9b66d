package push

import (
	"net/http"
	"strings"

	"github.com/elimity-com/scim/schema"
	"github.com/omnisync/omnisync/identity"
)

const members = "members"

// groupDoc is a group as it travels (RFC 7643, section 4.2).
type groupDoc struct {
	Schemas     []string       `json:"schemas"`
	ID          string         `json:"id"`
	External    string         `json:"externalId,omitempty"`
	DisplayName string         `json:"displayName"`
	Members     []identity.Ref `json:"members,omitzero"` // nil: not told
	Meta        metaDoc        `json:"meta"`
}

func listGroups(c call) (reply, error) {
	p, err := c.groups.readPage(c.r)
	if err != nil {
		return reply{}, err
	}
	wanted := readView(c.r).shows(members)
	if p.filter != nil {
		g, err := c.findGroup(*p.filter, wanted)
		if err != nil {
			return p.one(nil, err)
		}
		return p.one(c.showGroup(g, wanted))
	}
	list, total, err := c.Engine.Groups(c.r.Context(), p.start, p.count, wanted)
	if err != nil {
		return reply{}, err
	}
	resources := make([]any, len(list))
	for i, g := range list {
		if resources[i], err = c.showGroup(g, wanted); err != nil {
			return reply{}, err
		}
	}
	return p.answer(total, resources), nil
}

func (c call) findGroup(m match, members bool) (identity.PushedGroup, error) {
	if m.by == byID {
		return c.Engine.Group(c.r.Context(), m.value, members)
	}
	return c.Engine.FindGroup(c.r.Context(), m.by, m.value, members)
}

// showGroup is the group as it is told. Okta wants no members in the answers to
// what it writes, but the list where it reads, even an empty one.
func (c call) showGroup(g identity.PushedGroup, withMembers bool) (any, error) {
	location := c.location(c.groups, g.ID)
	d := groupDoc{Schemas: []string{schema.GroupSchema}, ID: g.ID, External: g.External, DisplayName: g.DisplayName,
		Meta: metaDoc{ResourceType: "Group", Created: g.Created.UTC(), Changed: g.Changed.UTC(), Location: location}}
	if withMembers {
		d.Members = g.Members
		if d.Members == nil {
			d.Members = []identity.Ref{}
		}
	}
	return readView(c.r).of(d)
}

func (c call) answerGroup(status int, g identity.PushedGroup, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	doc, err := c.showGroup(g, false)
	return reply{status: status, header: map[string]string{"Location": c.location(c.groups, g.ID)}, body: doc}, err
}

func getGroup(c call) (reply, error) {
	wanted := readView(c.r).shows(members)
	g, err := c.Engine.Group(c.r.Context(), c.id, wanted)
	if err != nil {
		return reply{}, err
	}
	doc, err := c.showGroup(g, wanted)
	return reply{status: http.StatusOK, body: doc}, err
}

// readGroup reads the body of a POST or PUT.
func (c call) readGroup() (map[string]any, error) {
	body, err := readBody(c.r)
	if err != nil {
		return nil, err
	}
	doc, err := c.groups.resource(body)
	if err != nil {
		return nil, err
	}
	if name, _ := doc["displayName"].(string); strings.TrimSpace(name) == "" {
		return nil, invalid("displayName is missing or empty: a group needs a name")
	}
	return doc, nil
}

func createGroup(c call) (reply, error) {
	doc, err := c.readGroup()
	if err != nil {
		return reply{}, err
	}
	g := identity.PushedGroup{}
	g.DisplayName, _ = doc["displayName"].(string)
	g.External, _ = doc[externalID].(string)
	ids, err := memberIDs(doc[members])
	if err != nil {
		return reply{}, err
	}
	for _, id := range ids {
		g.Members = append(g.Members, identity.Ref{ID: id})
	}
	g, err = c.Engine.CreateGroup(c.r.Context(), c.cause(), g)
	return c.answerGroup(http.StatusCreated, g, err)
}

// replaceGroup takes the name and the full list. Without the list, which not every
// client sends, the members stay; an empty one ends them all.
func replaceGroup(c call) (reply, error) {
	doc, err := c.readGroup()
	if err != nil {
		return reply{}, err
	}
	edit := identity.GroupEdit{DisplayName: textOf(doc, "displayName"), External: textOf(doc, externalID)}
	if list, ok := doc[members]; ok {
		ids, err := memberIDs(list)
		if err != nil {
			return reply{}, err
		}
		edit.Members = []identity.MemberEdit{{All: true, IDs: ids}}
	}
	g, err := c.Engine.EditGroup(c.r.Context(), c.cause(), c.id, edit)
	return c.answerGroup(http.StatusOK, g, err)
}

func textOf(doc map[string]any, name string) *string {
	if s, ok := doc[name].(string); ok {
		return &s
	}
	return nil
}

// memberIDs gives the ids of a list that coerce has seen, each once. An entry
// without an id is refused: a list that lost its ids would empty the group.
func memberIDs(list any) ([]string, error) {
	items, _ := list.([]any)
	ids := make([]string, 0, len(items))
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		object, _ := item.(map[string]any)
		id, _ := object["value"].(string)
		if id == "" {
			return nil, invalid("members: an entry has no value: each needs the id of a user")
		}
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func patchGroup(c call) (reply, error) {
	body, err := readBody(c.r)
	if err != nil {
		return reply{}, err
	}
	ops, err := c.groups.readPatch(body)
	if err != nil {
		return reply{}, err
	}
	edit, err := groupEdit(ops)
	if err != nil {
		return reply{}, err
	}
	if edit.DisplayName == nil && edit.External == nil && len(edit.Members) == 0 {
		g, err := c.Engine.Group(c.r.Context(), c.id, false)
		return c.answerGroup(http.StatusOK, g, err)
	}
	g, err := c.Engine.EditGroup(c.r.Context(), c.cause(), c.id, edit)
	return c.answerGroup(http.StatusOK, g, err)
}

// groupEdit makes one edit of all operations. The name stays in it also where it is
// the same: Okta sends it with each change of members.
func groupEdit(ops []operation) (identity.GroupEdit, error) {
	var edit identity.GroupEdit
	for _, o := range ops {
		switch o.target.attr.Name() {
		case "displayName":
			name, _ := o.value.(string)
			if strings.TrimSpace(name) == "" {
				return edit, invalid("displayName can't be removed or empty: a group needs a name")
			}
			edit.DisplayName = &name
		case externalID:
			id, _ := o.value.(string)
			edit.External = &id
		case members:
			step, ok, err := memberEdit(o)
			if err != nil {
				return edit, err
			}
			if ok {
				edit.Members = append(edit.Members, step)
			}
		}
	}
	return edit, nil
}

// memberEdit makes a step of one operation on the members:
//
//	op       path                      value     the step
//	add      members                   a list    these come
//	replace  members                   a list    these are all
//	remove   members                   none      nobody is left
//	remove   members                   a list    these go (Entra)
//	remove   members[value eq "..."]   -         this one goes
func memberEdit(o operation) (identity.MemberEdit, bool, error) {
	if o.target.sub != "" || o.target.where != nil && o.verb != remove {
		return identity.MemberEdit{}, false, badPath("members are added as a list with the path members, and removed with members[value eq \"...\"]")
	}
	if o.target.where != nil {
		ids, ok := alternatives(o.target.where)
		if !ok {
			return identity.MemberEdit{}, false, badPath("members are told apart by value eq \"...\" alone, joined by or")
		}
		return identity.MemberEdit{Remove: true, IDs: ids}, true, nil
	}
	ids, err := memberIDs(o.value)
	switch {
	case err != nil:
		return identity.MemberEdit{}, false, err
	case o.verb == replace, o.verb == remove && o.value == nil:
		return identity.MemberEdit{All: true, IDs: ids}, true, nil
	case len(ids) == 0:
		return identity.MemberEdit{}, false, nil
	}
	return identity.MemberEdit{Remove: o.verb == remove, IDs: ids}, true, nil
}

func deleteGroup(c call) (reply, error) {
	if err := c.Engine.DeleteGroup(c.r.Context(), c.cause(), c.id); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}

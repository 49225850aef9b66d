package okta

import (
	"strings"
	"time"
)

type groupJSON struct {
	ID                    string           `json:"id"`
	Created               stamp            `json:"created"`
	LastUpdated           stamp            `json:"lastUpdated"`
	LastMembershipUpdated stamp            `json:"lastMembershipUpdated"`
	ObjectClass           []string         `json:"objectClass"`
	Type                  string           `json:"type"`
	Profile               groupProfileJSON `json:"profile"`
	Links                 map[string]href  `json:"_links"`
	Embedded              *groupExtraJSON  `json:"_embedded,omitempty"`
}

type groupProfileJSON struct {
	Name string `json:"name"`
}

type groupExtraJSON struct {
	Stats statsJSON `json:"stats"`
}

// statsJSON spells Okta's field as Okta does.
type statsJSON struct {
	Users    *int `json:"usersCount,omitempty"`
	Apps     int  `json:"appsCount"`
	Mappings int  `json:"groupPushMappingsCount"`
	Admin    bool `json:"hasAdminPrivlege"`
}

func (g *group) json(base string, extra *groupExtraJSON) groupJSON {
	self := base + "/api/v1/groups/" + g.id
	links := map[string]href{"self": {self}, "users": {self + "/users"}, "apps": {self + "/apps"}}
	if g.source != "" {
		links["source"] = href{base + "/api/v1/apps/" + g.source}
	}
	return groupJSON{
		ID: g.id, Created: stamp(g.created), LastUpdated: stamp(g.updated), LastMembershipUpdated: stamp(g.membersUpdated),
		ObjectClass: []string{"okta:user_group"}, Type: g.kind, Profile: groupProfileJSON{Name: g.name},
		Links: links, Embedded: extra,
	}
}

// groupJSON is the group as the call wants it.
func (o *Org) groupJSON(g *group, c call) groupJSON {
	var extra *groupExtraJSON
	if c.param("expand") == "stats" {
		extra = &groupExtraJSON{}
		if n := len(g.index); !o.Knobs.Uncounted {
			extra.Stats.Users = &n
		}
		if g.assigned != nil {
			extra.Stats.Apps = 1
		}
		if g.pushed != nil {
			extra.Stats.Mappings = 1
		}
	}
	return g.json(c.base, extra)
}

func (o *Org) listGroups(c call) (reply, *failure) {
	if c.param("search") != "" {
		return reply{list: true}, unsupported("search of groups: use filter")
	}
	limit, after, f := c.paging(bounds{10_000, 1, 10_000})
	if f != nil {
		return reply{list: true}, f
	}
	accept, err := parseFilter(c.param("filter"), "id", "type", "lastUpdated", "lastMembershipUpdated")
	if err != nil {
		return reply{list: true}, badFilter(err)
	}
	q := strings.ToLower(c.param("q"))
	if q != "" { // a query isn't paged
		limit, after = min(limit, 300), 0
	}
	groups, next := o.groupRoll.page(after, limit, func(g *group) bool {
		return strings.HasPrefix(strings.ToLower(g.name), q) && accept(g.attribute) && !o.hides(c, g.id)
	})
	if q != "" {
		next = 0
	}
	return listed(groups, cursor(next), func(g *group) groupJSON { return o.groupJSON(g, c) }), nil
}

func (g *group) attribute(name string) []string {
	switch name {
	case "id":
		return []string{g.id}
	case "type":
		return []string{g.kind}
	case "lastUpdated":
		return []string{g.updated.Format(stampForm)}
	default:
		return []string{g.membersUpdated.Format(stampForm)}
	}
}

func (o *Org) getGroup(c call) (reply, *failure) {
	g := o.groups[c.PathValue("group")]
	if g == nil || o.hides(c, g.id) {
		return reply{}, notFound("UserGroup", c.PathValue("group"))
	}
	return reply{body: o.groupJSON(g, c)}, nil
}

// listMembers lists everyone in the group, whatever their status.
func (o *Org) listMembers(c call) (reply, *failure) {
	g := o.groups[c.PathValue("group")]
	if g == nil || o.hides(c, g.id) {
		return reply{list: true}, notFound("UserGroup", c.PathValue("group"))
	}
	limit, after, f := c.paging(bounds{1000, 1, 0})
	if f != nil {
		return reply{list: true}, f
	}
	shown := o.now().Add(-o.Knobs.MemberLag)
	if o.Knobs.MemberLag == 0 { // a change that had to move past the clock is shown too
		shown = time.Unix(1<<40, 0)
	}
	members, next := g.members.page(after, limit, func(m *membership) bool { return m.in(shown) && !o.hides(c, m.user.id) })
	return listed(members, cursor(next), func(m *membership) userJSON { return m.user.json(c.base) }), nil
}

package okta

import (
	"fmt"
	"slices"
	"time"
)

type mapping struct {
	id       string
	number   uint64
	logID    string // gmr..., which only the System Log shows
	source   *group
	target   *group // the APP_GROUP that stands for the group in the app
	status   string
	trouble  string // errorSummary
	created  time.Time
	updated  time.Time
	lastPush time.Time
}

// Push puts a group under Push Groups and returns the id of the mapping, an old one where there is one.
func (o *Org) Push(groupID string) string {
	defer o.lock()()
	g := o.mustGroup(groupID)
	if m := g.pushed; m != nil {
		return m.id
	}
	target := o.addGroup(g.name, "APP_GROUP", byJob)
	target.source = o.ID()
	now := o.now()
	m := &mapping{
		id: o.newID("gPm"), logID: o.newID("gmr"), source: g, target: target, status: "ACTIVE",
		created: now, updated: now, lastPush: now,
	}
	o.mappings[m.id] = m
	m.number = o.mappingRoll.add(m)
	g.pushed = m
	o.happened(byAdmin, "application.provision.group_push.mapping.created", o.mappingTargets(m)...)
	o.happened(byJob, "application.provision.group_push.pushed", o.mappingTargets(m)...)
	return m.id
}

// SetMappingStatus sets ACTIVE, INACTIVE (paused) or ERROR, with Okta's words in errorSummary, and tells whether it was another.
func (o *Org) SetMappingStatus(mappingID, status, errorSummary string) bool {
	defer o.lock()()
	m := o.mustMapping(mappingID)
	if m.status == status && m.trouble == errorSummary {
		return false
	}
	m.status, m.trouble, m.updated = status, errorSummary, o.now()
	switch status {
	case "ACTIVE":
		o.happened(byAdmin, "application.provision.group_push.activate_mapping", o.mappingTargets(m)...)
		o.pushMembers(m.source)
	case "INACTIVE":
		o.happened(byAdmin, "application.provision.group_push.deactivate_mapping", o.mappingTargets(m)...)
	case "ERROR":
		o.happened(byJob, "application.provision.group_push.mapping.update.or.delete.failed.with.error", o.mappingTargets(m)...)
	default:
		panic(fmt.Sprintf("okta stand-in: a mapping is ACTIVE, INACTIVE or ERROR, not %q", status))
	}
	return true
}

// pushMembers is what Okta's job does after members of a group changed, where its mapping is active.
func (o *Org) pushMembers(g *group) {
	if m := g.pushed; m != nil && m.status == "ACTIVE" {
		m.lastPush = o.now()
		o.happened(byJob, "application.provision.group_push.push_memberships", o.mappingTargets(m)...)
	}
}

// Unpush takes a group out of Push Groups: the mapping is gone, the group stays.
func (o *Org) Unpush(mappingID string) {
	defer o.lock()()
	o.unpush(o.mustMapping(mappingID))
}

func (o *Org) unpush(m *mapping) {
	delete(o.mappings, m.id)
	m.source.pushed = nil
	o.mappingRoll.remove(m.number)
	o.happened(byAdmin, "application.provision.group_push.removed", o.mappingTargets(m)...)
}

type mappingJSON struct {
	ID            string          `json:"id"`
	Created       stamp           `json:"created"`
	LastUpdated   stamp           `json:"lastUpdated"`
	LastPush      stamp           `json:"lastPush"`
	SourceGroupID string          `json:"sourceGroupId"`
	TargetGroupID string          `json:"targetGroupId"`
	Status        string          `json:"status"`
	ErrorSummary  string          `json:"errorSummary"`
	Links         map[string]href `json:"_links"`
}

func (o *Org) mappingJSON(m *mapping, c call) mappingJSON {
	return mappingJSON{
		ID: m.id, Created: stamp(m.created), LastUpdated: stamp(m.updated), LastPush: stamp(m.lastPush),
		SourceGroupID: m.source.id, TargetGroupID: m.target.id, Status: m.status, ErrorSummary: m.trouble,
		Links: map[string]href{
			"app":         {c.base + "/api/v1/apps/" + o.ID()},
			"sourceGroup": {c.base + "/api/v1/groups/" + m.source.id},
			"targetGroup": {c.base + "/api/v1/groups/" + m.target.id},
		},
	}
}

// listMappings is empty where Group Push isn't switched on.
func (o *Org) listMappings(c call) (reply, *failure) {
	if f := o.app(c); f != nil {
		return reply{list: true}, f
	}
	limit, after, f := c.paging(bounds{100, 1, 1000})
	if f != nil {
		return reply{list: true}, f
	}
	var since time.Time
	if text := c.param("lastUpdated"); text != "" {
		var err error
		if since, err = time.Parse("2006-01-02T15:04:05Z", text); err != nil {
			return reply{list: true}, invalid("lastUpdated", err)
		}
	}
	source, status := c.param("sourceGroupId"), c.param("status")
	on := slices.Contains(o.Knobs.features(), "GROUP_PUSH")
	mappings, next := o.mappingRoll.page(after, limit, func(m *mapping) bool {
		return on && !o.hides(c, m.source.id) && (source == "" || m.source.id == source) && (status == "" || m.status == status) && !m.updated.Before(since)
	})
	return listed(mappings, cursor(next), func(m *mapping) mappingJSON { return o.mappingJSON(m, c) }), nil
}

func (o *Org) getMapping(c call) (reply, *failure) {
	if f := o.app(c); f != nil {
		return reply{}, f
	}
	m := o.mappings[c.PathValue("mapping")]
	if m == nil || o.hides(c, m.source.id) {
		return reply{}, notFound("GroupPushMapping", c.PathValue("mapping"))
	}
	return reply{body: o.mappingJSON(m, c)}, nil
}

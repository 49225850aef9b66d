package okta

import (
	"strings"
	"time"
)

// appGroup is a group that is assigned to the app: its members are, too.
type appGroup struct {
	group    *group
	number   uint64
	priority int
	updated  time.Time
}

// AssignGroup assigns a group to the app, and so its members (scope GROUP), now and whenever somebody joins. It
// tells whether the group wasn't assigned yet.
func (o *Org) AssignGroup(id string) bool {
	defer o.lock()()
	g := o.mustGroup(id)
	if g.assigned != nil {
		return false
	}
	a := &appGroup{group: g, priority: int(o.appGroups.last), updated: o.now()}
	a.number = o.appGroups.add(a)
	g.assigned = a
	o.happens(Event{Type: "group.application_assignment.add", Targets: []Target{g.target(), o.appTarget()}, Assignment: a.assignmentID()})
	o.settleAll(g.users(), a)
	return true
}

// UnassignGroup ends that; members whom nothing else assigns are unassigned.
func (o *Org) UnassignGroup(id string) bool {
	defer o.lock()()
	g := o.mustGroup(id)
	through := g.assigned
	if !o.dropAppGroup(g) {
		return false
	}
	o.settleAll(g.users(), through)
	return true
}

func (o *Org) dropAppGroup(g *group) bool {
	if g.assigned == nil {
		return false
	}
	o.appGroups.remove(g.assigned.number)
	o.happens(Event{Type: "group.application_assignment.remove", Targets: []Target{g.target(), o.appTarget()}, Assignment: g.assigned.assignmentID()})
	g.assigned = nil
	return true
}

// SetAppGroupPriority says which group's profile wins for who is in several, and tells whether it was another. A group
// that isn't assigned has none.
func (o *Org) SetAppGroupPriority(id string, priority int) bool {
	defer o.lock()()
	a := o.mustGroup(id).assigned
	if a == nil || a.priority == priority {
		return false
	}
	a.priority, a.updated = priority, o.now()
	o.happened(byAdmin, "group.application_assignment.update", a.group.target(), o.appTarget())
	return true
}

func (o *Org) settleAll(users []*user, through *appGroup) {
	for _, u := range users {
		o.settle(u, through)
	}
}

// settle does what Okta's job does after a membership or a group's assignment changed: it assigns who is in an
// assigned group, and unassigns whom only a group had assigned that no longer does. The job has the group's assignment
// as its transaction. In an org that never assigned a
// group it leaves alone who was given the scope GROUP by hand.
func (o *Org) settle(u *user, because *appGroup) {
	if o.appGroups.last == 0 {
		return
	}
	through := false
	for _, g := range u.groups {
		through = through || g.assigned != nil
	}
	job := Event{Job: true}
	if because != nil {
		job.Transaction = because.assignmentID()
	}
	a := o.assigned[u.id]
	switch {
	case through && a == nil:
		o.assign(u, AssignOptions{Scope: "GROUP"}, job)
	case !through && a != nil && a.scope == "GROUP":
		o.unassign(a, job)
	}
}

type appGroupJSON struct {
	ID          string             `json:"id"`
	LastUpdated stamp              `json:"lastUpdated"`
	Priority    int                `json:"priority"`
	Profile     struct{}           `json:"profile"`
	Links       map[string]href    `json:"_links"`
	Embedded    *embeddedGroupJSON `json:"_embedded,omitempty"`
}

type embeddedGroupJSON struct {
	Group groupJSON `json:"group"`
}

func (o *Org) appGroupJSON(a *appGroup, c call) appGroupJSON {
	app := c.base + "/api/v1/apps/" + o.ID()
	j := appGroupJSON{
		ID: a.group.id, LastUpdated: stamp(a.updated), Priority: a.priority,
		Links: map[string]href{
			"app":   {app},
			"self":  {app + "/groups/" + a.group.id},
			"group": {c.base + "/api/v1/groups/" + a.group.id},
		},
	}
	if c.param("expand") == "group" {
		j.Embedded = &embeddedGroupJSON{a.group.json(c.base, nil)}
	}
	return j
}

func (o *Org) listAppGroups(c call) (reply, *failure) {
	if f := o.app(c); f != nil {
		return reply{list: true}, f
	}
	limit, after, f := c.paging(bounds{20, 20, 200})
	if f != nil {
		return reply{list: true}, f
	}
	q := strings.ToLower(c.param("q"))
	groups, next := o.appGroups.page(after, limit, func(a *appGroup) bool {
		return strings.HasPrefix(strings.ToLower(a.group.name), q) && !o.hides(c, a.group.id)
	})
	return listed(groups, cursor(next), func(a *appGroup) appGroupJSON { return o.appGroupJSON(a, c) }), nil
}

func (o *Org) getAppGroup(c call) (reply, *failure) {
	if f := o.app(c); f != nil {
		return reply{}, f
	}
	g := o.groups[c.PathValue("group")]
	if g == nil || g.assigned == nil || o.hides(c, g.id) {
		return reply{}, notFound("ApplicationGroupAssignment", c.PathValue("group"))
	}
	return reply{body: o.appGroupJSON(g.assigned, c)}, nil
}

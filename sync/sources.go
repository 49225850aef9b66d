package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/identity"
)

// chooser finds out which groups are synced. What it finds goes into desired:
// Groups, and AllGroups where it is certain that there are no others.
type chooser struct {
	engine  *Engine
	run     *run
	desired *Desired
	ledger  *Ledger
	source  string
	objects map[identity.GroupID]identity.Group // what was read of the groups already

	listedAll bool // the list of all groups was read whole
	sawCanary bool // the canary was on it
}

// readCrowds reads which groups are synced, then their members.
//
//	source         lists                                  then read by id
//	push_mappings  the app's push mappings                the groups
//	app_groups     the groups assigned to the app         those that aren't embedded
//	match          all groups, or those known by name     none
func (e *Engine) readCrowds(ctx context.Context, app identity.App, d *Desired, run *run) {
	c := &chooser{engine: e, run: run, desired: d, ledger: run.ledger, source: e.policy.Groups.source(app),
		objects: map[identity.GroupID]identity.Group{}}
	e.prove(d, c.rests(), func() {
		if c.choose(ctx, app) {
			c.keepStrange()
			c.readMembers(ctx)
		}
	}, func() string { return c.misses(ctx) })
	slices.Sort(d.Doubts)
	slices.Sort(d.Notes)
}

// choose asks the source. It reports whether there is anything to go on with.
func (c *chooser) choose(ctx context.Context, app identity.App) bool {
	selection := c.engine.policy.Groups
	switch {
	case c.source == fromMappings && !app.Has(groupPush):
		c.withoutPush("groups.from is push_mappings, but the app doesn't announce GROUP_PUSH")
		return false
	case c.source == fromMappings:
		c.mappings(ctx)
	case c.source == fromAssigned:
		c.assigned(ctx)
	case selection.auto() && len(selection.Match) == 0:
		if c.linked() > 0 {
			c.withoutPush("the app no longer announces GROUP_PUSH")
		}
		return false
	default:
		c.matching(ctx)
	}
	return true
}

// withoutPush leaves all groups as they are.
func (c *chooser) withoutPush(why string) {
	if c.linked() > 0 {
		c.doubt("%s, so its groups are left as they are", why)
	} else {
		c.note("%s, so no group is synced", why)
	}
}

// lists is whom a run asks for long lists.
func (e *Engine) lists(run *run) Source {
	if run.touched != nil {
		return e.o.Okta
	}
	return e.o.Patient
}

// linked counts the groups that are managed.
func (c *chooser) linked() int {
	n := 0
	for _, g := range c.ledger.Groups {
		if g.Omni != "" {
			n++
		}
	}
	return n
}

func (c *chooser) doubt(format string, args ...any) {
	c.desired.Doubts = append(c.desired.Doubts, fmt.Sprintf(format, args...))
}

func (c *chooser) note(format string, args ...any) {
	c.desired.Notes = append(c.desired.Notes, fmt.Sprintf(format, args...))
}

// mappings takes the groups that the app pushes.
func (c *chooser) mappings(ctx context.Context) {
	groups := c.desired.Groups
	for m, err := range c.engine.o.Okta.Mappings(ctx) {
		if err != nil {
			c.doubt("the list of pushed groups broke off after %d, so no group is released because of it: %v", len(groups), err)
			return
		}
		c.desired.Chosen = m.Origin
		if g, ok := groups[m.Source]; ok && !g.Paused {
			continue // a second mapping of one group says nothing new
		}
		groups[m.Source] = Crowd{Mapping: m.ID, Paused: m.Status == "INACTIVE", Chosen: m.Origin}
		if m.Status != "ACTIVE" && m.Status != "INACTIVE" {
			c.note("the push of group %s is in state %s in Okta: %s", m.Source, m.Status, m.Error)
		}
	}
	c.desired.AllGroups = true
}

// assigned takes the groups that are assigned to the app.
func (c *chooser) assigned(ctx context.Context) {
	groups := c.desired.Groups
	for g, err := range c.engine.o.Okta.AppGroups(ctx) {
		if err != nil {
			c.doubt("the list of groups assigned to the app broke off after %d, so no group is released because of it: %v", len(groups), err)
			return
		}
		c.desired.Chosen = g.Origin
		groups[g.ID] = Crowd{Chosen: g.Origin}
		if g.Name != "" {
			c.objects[g.ID] = g
		}
	}
	c.desired.AllGroups = true
	if len(groups) == 0 {
		c.note("groups.from is app_groups, but no group is assigned to the app; or the credential may not see them (role Read-only Administrator, scope okta.apps.read)")
	}
	if c.ledger.Connection.Policy != c.engine.policy.Fingerprint { // told until a run has ended under this policy
		c.note("groups.from is app_groups: these groups exist to assign the app, and Okta advises against using one group for both; " +
			"who joins one gets an account and the membership at once, who leaves it loses both")
	}
}

// keepStrange leaves alone what auto would let go because the app's features changed.
func (c *chooser) keepStrange() {
	selection := c.engine.policy.Groups
	if !c.desired.AllGroups || !selection.auto() || c.desired.Partial {
		return
	}
	var names []string
	for id, g := range c.ledger.Groups {
		if _, selected := c.desired.Groups[id]; g.Omni != "" && !selected && !isOwn(id) && selection.strange(c.source, g.Mapping) {
			c.desired.Groups[id] = Crowd{Mapping: g.Mapping, Paused: true}
			names = append(names, g.Name)
		}
	}
	switch {
	case len(names) == 0:
	case c.source == fromMappings:
		c.doubt("the app now announces GROUP_PUSH, so groups.from: auto goes by its push mappings, which lack %s: left as they are. "+
			"Push them in Okta, or write groups.from: match to go on as before, or push_mappings to let them go", some(names, "group", "groups"))
	default:
		c.doubt("the app no longer announces GROUP_PUSH, so groups.from: auto goes by groups.match, which doesn't select %s: left as they are. "+
			"Switch provisioning on in Okta, or name them in groups.match, or write groups.from: match to let them go", some(names, "group", "groups"))
	}
}

// readMembers reads what isn't known of the groups themselves, and the members of
// those that moved.
func (c *chooser) readMembers(ctx context.Context) {
	d, l := c.desired, c.ledger
	var unread []identity.GroupID
	for _, id := range slices.Sorted(maps.Keys(d.Groups)) {
		if _, read := c.objects[id]; !read {
			unread = append(unread, id)
		}
	}
	objects, err := c.engine.o.Okta.Groups(ctx, unread)
	if err != nil {
		c.doubt("the groups could not be read, so they are left as they are: %v", err)
		d.AllGroups, d.Groups = false, map[identity.GroupID]Crowd{}
		return
	}
	maps.Copy(c.objects, objects)
	r := c.run.request
	reader := &crowdReader{engine: c.engine, follower: c.run.follower, source: c.engine.lists(c.run), ledger: l, all: r.AllMembers || r.Kind == Reconcile, counted: r.Kind == Reconcile, crowds: d.Groups}
	reader.read(ctx, c.objects)
	d.Doubts, d.Miscounts = append(d.Doubts, reader.doubts...), reader.short
}

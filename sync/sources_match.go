package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
)

// fewNames is up to how many groups are read one by one rather than found in the
// list of all.
const fewNames = 20

// matching takes the groups that groups.match selects.
func (c *chooser) matching(ctx context.Context) {
	match := c.engine.policy.Groups.Match
	if len(match) == 0 {
		c.desired.AllGroups = true
		c.note("groups.match names no group, so none is synced")
		return
	}
	if !c.byID(ctx, match) {
		c.byList(ctx, match)
	}
}

// byID reads the groups that the ledger knows under the names of groups.match,
// and reports whether each name still has its group. This costs one request for
// each name, and is as fresh as Okta can be: its search for names lags behind. A
// second group of a name isn't found so; it would be refused anyway, and a
// reconcile tells of it.
func (c *chooser) byID(ctx context.Context, names []string) bool {
	if c.run.request.Kind == Reconcile || slices.ContainsFunc(names, func(n string) bool { return !isName(n) }) {
		return false
	}
	var ids []identity.GroupID
	held := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(c.ledger.Groups)) {
		g := c.ledger.Groups[id]
		if g.Omni != "" || slices.Contains(names, g.Name) {
			ids = append(ids, id)
			held[g.Name] = held[g.Name] || g.Omni != ""
		}
	}
	missing := func(held map[string]bool) bool {
		return slices.ContainsFunc(names, func(n string) bool { return !held[n] })
	}
	if len(ids) > fewNames || missing(held) {
		return false
	}
	objects, err := c.engine.o.Okta.Groups(ctx, ids)
	if err != nil {
		return false // the list may tell
	}
	clear(held)
	for id, g := range objects {
		held[g.Name] = held[g.Name] || c.ledger.Groups[id].Omni != ""
	}
	if missing(held) {
		return false
	}
	t := newEntries(names)
	for _, id := range slices.Sorted(maps.Keys(objects)) {
		if g := objects[id]; !g.Gone() {
			c.consider(g, t)
		}
	}
	c.desired.AllGroups = true
	c.idle(t)
	return true
}

// byList looks through all groups of the org.
func (c *chooser) byList(ctx context.Context, match []string) {
	t := newEntries(match)
	for g, err := range c.engine.o.Okta.AllGroups(ctx) {
		if err != nil {
			c.doubt("the list of groups broke off after %d, so no group is released because of it: %v", t.seen, err)
			return
		}
		c.consider(g, t)
		c.sawCanary = c.sawCanary || g.ID == c.engine.o.Canary.Group
	}
	c.desired.AllGroups, c.listedAll = true, true
	if t.seen == 0 {
		c.note("Okta lists no group at all; usually the credential lacks the permission to see them (role Read-only Administrator, scope okta.groups.read)")
		return
	}
	c.idle(t)
}

// consider takes the group if it is selected. One that Okta tells too little of is
// left as it is.
func (c *chooser) consider(g identity.Group, t *entries) {
	app := c.engine.o.Identity.App
	verdict := c.engine.policy.Groups.choose(g, app)
	c.desired.Chosen = g.Origin
	t.count(g, verdict, app)
	switch {
	case verdict == chosen:
		c.desired.Groups[g.ID] = Crowd{Chosen: g.Origin}
	case verdict == unclear && c.ledger.Groups[g.ID].Omni != "":
		c.desired.Groups[g.ID] = Crowd{Mapping: c.ledger.Groups[g.ID].Mapping, Paused: true}
		c.note("group %s (%q, type %q) is left as it is: Okta doesn't tell enough of it to say whether groups.match selects it", g.ID, g.Name, g.Type)
	case verdict == unclear && g.Name != "":
		c.note("group %s (%q, type %q) is not synced: Okta doesn't tell which app brought it", g.ID, g.Name, g.Type)
		return
	default:
		return
	}
	c.objects[g.ID] = g
}

// entries counts what each entry of groups.match selects.
type entries struct {
	match []string
	seen  int
	used  map[string]bool
	near  map[string]string // why an entry may have missed what it was meant for
}

func newEntries(match []string) *entries {
	return &entries{match: match, used: map[string]bool{}, near: map[string]string{}}
}

func (t *entries) count(g identity.Group, verdict choice, app string) {
	t.seen++
	for _, entry := range t.match {
		switch folded := g; {
		case t.used[entry]:
		case verdict != passed && Selects(entry, g):
			t.used[entry] = true
		case g.Source == app && Selects(entry, g):
			t.near[entry] = fmt.Sprintf("%q was imported from the app itself, and such groups are never synced", g.Name)
		case g.Type == "BUILT_IN" && !isName(entry):
		default:
			folded.Name = strings.ToLower(g.Name)
			if t.near[entry] == "" && Selects(strings.ToLower(entry), folded) {
				t.near[entry] = fmt.Sprintf("capital letters count, and there is %q", g.Name)
			}
		}
	}
}

// idle tells of entries that select nothing.
func (c *chooser) idle(t *entries) {
	for _, entry := range t.match {
		switch near := t.near[entry]; {
		case t.used[entry]:
		case near != "":
			c.note("groups.match: no group is selected by %q: %s", entry, near)
		default:
			c.note("groups.match: no group is selected by %q", entry)
		}
	}
}

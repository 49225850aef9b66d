package sync_test

import (
	"net/http"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// connection is what the ledger tells of itself.
func (c *company) connection() state.Connection {
	c.t.Helper()
	connection, _, err := state.Read[state.Connection](c.t.Context(), c.store, state.Meta, "connection")
	if err != nil {
		c.t.Fatal(err)
	}
	return connection
}

// The app is switched from one source to another: what both select stays linked,
// and is not written at all; the rest is let go.
func TestSwitchingTheSourceKeepsLinks(t *testing.T) {
	sources := map[string]struct {
		groups  sync.Selection
		managed []string
	}{
		"auto":          {sync.Selection{}, []string{"Sales", "omni-ops", "omni/data"}},
		"push_mappings": {sync.Selection{From: "push_mappings"}, []string{"Sales", "omni-ops", "omni/data"}},
		"app_groups":    {sync.Selection{From: "app_groups"}, []string{"Sales", "Staff", "omni/data"}},
		"names":         {sync.Selection{From: "match", Match: []string{"Sales", "idle"}}, []string{"Sales", "idle"}},
		"globs":         {sync.Selection{From: "match", Match: []string{"S*"}}, []string{"Sales", "Staff"}},
	}
	for from, before := range sources {
		for to, after := range sources {
			if to == "auto" {
				continue // lets nothing go that it hasn't selected: see below
			}
			t.Run(from+" to "+to, func(t *testing.T) {
				p := lenient()
				p.Groups = before.groups
				simulated(t, p, func(c *company) {
					groupsOfEveryKind(c)
					c.want(c.run(sync.Full), sync.Done)
					c.wantNames("the managed groups", managed(c), before.managed...)
					ids := map[string]string{}
					for _, g := range c.omni.Groups() {
						ids[g.DisplayName] = g.ID
					}
					policy := c.connection().Policy
					c.policy.Groups = after.groups
					c.start()
					r := c.run(sync.Full)
					c.want(r, sync.Done)
					if now := c.connection().Policy; (now == policy) != (from == to) {
						t.Errorf("the policy's fingerprint was %q and is %q", policy, now)
					}
					c.wantNames("the managed groups", managed(c), after.managed...)
					for _, name := range before.managed {
						if team(c, name).ID != ids[name] {
							t.Errorf("group %s was made anew", name)
						}
						c.wantNames("the members of "+name, c.teamOf(name), staff(2)...)
					}
					for _, ch := range r.Changes {
						if ch.Kind != string(sync.Release) && ch.Kind != string(sync.Create) {
							t.Errorf("%s: %s", ch.Kind, ch.Group)
						}
					}
					c.silent()
				})
			})
		}
	}
}

// A typo in groups.match lets groups go, but not for good: nothing in Omni
// changes, and they are linked again.
func TestSelectionThatIsMendedLinksAgain(t *testing.T) {
	p := defaults()
	p.Groups = sync.Selection{From: "match", Match: []string{"omni-*"}}
	simulated(t, p, func(c *company) {
		groupsOfEveryKind(c)
		c.run(sync.Full)
		was, linked := snapshot(c), managed(c)
		for _, match := range []string{"omin-*", "omni-*"} {
			c.policy.Groups.Match = []string{match}
			c.start()
			c.run(sync.Full)
			if now := snapshot(c); now != was {
				t.Errorf("%s: Omni has changed:\n%s\nwas\n%s", match, now, was)
			}
		}
		c.wantNames("the managed groups", managed(c), linked...)
		c.silent()
	})
}

// auto goes by what the app can do; when that changes, no person has decided
// that groups may go, so none does.
func TestAutoLetsNothingGoWhenTheAppChanges(t *testing.T) {
	push := func(c *company) { c.okta.SetKnobs(func(k *simokta.Knobs) { k.Features = nil }) }
	for _, row := range []struct {
		name   string
		match  []string
		before func(*company)
		change func(*company)
		linked []string // before
		after  []string
		doubt  string // "" for none
		mend   sync.Selection
		mended []string
	}{
		{"push is switched off, match empty", nil, push, plain, []string{"Sales", "omni-ops", "omni/data"},
			[]string{"Sales", "omni-ops", "omni/data"}, "no longer announces GROUP_PUSH", sync.Selection{From: "match"}, []string{}},
		{"push is switched off, match selects some", []string{"Sales", "idle"}, push, plain, []string{"Sales", "omni-ops", "omni/data"},
			[]string{"Sales", "idle", "omni-ops", "omni/data"}, "2 groups (omni-ops, omni/data)", sync.Selection{From: "match", Match: []string{"Sales", "idle"}}, []string{"Sales", "idle"}},
		{"push is switched off, match selects all", []string{"*"}, push, plain, []string{"Sales", "omni-ops", "omni/data"},
			[]string{"Sales", "Staff", "idle", "omni-ad", "omni-law", "omni-ops", "omni/data"}, "", sync.Selection{From: "match", Match: []string{"idle"}}, []string{"idle"}},
		{"push is switched on", []string{"Sales", "idle"}, plain, push, []string{"Sales", "idle"},
			[]string{"Sales", "idle", "omni-ops", "omni/data"}, "which lack 1 group (idle)", sync.Selection{From: "push_mappings"}, []string{"Sales", "omni-ops", "omni/data"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := lenient()
			p.OnUnpush, p.Groups.Match = "delete", row.match
			simulated(t, p, func(c *company) {
				groupsOfEveryKind(c)
				row.before(c)
				c.want(c.run(sync.Full), sync.Done)
				c.wantNames("the managed groups", managed(c), row.linked...)
				row.change(c)
				for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile, sync.Full} {
					r := c.run(kind)
					if row.doubt == "" {
						c.want(r, sync.Done)
					} else {
						c.want(r, sync.Doubtful)
						tells(t, r.Doubts, row.doubt)
					}
					c.wantNames("the managed groups", managed(c), row.after...)
				}
				c.policy.Groups = row.mend
				c.start()
				c.want(c.run(sync.Full), sync.Done)
				c.wantNames("the managed groups", managed(c), row.mended...)
				c.silent()
			})
		})
	}
}

// A group that was kept because the app changed goes when it is deleted in Okta.
func TestAutoLetsADeletedGroupGo(t *testing.T) {
	simulated(t, choosing("auto", "Sales"), func(c *company) {
		ids := groupsOfEveryKind(c)
		c.run(sync.Full)
		plain(c)
		c.want(c.run(sync.Full), sync.Doubtful)
		c.okta.DeleteGroup(ids["omni-ops"])
		c.run(sync.Full)
		c.wantNames("the managed groups", managed(c), "Sales", "omni/data")
	})
}

// Whoever goes over to push mappings before any group is pushed loses nothing.
func TestNoPushedGroupAtAllProvesNothing(t *testing.T) {
	p := choosing("match", "idle", "Staff")
	p.OnUnpush = "delete"
	simulated(t, p, func(c *company) {
		ids := groupsOfEveryKind(c)
		for _, m := range c.mappings() {
			c.okta.Unpush(m[0])
		}
		c.run(sync.Full)
		c.policy.Groups = sync.Selection{From: "push_mappings"}
		c.start()
		r := c.run(sync.Full)
		c.want(r, sync.Doubtful)
		tells(t, r.Doubts, "no pushed group at all")
		c.wantNames("the managed groups", managed(c), "Staff", "idle")
		c.okta.Push(ids["idle"])
		list := c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/*/group-push/mappings", Skip: 1, Do: sim.Status(500, "{}", nil)})
		c.want(c.run(sync.Full), sync.Doubtful)
		list.Remove()
		again := c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/*/group-push/mappings", Times: 1, Do: lacking(ids["Staff"])})
		c.okta.Push(ids["Staff"])
		r = c.run(sync.Full)
		c.want(r, sync.Doubtful)
		tells(t, r.Doubts, `group "Staff" was missing from the list of pushed groups, but is pushed`)
		again.Remove()
		c.want(c.run(sync.Full), sync.Done)
		c.wantNames("the managed groups", managed(c), "Staff", "idle")
	})
}

// The app's features change between reading and confirming.
func TestAppChangesWhileItIsRead(t *testing.T) {
	for name, groups := range map[string]sync.Selection{"push_mappings": {From: "push_mappings"}, "auto": {}} {
		t.Run(name, func(t *testing.T) {
			p := lenient()
			p.Groups = groups
			simulated(t, p, func(c *company) {
				ids := groupsOfEveryKind(c)
				c.run(sync.Full)
				unpush(c, ids["Sales"])
				c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/" + c.okta.ID(), Skip: 1, Do: func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/api/v1/apps/"+c.okta.ID() {
							plain(c)
						}
						next.ServeHTTP(w, r)
					})
				}})
				c.want(c.run(sync.Full), sync.Doubtful)
				c.wantNames("the managed groups", managed(c), "Sales", "omni-ops", "omni/data")
			})
		})
	}
}

// A mapping that is paused leaves its group as it is, also when the group is one
// that another source had selected.
func TestPausedMappingLeavesTheGroup(t *testing.T) {
	simulated(t, choosing("match", "omni-law"), func(c *company) {
		ids := groupsOfEveryKind(c)
		c.run(sync.Full)
		c.policy.Groups = sync.Selection{From: "push_mappings"}
		c.start()
		c.okta.RemoveMember(ids["omni-law"], c.okta.MembersOf(ids["omni-law"])[0])
		c.want(c.run(sync.Full), sync.Done)
		c.wantNames("the members", c.teamOf("omni-law"), staff(2)...)
		for _, m := range c.mappings() {
			c.okta.SetMappingStatus(m[0], "ACTIVE", "")
		}
		c.want(c.run(sync.Full), sync.Done)
		c.wantNames("the members", c.teamOf("omni-law"), staff(2)[1:]...)
		for g, err := range state.All[state.Group](t.Context(), c.store, state.Groups) {
			if err != nil || g.Value.Mapping == "" {
				t.Errorf("group %s has no mapping in the ledger, %v", g.Value.Name, err)
			}
		}
	})
}

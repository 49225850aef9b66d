package sync_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// crew is a company of four with a pushed group Crew of the first two, in step.
func crew(c *company) (ids []string, group, mapping string) {
	ids = c.join(staff(4)...)
	group, mapping = c.push("Crew", ids[:2]...)
	c.want(c.run(sync.Full), sync.Done)
	c.omni.ResetLog()
	return ids, group, mapping
}

// wantCrew fails unless Omni's group has these of the staff, besides others.
func (c *company) wantCrew(numbers ...int) {
	c.t.Helper()
	var want []string
	for _, n := range numbers {
		want = append(want, staff(4)[n])
	}
	if got := c.teamOf("Crew"); !slices.Equal(got, want) {
		c.t.Errorf("Crew has %v, want %v", got, want)
	}
}

// Which groups, and which members, Okta decides about.
func TestSemanticsGroupsAndMembers(t *testing.T) {
	for _, row := range []struct {
		rule   string
		policy func(*sync.Policy)
		play   func(c *company)
	}{
		{"auto is push mappings where the app's features name GROUP_PUSH", nil, func(c *company) {
			crew(c)
			c.okta.AssignGroup(c.okta.AddGroup("Staff", ""))
			c.want(c.run(sync.Full), sync.Done)
			c.wantNames("Omni's groups", teams(c), "Crew")
		}},
		{"auto is match where they don't; app_groups is never chosen by itself", nil, func(c *company) {
			plain(c)
			c.okta.AssignGroup(c.okta.AddGroup("Staff", ""))
			c.join("ada@acme.co")
			c.want(c.run(sync.Full), sync.Done) // match: [] syncs no group, and isn't doubt
			c.wantNames("Omni's groups", teams(c))
		}},
		{"match looks at OKTA_GROUP and APP_GROUP, never at the app's own, Everyone only by name",
			func(p *sync.Policy) { p.Groups = sync.Selection{From: "match", Match: []string{"*"}} }, func(c *company) {
				groupsOfEveryKind(c)
				c.want(c.run(sync.Full), sync.Done)
				if got := teams(c); slices.Contains(got, "Everyone") || slices.Contains(got, "omni-own") || !slices.Contains(got, "omni-ad") || !slices.Contains(got, "idle") {
					c.t.Errorf("Omni has the groups %q", got)
				}
			}},
		{"a mapping in ERROR counts, and is reported", nil, func(c *company) {
			ids, group, mapping := crew(c)
			c.okta.SetMappingStatus(mapping, "ERROR", "Linked group is missing")
			c.okta.AddMembers(group, ids[2])
			r := c.run(sync.Full)
			tells(c.t, r.Notes, "Linked group is missing")
			c.wantCrew(0, 1, 2)
		}},
		{"an INACTIVE mapping is paused: the group is left as it is", nil, func(c *company) {
			ids, group, mapping := crew(c)
			c.okta.SetMappingStatus(mapping, "INACTIVE", "")
			c.okta.AddMembers(group, ids[2])
			c.okta.RemoveMember(group, ids[0])
			c.want(c.run(sync.Reconcile), sync.Done)
			c.wantCrew(0, 1)
		}},
		{"a mapping that is gone is un-pushed; keep releases the group, never changed again", nil, func(c *company) {
			ids, group, mapping := crew(c)
			c.okta.Unpush(mapping)
			r := c.run(sync.Full)
			c.want(r, sync.Done)
			if !strings.Contains(printed(r), "no longer managed") {
				c.t.Errorf("it says\n%s", printed(r))
			}
			c.okta.RemoveMember(group, ids[0])
			c.want(c.run(sync.Reconcile), sync.Done)
			c.wantCrew(0, 1)
		}},
		{"a source group that is gone is un-pushed", func(p *sync.Policy) { p.OnUnpush = "delete" }, func(c *company) {
			_, group, _ := crew(c)
			c.push("Other")
			c.run(sync.Full)
			c.okta.DeleteGroup(group)
			c.run(sync.Full)
			c.wantNames("Omni's groups", teams(c), "Other")
		}},
		{"a mapping that is missing from a list that failed is no un-pushing", func(p *sync.Policy) { p.OnUnpush = "delete" }, func(c *company) {
			crew(c)
			c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/*/group-push/mappings", Do: sim.Status(500, "{}", nil)})
			c.want(c.run(sync.Full), sync.Doubtful)
			c.wantCrew(0, 1)
		}},
		{"drift repair removes a managed membership that Okta doesn't know", nil, func(c *company) {
			crew(c)
			g := team(c, "Crew")
			c.omni.EditGroup(g.ID, "Crew", append(slices.Clone(c.memberIDs("Crew")), omniUser(c, "person003@acme.co").ID)...)
			c.want(c.run(sync.Reconcile), sync.Done)
			c.wantCrew(0, 1)
		}},
		{"a membership of an unmanaged user is kept", nil, func(c *company) {
			crew(c)
			bot := c.omni.AddUser("bot@acme.co", "The Bot")
			c.omni.EditGroup(team(c, "Crew").ID, "Crew", append(slices.Clone(c.memberIDs("Crew")), bot)...)
			r := c.run(sync.Reconcile)
			c.want(r, sync.Done)
			tells(c.t, r.Notes, "bot@acme.co")
			if got := c.teamOf("Crew"); !slices.Contains(got, "bot@acme.co") {
				c.t.Errorf("Crew has %v", got)
			}
		}},
		{"a member who is not assigned gets no account, and joins when assigned", nil, func(c *company) {
			_, group, _ := crew(c)
			eve := c.okta.AddUser(simokta.User{Login: "eve@acme.co", Email: "eve@acme.co", FirstName: "First", LastName: "eve"})
			c.okta.AddMembers(group, eve)
			c.want(c.run(sync.Full), sync.Done)
			c.wantCrew(0, 1)
			c.okta.Assign(eve, simokta.AssignOptions{})
			c.want(c.run(sync.Full), sync.Done)
			c.inStep()
		}},
		{"who is in grace keeps memberships and attributes; they end with the membership", func(p *sync.Policy) { p.Grace = 24 * time.Hour }, func(c *company) {
			ids, group, _ := crew(c)
			c.okta.Unassign(ids[0])
			c.okta.RemoveMember(group, ids[0])
			c.okta.UpdateProfile(ids[0], map[string]any{"department": "Law"})
			c.run(sync.Full)
			c.run(sync.Reconcile)
			c.wantCrew(0, 1)
			if got := omniUser(c, "person000@acme.co"); !got.Active || got.Attributes["department"][0] != "Sales" {
				c.t.Errorf("Omni has %+v", got)
			}
			<-time.After(25 * time.Hour)
			c.run(sync.Full)
			c.wantCrew(1)
		}},
		{"who is protected keeps memberships", func(p *sync.Policy) { p.Protected = []string{"person000@*"} }, func(c *company) {
			ids, group, _ := crew(c)
			c.okta.RemoveMember(group, ids[0])
			c.run(sync.Full)
			c.wantCrew(0, 1)
			c.okta.Unassign(ids[0])
			c.run(sync.Full)
			c.wantCrew(0, 1)
		}},
		{"per run a group is written once", nil, func(c *company) {
			ids, group, _ := crew(c)
			c.okta.AddMembers(group, ids[2:]...)
			c.okta.RemoveMember(group, ids[0])
			c.okta.RenameGroup(group, "Crew")
			c.want(c.run(sync.Full), sync.Done)
			if n := c.omni.Writes(); n != 1 {
				c.t.Errorf("%d writes", n)
			}
			c.wantCrew(1, 2, 3)
		}},
		{"twice where a removal can't wait for joiners", nil, func(c *company) {
			ids, group, _ := crew(c)
			c.okta.RemoveMember(group, ids[0])
			c.okta.AddMembers(group, c.join("eve@acme.co")...)
			c.want(c.run(sync.Full), sync.Done)
			if n := c.omni.Writes(); n != 3 {
				c.t.Errorf("%d writes, want the removal, eve, and her membership", n)
			}
			c.inStep()
		}},
		{"an empty group is believed when Okta's own count is 0", nil, func(c *company) {
			ids, group, _ := crew(c)
			c.okta.RemoveMember(group, ids[0])
			c.okta.RemoveMember(group, ids[1])
			c.want(c.run(sync.Full), sync.Done)
			c.wantCrew()
		}},
		{"an empty list of a group that Okta counts otherwise is doubt", nil, func(c *company) {
			_, group, _ := crew(c)
			c.okta.AddMembers(group, c.join("eve@acme.co")...)
			c.oktaFaults.Add(sim.Fault{Path: "/api/v1/groups/" + group + "/users", Do: sim.Body(200, "application/json", "[]")})
			c.want(c.run(sync.Full), sync.Doubtful)
			c.wantCrew(0, 1)
		}},
		{"a group that moves each time it is read only gains", nil, func(c *company) {
			ids, group, _ := crew(c)
			c.okta.RemoveMember(group, ids[0])
			c.okta.AddMembers(group, ids[2])
			c.oktaFaults.Add(sim.Fault{Path: "/api/v1/groups/" + group + "/users", Do: edited(func(items []json.RawMessage) []json.RawMessage {
				<-time.After(time.Second)
				c.okta.RemoveMember(group, ids[3])
				c.okta.AddMembers(group, ids[3])
				return items
			})})
			c.want(c.run(sync.Full), sync.Doubtful)
			if got := c.teamOf("Crew"); !slices.Contains(got, "person000@acme.co") || !slices.Contains(got, "person002@acme.co") {
				c.t.Errorf("Crew has %v", got)
			}
			c.oktaFaults.Clear()
			c.want(c.run(sync.Full), sync.Done)
			c.wantCrew(1, 2, 3)
		}},
		{"two groups of one name: the linked one keeps it", nil, func(c *company) {
			ids, _, _ := crew(c)
			c.push("CREW", ids[3])
			r := c.run(sync.Full)
			c.want(r, sync.Failing)
			c.wantNames("Omni's groups", teams(c), "Crew")
			c.wantCrew(0, 1)
		}},
		{"two groups of one name, none linked: all are refused and named", nil, func(c *company) {
			ids := c.join(staff(2)...)
			c.push("Crew", ids[0])
			c.push("crew", ids[1])
			r := c.run(sync.Full)
			c.want(r, sync.Failing)
			c.wantNames("Omni's groups", teams(c))
			if got := printed(r); !strings.Contains(got, "Crew") || !strings.Contains(got, "crew ") {
				c.t.Errorf("it says\n%s", got)
			}
		}},
		{"a rename onto a name that Omni has is refused; members go on under the old name", nil, func(c *company) {
			ids, group, _ := crew(c)
			c.omni.AddGroup("Sellers")
			c.okta.RenameGroup(group, "Sellers")
			c.okta.AddMembers(group, ids[2])
			c.want(c.run(sync.Reconcile), sync.Failing)
			c.wantCrew(0, 1, 2)
		}},
		{"adopt ask: linked and added to at once, others stay until approved", func(p *sync.Policy) { p.AdoptGroups = "ask" }, func(c *company) { c.adoptsCrew(sync.Holding, 0, 1, 2) }},
		{"adopt auto: others go within the guard", func(p *sync.Policy) { p.AdoptGroups = "auto" }, func(c *company) { c.adoptsCrew(sync.Done, 1, 2) }},
		{"adopt never: refused", func(p *sync.Policy) { p.AdoptGroups = "never" }, func(c *company) { c.adoptsCrew(sync.Failing, 0) }},
	} {
		t.Run(row.rule, func(t *testing.T) {
			p := lenient()
			if row.policy != nil {
				row.policy(&p)
			}
			simulated(t, p, row.play)
		})
	}
}

// adoptsCrew pushes a group with the members 1 and 2 where Omni has one of that
// name with the member 0, and fails unless it comes to this.
func (c *company) adoptsCrew(outcome sync.Outcome, numbers ...int) {
	c.t.Helper()
	ids := c.join(staff(3)...)
	c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
	c.want(c.run(sync.Full), sync.Done)
	c.omni.AddGroup("Crew", omniUser(c, "person000@acme.co").ID)
	c.push("Crew", ids[1], ids[2])
	c.run(sync.Full)
	c.want(c.run(sync.Reconcile), outcome)
	c.wantCrew(numbers...)
}

package sync_test

import (
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// groupSituations are those of groups.
func groupSituations() []situation {
	matching := func(match ...string) func(*sync.Policy) {
		return func(p *sync.Policy) { p.Groups = sync.Selection{From: "match", Match: match} }
	}
	sales := func(what func(c *company, mapping, group string)) func(*company) string {
		return func(c *company) string {
			id := c.hire("Ann", "Lee", "Sales")
			c.okta.Assign(id, simokta.AssignOptions{})
			group, mapping := c.push("Sales", id)
			c.run(sync.Full)
			c.run(sync.Full)
			what(c, mapping, group)
			return "Sales"
		}
	}
	return []situation{
		{name: "group in step", mention: []string{"Push Groups has it"}, play: sales(func(*company, string, string) {})},
		{name: "group with members without accounts", mention: []string{"3 members in Okta, 1 of them in Omni"}, play: sales(func(c *company, _, group string) {
			staged := c.okta.AddUser(simokta.User{Login: "dan@acme.co", Status: "STAGED"})
			c.okta.Assign(staged, simokta.AssignOptions{})
			c.okta.AddMembers(group, c.hire("Cat", "Hale", "Sales"), staged)
			c.run(sync.Full)
		})},
		{name: "group read before somebody joined", mention: []string{"Okta counts 2 now"}, play: sales(func(c *company, _, group string) {
			c.okta.AddMember(group, c.hire("Cat", "Hale", "Sales"))
		})},
		{name: "group not pushed", mention: []string{"Push Groups doesn't have it"}, play: func(c *company) string {
			c.settled()
			c.okta.AddGroup("Law and Order", "")
			return "law AND order"
		}},
		{name: "group paused", mention: []string{"paused"}, play: sales(func(c *company, mapping, _ string) {
			c.okta.SetMappingStatus(mapping, "INACTIVE", "")
			c.run(sync.Full)
		})},
		{name: "group not pushed any more", mention: []string{"lets it go"}, play: sales(func(c *company, mapping, _ string) { c.okta.Unpush(mapping) })},
		{name: "group to be deleted", mention: []string{"groups.on_unpush: delete"}, policy: func(p *sync.Policy) { p.OnUnpush = "delete" },
			play: sales(func(c *company, mapping, _ string) { c.okta.Unpush(mapping) })},
		{name: "group deleted in Okta", mention: []string{"deleted in Okta"}, play: sales(func(c *company, _, group string) { c.okta.DeleteGroup(group) })},
		{name: "group only in Omni", mention: []string{"isn't managed"}, play: func(c *company) string {
			c.settled()
			c.omni.AddGroup("Board")
			return "Board"
		}},
		{name: "group not made yet", mention: []string{"next full run makes it"}, play: func(c *company) string {
			c.settled()
			c.push("Board")
			return "Board"
		}},
		{name: "group to be linked", mention: []string{"next full run links"}, play: func(c *company) string {
			c.settled()
			c.omni.AddGroup("Board")
			c.push("Board")
			return "Board"
		}},
		{name: "group of a name that isn't ours", mention: []string{"isn't managed"}, policy: func(p *sync.Policy) { p.AdoptGroups = "never" }, play: func(c *company) string {
			c.settled()
			c.omni.AddGroup("Board")
			c.push("Board")
			c.run(sync.Full)
			return "Board"
		}},
		{name: "group deleted in Omni", mention: []string{"gone from Omni"}, play: sales(func(c *company, _, _ string) { c.omni.RemoveGroup(team(c, "Sales").ID) })},
		{name: "group with a held removal", mention: []string{"waits for approval", "syncd approve RUN"},
			policy: func(p *sync.Policy) { p.Guard.MemberRemovals = sync.Limit{Count: 1, Percent: 100} }, play: func(c *company) string {
				id, bobID, sales := c.settled()
				c.okta.RemoveMember(sales, id)
				c.okta.RemoveMember(sales, bobID)
				c.run(sync.Full)
				return "Sales"
			}},
		{name: "group with a stranger", mention: []string{"whom nobody manages"}, play: sales(func(c *company, _, _ string) {
			zoe := c.omni.AddUser("zoe@acme.co", "Zoe")
			c.omni.EditGroup(team(c, "Sales").ID, "Sales", omniUser(c, ann).ID, zoe)
		})},
		{name: "group that fails", mention: []string{"fails"}, play: sales(func(c *company, _, group string) {
			id := c.hire("Cat", "Hale", "Sales")
			c.okta.Assign(id, simokta.AssignOptions{})
			c.okta.AddMember(group, id)
			c.omniFaults.Add(sim.Fault{Method: "PATCH", Path: "/api/scim/v2/Groups", Do: sim.Status(500, `{}`, nil)})
			c.run(sync.Full)
		})},
		{name: "group no entry selects", mention: []string{"no entry of groups.match selects it"}, policy: matching("Sales*"), play: func(c *company) string {
			c.settled()
			c.okta.AddGroup("Law", "")
			return "Law"
		}},
		{name: "group an entry selects", mention: []string{`groups.match has "Sales*"`}, policy: matching("Sales*"), play: sales(func(*company, string, string) {})},
		{name: "group of the app", mention: []string{"assigned to the app"}, policy: func(p *sync.Policy) { p.Groups.From = "app_groups" }, play: func(c *company) string {
			group := c.okta.AddGroup("Staff", "")
			c.okta.AddMember(group, c.hire("Ann", "Lee", "Sales"))
			c.okta.AssignGroup(group)
			c.run(sync.Full)
			return group
		}},
		{name: "group and Okta doesn't answer", mention: []string{"503"}, play: sales(func(c *company, _, _ string) {
			c.oktaFaults.Add(sim.Fault{Path: "/", Do: sim.Status(503, `{}`, nil)})
		})},
		{name: "group and Omni doesn't answer", mention: []string{"Omni"}, play: sales(func(c *company, _, _ string) {
			c.omni.SetKnobs(simomni.Knobs{})
			c.omniFaults.Add(sim.Fault{Path: "/", Do: sim.Status(503, `{}`, nil)})
		})},
	}
}

// The answers about groups.
func TestGroupGolden(t *testing.T) {
	for _, s := range groupSituations() {
		t.Run(s.name, s.test)
	}
}

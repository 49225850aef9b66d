package sync_test

import (
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

const (
	ann = "ann@acme.co"
	bob = "bob@acme.co"
	cat = "cat@acme.co"
)

// hire adds one person to Okta, without the app.
func (c *company) hire(first, last, department string) string {
	login := map[string]string{"Ann": ann, "Bob": bob, "Cat": cat}[first]
	return c.okta.AddUser(simokta.User{Login: login, FirstName: first, LastName: last, Profile: map[string]any{"department": department}})
}

// settled is a company of two, who are in the group Sales and in step. One run for each
// of them gives ids that are the same each time.
func (c *company) settled() (annID, bobID, sales string) {
	c.t.Helper()
	annID, bobID = c.hire("Ann", "Lee", "Sales"), c.hire("Bob", "Roy", "Law")
	for _, id := range []string{annID, bobID} {
		c.okta.Assign(id, simokta.AssignOptions{})
		c.run(sync.Full)
	}
	sales, _ = c.push("Sales", annID, bobID)
	c.run(sync.Full)
	return annID, bobID, sales
}

// after is a situation that comes of one run after something happened to Ann.
func after(what func(c *company, annID string)) func(*company) string {
	return func(c *company) string {
		id, _, _ := c.settled()
		what(c, id)
		c.run(sync.Full)
		return ann
	}
}

// crew has n more people in Okta and Omni, so that shares of them mean something.
func (c *company) crew(n int) []string {
	ids := make([]string, n)
	for i, name := range staff(n) {
		ids[i] = c.join(name)[0]
	}
	return ids
}

func situations() []situation {
	list := append(assignments(), memberships()...)
	list = append(list, accounts()...)
	return append(list, troubles()...)
}

// assignments are about who is assigned, and what Okta says of the account.
func assignments() []situation {
	return []situation{
		{name: "in step by hand", mention: []string{"by hand, not through a group"}, play: after(func(*company, string) {})},
		{name: "in step through a group", mention: []string{"through the group Staff"}, play: func(c *company) string {
			id := c.hire("Ann", "Lee", "Sales")
			c.okta.AssignGroup(c.okta.AddGroup("Contractors", ""))
			group := c.okta.AddGroup("Staff", "")
			c.okta.AddMember(group, id)
			c.okta.AssignGroup(group)
			c.run(sync.Full)
			return ann
		}},
		{name: "not assigned", mention: []string{"not assigned to the app"}, play: func(c *company) string {
			c.settled()
			c.hire("Cat", "Hale", "Sales")
			return cat
		}},
		{name: "not assigned, but a group would", mention: []string{"not assigned to the app", "Staff"}, play: func(c *company) string {
			c.settled()
			c.okta.AssignGroup(c.okta.AddGroup("Staff", ""))
			c.hire("Cat", "Hale", "Sales")
			return cat
		}},
		{name: "in a group but unassigned", mention: []string{"alone gives no account"}, play: func(c *company) string {
			_, _, sales := c.settled()
			c.okta.AddMember(sales, c.hire("Cat", "Hale", "Sales"))
			c.run(sync.Full)
			return cat
		}},
		{name: "no account yet", mention: []string{"creating the account"}, play: func(c *company) string {
			_, _, sales := c.settled()
			id := c.hire("Cat", "Hale", "Sales")
			c.okta.Assign(id, simokta.AssignOptions{})
			c.okta.AddMember(sales, id)
			return cat
		}},
		{name: "unassigned, in grace", mention: []string{"not assigned", "in grace until"}, policy: func(p *sync.Policy) { p.Grace = 24 * time.Hour },
			play: after(func(c *company, id string) { c.okta.Unassign(id) })},
		{name: "unassigned just now", mention: []string{"not assigned"}, play: func(c *company) string {
			id, _, _ := c.settled()
			c.okta.Unassign(id)
			return ann
		}},
		{name: "unassigned, ended", mention: []string{"not assigned"}, play: after(func(c *company, id string) { c.okta.Unassign(id) })},
		{name: "deactivated in Okta", mention: []string{"the Okta account is deactivated"}, policy: func(p *sync.Policy) { p.Grace = 24 * time.Hour }, play: func(c *company) string {
			id, _, _ := c.settled()
			c.okta.SetStatus(id, "DEPROVISIONED")
			return ann
		}},
		{name: "deleted in Okta", mention: []string{"the Okta account is deleted"}, policy: func(p *sync.Policy) { p.Action = "none" },
			play: after(func(c *company, id string) { c.okta.Delete(id) })},
		{name: "suspended", mention: []string{"is suspended"}, play: after(func(c *company, id string) { c.okta.SetStatus(id, "SUSPENDED") })},
		{name: "suspended, which is to end", mention: []string{"is suspended"}, policy: func(p *sync.Policy) { p.Suspended, p.Grace = "deactivate", 24*time.Hour },
			play: after(func(c *company, id string) { c.okta.SetStatus(id, "SUSPENDED") })},
		{name: "suspended before the account", mention: []string{"is suspended"}, play: func(c *company) string {
			c.settled()
			id := c.hire("Cat", "Hale", "Sales")
			c.okta.Assign(id, simokta.AssignOptions{})
			c.okta.SetStatus(id, "SUSPENDED")
			return cat
		}},
		{name: "staged", mention: []string{"STAGED"}, play: func(c *company) string {
			c.settled()
			id := c.okta.AddUser(simokta.User{Login: cat, FirstName: "Cat", LastName: "Hale", Status: "STAGED"})
			c.okta.Assign(id, simokta.AssignOptions{})
			return cat
		}},
		{name: "status unread", mention: []string{"nothing certain"}, play: func(c *company) string {
			c.settled()
			c.okta.SetKnobs(func(k *simokta.Knobs) { k.Unembedded = true })
			return ann
		}},
		{name: "out of scope", mention: []string{"outside the scope", `user.department is "Law"`}, world: inSales, play: func(c *company) string {
			c.settled()
			return bob
		}},
		{name: "out of scope since lately", mention: []string{"outside the scope"}, world: inSales, policy: func(p *sync.Policy) { p.Grace = 24 * time.Hour },
			play: after(func(c *company, id string) { c.okta.UpdateProfile(id, map[string]any{"department": "Law"}) })},
		{name: "scope fails", mention: []string{"users.scope"}, world: func(c *company) { c.rules.Scope = `int(user.level) > 2` }, play: func(c *company) string {
			id := c.hire("Ann", "Lee", "Sales")
			c.okta.UpdateProfile(id, map[string]any{"level": "high"})
			c.okta.Assign(id, simokta.AssignOptions{})
			return ann
		}},
	}
}

func inSales(c *company) { c.rules.Scope = `user.department == "Sales"` }

// memberships are about removals that wait or are kept, and about places in groups.
func memberships() []situation {
	strict := func(p *sync.Policy) { p.Guard.Deactivations = sync.Limit{Count: 1, Percent: 100} }
	mass := func(c *company) string {
		id, bobID, _ := c.settled()
		c.okta.Unassign(id)
		c.okta.Unassign(bobID)
		c.run(sync.Full)
		return ann
	}
	return []situation{
		{name: "removal held", mention: []string{"waits for approval", "syncd approve RUN"}, policy: strict, play: mass},
		{name: "removal approved", mention: []string{"not assigned"}, policy: strict, play: func(c *company) string {
			mass(c)
			c.decide(state.Approved)
			return ann
		}},
		{name: "removal rejected", mention: []string{"rejected by grace"}, policy: strict, play: func(c *company) string {
			mass(c)
			c.decide(state.Rejected)
			c.run(sync.Full)
			return ann
		}},
		{name: "assigned again while held", mention: []string{"by hand"}, policy: strict, play: func(c *company) string {
			mass(c)
			for id := range c.okta.Users() {
				c.okta.Assign(c.okta.Users()[id], simokta.AssignOptions{})
			}
			return ann
		}},
		{name: "protected", mention: []string{"protected by users.protected"}, policy: func(p *sync.Policy) { p.Protected = []string{"ann@*"} },
			play: after(func(c *company, id string) { c.okta.Unassign(id) })},
		{name: "kept by policy", mention: []string{"deprovision.action: none"}, policy: func(p *sync.Policy) { p.Action = "none" },
			play: after(func(c *company, id string) { c.okta.Unassign(id) })},
		{name: "organization admin leaves", mention: []string{"organization admin"}, play: func(c *company) string {
			id, _, _ := c.settled()
			for _, name := range []string{ann, bob} {
				c.omni.EditUser(omniUser(c, name).ID, func(u *simomni.User) { u.OrgAdmin = true })
			}
			c.run(sync.Reconcile)
			c.okta.Unassign(id)
			c.run(sync.Full)
			return ann
		}},
		{name: "last admin leaves", mention: []string{"the last active organization admin"}, play: func(c *company) string {
			id, _, _ := c.settled()
			c.omni.EditUser(omniUser(c, ann).ID, func(u *simomni.User) { u.OrgAdmin = true })
			c.run(sync.Reconcile)
			c.okta.Unassign(id)
			c.run(sync.Full)
			c.decide(state.Approved)
			return ann
		}},
		{name: "taken out of a group by hand", mention: []string{"adding them to the group Sales"}, play: func(c *company) string {
			c.settled()
			c.omni.EditGroup(team(c, "Sales").ID, "Sales", omniUser(c, bob).ID)
			return ann
		}},
		{name: "left a group", mention: []string{"removing them from the group Sales"}, play: func(c *company) string {
			id, _, sales := c.settled()
			c.okta.RemoveMember(sales, id)
			return ann
		}},
		{name: "removal from a group held", mention: []string{"removing them from the group Sales", "wait"},
			policy: func(p *sync.Policy) { p.Guard.MemberRemovals = sync.Limit{Count: 1, Percent: 100} }, play: func(c *company) string {
				id, bobID, sales := c.settled()
				c.okta.RemoveMember(sales, id)
				c.okta.RemoveMember(sales, bobID)
				c.run(sync.Full)
				return ann
			}},
		{name: "in a paused group", mention: []string{"Sales"}, play: func(c *company) string {
			id := c.hire("Ann", "Lee", "Sales")
			c.okta.Assign(id, simokta.AssignOptions{})
			group, mapping := c.push("Sales")
			c.run(sync.Full)
			c.okta.SetMappingStatus(mapping, "INACTIVE", "")
			c.okta.AddMember(group, id)
			c.run(sync.Full)
			return ann
		}},
	}
}

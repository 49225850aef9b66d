package sync_test

import (
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// accounts are about the account in Omni: whose it is, what it is called, what it lacks.
func accounts() []situation {
	return []situation{
		{name: "adopted", mention: []string{"adopted by Omnisync"}, play: func(c *company) string {
			id := c.omni.AddUser(ann, "Ann Lee")
			c.omni.DefineAttribute(simomni.Definition{Reference: "department"})
			c.omni.EditUser(id, func(u *simomni.User) { u.Attributes = map[string][]string{"department": {"Lore"}} })
			user := c.hire("Ann", "Lee", "")
			c.okta.UpdateProfile(user, map[string]any{"department": nil})
			c.okta.Assign(user, simokta.AssignOptions{})
			c.run(sync.Full)
			return ann
		}},
		{name: "to be adopted", mention: []string{"linking the account that Omni has"}, play: func(c *company) string {
			c.settled()
			c.omni.AddUser(cat, "Catherine")
			c.okta.Assign(c.hire("Cat", "Hale", "Sales"), simokta.AssignOptions{})
			return cat
		}},
		{name: "unmanaged, known to nobody", mention: []string{"is left alone"}, play: func(c *company) string {
			c.settled()
			c.omni.AddUser("zoe@acme.co", "Zoe")
			return "zoe@acme.co"
		}},
		{name: "unmanaged, not assigned", mention: []string{"not assigned", "isn't managed"}, play: func(c *company) string {
			c.settled()
			c.omni.AddUser(cat, "Cat Hale")
			c.hire("Cat", "Hale", "Sales")
			return cat
		}},
		{name: "nobody", mention: []string{"nobody is known as"}, play: func(c *company) string {
			c.settled()
			return "nobody@acme.co"
		}},
		{name: "changed by hand in Omni", mention: []string{`displayName from "Annie" to "Ann Lee"`}, play: func(c *company) string {
			c.settled()
			c.omni.EditUser(omniUser(c, ann).ID, func(u *simomni.User) { u.DisplayName = "Annie" })
			return ann
		}},
		{name: "changed in Okta", mention: []string{`department from "Sales" to "Law"`}, play: func(c *company) string {
			id, _, _ := c.settled()
			c.okta.UpdateProfile(id, map[string]any{"department": "Law"})
			return ann
		}},
		{name: "deactivated by hand", mention: []string{"activating the account"}, play: func(c *company) string {
			c.settled()
			c.omni.EditUser(omniUser(c, ann).ID, func(u *simomni.User) { u.Active = false })
			return ann
		}},
		{name: "deactivated by hand, which waits", mention: []string{"activating the account", "somebody deactivated"}, policy: func(p *sync.Policy) { p.OnManual = "hold" }, play: func(c *company) string {
			c.settled()
			c.omni.EditUser(omniUser(c, ann).ID, func(u *simomni.User) { u.Active = false })
			c.run(sync.Reconcile)
			return ann
		}},
		{name: "deleted by hand in Omni", mention: []string{"creating the account"}, play: func(c *company) string {
			c.settled()
			c.omni.RemoveUser(omniUser(c, ann).ID)
			return ann
		}},
		{name: "name changed", mention: []string{"userName from ann@acme.co to lee@acme.co"}, play: func(c *company) string {
			id, _, _ := c.settled()
			c.okta.SetUserName(id, "lee@acme.co")
			return "lee@acme.co"
		}},
		{name: "name change held", mention: []string{"users.on_username_change: hold"}, policy: func(p *sync.Policy) { p.OnUsername = "hold" }, play: func(c *company) string {
			id, _, _ := c.settled()
			c.okta.SetUserName(id, "lee@acme.co")
			c.run(sync.Full)
			return "lee@acme.co"
		}},
		{name: "new name taken in Omni", mention: []string{"isn't managed"}, play: func(c *company) string {
			id, _, _ := c.settled()
			c.omni.AddUser("lee@acme.co", "Another Lee")
			c.okta.SetUserName(id, "lee@acme.co")
			c.run(sync.Reconcile)
			return "lee@acme.co"
		}},
		{name: "asked by the login", mention: []string{"by hand"}, play: func(c *company) string {
			c.okta.Assign(c.hire("Ann", "Lee", "Sales"), simokta.AssignOptions{UserName: "lee@acme.co"})
			c.run(sync.Full)
			return ann
		}},
		{name: "asked by a former name", mention: []string{"by hand"}, play: func(c *company) string {
			id, _, _ := c.settled()
			c.okta.SetUserName(id, "lee@acme.co")
			c.okta.UpdateProfile(id, map[string]any{"login": "lee@acme.co"})
			c.run(sync.Full)
			return ann
		}},
		{name: "asked by the id in Omni", mention: []string{"by hand"}, play: func(c *company) string {
			c.settled()
			return omniUser(c, ann).ID
		}},
		{name: "recycled address", mention: []string{"recycled address"}, play: func(c *company) string {
			id, _, _ := c.settled()
			c.omni.AddSchedule(omniUser(c, ann).ID, "Weekly", "x@acme.co")
			c.okta.SetStatus(id, "DEPROVISIONED")
			c.run(sync.Full)
			c.okta.Delete(id)
			c.okta.Assign(c.okta.AddUser(simokta.User{Login: ann, FirstName: "Ann", LastName: "Moe"}), simokta.AssignOptions{})
			c.run(sync.Full)
			return ann
		}},
	}
}

// troubles are about what fails, waits for others, or can't be read.
func troubles() []situation {
	return []situation{
		{name: "address taken by an embed user", mention: []string{"taken"}, play: func(c *company) string {
			c.settled()
			c.omni.SetKnobs(simomni.Knobs{HiddenConflicts: true})
			c.omni.AddEmbedUser(cat, "Cat")
			c.okta.Assign(c.hire("Cat", "Hale", "Sales"), simokta.AssignOptions{})
			c.run(sync.Full)
			return cat
		}},
		{name: "value refused", mention: []string{"attribute level"}, world: func(c *company) {
			c.omni.DefineAttribute(simomni.Definition{Reference: "level", Number: true})
			c.rules.Attributes["level"] = "user.level"
		}, play: func(c *company) string {
			id := c.hire("Ann", "Lee", "Sales")
			c.okta.UpdateProfile(id, map[string]any{"level": "high"})
			c.okta.Assign(id, simokta.AssignOptions{})
			c.run(sync.Full)
			return ann
		}},
		{name: "username is no address", mention: []string{"is not an email address"}, play: func(c *company) string {
			c.settled()
			c.okta.Assign(c.hire("Cat", "Hale", "Sales"), simokta.AssignOptions{UserName: "cat"})
			c.run(sync.Full)
			return cat
		}},
		{name: "two of one name", mention: []string{"two assigned Okta users have this username"}, play: func(c *company) string {
			c.settled()
			c.okta.Assign(c.hire("Cat", "Hale", "Sales"), simokta.AssignOptions{})
			c.okta.Assign(c.okta.AddUser(simokta.User{Login: "cat2@acme.co", FirstName: "Cat", LastName: "Two"}), simokta.AssignOptions{UserName: cat})
			c.run(sync.Full)
			return cat
		}},
		{name: "creation waits", mention: []string{"creating the account waits", "creations"}, policy: func(p *sync.Policy) { p.Guard.Creations = sync.Limit{Count: 1, Percent: 100} }, play: func(c *company) string {
			c.settled()
			c.run(sync.Full)
			c.okta.Assign(c.hire("Cat", "Hale", "Sales"), simokta.AssignOptions{})
			c.join("dan@acme.co")
			c.run(sync.Full)
			return cat
		}},
		{name: "quarantined", mention: []string{"fail"}, play: func(c *company) string {
			id, _, _ := c.settled()
			c.okta.UpdateProfile(id, map[string]any{"department": "Law"})
			c.omniFaults.Add(sim.Fault{Method: "PATCH", Path: "/api/scim/v2/Users", Do: sim.Status(500, `{}`, nil)})
			for range 3 {
				c.run(sync.Reconcile)
				<-time.After(time.Hour)
			}
			return ann
		}},
		{name: "Okta doesn't answer", mention: []string{"503"}, play: func(c *company) string {
			c.settled()
			c.oktaFaults.Add(sim.Fault{Path: "/", Do: sim.Status(503, `{}`, nil)})
			return ann
		}},
		{name: "Omni doesn't answer", mention: []string{"Omni"}, play: func(c *company) string {
			id, _, _ := c.settled()
			c.okta.UpdateProfile(id, map[string]any{"department": "Law"})
			c.omniFaults.Add(sim.Fault{Path: "/", Do: sim.Status(503, `{}`, nil)})
			return ann
		}},
		{name: "app inactive", mention: []string{"is INACTIVE"}, play: func(c *company) string {
			c.settled()
			c.okta.DeactivateApp()
			return ann
		}},
		{name: "first person of an empty ledger", mention: []string{"creating the account"}, play: func(c *company) string {
			id := c.hire("Ann", "Lee", "Sales")
			c.okta.Assign(id, simokta.AssignOptions{})
			c.push("Sales", id)
			return ann
		}},
		{name: "ledger lost", mention: []string{"lost"}, play: func(c *company) string {
			c.settled()
			c.archive = &sync.Recollection{}
			c.start()
			c.run(sync.Full)
			c.store = embedded(c.t)
			c.fence = ""
			c.start()
			return ann
		}},
	}
}

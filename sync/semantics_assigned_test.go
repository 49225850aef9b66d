package sync_test

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// What one status leads to, for who comes and for who is there.
type fate struct {
	comes, stays bool
	outcome      sync.Outcome // of a run over who is there
}

var (
	asAssigned = fate{comes: true, stays: true, outcome: sync.Done}
	notNew     = fate{stays: true, outcome: sync.Done}
	hasToGo    = fate{outcome: sync.Done}
	inDoubt    = fate{stays: true, outcome: sync.Failing}
)

// Every status of the app user and of the Okta user.
func TestSemanticsWhoIsAssignedByStatus(t *testing.T) {
	for _, row := range []struct {
		app, account, suspended string
		want                    fate
	}{
		{app: "ACTIVE", want: asAssigned}, {app: "PROVISIONED", want: asAssigned}, {app: "PENDING", want: asAssigned},
		{app: "APPROVED", want: asAssigned}, {app: "STAGED", want: asAssigned}, {app: "IMPLICIT", want: asAssigned},
		{app: "UNASSIGNED", want: hasToGo}, {app: "IMPORTED", want: hasToGo}, {app: "DEPROVISIONED", want: hasToGo}, {app: "REVOKED", want: hasToGo},
		{app: "SUSPENDED", suspended: "keep", want: notNew}, {app: "SUSPENDED", suspended: "deactivate", want: hasToGo},
		{app: "MATCHED", want: inDoubt},
		{account: "PROVISIONED", want: asAssigned}, {account: "ACTIVE", want: asAssigned}, {account: "RECOVERY", want: asAssigned},
		{account: "PASSWORD_EXPIRED", want: asAssigned}, {account: "LOCKED_OUT", want: asAssigned},
		{account: "STAGED", want: notNew}, {account: "DEPROVISIONED", want: hasToGo},
		{account: "SUSPENDED", suspended: "keep", want: notNew}, {account: "SUSPENDED", suspended: "deactivate", want: hasToGo},
		{account: "ACTIVATING", want: inDoubt},
	} {
		t.Run("app user "+row.app+", Okta user "+row.account+", suspended "+row.suspended, func(t *testing.T) {
			p := lenient()
			p.Suspended = row.suspended
			simulated(t, p, func(c *company) {
				ids := c.join("ada@acme.co", "bob@acme.co", "eve@acme.co")
				becomes := func(id string) {
					if row.app != "" {
						c.okta.SetAppStatus(id, row.app)
					}
					if row.account != "" {
						c.okta.SetStatus(id, row.account)
					}
				}
				becomes(ids[0])
				c.run(sync.Full)
				if _, there := c.omni.User("ada@acme.co"); there != row.want.comes {
					t.Errorf("who comes has an account: %t, want %t", there, row.want.comes)
				}
				becomes(ids[1])
				r := c.run(sync.Full)
				if got := omniUser(c, "bob@acme.co").Active; got != row.want.stays {
					t.Errorf("who is there stays: %t, want %t\n%s", got, row.want.stays, printed(r))
				}
				c.want(r, row.want.outcome)
			})
		})
	}
}

// The other rules of who is assigned.
func TestSemanticsWhoIsAssigned(t *testing.T) {
	for _, row := range []struct {
		rule string
		play func(c *company)
	}{
		{"an Okta user whose status couldn't be read is doubt", func(c *company) {
			ids := c.join("ada@acme.co")
			c.run(sync.Full)
			c.okta.SetKnobs(func(k *simokta.Knobs) { k.Unembedded = true })
			c.oktaFaults.Add(sim.Fault{Path: "/api/v1/users", Do: sim.Status(500, "{}", nil)})
			c.okta.SetAppProfile(ids[0], map[string]any{"department": nil})
			c.join("bob@acme.co")
			r := c.run(sync.Full)
			if u := omniUser(c, "ada@acme.co"); !u.Active || len(u.Attributes["department"]) != 1 || len(c.omni.Users()) != 1 {
				c.t.Errorf("Omni has %s\n%s", snapshot(c), printed(r))
			}
		}},
		{"whether scope is USER or GROUP is no change", func(c *company) {
			c.okta.Assign(c.join("ada@acme.co")[0], simokta.AssignOptions{})
			bob := c.okta.AddUser(simokta.User{Login: "bob@acme.co", Email: "bob@acme.co", FirstName: "First", LastName: "bob"})
			group := c.okta.AddGroup("Staff", "")
			c.okta.AddMembers(group, bob)
			c.okta.AssignGroup(group)
			c.want(c.run(sync.Full), sync.Done)
			c.converged()
			c.okta.Assign(bob, simokta.AssignOptions{})
			c.silent()
		}},
		{"an app that is INACTIVE stops the run", func(c *company) {
			c.stops(func(k *simokta.Knobs) { k.AppStatus = "INACTIVE" }, "INACTIVE")
		}},
		{"an app in implicit assignment stops the run", func(c *company) {
			c.stops(func(k *simokta.Knobs) { k.ImplicitAssignment = true }, "mplicit")
		}},
		{"an app that is missing stops the run", func(c *company) {
			c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/" + c.okta.ID(), Do: sim.Status(404,
				`{"errorCode":"E0000007","errorSummary":"Not found: Resource not found"}`, nil)})
			c.stops(func(*simokta.Knobs) {}, "no app")
		}},
		{"userName is credentials.userName, never login or email", func(c *company) {
			ids := c.join("login@acme.co")
			c.okta.SetUserName(ids[0], "ada@acme.co")
			c.okta.UpdateProfile(ids[0], map[string]any{"email": "mail@acme.co"})
			c.want(c.run(sync.Full), sync.Done)
			if n := len(c.omni.Users()); omniUser(c, "ada@acme.co").UserName != "ada@acme.co" || n != 1 {
				c.t.Errorf("Omni has %s", snapshot(c))
			}
		}},
		{"one that isn't an email address is refused, with the fix", func(c *company) {
			c.okta.SetUserName(c.join("ada@acme.co")[0], "ada")
			r := c.run(sync.Full)
			c.want(r, sync.Failing)
			if !strings.Contains(printed(r), `set "Application username format" to Email`) || len(c.omni.Users()) != 0 {
				c.t.Errorf("it says\n%s", printed(r))
			}
		}},
		{"letter case alone is no change", func(c *company) {
			ids := c.join("ada@acme.co")
			c.run(sync.Full)
			c.okta.SetUserName(ids[0], "ADA@Acme.co")
			c.silent()
		}},
		{"nothing but ASCII is folded", func(c *company) {
			ids := c.join("ä@acme.co")
			c.want(c.run(sync.Full), sync.Done)
			c.okta.SetUserName(ids[0], "Ä@acme.co")
			c.want(c.run(sync.Full), sync.Done)
			if got := c.omni.Users()[0].UserName; got != "Ä@acme.co" {
				c.t.Errorf("Omni has %s, as if it were the same", got)
			}
		}},
		{"two of one userName: who is linked keeps it", func(c *company) {
			ids := c.join("ada@acme.co")
			c.run(sync.Full)
			c.okta.SetUserName(c.join("second@acme.co")[0], "Ada@acme.co")
			r := c.run(sync.Full)
			c.want(r, sync.Failing)
			c.okta.UpdateProfile(ids[0], map[string]any{"department": "Law"})
			c.run(sync.Full)
			if u := omniUser(c, "ada@acme.co"); !u.Active || u.Attributes["department"][0] != "Law" || len(c.omni.Users()) != 1 {
				c.t.Errorf("Omni has %s", snapshot(c))
			}
		}},
		{"two of one userName, none linked: both are refused", func(c *company) {
			c.okta.SetUserName(c.join("ada@acme.co", "second@acme.co")[1], "Ada@acme.co")
			r := c.run(sync.Full)
			c.want(r, sync.Failing)
			if r.Counts[string(state.Failed)] != 2 || len(c.omni.Users()) != 0 {
				c.t.Errorf("Omni has %s\n%s", snapshot(c), printed(r))
			}
		}},
		{"matched by Okta id once linked", func(c *company) {
			ids := c.join("ada@acme.co")
			c.run(sync.Full)
			was := omniUser(c, "ada@acme.co").ID
			c.okta.SetUserName(ids[0], "lovelace@acme.co")
			c.want(c.run(sync.Full), sync.Done)
			if omniUser(c, "lovelace@acme.co").ID != was || len(c.omni.Users()) != 1 {
				c.t.Errorf("Omni has %s", snapshot(c))
			}
		}},
		{"matched by userName at adoption", func(c *company) {
			was := c.omni.AddUser("ADA@acme.co", "Ada")
			c.join("ada@acme.co")
			c.want(c.run(sync.Full), sync.Done)
			if omniUser(c, "ada@acme.co").ID != was || len(c.omni.Users()) != 1 {
				c.t.Errorf("Omni has %s", snapshot(c))
			}
		}},
		{"adoption looks first for externalId, in a full run", func(c *company) { c.adoptsByExternal(sync.Full, 1) }},
		{"adoption looks first for externalId, in a full run with many joiners", func(c *company) { c.adoptsByExternal(sync.Full, 25) }},
		{"adoption looks first for externalId, in a reconcile", func(c *company) { c.adoptsByExternal(sync.Reconcile, 1) }},
	} {
		t.Run(row.rule, func(t *testing.T) { simulated(t, lenient(), row.play) })
	}
}

// stops fails unless the run doesn't begin, says why, and takes nothing away.
func (c *company) stops(spoil func(*simokta.Knobs), why string) {
	c.t.Helper()
	c.join("ada@acme.co")
	if why != "no app" {
		c.want(c.run(sync.Full), sync.Done)
	}
	before := snapshot(c)
	c.okta.SetKnobs(spoil)
	_, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Full, Cause: "test"})
	if err == nil || why != "no app" && !strings.Contains(err.Error(), why) || snapshot(c) != before {
		c.t.Errorf("it ended with %v; Omni has %s, had %s", err, snapshot(c), before)
	}
}

// adoptsByExternal fails unless the account that Okta knows by id is adopted, not
// one of the same name.
func (c *company) adoptsByExternal(kind sync.RunKind, joiners int) {
	c.t.Helper()
	was := c.omni.AddUser("old@acme.co", "Ada")
	c.omni.AddUser("bot@acme.co", "The Bot")
	ada := c.okta.AddUser(simokta.User{Login: "ada@acme.co", Email: "ada@acme.co", FirstName: "First", LastName: "ada"})
	c.okta.Assign(ada, simokta.AssignOptions{ExternalID: was})
	c.join(staff(joiners - 1)...)
	c.want(c.run(kind), sync.Done)
	if u, ok := c.omni.User("ada@acme.co"); !ok || u.ID != was || len(c.omni.Users()) != joiners+1 {
		c.t.Errorf("Omni has %s, want %s renamed", snapshot(c), was)
	}
	c.silent()
}

package sync_test

import (
	"strings"
	"testing"
	"time"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Users that Omni already has, in whatever letter case, and groups of the same
// name are adopted, not doubled: by a run that lists Omni, and by one that runs
// into the 409.
func TestAdoption(t *testing.T) {
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		t.Run(string(kind), func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				known := c.omni.AddUser("Person000@ACME.co", "Old Name")
				c.omni.AddUser("person001@acme.co", "First person001")
				bot := c.omni.AddUser("bot@acme.co", "The Bot")
				c.omni.AddGroup("sales", known, bot)
				ids := c.join(staff(4)...)
				c.push("Sales", ids[:3]...)
				c.want(c.run(kind), sync.Done)
				if got := len(c.omni.Users()); got != 5 {
					c.t.Errorf("Omni has %d users, want the 4 and the bot", got)
				}
				u := omniUser(c, "person000@acme.co")
				if u.ID != known || u.DisplayName != "First person000" {
					c.t.Errorf("the adopted user is %+v, want id %s", u, known)
				}
				if got := len(c.omni.Groups()); got != 1 {
					c.t.Errorf("Omni has %d groups, want 1", got)
				}
				if got := c.teamOf("Sales"); len(got) != 4 {
					c.t.Errorf("Sales has %v, want the three and the bot, who isn't managed", got)
				}
				c.silent()
			})
		})
	}
}

// A group that is adopted with members whom Okta doesn't know in it keeps them
// until somebody approves (groups.adopt: ask), and loses them then.
func TestAdoptedMembersWait(t *testing.T) {
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		t.Run(string(kind), func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				first := c.omni.AddUser("person000@acme.co", "A")
				second := c.omni.AddUser("person001@acme.co", "B")
				c.omni.AddGroup("Sales", first, second)
				ids := c.join(staff(3)...)
				c.push("Sales", ids[0], ids[2])
				c.run(kind)
				report := c.run(sync.Reconcile)
				c.want(report, sync.Holding)
				if got := strings.Join(c.teamOf("Sales"), " "); got != "person000@acme.co person001@acme.co person002@acme.co" {
					c.t.Fatalf("Sales has %s", got)
				}
				status, err := c.engine.Status(c.t.Context())
				if err != nil || len(status.Held) != 1 {
					c.t.Fatalf("held: %+v, %v", status.Held, err)
				}
				if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: status.Held[0].Run, Decision: state.Approved, By: "ada"}); err != nil {
					c.t.Fatal(err)
				}
				c.want(c.run(sync.Full), sync.Done)
				c.inStep()
			})
		})
	}
}

// Values of an adopted user where Okta has none are left alone, or cleared
// where the policy says so.
func TestAdoptedAttributes(t *testing.T) {
	for _, policy := range []string{"keep", "replace"} {
		t.Run(policy, func(t *testing.T) {
			p := lenient()
			p.AdoptAttributes = policy
			simulated(t, p, func(c *company) {
				id := c.omni.AddUser("person000@acme.co", "First person000")
				c.omni.EditUser(id, func(u *simomni.User) { u.Attributes = map[string][]string{"department": {"Legacy"}} })
				ids := c.join("person000@acme.co")
				c.okta.UpdateProfile(ids[0], map[string]any{"department": nil})
				c.want(c.run(sync.Reconcile), sync.Done)
				c.silent()
				got := omniUser(c, "person000@acme.co").Attributes["department"]
				if kept := len(got) == 1; kept != (policy == "keep") {
					c.t.Errorf("department is %v", got)
				}
				c.okta.UpdateProfile(ids[0], map[string]any{"department": "Sales"})
				c.want(c.run(sync.Full), sync.Done)
				if got := omniUser(c, "person000@acme.co").Attributes["department"]; len(got) != 1 || got[0] != "Sales" {
					c.t.Errorf("department is %v once Okta has one", got)
				}
			})
		})
	}
}

// A new Okta user under the address of somebody else's account doesn't inherit it.
func TestRecycledAddressIsHeld(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join("ada@acme.co", "bob@acme.co")
		c.push("Board", ids...)
		c.run(sync.Full)
		c.okta.Unassign(ids[0])
		c.run(sync.Full)
		c.okta.Delete(ids[0])
		<-time.After(time.Minute) // until the System Log tells it
		c.join("Ada@acme.co")
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		if omniUser(c, "ada@acme.co").Active {
			c.t.Error("the newcomer has the leaver's account")
		}
		if told := printed(report); !strings.Contains(told, "recycled") {
			c.t.Errorf("the reason isn't told:\n%s", told)
		}
	})
}

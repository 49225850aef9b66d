package sync_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

func (c *company) record(id string) state.User {
	c.t.Helper()
	u, _, err := state.Read[state.User](c.t.Context(), c.store, state.Users, id)
	if err != nil {
		c.t.Fatal(err)
	}
	return u
}

// A creation whose answer was lost leaves an account that is known as ours.
func TestLostAnswerToACreation(t *testing.T) {
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		simulated(t, lenient(), func(c *company) {
			ids := c.join(staff(5)...)
			sales, _ := c.push("Sales", ids...)
			c.omniFaults.Add(sim.Fault{Method: "POST", Path: "/api/scim/v2/Users", Skip: 2, Times: 1, Do: sim.CutAfter()})
			c.omniFaults.Add(sim.Fault{Method: "POST", Path: "/api/scim/v2/Groups", Times: 1, Do: sim.CutAfter()})
			c.run(sync.Full)
			c.omniFaults.Clear()
			<-time.After(10 * time.Minute)
			c.want(c.run(kind), sync.Done)
			if n, g := len(c.omni.Users()), len(c.omni.Groups()); n != 5 || g != 1 {
				c.t.Errorf("%s: Omni has %d users and %d groups, want 5 and 1", kind, n, g)
			}
			for _, id := range ids {
				if u := c.record(id); u.Omni == "" || u.Intent != "" || kind == sync.Full && u.Link == state.Adopted {
					c.t.Errorf("%s: %s is recorded as %+v: what we made isn't adopted", kind, id, u)
				}
			}
			g, _, err := state.Read[state.Group](c.t.Context(), c.store, state.Groups, sales)
			if err != nil || g.Omni == "" || g.Intent != "" || kind == sync.Full && g.Link == state.Adopted {
				c.t.Errorf("%s: the group is recorded as %+v, %v", kind, g, err)
			}
			c.inStep()
		})
	}
}

// An account that an earlier run set out to make, for somebody who isn't assigned
// any more, ends like anyone's; where it was never made, the intent is dropped.
func TestIntentOfALeaver(t *testing.T) {
	for name, effect := range map[string]sim.Effect{"made": sim.CutAfter(), "never made": sim.CutBefore()} {
		t.Run(name, func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				ids := c.join(staff(4)...)
				c.omniFaults.Add(sim.Fault{Method: "POST", Skip: 3, Do: effect})
				c.omniFaults.Add(sim.Fault{Method: "GET", Path: "/api/scim/v2/Users", Do: sim.Status(http.StatusServiceUnavailable, "{}", nil)})
				c.run(sync.Full)
				c.omniFaults.Clear()
				var open []string
				for _, id := range ids {
					if u := c.record(id); u.Omni == "" && u.Intent != "" {
						open = append(open, id)
					}
				}
				if len(open) != 1 {
					t.Fatalf("%d intents are open, want one: %v", len(open), c.links())
				}
				c.okta.Unassign(open[0])
				<-time.After(10 * time.Minute)
				c.want(c.run(sync.Full), sync.Done)
				if n := active(c); n != 3 {
					t.Errorf("%d users are active, want the three others", n)
				}
				if name == "never made" {
					if _, there := c.links()[open[0]]; there {
						t.Error("the intent stays though nothing was made")
					}
				}
				c.inStep()
			})
		})
	}
}

// Somebody who is assigned again while their removal settles keeps the account:
// Okta is asked once more right before.
func TestReassignedWhileSettling(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(4)...)
		c.push("Sales", ids...)
		c.run(sync.Full)
		c.okta.Unassign(ids[0])
		c.okta.Unassign(ids[1])
		time.AfterFunc(6*time.Second, func() { c.okta.Assign(ids[0], simokta.AssignOptions{}) })
		c.omni.ResetLog()
		report := c.run(sync.Full)
		if !omniUser(c, "person000@acme.co").Active || omniUser(c, "person001@acme.co").Active {
			c.t.Errorf("who came back and who left:\n%s", printed(report))
		}
		if told := printed(report); !strings.Contains(told, "asked right before, Okta says otherwise") {
			c.t.Errorf("it is told as\n%s", told)
		}
		if n := c.omni.Writes(); n != 1 {
			c.t.Errorf("%d writes, want the leaver's alone", n)
		}
		c.want(c.run(sync.Full), sync.Done)
		c.inStep()
	})
}

// The end of an account that is gone from Omni is done already, by either action,
// and counts for the window as any removal.
func TestEndOfAnAccountThatIsGone(t *testing.T) {
	for _, action := range []string{"deactivate", "delete"} {
		p := lenient()
		p.Action = action
		simulated(t, p, func(c *company) {
			ids := c.join(staff(4)...)
			c.push("Sales", ids...)
			c.run(sync.Full)
			c.omni.RemoveUser(omniUser(c, "person000@acme.co").ID)
			c.okta.Unassign(ids[0])
			c.want(c.run(sync.Full), sync.Done)
			if _, there := c.links()[ids[0]]; there {
				c.t.Errorf("%s: the account is still linked", action)
			}
			c.okta.Assign(ids[0], simokta.AssignOptions{})
			c.want(c.run(sync.Full), sync.Done)
			if _, ok := c.omni.User("person000@acme.co"); !ok {
				c.t.Errorf("%s: who is assigned again has no account", action)
			}
			c.inStep()
		})
	}
}

// deprovision.action delete ends the membership for good, and a return is a new account.
func TestDeletion(t *testing.T) {
	p := lenient()
	p.Action = "delete"
	simulated(t, p, func(c *company) {
		ids := c.join(staff(4)...)
		c.push("Sales", ids...)
		c.run(sync.Full)
		was := omniUser(c, "person000@acme.co").ID
		c.okta.Unassign(ids[0])
		c.want(c.run(sync.Full), sync.Done)
		if _, ok := c.omni.User("person000@acme.co"); ok {
			c.t.Fatal("the account stands")
		}
		c.okta.Assign(ids[0], simokta.AssignOptions{})
		c.want(c.run(sync.Full), sync.Done)
		if u := omniUser(c, "person000@acme.co"); u.ID == was {
			c.t.Error("the account is the old one")
		}
		c.inStep()
	})
}

// Omni's word alone counts: who is still active after an answer of 200 isn't
// recorded as ended.
func TestDeactivationThatDidNothing(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(3)...)
		c.run(sync.Full)
		u := omniUser(c, "person000@acme.co")
		body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"` + u.ID + `","userName":"person000@acme.co","displayName":"First person000","active":true,"groups":[]}`
		planted := c.spoil("person000@acme.co", sim.Body(http.StatusOK, "application/scim+json", body))
		c.okta.Unassign(ids[0])
		report := c.run(sync.Full)
		c.want(report, sync.Failing)
		if told := printed(report); !strings.Contains(told, "failed") || planted.Fired() == 0 {
			c.t.Errorf("it is told as\n%s", told)
		}
		if !c.record(ids[0]).Active {
			c.t.Error("the ledger has them as ended")
		}
		c.omniFaults.Clear()
		<-time.After(time.Hour)
		c.want(c.run(sync.Full), sync.Done)
		c.inStep()
	})
}

// One member whom Omni doesn't know doesn't keep the others out of their group,
// at its creation and later.
func TestUnknownMemberSpoilsNothing(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(6)...)
		sales, _ := c.push("Sales", ids[:2]...)
		c.want(c.run(sync.Full), sync.Done)
		c.omni.RemoveUser(omniUser(c, "person005@acme.co").ID) // by hand, unseen by full runs
		c.okta.AddMembers(sales, ids[2], ids[3], ids[5])
		ops, _ := c.push("Ops", ids[4], ids[5])
		report := c.run(sync.Full)
		if got := strings.Join(c.teamOf("Sales"), " "); got != "person000@acme.co person001@acme.co person002@acme.co person003@acme.co" {
			c.t.Errorf("Sales has %s\n%s", got, printed(report))
		}
		if got := strings.Join(c.teamOf("Ops"), " "); got != "person004@acme.co" {
			c.t.Errorf("Ops has %s\n%s", got, printed(report))
		}
		for _, id := range []string{sales, ops} {
			m, _, err := state.Read[state.Member](c.t.Context(), c.store, state.Members(identity.GroupID(id)), ids[5])
			if err != nil || !m.Okta || m.Omni != state.Absent {
				c.t.Errorf("who couldn't be added is recorded as %+v, %v", m, err)
			}
		}
		c.want(c.run(sync.Reconcile), sync.Done)
		c.inStep()
	})
}

// A group that can't have its new name in Omni keeps the old one, and its members go on.
func TestRefusedGroupNameKeepsMembersGoing(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(4)...)
		sales, _ := c.push("Sales", ids[:2]...)
		c.want(c.run(sync.Full), sync.Done)
		c.omni.AddGroup("Board") // by hand, unseen by full runs
		c.okta.RenameGroup(sales, "Board")
		c.okta.AddMember(sales, ids[2])
		c.okta.RemoveMember(sales, ids[0])
		report := c.run(sync.Full)
		c.want(report, sync.Failing)
		if got := c.teamOf("Sales"); !slices.Equal(got, []string{"person001@acme.co", "person002@acme.co"}) {
			c.t.Errorf("Sales has %v\n%s", got, printed(report))
		}
		if told := printed(report); !strings.Contains(told, "members go on under the old one") {
			c.t.Errorf("it is told as\n%s", told)
		}
		c.okta.RenameGroup(sales, "Sales EMEA")
		<-time.After(2 * time.Minute)
		c.want(c.run(sync.Full), sync.Done)
		c.inStep()
	})
}

// A load that is over before a quarter of an hour writes each group once.
func TestShortLoadWritesGroupsOnce(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		c.push("Everybody", c.join(staff(400)...)...)
		c.want(c.run(sync.Full), sync.Done)
		if got := c.omni.Writes(); got != 401 {
			c.t.Errorf("%d writes, want the users and the group once", got)
		}
	})
}

// A dry run tells what would be done, and writes nothing anywhere.
func TestDryRunWritesNothing(t *testing.T) {
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		simulated(t, lenient(), func(c *company) {
			ids := c.join(staff(6)...)
			c.push("Sales", ids[:4]...)
			c.run(sync.Full)
			c.okta.Unassign(ids[0])
			c.okta.UpdateProfile(ids[1], map[string]any{"department": "Legal"})
			c.push("Ops", ids[2:]...)
			c.join("new@acme.co")
			ledger, omni := c.ledger(), snapshot(c)
			plan := c.pass(sync.Request{Kind: kind, DryRun: true})
			if c.ledger() != ledger || snapshot(c) != omni {
				c.t.Errorf("a dry %s run changed something", kind)
			}
			done := c.run(kind)
			for _, ch := range plan.Changes {
				if !slices.ContainsFunc(done.Changes, func(d state.Change) bool {
					return d.Kind == ch.Kind && d.OktaID == ch.OktaID && d.State == state.Applied
				}) {
					c.t.Errorf("%s: planned, but not done: %s %s %s", kind, ch.Kind, ch.UserName+ch.Group, ch.State)
				}
			}
			if len(plan.Changes) != 4 || len(done.Changes) != 4 {
				c.t.Errorf("%s: planned\n%sdone\n%s", kind, printed(plan), printed(done))
			}
		})
	}
}

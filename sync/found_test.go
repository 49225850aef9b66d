package sync_test

import (
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// A group that we made and whose answer was lost is ours for a run that lists
// Omni too: groups.adopt has nothing to say about it, and no user was "adopted".
func TestIntentIsOursInAReconcile(t *testing.T) {
	p := lenient()
	p.AdoptGroups = "never"
	simulated(t, p, func(c *company) {
		ids := c.join(staff(3)...)
		c.push("Sales", ids...)
		c.omniFaults.Add(sim.Fault{Method: "POST", Path: "/api/scim/v2/Users", Times: 1, Do: sim.CutAfter()})
		c.omniFaults.Add(sim.Fault{Method: "POST", Path: "/api/scim/v2/Groups", Times: 1, Do: sim.CutAfter()})
		c.run(sync.Full)
		c.omniFaults.Clear()
		<-time.After(10 * time.Minute)
		c.want(c.run(sync.Reconcile), sync.Done)
		for _, id := range ids {
			if u := c.record(id); u.Link == state.Adopted {
				t.Errorf("%s, whose account we made, is linked as %s", id, u.Link)
			}
		}
	})
}

// A waiting full run is swallowed by a reconcile, which does all that it does.
func TestLoopReconcileSwallowsAWaitingFullRun(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		l := c.loop(sync.Schedule{})
		l.Wake(sync.Full)
		l.Wake(sync.Reconcile)
		c.during(l, func() { <-time.After(time.Hour) })
		if got := kinds(c.runs()); got != "reconcile" {
			c.t.Errorf("ran %q, want reconcile alone", got)
		}
	})
}

// Of a user whose deactivation is rejected, or held, memberships stay as they are.
func TestHeldKeepsMemberships(t *testing.T) {
	for _, decision := range []state.Decision{state.None, state.Rejected} {
		p := lenient()
		p.Guard.Deactivations = sync.Limit{Count: 1, Percent: 100}
		simulated(t, p, func(c *company) {
			ids := c.join(staff(6)...)
			sales, _ := c.push("Sales", ids...)
			c.run(sync.Full)
			for _, id := range ids[:3] {
				c.okta.Unassign(id)
				c.okta.RemoveMember(sales, id)
			}
			held := c.run(sync.Full)
			if decision != state.None {
				if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: held.Run, Decision: decision, By: "ada"}); err != nil {
					t.Fatal(err)
				}
			}
			c.run(sync.Full)
			c.run(sync.Reconcile)
			if n := len(c.teamOf("Sales")); n != 6 {
				t.Errorf("%q: Sales has %d", decision, n)
			}
		})
	}
}

// Who leaves a group while in grace and is reassigned then isn't in it any more.
func TestReassignedWithoutTheGroup(t *testing.T) {
	policy := lenient()
	policy.Grace = 24 * time.Hour
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(12)...)
		sales, _ := c.push("Sales", ids...)
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Unassign(ids[3])
		c.okta.RemoveMember(sales, ids[3])
		c.want(c.run(sync.Full), sync.Done) // in grace
		c.okta.Assign(ids[3], simokta.AssignOptions{})
		c.want(c.run(sync.Full), sync.Done)
		c.converged()
	})
}

// Who leaves a group while nothing certain is known of them has left it once it is.
func TestDoubtfulLeavesAGroup(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(12)...)
		sales, _ := c.push("Sales", ids...)
		c.want(c.run(sync.Full), sync.Done)
		c.okta.SetAppStatus(ids[3], "NEW_STATUS")
		c.okta.RemoveMember(sales, ids[3])
		c.run(sync.Full)
		c.okta.SetAppStatus(ids[3], "ACTIVE")
		c.want(c.run(sync.Full), sync.Done)
		c.converged()
	})
}

// A member whom Okta doesn't know in an adopted group waits for a person
// (groups.adopt: ask), also when they are linked after the group.
func TestAdoptedMemberLinkedAfterItsGroup(t *testing.T) {
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		t.Run(string(kind), func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				names := staff(30)
				var members []string
				for _, name := range names {
					members = append(members, c.omni.AddUser(name, "x"))
				}
				c.omni.AddGroup("Sales", members...)
				ids := c.join(names...)
				c.push("Sales", ids[:1]...) // Okta knows one of them there
				c.run(kind)
				c.run(sync.Reconcile)
				if n := len(c.teamOf("Sales")); n != 30 {
					c.t.Errorf("%s: Sales has %d members, want all 30 until somebody approves", kind, n)
				}
			})
		})
	}
}

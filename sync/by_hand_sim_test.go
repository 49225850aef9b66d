package sync_test

import (
	"testing"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// byHand is a company of two under users.on_manual_deactivation: hold, of whom Ada was
// deactivated in Omni. Whoever looks next finds it.
func byHand(t *testing.T, play func(c *company, ada string)) {
	t.Helper()
	policy := lenient()
	policy.OnManual, policy.Settle = "hold", 0
	simulated(t, policy, func(c *company) {
		ids := c.join("ada@acme.co", "bob@acme.co")
		c.push("Crew", ids...)
		c.want(c.run(sync.Full), sync.Done)
		c.omni.EditUser(omniUser(c, "ada@acme.co").ID, func(u *simomni.User) { u.Active = false })
		play(c, ids[0])
	})
}

// holdsAda fails unless a run of each kind holds Ada's return and writes nothing.
func (c *company) holdsAda() {
	c.t.Helper()
	for _, kind := range []sync.RunKind{sync.Reconcile, sync.Full} {
		c.omni.ResetLog()
		c.want(c.run(kind), sync.Holding)
		if n := c.omni.Writes(); n > 0 {
			c.t.Fatalf("a %s run wrote %d times: %s", kind, n, snapshot(c))
		}
	}
	c.wantActive("bob@acme.co")
}

// Who was deactivated by hand waits for a person, and what the person says is done.
func TestManualDeactivationHeld(t *testing.T) {
	t.Run("approved", func(t *testing.T) {
		byHand(t, func(c *company, _ string) {
			c.holdsAda()
			c.decide(state.Approved)
			c.want(c.run(sync.Full), sync.Done)
			c.wantActive("ada@acme.co", "bob@acme.co")
			c.inStep()
		})
	})
	t.Run("rejected, until assigned again", func(t *testing.T) {
		byHand(t, func(c *company, ada string) {
			c.holdsAda()
			c.decide(state.Rejected)
			c.silent()
			c.wantActive("bob@acme.co")
			c.okta.Unassign(ada)
			c.want(c.run(sync.Full), sync.Done)
			c.okta.Assign(ada, simokta.AssignOptions{})
			c.want(c.run(sync.Full), sync.Done)
			c.wantActive("ada@acme.co", "bob@acme.co")
		})
	})
	t.Run("activated by hand again", func(t *testing.T) {
		byHand(t, func(c *company, _ string) {
			c.holdsAda()
			c.omni.EditUser(omniUser(c, "ada@acme.co").ID, func(u *simomni.User) { u.Active = true })
			c.want(c.run(sync.Reconcile), sync.Done)
			c.inStep()
			if status, err := c.engine.Status(c.t.Context()); err != nil || len(status.Held) > 0 {
				c.t.Errorf("held is %+v, %v", status.Held, err)
			}
		})
	})
}

// An update whose answer shows that somebody deactivated the account meanwhile: the
// next run holds, without a reconcile between.
func TestManualDeactivationSeenInAnAnswer(t *testing.T) {
	byHand(t, func(c *company, ada string) {
		c.okta.UpdateProfile(ada, map[string]any{"department": "Law"})
		c.run(sync.Full)
		c.want(c.run(sync.Full), sync.Holding)
		c.wantActive("bob@acme.co")
		if got := adasDepartment(c); got != "Law" {
			c.t.Errorf("department is %q", got)
		}
	})
}

// What we deactivate ourselves and Okta assigns again comes back unasked.
func TestOwnDeactivationIsNotHeld(t *testing.T) {
	policy := lenient()
	policy.OnManual, policy.Settle = "hold", 0
	simulated(t, policy, func(c *company) {
		ids := c.join("ada@acme.co", "bob@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Unassign(ids[0])
		c.want(c.run(sync.Full), sync.Done)
		c.want(c.run(sync.Reconcile), sync.Done)
		c.wantActive("bob@acme.co")
		c.okta.Assign(ids[0], simokta.AssignOptions{})
		c.want(c.run(sync.Full), sync.Done)
		c.inStep()
	})
}

// Okta's push of somebody who was deactivated by hand comes again until a person has
// decided. Who leaves by a push and returns is nobody's doing but Okta's.
func TestPushOfAManualDeactivation(t *testing.T) {
	policy := lenient()
	policy.OnManual, policy.Settle = "hold", 0
	pushing(t, policy, false, func(p *pushed) {
		id := p.hired(2)[0]
		p.omni.EditUser(id, func(u *simomni.User) { u.Active = false })
		p.want(p.run(sync.Reconcile), sync.Holding)
		active := patched(map[string]any{"op": "replace", "value": map[string]any{"active": true}})
		p.wants(429, "PATCH", "/Users/"+id, active)
		if status, err := p.engine.Status(t.Context()); err != nil || len(status.Held) != 1 || status.Held[0].Count != 1 {
			t.Fatalf("held: %+v, %v", status.Held, err)
		}
		p.decide(state.Approved)
		p.wants(200, "PATCH", "/Users/"+id, active)
		p.wantActive(staff(2)...)

		p.omni.EditUser(id, func(u *simomni.User) { u.Active = false })
		p.want(p.run(sync.Reconcile), sync.Holding)
		p.wants(200, "PATCH", "/Users/"+id, deactivated)
		p.wants(200, "PATCH", "/Users/"+id, active)
		p.wantActive(staff(2)...)
	})
}

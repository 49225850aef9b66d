package sync_test

import (
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
	"github.com/omnisync/omnisync/sync"
)

// The same year on both stores, in real time because Redis lives in it: load,
// adoption, changes, a held wave, approval, a restart in between, return.
func TestBothStores(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) store{"bolt": embedded, "redis": shared} {
		t.Run(name, func(t *testing.T) {
			policy := defaults()
			policy.Settle = 20 * time.Millisecond
			policy.Guard.MemberRemovals = sync.Limit{Count: 1000, Percent: 100}
			c := newCompanyOn(t, policy, open(t), 600_000)
			c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
			c.okta.SetKnobs(func(k *simokta.Knobs) {
				k.Limits = map[simokta.Bucket]int{simokta.BucketApp: -1, simokta.BucketApps: -1, simokta.BucketGroup: -1,
					simokta.BucketGroups: -1, simokta.BucketUser: -1, simokta.BucketUsers: -1, simokta.BucketLogs: -1, simokta.BucketRest: -1}
			})
			c.start()
			year(c)
		})
	}
}

// shared opens a new ledger on a real Redis server.
func shared(t *testing.T) store {
	t.Helper()
	s, err := redis.Open(redis.Options{URL: statetest.Redis(t), Name: statetest.Name()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func year(c *company) {
	c.omni.AddUser("Person001@acme.co", "Before")
	ids := c.join(staff(60)...)
	sales, _ := c.push("Sales", ids[:40]...)
	c.push("Ops", ids[30:]...)
	c.want(c.run(sync.Full), sync.Done)
	c.converged()
	c.okta.SetUserName(ids[1], "renamed@acme.co")
	c.okta.RemoveMember(sales, ids[2])
	c.okta.Unassign(ids[0])
	c.want(c.run(sync.Full), sync.Done)
	c.converged()
	for _, id := range ids[10:30] {
		c.okta.Unassign(id)
	}
	report := c.run(sync.Reconcile)
	c.want(report, sync.Holding)
	c.start() // a restart while it is held
	if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: report.Run, Decision: state.Approved, By: "ada"}); err != nil {
		c.t.Fatal(err)
	}
	c.want(c.run(sync.Full), sync.Done)
	c.converged()
	c.okta.Assign(ids[0], simokta.AssignOptions{})
	c.okta.Assign(ids[10], simokta.AssignOptions{})
	c.want(c.run(sync.Full), sync.Done)
	c.inStep()
}

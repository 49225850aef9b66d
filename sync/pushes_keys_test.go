package sync_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/sync"
)

// A group that Okta pushed before, and deleted, is made by a run as its push comes
// again: that is one group, and the push succeeds.
func TestPushOfAGroupThatARunMakesAgain(t *testing.T) {
	policy := lenient()
	policy.OnUnpush = "delete"
	simulated(t, policy, func(c *company) {
		p := c.withPush(true)
		defer p.stop()
		ids := c.join(staff(3)...)
		c.want(c.run(sync.Full), sync.Done)
		if err := p.pushes.DeleteGroup(c.t.Context(), "push test", p.gathered("Sales")); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Hour)
		c.push("Sales", ids...)
		<-time.After(10 * time.Minute)
		c.omniFaults.Add(sim.Fault{Method: http.MethodPost, Do: sim.Delay(5 * time.Second)})
		ended := make(chan sync.Report, 1)
		go func() { ended <- c.run(sync.Full) }()
		<-time.After(2 * time.Second)
		group := p.gathered("Sales")
		c.want(<-ended, sync.Done)
		c.stays("Sales", staff(3)...)
		if _, err := p.pushes.Group(c.t.Context(), group, false); err != nil {
			t.Error(err)
		}
		<-time.After(10 * time.Minute)
		c.want(c.run(sync.Reconcile), sync.Done)
		c.inStep()
	})
}

package sync_test

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Who decides about removals that wait is told what goes with them: it is asked for once,
// and where Omni doesn't tell, again in the next run.
func TestHeldLeaversOwn(t *testing.T) {
	for _, leavers := range []int{3, 10} {
		simulated(t, defaults(), func(c *company) {
			ids := c.join(staff(40)...)
			c.want(c.run(sync.Full), sync.Done)
			for i := range leavers {
				c.okta.Unassign(ids[i])
				for range i {
					c.omni.AddSchedule(omniUser(c, staff(40)[i]).ID, "Weekly", "x@acme.co")
				}
			}
			broken := c.omniFaults.Add(sim.Fault{Path: "/api/v1/schedules", Do: sim.Status(403, "", nil)})
			report := c.run(sync.Full)
			c.want(report, sync.Holding)
			for _, change := range c.status().Held[0].Changes {
				if change.Schedules != nil {
					t.Errorf("%s owns %d, though Omni tells nothing", change.UserName, *change.Schedules)
				}
			}
			broken.Remove()
			again := c.run(sync.Full)
			for _, list := range [][]state.Change{c.status().Held[0].Changes, again.Changes} {
				for i, change := range list {
					if change.Schedules == nil || *change.Schedules != i {
						t.Errorf("%s: %v, want %d", change.UserName, change.Schedules, i)
					}
				}
			}
			c.omni.ResetLog()
			c.run(sync.Full)
			for _, r := range c.omni.Requests() {
				if strings.Contains(r.Path, "schedules") {
					t.Errorf("it is asked for again: %+v", r)
				}
			}
			c.want(c.run(sync.Reconcile), sync.Holding)
		})
	}
}

package sync_test

import (
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/sync"
)

// The time of grace is over, and a delta looks at who leaves at the moment at which the
// push that said so is followed up: one of the two ends the membership, at once.
func TestPushedLeaverGoesBesideADelta(t *testing.T) {
	policy := lenient()
	policy.Grace = time.Hour
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(3)...)
		p := c.withPush(true)
		defer p.stop()
		c.want(c.run(sync.Full), sync.Done)
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.Latency = time.Second })
		<-time.After(10 * time.Minute)
		c.during(c.loop(sync.Schedule{Delta: "@every 30s"}), func() {
			c.okta.Unassign(ids[0])
			p.altered(p.of(staff(3)[0]), goes)
			<-time.After(59 * time.Minute)
			if !omniUser(c, staff(3)[0]).Active {
				c.t.Error("who leaves is gone before their time")
			}
			<-time.After(2 * time.Minute)
			if omniUser(c, staff(3)[0]).Active {
				c.t.Error("who left is still there")
			}
		})
	})
}

package sync_test

import (
	"testing"

	"github.com/omnisync/omnisync/sync"
)

// A run that finds nobody, as a daemon's first one before anything was pushed, is no
// first load: those who come then aren't measured against nobody.
func TestPushFirstLoadIsntGuarded(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		c.want(c.run(sync.Reconcile), sync.Done)
		c.want(c.run(sync.Full), sync.Done)
		for _, who := range people(8) {
			p.client.Assign(who)
		}
		p.drain()
		if n := active(c); n != 8 {
			t.Errorf("%d are active", n)
		}
	})
}

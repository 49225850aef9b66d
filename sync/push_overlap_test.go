package sync_test

import (
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/sync"
)

// A run that begins while a push is under way, and reads what was accepted before it,
// decides nothing about it.
func TestPromise6RunWithinAPush(t *testing.T) {
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		t.Run(string(kind), func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				p := c.withPush(false)
				defer p.stop()
				crew := people(3)
				p.client.Assign(crew[0])
				p.client.Assign(crew[1])
				p.drain()
				<-time.After(time.Hour)
				c.omniFaults.Add(sim.Fault{Method: "PATCH", Times: 1, Do: sim.Delay(5 * time.Second)})
				c.omniFaults.Add(sim.Fault{Method: "GET", Do: sim.Delay(9 * time.Second)}) // an attempt lasts for 10
				c.omniFaults.Add(sim.Fault{Method: "POST", Times: 1, Do: sim.Delay(8 * time.Second)})
				p.client.Assign(crew[2]) // which the run has to wait for, in a full one
				crew[0].UserName = "renamed@acme.co"
				p.client.Update(crew[0])
				ended := make(chan error, 1)
				go func() { ended <- p.client.Run(c.t.Context()) }()
				<-time.After(time.Second)
				c.run(kind)
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
				if _, ok := c.omni.User("renamed@acme.co"); !ok {
					t.Errorf("the run took the push back: %s", snapshot(c))
				}
				c.omniFaults.Clear()
				<-time.After(time.Hour)
				c.silent()
			})
		})
	}
}

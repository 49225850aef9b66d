package sync_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/sync"
)

// keyed is a client with so many keys.
func keyed(t *testing.T, c *company, keys int) *omniclient.Client {
	t.Helper()
	o := omniclient.Options{BaseURL: "http://127.0.0.1", RequestsPerMinute: c.perMinute, Transport: sim.Transport(c.omniFaults.Wrap(c.omni))}
	for i := range keys {
		o.Keys = append(o.Keys, func() (string, error) { return fmt.Sprint("key", i), nil })
	}
	client, err := omniclient.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Promise 12, used to the full: a first load with keys of 240 requests a minute each uses
// at least 97 % of what they may from the second minute on, though Omni takes its time
// to answer, and isn't refused once. Four keys load at least 3.9 times as fast as one.
func TestPromise12FirstLoadUsesTheAllowance(t *testing.T) {
	const perMinute, minutes = 240, 4
	sent := map[int]int{}
	for _, keys := range []int{1, 2, 4} {
		c := newCompanyOn(t, lenient(), newMemory(), perMinute)
		c.target = keyed(t, c, keys)
		c.omni.SetKnobs(simomni.Knobs{RealLimit: perMinute})
		c.omniFaults.Add(sim.Fault{Do: sim.Delay(1200 * time.Millisecond)})
		simulatedOn(t, c, func(c *company) {
			ids := c.join(many(perMinute * keys * (minutes + 1))...)
			for i := range 20 {
				c.push(fmt.Sprintf("Group %02d", i), ids[i*len(ids)/20:(i+1)*len(ids)/20]...)
			}
			c.want(c.run(sync.Full), sync.Done)
			requests := c.omni.Requests()
			counts := make([]int, minutes+1)
			for _, r := range requests {
				if r.Status == http.StatusTooManyRequests {
					c.t.Fatalf("%d keys: refused at %s", keys, r.Time)
				}
				if at := int(r.Time.Sub(requests[0].Time).Minutes()); at <= minutes {
					counts[at]++
				}
			}
			for _, n := range counts[1:] {
				sent[keys] += n
			}
			allowed := perMinute * keys * minutes
			c.t.Logf("%d keys: %v a minute, %.1f %% of what is allowed from the second on", keys, counts, 100*float64(sent[keys])/float64(allowed))
			if sent[keys] < allowed*97/100 || sent[keys] > allowed {
				c.t.Errorf("%d keys sent %d from the second minute on, %d are allowed", keys, sent[keys], allowed)
			}
			c.inStep()
		})
	}
	if ratio := float64(sent[4]) / float64(sent[1]); ratio < 3.9 {
		t.Errorf("four keys load %.2f times as fast as one", ratio)
	}
}

package redis_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/state/statetest"
)

// process is a client of one of several processes that share an allowance.
func process(t *testing.T, name string, org *simomni.Org, o omniclient.Options) *omniclient.Client {
	t.Helper()
	o.BaseURL, o.Transport = "http://127.0.0.1", sim.Transport(org)
	for _, key := range []string{"k1", "k2"} {
		o.Keys = append(o.Keys, func() (string, error) { return key, nil })
	}
	c, err := omniclient.New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.Share(open(t, shared, name).Allowance())
	return c
}

// flood has callers ask in the lane until ctx ends.
func flood(ctx context.Context, all *sync.WaitGroup, c *omniclient.Client, lane identity.Lane, id string) {
	for range 8 {
		all.Go(func() {
			for ctx.Err() == nil {
				_, _ = c.User(identity.WithLane(ctx, lane), identity.OmniID(id))
			}
		})
	}
}

// Promise 12: two processes with two keys use together what one may, to the full, and no
// more. The machine may be busy, so that the best of some spans counts.
func TestPromise12ProcessesUseTheAllowance(t *testing.T) {
	const perMinute, span, spans = 3000, 2 * time.Second, 6
	for _, total := range []int{0, 3600} {
		org := &simomni.Org{Knobs: simomni.Knobs{RealLimit: -1}}
		id := org.AddUser("ann@acme.test", "Ann")
		name := statetest.Name()
		ctx, cancel := context.WithTimeout(t.Context(), span*(spans+1))
		var all sync.WaitGroup
		for range 2 {
			flood(ctx, &all, process(t, name, org, omniclient.Options{RequestsPerMinute: perMinute, TotalPerMinute: total}), identity.LaneJoiner, id)
		}
		began := time.Now().Add(span / 2) // after the first steps
		all.Wait()
		cancel()
		allowed := 2 * perMinute
		if total > 0 {
			allowed = total
		}
		counts := make([]int, spans)
		for _, r := range org.Requests() {
			if i := int(r.Time.Sub(began) / span); r.Time.After(began) && i < spans {
				counts[i]++
			}
		}
		of := allowed * int(span) / int(time.Minute)
		t.Logf("of %d in %s two processes used %v", of, span, counts)
		if best := slices.Max(counts); best < of*97/100 || best > of+of/10 {
			t.Errorf("of %d in %s two processes used %v", of, span, counts)
		}
	}
}

// Promise 12: a removal in one process waits for a few turns beside another process's
// joiners: each of the two asks for one turn at a time.
func TestPromise12RemovalBesideAnotherProcess(t *testing.T) {
	const perMinute, removals = 600, 30
	org := &simomni.Org{Knobs: simomni.Knobs{RealLimit: -1}}
	id := org.AddUser("ann@acme.test", "Ann")
	name := statetest.Name()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	flood(ctx, &all, process(t, name, org, omniclient.Options{RequestsPerMinute: perMinute}), identity.LaneJoiner, id)
	c := process(t, name, org, omniclient.Options{RequestsPerMinute: perMinute})
	flood(ctx, &all, c, identity.LaneJoiner, id)
	var waits []time.Duration
	for range removals {
		asked := time.Now()
		if _, err := c.User(identity.WithLane(ctx, identity.LaneRemoval), identity.OmniID(id)); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, time.Since(asked))
	}
	cancel()
	all.Wait()
	slices.Sort(waits)
	turn := time.Minute / (2 * perMinute)
	t.Logf("a turn comes every %s; removals waited %s, at the median, %s at most", turn, waits[removals/2], waits[removals-1])
	if most := waits[removals-1]; most > 40*turn {
		t.Errorf("a removal waited %s", most)
	}
	if slices.ContainsFunc(org.Requests(), func(r simomni.Request) bool { return r.Status != http.StatusOK }) {
		t.Error("a request failed")
	}
}

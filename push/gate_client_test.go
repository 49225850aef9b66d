package push_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/push"
)

// others is what other processes leave of an allowance: requests go in even steps.
type others struct {
	mu    sync.Mutex
	began time.Time
	left  func(time.Duration) float64 // a minute
	next  time.Time
}

func (o *others) Take(context.Context, string, float64) (time.Duration, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if wait := o.next.Sub(now); wait > 0 {
		return wait, nil
	}
	o.next = now.Add(time.Duration(60 / o.left(now.Sub(o.began)) * float64(time.Second)))
	return 0, nil
}

// A burst goes through the client of Omni and its pace.
func TestBurstThroughTheClient(t *testing.T) {
	for _, tt := range []struct {
		name   string
		shared func(at time.Duration) float64
		during func(faults *sim.Faults, org *simomni.Org)
		bounds bounds
	}{
		{name: "all alone", bounds: bounds{used: .97}},
		{name: "one answer of 429 in the middle", during: func(f *sim.Faults, _ *simomni.Org) {
			f.Add(sim.Fault{Times: 1, Do: sim.Status(http.StatusTooManyRequests, `{}`, nil)})
		}, bounds: bounds{used: .92}},
		{name: "five answers of 429 in a row in the middle", during: func(f *sim.Faults, _ *simomni.Org) {
			f.Add(sim.Fault{Times: 5, Do: sim.Status(http.StatusTooManyRequests, `{}`, nil)})
		}, bounds: bounds{.75, 8}},
		{name: "Omni lets 300 a minute through from the middle on", during: func(_ *sim.Faults, o *simomni.Org) {
			o.SetKnobs(simomni.Knobs{RealLimit: 300})
		}, bounds: bounds{.3, 9}},
		{name: "beside a process that takes half for a while", shared: func(at time.Duration) float64 {
			if at > 2*time.Minute && at < 6*time.Minute {
				return 250
			}
			return omniclient.Steady(500)
		}, bounds: bounds{used: .97}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				faults := &sim.Faults{}
				org := &simomni.Org{Knobs: simomni.Knobs{RealLimit: 500}}
				id := org.AddUser("ann@acme.test", "Ann")
				c, err := omniclient.New(omniclient.Options{
					BaseURL: "http://127.0.0.1", RequestsPerMinute: 500, Transport: sim.Transport(faults.Wrap(org)),
					Keys: []func() (string, error){func() (string, error) { return "key", nil }},
				})
				if err != nil {
					t.Fatal(err)
				}
				if tt.shared != nil {
					c.Share(&others{began: began, left: tt.shared})
				}
				if tt.during != nil {
					time.AfterFunc(4*time.Minute, func() { tt.during(faults, org) })
				}
				out := throng{objects: 5000, parallel: 5000}.run(t, push.NewGate(c), func(ctx context.Context) error {
					_, err := c.User(ctx, identity.OmniID(id))
					return err
				})
				out.check(t, out.used(began, func(at time.Duration) float64 {
					if tt.shared == nil {
						return 500
					}
					return min(500, tt.shared(at))
				}), tt.bounds)
			})
		})
	}
}

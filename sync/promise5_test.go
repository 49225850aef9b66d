package sync_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

var bothStores = map[string]func(t *testing.T) store{"bolt": embedded, "redis": shared}

// unlimited is a company in real time, because Redis lives in it.
func unlimited(t *testing.T, policy sync.Policy, s store) *company {
	t.Helper()
	c := newCompanyOn(t, policy, s, 600_000)
	c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
	c.okta.SetKnobs(unlimitedOkta)
	c.start()
	return c
}

// ledger tells everything that stands in the store, in one text.
func (c *company) ledger() string {
	c.t.Helper()
	var b strings.Builder
	buckets := []state.Bucket{state.Meta, state.Users, state.Marks, state.Groups, state.Holds, state.Failing}
	for e, err := range c.store.Scan(c.t.Context(), state.Groups) {
		if err != nil {
			c.t.Fatal(err)
		}
		buckets = append(buckets, state.Bucket("members/"+e.Key))
	}
	for _, bucket := range buckets {
		var records []string
		for e, err := range c.store.Scan(c.t.Context(), bucket) {
			if err != nil {
				c.t.Fatal(err)
			}
			records = append(records, fmt.Sprintf("%s/%s %q", bucket, e.Key, e.Value))
		}
		b.WriteString(strings.Join(sortedText(records), "\n") + "\n")
	}
	for _, stream := range []state.Stream{state.Log, state.Runs} {
		raws, err := c.store.Tail(c.t.Context(), stream, 10_000)
		if err != nil {
			c.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %q\n", stream, raws)
	}
	return b.String()
}

// overtake lets another process lead: the engine that is there doesn't know it.
func (c *company) overtake() state.Fence {
	ctx := c.t.Context()
	if err := c.store.Release(ctx, c.fence); err != nil {
		c.t.Error(err)
	}
	fence, err := c.store.Acquire(ctx, "another", time.Hour)
	if err != nil {
		c.t.Error(err)
	}
	return fence
}

// Promise 5, one writer: whoever no longer leads writes nothing into the ledger,
// whatever the run was about to do, and says why it ends.
func TestPromise5OldLeaderWritesNothing(t *testing.T) {
	for name, open := range bothStores {
		for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
			t.Run(name+"/"+string(kind), func(t *testing.T) {
				policy := lenient()
				policy.Settle = time.Millisecond
				c := unlimited(t, policy, open(t))
				ids := c.join(staff(12)...)
				sales, _ := c.push("Sales", ids...)
				c.want(c.run(sync.Full), sync.Done)
				for _, step := range []struct {
					name   string
					do     func()
					writes int // that the old leader may still have sent: no more than are under way at once
				}{
					{"nothing to do", func() {}, 0},
					{"a joiner", func() { c.join("new@acme.co") }, 0}, // the intent comes before the account
					{"a change", func() { c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"}) }, 4},
					{"a leaver", func() { c.okta.Unassign(ids[1]) }, 0}, // it is noted since when, before anything is done
					{"a member", func() { c.okta.RemoveMember(sales, ids[2]) }, 4},
				} {
					old := c.engine
					fence := c.overtake()
					before := c.ledger()
					step.do()
					c.omni.ResetLog()
					report, err := old.Pass(t.Context(), sync.Request{Kind: kind})
					if !fault.Is(err, fault.Fenced) {
						t.Errorf("%s: the old leader's run ended %q with %v, want the fence\n%s", step.name, report.Outcome, err, printed(report))
					}
					if n := c.omni.Writes(); n > step.writes {
						t.Errorf("%s: the old leader wrote %d times to Omni", step.name, n)
					}
					if after := c.ledger(); after != before {
						t.Errorf("%s: the old leader wrote into the ledger\nfrom %s\nto   %s", step.name, before, after)
					}
					c.fence = fence
					c.start()
					c.want(c.run(sync.Reconcile), sync.Done)
					c.converged()
				}
				c.inStep()
			})
		}
	}
}

// A leader that loses the lease in the middle of a load stops with what is under
// way, and its successor doubles nobody.
func TestPromise5OvertakenInALoad(t *testing.T) {
	for name, open := range bothStores {
		t.Run(name, func(t *testing.T) {
			c := unlimited(t, lenient(), open(t))
			c.push("Sales", c.join(staff(40)...)...)
			var fence state.Fence
			var taken atomic.Bool
			c.omniFaults.Add(sim.Fault{Method: "POST", Path: "/api/scim/v2/Users", Skip: 9, Do: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if taken.CompareAndSwap(false, true) {
						fence = c.overtake()
					}
					next.ServeHTTP(w, r)
				})
			}})
			report, err := c.engine.Pass(t.Context(), sync.Request{Kind: sync.Full})
			if !fault.Is(err, fault.Fenced) {
				t.Fatalf("the run ended %q with %v", report.Outcome, err)
			}
			if n := len(c.omni.Users()); n < 10 || n > 20 {
				t.Errorf("the overtaken leader made %d accounts, want those that were under way after the ninth", n)
			}
			c.omniFaults.Clear()
			c.fence = fence
			c.start()
			c.want(c.run(sync.Full), sync.Done)
			if n := len(c.omni.Users()); n != 40 {
				t.Errorf("Omni has %d users, want 40", n)
			}
			c.inStep()
		})
	}
}

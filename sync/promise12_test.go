package sync_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/sync"
)

// most is how many of the times lie within one minute, at most.
func most(times []time.Time) int {
	n, from := 0, 0
	for to := range times {
		for times[to].Sub(times[from]) >= time.Minute {
			from++
		}
		n = max(n, to-from+1)
	}
	return n
}

// buckets are Okta's rate limits, by the paths that share one.
var buckets = []struct {
	bucket simokta.Bucket
	is     func(parts []string) bool
}{
	{simokta.BucketApp, func(p []string) bool { return p[0] == "apps" && len(p) == 2 }},
	{simokta.BucketApps, func(p []string) bool { return p[0] == "apps" && len(p) > 2 }},
	{simokta.BucketGroup, func(p []string) bool { return p[0] == "groups" && len(p) == 2 }},
	{simokta.BucketGroups, func(p []string) bool { return p[0] == "groups" && len(p) != 2 }},
	{simokta.BucketUser, func(p []string) bool { return p[0] == "users" && len(p) == 2 }},
}

// inBucket are the times of the requests that count for a bucket.
func (c *company) inBucket(is func([]string) bool) []time.Time {
	var times []time.Time
	for _, r := range c.oktaAsked.All() {
		if is(strings.Split(strings.TrimPrefix(r.Path, "/api/v1/"), "/")) {
			times = append(times, r.At)
		}
	}
	return times
}

// Promise 12, within limits: a load, and a wave of leavers after it, ask Omni for
// at most what a key may, so that it never has to refuse, and still use the
// allowance.
func TestPromise12OmniNeverRefuses(t *testing.T) {
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		simulated(t, lenient(), func(c *company) {
			ids := c.join(staff(200)...)
			c.push("Sales", ids[:150]...)
			c.push("Ops", ids[100:]...)
			began := time.Now()
			c.want(c.run(kind), sync.Done)
			if took := time.Since(began); took > 6*time.Minute {
				c.t.Errorf("%s: 200 users and 2 groups took %s, with 60 requests a minute", kind, took)
			}
			for _, id := range ids[:80] {
				c.okta.Unassign(id)
			}
			c.want(c.run(kind), sync.Done)
			c.converged()
			var times []time.Time
			for _, r := range c.omni.Requests() {
				if r.Status == http.StatusTooManyRequests {
					c.t.Fatalf("%s: Omni refused a request at %s after %d", kind, r.Time, len(times))
				}
				times = append(times, r.Time)
			}
			if n := most(times); n > 60 || n < 50 {
				c.t.Errorf("%s: %d requests within one minute, want close to 60 and no more", kind, n)
			}
		})
	}
}

// After a refusal the rest goes on slower; nothing is lost and nothing doubled.
func TestPromise12SlowsDownWhenRefused(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.push("Sales", c.join(staff(90)...)...)
		refused := c.omniFaults.Add(sim.Fault{Method: "POST", Skip: 30, Times: 3, Do: sim.Status(http.StatusTooManyRequests, `{"detail":"slow down"}`, nil)})
		c.want(c.run(sync.Full), sync.Done)
		if refused.Fired() != 3 {
			c.t.Fatalf("refused were %d requests", refused.Fired())
		}
		if n := c.omni.Writes(); n != 91 {
			c.t.Errorf("%d writes, want one for each of 90 and the group", n)
		}
		c.inStep()
	})
}

// Of each of Okta's limits no more than the configured share is used in any
// minute, so that whatever else asks Okta has the rest.
func TestPromise12OktaShareIsKept(t *testing.T) {
	const share, limit = 0.25, 40
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		c := newCompany(t, lenient())
		var err error
		c.source, err = okta.New(okta.Options{OrgURL: "http://127.0.0.1", AppID: c.okta.ID(), RateShare: share,
			Token:     func() (string, error) { return "token", nil },
			Transport: sim.Transport(c.oktaAsked.Wrap(c.oktaFaults.Wrap(c.okta)))})
		if err != nil {
			t.Fatal(err)
		}
		c.okta.SetKnobs(func(k *simokta.Knobs) {
			k.Limits = map[simokta.Bucket]int{}
			for _, b := range buckets {
				k.Limits[b.bucket] = limit
			}
		})
		simulatedOn(t, c, func(c *company) {
			ids := c.join(staff(60)...)
			for g := range 25 {
				c.push(fmt.Sprintf("Group %02d", g), ids[g:g+30]...)
			}
			c.want(c.run(kind), sync.Done)
			for _, id := range ids[:20] {
				c.okta.Unassign(id) // each is asked for by id, twice
			}
			c.want(c.run(kind), sync.Done)
			c.converged()
			for _, b := range buckets {
				times := c.inBucket(b.is)
				if n := most(times); n > limit*share {
					c.t.Errorf("%s: %d of the bucket %s within one minute, the share is %.0f", kind, n, b.bucket, limit*share)
				}
			}
			for _, r := range c.oktaAsked.All() {
				if r.Status == http.StatusTooManyRequests {
					c.t.Errorf("%s: Okta refused %s %s", kind, r.Method, r.Path)
				}
			}
			if n := len(c.inBucket(buckets[3].is)); n < 25 {
				c.t.Fatalf("%s: only %d requests for groups: this proves nothing", kind, n)
			}
		})
	}
}

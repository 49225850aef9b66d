package sync_test

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/sync"
)

// many is n addresses of people who join.
func many(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("joiner%05d@acme.co", i)
	}
	return names
}

// sentAfter is how long after the newest delta run had begun before it a write about the
// user was sent, by which that run is known to have decided it.
func (c *company) sentAfter(userID string, since time.Time) (time.Duration, bool) {
	for _, r := range c.omni.Requests() {
		if r.Time.Before(since) || r.Method == http.MethodGet || !strings.HasSuffix(r.Path, "/"+userID) {
			continue
		}
		began := since
		for _, run := range c.runs() {
			if run.Kind == string(sync.Delta) && !run.Started.After(r.Time) && run.Started.After(began) {
				began = run.Started
			}
		}
		return r.Time.Sub(began), true
	}
	return 0, false
}

// Promise 12, removals first: while a full run has 10,000 joiners to create, somebody's
// end is sent within 2 s of the delta run that decides it, and an existing user's new
// value within 5 s.
func TestPromise12RemovalsDuringAFirstLoad(t *testing.T) {
	policy := lenient()
	policy.Settle = 0
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(40)...)
		c.want(c.run(sync.Full), sync.Done)
		var omnis []string
		for _, name := range staff(40) {
			omnis = append(omnis, omniUser(c, name).ID)
		}
		table := []string{fmt.Sprintf("%-16s %s", "change", "sent after")}
		l := c.loop(sync.Schedule{Delta: "@every 30s", Full: "@every 10h"})
		c.during(l, func() {
			<-time.After(time.Minute)
			c.join(many(10_000)...)
			<-time.After(5 * time.Minute) // a delta asks for a full run
			for i := range 20 {
				since, leaves := time.Now(), i%2 == 0
				if leaves {
					c.okta.Unassign(ids[i])
				} else {
					c.okta.UpdateProfile(ids[i], map[string]any{"department": "Legal"})
				}
				<-time.After(50*time.Second + time.Duration(i)*1234*time.Millisecond)
				took, sent := c.sentAfter(omnis[i], since)
				what, most := "a new value", 5*time.Second
				if leaves {
					what, most = "a removal", 2*time.Second
				}
				table = append(table, fmt.Sprintf("%-16s %s", what, took))
				if !sent || took > most {
					c.t.Errorf("%s was sent %v, %s after it was decided", what, sent, took)
				}
			}
		})
		c.t.Logf("%d of 10,000 joiners are created meanwhile\n%s", len(c.omni.Users())-40, strings.Join(table, "\n"))
		if n := len(c.omni.Users()) - 40; n < 500 || n > 5000 {
			c.t.Errorf("%d joiners are created meanwhile", n)
		}
	})
}

// Promise 12: Omni is down for a day. Once that is found out it is asked at most 60 times in any
// hour, the loop goes on and holds no more memory for it, and when Omni is back all that waited is done within its allowance, removals
// before joiners.
func TestPromise12OmniDownForADay(t *testing.T) {
	const joiners, leavers = 100, 30
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(40)...)
		c.want(c.run(sync.Full), sync.Done)
		var asked []time.Time
		counting := c.omniFaults.Add(sim.Fault{Do: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, time.Now())
				next.ServeHTTP(w, r)
			})
		}})
		down := c.omniFaults.Add(sim.Fault{Do: sim.Status(http.StatusServiceUnavailable, `{"detail":"down"}`, nil)})
		l := c.loop(sync.Schedule{Delta: "@every 30s", Full: "0 * * * *"})
		c.during(l, func() {
			<-time.After(time.Hour)
			c.join(many(joiners)...)
			for _, id := range ids[:leavers] {
				c.okta.Unassign(id)
			}
			<-time.After(2 * time.Hour)
			before := c.held()
			<-time.After(22 * time.Hour)
			if after := c.held(); after > before+1<<20 {
				c.t.Errorf("in 22 hours the memory held grew from %d to %d bytes", before, after)
			}
			down.Remove()
			counting.Remove()
			back := time.Now()
			c.omni.ResetLog()
			<-time.After(2 * time.Hour)
			checkReturn(c, back, joiners, leavers)
		})
		worst := 0
		asked = asked[8:] // by which it is found out
		for i := range asked {
			n := slices.IndexFunc(asked[i:], func(at time.Time) bool { return at.Sub(asked[i]) >= time.Hour })
			if n < 0 {
				n = len(asked) - i
			}
			worst = max(worst, n)
		}
		c.t.Logf("asked %d times while it was down, at most %d times in an hour", len(asked), worst)
		if worst > 60 || len(asked) < 24 {
			c.t.Errorf("Omni was asked %d times while it was down, %d times in one hour", len(asked), worst)
		}
		c.converged()
	})
}

// held is how many bytes are in use, without what the stand-ins remember.
func (c *company) held() uint64 {
	c.oktaAsked.Reset()
	c.okta.Requests.Reset()
	c.omni.ResetLog()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// checkReturn judges what Omni was asked since it is back.
func checkReturn(c *company, back time.Time, joiners, leavers int) {
	c.t.Helper()
	var times []time.Time
	var order strings.Builder
	for _, r := range c.omni.Requests() {
		times = append(times, r.Time)
		switch {
		case r.Status == http.StatusTooManyRequests:
			c.t.Errorf("refused at %s", r.Time)
		case r.Method == http.MethodPatch:
			order.WriteByte('r')
		case r.Method == http.MethodPost:
			order.WriteByte('j')
		}
	}
	first, last := strings.IndexByte(order.String(), 'j'), strings.LastIndexByte(order.String(), 'r')
	c.t.Logf("first asked %s after its return; removals and joiners in the order %s", times[0].Sub(back), order.String())
	if n := most(times); n > 60 {
		c.t.Errorf("%d requests within a minute", n)
	}
	if strings.Count(order.String(), "r") != leavers || strings.Count(order.String(), "j") != joiners || last > leavers+5 || first < 0 {
		c.t.Errorf("removals and joiners went in the order %s", order.String())
	}
}

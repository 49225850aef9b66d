//go:build !race

package sync_test

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// load is a first load whose end is foreseen.
type load struct {
	name      string
	users     int // 0: 1,500
	perMinute int // 0: 60
	keys      int // 0: 1
	prepare   func(c *company)
	during    func(c *company) // what nobody could foresee, in the middle
	near      float64          // how near the time left must be at each tenth; 0: 0.05
}

// The time left that a first load shows is right within 5 % at each tenth of its
// way, and never far off in between; when something happens in the middle that
// nobody could foresee, from then on. Five answers of 429 in a row, whose pauses grow,
// are foreseen less well.
func TestTimeLeftOfAFirstLoad(t *testing.T) {
	for _, l := range []load{
		{name: "60 a minute", users: 5000},
		{name: "500 a minute", perMinute: 500},
		{name: "three keys", keys: 3},
		{name: "429 in the middle", during: func(c *company) { limited(c, 1) }},
		{name: "429 in a row in the middle", near: .15, during: func(c *company) { limited(c, 5) }},
		{name: "429 again and again", users: 5000, prepare: func(c *company) { c.omni.SetKnobs(simomni.Knobs{RealLimit: 40}) }},
		{name: "failing users", prepare: func(c *company) { refusing(c, 10) }},
		{name: "half are adopted", prepare: func(c *company) {
			for _, name := range staff(1500)[750:] {
				c.omni.AddUser(name, "Before")
			}
		}},
		{name: "answers without what was written", prepare: func(c *company) {
			c.omni.SetKnobs(simomni.Knobs{BareWrites: true, UserPatch204: true, GroupPatch204: true})
		}},
		{name: "slow answers", prepare: func(c *company) { c.omniFaults.Add(sim.Fault{Do: sim.Delay(2 * time.Second)}) }},
	} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.run(t)
		})
	}
}

func (l load) run(t *testing.T) {
	c := newCompanyOn(t, defaults(), embedded(t), max(60, l.perMinute))
	c.target = keyed(t, c, max(1, l.keys))
	c.omni.SetKnobs(simomni.Knobs{RealLimit: c.perMinute})
	simulatedOn(t, c, func(c *company) {
		l.found(c)
		seen, from := newTold(), time.Time{}
		report := c.pass(sync.Request{Kind: sync.Full, Cause: "test", Progress: func(p sync.Progress) {
			seen.tell(p)
			if l.during != nil && from.IsZero() && p.Step == "apply" && p.Done > p.Total/2 {
				from = time.Now().Add(time.Minute)
				l.during(c)
			}
		}})
		if n := report.Counts["applied"] + report.Counts["failed"]; n != len(report.Changes) {
			c.t.Fatalf("the load ended early: %v, %v", report.Counts, report.Notes)
		}
		atEachTenth(c.t, seen, from, cmp.Or(l.near, .05))
	})
}

// found founds the company, with 60 groups, each user in one or two of them.
func (l load) found(c *company) {
	const groups = 60
	ids := c.join(staff(max(1500, l.users))...)
	for i := range groups {
		var members []string
		for k, id := range ids {
			if k*groups/len(ids) == i || (k*7+3)%groups == i {
				members = append(members, id)
			}
		}
		c.push(fmt.Sprintf("Group %02d", i), members...)
	}
	if l.prepare != nil {
		l.prepare(c)
	}
}

// atEachTenth compares the end that was foreseen with the true one.
func atEachTenth(t *testing.T, seen *told, from time.Time, near float64) {
	t.Helper()
	first := slices.IndexFunc(seen.list, func(p sync.Progress) bool { return p.Step == "apply" })
	began, end := seen.at[first], time.Now()
	worst, tenth, line := 0.0, 1, ""
	for i, p := range seen.list {
		done := seen.at[i].Sub(began).Seconds() / end.Sub(began).Seconds()
		if done < .1 || done > .95 {
			continue
		}
		if p.Left == nil {
			t.Fatalf("at %.2f of the way nothing is foreseen: %+v", done, p)
		}
		off := *p.Left/end.Sub(seen.at[i]).Seconds() - 1
		known := seen.at[i].After(from)
		if known {
			worst = max(worst, math.Abs(off))
		}
		if done >= float64(tenth)/10 {
			line += fmt.Sprintf(" %+.1f%%", off*100)
			tenth++
			if known && math.Abs(off) > near {
				t.Errorf("at %.2f of the way the time left was %.1f%% wrong", done, off*100)
			}
		}
	}
	t.Logf("took %s; wrong at the tenths:%s; at most %.1f%% in between", end.Sub(began).Round(time.Second), line, worst*100)
	if worst > near+.05 {
		t.Errorf("the time left was %.1f%% wrong", worst*100)
	}
}

// limited makes Omni refuse the next requests, however few they are.
func limited(c *company, times int) {
	c.omniFaults.Add(sim.Fault{Times: times, Do: sim.Status(http.StatusTooManyRequests, `{}`, nil)})
}

// refusing makes Omni refuse each so manieth creation.
func refusing(c *company, every int) {
	var n atomic.Int64
	c.omniFaults.Add(sim.Fault{Method: http.MethodPost, Path: "/api/scim/v2/Users", Do: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1)%int64(every) == 0 {
				http.Error(w, `{"detail":"no"}`, http.StatusBadRequest)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
}

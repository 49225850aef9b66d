package sync_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// told is what was told of a run, and when.
type told struct {
	held chan struct{} // a lock: this file's sync is the engine
	list []sync.Progress
	at   []time.Time
}

func newTold() *told { return &told{held: make(chan struct{}, 1)} }

func (t *told) lock() (unlock func()) {
	t.held <- struct{}{}
	return func() { <-t.held }
}

func (t *told) tell(p sync.Progress) {
	defer t.lock()()
	t.list, t.at = append(t.list, p), append(t.at, time.Now())
}

// steps are the steps that were told, each as it was told last.
func (t *told) steps() []string {
	defer t.lock()()
	var list []string
	for i, p := range t.list {
		if i == len(t.list)-1 || t.list[i+1].Step != p.Step {
			list = append(list, fmt.Sprintf("%s %d/%d", p.Step, p.Done, p.Total))
		}
	}
	return list
}

// watched makes a run and gives what it told.
func (c *company) watched(r sync.Request) (*told, sync.Report) {
	c.t.Helper()
	seen := newTold()
	r.Cause, r.Progress = "test", seen.tell
	return seen, c.pass(r)
}

func TestEachStepIsTold(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		ids := c.join(staff(30)...)
		c.push("Sales", ids[:20]...)
		c.push("Ops", ids[10:]...)
		want := func(r sync.Request, want ...string) {
			c.t.Helper()
			seen, _ := c.watched(r)
			if got := seen.steps(); !slices.Equal(got, want) {
				c.t.Errorf("%s, dry %v: told %q, want %q", r.Kind, r.DryRun, got, want)
			}
		}
		want(sync.Request{Kind: sync.Full, DryRun: true}, "read 30/0", "members 2/2", "survey 0/0", "plan 0/0", "confirm 0/0")
		want(sync.Request{Kind: sync.Full}, "read 30/0", "members 2/2", "survey 0/0", "plan 0/0", "confirm 0/0", "apply 32/32")
		want(sync.Request{Kind: sync.Full}, "read 30/30", "members 0/0", "plan 0/0", "confirm 0/0")
		want(sync.Request{Kind: sync.Reconcile}, "read 30/30", "members 2/2", "survey 32/32", "plan 0/0", "confirm 0/0")
		c.okta.Unassign(ids[0])
		want(sync.Request{Kind: sync.Full}, "read 29/30", "members 0/0", "plan 0/0", "confirm 1/1", "apply 1/1")
	})
}

// A removal that settles is part of the time left, and so is what waits behind it.
func TestSettlingIsPartOfTheTimeLeft(t *testing.T) {
	policy := lenient()
	policy.Settle = 3 * time.Minute
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(30)...)
		c.run(sync.Full)
		for _, id := range ids[:10] {
			c.okta.Unassign(id)
		}
		seen, _ := c.watched(sync.Request{Kind: sync.Full})
		end := time.Now()
		for i, p := range seen.list {
			if p.Step != "apply" || p.Done == p.Total {
				continue
			}
			left := end.Sub(seen.at[i]).Seconds()
			if p.Left == nil || math.Abs(*p.Left-left) > 2+left/20 {
				c.t.Fatalf("%.0f s before the end, the end is foreseen in %v", left, p.Left)
			}
		}
	})
}

// Whoever asks meanwhile sees the run, and whoever has to wait for it is told.
func TestRunUnderWayIsShown(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		c.join(staff(300)...)
		loop, err := sync.NewLoop(c.engine, sync.Schedule{}, zap.NewNop())
		if err != nil {
			c.t.Fatal(err)
		}
		if s := c.status(); s.Running != nil {
			c.t.Errorf("nothing runs, but the status says %+v", s.Running)
		}
		var runs errgroup.Group
		began := time.Now()
		run := func(r sync.Request) {
			runs.Go(func() error {
				_, err := loop.Do(context.Background(), r)
				return err
			})
		}
		run(sync.Request{Kind: sync.Full, Cause: "schedule"})
		<-time.After(time.Minute)
		r := c.status().Running
		if r == nil || r.Kind != sync.Full || !r.Since.Equal(began) || r.Step != "apply" || r.Total != 300 || r.Done < 50 || r.Left == nil {
			c.t.Fatalf("a minute after it began, the run is shown as %+v", r)
		}
		if left := *r.Left; left < 230 || left > 260 || r.Requests != 300-r.Done || r.PerMinute < 55 || r.PerMinute > 61 {
			c.t.Errorf("left %v, %+v", left, r)
		}
		seen := newTold()
		run(sync.Request{Kind: sync.Full, Cause: "command", Progress: seen.tell})
		synctest.Wait()
		<-time.After(time.Minute)
		unlock := seen.lock()
		waiting := seen.list[len(seen.list)-1]
		unlock()
		if waiting.Run != r.Run || waiting.Note == "" || waiting.Done <= r.Done {
			c.t.Errorf("who waits is told %+v", waiting)
		}
		if err := runs.Wait(); err != nil {
			c.t.Error(err)
		}
		own := seen.list[len(seen.list)-1]
		if own.Run == r.Run || own.Note != "" {
			c.t.Errorf("the run that came after it told %+v", own)
		}
		if s := c.status(); s.Running != nil {
			c.t.Errorf("the runs are over, but the status says %+v", s.Running)
		}
	})
}

func (c *company) status() sync.Status {
	c.t.Helper()
	s, err := c.engine.Status(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

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
// nobody could foresee, from then on. A pace that falls to a third by five answers
// of 429 in a row and recovers request by request is foreseen less well.
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

package sync_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

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

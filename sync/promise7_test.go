package sync_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// Promise 7, removals are guarded: each guard lets through what its limit allows.
func TestPromise7JustUnder(t *testing.T) {
	everyGuard(t, func(_ threat, c *company, v *victim) {
		v.strikes(0, guardLimit)
		c.want(c.run(sync.Full), sync.Done)
		v.wantGone(c, guardLimit, "just under")
	})
}

// One more, and nothing of the kind is done; with all of it approved all is, and counts
// for nothing.
func TestPromise7JustOver(t *testing.T) {
	everyGuard(t, func(th threat, c *company, v *victim) {
		v.strikes(0, guardLimit+1)
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		v.wantGone(c, 0, "just over")
		held := th.held(c)
		if held.Run != report.Run || held.Count != guardLimit+1 {
			c.t.Fatalf("held: %+v", held)
		}
		c.want(c.run(sync.Reconcile), sync.Holding)
		c.says(sync.Verdict{Run: report.Run, Decision: state.Approved, Hash: held.Hash})
		c.want(c.run(sync.Full), sync.Done)
		v.wantGone(c, guardLimit+1, "approved")
		v.strikes(guardLimit+1, 2*guardLimit+1)
		c.want(c.run(sync.Full), sync.Done)
		v.wantGone(c, 2*guardLimit+1, "what was approved counted")
	})
}

// A slow drip is caught as one wave would be, and let through when the window is over.
func TestPromise7SlowDrip(t *testing.T) {
	everyGuard(t, func(_ threat, c *company, v *victim) {
		for i := range 2 * guardLimit {
			v.strike(i)
			v.wait(time.Hour)
			c.run(sync.Full)
			v.wantGone(c, min(i+1, guardLimit), "while it drips")
		}
		if waits := c.waits(); len(waits) != guardLimit {
			c.t.Errorf("what waits: %v, want one of each run", waits)
		}
		v.wait(24 * time.Hour)
		v.strike(2 * guardLimit)
		last := c.run(sync.Full)
		v.wantGone(c, guardLimit, "what waits goes on waiting when the window is over, and counts")
		c.start()
		v.heal(2 * guardLimit)
		c.says(sync.Verdict{Run: last.Run, Decision: state.Approved})
		again := c.run(sync.Full)
		c.want(again, sync.Holding)
		c.says(sync.Verdict{Run: again.Run, Decision: state.Approved}) // which was the first to show none of it
		c.want(c.run(sync.Full), sync.Done)
		v.wantGone(c, 2*guardLimit, "all of it was approved")
	})
}

// What Okta pushes and what is pulled counts together.
func TestPromise7PushAndPull(t *testing.T) {
	for _, th := range threats {
		if th.guard == "attribute_losses" {
			continue // where Okta is read, a push doesn't decide about attributes
		}
		t.Run(th.name, func(t *testing.T) {
			th.on(t, "bolt", func(c *company, v *victim) {
				p := c.withPush(true)
				defer p.stop()
				c.want(c.run(sync.Full), sync.Done)
				<-time.After(10 * time.Minute)
				for i := range guardLimit - 1 {
					v.strike(i)
				}
				c.want(c.run(sync.Full), sync.Done)
				v.wantGone(c, guardLimit-1, "pulled")
				for i := guardLimit - 1; i < guardLimit+2; i++ {
					v.strike(i)
					if err := v.pushed(p, i); err != nil && !(th.guard == "creations" && fault.Is(err, fault.Limited)) {
						t.Fatal(err)
					}
					<-time.After(10 * time.Minute)
				}
				v.wantGone(c, guardLimit, "pushed")
				if waits := c.waits(); len(waits) != 2 {
					t.Errorf("what waits: %v, want two: what comes later is another wave", waits)
				}
				c.want(c.run(sync.Full), sync.Holding)
				v.wantGone(c, guardLimit, "pulled again")
			})
		})
	}
}

// Some of what waits is approved, some rejected: exactly that is done, and the rest
// goes on waiting. Who comes back is let go of by itself.
func TestPromise7InParts(t *testing.T) {
	everyGuard(t, func(th threat, c *company, v *victim) {
		v.strikes(0, guardLimit+3)
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		for _, wrong := range []struct {
			verdict sync.Verdict
			kind    fault.Kind
		}{
			{sync.Verdict{Run: report.Run, Hash: "0123456789ab"}, fault.Conflict},
			{sync.Verdict{Run: report.Run, Only: []string{v.names[0], "nobody"}}, fault.Refused},
			{sync.Verdict{Run: report.Run, Only: v.names[:2], Except: v.names[:2]}, fault.Refused},
			{sync.Verdict{Run: "another"}, fault.NotFound},
		} {
			wrong.verdict.Decision, wrong.verdict.By = state.Approved, "ada"
			if d, err := c.engine.Decide(c.t.Context(), wrong.verdict); !fault.Is(err, wrong.kind) || len(d.Decided) > 0 {
				c.t.Errorf("%+v is answered %+v, %v", wrong.verdict, d, err)
			}
		}
		seen := th.held(c).Hash
		d := c.says(sync.Verdict{Run: report.Run, Decision: state.Approved, Hash: seen, Only: v.names[:3], Except: v.names[2:3]})
		if d.Left != guardLimit+1 || len(d.Still) != 0 {
			c.t.Errorf("decided: %+v", d)
		}
		if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: report.Run, Decision: state.Approved, By: "bob", Hash: seen}); !fault.Is(err, fault.Conflict) {
			c.t.Errorf("a decision about what was seen before is answered %v", err)
		}
		c.says(sync.Verdict{Run: report.Run, Decision: state.Rejected, Only: v.names[2:3]})
		v.heal(3)
		c.want(c.run(sync.Full), sync.Holding)
		v.wantGone(c, 2, "two were approved")
		if held := th.held(c); held.Count != guardLimit-1 || held.Run != report.Run {
			c.t.Errorf("held: %+v", held)
		}
		if s := c.status(); len(s.Rejected) != 1 || s.Rejected[0].Reason == "" {
			c.t.Errorf("rejected: %+v", s.Rejected)
		}
		v.heal(2)
		for i := 4; i < guardLimit+3; i++ {
			v.heal(i)
		}
		c.want(c.run(sync.Full), sync.Done)
		v.wantGone(c, 2, "all others are back")
		if s := c.status(); len(s.Held)+len(s.Rejected) != 0 {
			c.t.Errorf("held: %+v, rejected: %+v", s.Held, s.Rejected)
		}
	})
}

// A restart while something is held, and approved, changes nothing; who comes back
// between the approval and its run stays.
func TestPromise7Restart(t *testing.T) {
	everyGuard(t, func(th threat, c *company, v *victim) {
		v.strikes(0, guardLimit+2)
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		c.start()
		c.want(c.run(sync.Full), sync.Holding)
		v.wantGone(c, 0, "after a restart")
		if held := th.held(c); held.Run != report.Run || held.Count != guardLimit+2 {
			c.t.Fatalf("held: %+v", held)
		}
		c.says(sync.Verdict{Run: report.Run, Decision: state.Approved})
		c.start()
		v.heal(0)
		c.want(c.run(sync.Full), sync.Done)
		v.wantGone(c, guardLimit+1, "approved, but for who came back")
	})
}

// Somebody who was rejected is recalled once a week, and no oftener.
func TestPromise7ExceptionsAreRecalled(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		ids := c.join(staff(40)...)
		c.run(sync.Full)
		for _, id := range ids[:10] {
			c.okta.Unassign(id)
		}
		c.says(sync.Verdict{Run: c.run(sync.Full).Run, Decision: state.Rejected})
		for day := range 15 {
			recalled := false
			for _, note := range c.run(sync.Full).Notes {
				recalled = recalled || note[:8] == "rejected"
			}
			if recalled != (day == 7 || day == 14) {
				t.Errorf("day %d: recalled %t", day, recalled)
			}
			<-time.After(24 * time.Hour)
		}
	})
}

// What begins to wait is told once, in one line, however much it is and however often it
// is looked at.
func TestPromise7OneAlert(t *testing.T) {
	everyGuard(t, func(th threat, c *company, v *victim) {
		core, logs := observer.New(zap.WarnLevel)
		c.logs = zap.New(core)
		c.start()
		v.strikes(0, guardLimit+2)
		report := c.run(sync.Full)
		c.run(sync.Full)
		c.run(sync.Reconcile)
		v.strike(guardLimit + 2)
		later := c.run(sync.Full)
		var told []string
		for _, line := range logs.FilterMessage("waits for approval").All() {
			told = append(told, fmt.Sprint(line.ContextMap()["run"], " ", line.ContextMap()["guard"], " ", line.ContextMap()["changes"]))
		}
		if want := []string{report.Run + fmt.Sprintf(" %s %d", th.guard, guardLimit+2), later.Run + fmt.Sprintf(" %s 1", th.guard)}; !slices.Equal(told, want) {
			c.t.Errorf("told: %q, want %q", told, want)
		}
	})
}

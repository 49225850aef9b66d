package sync_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

var halfMinutes = sync.Schedule{Delta: "@every 30s"}

// following is followed under a policy.
func following(t *testing.T, policy sync.Policy, play func(c *company, ids []string, group string)) {
	t.Helper()
	followed(t, 30, func(c *company, ids []string, group string) {
		c.policy = policy
		c.start()
		c.want(c.run(sync.Full), sync.Done)
		c.watch()
		c.omni.ResetLog()
		play(c, ids, group)
	})
}

// newest is the newest line of the log.
func (c *company) newest() state.Change {
	c.t.Helper()
	list, err := state.Newest[state.Change](c.t.Context(), c.store, state.Log, 1)
	if err != nil || len(list) == 0 {
		c.t.Fatalf("the log has %v, %v", list, err)
	}
	return list[0]
}

// kept is the place in the log that stands in the ledger.
func (c *company) kept() state.LogRead {
	c.t.Helper()
	read, _, err := state.Read[state.LogRead](c.t.Context(), c.store, state.Meta, "log")
	if err != nil {
		c.t.Fatal(err)
	}
	return read
}

// A place that Okta forgot leads to one full run, by itself, which says why it is.
func TestDeltaOfAForgottenPlace(t *testing.T) {
	following(t, lenient(), func(c *company, ids []string, _ string) {
		before := len(c.runs())
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.Fate = func(simokta.Event) []time.Duration { return nil } })
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Lost"})
		c.okta.ForgetCursors()
		c.during(c.loop(halfMinutes), func() { <-time.After(20 * time.Minute) })
		if got := kinds(c.runs()[before:]); got != "full" {
			c.t.Errorf("it ran %q, want one full run", got)
		}
		if cause := c.newest().Cause; !strings.Contains(cause, "system log: ") || !strings.Contains(cause, "no longer knows the place") {
			c.t.Errorf("the run was caused by %q", cause)
		}
		c.inStep()
	})
}

// What came after the last look is gone when Okta keeps it no longer: a full run is
// needed, and then deltas go on.
func TestDeltaAfterALongPause(t *testing.T) {
	following(t, lenient(), func(c *company, ids []string, _ string) {
		<-time.After(91 * 24 * time.Hour)
		if w := c.watch(); w.Wider != sync.Full || !strings.Contains(w.Why, "doesn't keep it that long") {
			c.t.Fatalf("after 91 days: %+v", w)
		}
		c.want(c.run(sync.Full), sync.Done)
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Ops"})
		<-time.After(30 * time.Second)
		if w := c.watch(); w.Report == nil || len(w.Report.Changes) != 1 {
			c.t.Errorf("afterwards: %+v", w)
		}
		c.inStep()
	})
}

// The log is read from the beginning of the last full run on, whenever the first look is.
func TestDeltaBeginsWhereTheFullRunBegan(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(10)...)
		c.want(c.run(sync.Reconcile), sync.Done)
		began := time.Now()
		c.want(c.run(sync.Full), sync.Done)
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Ops"})
		<-time.After(3 * time.Hour)
		if read := c.kept(); read.Since.After(began) || began.Sub(read.Since) > 10*time.Minute {
			c.t.Errorf("the log is read from %s on, the run began at %s", read.Since, began)
		}
		c.want(*c.watch().Report, sync.Done)
		c.inStep()
	})
}

// The place moves on only after the run that acted upon it. Whoever is stopped between
// reads the events again, and what was done isn't done twice.
func TestDeltaKilledBeforeThePlaceMoved(t *testing.T) {
	following(t, lenient(), func(c *company, ids []string, _ string) {
		before := c.kept()
		for _, id := range ids[:3] {
			c.okta.UpdateProfile(id, map[string]any{"department": "Ops"})
		}
		<-time.After(10 * time.Minute)
		c.omniFaults.Add(sim.Fault{Method: http.MethodPatch, Do: sim.Delay(5 * time.Second)})
		ctx, kill := context.WithCancel(c.t.Context())
		defer time.AfterFunc(2*time.Second, kill).Stop()
		w, err := c.engine.Watch(ctx, false)
		if ctx.Err() == nil {
			c.t.Fatalf("it ended before it was stopped: %+v, %v", w, err)
		}
		if after := c.kept(); after.LogPlace != before.LogPlace {
			c.t.Errorf("the place moved from %+v to %+v though the run was stopped: %+v, %v", before, after, w.Report, err)
		}
		c.omniFaults.Clear()
		c.start()
		c.watch()
		c.converged()
		if n := c.omni.Writes(); n > 6 { // who was under way when it was stopped may be written twice
			c.t.Errorf("three changes were written %d times", n)
		}
		c.silent()
	})
}

// Grace ends by a delta, when its time has come and not before.
func TestDeltaEndsGrace(t *testing.T) {
	policy := lenient()
	policy.Grace = 2 * time.Hour
	following(t, policy, func(c *company, ids []string, _ string) {
		c.during(c.loop(halfMinutes), func() {
			c.okta.Unassign(ids[0])
			c.okta.Unassign(ids[1])
			<-time.After(119 * time.Minute)
			if n := c.omni.Writes(); n != 0 {
				c.t.Errorf("in grace there were %d writes", n)
			}
			c.okta.Assign(ids[1], simokta.AssignOptions{})
			<-time.After(3 * time.Minute)
			if n := c.omni.Writes(); n != 1 || omniUser(c, "person000@acme.co").Active {
				c.t.Errorf("after grace there were %d writes, and the user is %+v", n, omniUser(c, "person000@acme.co"))
			}
		})
		if strings.Contains(kinds(c.runs()[2:]), "full") {
			c.t.Errorf("it ran %s", kinds(c.runs()))
		}
		c.converged()
	})
}

// Okta unassigns and assigns within a moment: nothing is written. Who stays away is
// deactivated after it settled, without another event.
func TestDeltaSettles(t *testing.T) {
	following(t, lenient(), func(c *company, ids []string, _ string) {
		c.during(c.loop(sync.Schedule{Delta: "@every 5s"}), func() {
			c.okta.Unassign(ids[0])
			c.okta.Unassign(ids[1])
			<-time.After(6 * time.Second)
			c.okta.Assign(ids[1], simokta.AssignOptions{})
			<-time.After(3 * time.Second)
			if n := c.omni.Writes(); n != 0 {
				c.t.Errorf("before it settled there were %d writes", n)
			}
			<-time.After(16 * time.Second)
			if n := c.omni.Writes(); n != 1 || omniUser(c, "person000@acme.co").Active {
				c.t.Errorf("after it settled there were %d writes, and the user is %+v", n, omniUser(c, "person000@acme.co"))
			}
		})
		c.converged()
	})
}

// What Omni refused is tried again by a delta at its time.
func TestDeltaTriesAgain(t *testing.T) {
	following(t, lenient(), func(c *company, ids []string, _ string) {
		refused := c.omniFaults.Add(sim.Fault{Method: http.MethodPatch, Do: sim.Status(http.StatusBadRequest, `{"detail":"no"}`, nil)})
		c.during(c.loop(halfMinutes), func() {
			c.okta.UpdateProfile(ids[0], map[string]any{"department": "Ops"})
			<-time.After(40 * time.Second)
			tries := refused.Fired()
			if <-time.After(40 * time.Second); tries == 0 || refused.Fired() != tries {
				c.t.Errorf("Omni was asked %d times, and %d times before the delay was over", tries, refused.Fired()-tries)
			}
			refused.Remove()
			<-time.After(time.Minute)
		})
		if again := c.status().Log.Again; again != 0 || c.omni.Writes() != 1 {
			c.t.Errorf("%d objects wait, %d were written", again, c.omni.Writes())
		}
		c.inStep()
	})
}

// The guard holds over deltas: a mass unassignment, and a drip, end no more than the
// limit allows; what was approved is done by the run that approve makes.
func TestPromise7GuardOverDeltas(t *testing.T) {
	policy := lenient()
	policy.Guard.Deactivations = sync.Limit{Count: 3, Percent: 100}
	for name, between := range map[string]time.Duration{"at once": 0, "within a minute": 5 * time.Second, "a drip": time.Hour} {
		t.Run(name, func(t *testing.T) {
			following(t, policy, func(c *company, ids []string, _ string) {
				c.during(c.loop(halfMinutes), func() {
					for _, id := range ids[:12] {
						c.okta.Unassign(id)
						<-time.After(between)
					}
					<-time.After(30 * time.Minute)
				})
				if n := active(c); n < 27 || n == 30 && between > time.Minute {
					c.t.Errorf("of 30, %d are active", n)
				}
				held := c.status().Held
				if len(held) == 0 {
					c.t.Fatal("nothing is held")
				}
				for _, h := range held {
					if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: h.Run, Decision: state.Approved, By: "ada"}); err != nil {
						c.t.Fatal(err)
					}
				}
				c.want(c.run(sync.Full), sync.Done)
				c.inStep()
			})
		})
	}
}

// One of fifty thousand joins or leaves: a handful of questions, one write.
func TestDeltaOfALargeGroup(t *testing.T) {
	followed(t, 30, func(c *company, ids []string, _ string) {
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.Quiet = true })
		all := make([]string, 50_000)
		for i := range all {
			all[i] = c.okta.AddUser(simokta.User{Login: fmt.Sprintf("other%d@acme.co", i)})
		}
		group, _ := c.push("All", append(all, ids[:20]...)...)
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.Quiet = false })
		c.want(c.run(sync.Full), sync.Done)
		c.watch()
		for name, do := range map[string]func(){
			"leaves": func() { c.okta.RemoveMember(group, ids[0]) },
			"joins":  func() { c.okta.AddMember(group, ids[25]) },
		} {
			c.oktaAsked.Reset()
			c.omni.ResetLog()
			do()
			<-time.After(30 * time.Second)
			c.watch()
			if asked, wrote := c.asked(), c.omni.Writes(); asked > 3 || wrote != 1 {
				c.t.Errorf("somebody %s: it asked %d times and wrote %d times, want at most 3, and 1", name, asked, wrote)
			}
		}
		c.converged()
	})
}

package sync_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

var refused = sim.Status(http.StatusBadRequest, `{"detail":"not like this","status":"400"}`, nil)

// failure is what the ledger remembers of a subject that fails.
func (c *company) failure(subject string) (state.Failure, bool) {
	c.t.Helper()
	f, ok, err := state.Read[state.Failure](c.t.Context(), c.store, state.Failing, subject)
	if err != nil {
		c.t.Fatal(err)
	}
	return f, ok
}

// spoil makes writes to one user fail.
func (c *company) spoil(name string, do sim.Effect) *sim.Planted {
	return c.omniFaults.Add(sim.Fault{Method: "PATCH", Path: "/api/scim/v2/Users/" + omniUser(c, name).ID, Do: do})
}

// What fails is tried again later and later: after a minute, doubled up to a
// day. A removal of access is tried at least hourly. What Omni is too busy or too ill
// for is no fault of the object, and is tried each minute, unless it answers others.
func TestDelaysOfFailures(t *testing.T) {
	ill := sim.Status(http.StatusServiceUnavailable, `{}`, nil)
	fails := func(do sim.Effect) sim.Fault { return sim.Fault{Method: "PATCH", Do: do} }
	doubled := func(n int) time.Duration { return min(24*time.Hour, time.Minute<<(n-1)) }
	for _, row := range []struct {
		name string
		do   func(c *company, ids []string, sales string)
		with sim.Fault
		of   func(ids []string, sales string) string
		want func(n int) time.Duration
	}{
		{"an update", func(c *company, ids []string, _ string) {
			c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"})
		}, fails(refused),
			func(ids []string, _ string) string { return "user:" + ids[0] }, doubled},
		{"a deactivation", func(c *company, ids []string, _ string) { c.okta.Unassign(ids[0]) }, fails(refused),
			func(ids []string, _ string) string { return "user:" + ids[0] }, func(n int) time.Duration { return min(time.Hour, doubled(n)) }},
		{"a joiner of a group", func(c *company, ids []string, sales string) { c.okta.AddMember(sales, ids[4]) }, fails(refused),
			func(_ []string, sales string) string { return "group:" + sales }, doubled},
		{"a leaver of a group", func(c *company, ids []string, sales string) { c.okta.RemoveMember(sales, ids[0]) }, fails(refused),
			func(_ []string, sales string) string { return "group:" + sales }, func(n int) time.Duration { return min(time.Hour, doubled(n)) }},
		{"an update at which Omni fails", func(c *company, ids []string, _ string) {
			c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"})
		}, fails(ill),
			func(ids []string, _ string) string { return "user:" + ids[0] }, doubled},
	} {
		t.Run(row.name, func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				ids := c.join(staff(5)...)
				sales, _ := c.push("Sales", ids[:4]...)
				c.want(c.run(sync.Full), sync.Done)
				row.do(c, ids, sales)
				c.omniFaults.Add(row.with)
				for n := 1; n <= 13; n++ {
					c.want(c.pass(sync.Request{Kind: sync.Full, Insist: true}), sync.Failing)
					f, failing := c.failure(row.of(ids, sales))
					if !failing || f.Attempts != n {
						t.Fatalf("try %d: %+v", n, f)
					}
					if p := c.status().Failing[0].Problem; p == nil || p.Attempts != n || !p.Next.Equal(f.Next) || p.Advice == "" {
						t.Errorf("the status tells of try %d: %+v", n, p)
					}
					if wait := time.Until(f.Next).Round(10 * time.Second); wait != row.want(n).Round(10*time.Second) {
						t.Errorf("after try %d the next is in %s, want %s", n, wait, row.want(n))
					}
				}
				c.omniFaults.Clear()
				c.want(c.run(sync.Reconcile), sync.Done)
				if f, failing := c.failure(row.of(ids, sales)); failing {
					t.Errorf("still remembered as failing: %+v", f)
				}
				c.inStep()
			})
		})
	}
}

// What fails because Omni is away, or refuses the key, is delayed by minutes and makes no
// delay longer; the first full run after it is over does everything. What is an object's
// own fault then begins with a minute, however often it failed with everybody.
func TestEndOfASharedFailure(t *testing.T) {
	for name, do := range map[string]sim.Fault{
		"away":     {Do: sim.Status(http.StatusServiceUnavailable, `{}`, nil)},
		"readable": {Method: "PATCH", Do: sim.Status(http.StatusServiceUnavailable, `{}`, nil)},
		"key":      {Path: "/api/scim/", Do: sim.Status(http.StatusUnauthorized, `{}`, nil)},
	} {
		t.Run(name, func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				ids := c.join(staff(40)...)
				c.want(c.run(sync.Full), sync.Done)
				for _, id := range ids {
					c.okta.UpdateProfile(id, map[string]any{"department": "Legal"})
				}
				planted := c.omniFaults.Add(do)
				for range 12 {
					_, _ = c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Full, Cause: "schedule"})
					<-time.After(6 * time.Minute)
				}
				failing := c.status().Failing
				if len(failing) == 0 && name != "away" { // an Omni that is known to be down is asked for nothing
					t.Fatal("nothing is remembered as failing")
				}
				for _, f := range failing {
					if wait := time.Until(f.Problem.Next); wait > 0 {
						t.Errorf("%s waits for another %s: %+v", f.UserName, wait, f.Problem)
					}
				}
				planted.Remove()
				c.spoil("person000@acme.co", refused)
				<-time.After(2 * time.Minute)
				report := c.run(sync.Full)
				if report.Counts["applied"] != 39 || report.Counts["failed"] != 1 {
					t.Errorf("once it is over the run counts %v\n%s", report.Counts, printed(report))
				}
				if f, _ := c.failure("user:" + ids[0]); time.Until(f.Next).Round(time.Second) > 2*time.Minute {
					t.Errorf("its own fault is tried again in %s: %+v", time.Until(f.Next), f)
				}
			})
		})
	}
}

// Until its delay is over a failing object is left alone and told; then a run
// tries it by itself.
func TestFailingIsLeftAlone(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(3)...)
		c.run(sync.Full)
		planted := c.spoil("person000@acme.co", refused)
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"})
		c.want(c.run(sync.Full), sync.Failing)
		tried := planted.Fired()
		<-time.After(30 * time.Second)
		report := c.run(sync.Full)
		c.want(report, sync.Failing)
		if planted.Fired() != tried {
			c.t.Error("it was tried before its delay was over")
		}
		if told := printed(report); !strings.Contains(told, "failed once, tried again at") || !strings.Contains(told, "not like this") {
			c.t.Errorf("it is told as\n%s", told)
		}
		<-time.After(time.Minute)
		c.run(sync.Full)
		if planted.Fired() == tried {
			c.t.Error("it wasn't tried after its delay")
		}
		planted.Remove()
		<-time.After(time.Hour)
		c.want(c.run(sync.Full), sync.Done)
		c.inStep()
	})
}

// A change that fails doesn't stop the others.
func TestOneFailureStopsNobody(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(30)...)
		c.run(sync.Full)
		c.spoil("person007@acme.co", refused)
		for _, id := range ids {
			c.okta.UpdateProfile(id, map[string]any{"department": "Legal"})
		}
		report := c.run(sync.Full)
		c.want(report, sync.Failing)
		if report.Counts["applied"] != 29 || report.Counts["failed"] != 1 {
			c.t.Errorf("the run counts %v", report.Counts)
		}
	})
}

// When Omni doesn't answer for ten seconds, the run stops asking; what wasn't tried
// counts as no failure of anybody.
func TestSilenceStopsTheRun(t *testing.T) {
	for name, silence := range map[string]sim.Effect{"503": sim.Status(http.StatusServiceUnavailable, `{}`, nil), "cut": sim.CutBefore()} {
		t.Run(name, func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				ids := c.join(staff(40)...)
				c.run(sync.Full)
				for _, id := range ids {
					c.okta.UpdateProfile(id, map[string]any{"department": "Legal"})
				}
				c.omniFaults.Add(sim.Fault{Method: "PATCH", Do: silence})
				report := c.run(sync.Full)
				c.want(report, sync.Failing)
				if n := report.Counts["failed"]; n > 5+4 {
					c.t.Errorf("%d changes failed, want what was under way", n)
				}
				if n := report.Counts["failed"] + report.Counts["planned"]; n != 40 {
					c.t.Errorf("the run counts %v", report.Counts)
				}
				if told := strings.Join(report.Notes, " "); !strings.Contains(told, "stopped early") || !strings.Contains(told, "in a row") && !strings.Contains(told, "Omni is down") {
					c.t.Errorf("the stop is told as %q", told)
				}
				c.omniFaults.Clear()
				<-time.After(2 * time.Minute)
				c.want(c.run(sync.Full), sync.Done)
				c.inStep()
			})
		})
	}
}

// An answer in between is no silence.
func TestSilenceIsInARow(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		names := staff(30)
		ids := c.join(names...)
		c.run(sync.Full)
		for i, id := range ids {
			c.okta.UpdateProfile(id, map[string]any{"department": "Legal"})
			if i%3 == 0 {
				c.spoil(names[i], sim.Status(http.StatusServiceUnavailable, `{}`, nil))
			}
		}
		report := c.run(sync.Full)
		c.want(report, sync.Failing)
		if report.Counts["applied"] != 20 || report.Counts["failed"] != 10 {
			c.t.Errorf("the run counts %v; notes %v", report.Counts, report.Notes)
		}
	})
}

// A credential that is refused in the middle of a load ends the run: nobody is
// counted as failing more than those under way, and the rest waits.
func TestRefusedKeyStopsTheRun(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		simulated(t, lenient(), func(c *company) {
			c.join(staff(40)...)
			c.omniFaults.Add(sim.Fault{Method: "POST", Skip: 20, Do: sim.Status(status, `{"detail":"no such key"}`, nil)})
			report := c.run(sync.Full)
			c.want(report, sync.Failing)
			if report.Counts["applied"] != 20 || report.Counts["failed"] > 4 {
				c.t.Errorf("%d: the run counts %v", status, report.Counts)
			}
			if told := strings.Join(report.Notes, " "); !strings.Contains(told, "stopped early") {
				c.t.Errorf("%d: the stop is told as %q", status, told)
			}
			c.omniFaults.Clear()
			c.want(c.run(sync.Reconcile), sync.Done)
			c.inStep()
		})
	}
	simulated(t, lenient(), func(c *company) {
		c.join(staff(3)...)
		c.omniFaults.Add(sim.Fault{Method: "POST", Do: sim.Status(http.StatusUnauthorized, `{}`, nil)})
		if _, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Full}); !fault.Is(err, fault.Unauthorized) {
			c.t.Errorf("a run that did nothing because of its key ends with %v", err)
		}
	})
}

// The address that Omni says is taken, and shows nobody for, is tried once a day.
func TestHiddenConflict(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.omni.SetKnobs(simomni.Knobs{HiddenConflicts: true})
		c.omni.AddEmbedUser("person001@acme.co", "Embedded")
		ids := c.join(staff(3)...)
		report := c.run(sync.Full)
		c.want(report, sync.Failing)
		f, failing := c.failure("user:" + ids[1])
		if wait := time.Until(f.Next); !failing || wait < 23*time.Hour || wait > 24*time.Hour {
			c.t.Errorf("the next try is in %s", wait)
		}
		if told := fmt.Sprint(f.Change.Reason, f.Change.Error); !strings.Contains(told, "embed user") || !strings.Contains(told, "shows nobody") {
			c.t.Errorf("it is told as %q", told)
		}
		if n := len(c.omni.Users()); n != 2 {
			c.t.Errorf("Omni has %d users, want the two others", n)
		}
		c.omni.SetKnobs(simomni.Knobs{})
		c.want(c.run(sync.Reconcile), sync.Done)
		c.inStep()
	})
}

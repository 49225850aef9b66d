package sync_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// stopAfter gives a context that ends when Omni gets its n-th write.
func (c *company) stopAfter(n int) context.Context {
	ctx, cancel := context.WithCancel(c.t.Context())
	c.omniFaults.Add(sim.Fault{Method: "POST", Skip: n - 1, Times: 1, Do: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cancel()
			next.ServeHTTP(w, r)
		})
	}})
	return ctx
}

// log is the provisioning log of one run, by kind, subject and state; newest last.
func (c *company) log(run string) map[string]state.Change {
	c.t.Helper()
	list, err := state.Newest[state.Change](c.t.Context(), c.store, state.Log, 10_000)
	if err != nil {
		c.t.Fatal(err)
	}
	found := map[string]state.Change{}
	for _, line := range list {
		if line.Run != run {
			continue
		}
		key := logKey(line)
		if _, twice := found[key]; twice {
			c.t.Errorf("%s is told twice", key)
		}
		found[key] = line
	}
	return found
}

func logKey(c state.Change) string {
	return fmt.Sprintf("%s %s %s", c.Kind, c.UserName+c.Group, c.State)
}

// facts prints what a change touches.
func facts(f *state.Facts) string {
	if f == nil {
		return "-"
	}
	var parts []string
	if f.UserName != "" {
		parts = append(parts, f.UserName)
	}
	if f.DisplayName != "" {
		parts = append(parts, f.DisplayName)
	}
	if f.Active != nil {
		parts = append(parts, fmt.Sprintf("active=%t", *f.Active))
	}
	for name, v := range f.Attributes {
		text := "(none)"
		if v != nil {
			text = string(*v)
		}
		parts = append(parts, name+"="+text)
	}
	return strings.Join(append(parts, f.Members...), " ")
}

// Promise 9, everything is told: each change that was applied, held or failed
// stands in the log, with the run, its cause, the time, the values before and
// after, and Omni's own words where it refused.
func TestPromise9EverythingIsTold(t *testing.T) {
	p := lenient()
	p.Guard.Deactivations = sync.Limit{Count: 1, Percent: 100}
	simulated(t, p, func(c *company) {
		ids := c.join(staff(8)...)
		sales, _ := c.push("Sales", ids...)
		first := c.run(sync.Full)
		for _, ch := range first.Changes {
			if _, told := c.log(first.Run)[logKey(ch)]; !told {
				c.t.Errorf("the first load doesn't tell %s", logKey(ch))
			}
		}
		c.omni.SetKnobs(simomni.Knobs{Renames: simomni.RenamesRefused})
		c.omniFaults.Add(sim.Fault{Method: "PATCH", Path: "/api/scim/v2/Users/" + omniUser(c, "person002@acme.co").ID,
			Do: sim.Status(http.StatusBadRequest, `{"detail":"the moon is in the wrong phase","status":"400"}`, nil)})
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"})
		c.okta.SetUserName(ids[1], "renamed@acme.co")
		c.okta.UpdateProfile(ids[2], map[string]any{"department": "Legal"})
		c.okta.RemoveMember(sales, ids[3])
		c.okta.Unassign(ids[4])
		c.okta.Unassign(ids[5])
		c.join("new@acme.co")
		before := time.Now()
		report := c.run(sync.Full)
		c.want(report, sync.Failing)
		log := c.log(report.Run)
		for key, want := range map[string][2]string{
			"update person000@acme.co applied":  {`department="Sales"`, `department="Legal"`},
			"update renamed@acme.co held":       {"person001@acme.co", "renamed@acme.co"},
			"update person002@acme.co failed":   {`department="Sales"`, `department="Legal"`},
			"members Sales applied":             {"person003@acme.co", ""},
			"deactivate person004@acme.co held": {"active=true", "active=false"},
			"deactivate person005@acme.co held": {"active=true", "active=false"},
			"create new@acme.co applied":        {"-", `new@acme.co First new active=true department="Sales"`},
		} {
			line, told := log[key]
			if !told {
				c.t.Errorf("the log lacks %q: %v", key, log)
				continue
			}
			if got := [2]string{facts(line.Before), facts(line.After)}; got != want {
				c.t.Errorf("%s is told from %q to %q, want %q", key, got[0], got[1], want)
			}
			if !strings.HasPrefix(line.Cause, "test: okta request req") || line.OktaID == "" || line.Time.Before(before) || line.Time.After(time.Now()) {
				c.t.Errorf("%s is told with cause %q, Okta id %q, at %s", key, line.Cause, line.OktaID, line.Time)
			}
			if line.State != state.Held && line.OmniID == "" {
				c.t.Errorf("%s is told without Omni's id", key)
			}
		}
		if got := log["update person002@acme.co failed"].Error; !strings.Contains(got, "the moon is in the wrong phase") {
			c.t.Errorf("Omni's words aren't told: %q", got)
		}
		if got := log["update renamed@acme.co held"].Reason; !strings.Contains(got, "Omni refused the new username") {
			c.t.Errorf("the held rename is told as %q", got)
		}
		for _, ch := range report.Changes {
			if _, told := log[logKey(ch)]; !told && ch.State != state.Kept {
				c.t.Errorf("the report has %s, the log doesn't", logKey(ch))
			}
		}
	})
}

// What a person decides is told with their name, and what is done then too.
func TestPromise9DecisionsAreTold(t *testing.T) {
	p := lenient()
	p.Guard.Deactivations = sync.Limit{Count: 1, Percent: 100}
	simulated(t, p, func(c *company) {
		ids := c.join(staff(8)...)
		c.run(sync.Full)
		c.okta.Unassign(ids[0])
		c.okta.Unassign(ids[1])
		held := c.run(sync.Full)
		if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: held.Run, Decision: state.Approved, By: "grace"}); err != nil {
			c.t.Fatal(err)
		}
		list, err := state.Newest[state.Change](c.t.Context(), c.store, state.Log, 2)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, line := range list {
			if line.Reason != "approved by grace" || line.Kind != "deactivate" || line.Time.IsZero() {
				c.t.Errorf("the decision is told as %+v", line)
			}
		}
		done := c.run(sync.Full)
		for _, name := range []string{"person000@acme.co", "person001@acme.co"} {
			if line, told := c.log(done.Run)["deactivate "+name+" applied"]; !told || line.Reason != "approved by grace" {
				c.t.Errorf("what was approved is told as %+v", line)
			}
		}
	})
}

// A change that waits is told once, not by each run; one that fails is told by
// each run that tried.
func TestPromise9HeldIsToldOnce(t *testing.T) {
	p := lenient()
	p.Guard.Deactivations = sync.Limit{Count: 1, Percent: 100}
	simulated(t, p, func(c *company) {
		ids := c.join(staff(8)...)
		c.run(sync.Full)
		c.okta.Unassign(ids[0])
		c.okta.Unassign(ids[1])
		c.run(sync.Full)
		n := len(c.log(c.run(sync.Full).Run)) + len(c.log(c.run(sync.Reconcile).Run))
		if n != 0 {
			c.t.Errorf("what waits already was told %d times more", n)
		}
	})
}

// Every run is remembered, with how it ended and what was doubted; one that
// can't begin says why.
func TestPromise9RunsAreRemembered(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.join(staff(3)...)
		good := c.run(sync.Full)
		cut := c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/*/users", Do: sim.Truncate(30)})
		doubtful := c.run(sync.Full)
		cut.Remove()
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/*", Do: sim.Status(http.StatusNotFound, `{"errorCode":"E0000007"}`, nil)})
		failed, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Reconcile})
		if err == nil {
			c.t.Fatal("a run without its app didn't fail")
		}
		runs, err := state.Newest[state.Run](c.t.Context(), c.store, state.Runs, 5)
		if err != nil || len(runs) != 3 {
			c.t.Fatalf("%d runs are remembered, %v", len(runs), err)
		}
		for i, want := range []struct {
			report  sync.Report
			outcome string
			doubts  int
			says    string
		}{{failed, "failed", 0, "read the Okta app"}, {doubtful, "doubtful", 1, ""}, {good, "done", 0, ""}} {
			r := runs[i]
			if r.Run != want.report.Run || r.Outcome != want.outcome || len(r.Doubts) != want.doubts || r.Kind != string(want.report.Kind) {
				c.t.Errorf("run %d is remembered as %+v, want %+v", i, r, want)
			}
			if !strings.Contains(r.Error, want.says) || want.says == "" && r.Error != "" || r.Ended.Before(r.Started) {
				c.t.Errorf("run %d: error %q, from %s to %s", i, r.Error, r.Started, r.Ended)
			}
		}
		if runs[2].Counts["create"] != 3 {
			c.t.Errorf("the first run counted %v", runs[2].Counts)
		}
	})
}

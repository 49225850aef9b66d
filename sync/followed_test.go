package sync_test

import (
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// The status tells until when the log was read, how long changes took, and why it isn't
// read on; each line of the log says when Okta's part happened.
func TestStatusTellsHowTheLogIsFollowed(t *testing.T) {
	followed(t, 3, func(c *company, ids []string, _ string) {
		if l := c.status().Log; l == nil || l.Seconds != nil || l.Missed != 0 || l.Waits != "" {
			t.Errorf("before anything happened the log is %+v", l)
		}
		happened := time.Now()
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Ops"})
		<-time.After(30 * time.Second)
		changes := c.watch().Report.Changes
		if len(changes) != 1 || changes[0].Happened.Sub(happened).Abs() > time.Second {
			t.Errorf("a change of %s is told as %+v", happened, changes)
		}
		<-time.After(time.Minute)
		c.watch()
		l := c.status().Log
		if l.Seconds == nil || l.Seconds.Count != 1 || l.Seconds.Median < 29 || l.Seconds.P99 > 35 || time.Since(l.Read) > 90*time.Second || l.Again != 0 {
			t.Errorf("after one change the log is %+v, its times %+v", l, l.Seconds)
		}
		fault := c.oktaFaults.Add(sim.Fault{Path: "/api/v1/logs", Do: sim.Status(403, `{"errorCode":"E0000006"}`, nil)})
		if _, err := c.engine.Watch(c.t.Context(), false); err == nil {
			t.Error("a refused reading of the log is no error")
		}
		if l := c.status().Log; !strings.Contains(l.Waits, "403") {
			t.Errorf("while Okta refuses the log it waits because of %q", l.Waits)
		}
		fault.Remove()
		c.watch()
		if l := c.status().Log; l.Waits != "" {
			t.Errorf("it still waits because of %q", l.Waits)
		}
	})
}

// What a full run left in doubt isn't made good by a delta.
func TestDeltaDoesNotHideADoubt(t *testing.T) {
	followed(t, 3, func(c *company, ids []string, _ string) {
		fault := c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/*/users", Do: sim.Body(200, "application/json", "[]")})
		c.want(c.run(sync.Full), sync.Doubtful)
		fault.Remove()
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Ops"})
		<-time.After(30 * time.Second)
		c.want(*c.watch().Report, sync.Done)
		s := c.status()
		if s.State != sync.Behind || s.Last.Kind != "delta" || s.Whole == nil || s.Whole.Outcome != "doubtful" {
			t.Errorf("after a doubtful full run and a delta: %s, last %+v, whole %+v", s.State, s.Last, s.Whole)
		}
		c.want(c.run(sync.Full), sync.Done)
		if s := c.status(); s.State != sync.InStep || s.Whole != nil {
			t.Errorf("after the next full run: %s, whole %+v", s.State, s.Whole)
		}
	})
}

// The count of what was missed outlives the process, and who only reads knows it too.
func TestMissedIsRemembered(t *testing.T) {
	followed(t, 3, func(c *company, _ []string, _ string) {
		var b state.Batch
		state.Put(&b, state.Meta, "log", state.LogRead{LogPlace: identity.LogPlace{Since: time.Now().Add(-time.Hour)}, Missed: 3})
		if err := c.store.Apply(c.t.Context(), c.fence, b); err != nil {
			t.Fatal(err)
		}
		c.start()
		if l := c.status().Log; l == nil || l.Missed != 3 || time.Since(l.Read) < time.Hour {
			t.Errorf("before it leads, the log is %+v", l)
		}
		c.want(c.run(sync.Full), sync.Done)
		c.watch()
		c.start()
		if l := c.status().Log; l.Missed != 3 || time.Since(l.Read) > 2*time.Minute {
			t.Errorf("after a restart and a full run the log is %+v", l)
		}
	})
}

package sync_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/archive"
	"github.com/omnisync/omnisync/sync"
)

// archived gives the company an archive on disk.
func (c *company) archived() {
	c.t.Helper()
	kept, err := archive.Open(c.t.TempDir(), "acme")
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = kept.Close() })
	c.archive = kept
	c.start()
}

// loses puts another ledger in the place of the one there was.
func (c *company) loses(s store) {
	c.t.Helper()
	c.store, c.fence = s, ""
	c.start()
}

// wantActive fails unless these are Omni's active users.
func (c *company) wantActive(want ...string) {
	c.t.Helper()
	var got []string
	for _, u := range c.omni.Users() {
		if u.Active {
			got = append(got, u.UserName)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		c.t.Errorf("active in Omni are %q, want %q", got, want)
	}
}

// logged is the provisioning log, oldest first, a line each.
func (c *company) logged() []string {
	c.t.Helper()
	list, err := state.Newest[state.Change](c.t.Context(), c.store, state.Log, 1000)
	if err != nil {
		c.t.Fatal(err)
	}
	lines := make([]string, len(list))
	for i, change := range list {
		lines[len(list)-1-i] = fmt.Sprintf("%s %s %s %s %s %s", change.Time, change.Run, change.Kind, change.UserName+change.Group, change.State, change.Reason)
	}
	return lines
}

// Promise 8: the ledger is gone. Where both sides agree, the next run writes
// nothing to Omni, reads its lists once, and builds the ledger again.
func TestPromise8LedgerGone(t *testing.T) {
	c := newCompany(t, defaults())
	empty := embedded(t)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		people := c.join(staff(30)...)
		c.push("Sales", people[:20]...)
		c.want(c.run(sync.Full), sync.Done)
		c.want(c.run(sync.Full), sync.Done)

		c.loses(empty)
		c.omni.ResetLog()
		report := c.run(sync.Full)
		c.want(report, sync.Done)
		if report.Kind != sync.Reconcile || len(report.Notes) == 0 || !strings.Contains(report.Notes[0], "the ledger is empty, though one was seen here before") {
			t.Errorf("a %s run noted %q", report.Kind, report.Notes)
		}
		if n := c.omni.Writes(); n > 0 {
			t.Errorf("it wrote to Omni %d times\n%s", n, printed(report))
		}
		asked := map[string]int{}
		for _, r := range c.omni.Requests() {
			if !strings.HasSuffix(r.Path, "/model-roles") { // asked of some groups
				asked[r.Method+" "+r.Path]++
			}
		}
		if want := map[string]int{"GET /api/scim/v2/Users": 1, "GET /api/scim/v2/Groups": 1, "GET /api/v1/user-attributes": 1, "GET /api/v1/whoami": 1}; !maps.Equal(asked, want) {
			t.Errorf("it asked Omni %v", asked)
		}
		next := c.run(sync.Full)
		c.want(next, sync.Done)
		if next.Kind != sync.Full || len(next.Changes) > 0 {
			t.Errorf("the next run, %s, was not silent:\n%s", next.Kind, printed(next))
		}
	})
}

// Who was taken out of a group while the ledger was gone is seen by the run that
// builds it again: that they are still in it in Omni waits for a person.
func TestMembersOfALostLedger(t *testing.T) {
	c := newCompany(t, defaults())
	empty := embedded(t)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		people := c.join("ada@acme.co", "bob@acme.co", "cyd@acme.co", "dan@acme.co")
		sales, _ := c.push("Sales", people...)
		c.want(c.run(sync.Full), sync.Done)
		c.okta.RemoveMember(sales, people[3])
		c.loses(empty)
		c.run(sync.Full)
		next := c.run(sync.Full)
		c.want(next, sync.Holding)
		if n := len(c.teamOf("Sales")); n != 4 {
			t.Errorf("Sales has %d members, want all 4", n)
		}
		if _, err := c.engine.Decide(t.Context(), sync.Verdict{Run: next.Run, Decision: state.Approved, By: "ada"}); err != nil {
			t.Fatal(err)
		}
		c.want(c.run(sync.Full), sync.Done)
		if n := len(c.teamOf("Sales")); n != 3 {
			t.Errorf("approved, and Sales has %d members", n)
		}
	})
}

// What the archive gave back of a lost ledger doesn't mean that anybody is in step.
func TestStatusOfALostLedger(t *testing.T) {
	c := newCompany(t, defaults())
	empty := embedded(t)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		c.join("ada@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		c.loses(empty)
		var b state.Batch
		state.Add(&b, state.Runs, state.Run{Run: "restored", Outcome: string(sync.Done)})
		if err := c.store.Apply(t.Context(), c.fence, b); err != nil {
			t.Fatal(err)
		}
		for _, want := range []sync.Health{sync.Behind, sync.InStep} {
			s, err := c.engine.Status(t.Context())
			if err != nil || s.Last == nil || s.State != want {
				t.Errorf("the status is %+v, %v; want %s", s, err, want)
			}
			c.want(c.run(sync.Full), sync.Done)
		}
	})
}

// A process that only stood by has seen the ledger too, and notices that it was
// lost. What it sees of a lost one doesn't make it forget.
func TestStandbyNoticesALoss(t *testing.T) {
	c := newCompany(t, defaults())
	empty := embedded(t)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		c.join("ada@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		c.archived() // that of another machine, which stands by
		before := c.engine.Glimpse(t.Context())
		c.loses(empty)
		if err := errors.Join(before, c.engine.Glimpse(t.Context())); err != nil {
			t.Fatal(err)
		}
		report := c.run(sync.Full)
		c.want(report, sync.Done)
		if report.Kind != sync.Reconcile || len(report.Notes) == 0 || !strings.Contains(report.Notes[0], "the ledger is empty, though one was seen here before") {
			t.Errorf("a %s run noted %q", report.Kind, report.Notes)
		}
	})
}

// Who was unassigned while the ledger was gone is found in the System Log, and
// waits for a person.
func TestLeaversOfALostLedger(t *testing.T) {
	for _, decision := range []state.Decision{state.Approved, state.Rejected} {
		c := newCompany(t, defaults())
		empty := embedded(t)
		simulatedOn(t, c, func(c *company) {
			c.archived()
			people := c.join("ada@acme.co", "bob@acme.co", "cyd@acme.co", "dan@acme.co")
			c.omni.AddUser("bot@acme.co", "The Bot")
			c.want(c.run(sync.Full), sync.Done)

			c.okta.Unassign(people[0])
			c.okta.SetStatus(people[1], "DEPROVISIONED")
			c.okta.Unassign(people[2])
			c.okta.Assign(people[2], simokta.AssignOptions{})
			c.loses(empty)
			<-time.After(time.Hour)
			report := c.run(sync.Full)
			c.want(report, sync.Holding)
			var waiting []string
			for _, ch := range report.Changes {
				if ch.State == state.Held && strings.Contains(ch.Reason, "unassigned in Okta since") {
					waiting = append(waiting, ch.Kind+" "+ch.UserName)
				}
			}
			if want := []string{"deactivate ada@acme.co", "deactivate bob@acme.co"}; !slices.Equal(waiting, want) {
				t.Fatalf("%q wait, want %q\n%s", waiting, want, printed(report))
			}
			c.wantActive("ada@acme.co", "bob@acme.co", "bot@acme.co", "cyd@acme.co", "dan@acme.co")
			<-time.After(48 * time.Hour) // no grace ends what a person must decide
			again := c.run(sync.Full)
			c.want(again, sync.Holding)
			c.wantActive("ada@acme.co", "bob@acme.co", "bot@acme.co", "cyd@acme.co", "dan@acme.co")

			if _, err := c.engine.Decide(t.Context(), sync.Verdict{Run: report.Run, Decision: decision, By: "grace"}); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Minute)
			c.want(c.run(sync.Full), sync.Done)
			if decision == state.Approved {
				c.wantActive("bot@acme.co", "cyd@acme.co", "dan@acme.co")
			} else {
				c.wantActive("ada@acme.co", "bob@acme.co", "bot@acme.co", "cyd@acme.co", "dan@acme.co")
			}
		})
	}
}

// An older copy of the ledger: what it says of people may be long over.
func TestOlderCopyOfALedger(t *testing.T) {
	first := newMemory()
	c := newCompanyOn(t, lenient(), first, 60)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		people := c.join("ada@acme.co", "bob@acme.co", "cyd@acme.co")
		group, _ := c.push("Sales", people...)
		c.want(c.run(sync.Full), sync.Done)
		old := first.copied()

		c.okta.RemoveMember(group, people[2])
		c.join("dan@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Unassign(people[0])
		c.okta.RemoveMember(group, people[1])
		<-time.After(time.Hour)

		c.loses(old)
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		if !strings.Contains(report.Notes[0], "the ledger is an older copy") {
			t.Errorf("noted: %q", report.Notes)
		}
		c.wantActive("ada@acme.co", "bob@acme.co", "cyd@acme.co", "dan@acme.co")
		if got := c.teamOf("Sales"); !slices.Equal(got, []string{"ada@acme.co", "bob@acme.co"}) {
			t.Errorf("members are %q", got)
		}
		if _, err := c.engine.Decide(t.Context(), sync.Verdict{Run: report.Run, Decision: state.Approved, By: "grace"}); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		c.want(c.run(sync.Full), sync.Done)
		c.wantActive("bob@acme.co", "cyd@acme.co", "dan@acme.co")
	})
}

// A loss stays one until a run has read both sides whole.
func TestLossOutlivesADoubtfulRun(t *testing.T) {
	c := newCompany(t, lenient())
	empty := embedded(t)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		people := c.join("ada@acme.co", "bob@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Unassign(people[0])
		c.loses(empty)
		c.omniFaults.Add(sim.Fault{Method: "GET", Path: "/api/scim/v2/Groups", Times: 10, Do: sim.Truncate(30)})
		c.want(c.run(sync.Full), sync.Doubtful)
		c.omniFaults.Clear()
		<-time.After(time.Hour)
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		if report.Kind != sync.Reconcile {
			t.Errorf("the run after a doubtful one is %s", report.Kind)
		}
		c.wantActive("ada@acme.co", "bob@acme.co")
	})
}

// What the archive kept comes back: the log, the runs, and what was rejected.
func TestArchiveRebuilds(t *testing.T) {
	c := newCompany(t, defaults())
	empty := embedded(t)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		people := c.join(staff(40)...)
		c.want(c.run(sync.Full), sync.Done)
		for _, id := range people[:5] {
			c.okta.Unassign(id)
		}
		<-time.After(48 * time.Hour)
		held := c.run(sync.Full)
		c.want(held, sync.Holding)
		if _, err := c.engine.Decide(t.Context(), sync.Verdict{Run: held.Run, Decision: state.Rejected, By: "grace"}); err != nil {
			t.Fatal(err)
		}
		log, runs := c.logged(), len(c.runs())
		c.loses(empty)
		report := c.run(sync.Full)
		c.want(report, sync.Done) // the rejections stand
		for i, line := range log {
			if got := c.logged(); i >= len(got) || got[i] != line {
				t.Fatalf("line %d of the log isn't what it was: %s", i, line)
			}
		}
		if got := len(c.runs()); got != runs+1 {
			t.Errorf("%d runs are known, want the %d of before and this one", got, runs)
		}
	})
}

// What the log had let go of because it was old doesn't come back.
func TestArchiveRebuildsNoOldLines(t *testing.T) {
	c := newCompany(t, defaults())
	empty := embedded(t)
	simulatedOn(t, c, func(c *company) {
		c.keep = 48 * time.Hour
		c.archived()
		c.join("ada@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		<-time.After(40 * time.Hour)
		c.join("bob@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		<-time.After(10 * time.Hour)
		log := c.logged()
		c.loses(empty)
		c.want(c.run(sync.Full), sync.Done)
		if got := c.logged(); len(log) != 2 || !slices.Equal(got[:1], log[1:]) {
			t.Errorf("of %q came back %q", log, got)
		}
		if got := c.runs(); len(got) != 2 {
			t.Errorf("%d runs are known, want the young one and this one", len(got))
		}
	})
}

// An archive that can't be written to is told, and stops nothing.
func TestArchiveBroken(t *testing.T) {
	c := newCompany(t, defaults())
	simulatedOn(t, c, func(c *company) {
		dir := c.t.TempDir()
		kept, err := archive.Open(filepath.Join(dir, "archive"), "acme")
		if err != nil {
			t.Fatal(err)
		}
		c.archive = kept
		c.start()
		if err := os.RemoveAll(filepath.Join(dir, "archive")); err != nil {
			t.Fatal(err)
		}
		c.join("ada@acme.co")
		report := c.run(sync.Full)
		c.want(report, sync.Done)
		if !slices.ContainsFunc(report.Notes, func(n string) bool { return strings.HasPrefix(n, "the archive could not be written: ") }) {
			t.Errorf("notes: %q", report.Notes)
		}
		c.wantActive("ada@acme.co")
	})
}

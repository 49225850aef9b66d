package sync_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// owned is what changes tell of what leavers own, a word each: schedules/recipients/documents.
func owned(changes []state.Change) string {
	var list []string
	for _, c := range changes {
		word := ""
		for i, n := range []*int{c.Schedules, c.Recipients, c.Documents} {
			word += strings.Repeat("/", min(i, 1))
			if n != nil {
				word += fmt.Sprint(*n)
			}
		}
		list = append(list, word)
	}
	return strings.Join(list, " ")
}

// asked counts what Omni was asked about schedules and documents since it was reset.
func (c *company) askedWhatIsOwned() (n int) {
	for _, r := range c.omni.Requests() {
		if strings.Contains(r.Path, "schedules") || strings.Contains(r.Path, "documents") {
			n++
		}
	}
	return n
}

// Who decides about removals that wait is told what goes with them: it is asked for once,
// and where Omni doesn't tell a part of it, that again in the next run.
func TestHeldLeaversOwn(t *testing.T) {
	for _, leavers := range []int{3, 10} {
		simulated(t, defaults(), func(c *company) {
			ids := c.join(staff(40)...)
			c.want(c.run(sync.Full), sync.Done)
			var none, some, all []string
			for i := range leavers {
				owner := omniUser(c, staff(40)[i]).ID
				c.okta.Unassign(ids[i])
				for range i {
					c.omni.AddSchedule(owner, "Weekly", "x@acme.co", "y@acme.co")
				}
				if i == 1 {
					c.omni.AddDocument(owner, "Pipeline")
				}
				documents := map[bool]int{true: 1}[i == 1]
				none, some, all = append(none, "//"), append(some, fmt.Sprintf("//%d", documents)), append(all, fmt.Sprintf("%d/%d/%d", i, 2*i, documents))
			}
			want := func(what string, list []state.Change, want []string) {
				if got := owned(list); got != strings.Join(want, " ") {
					t.Errorf("%d leavers, %s: they own %s, want %s", leavers, what, got, want)
				}
			}
			schedules := c.omniFaults.Add(sim.Fault{Path: "/api/v1/schedules", Do: sim.Status(403, "", nil)})
			documents := c.omniFaults.Add(sim.Fault{Path: "/api/v1/documents", Do: sim.Status(403, "", nil)})
			c.want(c.run(sync.Full), sync.Holding)
			want("nothing is told", c.status().Held[0].Changes, none)
			documents.Remove()
			c.want(c.run(sync.Full), sync.Holding)
			want("documents are told", c.status().Held[0].Changes, some)
			schedules.Remove()
			c.omni.ResetLog()
			again := c.run(sync.Full)
			want("all is told", c.status().Held[0].Changes, all)
			want("in the report", again.Changes, all)
			if asked, most := c.askedWhatIsOwned(), map[int]int{3: 3, 10: 1}[leavers]; asked != most {
				t.Errorf("Omni was asked %d times, want %d", asked, most)
			}
			c.omni.ResetLog()
			c.run(sync.Full)
			if asked := c.askedWhatIsOwned(); asked > 0 {
				t.Errorf("it is asked for again, %d times", asked)
			}
			c.want(c.run(sync.Reconcile), sync.Holding)
			decided, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: c.status().Held[0].Run, Decision: state.Approved, By: "ada"})
			want("approved", decided.Decided, all)
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Who looks at a plan is told what those own who would go, or wait; nothing is written,
// and the ledger learns nothing.
func TestPlannedLeaversOwn(t *testing.T) {
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		simulated(t, defaults(), func(c *company) {
			ids := c.join(staff(40)...)
			c.want(c.run(sync.Full), sync.Done)
			owner := omniUser(c, staff(40)[0]).ID
			c.omni.AddSchedule(owner, "Weekly", "x@acme.co")
			c.omni.AddSchedule(owner, "Daily", "x@acme.co", "y@acme.co")
			c.omni.AddDocument(owner, "Pipeline")
			c.okta.Unassign(ids[0])
			c.omni.ResetLog()
			dry := c.pass(sync.Request{Kind: kind, DryRun: true})
			if got := owned(dry.Changes); got != "2/3/1" || dry.Changes[0].State != state.Planned || c.omni.Writes() > 0 {
				t.Errorf("%s: one who would go owns %s\n%s", kind, got, printed(dry))
			}
			for _, id := range ids[1:5] {
				c.okta.Unassign(id)
			}
			held := c.pass(sync.Request{Kind: kind, DryRun: true})
			if got := owned(held.Changes); got != "2/3/1 0/0/0 0/0/0 0/0/0 0/0/0" || held.Changes[0].State != state.Held || len(c.status().Held) > 0 {
				t.Errorf("%s: those who would wait own %s\n%s", kind, got, printed(held))
			}
		})
	}
}

// Too many schedules to count are not counted at each run. Who else is asked about is.
func TestTooManyToCount(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		ids := c.join(staff(40)...)
		c.want(c.run(sync.Full), sync.Done)
		for _, id := range ids[:10] {
			c.okta.Unassign(id)
		}
		c.omniFaults.Add(sim.Fault{Path: "/api/v1/schedules", Do: sim.Body(200, "application/json", `{"pageInfo": {"hasNextPage": true, "nextCursor": "2", "totalRecords": 9000}, "records": []}`)})
		c.run(sync.Full)
		c.omni.ResetLog()
		c.run(sync.Full)
		if got := owned(c.status().Held[0].Changes[:2]); got != "//0 //0" || c.askedWhatIsOwned() > 0 {
			t.Errorf("they own %s, and Omni was asked %d times", got, c.askedWhatIsOwned())
		}
	})
}

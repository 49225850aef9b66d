package sync_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// More leavers than hand over at once: who waits in between goes on from where it was.
func TestManyHandOverAtOnce(t *testing.T) {
	simulated(t, handsOver(state.Save, state.LeaveAlone), func(c *company) {
		ids := c.join(staff(20)...)
		c.want(c.run(sync.Full), sync.Done)
		for i, id := range ids[:8] {
			owner := c.omniID(fmt.Sprintf("person%03d@acme.co", i))
			for n := range 30 {
				c.omni.AddSchedule(owner, fmt.Sprint(i, "'s ", n))
			}
			c.okta.Unassign(id)
		}
		began := time.Now()
		for c.omniActive(ids[:8]) > 0 {
			if time.Since(began) > 3*time.Hour {
				c.t.Fatalf("not over: %d", c.omniActive(ids[:8]))
			}
			c.run(sync.Full)
		}
		if saved := len(c.savedNames()); saved != 8*30 {
			c.t.Errorf("%d are saved", saved)
		}
	})
}

func (c *company) omniActive(ids []string) int {
	n := 0
	for i := range ids {
		if u, _ := c.omni.User(fmt.Sprintf("person%03d@acme.co", i)); u.Active {
			n++
		}
	}
	return n
}

// What Omni lists and doesn't give is a failure that is told, not a handover that goes on for good.
func TestListedAndNotThere(t *testing.T) {
	simulated(t, handsOver(state.Save, state.LeaveAlone), func(c *company) {
		ids := c.join(staff(4)...)
		c.want(c.run(sync.Full), sync.Done)
		id := c.omni.AddSchedule(c.omniID("person000@acme.co"), "Weekly")
		c.omniFaults.Add(sim.Fault{Method: "GET", Path: "/api/v1/schedules/" + id, Do: sim.Status(404, `{"message":"not found"}`, nil)})
		c.okta.Unassign(ids[0])
		before := time.Now()
		report := c.run(sync.Full)
		if took := time.Since(before); took > 2*time.Minute || report.Outcome != sync.Failing {
			c.t.Errorf("the run took %s and ended %s\n%s", took, report.Outcome, printed(report))
		}
		if !omniUser(c, "person000@acme.co").Active {
			c.t.Error("it ended")
		}
	})
}

// An answer that there is no such list isn't one that nothing is owned.
func TestNoListOfSchedules(t *testing.T) {
	simulated(t, handsOver(state.Save, state.LeaveAlone), func(c *company) {
		ids := c.join(staff(4)...)
		c.want(c.run(sync.Full), sync.Done)
		c.omni.AddSchedule(c.omniID("person000@acme.co"), "Weekly")
		c.omniFaults.Add(sim.Fault{Method: "GET", Path: "/api/v1/schedules", Do: sim.Status(404, `{"message":"not found"}`, nil)})
		c.okta.Unassign(ids[0])
		report := c.run(sync.Full)
		if !omniUser(c, "person000@acme.co").Active || len(c.omni.Lost()) > 0 {
			c.t.Errorf("it ended, lost %v\n%s", c.omni.Lost(), printed(report))
		}
	})
}

// Who owns so much that reading it takes longer than a slice leaves all the same.
func TestMuchToRead(t *testing.T) {
	simulated(t, handsOver(state.Save, state.LeaveAlone), func(c *company) {
		ids := c.join(staff(4)...)
		c.want(c.run(sync.Full), sync.Done)
		ann := c.omniID("person000@acme.co")
		c.omni.AddSchedule(ann, "Weekly")
		for i := range 1500 {
			c.omni.AddDocument(ann, fmt.Sprint("D", i))
		}
		c.okta.Unassign(ids[0])
		c.want(c.run(sync.Full), sync.Done)
		if omniUser(c, "person000@acme.co").Active {
			c.t.Errorf("it doesn't end: %v", len(c.leavers()))
		}
	})
}

// One schedule that Omni can't give keeps the membership, and holds nothing else up.
func TestOneBadItem(t *testing.T) {
	c := newCompany(t, handsOver(state.Transfer, state.LeaveAlone))
	c.rules.Candidates = []string{"person001@acme.co"}
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(4)...)
		c.want(c.run(sync.Full), sync.Done)
		ann := c.omniID("person000@acme.co")
		bad := c.omni.AddSchedule(ann, "Bad")
		c.omni.AddSchedule(ann, "Weekly")
		broken := c.omniFaults.Add(sim.Fault{Method: "PUT", Path: "/api/v1/schedules/" + bad + "/transfer-ownership", Do: sim.Status(500, `{}`, nil)})
		c.okta.Unassign(ids[0])
		report := c.run(sync.Full)
		if !omniUser(c, "person000@acme.co").Active || c.ownerOf("Weekly") != "person001@acme.co" || report.Outcome != sync.Failing {
			c.t.Errorf("it ended, or the other schedule waits with %s:\n%s", c.ownerOf("Weekly"), printed(report))
		}
		broken.Remove()
		<-time.After(2 * time.Hour)
		c.want(c.run(sync.Full), sync.Done)
		if omniUser(c, "person000@acme.co").Active || c.ownerOf("Bad") != "person001@acme.co" {
			c.t.Error("it doesn't end")
		}
		for _, s := range c.keptOf("person000@acme.co") {
			if s.Restored == nil || s.Restored.To != "person001@acme.co" {
				c.t.Errorf("%q could be brought back although it has a new owner: %+v", s.Name, s.Restored)
			}
		}
	})
}

func (c *company) keptOf(who string) []state.Saved {
	c.t.Helper()
	list, err := c.engine.Saved(c.t.Context(), who)
	if err != nil || len(list) != 2 {
		c.t.Fatalf("%d are saved, %v", len(list), err)
	}
	return list
}

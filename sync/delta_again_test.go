package sync_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/sync"
)

// looksFor looks at the log each half minute for so long.
func (c *company) looksFor(d time.Duration) {
	c.t.Helper()
	for range d / (30 * time.Second) {
		<-time.After(30 * time.Second)
		c.watch()
	}
}

// What couldn't be read or confirmed, no event tells of a second time: deltas look at
// it again by themselves once Okta answers.
func TestDeltaLooksAgain(t *testing.T) {
	down := func(path string) sim.Fault {
		return sim.Fault{Path: path, Do: sim.Status(http.StatusServiceUnavailable, "", nil)}
	}
	for name, row := range map[string]struct {
		broken sim.Fault
		do     func(c *company, id, group string)
	}{
		"the user can't be read":            {down("/api/v1/apps/*/users/*"), func(c *company, id, _ string) { c.okta.UpdateProfile(id, map[string]any{"department": "Ops"}) }},
		"the departure can't be confirmed":  {down("/api/v1/users/*"), func(c *company, id, _ string) { c.okta.Unassign(id) }},
		"the app can't be read for it":      {down("/api/v1/apps/*"), func(c *company, id, _ string) { c.okta.Unassign(id) }},
		"the group can't be read":           {down("/api/v1/groups"), func(c *company, _, group string) { c.okta.RenameGroup(group, "Vendors") }},
		"the user's groups can't be read":   {down("/api/v1/users/*/groups"), func(c *company, id, group string) { c.okta.RemoveMember(group, id) }},
		"the mappings can't be read":        {down("/api/v1/apps/*/group-push/mappings"), func(c *company, id, _ string) { c.push("More", id) }},
		"the mapping can't be confirmed":    {down("/api/v1/apps/*/group-push/mappings/*"), func(c *company, _, group string) { c.okta.Unpush(c.okta.Push(group)) }},
		"the list of joiners can't be read": {down("/api/v1/apps/*/users"), func(c *company, _, _ string) { c.join("n1@acme.co", "n2@acme.co", "n3@acme.co") }},
	} {
		t.Run(name, func(t *testing.T) {
			followed(t, 30, func(c *company, ids []string, group string) {
				c.policy.OnUnpush = "delete"
				c.start()
				c.want(c.run(sync.Full), sync.Done)
				c.watch()
				c.oktaFaults.Add(row.broken)
				row.do(c, ids[0], group)
				<-time.After(30 * time.Second)
				w := c.watch()
				if w.Report == nil || w.Report.Outcome != sync.Doubtful && len(c.oktaAsked.All()) > 0 {
					t.Fatalf("nothing went wrong: %v %s", w.Report.Doubts, printed(*w.Report))
				}
				c.looksFor(5 * time.Minute)
				c.oktaFaults.Clear()
				c.looksFor(30 * time.Minute)
				c.converged()
				if _, pushed := c.okta.Pushed()[group]; !pushed && len(c.omni.Groups()) > 0 {
					t.Errorf("Omni still has %v", c.omni.Groups())
				}
				if st := c.status(); st.Log.Again != 0 {
					t.Errorf("%d objects are still to be looked at again", st.Log.Again)
				}
				c.silent()
			})
		})
	}
}

// A group that is let go of in the same look as somebody gets an account is let go of.
func TestDeltaLetsAGroupGoBesideAJoiner(t *testing.T) {
	followed(t, 30, func(c *company, ids []string, group string) {
		late := c.okta.AddUser(simokta.User{Login: "late@acme.co", FirstName: "La", LastName: "Te"})
		c.okta.AddMember(group, late)
		c.want(c.run(sync.Full), sync.Done) // who is in a group and has no account stands in the ledger
		c.watch()
		c.okta.Assign(late, simokta.AssignOptions{})
		c.okta.Unpush(c.okta.Push(group))
		<-time.After(30 * time.Second)
		w := c.watch()
		if w.Report == nil || w.Report.Counts[string(sync.Release)] != 1 {
			t.Fatalf("the group isn't let go of: %v %s", w.Report.Doubts, printed(*w.Report))
		}
	})
}

// A list of members that breaks off takes nobody out of a group, whatever the delta
// knew of the group before.
func TestPromise2DeltaOfABrokenList(t *testing.T) {
	followed(t, 30, func(c *company, ids []string, group string) {
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/groups/*/users", Do: sim.Status(http.StatusServiceUnavailable, "", nil)})
		for _, id := range ids[:20] { // so many that the list is the cheaper reading
			c.okta.RemoveMember(group, id)
			c.okta.AddMember(group, id)
		}
		<-time.After(30 * time.Second)
		c.want(*c.watch().Report, sync.Doubtful)
		if n := len(c.teamOf("Sales")); n != 30 {
			c.t.Fatalf("%d of 30 members are left, though nobody left", n)
		}
		c.oktaFaults.Clear()
		c.looksFor(10 * time.Minute)
		c.inStep()
	})
}

// What isn't synced any more isn't looked at again, however often it couldn't be read.
func TestDeltaForgetsWhatIsGone(t *testing.T) {
	followed(t, 30, func(c *company, ids []string, group string) {
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/groups/*/users", Do: sim.Status(http.StatusServiceUnavailable, "", nil)})
		for _, id := range ids[:20] { // so many that the list is the cheaper reading
			c.okta.RemoveMember(group, id)
		}
		<-time.After(30 * time.Second)
		w := c.watch()
		if c.status().Log.Again == 0 {
			c.t.Fatalf("nothing is to be looked at again, which proves nothing: %v %s", w.Report.Doubts, printed(*w.Report))
		}
		c.okta.Unpush(c.okta.Push(group))
		c.looksFor(2 * time.Hour)
		if n := c.status().Log.Again; n != 0 {
			t.Errorf("%d objects are still to be looked at again", n)
		}
	})
}

// What a full run couldn't read of groups, while it led the log past their events,
// deltas look at by themselves once Okta answers.
func TestDeltaLooksAtWhatTheFullRunCouldNot(t *testing.T) {
	for path, change := range map[string]func(c *company, id, group string){
		"/api/v1/groups":                     func(c *company, _, group string) { c.okta.RenameGroup(group, "Vendors") },
		"/api/v1/groups/*/users":             func(c *company, id, group string) { c.okta.RemoveMember(group, id) },
		"/api/v1/apps/*/group-push/mappings": func(c *company, id, _ string) { c.push("More", id) },
	} {
		t.Run(path, func(t *testing.T) {
			following(t, lenient(), func(c *company, ids []string, group string) {
				change(c, ids[0], group)
				c.okta.ForgetCursors()
				<-time.After(30 * time.Second)
				if w := c.watch(); w.Wider != sync.Full {
					t.Fatalf("a forgotten place leads to %+v, want a full run", w)
				}
				c.oktaFaults.Add(sim.Fault{Path: path, Do: sim.Status(http.StatusForbidden, `{"errorCode":"E0000006"}`, nil)})
				c.want(c.run(sync.Full), sync.Doubtful)
				c.oktaFaults.Clear()
				c.looksFor(5 * time.Minute)
				c.inStep()
				if again := c.status().Log.Again; again != 0 {
					t.Errorf("%d objects are still to be looked at again", again)
				}
				c.silent()
			})
		})
	}
}

// A group that is renamed while somebody leaves it who is in no other is renamed, though
// its members are read once more because of it.
func TestDeltaRenamesBesideALeaver(t *testing.T) {
	followed(t, 30, func(c *company, ids []string, group string) {
		lone := c.join("lone@acme.co")[0]
		c.okta.AddMember(group, lone)
		c.want(c.run(sync.Full), sync.Done)
		c.watch()
		c.okta.RemoveMember(group, lone)
		c.okta.RenameGroup(group, "Vendors")
		<-time.After(30 * time.Second)
		c.watch()
		c.inStep()
	})
}

package sync_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Promise 1, ours only: what isn't managed is told and never changed.
func TestPromise1OursOnly(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		bot := c.omni.AddUser("bot@acme.co", "The Bot")
		c.omni.AddGroup("Board", bot)
		ids := c.join(staff(3)...)
		c.push("Sales", ids...)
		report := c.run(sync.Reconcile)
		c.want(report, sync.Done)
		c.omni.EditGroup(team(c, "Sales").ID, "Sales", append(c.memberIDs("Sales"), bot)...)
		c.okta.Unassign(ids[0])
		report = c.run(sync.Reconcile)
		c.want(report, sync.Done)
		if u, _ := c.omni.User("bot@acme.co"); !u.Active || u.DisplayName != "The Bot" {
			c.t.Errorf("the unmanaged user became %+v", u)
		}
		if got := c.teamOf("Sales"); len(got) != 3 || got[0] != "bot@acme.co" {
			c.t.Errorf("the unmanaged member is gone: %v", got)
		}
		if got := c.teamOf("Board"); len(got) != 1 {
			c.t.Errorf("the unmanaged group has %v", got)
		}
		told := strings.Join(report.Notes, "\n")
		if !strings.Contains(told, "bot@acme.co") || !strings.Contains(told, "Board") {
			c.t.Errorf("what is left alone isn't told: %q", told)
		}
	})
}

// Promise 2, no removal on doubt: whatever is wrong with a reading, nobody
// leaves and no membership ends because of it.
func TestPromise2NoRemovalOnDoubt(t *testing.T) {
	const users, mappings, members = "/api/v1/apps/*/users", "/api/v1/apps/*/group-push/mappings", "/api/v1/groups/*/users"
	empty := sim.Body(http.StatusOK, "application/json", "[]")
	for _, fault := range []struct {
		name  string
		path  string
		do    sim.Effect
		knobs func(*simokta.Knobs)
		staff int // 30 where the fault doesn't need a second page
	}{
		{name: "users: empty", path: users, do: empty},
		{name: "users: 500", path: users, do: sim.Status(http.StatusInternalServerError, `{"errorCode":"E0000009"}`, nil)},
		{name: "users: 403", path: users, do: sim.Status(http.StatusForbidden, `{"errorCode":"E0000006"}`, nil)},
		{name: "users: cut", path: users, do: sim.CutAfter()},
		{name: "users: truncated", path: users, do: sim.Truncate(300)},
		{name: "users: not JSON", path: users, do: sim.Body(http.StatusOK, "text/html", "<html>please sign in</html>")},
		{name: "users: an object", path: users, do: sim.Body(http.StatusOK, "application/json", "{}")},
		{name: "users: denied in silence", knobs: func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedSilence, users }},
		{name: "users: pages loop", knobs: func(k *simokta.Knobs) { k.LoopPath = users }, staff: 510},
		{name: "users: ends early", knobs: func(k *simokta.Knobs) { k.EndEarlyPath = users }, staff: 510},
		{name: "mappings: empty", path: mappings, do: empty},
		{name: "mappings: 502", path: mappings, do: sim.Body(http.StatusBadGateway, "text/html", "<html>Bad Gateway</html>")},
		{name: "mappings: truncated", path: mappings, do: sim.Truncate(30)},
		{name: "groups: 500", path: "/api/v1/groups", do: sim.Status(http.StatusInternalServerError, "{}", nil)},
		{name: "group: HTML 404", path: "/api/v1/groups/*", do: sim.Body(http.StatusNotFound, "text/html", "<html>not here</html>")},
		{name: "members: empty", path: members, do: empty},
		{name: "members: 500", path: members, do: sim.Status(http.StatusInternalServerError, "{}", nil)},
		{name: "members: truncated", path: members, do: sim.Truncate(300)},
		{name: "members: ends early", knobs: func(k *simokta.Knobs) { k.EndEarlyPath = members }, staff: 1010},
		{name: "app: inactive", knobs: func(k *simokta.Knobs) { k.AppStatus = "INACTIVE" }},
		{name: "app: implicit assignment", knobs: func(k *simokta.Knobs) { k.ImplicitAssignment = true }},
		{name: "app: no group push", knobs: func(k *simokta.Knobs) { k.Features = []string{"PUSH_NEW_USERS"} }},
		{name: "everything denied in silence", knobs: func(k *simokta.Knobs) { k.Denied = simokta.DeniedSilence }},
	} {
		for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
			t.Run(fault.name+"/"+string(kind), func(t *testing.T) {
				simulated(t, lenient(), func(c *company) {
					ids := c.join(staff(max(fault.staff, 30))...)
					c.push("Sales", ids...)
					c.push("Ops", ids[:5]...)
					c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
					c.run(sync.Full)
					before := snapshot(c)
					if fault.do != nil {
						c.oktaFaults.Add(sim.Fault{Path: fault.path, Do: fault.do})
					}
					if fault.knobs != nil {
						c.okta.SetKnobs(fault.knobs)
					}
					report, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: kind, AllMembers: true})
					if err == nil && report.Outcome != sync.Doubtful {
						c.t.Errorf("the run ended %q, with doubts %v", report.Outcome, report.Doubts)
					}
					if after := snapshot(c); after != before {
						c.t.Errorf("Omni changed\nfrom %s\nto   %s\n%s", before, after, printed(report))
					}
				})
			})
		}
	}
}

// The last one of a company isn't let go unasked because the list is empty, even
// though Okta confirms it: an empty list is doubt.
func TestPromise2EmptyListAsks(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		ids := c.join("ada@acme.co")
		c.run(sync.Full)
		c.okta.Unassign(ids[0])
		report := c.run(sync.Full)
		c.want(report, sync.Doubtful)
		if active(c) != 1 {
			c.t.Fatalf("an empty list removed somebody\n%s", printed(report))
		}
		if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: report.Run, Decision: state.Approved, By: "ada"}); err != nil {
			c.t.Fatal(err)
		}
		c.run(sync.Full)
		if active(c) != 0 {
			c.t.Error("what was approved and confirmed isn't done")
		}
	})
}

// Promise 3, convergence: after the faults end, one reconcile brings Omni to
// Okta's state, and the next run writes nothing.
func TestPromise3Convergence(t *testing.T) {
	for _, fault := range []struct {
		name string
		do   sim.Effect
	}{
		{"500", sim.Status(http.StatusInternalServerError, "{}", nil)},
		{"502 with HTML", sim.Body(http.StatusBadGateway, "text/html", "<html>Bad Gateway</html>")},
		{"429", sim.Status(http.StatusTooManyRequests, `{"error":"limit","message":"slow down"}`, nil)},
		{"cut before", sim.CutBefore()},
		{"cut after", sim.CutAfter()},
		{"truncated", sim.Truncate(10)},
		{"slow", sim.Delay(time.Minute)},
		{"twice", sim.Twice()},
	} {
		for every := 1; every <= 7; every += 3 {
			t.Run(fmt.Sprintf("%s/from request %d", fault.name, every), func(t *testing.T) {
				simulated(t, lenient(), func(c *company) {
					ids := c.join(staff(8)...)
					c.push("Sales", ids[:5]...)
					planted := c.omniFaults.Add(sim.Fault{Path: "/api/scim/*/*", Do: fault.do, Skip: every, Times: 6})
					one := c.omniFaults.Add(sim.Fault{Path: "/api/scim/*/*/*", Do: fault.do, Times: 4})
					_, _ = c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Full})
					c.okta.Unassign(ids[0])
					c.okta.UpdateProfile(ids[1], map[string]any{"department": "Legal"})
					_, _ = c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Full, Insist: true})
					if planted.Fired()+one.Fired() == 0 {
						c.t.Fatal("the fault never fired")
					}
					c.omniFaults.Clear()
					c.want(c.run(sync.Reconcile), sync.Done)
					c.inStep()
				})
			})
		}
	}
}

// Promise 7, removals are guarded: over the threshold they wait for approval,
// and everything else goes on.
func TestPromise7RemovalsAreGuarded(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		ids := c.join(staff(200)...)
		c.push("Sales", ids[:100]...)
		c.run(sync.Full)
		for _, id := range ids[:60] { // 30 %
			c.okta.Unassign(id)
		}
		c.join("joiner@acme.co")
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		if n := active(c); n != 201 {
			c.t.Fatalf("%d users are active, want 201", n)
		}
		if got := len(c.teamOf("Sales")); got != 100 {
			c.t.Errorf("Sales has %d members, want all 100", got)
		}
		if _, ok := c.omni.User("joiner@acme.co"); !ok {
			c.t.Error("the joiner of the same run wasn't provisioned")
		}
		c.okta.Assign(ids[0], simokta.AssignOptions{}) // comes back while it is held
		decided, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: report.Run, Decision: state.Approved, By: "ada"})
		if err != nil || len(decided.Decided) != 60 {
			c.t.Fatalf("approved %d, %v", len(decided.Decided), err)
		}
		c.want(c.run(sync.Full), sync.Done)
		if n := active(c); n != 201-59 {
			c.t.Errorf("%d users are active after the approval, want %d", n, 201-59)
		}
		c.inStep()
	})
}

// A rejected removal isn't done, and isn't asked for again.
func TestPromise7Rejected(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		ids := c.join(staff(40)...)
		c.run(sync.Full)
		for _, id := range ids[:10] {
			c.okta.Unassign(id)
		}
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: report.Run, Decision: state.Rejected, By: "ada"}); err != nil {
			c.t.Fatal(err)
		}
		second, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: report.Run, Decision: state.Approved, By: "bob"})
		if err != nil || len(second.Decided) != 0 || len(second.Already) != 10 {
			c.t.Errorf("a second decision counted: %+v, %v", second, err)
		}
		c.want(c.run(sync.Full), sync.Done)
		c.want(c.run(sync.Reconcile), sync.Done)
		if n := active(c); n != 40 {
			c.t.Errorf("%d users are active, want all 40", n)
		}
		c.okta.SetStatus(ids[0], "DEPROVISIONED") // outlives the rejection: proposed anew, and one is always let through
		c.want(c.run(sync.Full), sync.Done)
		if n := active(c); n != 39 {
			c.t.Errorf("%d users are active after one was deactivated in Okta, want 39", n)
		}
	})
}

// A slow drip is caught by the window as one wave would be.
func TestPromise7Drip(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		ids := c.join(staff(100)...) // the smaller of 25 and 5 %: five a day
		c.run(sync.Full)
		for i := range 10 {
			c.okta.Unassign(ids[i])
			report := c.run(sync.Full)
			if want := map[bool]sync.Outcome{true: sync.Done, false: sync.Holding}[i < 5]; report.Outcome != want {
				c.t.Fatalf("leaver %d: the run ended %q, want %q\n%s", i+1, report.Outcome, want, printed(report))
			}
			<-time.After(time.Hour)
		}
		if n := active(c); n != 95 {
			c.t.Errorf("%d users are active, want 95", n)
		}
	})
}

// Updates that a changed policy causes wait for approval too.
func TestPromise7ChangedPolicy(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		c.join(staff(40)...)
		c.run(sync.Full)
		c.rules = mapping.Rules{Scope: "true", DisplayName: `"Dr. " + user.lastName`, Attributes: c.rules.Attributes}
		c.start()
		c.omni.ResetLog()
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		if n := c.omni.Writes(); n != 0 {
			c.t.Errorf("%d writes before the approval", n)
		}
		if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: report.Run, Decision: state.Approved, By: "ada"}); err != nil {
			c.t.Fatal(err)
		}
		c.want(c.run(sync.Full), sync.Done)
		if n := c.omni.Writes(); n != 40 {
			c.t.Errorf("%d writes after the approval, want one for each of 40", n)
		}
		c.inStep()
	})
}

// Promise 10, assignment rules: a pushed group creates nobody; who is in it and
// not assigned yet joins it at the moment of assignment.
func TestPromise10AssignmentRules(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(3)...)
		waiting := c.okta.AddUser(simokta.User{Login: "waiting@acme.co"})
		c.push("Sales", append(ids, waiting)...)
		c.want(c.run(sync.Full), sync.Done)
		if _, ok := c.omni.User("waiting@acme.co"); ok {
			c.t.Fatal("the group made an account")
		}
		c.okta.Assign(waiting, simokta.AssignOptions{})
		c.want(c.run(sync.Full), sync.Done) // the group itself didn't move
		if got := c.teamOf("Sales"); len(got) != 4 {
			c.t.Errorf("Sales has %v", got)
		}
		c.inStep()
	})
}

// Promise 11, no accidental reactivation: nothing but an assignment brings a
// deactivated user back, whatever else changes about them.
func TestPromise11NoAccidentalReactivation(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(4)...)
		sales, _ := c.push("Sales", ids...)
		c.run(sync.Full)
		c.okta.Unassign(ids[0])
		c.run(sync.Full)
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal", "lastName": "Other"})
		c.okta.RemoveMember(sales, ids[0])
		c.okta.AddMember(sales, ids[0])
		c.okta.RenameGroup(sales, "Sales EMEA")
		c.omni.EditUser(omniUser(c, "person000@acme.co").ID, func(u *simomni.User) { u.DisplayName = "Edited by hand" })
		for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
			c.want(c.run(kind), sync.Done)
			if omniUser(c, "person000@acme.co").Active {
				c.t.Fatalf("a %s run brought the leaver back", kind)
			}
		}
	})
}

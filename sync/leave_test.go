package sync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// out tells who is on the way out, and at which step.
func (c *company) out() string {
	c.t.Helper()
	list, err := c.engine.Leavers(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	var words []string
	for _, v := range list {
		words = append(words, fmt.Sprintf("%s: %s", v.UserName, v.Step))
	}
	return strings.Join(words, ", ")
}

func (c *company) endsGrace(a sync.AtOnce, want fault.Kind) sync.Leaver {
	c.t.Helper()
	v, err := c.engine.LeaveAtOnce(c.t.Context(), a)
	if fault.KindOf(err) != want || (err == nil) != (want == fault.Other) {
		c.t.Fatalf("%+v: %v, want %s", a, err, want)
	}
	return v
}

// graceful keeps leavers for a day.
func graceful() sync.Policy {
	p := lenient()
	p.Grace = 24 * time.Hour
	return p
}

// The list follows what runs find: in grace, held, kept, ended, assigned again.
func TestLeaversFollowRuns(t *testing.T) {
	policy := graceful()
	policy.Grace = 12 * time.Hour
	policy.Guard.Deactivations = sync.Limit{Count: 2, Percent: 100}
	policy.Protected = []string{"person003@*"}
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(6)...)
		c.run(sync.Full)
		if got := c.out(); got != "" {
			t.Errorf("nobody leaves, but %s", got)
		}
		c.okta.Unassign(ids[0])
		c.okta.SetStatus(ids[3], "DEPROVISIONED")
		c.run(sync.Full)
		if got, want := c.out(), "person000@acme.co: grace, person003@acme.co: kept"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if s := c.status(); fmt.Sprint(s.Leaving) != "map[grace:1 kept:1]" {
			t.Errorf("the status counts %v", s.Leaving)
		}
		c.okta.Unassign(ids[1])
		c.okta.Unassign(ids[2])
		c.run(sync.Full)
		if got, want := c.out(), "person000@acme.co: guard, person001@acme.co: guard, person002@acme.co: guard, person003@acme.co: kept"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		c.decide(state.Approved)
		if got, want := c.out(), "person000@acme.co: grace, person001@acme.co: grace, person002@acme.co: grace, person003@acme.co: kept"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		c.okta.Assign(ids[1], simokta.AssignOptions{})
		<-time.After(11 * time.Hour)
		c.run(sync.Full)
		<-time.After(2 * time.Hour)
		if got, want := c.out(), "person000@acme.co: confirm, person002@acme.co: confirm, person003@acme.co: kept"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		c.run(sync.Full)
		if got, want := c.out(), "person003@acme.co: kept"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// A grace that a person ended is over for full runs and deltas, after a restart too; it
// begins anew with the next leave. Who said so is in the log.
func TestLeaveAtOnce(t *testing.T) {
	simulated(t, graceful(), func(c *company) {
		c.archived()
		c.start()
		ids := c.join(staff(3)...)
		c.run(sync.Full)
		c.watch()
		c.okta.Unassign(ids[0])
		c.run(sync.Full)
		c.endsGrace(sync.AtOnce{Subject: "nobody@acme.co", Confirm: "nobody@acme.co", By: "eve"}, fault.NotFound)
		c.endsGrace(sync.AtOnce{Subject: "person001@acme.co", Confirm: "person001@acme.co", By: "eve"}, fault.NotFound)
		c.endsGrace(sync.AtOnce{Subject: "person000@acme.co", Confirm: "person001@acme.co", By: "eve"}, fault.Refused)
		c.silent()
		<-time.After(time.Minute)
		v := c.endsGrace(sync.AtOnce{Subject: ids[0], Confirm: "Person000@acme.co", By: "eve"}, fault.Other)
		if v.Step != state.AtConfirm || v.AtOnce == nil || v.AtOnce.By != "eve" || !v.GraceUntil.IsZero() {
			t.Errorf("after the grace: %+v", v)
		}
		c.endsGrace(sync.AtOnce{Subject: ids[0], Confirm: "person000@acme.co", By: "bob"}, fault.Conflict)
		c.start() // another process takes over
		c.watch()
		if u, there := c.omni.User("person000@acme.co"); there && u.Active {
			t.Error("the delta after it left them active")
		}
		line := c.history()[1]
		if line.Kind != "end_grace" || line.Reason != "grace ended by eve" || line.UserName != "person000@acme.co" {
			t.Errorf("the log tells %+v", line)
		}
		if end := c.history()[0]; end.Kind != "deactivate" || !strings.Contains(end.Reason, "the grace was ended by eve") {
			t.Errorf("the log tells %+v", end)
		}

		c.okta.Assign(ids[0], simokta.AssignOptions{})
		c.run(sync.Full)
		c.okta.Unassign(ids[0])
		c.run(sync.Full)
		if got := c.out(); got != "person000@acme.co: grace" {
			t.Errorf("left once more: %s", got)
		}
	})
}

// Whoever ends a grace bypasses nothing else: not the guard, nor Okta's last word, nor
// who is protected.
func TestLeaveAtOnceBypassesNothing(t *testing.T) {
	policy := graceful()
	policy.Guard.Deactivations = sync.Limit{Count: 1, Percent: 100}
	policy.Protected = []string{"person002@*"}
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(4)...)
		c.run(sync.Full)
		for _, id := range ids[:3] {
			c.okta.Unassign(id)
		}
		c.run(sync.Full)
		c.endsGrace(sync.AtOnce{Subject: ids[2], Confirm: "person002@acme.co", By: "eve"}, fault.Refused)
		if v := c.endsGrace(sync.AtOnce{Subject: ids[0], Confirm: "person000@acme.co", By: "eve"}, fault.Other); v.Step != state.AtGuard {
			t.Errorf("the guard let them go: %+v", v)
		}
		c.user(ids[0])
		c.run(sync.Full)
		c.decide(state.Approved)
		c.okta.Assign(ids[0], simokta.AssignOptions{}) // which nobody has read yet
		c.user(ids[0])
		active := 0
		for _, name := range staff(4) {
			if u, there := c.omni.User(name); there && u.Active {
				active++
			}
		}
		if active != 4 {
			t.Errorf("%d are active", active)
		}
		if got := c.out(); got != "person001@acme.co: grace, person002@acme.co: kept" {
			t.Errorf("out: %s", got)
		}
	})
}

// What an admin sees before they approve names how much is at stake, and what becomes of it.
func TestHeldRemovalsTellTheHandover(t *testing.T) {
	policy := lenient()
	policy.Guard.Deactivations = sync.Limit{Count: 1, Percent: 100}
	policy.Handover = state.Handover{Schedules: state.Save, Documents: state.LeaveAlone}
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(3)...)
		c.run(sync.Full)
		user, _ := c.omni.User("person000@acme.co")
		c.omni.AddSchedule(user.ID, "Weekly", "x@acme.co")
		c.okta.Unassign(ids[0])
		c.okta.Unassign(ids[1])
		const says = "schedules saved, documents left alone before the end"
		for _, r := range []sync.Report{c.pass(sync.Request{Kind: sync.Full, DryRun: true}), c.run(sync.Full)} {
			for _, change := range r.Changes {
				if change.Handover != says {
					t.Errorf("%s of %s says %q", change.Kind, change.UserName, change.Handover)
				}
			}
		}
		if s := c.status(); s.Held[0].Changes[0].Handover != says {
			t.Errorf("the status tells %+v", s.Held[0].Changes[0])
		}
		for e, err := range state.All[state.Hold](t.Context(), c.store, state.Holds) {
			if err != nil || e.Value.Change.Handover != "" {
				t.Errorf("kept, although the policy may be another tomorrow: %+v, %v", e.Value.Change, err)
			}
		}
		list, err := c.engine.Leavers(t.Context())
		if err != nil || len(list) != 2 || list[0].Owns == nil || list[0].Owns.Schedules != 1 || list[0].Handover != says {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// A run that reads Okta meanwhile, and notes something else about the same person, doesn't
// undo the word.
func TestLeaveAtOnceBesideARun(t *testing.T) {
	policy := graceful()
	policy.GraceGone = 24 * time.Hour
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(3)...)
		c.run(sync.Full)
		c.okta.Unassign(ids[0])
		c.run(sync.Full)
		<-time.After(time.Minute)
		c.okta.SetStatus(ids[0], "DEPROVISIONED")
		slow := c.oktaFaults.Add(sim.Fault{Path: "/", Do: sim.Delay(5 * time.Second)})
		ended := make(chan sync.Report)
		go func() { ended <- c.run(sync.Full) }()
		<-time.After(7 * time.Second)
		c.endsGrace(sync.AtOnce{Subject: ids[0], Confirm: "person000@acme.co", By: "eve"}, fault.Other)
		<-ended
		slow.Remove()
		if u := c.record(ids[0]); u.AtOnce == nil || u.Account != "DEPROVISIONED" {
			t.Errorf("the ledger has %+v", u)
		}
		c.run(sync.Full)
		if u, there := c.omni.User("person000@acme.co"); there && u.Active {
			t.Error("who was to go at once stays")
		}
	})
}

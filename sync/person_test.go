package sync_test

import (
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// user makes a run about one person.
func (c *company) user(subject string) sync.Report {
	c.t.Helper()
	return c.pass(sync.Request{Kind: sync.User, Subject: subject, Insist: true, Cause: "command"})
}

// A run about Ann does nothing about Bob, however much there is to do: not to his account,
// not to his place in a group that both are in, and not to what waits or fails of his.
func TestUserRunLeavesOthersAlone(t *testing.T) {
	policy := lenient()
	policy.Guard.MemberRemovals = sync.Limit{Count: 1, Percent: 100}
	simulated(t, policy, func(c *company) {
		annID, bobID, sales := c.settled()
		catID := c.hire("Cat", "Hale", "Law")
		c.okta.Assign(catID, simokta.AssignOptions{})
		c.okta.AddMember(sales, catID)
		c.run(sync.Full)
		ops, _ := c.push("Ops", annID)
		c.run(sync.Full)
		c.okta.RemoveMember(sales, bobID)
		c.okta.RemoveMember(sales, catID)
		c.okta.RemoveMember(ops, annID)
		c.want(c.run(sync.Full), sync.Holding) // the removal of all three from their groups
		c.okta.UpdateProfile(bobID, map[string]any{"department": "Ops"})
		c.omniFaults.Add(sim.Fault{Method: "PATCH", Path: "/api/scim/v2/Users/" + omniUser(c, bob).ID, Do: sim.Status(400, `{}`, nil)})
		c.run(sync.Full)
		before, err := c.engine.Status(c.t.Context())
		if err != nil || len(before.Failing) != 1 {
			t.Fatalf("failing: %+v, %v", before.Failing, err)
		}

		c.okta.UpdateProfile(annID, map[string]any{"department": "Law"})
		c.okta.AddMember(ops, bobID)
		c.omni.ResetLog()
		r := c.user(ann)
		c.want(r, sync.Holding) // her own removal from Ops waits on
		if n := c.omni.Writes(); n != 1 || omniUser(c, ann).Attributes["department"][0] != "Law" {
			t.Errorf("%d writes: %s", n, snapshot(c))
		}
		if got := strings.Join(c.teamOf("Sales"), " "); got != "ann@acme.co bob@acme.co cat@acme.co" {
			t.Errorf("Sales has %s", got)
		}
		for _, change := range r.Changes {
			if change.UserName == bob || change.Group == "Sales" {
				t.Errorf("a change of Bob's: %+v", change)
			}
		}
		after, err := c.engine.Status(c.t.Context())
		if err != nil || len(after.Failing) != 1 || countHeld(after) != countHeld(before) {
			t.Errorf("failing %+v, held %d, want %d; %v", after.Failing, countHeld(after), countHeld(before), err)
		}
		c.want(c.run(sync.Full), sync.Failing) // what was left is done now, but for what fails and what waits
		if got := strings.Join(c.teamOf("Ops"), " "); got != "ann@acme.co bob@acme.co" {
			t.Errorf("Ops has %s", got)
		}
	})
}

func countHeld(s sync.Status) int {
	n := 0
	for _, h := range s.Held {
		n += h.Count
	}
	return n
}

// Promise 2: where Okta's answers about one person prove too little, nothing is removed.
func TestPromise2UserRunRemovesNothingOnDoubt(t *testing.T) {
	for name, knobs := range map[string]func(*simokta.Knobs){
		"groups hidden":    func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedSilence, "/api/v1/users/*/groups" },
		"groups refused":   func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedError, "/api/v1/users/*/groups" },
		"app user refused": func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedError, "/api/v1/apps/*/users/*" },
		"list hidden":      func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedSilence, "/api/v1/apps/*/users" },
		"status hidden":    func(k *simokta.Knobs) { k.Unembedded = true },
	} {
		t.Run(name, func(t *testing.T) {
			policy := lenient()
			policy.Settle = 0
			simulated(t, policy, func(c *company) {
				c.settled()
				c.okta.SetKnobs(knobs)
				c.omni.ResetLog()
				_, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.User, Subject: ann, Insist: true, Cause: "command"})
				if n := c.omni.Writes(); n > 0 {
					t.Errorf("%d writes, %v: %s", n, err, snapshot(c))
				}
			})
		})
	}
}

// Promise 7: runs about one person count in the guard's window like any other, so that
// many of them don't get round it.
func TestPromise7UserRunsAreGuarded(t *testing.T) {
	policy := defaults()
	policy.Guard.Deactivations, policy.Guard.Creations.Percent = sync.Limit{Count: 2, Percent: 100}, 10_000
	simulated(t, policy, func(c *company) {
		ids := c.crew(5)
		c.run(sync.Full)
		for _, id := range ids {
			c.okta.Unassign(id)
		}
		outcomes := map[sync.Outcome]int{}
		for _, name := range staff(5) {
			outcomes[c.user(name).Outcome]++
		}
		if outcomes[sync.Done] != 2 || outcomes[sync.Holding] != 3 || active(c) != 3 {
			t.Errorf("the runs ended as %v, and %d are active", outcomes, active(c))
		}
		c.approved()
		if r := c.user(staff(5)[4]); r.Outcome != sync.Done || active(c) != 2 {
			t.Errorf("approved, it ended as %s, and %d are active\n%s", r.Outcome, active(c), printed(r))
		}
	})
}

// A run about nobody, or one for which nothing can be read, leaves no trace in the ledger
// but what the runs of others would: a slip of the pen is no failing run.
func TestUserRunAboutNobody(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.settled()
		before := len(c.runs())
		for _, subject := range []string{"nobody@acme.co", "", " ", "00unobody"} {
			r, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.User, Subject: subject, Cause: "command"})
			if err == nil || fault.HintOf(err) == "" || r.Outcome != sync.Failing || len(c.runs()) != before {
				t.Errorf("%q: %v, %s, %d runs", subject, err, r.Outcome, len(c.runs())-before)
			}
		}
		if s, err := c.engine.Status(c.t.Context()); err != nil || s.State != sync.InStep {
			t.Errorf("the status is %s, %v", s.State, err)
		}
	})
}

// A run about one person goes on beside a load that takes ten minutes, and before its
// changes.
func TestUserRunGoesBesideOthers(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.settled()
		c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
		c.join(staff(600)...)
		l := c.loop(sync.Schedule{})
		c.during(l, func() {
			l.Wake(sync.Full)
			<-time.After(2 * time.Minute)
			if s, err := c.engine.Status(c.t.Context()); err != nil || s.Running == nil || s.Running.Kind != sync.Full {
				t.Fatalf("the load isn't under way: %+v, %v", s.Running, err)
			}
			late := staff(600)[599]
			began := time.Now()
			r, err := l.Do(c.t.Context(), sync.Request{Kind: sync.User, Subject: late, Insist: true, Cause: "command"})
			if err != nil || r.Outcome != sync.Done || time.Since(began) > time.Minute {
				t.Fatalf("%+v, %v, within %s", r.Outcome, err, time.Since(began))
			}
			if u, ok := c.omni.User(late); !ok || !u.Active {
				t.Errorf("there is no account: %+v", u)
			}
			<-time.After(time.Hour)
		})
		c.converged()
		created := map[string]int{}
		for _, change := range c.history() {
			if change.Kind == "create" && change.State == state.Applied && change.Group == "" {
				created[change.UserName]++
			}
		}
		if len(created) != 602 {
			t.Errorf("%d were created", len(created))
		}
	})
}

func (c *company) history() []state.Change {
	c.t.Helper()
	list, err := c.engine.History(c.t.Context(), sync.HistoryFilter{})
	if err != nil {
		c.t.Fatal(err)
	}
	return list
}

// Where an expression reads groups, the person's own groups tell them.
func TestUserRunMapsByGroups(t *testing.T) {
	c := newCompany(t, lenient())
	c.rules.Attributes = map[string]string{"department": `"Sales" in groups ? "selling" : null`}
	simulatedOn(t, c, func(c *company) {
		annID, _, sales := c.settled()
		if got := omniUser(c, ann).Attributes["department"]; len(got) != 1 || got[0] != "selling" {
			c.run(sync.Full)
		}
		c.okta.RemoveMember(sales, annID)
		c.want(c.user(ann), sync.Done)
		if got := omniUser(c, ann).Attributes["department"]; len(got) > 0 {
			t.Errorf("the department is %v", got)
		}
		if got := omniUser(c, bob).Attributes["department"]; len(got) != 1 {
			t.Errorf("Bob's department is %v", got)
		}
	})
}

// Without a credential for Okta, what it pushed is Okta's word: about one person too.
func TestUserRunOfAPushedPerson(t *testing.T) {
	policy := defaults()
	policy.Settle = 0
	pushing(t, policy, false, func(p *pushed) {
		id := p.hired(2)[0]
		who := people(2)[0]
		p.gathered("Crew", id)
		p.omni.EditUser(id, func(u *simomni.User) { u.DisplayName = "Somebody" })
		r := p.user(who.UserName)
		p.want(r, sync.Done)
		if u := omniUser(p.company, who.UserName); u.DisplayName == "Somebody" || len(r.Changes) != 1 {
			t.Errorf("%s, %s", snapshot(p.company), printed(r))
		}
		x, err := p.engine.Explain(p.t.Context(), who.UserName)
		if err != nil || x.Access != "yes" || !strings.Contains(x.Answer, "Okta's push said") || len(x.Person.Groups) != 1 {
			t.Errorf("%+v, %v", x, err)
		}
		if _, err := p.engine.Explain(p.t.Context(), "nobody@acme.co"); !fault.Is(err, fault.NotFound) {
			t.Errorf("nobody: %v", err)
		}
		if x, err := p.engine.Explain(p.t.Context(), "Crew"); err != nil || x.Group == nil || x.Group.InBoth != 1 {
			t.Errorf("%+v, %v", x, err)
		}
		p.silent()
	})
}

package sync

import (
	"fmt"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// leavers is a ledger of n active users, of whom the first m are to leave.
func leavers(n, m int) (*Ledger, []Change) {
	l := newLedger()
	var changes []Change
	for i := range n {
		id := identity.OktaID(fmt.Sprintf("u%03d", i))
		u := state.User{Omni: identity.OmniID("o" + id), Active: true}
		l.Users[id], l.Marks[id] = u, state.MarkOf(u)
		if i < m {
			changes = append(changes, Change{Kind: Deactivate, User: id, State: state.Planned})
		}
	}
	return l, changes
}

func guarded() Policy {
	p := testPolicy()
	p.Guard.Deactivations = Limit{Count: 25, Percent: 5}
	return p
}

func heldIn(j Judged) int {
	return len(pick(j.Changes, func(c Change) bool { return c.State == state.Held }))
}

// The smaller of count and percent, of what is there and what the window
// removed; one is always let through; all or none of a kind.
func TestGuardLimits(t *testing.T) {
	for _, row := range []struct{ there, leave, spent, held int }{
		{100, 5, 0, 0}, {100, 6, 0, 6}, // 5 %
		{1000, 25, 0, 0}, {1000, 26, 0, 26}, // the count
		{10, 1, 0, 0}, {10, 2, 0, 2}, // always one
		{95, 1, 5, 1}, {96, 1, 4, 0}, // what the window removed counts on both sides
	} {
		l, changes := leavers(row.there, row.leave)
		l.Window.Spent = []state.Spent{{At: noon.Add(-time.Hour), Count: map[string]int{guardDeactivations: row.spent}},
			{At: noon.Add(-25 * time.Hour), Count: map[string]int{guardDeactivations: 50}}} // out of the window
		if got := heldIn(judge(changes, Desired{}, l, guarded(), noon)); got != row.held {
			t.Errorf("%d there, %d leave, %d spent: %d held, want %d", row.there, row.leave, row.spent, got, row.held)
		}
	}
}

// An empty reading proves nothing by itself: not even one goes.
func TestGuardEmptyReading(t *testing.T) {
	l, changes := leavers(3, 1)
	if got := heldIn(judge(changes, Desired{Empty: true}, l, guarded(), noon)); got != 1 {
		t.Errorf("%d held, want 1", got)
	}
}

// What a person approved goes, and counts for nothing; an approval ends; what
// was rejected is kept; what waits goes on waiting.
func TestGuardDecisions(t *testing.T) {
	for _, row := range []struct {
		name string
		hold state.Hold
		want state.ChangeState
	}{
		{"approved", state.Hold{Decision: state.Approved, Until: noon.Add(time.Hour)}, state.Planned},
		{"approval ended", state.Hold{Decision: state.Approved, Until: noon.Add(-time.Hour)}, state.Held},
		{"rejected", state.Hold{Decision: state.Rejected, By: "ada"}, state.Kept},
		{"undecided", state.Hold{}, state.Held},
	} {
		l, changes := leavers(100, 1)
		l.Holds[changes[0].key()] = row.hold
		j := judge(changes, Desired{}, l, guarded(), noon)
		if got := j.Changes[0].State; got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		if asked := j.Asked[changes[0].key()]; asked != (row.want == state.Planned) {
			t.Errorf("%s: asked %t", row.name, asked)
		}
	}
}

// The end of an org admin always waits.
func TestGuardOrgAdmins(t *testing.T) {
	l, changes := leavers(1000, 1)
	u := l.Users["u000"]
	u.OrgAdmin = true
	l.Users["u000"] = u
	if j := judge(changes, Desired{}, l, guarded(), noon); j.Changes[0].State != state.Held || j.Changes[0].Guard != guardOrgAdmins {
		t.Errorf("an org admin's end is %s by %q", j.Changes[0].State, j.Changes[0].Guard)
	}
}

// Grace by what became of the Okta account, never less than settling.
func TestDue(t *testing.T) {
	p := Policy{Grace: 24 * time.Hour, GraceGone: 0, Settle: 10 * time.Second}
	for account, want := range map[string]time.Duration{
		"ACTIVE": 24 * time.Hour, "": 24 * time.Hour, "SUSPENDED": 24 * time.Hour,
		"DEPROVISIONED": 10 * time.Second, accountDeleted: 10 * time.Second,
	} {
		if got := p.due(state.User{Unassigned: &noon, Account: account}).Sub(noon); got != want {
			t.Errorf("%q: due after %s, want %s", account, got, want)
		}
	}
}

// Protected users are matched without letter case, and action none keeps everybody.
func TestKeptFromEnding(t *testing.T) {
	for _, row := range []struct {
		protected []string
		action    string
		want      state.ChangeState
	}{
		{nil, "deactivate", state.Planned}, {[]string{"*@ACME.co"}, "deactivate", state.Kept}, {nil, "none", state.Kept}, {[]string{"x*"}, "delete", state.Planned},
	} {
		p := testPolicy()
		p.Protected, p.Action = row.protected, row.action
		l := &Ledger{Users: map[identity.OktaID]state.User{"u": {Omni: "o", User: identity.User{UserName: "Ada@acme.co"}, Active: true}}}
		plan := Plan(Desired{AllUsers: true}, l, p)
		if len(plan) != 1 || plan[0].State != row.want {
			t.Errorf("protected %v, action %s:\n%s want %s", row.protected, row.action, list(plan), row.want)
		}
	}
}

// A selection of groups that was changed lets go of few unasked: what counts is
// their members.
func TestGuardReleasesOfAChangedPolicy(t *testing.T) {
	for _, row := range []struct {
		was     identity.Fingerprint
		present int
		want    state.ChangeState
	}{
		{"other", 5, state.Planned}, {"other", 6, state.Held}, {"same", 6, state.Planned}, {"", 6, state.Planned}, {"other", 0, state.Planned},
	} {
		l, _ := leavers(100, 0)
		l.Connection.Policy = row.was
		l.Groups["g"] = state.Group{Omni: "t", Present: row.present}
		p := testPolicy()
		p.Fingerprint, p.Guard.PolicyChange = "same", Limit{Count: 25, Percent: 5}
		j := judge([]Change{{Kind: Release, Group: "g", State: state.Planned}}, Desired{}, l, p, noon)
		if got := j.Changes[0].State; got != row.want {
			t.Errorf("the policy was %q, the group has %d members: %s, want %s", row.was, row.present, got, row.want)
		}
	}
}

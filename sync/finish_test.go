package sync

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// aRun is a run for what wants one.
func aRun() *run {
	return &run{id: "run1", request: Request{Kind: Full, Cause: "test"}, started: noon, logger: zap.NewNop(), ledger: newLedger()}
}

func heldEnd(id identity.OktaID) Change {
	return Change{Kind: Deactivate, User: id, Name: string(id) + "@x.co", State: state.Held, Guard: guardDeactivations, Reason: "too many"}
}

// The decisions that a change stands for.
func TestHoldKeys(t *testing.T) {
	to := "New@X.co"
	for _, row := range []struct {
		name string
		c    Change
		want string
	}{
		{"a deactivation", heldEnd("ada"), "deactivate:ada"},
		{"a deletion", Change{Kind: Delete, User: "ada"}, "delete:ada"},
		{"a group's deletion", Change{Kind: Delete, Group: "sales"}, "delete:sales"},
		{"an update", Change{Kind: Update, User: "ada"}, "update:ada"},
		{"a creation", Change{Kind: Create, User: "ada"}, "create:ada"},
		{"members who go", Change{Kind: Members, Group: "sales", Drop: []identity.OktaID{"ada", "bob"}}, "member:sales:ada member:sales:bob"},
		{"members who come and go", Change{Kind: Members, Group: "sales", Add: []identity.OktaID{"eve"}, Drop: []identity.OktaID{"ada"}}, "member:sales:ada"},
		{"a rename", Change{Kind: Update, User: "ada", Guard: guardRenames, Patch: identity.UserPatch{UserName: &to}}, "rename:ada:new@x.co"},
	} {
		if got := strings.Join(holdKeys(row.c), " "); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// A member's key is read as it was made, and no other key is.
func TestMemberKeys(t *testing.T) {
	if g, u, ok := memberOf(memberKey("00g1", "00u1")); g != "00g1" || u != "00u1" || !ok {
		t.Errorf("read as %s, %s, %t", g, u, ok)
	}
	for _, key := range []string{"", "deactivate:00u1", "member:00g1", "rename:00u1:a@x.co", "xmember:a:b"} {
		if _, _, ok := memberOf(key); ok {
			t.Errorf("%q is read as a member's key", key)
		}
	}
}

// What waits after a run, and what no longer does.
func TestHolds(t *testing.T) {
	waiting := state.Hold{Run: "run0", Guard: guardDeactivations, Change: state.Change{Reason: "too many, as told before"}}
	for _, row := range []struct {
		name    string
		changes []Change
		doubt   bool
		known   map[string]state.Hold
		want    string
		logged  int
	}{
		{"nothing", nil, false, nil, "", 0},
		{"held for the first time", []Change{heldEnd("ada")}, false, nil, "hold deactivate:ada [deactivations] too many", 1},
		{"held again: as it was", []Change{heldEnd("ada")}, false, map[string]state.Hold{"deactivate:ada": waiting}, "", 0},
		{"its approval ended", []Change{heldEnd("ada")}, false, map[string]state.Hold{"deactivate:ada": {Decision: state.Approved}}, "hold deactivate:ada [deactivations] too many", 1},
		{"no longer wanted", nil, false, map[string]state.Hold{"deactivate:ada": waiting}, "hold deactivate:ada over", 0},
		{"no longer wanted, approved", nil, false, map[string]state.Hold{"deactivate:ada": {Decision: state.Approved}}, "hold deactivate:ada over", 0},
		{"no longer wanted, rejected", nil, false, map[string]state.Hold{"deactivate:ada": {Decision: state.Rejected}}, "hold deactivate:ada over", 0},
		{"a doubtful reading ends none", nil, true, map[string]state.Hold{"deactivate:ada": waiting}, "", 0},
		{"a doubtful reading adds some", []Change{heldEnd("ada")}, true, nil, "hold deactivate:ada [deactivations] too many", 1},
		{"approved, about to be done", []Change{{Kind: Deactivate, User: "ada", State: state.Planned}}, false,
			map[string]state.Hold{"deactivate:ada": {Decision: state.Approved}}, "", 0},
		{"rejected, kept", []Change{{Kind: Deactivate, User: "ada", State: state.Kept}}, false,
			map[string]state.Hold{"deactivate:ada": {Decision: state.Rejected}}, "", 0},
		{"another kind of removal", []Change{{Kind: Delete, User: "ada", State: state.Planned}}, false,
			map[string]state.Hold{"deactivate:ada": waiting}, "hold deactivate:ada over", 0},
	} {
		l, d := newLedger(), Desired{}
		if row.known != nil {
			l.Holds = row.known
		}
		if row.doubt {
			d.Doubts = []string{"cut"}
		}
		n := holds(row.changes, d, l, aRun())
		sameLines(t, row.name, noted(n), row.want)
		if len(n.Log) != row.logged {
			t.Errorf("%s: %d lines of the log, want %d", row.name, len(n.Log), row.logged)
		}
	}
}

// A hold remembers the run that showed it first, since when, and the Okta
// account's status, against which a rejection is measured.
func TestHoldRemembers(t *testing.T) {
	l := scene{"", "ada active account=LOCKED_OUT"}.books()
	n := holds([]Change{heldEnd("ada")}, Desired{}, l, aRun())
	h := n.Holds["deactivate:ada"]
	if h.Run != "run1" || !h.Since.Equal(noon) || h.Account != "LOCKED_OUT" || h.Decision != state.None {
		t.Errorf("the hold is %+v", h)
	}
	if h.Change.UserName != "ada@x.co" || h.Change.Run != "run1" || h.Change.Cause != "test" || h.Change.State != state.Held {
		t.Errorf("the change is told as %+v", h.Change)
	}
}

// Members who wait in one group for one reason are one line of the log.
func TestHeldMembersAreOneLine(t *testing.T) {
	held := Change{Kind: Members, Group: "sales", State: state.Held, Guard: guardMemberRemovals, Reason: "too many"}
	held.Drop = []identity.OktaID{"ada", "bob", "eve"}
	n := holds([]Change{held}, Desired{}, newLedger(), aRun())
	if len(n.Holds) != 3 || len(n.Log) != 1 {
		t.Errorf("%d holds and %d lines, want 3 and 1", len(n.Holds), len(n.Log))
	}
}

// The rows: doubt before failure before hold.
func TestOutcome(t *testing.T) {
	for _, row := range []struct {
		doubts, failed, held int
		want                 Outcome
	}{
		{0, 0, 0, Done}, {0, 0, 2, Holding}, {0, 1, 0, Failing}, {0, 1, 1, Failing}, {1, 0, 0, Doubtful}, {1, 1, 1, Doubtful},
	} {
		r := Report{Doubts: make([]string, row.doubts), Counts: map[string]int{"failed": row.failed, "held": row.held, "kept": 3, "applied": 4}}
		if got := outcome(r); got != row.want {
			t.Errorf("%+v: %s, want %s", row, got, row.want)
		}
	}
}

// Failures of subjects for which nothing is planned any more are forgotten.
func TestSettledFailures(t *testing.T) {
	l := newLedger()
	for _, subject := range []string{"user:ada", "user:bob", "group:sales", "group:ops"} {
		l.Failing[subject] = state.Failure{}
	}
	n := newNotes()
	n.settled(Desired{}, []Change{{Kind: Update, User: "ada", State: state.Failed}, {Kind: Members, Group: "ops", State: state.Kept}}, l)
	sameLines(t, "forgotten", noted(n), "failing group:sales false\nfailing user:bob false")
}

// A held change keeps the policy's print from being believed; others don't.
func TestWaitsForAGuard(t *testing.T) {
	for _, row := range []struct {
		c    Change
		want bool
	}{
		{Change{Guard: guardPolicyChange, State: state.Held}, true}, {Change{Guard: guardPolicyChange, State: state.Kept}, false},
		{Change{Guard: guardDeactivations, State: state.Held}, false}, {Change{}, false},
	} {
		if got := waits([]Change{{}, row.c}, guardPolicyChange); got != row.want {
			t.Errorf("%+v: %t, want %t", row.c, got, row.want)
		}
	}
}

// What a reading that isn't confirmed keeps from being done: everything that
// takes something away, and nothing else.
func TestWithhold(t *testing.T) {
	facts := &state.Facts{Members: []string{"ada@x.co"}}
	got := withhold([]Change{
		{Kind: Deactivate, User: "ada", State: state.Planned, Reason: "r"},
		{Kind: Delete, User: "bob", State: state.Planned},
		{Kind: Deactivate, User: "eve", State: state.Held, Reason: "held before"},
		{Kind: Update, User: "kim", State: state.Planned},
		{Kind: Create, User: "lea", State: state.Planned},
		{Kind: Delete, Group: "old", State: state.Planned},
		{Kind: Release, Group: "law", State: state.Planned},
		{Kind: Create, Group: "new", Title: "New", State: state.Planned},
		{Kind: Members, Group: "a", State: state.Planned, Drop: []identity.OktaID{"ada"}, Before: facts},
		{Kind: Members, Group: "b", State: state.Planned, Add: []identity.OktaID{"lea"}, Drop: []identity.OktaID{"ada"}, Before: facts},
		{Kind: Rename, Group: "c", Title: "C", State: state.Planned, Drop: []identity.OktaID{"ada"}, Before: facts},
		{Kind: Members, Group: "d", State: state.Held, Drop: []identity.OktaID{"ada"}, Before: facts, Reason: "held before"},
	}, "Okta contradicts itself")
	sameLines(t, "withheld", told(got), `kept deactivate ada | not confirmed: Okta contradicts itself
		kept delete bob | not confirmed: Okta contradicts itself
		held deactivate eve | held before
		update kim
		create lea
		kept delete old | not confirmed: Okta contradicts itself
		kept release law | not confirmed: Okta contradicts itself
		create new: "New"
		members b: +lea
		rename c: "C"
		held members d: -ada | held before`)
	if len(facts.Members) != 1 {
		t.Error("the facts that were handed in are changed")
	}
	for _, c := range got {
		if c.Before != nil && len(c.Drop) == 0 && len(c.Before.Members) > 0 {
			t.Errorf("%s tells members who don't go", c.subject())
		}
	}
}

// What waits for its grace, by the clocks: ours must be within two minutes of
// Okta's, and what is due within the settling time is done now.
func TestWaits(t *testing.T) {
	e := &Engine{policy: Policy{Grace: 24 * time.Hour, Settle: 10 * time.Second}}
	ago := func(d time.Duration) *time.Time { at := noon.Add(-d); return &at }
	for _, row := range []struct {
		name string
		u    state.User
		skew time.Duration
		want string
	}{
		{"just unassigned", state.User{Unassigned: ago(0)}, 0, "kept: in grace until 2026-03-03T12:00:00Z"},
		{"half the grace", state.User{Unassigned: ago(12 * time.Hour)}, 0, "kept: in grace until 2026-03-03T00:00:00Z"},
		{"due in 11 s", state.User{Unassigned: ago(24*time.Hour - 11*time.Second)}, 0, "kept: in grace until 2026-03-02T12:00:11Z"},
		{"due in 10 s", state.User{Unassigned: ago(24*time.Hour - 10*time.Second)}, 0, "planned: r"},
		{"due", state.User{Unassigned: ago(24 * time.Hour)}, 0, "planned: r"},
		{"long due", state.User{Unassigned: ago(9000 * time.Hour)}, 0, "planned: r"},
		{"its grace was ended", state.User{Unassigned: ago(time.Minute), AtOnce: &state.AtOnce{}}, 0, "planned: r"},
		{"the account is gone", state.User{Unassigned: ago(0), Account: "DEPROVISIONED"}, 0, "planned: r"},
		{"nobody saw it", state.User{}, 0, "kept: in grace until 36812-02-20T00:36:16Z"},
		{"our clock is ahead", state.User{Unassigned: ago(48 * time.Hour)}, 121 * time.Second, "kept: our clock is 2m1s off Okta's, so no grace can be measured: set the clock right"},
		{"our clock is behind", state.User{Unassigned: ago(48 * time.Hour)}, -time.Hour, "kept: our clock is 1h0m0s off Okta's, so no grace can be measured: set the clock right"},
		{"within two minutes", state.User{Unassigned: ago(48 * time.Hour)}, -2 * time.Minute, "planned: r"},
	} {
		c := e.policy.waits(Change{Kind: Deactivate, State: state.Planned, Reason: "r"}, row.u, noon, row.skew)
		if got := fmt.Sprintf("%s: %s", c.State, c.Reason); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// A failing object is left alone until its delay is over, unless somebody insists.
func TestPostpone(t *testing.T) {
	l := newLedger()
	l.Failing["user:ada"] = state.Failure{Attempts: 3, Next: noon.Add(time.Hour), Change: state.Change{Error: "refused"}}
	l.Failing["user:bob"] = state.Failure{Attempts: 1, Next: noon.Add(-time.Second)}
	l.Failing["user:eve"] = state.Failure{Attempts: 1, Next: noon}
	l.Failing["user:sam"] = state.Failure{Attempts: 9, Shared: 9, Next: noon.Add(time.Minute), Cause: causeDown}
	l.Failing["user:leo"] = state.Failure{Attempts: 9, Next: noon.Add(removalEarly)}
	l.Failing["user:lea"] = state.Failure{Attempts: 1, Next: noon.Add(removalEarly + time.Second)}
	changes := []Change{{Kind: Update, User: "ada", State: state.Planned}, {Kind: Update, User: "bob", State: state.Planned},
		{Kind: Update, User: "eve", State: state.Planned}, {Kind: Deactivate, User: "ada", State: state.Held, Reason: "held"}, {Kind: Create, User: "new", State: state.Planned},
		{Kind: Update, User: "sam", State: state.Planned}, {Kind: Deactivate, User: "leo", State: state.Planned}, {Kind: Deactivate, User: "lea", State: state.Planned}}
	insists := func(whom ...string) func(string) bool {
		return func(subject string) bool { return slices.Contains(whom, subject) || slices.Contains(whom, "all") }
	}
	sameLines(t, "postponed", told(postpone(changes, l, noon, insists())), `failed update ada | failed 3 times, tried again at 2026-03-02T13:00:00Z
		update bob
		update eve
		held deactivate ada | held
		create new
		update sam
		deactivate leo
		failed deactivate lea | failed once, tried again at 2026-03-02T12:10:01Z`)
	if got := postpone(changes, l, noon, insists("user:bob"))[0].Error; got != "refused" {
		t.Errorf("the last error is told as %q", got)
	}
	sameLines(t, "insisting", told(postpone(changes, l, noon, insists("all"))), told(changes))
	if some := postpone(changes, l, noon, insists("user:ada")); some[0].State != state.Planned || some[len(some)-1].State != state.Failed {
		t.Errorf("insisting on one: %s", told(some))
	}
	if changes[0].State != state.Planned {
		t.Error("the changes that were handed in are changed")
	}
}

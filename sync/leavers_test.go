package sync

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// words tells of a leaver in one line.
func (v Leaver) words() string {
	line := fmt.Sprintf("%s since %s, %s", v.Step, v.Since.Format("15:04"), v.Goes())
	for _, more := range []string{v.Reason, v.Handover} {
		if more != "" {
			line += " | " + more
		}
	}
	if v.Owns != nil {
		line += " | " + v.Owns.Words() + ": " + v.Owns.Became()
	}
	if !v.Overdue.IsZero() {
		line += " | overdue since " + v.Overdue.Format("15:04")
	}
	return line
}

// leaves is an exit whose ledger has Ada, unassigned two hours ago, as one of ten.
func leaves(edit func(x *exits, u *state.User)) exits {
	x := exits{ledger: newLedger(), records: map[identity.OktaID]state.Leaver{}, now: noon, desired: Desired{Users: map[identity.OktaID]Person{}, Only: true}}
	x.policy = Policy{Action: "deactivate", Settle: 10 * time.Second, Guard: Guard{Window: 24 * time.Hour, Deactivations: Limit{Count: 5, Percent: 50}}}
	since := noon.Add(-2 * time.Hour)
	u := state.User{Omni: "o1", Active: true, Unassigned: &since, User: identity.User{UserName: "ada@x.co"}}
	edit(&x, &u)
	x.ledger.Users["ada"] = u
	x.ledger.Marks["ada"] = state.MarkOf(u)
	for i := range 9 {
		x.ledger.Marks[identity.OktaID(fmt.Sprint(i))] = state.Mark{Active: true}
	}
	x.desired.Users["ada"] = Person{Standing: identity.Unassigned, InScope: true}
	return x
}

// Where somebody is on the way out, row by row as the comment of Engine.leaver has them.
func TestLeaver(t *testing.T) {
	held := func(d state.Decision) state.Hold {
		n := 3
		return state.Hold{Change: state.Change{Reason: "too many", Schedules: &n}, Guard: guardDeactivations, Run: "r1", Since: noon.Add(-time.Hour),
			Decision: d, By: "eve", At: noon.Add(-30 * time.Minute), Until: noon.Add(time.Hour)}
	}
	key := userKey(Deactivate, "ada")
	record := func(x *exits, step state.Step, items ...state.Item) {
		x.records["ada"] = state.Leaver{Step: step, Since: noon.Add(-time.Hour), Read: noon, Items: items,
			Policy: state.Handover{Schedules: state.Transfer, Documents: state.Save, Within: 30 * time.Minute}}
	}
	item := func(k state.ItemKind, s state.ItemState) state.Item {
		return state.Item{Kind: k, Name: "W", State: s, To: "bob@x.co", Recipients: 2, Tried: []state.Tried{{To: "bob@x.co", Why: "no"}}}
	}
	for _, row := range []struct {
		name string
		edit func(x *exits, u *state.User)
		want string
	}{
		{"kept by policy", func(x *exits, _ *state.User) { x.policy.Action = "none" }, "kept since 10:00, doesn't go on | unassigned but kept (deprovision.action: none)"},
		{"protected, in spite of a record", func(x *exits, _ *state.User) {
			x.policy.Protected = []string{"ADA@*"}
			record(x, state.InHandover, item(state.Document, state.ItemSaved))
		}, `kept since 10:00, doesn't go on | protected by users.protected "ADA@*" | 1 document: 1 saved`},
		{"rejected", func(x *exits, _ *state.User) { x.ledger.Holds[key] = held(state.Rejected) },
			"kept since 11:30, doesn't go on | rejected by eve on 2026-03-02 | 3 schedules, documents not counted: "},
		{"the last admin, approved", func(x *exits, u *state.User) { u.OrgAdmin = true; x.ledger.Holds[key] = held(state.Approved) },
			"kept since 10:00, doesn't go on | the last active organization admin never leaves: make somebody else one in Omni first, then reconcile | 3 schedules, documents not counted: "},
		{"held, in grace", func(x *exits, _ *state.User) {
			x.policy.Grace, x.policy.Handover.Schedules = 24*time.Hour, state.Save
			x.ledger.Holds[key] = held(state.None)
		}, "guard since 11:00, when somebody approves it | too many | schedules saved, documents left alone before the end | 3 schedules, documents not counted: "},
		{"to be held, which no run has shown", func(x *exits, _ *state.User) {
			x.ledger.Window.Spent = []state.Spent{{At: noon, Count: map[string]int{guardDeactivations: 5}}}
		},
			"guard since 10:00, when somebody approves it | 1 deactivations are wanted and 5 were done within 24h0m0s; the limit is 5 (guard.deactivations)"},
		{"approved, in grace", func(x *exits, _ *state.User) {
			x.policy.Grace, x.ledger.Holds[key] = 24*time.Hour, held(state.Approved)
		},
			"grace since 10:00, 2026-03-03T10:00:00Z | in grace until 2026-03-03T10:00:00Z | 3 schedules, documents not counted: "},
		{"deactivated in Okta, whose grace is shorter", func(x *exits, u *state.User) {
			x.policy.Grace, x.policy.GraceGone, u.Account = 24*time.Hour, 3*time.Hour, "DEPROVISIONED"
		}, "grace since 10:00, 2026-03-02T13:00:00Z | in grace until 2026-03-02T13:00:00Z"},
		{"grace ended by a person", func(x *exits, u *state.User) {
			x.policy.Grace, u.AtOnce = 24*time.Hour, &state.AtOnce{By: "eve", At: noon}
		},
			"confirm since 10:00, with the next run"},
		{"settles", func(_ *exits, u *state.User) { u.Unassigned = new(noon.Add(-time.Second)) }, "grace since 11:59, 2026-03-02T12:00:09Z | settles until 2026-03-02T12:00:09Z"},
		{"the clocks differ", func(x *exits, _ *state.User) { x.skew = time.Hour },
			"grace since 10:00, when the clocks agree | our clock is 1h0m0s off Okta's, so no grace can be measured: set the clock right"},
		{"in grace once more, in spite of a record", func(x *exits, _ *state.User) {
			x.policy.Grace = 24 * time.Hour
			record(x, state.InHandover)
		}, "grace since 10:00, 2026-03-03T10:00:00Z | in grace until 2026-03-03T10:00:00Z | nothing: "},
		{"in handover", func(x *exits, _ *state.User) {
			record(x, state.InHandover, item(state.Schedule, state.ItemTransferred), item(state.Schedule, state.ItemRefused), item(state.Schedule, state.ItemWaiting), item(state.Document, state.ItemGone))
		}, `handover since 11:00, with the next run | nobody can take over schedule "W" (bob@x.co: no) | schedules given to others and run with their data access from then on, documents saved before the end` +
			` | 3 schedules to 6 recipients and 1 document: 1 given to bob@x.co, 1 waits, 1 refused by all who might take over, 1 gone meanwhile | overdue since 11:30`},
		{"in handover, tried later", func(x *exits, _ *state.User) {
			record(x, state.InHandover)
			l := x.records["ada"]
			l.Policy, l.Error, l.Next = state.Handover{}, "503", noon.Add(time.Minute)
			x.records["ada"] = l
		}, "handover since 11:00, 2026-03-02T12:01:00Z | 503 | nothing: "},
		{"being read", func(x *exits, _ *state.User) { x.records["ada"] = state.Leaver{Step: state.AtReading, Since: noon} }, "inventory since 12:00, with the next run"},
		{"read for too long", func(x *exits, _ *state.User) {
			x.records["ada"] = state.Leaver{Step: state.AtReading, Since: noon.Add(-2 * time.Hour), Policy: state.Handover{Within: time.Hour}}
		}, "inventory since 10:00, with the next run | overdue since 11:00"},
		{"the end failed", func(x *exits, _ *state.User) {
			x.ledger.Failing["user:ada"] = state.Failure{Change: state.Change{Error: "500"}, Since: noon, Next: noon.Add(time.Hour), Attempts: 2}
		}, "end since 12:00, 2026-03-02T13:00:00Z | 500"},
		{"to be read", func(x *exits, _ *state.User) { x.policy.Handover.Documents = state.Transfer },
			"inventory since 10:00, with the next run | schedules left alone, documents given to others before the end"},
		{"about to end", func(*exits, *state.User) {}, "confirm since 10:00, with the next run"},
	} {
		x := leaves(row.edit)
		for _, c := range x.judged() {
			if got := x.leaver(c).words(); got != row.want {
				t.Errorf("%s:\n%s, want\n%s", row.name, got, row.want)
			}
		}
	}
}

// A grace is ended only where one keeps somebody.
func TestEndable(t *testing.T) {
	for _, row := range []struct {
		v    Leaver
		kind fault.Kind
		want string
	}{
		{Leaver{Step: state.InGrace, GraceUntil: noon}, fault.Other, ""},
		{Leaver{Step: state.AtGuard, GraceUntil: noon}, fault.Other, ""},
		{Leaver{Step: state.AtGuard}, fault.Refused, "it is over: the end of the membership waits for approval"},
		{Leaver{Step: state.InHandover}, fault.Refused, "it is over"},
		{Leaver{Step: Staying, GraceUntil: noon, Reason: "protected"}, fault.Refused, "no grace keeps them: protected"},
		{Leaver{Step: state.InGrace, GraceUntil: noon, AtOnce: &state.AtOnce{By: "eve", At: noon}}, fault.Conflict, "eve did so at 2026-03-02T12:00:00Z"},
	} {
		switch err := row.v.Endable(); {
		case row.want == "" && err != nil, row.want != "" && (!fault.Is(err, row.kind) || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%+v: %v, want %q", row.v, err, row.want)
		}
	}
}

// What a reading found that began before somebody ended the grace doesn't undo it, but a
// new assignment does.
func TestAtOnceAndReadings(t *testing.T) {
	since, said := noon, &state.AtOnce{By: "eve", At: noon}
	for _, row := range []struct {
		name    string
		reading state.User
		stays   bool
	}{
		{"of another status", state.User{Unassigned: &since, Account: "DEPROVISIONED"}, true},
		{"of a new assignment", state.User{Account: "ACTIVE"}, false},
	} {
		l, n, told := newLedger(), newNotes(), newNotes()
		u := state.User{Omni: "o1", Active: true, Unassigned: &since, AtOnce: said, Account: "ACTIVE"}
		l.Users["ada"] = u
		told.user("ada", u)
		n.user("ada", row.reading)
		n.keepDone([]Notes{told}, l)
		got := n.Users["ada"]
		if (got.AtOnce == said) != row.stays || got.Account != row.reading.Account || !got.Active {
			t.Errorf("%s: %+v", row.name, got)
		}
	}
	u := observeUser(state.User{Unassigned: &since, AtOnce: said}, Person{Standing: identity.Assigned, InScope: true}, noon)
	if u.AtOnce != nil || u.Unassigned != nil {
		t.Errorf("assigned again: %+v", u)
	}
}

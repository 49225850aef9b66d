package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// applying is an applier over a ledger in memory.
func applying(l *Ledger) *applier {
	return &applier{engine: &Engine{policy: testPolicy(), locks: newLocks()}, run: aRun(), ledger: l, managed: testPolicy().Attributes, asked: map[string]bool{}, ended: map[string]chan struct{}{},
		slots: make(chan struct{}, 4), stop: func(error) {}}
}

// What a failure leads to, by its kind: its cause, the delay that it names, and whether it ends the run.
func TestFailedByKind(t *testing.T) {
	for _, row := range []struct {
		name  string
		err   error
		state state.ChangeState
		retry time.Duration
		cause string
		stops bool
	}{
		{"refused", &fault.Error{Kind: fault.Refused}, state.Failed, 0, "refused", false},
		{"refused for a day", &fault.Error{Kind: fault.Refused, After: 24 * time.Hour}, state.Failed, 24 * time.Hour, "refused", false},
		{"conflict", &fault.Error{Kind: fault.Conflict}, state.Failed, 0, "refused", false},
		{"unavailable", &fault.Error{Kind: fault.Unavailable}, state.Failed, 0, causeDown, false},
		{"unavailable, says when", &fault.Error{Kind: fault.Unavailable, After: time.Hour}, state.Failed, 0, causeDown, false},
		{"limited", &fault.Error{Kind: fault.Limited, After: time.Hour}, state.Failed, 0, causeBusy, false},
		{"unauthorized", &fault.Error{Kind: fault.Unauthorized}, state.Failed, 0, causeCredential, true},
		{"unknown", errors.New("what"), state.Failed, 0, causeOther, false},
		{"a refusal that was cut short", fmt.Errorf("x: %w", context.Canceled), state.Planned, 0, "", false},
		{"a deadline", context.DeadlineExceeded, state.Planned, 0, "", false},
	} {
		a := applying(newLedger())
		stops := false
		a.stop = func(error) { stops = true }
		c := a.failed(Change{Kind: Update, User: "ada", State: state.Planned}, row.err)
		if c.State != row.state || c.Retry != row.retry || c.Why != row.cause || stops != row.stops || c.Error == "" || (c.Reason == "") != (c.Why == "") {
			t.Errorf("%s: %s, retry after %s, cause %q (%s), stops %t; %+v", row.name, c.State, c.Retry, c.Why, c.Reason, stops, row)
		}
	}
}

// there is an Omni that only says whether it is there.
type there struct {
	Omni
	answers bool
	asked   int
}

func (o *there) Answers(context.Context) bool { o.asked++; return o.answers }

// Silence stops the run, after five changes in a row and ten seconds; an answer begins
// anew, whoever gets it. The first that is silent has Omni asked whether it is there.
func TestSilenceIsCounted(t *testing.T) { synctest.Test(t, silence) }

func silence(t *testing.T) {
	omni := &there{}
	a := applying(newLedger())
	a.engine.o.Omni = omni
	var why error
	a.stop = func(err error) { why = err }
	silent := func() Change {
		c := a.failed(Change{Kind: Update, User: "ada"}, &fault.Error{Kind: fault.Unavailable, Op: "update ada"})
		return a.unanswered(t.Context(), c, time.Now())
	}
	for range 3 * unavailableInRow {
		if c := silent(); c.Why != causeDown {
			t.Fatalf("an Omni that is away counts as %s", c.Why)
		}
	}
	if omni.asked != 1 {
		t.Errorf("Omni was asked %d times whether it is there", omni.asked)
	}
	omni.answers, a.silent = true, 0
	for _, want := range []string{causeAlone, causeDown} {
		if c := silent(); c.Why != want {
			t.Errorf("where Omni lets itself be read alone it counts as %s, want %s", c.Why, want)
		}
	}
	omni.answers, a.silent, why = false, 0, nil
	<-time.After(time.Second)
	for i := range unavailableInRow {
		if why != nil {
			t.Fatalf("stopped at silence %d", i)
		}
		silent()
		<-time.After(unavailableFor / (unavailableInRow - 1))
	}
	if !fault.Is(why, fault.Unavailable) || !errors.Is(why, a.broke) || fault.HintOf(why) == "" {
		t.Errorf("stopped with %v", why)
	}
	mute := time.Now()
	<-time.After(time.Second)
	a.hears(identity.Answer{Method: "GET", Status: 200})
	if c := a.unanswered(t.Context(), Change{Why: causeDown}, mute); c.Why != causeDown {
		t.Errorf("while others are only read it counts as %s", c.Why)
	}
	a.hears(identity.Answer{Method: "PATCH", Status: 404})
	if c := a.unanswered(t.Context(), Change{Why: causeDown}, mute); c.Why != causeAlone {
		t.Errorf("while others are answered it counts as %s", c.Why)
	}
	for _, status := range []int{0, 429, 500, 503} {
		if a.hears(identity.Answer{Status: status}) {
			t.Errorf("%d counts as an answer", status)
		}
	}
}

// The delays of a failure: doubled from a minute to a day, as Omni says, hourly
// for what takes access away; since when is kept.
func TestFailureDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			name     string
			c        Change
			attempts int
			want     time.Duration
		}{
			{"the first", Change{Kind: Update}, 0, time.Minute}, {"the second", Change{Kind: Update}, 1, 2 * time.Minute},
			{"the eleventh", Change{Kind: Create}, 10, 1024 * time.Minute}, {"the twelfth", Change{Kind: Update}, 11, 24 * time.Hour},
			{"the hundredth", Change{Kind: Update}, 99, 24 * time.Hour},
			{"as it was said", Change{Kind: Update, Retry: 7 * time.Hour}, 5, 7 * time.Hour},
			{"a deactivation", Change{Kind: Deactivate}, 3, 8 * time.Minute}, {"a deactivation, later", Change{Kind: Deactivate}, 30, time.Hour},
			{"a deletion, as it was said", Change{Kind: Delete, Retry: 24 * time.Hour}, 0, time.Hour},
			{"members who go", Change{Kind: Members, Drop: []identity.OktaID{"x"}}, 30, time.Hour},
			{"members who come", Change{Kind: Members, Add: []identity.OktaID{"x"}}, 30, 24 * time.Hour},
			{"a group's deletion", Change{Kind: Delete, Group: "sales"}, 30, 24 * time.Hour},
			{"Omni is down", Change{Kind: Update, Why: causeDown}, 30, time.Minute}, {"Omni is busy", Change{Kind: Update, Why: causeBusy}, 30, time.Minute},
			{"the key is refused", Change{Kind: Deactivate, Why: causeCredential}, 30, 5 * time.Minute},
			{"Omni fails at it alone", Change{Kind: Update, Why: causeAlone}, 4, 16 * time.Minute},
		} {
			if row.c.Kind != Members && row.c.Group == "" {
				row.c.User = "ada"
			} else {
				row.c.Group = "sales"
			}
			l := newLedger()
			since := time.Now().Add(-100 * time.Hour)
			if row.attempts > 0 {
				l.Failing[row.c.subject()] = state.Failure{Attempts: row.attempts, Since: since}
			} else {
				since = time.Now()
			}
			f := applying(l).failure(row.c)
			if got := time.Until(f.Next); got != row.want || f.Attempts != row.attempts+1 || !f.Since.Equal(since) {
				t.Errorf("%s: again in %s, attempt %d, since %s; want %s", row.name, got, f.Attempts, f.Since, row.want)
			}
		}
	})
}

// Which requests may have had their effect although they failed.
func TestLost(t *testing.T) {
	for err, want := range map[error]bool{
		&fault.Error{Kind: fault.Unavailable}: true, errors.New("what"): true, context.Canceled: true, context.DeadlineExceeded: true,
		&fault.Error{Kind: fault.Unavailable, Err: context.Canceled}: true,
		&fault.Error{Kind: fault.Refused}:                            false, &fault.Error{Kind: fault.Limited}: false, &fault.Error{Kind: fault.Conflict}: false,
		&fault.Error{Kind: fault.Unauthorized}: false, &fault.Error{Kind: fault.NotFound}: false,
	} {
		if got := lost(err); got != want {
			t.Errorf("%v (%s): lost %t, want %t", err, fault.KindOf(err), got, want)
		}
	}
}

// Who is added: those whom Okta has in the group by now, who have an account and aren't in; nobody else.
func TestResolve(t *testing.T) {
	l := scene{"", "new active\nin active\nfound active\nout active\nback active\naway inactive\nsoon intended\nleft active\n#sales linked new:A in:P found:F out:A back:E away:A soon:A left:a"}.books()
	got := applying(l).resolve("sales", []identity.OktaID{"new", "in", "found", "out", "back", "away", "soon", "left", "stranger"})
	if ids := slices.Sorted(func(yield func(identity.OktaID) bool) {
		for id := range got {
			if !yield(id) {
				return
			}
		}
	}); !slices.Equal(ids, []identity.OktaID{"back", "new", "out"}) || got["back"] != "o-back" {
		t.Errorf("added are %v", got)
	}
}

// A change of members with nothing to send is done, or waits for its joiners.
func TestIdle(t *testing.T) {
	l := scene{"", "here active\naway inactive\n#sales linked here:P"}.books()
	for _, row := range []struct {
		add  []identity.OktaID
		want state.ChangeState
	}{{nil, state.Applied}, {[]identity.OktaID{"here"}, state.Applied}, {[]identity.OktaID{"here", "away"}, state.Kept}, {[]identity.OktaID{"unborn"}, state.Kept}} {
		if got := applying(l).idle(Change{Kind: Members, Group: "sales", Add: row.add}); got.State != row.want {
			t.Errorf("adding %v: %s, want %s", row.add, got.State, row.want)
		}
	}
}

// What was done unasked is counted for the window, what is older than it is
// dropped, and nothing is counted for nothing.
func TestSpend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		l.Window.Spent = []state.Spent{{At: time.Now().Add(-25 * time.Hour), Count: map[string]int{guardDeactivations: 9}},
			{At: time.Now().Add(-time.Hour), Count: map[string]int{guardDeactivations: 2}}}
		n := newNotes()
		n.spend(guardMemberRemovals, 3)
		applying(l).engine.settleWindow(&n, l, time.Now())
		l.Take(n)
		if len(l.Window.Spent) != 2 || l.Window.Spent[0].Count[guardDeactivations] != 2 || l.Window.Spent[1].Count[guardMemberRemovals] != 3 {
			t.Errorf("the window is %+v", l.Window)
		}
		nothing := newNotes()
		nothing.spend(guardMemberRemovals, 0)
		applying(l).engine.settleWindow(&nothing, l, time.Now())
		if nothing.Window != nil {
			t.Errorf("nothing is counted as %+v", nothing.Window)
		}
	})
}

// A change waits for the one of its subject before it, and for those it needs.
func TestReserve(t *testing.T) {
	a := applying(newLedger())
	first := a.reserve(Change{Kind: Update, User: "ada"})
	other := a.reserve(Change{Kind: Update, User: "bob"})
	second := a.reserve(Change{Kind: Update, User: "ada"})
	group := a.reserve(Change{Kind: Members, Group: "sales", Needs: []string{userSubject("ada"), userSubject("bob"), userSubject("nobody")}})
	if len(first.after)+len(other.after) != 0 || len(second.after) != 1 || second.after[0] != first.ended {
		t.Errorf("the first waits for %d, the second for %d", len(first.after), len(second.after))
	}
	if len(group.after) != 2 || group.after[0] != second.ended || group.after[1] != other.ended {
		t.Errorf("the group waits for %d changes", len(group.after))
	}
}

// What is under way when a run is stopped has eight seconds to end, not more.
func TestOutlast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		work, cancel := outlast(ctx)
		defer cancel()
		stop()
		<-time.After(finishWithin - time.Millisecond)
		if work.Err() != nil {
			t.Error("it ended at once")
		}
		<-time.After(2 * time.Millisecond)
		if work.Err() == nil {
			t.Error("it goes on after eight seconds")
		}
	})
}

// Of a group that was made without everybody only those whom Omni shows count.
func TestNamed(t *testing.T) {
	add := map[identity.OktaID]identity.OmniID{"ada": "o1", "bob": "o2", "eve": "o3"}
	got := named(add, []identity.OmniID{"o3", "o9", "o1"})
	if len(got) != 2 || got["ada"] != "o1" || got["eve"] != "o3" {
		t.Errorf("named are %v", got)
	}
	if ids := sortedIDs(add); !slices.Equal(ids, []identity.OmniID{"o1", "o2", "o3"}) {
		t.Errorf("sorted as %v", ids)
	}
}

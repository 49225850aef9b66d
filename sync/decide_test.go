package sync

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// Opener opens a new store and leads on it.
type Opener func(t *testing.T) (state.Store, state.Fence)

// StoreTests are the tests of this file that need a store.
func StoreTests() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"Decide": testDecide, "DecideAgain": testDecideAgain, "DecideRecycled": testDecideRecycled, "DecideNothing": testDecideNothing,
		"DecideNeedsTheFence": testDecideNeedsTheFence, "Status": testStatus,
	}
}

// deciding is an engine over a ledger in which these holds wait.
func deciding(t *testing.T, open Opener, holds map[string]state.Hold) (*Engine, state.Store) {
	t.Helper()
	store, fence := open(t)
	e := &Engine{locks: newLocks(), o: Options{Archive: &Recollection{}, Store: store, Fence: fence, Identity: Identity{Name: "acme"}}}
	n := newNotes()
	for key, h := range holds {
		n.Holds[key] = &h
	}
	if err := e.write(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	return e, store
}

func waitingIn(run, guard, name string) state.Hold {
	return state.Hold{Run: run, Guard: guard, Since: noon, Change: state.Change{Kind: "deactivate", UserName: name, OktaID: "00u" + name, State: state.Held, Reason: "too many"}}
}

// words prints an answer to a decision.
func answerWords(d Decided) string {
	var b strings.Builder
	for _, c := range d.Decided {
		fmt.Fprintf(&b, "%s %s | %s\n", c.Kind, c.UserName, c.Reason)
	}
	for _, run := range d.Still {
		fmt.Fprintf(&b, "still %s\n", run)
	}
	for _, a := range d.Already {
		fmt.Fprintf(&b, "already %s\n", a)
	}
	return b.String()
}

// A decision covers what its run showed; what came later is named, and of two
// decisions the first wins.
func testDecide(t *testing.T, open Opener) {
	decided := waitingIn("run1", guardDeactivations, "kim@x.co")
	decided.Decision, decided.By, decided.At = state.Rejected, "grace", noon
	e, store := deciding(t, open, map[string]state.Hold{
		"deactivate:ada": waitingIn("run1", guardDeactivations, "ada@x.co"), "deactivate:bob": waitingIn("run1", guardDeactivations, "bob@x.co"),
		"deactivate:eve": waitingIn("run3", guardDeactivations, "eve@x.co"), "deactivate:zoe": waitingIn("run2", guardDeactivations, "zoe@x.co"),
		"deactivate:yan": waitingIn("run2", guardDeactivations, "yan@x.co"), "deactivate:kim": decided,
	})
	answer, err := e.Decide(t.Context(), Verdict{Run: "run1", Decision: state.Approved, By: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	sameLines(t, "the first", answerWords(answer), `deactivate ada@x.co | approved by ada
		deactivate bob@x.co | approved by ada
		still run2
		still run3
		already kim@x.co: rejected by grace on 2026-03-02T12:00:00Z`)
	h, _, err := state.Read[state.Hold](t.Context(), store, state.Holds, "deactivate:ada")
	if err != nil || h.Decision != state.Approved || h.By != "ada" || h.Until.Sub(h.At) != approvalLasts || h.Run != "run1" {
		t.Errorf("the hold became %+v, %v", h, err)
	}
	if other, _, _ := state.Read[state.Hold](t.Context(), store, state.Holds, "deactivate:eve"); other.Decision != state.None {
		t.Errorf("what another run showed is decided: %+v", other)
	}
	second, err := e.Decide(t.Context(), Verdict{Run: "run1", Decision: state.Rejected, By: "bob"})
	if err != nil || len(second.Decided) != 0 || len(second.Already) != 3 {
		t.Errorf("the second decision: %s, %v", answerWords(second), err)
	}
	log, err := state.Newest[state.Change](t.Context(), store, state.Log, 10)
	if err != nil || len(log) != 2 || log[0].Reason != "approved by ada" {
		t.Errorf("the log has %+v, %v", log, err)
	}
}

// A rejection doesn't end; an approval can be given again after it ended.
func testDecideAgain(t *testing.T, open Opener) {
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			decision state.Decision
			after    time.Duration
			again    int
		}{
			{state.Approved, time.Hour, 0}, {state.Approved, approvalLasts, 0}, {state.Approved, approvalLasts + time.Second, 1}, {state.Rejected, 1000 * time.Hour, 0},
		} {
			e, _ := deciding(t, open, map[string]state.Hold{"deactivate:ada": waitingIn("run1", guardDeactivations, "ada@x.co")})
			if _, err := e.Decide(t.Context(), Verdict{Run: "run1", Decision: row.decision, By: "ada"}); err != nil {
				t.Fatal(err)
			}
			<-time.After(row.after)
			answer, err := e.Decide(t.Context(), Verdict{Run: "run1", Decision: state.Approved, By: "bob"})
			if err != nil || len(answer.Decided) != row.again || len(answer.Already) != 1-row.again {
				t.Errorf("%s, again after %s: %s, %v", row.decision, row.after, answerWords(answer), err)
			}
		}
	})
}

// A recycled address can't be approved: the way out is told. It can be rejected.
func testDecideRecycled(t *testing.T, open Opener) {
	h := waitingIn("run1", guardRecycled, "ada@x.co")
	h.Change.Reason = "recycled address: rename that account"
	e, _ := deciding(t, open, map[string]state.Hold{"create:ada": h})
	answer, err := e.Decide(t.Context(), Verdict{Run: "run1", Decision: state.Approved, By: "grace"})
	if err != nil {
		t.Fatal(err)
	}
	sameLines(t, "approved", answerWords(answer), "already ada@x.co: recycled address: rename that account")
	if answer, err = e.Decide(t.Context(), Verdict{Run: "run1", Decision: state.Rejected, By: "grace"}); err != nil || len(answer.Decided) != 1 {
		t.Errorf("rejected: %s, %v", answerWords(answer), err)
	}
}

// A run that holds nothing is no run to decide about, and the hint says where to look.
func testDecideNothing(t *testing.T, open Opener) {
	e, _ := deciding(t, open, map[string]state.Hold{"deactivate:ada": waitingIn("run1", guardDeactivations, "ada@x.co")})
	_, err := e.Decide(t.Context(), Verdict{Run: "run9", Decision: state.Approved, By: "ada"})
	if !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "run9") || !strings.Contains(fault.HintOf(err), "syncd status") {
		t.Errorf("deciding about nothing: %v, hint %q", err, fault.HintOf(err))
	}
}

// Whoever doesn't lead decides nothing.
func testDecideNeedsTheFence(t *testing.T, open Opener) {
	e, store := deciding(t, open, map[string]state.Hold{"deactivate:ada": waitingIn("run1", guardDeactivations, "ada@x.co")})
	e.o.Fence = "of somebody else"
	if _, err := e.Decide(t.Context(), Verdict{Run: "run1", Decision: state.Approved, By: "ada"}); !fault.Is(err, fault.Fenced) {
		t.Errorf("it answers %v", err)
	}
	if h, _, _ := state.Read[state.Hold](t.Context(), store, state.Holds, "deactivate:ada"); h.Decision != state.None {
		t.Errorf("the hold became %+v", h)
	}
}

// What waits, by the run that showed it first.
func TestHeldRuns(t *testing.T) {
	rejected, approved, ended := waitingIn("run1", "g", "r@x.co"), waitingIn("run1", "g", "a@x.co"), waitingIn("run1", "g", "e@x.co")
	rejected.Decision = state.Rejected
	approved.Decision, approved.Until = state.Approved, noon.Add(time.Second)
	ended.Decision, ended.Until = state.Approved, noon.Add(-time.Second)
	got := heldRuns(map[string]state.Hold{
		"k4": waitingIn("run2", guardMemberRemovals, "z@x.co"), "k3": rejected, "k2": approved, "k1": ended, "k5": waitingIn("run2", guardMemberRemovals, "y@x.co"),
	}, noon)
	var b strings.Builder
	for _, r := range got {
		fmt.Fprintf(&b, "%s %s %d:", r.Run, r.Kind, r.Count)
		for _, c := range r.Changes {
			b.WriteString(" " + c.UserName)
		}
		b.WriteString("\n")
	}
	sameLines(t, "held", b.String(), "run1 g 1: e@x.co\nrun2 member_removals 2: z@x.co y@x.co")
	if list := heldRuns(nil, noon); list == nil || len(list) != 0 {
		t.Errorf("nothing is told as %v, want an empty list", list)
	}
}

// One word for the connection: doubt before failure before hold.
func TestHealth(t *testing.T) {
	held, failing := []HeldRun{{}}, []state.Change{{}}
	for _, row := range []struct {
		name string
		s    Status
		runs string // that count
		want Health
	}{
		{"no run yet", Status{}, "", Behind}, {"no run yet, but failing", Status{Failing: failing}, "", Behind},
		{"done", Status{}, "done", InStep}, {"held", Status{Held: held}, "done held", Waiting},
		{"failing", Status{Failing: failing}, "done", Broken}, {"failing and held", Status{Failing: failing, Held: held}, "done", Broken},
		{"the run failed", Status{}, "failed", Broken}, {"one of both failed", Status{}, "done failed", Broken},
		{"the run was doubtful", Status{Failing: failing}, "doubtful", Behind}, {"one was doubtful, the other failed", Status{}, "failed doubtful", Behind},
	} {
		var runs []state.Run
		for outcome := range strings.FieldsSeq(row.runs) {
			runs = append(runs, state.Run{Outcome: outcome})
		}
		if got := health(row.s, runs); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// Which runs tell how Omni stands to Okta: neither does a delta hide what a whole run left
// undone, nor the reverse, unless the whole one began after it.
func TestTelling(t *testing.T) {
	for _, row := range []struct{ runs, want string }{ // KIND:BEGAN-ENDED, the newest first
		{"", ""},
		{"full:1-2", "full:1-2"},
		{"delta:3-4 full:1-2", "full:1-2 delta:3-4"},
		{"delta:5-6 delta:3-4 reconcile:1-2 full:0-1", "reconcile:1-2 delta:5-6"},
		{"full:5-6 delta:3-4", "full:5-6"},
		{"full:3-6 delta:4-5", "full:3-6 delta:4-5"},
		{"full:4-6 delta:3-4", "full:4-6"},
		{"delta:3-4 delta:1-2", "delta:3-4"},
	} {
		var runs []state.Run
		for text := range strings.FieldsSeq(row.runs) {
			kind, times, _ := strings.Cut(text, ":")
			var began, ended int
			if _, err := fmt.Sscanf(times, "%d-%d", &began, &ended); err != nil {
				t.Fatal(err)
			}
			at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
			runs = append(runs, state.Run{Run: text, Kind: kind, Started: at(began), Ended: at(ended)})
		}
		var got []string
		for _, r := range telling(runs) {
			got = append(got, r.Run)
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("of %q tell %q, want %q", row.runs, got, row.want)
		}
	}
}

// Status tells what the ledger has, and an unreadable ledger is an error.
func testStatus(t *testing.T, open Opener) {
	e, store := deciding(t, open, map[string]state.Hold{"deactivate:ada": waitingIn("run1", guardDeactivations, "ada@x.co")})
	e.o.Limits = func() map[string]any { return map[string]any{"omni": 60} }
	n := newNotes()
	n.Failing["user:zoe"], n.Failing["user:bob"] = &state.Failure{Change: state.Change{UserName: "zoe"}}, &state.Failure{Change: state.Change{UserName: "bob"}}
	var b state.Batch
	for _, outcome := range []string{"done", "failed"} {
		state.Add(&b, state.Runs, state.Run{Run: outcome, Outcome: outcome, Kind: "full", Ended: noon, Error: "why"})
	}
	if err := errors.Join(e.write(t.Context(), n), store.Apply(t.Context(), e.o.Fence, b)); err != nil {
		t.Fatal(err)
	}
	s, err := e.Status(t.Context())
	if err != nil || s.Name != "acme" || !s.Leader || s.State != Broken || s.Running != nil || s.Limits["omni"] != 60 {
		t.Errorf("the status is %+v, %v", s, err)
	}
	if s.Last == nil || *s.Last != (LastRun{Run: "failed", Kind: "full", Outcome: "failed", Ended: noon, Error: "why"}) {
		t.Errorf("the last run is %+v", s.Last)
	}
	if len(s.Held) != 1 || len(s.Failing) != 2 || s.Failing[0].UserName != "bob" {
		t.Errorf("held %+v, failing %+v", s.Held, s.Failing)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Status(ctx); err == nil {
		t.Error("a ledger that can't be read has a status")
	}
}

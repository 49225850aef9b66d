package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// Decide approves or rejects what a run showed as held and what still stands of
// it. What came later stays held and is named in the answer. Of two decisions
// about the same change the first wins. It answers fault.NotFound when the run
// holds nothing.
func (e *Engine) Decide(ctx context.Context, runID string, decision state.Decision, by string) (Decided, error) {
	connection, _, err := state.Read[state.Connection](ctx, e.o.Store, state.Meta, "connection")
	if err == nil {
		err = connection.Whole()
	}
	all := map[string]state.Hold{}
	if err == nil {
		err = collect(ctx, e.o.Store, state.Holds, all)
	}
	if err != nil {
		return Decided{}, err
	}
	now := time.Now()
	n := newNotes()
	answer := Decided{Run: runID, Decided: []state.Change{}, Still: []string{}, Already: []string{}}
	known := false
	for _, key := range slices.Sorted(maps.Keys(all)) {
		h := all[key]
		if h.Run != runID {
			if h.Decision == state.None && !slices.Contains(answer.Still, h.Run) {
				answer.Still = append(answer.Still, h.Run)
			}
			continue
		}
		known = true
		if why := undecidable(h, decision, now); why != "" {
			answer.Already = append(answer.Already, why)
			continue
		}
		h.Decision, h.By, h.At = decision, by, now
		if decision == state.Approved {
			h.Until = now.Add(approvalLasts)
		}
		n.Holds[key] = &h
		told := h.Change
		told.Reason = fmt.Sprintf("%s by %s", decision, by)
		told.Time = now.UTC()
		answer.Decided = append(answer.Decided, told)
		n.Log = append(n.Log, told)
	}
	if !known {
		return Decided{}, &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("run %q holds nothing", runID),
			Hint: "syncd status lists the runs that hold something"}
	}
	slices.Sort(answer.Still)
	if err := e.commit(ctx, nil, n); err != nil {
		return answer, err
	}
	e.archive(ctx, archivedHolds(n.Holds)...)
	if e.decided != nil {
		e.decided()
	}
	return answer, nil
}

// undecidable tells why a held change can't be decided now, "" when it can.
func undecidable(h state.Hold, decision state.Decision, now time.Time) string {
	name := firstOf(h.Change.UserName, h.Change.Group)
	switch {
	case h.Guard == guardRecycled && decision == state.Approved:
		return name + ": " + h.Change.Reason
	case h.Decision == state.None, h.Decision == state.Approved && now.After(h.Until):
		return ""
	default:
		return fmt.Sprintf("%s: %s by %s on %s", name, h.Decision, h.By, h.At.UTC().Format(time.RFC3339))
	}
}

// Status tells how Omni stands to Okta, from the ledger alone.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	s := Status{Name: e.o.Identity.Name, Leader: e.o.Fence != "", Held: []HeldRun{}, Failing: []state.Change{}, Limits: map[string]any{}, Running: e.follower.now()}
	if e.o.Limits != nil {
		s.Limits = e.o.Limits()
	}
	last, whole, err := e.newestRuns(ctx)
	if err != nil {
		return s, err
	}
	if last != nil {
		s.Last = &LastRun{Run: last.Run, Kind: last.Kind, Outcome: last.Outcome, Ended: last.Ended, Error: last.Error}
	}
	held := map[string]state.Hold{}
	if err := collect(ctx, e.o.Store, state.Holds, held); err != nil {
		return s, err
	}
	s.Held = heldRuns(held, time.Now())
	failing := map[string]state.Failure{}
	if err := collect(ctx, e.o.Store, state.Failing, failing); err != nil {
		return s, err
	}
	for _, subject := range slices.Sorted(maps.Keys(failing)) {
		s.Failing = append(s.Failing, failing[subject].Change)
	}
	if s.Log, err = e.followed(ctx); err != nil {
		return s, err
	}
	s.State = health(s, whole)
	c, _, err := state.Read[state.Connection](ctx, e.o.Store, state.Meta, "connection")
	if s.State != Broken && (c.Org == "" || c.Lost != "") { // what the archive gave back comes first, and tells of runs
		s.State = Behind
	}
	return s, err
}

// heldRuns gathers what waits by the run that showed it first.
func heldRuns(held map[string]state.Hold, now time.Time) []HeldRun {
	byRun := map[string]HeldRun{}
	for _, key := range slices.Sorted(maps.Keys(held)) {
		h := held[key]
		if h.Decision == state.Rejected || h.Decision == state.Approved && now.Before(h.Until) {
			continue
		}
		r, ok := byRun[h.Run]
		if !ok {
			r = HeldRun{Run: h.Run, Kind: h.Guard, Since: h.Since}
		}
		r.Count++
		r.Changes = append(r.Changes, h.Change)
		byRun[h.Run] = r
	}
	list := []HeldRun{}
	for _, id := range slices.Sorted(maps.Keys(byRun)) {
		list = append(list, byRun[id])
	}
	return list
}

// newestRuns gives the newest run, and the newest that looked at everything: a delta
// that went well says nothing of what that one doubted. Either is nil where there is none.
func (e *Engine) newestRuns(ctx context.Context) (last, whole *state.Run, err error) {
	runs, err := state.Newest[state.Run](ctx, e.o.Store, state.Runs, 1)
	if err != nil || len(runs) == 0 {
		return nil, nil, err
	}
	last = &runs[0]
	if last.Kind == string(Delta) {
		if runs, err = state.Newest[state.Run](ctx, e.o.Store, state.Runs, runsBack); err != nil {
			return nil, nil, err
		}
	}
	for i, r := range runs {
		if r.Kind != string(Delta) {
			return last, &runs[i], nil
		}
	}
	return last, nil, nil
}

// runsBack is how far back among the runs is looked for one that looked at everything.
const runsBack = 1000

func health(s Status, whole *state.Run) Health {
	ended := func(o Outcome) bool {
		return s.Last.Outcome == string(o) || whole != nil && whole.Outcome == string(o)
	}
	switch {
	case s.Last == nil || ended(Doubtful):
		return Behind
	case len(s.Failing) > 0 || ended(Failing):
		return Broken
	case len(s.Held) > 0:
		return Waiting
	default:
		return InStep
	}
}

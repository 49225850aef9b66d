package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Decide approves or rejects what a run showed as held and what still stands of
// it, or what of that the verdict names. What came later stays held and is named in
// the answer. Of two decisions about the same change the first wins. It answers
// fault.NotFound when the run holds nothing, and decides nothing at all where the
// verdict names something that the run doesn't hold, or isn't about what it holds now.
func (e *Engine) Decide(ctx context.Context, v Verdict) (Decided, error) {
	e.deciding.Lock()
	defer e.deciding.Unlock()
	waits, err := e.decidable(ctx)
	if err != nil {
		return Decided{}, err
	}
	all := waits.holds
	now := time.Now()
	shown, err := e.shown(ctx, v.Run, all)
	if err != nil {
		return Decided{}, err
	}
	keys, err := v.selects(shown, now)
	if err != nil {
		return Decided{}, err
	}
	n, freed := newNotes(), newNotes()
	answer := Decided{Run: v.Run, Already: []string{}}
	for _, key := range keys {
		h := all[key]
		if why := undecidable(h, v.Decision, now); why != "" {
			answer.Already = append(answer.Already, why)
			continue
		}
		h.Decision, h.By, h.At = v.Decision, v.By, now
		if v.Decision == state.Approved {
			h.Until = now.Add(approvalLasts)
			freed.frees(waits.kept, key, h, v.By)
		}
		if h.Guard == guardUnlinked && v.Decision == state.Approved {
			n.letGo(waits.marks, h.Change)
		}
		n.Holds[key], all[key] = &h, h
		told := h.Change
		told.Reason = fmt.Sprintf("%s by %s", v.Decision, v.By)
		told.Time = now.UTC()
		n.Log = append(n.Log, told)
	}
	n.Log = joinMembers(n.Log)
	answer.Decided = n.Log
	answer.Still, answer.Left = still(all, shown, now)
	if v.Preview {
		e.saysHandover(answer.Decided)
		return answer, nil
	}
	n.join(freed)
	if err := e.commit(ctx, nil, n); err != nil {
		return answer, err
	}
	e.archive(ctx, archivedHolds(n.Holds)...)
	if e.decided != nil {
		e.decided()
	}
	return answer, nil
}

// decidable is what is held, and the words of people that approving it may end.
type decidable struct {
	holds map[string]state.Hold
	kept  undone
	marks map[identity.OktaID]state.Unlinked
}

func (e *Engine) decidable(ctx context.Context) (decidable, error) {
	u := decidable{holds: map[string]state.Hold{}, kept: undone{}, marks: map[identity.OktaID]state.Unlinked{}}
	_, err := e.connection(ctx)
	if err == nil {
		err = collect(ctx, e.o.Store, state.Holds, u.holds)
	}
	if err == nil {
		err = collect(ctx, e.o.Store, state.Undoes, u.kept)
	}
	if err == nil {
		err = collect(ctx, e.o.Store, state.Unlinks, u.marks)
	}
	return u, err
}

// shown gives what a run showed as held: what it was the first to show; of a whole run
// that was the first to show nothing, all that waited when it ended.
func (e *Engine) shown(ctx context.Context, run string, all map[string]state.Hold) (map[string]state.Hold, error) {
	mine := map[string]state.Hold{}
	for key, h := range all {
		if h.Run == run {
			mine[key] = h
		}
	}
	if len(mine) > 0 {
		return mine, nil
	}
	runs, err := state.Newest[state.Run](ctx, e.o.Store, state.Runs, state.Runs.Keep())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(runs, func(r state.Run) bool { return r.Run == run && whole(r) })
	if i < 0 {
		return mine, nil
	}
	for key, h := range all {
		if h.Since.Before(runs[i].Ended) {
			mine[key] = h
		}
	}
	return mine, nil
}

// still gives the other runs of which something waits, and how much does of what was
// shown.
func still(all, shown map[string]state.Hold, now time.Time) (runs []string, left int) {
	runs = []string{}
	for key, h := range all {
		_, mine := shown[key]
		switch {
		case !waiting(h, now):
		case mine:
			left++
		case !slices.Contains(runs, h.Run):
			runs = append(runs, h.Run)
		}
	}
	slices.Sort(runs)
	return runs, left
}

// undecidable tells why a held change can't be decided now, "" when it can.
func undecidable(h state.Hold, decision state.Decision, now time.Time) string {
	name := firstOf(h.Change.UserName, h.Change.Group)
	switch {
	case h.Guard == guardRecycled && decision == state.Approved:
		return name + ": " + h.Change.Reason
	case waiting(h, now):
		return ""
	default:
		return fmt.Sprintf("%s: %s by %s on %s", name, h.Decision, h.By, h.At.UTC().Format(time.RFC3339))
	}
}

// Status tells how Omni stands to Okta, from the ledger alone.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	s := Status{Name: e.o.Identity.Name, Leader: e.o.Fence != "", Held: []HeldRun{}, Rejected: []state.Change{}, Failing: []state.Change{}, Leaving: map[string]int{}, Limits: map[string]any{}, Running: e.follower.now()}
	if e.o.Limits != nil {
		s.Limits = e.o.Limits()
	}
	counting, err := e.counting(ctx, &s)
	if err != nil {
		return s, err
	}
	x, err := e.exits(ctx)
	if err != nil {
		return s, err
	}
	s.Held, s.Rejected = heldRuns(x.ledger.Holds, x.now), rejected(x.ledger.Holds)
	for _, r := range s.Held {
		e.saysHandover(r.Changes)
	}
	s.Leaving = x.leaving()
	failing := x.ledger.Failing
	for _, subject := range slices.Sorted(maps.Keys(failing)) {
		c := failing[subject].Change
		c.Problem = problem(c, "", failing[subject])
		s.Failing = append(s.Failing, c)
	}
	if s.Log, err = e.Followed(ctx); err != nil {
		return s, err
	}
	s.Export = e.exports()
	if s.Keys, err = leftKeys(ctx, e.o.Store); err != nil {
		return s, err
	}
	if s.Undone, err = e.undoneRuns(ctx); err != nil {
		return s, err
	}
	for _, r := range counting {
		s.Refused = append(s.Refused, r.Refused...)
	}
	s.State = health(s, counting)
	pause, err := e.pausedNow(ctx)
	if err != nil {
		return s, err
	}
	c := x.ledger.Connection
	if s.State != Broken && (c.Org == "" || c.Lost != "") { // what the archive gave back comes first, and tells of runs
		s.State = Behind
	}
	if !pause.Since.IsZero() {
		s.State, s.Reason, s.Pause = Paused, pausedBy(pause), &pause
	}
	return s, nil
}

// lookedBack is how many runs are read at first to find the newest full one.
const lookedBack = 50

// counting gives the runs that tell how Omni stands to Okta, and names them in the status.
func (e *Engine) counting(ctx context.Context, s *Status) ([]state.Run, error) {
	runs, err := e.newestRuns(ctx)
	if err != nil {
		return nil, err
	}
	s.Last, s.Whole = lastOf(runs), nil
	if i := slices.IndexFunc(runs, whole); i > 0 {
		s.Whole = lastOf(runs[i:])
	}
	return telling(runs), nil
}

// newestRuns gives them, as far back as one that read all of Okta.
func (e *Engine) newestRuns(ctx context.Context) (runs []state.Run, err error) {
	for _, n := range []int{lookedBack, state.Runs.Keep()} {
		if runs, err = state.Newest[state.Run](ctx, e.o.Store, state.Runs, n); err != nil {
			return nil, err
		}
		if len(runs) < n || slices.ContainsFunc(runs, whole) {
			break
		}
	}
	return runs, nil
}

// whole reports whether a run reads all of Okta.
func whole(r state.Run) bool { return r.Kind == string(Full) || r.Kind == string(Reconcile) }

// telling takes, of runs with the newest first, the newest that read all of Okta and the
// newest other one. What such another one left undone is over once a whole run has begun
// after it; what a whole run left undone, only with the next whole one.
func telling(runs []state.Run) []state.Run {
	var list []state.Run
	all := slices.IndexFunc(runs, whole)
	if all >= 0 {
		list = append(list, runs[all])
	}
	part := slices.IndexFunc(runs, func(r state.Run) bool { return !whole(r) })
	if part >= 0 && (all < 0 || runs[part].Ended.After(runs[all].Started)) {
		list = append(list, runs[part])
	}
	return list
}

func lastOf(runs []state.Run) *LastRun {
	if len(runs) == 0 {
		return nil
	}
	return &LastRun{Run: runs[0].Run, Kind: runs[0].Kind, Outcome: runs[0].Outcome, Ended: runs[0].Ended, Error: runs[0].Error, Hint: runs[0].Hint}
}

// heldRuns gathers what waits by the run that showed it first.
func heldRuns(held map[string]state.Hold, now time.Time) []HeldRun {
	byRun := map[string]map[string]state.Hold{}
	for key, h := range held {
		if !waiting(h, now) {
			continue
		}
		if byRun[h.Run] == nil {
			byRun[h.Run] = map[string]state.Hold{}
		}
		byRun[h.Run][key] = h
	}
	list := []HeldRun{}
	for _, id := range slices.Sorted(maps.Keys(byRun)) {
		holds := byRun[id]
		r := HeldRun{Run: id, Count: len(holds), Hash: hashOf(holds, now)}
		for i, key := range slices.Sorted(maps.Keys(holds)) {
			h := holds[key]
			if i == 0 {
				r.Kind, r.Since = h.Guard, h.Since
			}
			r.Changes = append(r.Changes, h.Change)
		}
		r.Changes, r.Because = joinMembers(r.Changes), because(slices.Collect(maps.Values(holds)))
		list = append(list, r)
	}
	return list
}

// saysHandover tells of each removal that waits what becomes of what is owned.
func (e *Engine) saysHandover(changes []state.Change) {
	for i, c := range changes {
		if c.UserName != "" && (c.Kind == string(Deactivate) || c.Kind == string(Delete)) {
			changes[i].Handover = intends(e.policy.Handover)
		}
	}
}

// rejected gives what a person said no to and what stands because of it.
func rejected(held map[string]state.Hold) []state.Change {
	list := []state.Change{}
	for _, key := range slices.Sorted(maps.Keys(held)) {
		if h := held[key]; h.Decision == state.Rejected {
			told := h.Change
			told.State, told.Reason = state.Kept, ruled(h)
			list = append(list, told)
		}
	}
	return joinMembers(list)
}

func health(s Status, counting []state.Run) Health {
	ended := func(o Outcome) bool {
		return slices.ContainsFunc(counting, func(r state.Run) bool { return r.Outcome == string(o) })
	}
	switch {
	case len(counting) == 0 || ended(Doubtful):
		return Behind
	case len(s.Failing) > 0 || ended(Failing):
		return Broken
	case len(s.Held) > 0:
		return Waiting
	default:
		return InStep
	}
}

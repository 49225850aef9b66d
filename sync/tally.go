package sync

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/omnisync/omnisync/state"
)

// Tally counts what the ledger says is open, for the meters.
type Tally struct {
	Held      map[string]int // changes that wait for a person, by guard
	HeldSince time.Time      // the oldest of them; zero for none
	Failing   map[string]int // by cause, see Causes

	Removals      int       // of Failing, those that take access away
	RemovalsSince time.Time // when the oldest of them failed first; zero for none

	Leavers   map[state.Step]int
	Succeeded map[RunKind]time.Time // when the newest run of each kind ended that went to its end and believed what it read
}

// Guards names what may hold a change.
func Guards() []string {
	return []string{guardDeactivations, guardMemberRemovals, guardGroupDeletions, guardAttributes, guardPolicyChange, guardCreations,
		guardOrgAdmins, guardAdoption, guardRenames, guardRecycled, guardTakeovers, guardManual, guardUnlinked, guardLoss, guardUndone}
}

// Causes names the known reasons why changes fail.
func Causes() []string {
	list := make([]string, len(causes))
	for i, c := range causes {
		list[i] = c.name
	}
	return list
}

// Kinds names the kinds of changes.
func Kinds() []Kind {
	return []Kind{Create, Adopt, Update, Reactivate, Deactivate, Delete, Rename, Members, Release, Restore, EndGrace, Forget, Transfer, Stay, LetGo, Relink, Unlink, Rebind}
}

const (
	// tallyShare is which part of the time counting may take: what took a second is
	// counted anew after 20.
	tallyShare = 20
	// tallyLasts is how long a count is believed while nothing is written: an approval
	// ends by itself.
	tallyLasts = time.Minute
	// tallyWithin is how long counting may take, whoever waits for it.
	tallyWithin = 30 * time.Second
	// tallyRuns is how many of the newest runs are read once all have been.
	tallyRuns = 50
)

// Teller counts for the meters what the ledger says is open. It reads what is held,
// what fails, who leaves and the newest runs, never users, groups or members; nothing
// where nothing was written since. Safe for concurrent use.
type Teller struct {
	store state.Store

	mu        sync.Mutex
	last      *Tally // nil: never counted
	at        state.Position
	read      time.Time
	took      time.Duration
	counting  chan struct{}         // closed when the count that is under way has ended; nil: none is
	succeeded map[RunKind]time.Time // of all counts
	newest    time.Time             // when the newest run ended that was read
	err       error                 // of the newest count
}

// NewTeller counts nothing yet.
func NewTeller(s state.Store) *Teller {
	return &Teller{store: s, succeeded: map[RunKind]time.Time{}}
}

// Tally gives a count. While a new one is made, it is the old one, if there is one.
func (t *Teller) Tally(ctx context.Context) (Tally, error) {
	at, err := t.store.Position(ctx)
	if err != nil {
		return Tally{}, err
	}
	t.mu.Lock()
	if t.counting == nil && !t.fresh(at, time.Now()) {
		t.counting = make(chan struct{})
		go t.count(context.WithoutCancel(ctx), at)
	}
	last, counting := t.last, t.counting
	t.mu.Unlock()
	if counting != nil {
		select {
		case <-counting:
		case <-ctx.Done():
			if last == nil {
				return Tally{}, ctx.Err()
			}
			return *last, nil
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil || t.last == nil {
		return Tally{}, t.err
	}
	return *t.last, nil
}

// fresh reports whether the newest count may stand for now. The lock is held.
func (t *Teller) fresh(at state.Position, now time.Time) bool {
	if t.last == nil || t.err != nil {
		return false
	}
	age := now.Sub(t.read)
	return age < tallyShare*t.took || at == t.at && age < tallyLasts
}

// count counts. Where that fails, the next question tries again.
func (t *Teller) count(ctx context.Context, at state.Position) {
	ctx, cancel := context.WithTimeout(ctx, tallyWithin)
	defer cancel()
	began := time.Now()
	tally, err := t.tally(ctx, began)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err = err; err == nil {
		t.last, t.at, t.read, t.took = &tally, at, time.Now(), time.Since(began)
	}
	close(t.counting)
	t.counting = nil
}

func (t *Teller) tally(ctx context.Context, now time.Time) (Tally, error) {
	c := Tally{Held: map[string]int{}, Failing: map[string]int{}, Leavers: map[state.Step]int{}}
	for h, err := range state.All[heldLine](ctx, t.store, state.Holds) {
		if err != nil {
			return c, err
		}
		if waiting(state.Hold{Decision: h.Value.Decision, Until: h.Value.Until}, now) {
			c.Held[h.Value.Guard]++
			c.HeldSince = earliest(c.HeldSince, h.Value.Since)
		}
	}
	for f, err := range state.All[state.Failure](ctx, t.store, state.Failing) {
		if err != nil {
			return c, err
		}
		c.Failing[f.Value.Cause]++
		if takesAccess(f.Value.Change) {
			c.Removals++
			c.RemovalsSince = earliest(c.RemovalsSince, f.Value.Since)
		}
	}
	for l, err := range state.All[leaverLine](ctx, t.store, state.Leavers) {
		if err != nil {
			return c, err
		}
		c.Leavers[l.Value.Step]++
	}
	err := t.runs(ctx)
	c.Succeeded = maps.Clone(t.succeeded)
	return c, err
}

// heldLine is what is read of a state.Hold, and leaverLine of a state.Leaver.
type (
	heldLine struct {
		Guard    string         `json:"guard"`
		Since    time.Time      `json:"since"`
		Decision state.Decision `json:"decision"`
		Until    time.Time      `json:"until"`
	}
	leaverLine struct {
		Step state.Step `json:"step"`
	}
)

// runs learns of the runs that have ended since it was asked last.
func (t *Teller) runs(ctx context.Context) error {
	for _, n := range []int{tallyRuns, state.Runs.Keep()} {
		runs, err := state.Newest[state.Run](ctx, t.store, state.Runs, n)
		if err != nil {
			return err
		}
		known := slices.ContainsFunc(runs, func(r state.Run) bool { return r.Ended.Equal(t.newest) })
		for _, r := range runs {
			if kind := RunKind(r.Kind); succeeded(r) && r.Ended.After(t.succeeded[kind]) {
				t.succeeded[kind] = r.Ended
			}
		}
		if known || len(runs) < n || n == state.Runs.Keep() {
			if len(runs) > 0 {
				t.newest = runs[0].Ended
			}
			return nil
		}
	}
	return nil
}

// succeeded reports whether a run went to its end and believed what it read. That Omni
// refused some of the changes doesn't matter: they are counted as failing.
func succeeded(r state.Run) bool { return r.Outcome != string(Doubtful) && r.Error == "" }

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

package sync

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/robfig/cron/v3"
)

// What people are told of without their asking, each matter once:
//
//	facts (this file) -> matters (matters.go, matters_found.go) -> news -> whoever tells them -> Told
//
// What was told stands in the ledger. It is noted only once it was told, so that who leads
// next tells at most one matter twice, and forgets none.

// metaAlerts is the key of what was told in the ledger.
const metaAlerts = "alerts"

// alarms is what an engine knows of what people are told of.
type alarms struct {
	stirred chan struct{} // capacity 1: something may be new
	began   time.Time     // when the engine was made

	mu        sync.Mutex
	schedules []cron.Schedule
	location  *time.Location
	known     bool // told is the ledger's
	told      map[string]state.Told
	seen      Progress  // of the run under way, when it was looked at last
	moved     time.Time // when that had changed last
}

// stir says that something may be new.
func (a *alarms) stir() { wake(a.stirred, struct{}{}) }

func (a *alarms) scheduled(list []cron.Schedule, in *time.Location) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.schedules, a.location = list, in
}

// overdue is when what was read last at that time is too old: after stall, or where that
// is 0 at the second tick of a schedule since. Zero where nothing reads by itself.
func (a *alarms) overdue(last time.Time, stall time.Duration) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Overdue(a.schedules, last.In(a.zone()), stall)
}

func (a *alarms) zone() *time.Location {
	if a.location == nil {
		return time.UTC
	}
	return a.location
}

// Overdue is when a reading that was good last at that time is too old: after stall, or
// where that is 0 at the second tick since of any of the schedules. Zero for none.
func Overdue(schedules []cron.Schedule, last time.Time, stall time.Duration) time.Time {
	var first time.Time
	for _, s := range schedules {
		at := last.Add(stall)
		if stall == 0 {
			at = s.Next(s.Next(last))
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// moves reports whether a run is under way that comes on: it isn't where it was before, nor
// stands still for as long as makes a stall.
func (a *alarms) moves(r *Running, now time.Time, stall time.Duration) bool {
	if r == nil {
		return false
	}
	a.mu.Lock()
	switch {
	case r.Run != a.seen.Run: // that one has begun proves nothing
		a.moved = time.Time{}
		if r.Done > 0 {
			a.moved = now
		}
	case r.Step != a.seen.Step || r.Done != a.seen.Done:
		a.moved = now
	}
	a.seen = r.Progress
	moved := a.moved
	a.mu.Unlock()
	return !moved.IsZero() && now.Before(a.overdue(moved, stall))
}

// Stirred gives something when something may be new.
func (e *Engine) Stirred() <-chan struct{} { return e.alarms.stirred }

// newsWithin is how long at most until somebody looks again.
const newsWithin = time.Minute

// News gives what is to be told now, and when to look again at the latest.
func (e *Engine) News(ctx context.Context) ([]News, time.Time, error) {
	now := time.Now()
	next := now.Add(newsWithin)
	told, err := e.told(ctx)
	if err != nil {
		return nil, next, err
	}
	f, err := e.facts(ctx, now)
	if err != nil {
		return nil, next, err
	}
	if f.overdue.After(now) && f.overdue.Before(next) {
		next = f.overdue
	}
	return newsAbout(told, mattersOf(f, now), now), next, nil
}

// Told notes that a piece of news was told.
func (e *Engine) Told(ctx context.Context, n News) error {
	told, err := e.told(ctx)
	if err != nil {
		return err
	}
	told = take(told, n)
	var b state.Batch
	state.Put(&b, state.Meta, metaAlerts, state.Alerts{Told: told})
	if err := e.put(ctx, b); err != nil {
		return err
	}
	e.alarms.mu.Lock()
	defer e.alarms.mu.Unlock()
	e.alarms.told = told
	return nil
}

// told gives what was told and isn't over. Who leads reads it once.
func (e *Engine) told(ctx context.Context) (map[string]state.Told, error) {
	a := &e.alarms
	a.mu.Lock()
	known, told := a.known && e.o.Fence != "", a.told
	a.mu.Unlock()
	if known {
		return told, nil
	}
	kept, _, err := state.Read[state.Alerts](ctx, e.o.Store, state.Meta, metaAlerts)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known, a.told = true, kept.Told
	return kept.Told, nil
}

// facts gathers what matters are found in, from the ledger and from what this process knows.
func (e *Engine) facts(ctx context.Context, now time.Time) (f facts, err error) {
	if f.pause, err = e.pausedNow(ctx); err != nil {
		return f, err
	}
	held := map[string]state.Hold{}
	if err = collect(ctx, e.o.Store, state.Holds, held); err != nil {
		return f, err
	}
	f.held, f.failing = heldRuns(held, now), map[string]state.Failure{}
	if err = collect(ctx, e.o.Store, state.Failing, f.failing); err != nil {
		return f, err
	}
	leavers := map[string]state.Leaver{}
	if err = collect(ctx, e.o.Store, state.Leavers, leavers); err != nil {
		return f, err
	}
	for _, id := range slices.Sorted(maps.Keys(leavers)) {
		f.leavers = append(f.leavers, leavers[id])
	}
	runs, err := e.newestRuns(ctx)
	if err != nil {
		return f, err
	}
	f.runs, f.streak, f.good = telling(runs), streakOf(runs), later(e.alarms.began, goodOf(runs))
	e.watched(&f)
	f.overdue, f.moves = e.alarms.overdue(f.good, e.o.Stall), e.alarms.moves(e.follower.now(), now, e.o.Stall)
	f.pushed = e.book != nil
	if broken := e.unarchived.Load(); broken != nil {
		f.archive = *broken
	}
	if exports := e.exports(); exports != nil {
		f.export = *exports
	}
	if e.o.Concerns != nil {
		f.concerns = e.o.Concerns()
	}
	return f, nil
}

// watched adds what the looks at the System Log tell.
func (e *Engine) watched(f *facts) {
	w := &e.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	f.lag, f.lagSince, f.features = w.lag, w.lagSince, w.app.Features
	f.good = later(f.good, w.good)
}

// goodOf is when the newest run ended that read what can be believed.
func goodOf(runs []state.Run) (at time.Time) {
	for _, r := range runs {
		if r.Error == "" && r.Outcome != string(Doubtful) {
			at = later(at, r.Ended)
		}
	}
	return at
}

// streakOf is since when every run fails that doesn't read all of Okta; zero where the
// newest didn't.
func streakOf(runs []state.Run) (since time.Time) {
	for _, r := range runs { // the newest first
		if whole(r) {
			continue
		}
		if r.Error == "" || r.Fault == fault.Unauthorized.String() {
			return since
		}
		since = r.Ended
	}
	return since
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

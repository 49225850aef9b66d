package sync

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

const (
	// flushAfter is how long members who are provisioned wait for the last joiner
	// of their group, in a load that takes hours.
	flushAfter = 15 * time.Minute
	// finishWithin is how long the changes that are under way may take to end when the run is stopped.
	finishWithin = 8 * time.Second
	// keptAnswers is how many of Omni's answers to one change are recorded.
	keptAnswers = 8
)

// applier does the changes of one run in Omni, and records each.
type applier struct {
	engine  *Engine
	run     *run
	asked   map[string]bool
	lanes   []identity.Lane // by change
	managed []string        // attributes; those of the policy, and in a push those that it brought
	slots   chan struct{}
	stop    context.CancelCauseFunc
	over    <-chan struct{} // closed when the run is to end; nil: never

	ledger  *Ledger                  // like what follows behind the engine's lock of ledgers
	ended   map[string]chan struct{} // by subject: closed when its newest dispatched change has ended
	results []Change
	silent  int       // changes in a row that Omni gave no answer to
	since   time.Time // when the first of them failed
	first   string    // its subject, where Omni was found to be there
	broke   error     // why the newest change that failed did

	heard atomic.Int64 // when Omni answered to a change last, in ns
}

// apply does what is planned, in order, several changes at once, and records
// each when Omni has confirmed it. A change that fails doesn't stop the others;
// a refused credential, a silent Omni, and a store that doesn't take the record do.
func (e *Engine) apply(ctx context.Context, r *run, judged Judged) ([]Change, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	a := &applier{engine: e, run: r, asked: judged.Asked, lanes: lanesOf(judged.Changes, r.request.Kind == User), ledger: r.ledger, managed: e.policy.Attributes, stop: stop, over: ctx.Done(),
		slots: make(chan struct{}, e.workers()), ended: map[string]chan struct{}{}, results: slices.Clone(judged.Changes)}
	r.follower.apply(newForecast(e.o.Omni, a.results, a.due, time.Now()))
	work, cancel := outlast(ctx)
	defer cancel()
	a.dispatch(ctx, work)
	err := context.Cause(ctx)
	return a.results, err
}

// outlast gives a context for changes that are under way: it ends a while after
// ctx does, and at once where somebody else leads now.
func outlast(ctx context.Context) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(ctx, func() {
		if fault.Is(context.Cause(ctx), fault.Fenced) {
			cancel()
			return
		}
		time.AfterFunc(finishWithin, cancel)
	})
	return work, func() { unhook(); cancel() }
}

// dispatch starts the changes in order, and returns when all that were started have ended.
func (a *applier) dispatch(ctx, work context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	flushed := time.Now()
	for i := range a.results {
		c := a.results[i]
		if c.State != state.Planned {
			continue
		}
		wait := a.reserve(c)
		a.run.follower.begun(i)
		due := a.due(c)
		if due.After(time.Now()) { // still settling: it waits beside the others
			running.Go(func() {
				if sleep(ctx, due) && a.enter(ctx) {
					a.do(work, i, wait)
				} else {
					a.release(wait)
				}
			})
			continue
		}
		if !a.enter(ctx) {
			a.release(wait)
			break
		}
		running.Go(func() { a.do(work, i, wait) })
		if time.Since(flushed) >= flushAfter {
			flushed = time.Now()
			a.run.follower.flushing()
			a.flush(work, i+1)
			a.run.follower.flushed()
		}
	}
}

// turn is a change's place among those of its subject and of those it needs.
type turn struct {
	after []chan struct{}
	ended chan struct{}
}

func (a *applier) reserve(c Change) turn {
	a.lock()
	defer a.unlock()
	t := turn{ended: make(chan struct{})}
	for _, subject := range append([]string{c.subject()}, c.Needs...) {
		if before, ok := a.ended[subject]; ok {
			t.after = append(t.after, before)
		}
	}
	a.ended[c.subject()] = t.ended
	return t
}

// lock makes the ledger the caller's, with what others committed meanwhile.
func (a *applier) lock() {
	a.engine.ledgers.Lock()
	a.ledger.catchUp()
}

func (a *applier) unlock() { a.engine.ledgers.Unlock() }

func (a *applier) release(t turn) { close(t.ended) }

func (a *applier) enter(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case a.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// due is when a removal has settled; the zero time for everything else.
func (a *applier) due(c Change) time.Time {
	if !c.ends() {
		return time.Time{}
	}
	a.lock()
	defer a.unlock()
	u := a.ledger.Users[c.User]
	if a.ledger.touched[c.subject()] || u.Unassigned == nil { // it is over, which is found out at once
		return time.Time{}
	}
	return a.engine.policy.due(u)
}

func sleep(ctx context.Context, until time.Time) bool {
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// do walks one change from its turn to its record.
func (a *applier) do(ctx context.Context, i int, t turn) {
	defer func() { <-a.slots; a.release(t) }()
	for _, before := range t.after {
		<-before
	}
	a.lock()
	c := a.results[i]
	a.unlock()
	ctx = identity.WithLane(ctx, a.lanes[i])
	for began := time.Now(); a.slice(ctx, i, c, began); {
	}
}

// slice does a change, or as much of it as is done at once, in its turn. It reports
// whether the run goes on with it: what is left, else, is left to another one.
func (a *applier) slice(ctx context.Context, i int, c Change, began time.Time) (goesOn bool) {
	done, err := a.engine.turns.take(ctx, c.objects()...)
	if err != nil {
		return false
	}
	defer done()
	c, current := a.current(c)
	if !current || a.engine.pushedApart(c) {
		c.State, c.Reason = state.Kept, "something newer is known of it meanwhile, which is acted upon by itself"
		a.record(ctx, i, c, newNotes())
		return false
	}
	c, notes := a.perform(ctx, c)
	if c.Continues && a.patient() && time.Since(began) < handoverOf && !a.stopping() {
		return a.intend(ctx, notes) == nil
	}
	a.record(ctx, i, c, notes)
	return false
}

// patient reports whether nobody waits for the run to end.
func (a *applier) patient() bool {
	kind := a.run.request.Kind
	return kind != Delta && kind != Push
}

// stopping reports whether the run is to end.
func (a *applier) stopping() bool {
	select {
	case <-a.over:
		return true
	default:
		return false
	}
}

// current gives a change as it may be done now, and whether it may. Not what was pushed
// since the run began to read; a group under its name too, as a push doesn't tell Okta's
// id. Of a group that a delta looks at, the members of whom the ledger knows where they
// belong. A delta's change of an account that another run has changed meanwhile is
// planned anew.
func (a *applier) current(c Change) (Change, bool) {
	a.lock()
	defer a.unlock()
	l, subject := a.ledger, c.subject()
	switch {
	case c.Group != "" && l.touched[groupNameSubject(c.Name)]:
		return c, false
	case a.run.desired.Only && l.moved[subject] && !c.ends():
		c.Due = time.Now()
		return c, false
	case c.User != "" && l.relinked(c):
		c.Due = time.Now()
		return c, false
	case !l.touched[subject]:
		return c, true
	}
	g := l.Groups[c.Group]
	if l.claimed[subject] && g.Omni != "" && (c.Kind == Create || c.Kind == Rename || c.Kind == Members) {
		c.Kind, c.Title = Members, g.DisplayName
		return c, true
	}
	if l.claimed[subject] {
		c.Due = time.Now()
	}
	return c, false
}

// flush writes, ahead of their turn, the members who are there already of
// groups whose last joiner is still to come.
func (a *applier) flush(ctx context.Context, from int) {
	for i := from; i < len(a.results); i++ {
		a.lock()
		c := a.results[i]
		ready := c.State == state.Planned && len(c.Needs) > 0 && len(a.resolve(c.Group, c.Add)) > 0
		a.unlock()
		if ready {
			a.ahead(identity.WithLane(ctx, a.lanes[i]), c)
		}
	}
}

// ahead does a change before its turn in the plan; it is done once more then.
func (a *applier) ahead(ctx context.Context, c Change) {
	done, err := a.engine.turns.take(ctx, c.objects()...)
	if err != nil {
		return
	}
	defer done()
	c, current := a.current(c)
	if !current {
		return
	}
	c, notes := a.perform(ctx, c)
	a.keep(ctx, c, notes)
	a.run.follower.early()
}

// record keeps what became of a change, in the ledger and in the report.
func (a *applier) record(ctx context.Context, i int, c Change, notes Notes) {
	a.keep(ctx, c, notes)
	a.lock()
	defer a.unlock()
	a.results[i] = c
	a.run.follower.done(i)
	if c.State == state.Applied && len(c.Answers) > 0 {
		a.engine.did(a.run, c, a.ledger)
	}
}

// keep writes the notes of a change together with its line in the log.
func (a *applier) keep(ctx context.Context, c Change, notes Notes) {
	a.lock()
	defer a.unlock()
	subject := c.subject()
	_, failing := a.ledger.Failing[subject]
	switch {
	case c.State == state.Failed:
		notes.Failing[subject] = a.failure(c)
	case failing && c.State != state.Planned:
		notes.Failing[subject] = nil
	}
	if c.State != state.Planned && !c.Continues { // a change that was stopped, or goes on, is told by the run that does it
		notes.Log = append(notes.Log, a.run.told(c))
		a.run.log(c)
	}
	notes.keepReading(a.ledger)
	if err := a.engine.committed(ctx, a.ledger, notes); err != nil {
		a.stop(err)
	}
}

// perform asks Omni for one change, and notes what it answered. What is about
// to be sent stands in the ledger first. What a person has paused meanwhile is left as planned.
func (a *applier) perform(ctx context.Context, c Change) (Change, Notes) {
	if why := a.engine.brake.begin(c, time.Now()); why != "" {
		c.Reason, c.Halted = why, true
		return c, newNotes()
	}
	defer a.engine.brake.end(c)
	if err := a.sending(ctx, c); err != nil {
		return a.failed(c, err), newNotes()
	}
	var notes Notes
	var answers []identity.Answer
	began := time.Now()
	var mute time.Time // since when this change's own requests aren't answered
	asking := identity.WithAnswers(ctx, func(met identity.Answer) {
		answers = append(answers, met)
		if a.hears(met) {
			mute = time.Time{}
		} else if mute.IsZero() {
			mute = time.Now()
		}
	})
	if c.Group != "" {
		c, notes = a.performGroup(asking, c)
	} else {
		c, notes = a.performUser(asking, c)
		c = adopted(c, notes.Users[c.User])
	}
	if c.State == state.Failed && c.Why == causeDown {
		c = a.unanswered(ctx, c, mute)
	} else if len(answers) > 0 {
		a.lock()
		a.silent = 0
		a.unlock()
	}
	if len(answers) > 0 {
		c.Answers, c.Took = answers[max(0, len(answers)-keptAnswers):], time.Since(began)
	}
	if !c.Unsure {
		a.answeredFor(c, notes)
	}
	return c, notes
}

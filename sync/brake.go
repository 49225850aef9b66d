package sync

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// A person may pause what is written to Omni: all of it, or what takes something away.
// The word stands in the ledger, and holds for whoever leads; who leads keeps it in
// memory too, where each change looks right before it begins.
//
//	what a run plans       halted before Okta is asked once more (halt.go)
//	what is under way      ends; nothing begins any more (brake)
//	what Okta pushes       refused as while Omni is away; who leaves is accepted (push.go)

// metaPause is the key of the pause in the ledger.
const metaPause = "pause"

// brake is what a person has paused, and which changes are under way.
type brake struct {
	mu     sync.Mutex
	known  bool // pause is the ledger's
	pause  state.Pause
	under  map[bool]int  // changes under way, by whether they take something away
	moved  chan struct{} // capacity 1: pause is another one
	halted bool          // something was halted, and no run that reads all of Okta has ended since that halted nothing
}

func (b *brake) set(p state.Pause) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known, b.pause = true, p
	wake(b.moved, struct{}{})
}

// learn takes what was read from the ledger, unless something newer is known by now.
func (b *brake) learn(p state.Pause) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.known {
		b.known, b.pause = true, p
		wake(b.moved, struct{}{})
	}
}

// now gives the pause that holds, zero for none.
func (b *brake) now(now time.Time) state.Pause {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.pause.On(now) {
		return state.Pause{}
	}
	return b.pause
}

// begin lets a change begin, or tells why it doesn't. end is called after it.
func (b *brake) begin(c Change, now time.Time) (why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pause.On(now) && stops(b.pause, c) {
		b.halted = true
		return pausedBy(b.pause)
	}
	if b.under == nil {
		b.under = map[bool]int{}
	}
	b.under[c.takes()]++
	return ""
}

func (b *brake) end(c Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.under[c.takes()]--
}

// going counts the changes under way that a pause of that kind would have stopped.
func (b *brake) going(removalsOnly bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if removalsOnly {
		return b.under[true]
	}
	return b.under[true] + b.under[false]
}

// saw notes what became of a run: until a whole one has halted nothing, what is found may
// be what a pause has let lie.
func (b *brake) saw(halted, whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.halted = halted || b.halted && !whole
}

// lay reports whether something may have been let lie.
func (b *brake) lay() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.halted
}

// pausedNow gives the pause that holds, zero for none. Who leads reads it from the ledger
// once: nobody else writes it meanwhile.
func (e *Engine) pausedNow(ctx context.Context) (state.Pause, error) {
	e.brake.mu.Lock()
	known := e.brake.known && e.o.Fence != ""
	e.brake.mu.Unlock()
	if !known {
		p, _, err := state.Read[state.Pause](ctx, e.o.Store, state.Meta, metaPause)
		if err != nil {
			return p, err
		}
		if e.o.Fence == "" { // another process may say otherwise any time
			if !p.On(time.Now()) {
				p = state.Pause{}
			}
			return p, nil
		}
		e.brake.learn(p)
	}
	return e.brake.now(time.Now()), nil
}

// PauseOrder is what a person says about pausing.
type PauseOrder struct {
	By           string        `json:"by"`
	Resume       bool          `json:"resume,omitempty"`       // the pause is over; nothing else is asked then
	For          time.Duration `json:"for,omitempty"`          // it ends by itself; 0: when somebody resumes
	RemovalsOnly bool          `json:"removalsOnly,omitempty"` //
	Reason       string        `json:"reason,omitempty"`       //
}

// PauseAnswer is what became of it.
type PauseAnswer struct {
	Pause *state.Pause `json:"pause"`         // that holds now; null for none
	Was   *state.Pause `json:"was,omitempty"` // that held before
	Under int          `json:"under_way"`     // changes that had begun before, and may still reach Omni
}

// settlesWithin is how long a pause waits for the changes that are under way.
const settlesWithin = 10 * time.Second

// Pause notes that nothing is to be written to Omni any more, or that it may be again.
// It returns when what was under way has ended, or tells how much hasn't. Who resumes has
// what was let lie done by a run at once, where a loop makes runs.
func (e *Engine) Pause(ctx context.Context, o PauseOrder) (PauseAnswer, error) {
	answer, err := e.order(ctx, o)
	switch {
	case err != nil:
		return answer, err
	case answer.Pause == nil && answer.Was != nil:
		e.released("resume")
	case answer.Pause != nil:
		answer.Under = e.settle(ctx, o.RemovalsOnly)
	}
	return answer, nil
}

// order writes down what a person says about pausing.
func (e *Engine) order(ctx context.Context, o PauseOrder) (PauseAnswer, error) {
	e.deciding.Lock()
	defer e.deciding.Unlock()
	if _, err := e.connection(ctx); err != nil {
		return PauseAnswer{}, err
	}
	was, err := e.pausedNow(ctx)
	if err != nil {
		return PauseAnswer{}, err
	}
	answer := PauseAnswer{}
	if !was.Since.IsZero() {
		answer.Was = &was
	}
	if o.Resume && answer.Was == nil {
		return answer, nil
	}
	now := time.Now().UTC()
	p := state.Pause{By: o.By, Reason: o.Reason}
	told := state.Change{Kind: kindResume, State: state.Applied, Time: now, Cause: CauseCommand, Reason: "resumed by " + o.By}
	if !o.Resume {
		p.Since, p.RemovalsOnly = now, o.RemovalsOnly
		if o.For > 0 {
			p.Until = now.Add(o.For)
		}
		answer.Pause = &p
		told.Kind, told.Reason = kindPause, pausedBy(p)
	}
	n := newNotes()
	n.Pause, n.Log = &p, []state.Change{told}
	if err := e.commit(ctx, nil, n); err != nil {
		return PauseAnswer{}, err
	}
	e.archive(ctx, archived(state.ArchivedPause, []state.Pause{p})...)
	e.o.Log.Warn(told.Reason)
	return answer, nil
}

// The kinds under which the log tells of pauses.
const (
	kindPause  = "pause"
	kindResume = "resume"
)

// settle waits until what was under way has ended, and counts what hasn't.
func (e *Engine) settle(ctx context.Context, removalsOnly bool) int {
	end := time.Now().Add(settlesWithin)
	for {
		left := e.brake.going(removalsOnly)
		if left == 0 || time.Now().After(end) || !sleep(ctx, time.Now().Add(firstPause)) {
			return left
		}
	}
}

// released has done what a pause has let lie.
func (e *Engine) released(cause string) {
	e.watch.askFor(Request{Kind: Full, Cause: cause})
	if e.decided != nil {
		e.decided()
	}
}

// heed ends each pause when its time is over, until ctx ends.
func (e *Engine) heed(ctx context.Context) {
	for {
		wait := lookLate
		if p, err := e.pausedNow(ctx); err != nil {
			wait = lookSoon
		} else if p.Since.IsZero() {
			if err := e.lapse(ctx); err != nil {
				wait = lookSoon
			}
		} else if !p.Until.IsZero() {
			wait = min(wait, time.Until(p.Until))
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-e.brake.moved:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// lapse notes the end of a pause whose time is over, and has done what it has let lie.
func (e *Engine) lapse(ctx context.Context) error {
	e.deciding.Lock()
	defer e.deciding.Unlock()
	e.brake.mu.Lock()
	p := e.brake.pause
	e.brake.mu.Unlock()
	now := time.Now().UTC()
	if p.Since.IsZero() || p.On(now) {
		return nil
	}
	n := newNotes()
	n.Pause = &state.Pause{By: p.By}
	n.Log = []state.Change{{Kind: kindResume, State: state.Applied, Time: now, Cause: causeSchedule,
		Reason: fmt.Sprintf("the pause by %s is over since %s", p.By, moment(p.Until))}}
	if err := e.commit(ctx, nil, n); err != nil {
		return err
	}
	e.archive(ctx, archived(state.ArchivedPause, []state.Pause{*n.Pause})...)
	e.o.Log.Info("the pause is over", zap.String("by", p.By), zap.Time("since", p.Since))
	e.released(causeSchedule)
	return nil
}

// pausedBy tells who has paused what, until when and why.
func pausedBy(p state.Pause) string {
	what, until := "paused", ""
	if p.RemovalsOnly {
		what = "removals are paused"
	}
	if !p.Until.IsZero() {
		until = " until " + moment(p.Until)
	}
	words := fmt.Sprintf("%s by %s since %s%s", what, p.By, moment(p.Since), until)
	if p.Reason != "" {
		words += ": " + p.Reason
	}
	return words
}

// refusedByPause refuses a run that a person asks for while all is paused: it would read
// for minutes to do nothing.
func (e *Engine) refusedByPause(ctx context.Context, r Request) error {
	if r.DryRun || r.Cause != CauseCommand {
		return nil
	}
	p, err := e.pausedNow(ctx)
	if err != nil || p.Since.IsZero() || p.RemovalsOnly {
		return err
	}
	return &fault.Error{Kind: fault.Declined, Op: pausedBy(p), Hint: "nothing was done; syncd resume ends the pause, and --dry-run shows what would be done"}
}

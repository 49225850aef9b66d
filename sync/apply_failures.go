package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

const (
	// unavailableInRow is after how many changes in a row that Omni doesn't answer the run stops asking,
	// once unavailableFor has gone by: many at work fail together where Omni is away for a moment.
	unavailableInRow = 5
	unavailableFor   = 10 * time.Second
)

// failed marks a change that Omni didn't do, and stops the run where it is no
// use to go on: the credential is refused, or Omni is known to be down.
func (a *applier) failed(c Change, err error) Change {
	a.lock()
	a.broke = err
	a.unlock()
	c.Unsure = lost(err) || c.Group != "" && (fault.Is(err, fault.Refused) || fault.Is(err, fault.Conflict))
	if stopped(err) {
		c.Error = "the run was stopped before Omni had answered"
		return c
	}
	if errors.Is(err, fault.ErrUnsent) {
		a.stop(&fault.Error{Kind: fault.Unavailable, Op: "Omni is down", Hint: "the rest waits for the next run", Err: err})
		c.Error = "the run was stopped, because Omni is down"
		return c
	}
	c.State, c.Error, c.Retry = state.Failed, err.Error(), retryAfter(err)
	c.Why = causeOf(fault.KindOf(err), c.Group != "", c.Error)
	c.Reason = adviceOn(c.Why, fault.HintOf(err))
	if fault.Is(err, fault.Unauthorized) {
		a.stop(err)
	}
	return c
}

// retryAfter is the delay that the failure itself tells; 0 for none.
func retryAfter(err error) time.Duration {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Limited) {
		return 0
	}
	return e.After
}

// answered notes that Omni did a change.
func (a *applier) answered(c Change) Change {
	c.State = state.Applied
	return c
}

// hears reports whether Omni answered what it was asked, and notes when it last did to a
// change: an Omni that only lets itself be read is no better than one that is away.
func (a *applier) hears(met identity.Answer) bool {
	if met.Came() && !met.Reads() {
		a.heard.Store(time.Now().UnixNano())
	}
	return met.Came()
}

// unanswered tells a change that Omni fails at, though it does others, from one that
// fails because Omni is away: that is nobody's fault, and the run ends when it goes on.
// mute is since when the change's own requests aren't answered.
//
//	meanwhile another change was answered          this one's fault
//	none, and it is the first of them in a row     this one's fault where Omni lets itself be read
//	none, as before it                             everybody's
func (a *applier) unanswered(ctx context.Context, c Change, mute time.Time) Change {
	others := func() bool { return a.heard.Load() > mute.UnixNano() }
	a.lock()
	a.silent++
	first := a.silent == 1
	if first {
		a.since, a.first = time.Now(), ""
	}
	a.unlock()
	readable := !others() && first && a.run.request.Kind != Push && // to a push somebody waits for the answer
		a.engine.o.Omni.Answers(identity.WithAnswers(ctx, func(identity.Answer) {}))
	a.lock()
	defer a.unlock()
	switch {
	case others():
		a.silent = 0
		c.Why, c.Reason = causeAlone, adviceOn(causeAlone, "")
	case readable:
		a.first = c.subject()
		c.Why, c.Reason = causeAlone, adviceOn(causeAlone, "")
	case a.silent >= unavailableInRow && time.Since(a.since) >= unavailableFor:
		a.acquit(ctx)
		a.stop(&fault.Error{Kind: fault.Unavailable, Op: fmt.Sprintf("Omni did not answer %d changes in a row", a.silent),
			Hint: "the rest waits for the next run", Err: a.broke})
	}
	return c
}

// acquit takes back what was noted of the first of those that failed in a row: it was
// everybody's failure. The lock is held.
func (a *applier) acquit(ctx context.Context) {
	f, failing := a.ledger.Failing[a.first]
	if !failing || f.Cause != causeAlone {
		return
	}
	f.Cause, f.Change.Reason = causeDown, adviceOn(causeDown, "")
	f.Shared++
	n := newNotes()
	n.Failing[a.first] = &f
	if err := a.engine.committed(ctx, a.ledger, n); err != nil {
		a.stop(err)
	}
}

// stopped reports whether err is the end of the run's own context and no fault.
func stopped(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

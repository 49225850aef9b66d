package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

const (
	// unavailableInRow is after how many changes in a row that Omni doesn't answer the run stops asking,
	// once unavailableFor has gone by: many at work fail together where Omni is away for a moment.
	unavailableInRow = 5
	unavailableFor   = 10 * time.Second
)

// failed marks a change that Omni didn't do, and stops the run where it is no
// use to go on: the credential is refused, or Omni doesn't answer at all.
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
	c.State, c.Error, c.Reason, c.Retry = state.Failed, err.Error(), fault.HintOf(err), retryAfter(err)
	a.lock()
	defer a.unlock()
	switch kind := fault.KindOf(err); {
	case kind == fault.Unauthorized:
		a.stop(err)
	case kind == fault.Unavailable:
		if a.silent++; a.silent == 1 {
			a.since = time.Now()
		}
		if a.silent >= unavailableInRow && time.Since(a.since) >= unavailableFor {
			a.stop(&fault.Error{Kind: fault.Unavailable, Op: fmt.Sprintf("Omni did not answer %d changes in a row", a.silent),
				Hint: "the rest waits for the next run", Err: err})
		}
	default:
		a.silent = 0
	}
	return c
}

// retryAfter is the delay that goes with a failure: what is down or busy is no
// fault of the object, so its delay doesn't grow.
func retryAfter(err error) time.Duration {
	if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Limited) {
		return time.Minute
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.After
	}
	return 0
}

// answered notes that Omni did a change.
func (a *applier) answered(c Change) Change {
	c.State = state.Applied
	a.lock()
	a.silent = 0
	a.unlock()
	return c
}

// stopped reports whether err is the end of the run's own context and no fault.
func stopped(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

package sync

import (
	"fmt"
	"time"

	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// A change that fails is tried again after a minute, then after twice as long each
// time, at last once a day; with an exception where somebody keeps access:
//
//	failure                                   tried again after
//	of the object itself                      1 min, 2, 4, ... 24 h
//	of a removal of access                    1 min, 2, 4, ... 1 h, and told as an alarm from the first hour on
//	where Omni names a time                   that time
//	Omni is down, or busy                     a minute, by each full run before; the next delay is no longer than it was
//	the credential is refused                 5 minutes, likewise
//
// There is no chance in it: those who fail together are tried together, and Omni's
// allowance lets them go one by one.
const (
	firstDelay   = time.Minute
	longestDelay = 24 * time.Hour
	removalDelay = time.Hour
	keyDelay     = 5 * time.Minute
	// removalEarly is how much sooner a full run tries a removal of access: one that runs
	// each hour would else find that it is due in a moment, and try it after two.
	removalEarly = 10 * time.Minute
)

// removes reports whether the change takes access away.
func (c Change) removes() bool { return c.ends() || len(c.Drop) > 0 }

// failure counts a failed try, and says when the next one is.
func (a *applier) failure(c Change) *state.Failure {
	now := time.Now()
	f := a.ledger.Failing[c.subject()]
	if f.Attempts == 0 {
		f.Since = now
	}
	f.Attempts++
	f.Change, f.Cause = a.run.told(c), c.Why
	if shared(c.Why) {
		f.Shared++
	}
	f.Next = now.Add(delayOf(c, f))
	if late := now.Sub(f.Since); c.removes() && late >= removalDelay && c.Why != causeHandover { // which has a time of its own
		a.run.logger.Error("access that Okta took away still stands in Omni", zap.String("name", c.Name), zap.Duration("since", late.Round(time.Minute)),
			zap.String("error", c.Error), zap.String("hint", c.Reason))
	}
	return &f
}

// delayOf is how long after its newest failure a change is left alone.
func delayOf(c Change, f state.Failure) time.Duration {
	delay := c.Retry
	switch {
	case c.Why == causeCredential:
		delay = keyDelay
	case shared(c.Why):
		delay = firstDelay
	case delay == 0:
		delay = min(longestDelay, firstDelay<<min(f.Attempts-f.Shared-1, 20))
	}
	if c.removes() {
		delay = min(delay, removalDelay)
	}
	return delay
}

// postpone leaves failing objects alone until their delay is over, but for those that
// the run insists on. What everybody's failure delayed isn't left alone: were it not
// over, the run would end before it got here, or ends with the first of them.
func postpone(changes []Change, l *Ledger, now time.Time, insists func(subject string) bool) []Change {
	out := make([]Change, len(changes))
	copy(out, changes)
	for i, c := range out {
		f, failing := l.Failing[c.subject()]
		if c.State != state.Planned || !failing || shared(f.Cause) || insists(c.subject()) {
			continue
		}
		due := f.Next
		if c.removes() {
			due = due.Add(-removalEarly)
		}
		if due.After(now) {
			out[i].State, out[i].Error = state.Failed, f.Change.Error
			out[i].Reason = fmt.Sprintf("failed %s, tried again at %s", times(f.Attempts), f.Next.UTC().Format(time.RFC3339))
		}
	}
	return out
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

package okta

import (
	"context"
	"time"
)

// turn is whom a request lets go first.
type turn int

const (
	prompt   turn = iota // nobody
	yielding             // those that are prompt
	overdue              // nobody any more: it was patient for long enough
)

// longPatience is how long a patient request lets others go first, so that it comes
// to its turn however many they are.
const longPatience = 5 * time.Minute

// waiter is a request that waits for its bucket.
type waiter struct {
	pace    *pace
	bucket  *bucket
	patient bool

	turn   turn
	late   time.Time // when a patient one is overdue
	unsent func()    // takes back that it began
}

// wait returns when the request may be sent, counted as running already, or with
// ctx's error.
func (w *waiter) wait(ctx context.Context) error {
	p, b := w.pace, w.bucket
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.patient && w.late.IsZero() {
		w.turn, w.late = yielding, time.Now().Add(longPatience)
	}
	b.waiting[w.turn]++
	defer w.leave()
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		delay, _ := w.delay(time.Now())
		if delay == 0 {
			w.unsent = b.begin(time.Now(), w.patient)
			p.inFlight++
			return nil
		}
		if p.changed == nil {
			p.changed = make(chan struct{})
		}
		changed := p.changed
		p.mu.Unlock()
		pause(ctx, delay, changed)
		p.mu.Lock()
	}
}

// leave ends the waiting, whatever its end is. Who let this request go first looks again.
func (w *waiter) leave() {
	waiting := &w.bucket.waiting[w.turn]
	*waiting--
	if w.turn != yielding && *waiting == 0 {
		w.pace.wake()
	}
}

// delay is how long to wait before looking again, 0 when the request may go, and why.
func (w *waiter) delay(now time.Time) (time.Duration, string) {
	p, b := w.pace, w.bucket
	if w.turn == yielding && !now.Before(w.late) {
		b.waiting[yielding]--
		b.waiting[overdue]++
		w.turn = overdue
	}
	spare := 0
	if w.turn == yielding {
		spare = 1
	}
	delay, why := forever, "enough requests are on their way"
	if p.inFlight < maxInFlight-spare && b.all.running < maxInBucket-spare {
		delay, why = b.delay(now, p.share, w.turn)
	}
	if w.turn == yielding {
		delay = min(delay, w.late.Sub(now))
	}
	return delay, why
}

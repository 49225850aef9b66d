package okta

import (
	"context"
	"math"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Budget is what several processes may ask Okta together. Each of them keeps to its own
// share besides. Implementations are safe for concurrent use.
type Budget interface {
	// Spend takes one request of each quota, or none and tells how long it is until there
	// is one of each. An error tells that nobody knows.
	Spend(ctx context.Context, of ...identity.Quota) (time.Duration, error)
}

// Share makes the Reader keep to b too, from the next request on.
func (r *Reader) Share(b Budget) { r.pace.budget.Store(&b) }

// Unshared tells why other processes' requests aren't counted at present, "" where they
// are, or where there is nothing to share.
func (r *Reader) Unshared() string {
	r.pace.mu.Lock()
	defer r.pace.mu.Unlock()
	return r.pace.unshared
}

// askAgain is after how long a budget that can't be known is asked for again: to find that
// out may take long.
const askAgain = 5 * time.Second

// admit waits until a request may be sent, counted as running already: here, and among
// all who share the budget. Where that can't be known, the process goes on alone: what
// Okta announces as Remaining slows it down then.
func (p *pace) admit(ctx context.Context, w *waiter) error {
	for {
		if err := w.wait(ctx); err != nil {
			return err
		}
		budget := p.budget.Load()
		if budget == nil {
			return nil
		}
		rest, err := p.spend(ctx, *budget, w)
		if rest <= 0 && err == nil {
			return nil
		}
		p.takeBack(w, rest)
		if err != nil {
			return err
		}
	}
}

// spend asks once. That nobody knows is no error, but noted.
func (p *pace) spend(ctx context.Context, b Budget, w *waiter) (time.Duration, error) {
	p.mu.Lock()
	if p.unshared != "" && time.Since(p.unsharedAt) < askAgain {
		p.mu.Unlock()
		return 0, nil
	}
	p.unsharedAt = time.Now() // who comes meanwhile doesn't wait for the answer
	most, window := allowance(w.bucket.limit, p.share)
	if !w.bucket.announced { // the one that finds the limit out is counted, and not refused by what is assumed
		most = math.MaxInt32
	}
	p.mu.Unlock()
	quotas := []identity.Quota{{Name: w.bucket.name, Most: most, Window: window}}
	if w.patient {
		half, window := halve(most, window)
		quotas = append(quotas, identity.Quota{Name: w.bucket.name + ":patient", Most: half, Window: window})
	}
	rest, err := b.Spend(ctx, quotas...)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.unshared, p.unsharedAt = err.Error(), time.Now()
		return 0, nil
	}
	p.unshared = ""
	return rest, nil
}

// takeBack undoes that a request began: others have spent the budget for so long.
func (p *pace) takeBack(w *waiter, rest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.unsent()
	spent := &w.bucket.spent
	if w.patient {
		spent = &w.bucket.halfSpent
	}
	*spent = time.Now().Add(rest)
	p.inFlight--
	p.wake()
}

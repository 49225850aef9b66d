package omniclient

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/omnisync/omnisync/fault"
)

const (
	downAfter = 8                // requests in a row without an answer after which Omni counts as down,
	silence   = 10 * time.Second // once so long has gone by without one
	downFor   = time.Minute      // between two probes of it
)

// breaker spares an Omni that is down: of all requests one a minute is sent, as a
// probe, and the others fail at once. With the first answer all go again.
type breaker struct {
	circuit circuitbreaker.CircuitBreaker[any]

	mu    sync.Mutex
	row   int       // requests without an answer
	since time.Time // the first of them
}

func newBreaker() *breaker {
	return &breaker{circuit: circuitbreaker.NewBuilder[any]().WithSuccessThreshold(1).WithDelay(downFor).Build()}
}

// check fails where no request can be sent now.
func (b *breaker) check(op string) error {
	if b.rest() > 0 {
		return b.down(op)
	}
	return nil
}

// begin fails where a request may not be sent; else end must follow.
func (b *breaker) begin(op string) error {
	if !b.circuit.TryAcquirePermit() {
		return b.down(op)
	}
	return nil
}

// end tells what came of it. What the caller gave up tells nothing of Omni, but that
// a probe had no answer.
func (b *breaker) end(ctx context.Context, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !fault.Is(err, fault.Unavailable):
		b.row = 0
		b.circuit.RecordSuccess()
	case b.circuit.IsHalfOpen():
		b.circuit.RecordFailure()
	case ctx.Err() == nil:
		b.unanswered(time.Now())
	}
}

// unanswered counts one. Many at work at the same time fail together where Omni is
// away for a moment: that isn't down yet.
func (b *breaker) unanswered(now time.Time) {
	if b.row++; b.row == 1 {
		b.since = now
	}
	if b.row >= downAfter && now.Sub(b.since) >= silence && b.circuit.IsClosed() {
		b.circuit.Open()
	}
}

// Awake reports whether Omni answers, as far as is known. One that is down is asked, once
// a minute, by a request that costs it little.
func (c *Client) Awake(ctx context.Context) bool {
	switch {
	case c.breaker.circuit.IsClosed():
		return true
	case c.breaker.rest() > 0:
		return false
	}
	_, err := c.ask(ctx, request{op: "ask whether Omni is back", method: http.MethodGet, path: userListing().path, query: url.Values{"count": {"1"}}, once: true}, nil)
	return !fault.Is(err, fault.Unavailable)
}

// rest is how long no request will be sent.
func (b *breaker) rest() time.Duration {
	if !b.circuit.IsOpen() {
		return 0
	}
	return b.circuit.RemainingDelay()
}

func (b *breaker) down(op string) error {
	return &fault.Error{Kind: fault.Unavailable, Op: op, Detail: "Omni hasn't answered the last requests, and is tried again once a minute",
		After: max(b.rest(), time.Second), Err: fault.ErrUnsent}
}

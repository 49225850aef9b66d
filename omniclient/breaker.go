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
	downAfter = 8                // requests in a row without an answer after which Omni may be down,
	silence   = 10 * time.Second // once so long has gone by without one
	downFor   = time.Minute      // from one probe of it to the next
)

// breaker spares an Omni that is down: of all requests one a minute is sent, as a
// probe, and the others fail at once. With the first answer all go again.
type breaker struct {
	circuit circuitbreaker.CircuitBreaker[any] // lets one probe through, once it is due

	mu    sync.Mutex
	row   int       // requests without an answer
	since time.Time // the first of them
	asks  bool      // whether it is being asked that would answer whatever is wrong with those
	next  time.Time // when an Omni that is down is asked again
}

func newBreaker() *breaker {
	return &breaker{circuit: circuitbreaker.NewBuilder[any]().WithSuccessThreshold(1).WithDelay(0).Build()}
}

// check fails where no request can be sent now.
func (b *breaker) check(op string) error {
	if rest := b.rest(); rest > 0 {
		return down(op, rest)
	}
	return nil
}

// begin fails where a request may not be sent; else end must follow.
func (b *breaker) begin(op string) error {
	if err := b.check(op); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.circuit.TryAcquirePermit() { // another one is the probe
		return down(op, time.Second)
	}
	if b.circuit.IsHalfOpen() {
		b.next = time.Now().Add(downFor)
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
		if !b.circuit.IsClosed() { // also where it was sent before Omni counted as down
			b.circuit.Close()
		}
	case b.circuit.IsHalfOpen():
		b.circuit.RecordFailure()
	case ctx.Err() == nil:
		if b.row++; b.row == 1 {
			b.since = time.Now()
		}
	}
}

// suspect reports whether the caller is to find out if Omni is down: many at work at the
// same time fail together where it is away for a moment, and one object may fail for ever.
func (b *breaker) suspect() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asks || b.row < downAfter || time.Since(b.since) < silence || !b.circuit.IsClosed() {
		return false
	}
	b.asks = true
	return true
}

// found ends what suspect began at a time.
func (b *breaker) found(down bool, began time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asks = false
	if down && b.row >= downAfter && b.circuit.IsClosed() {
		b.circuit.Open()
		b.next = began.Add(downFor)
	}
}

// soon makes the next probe due.
func (b *breaker) soon() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next = time.Time{}
}

// rest is how long no request will be sent.
func (b *breaker) rest() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.circuit.IsClosed() {
		return 0
	}
	return max(0, time.Until(b.next))
}

func down(op string, rest time.Duration) error {
	return &fault.Error{Kind: fault.Unavailable, Op: op, Detail: "Omni hasn't answered the last requests, and is tried again once a minute",
		After: rest, Err: fault.ErrUnsent}
}

// alive is a request that costs Omni little.
var alive = request{op: "ask whether Omni is there", method: http.MethodGet, path: userListing().path, query: url.Values{"count": {"1"}}, once: true}

// mistrust asks Omni, with the key whose request wasn't answered, whether it is down.
func (c *Client) mistrust(ctx context.Context, key string) {
	if !c.breaker.suspect() {
		return
	}
	began := time.Now()
	_, err := c.exchange(ctx, alive, key)
	c.breaker.end(ctx, err)
	c.breaker.found(fault.Is(err, fault.Unavailable) && ctx.Err() == nil, began)
}

// Away tells how long an Omni that is down won't be asked, and 0 where it answers, as
// far as is known. Where it is due, one that is down is asked, by a request that costs it
// little; at once where somebody wants to know.
func (c *Client) Away(ctx context.Context, atOnce bool) time.Duration {
	if c.breaker.circuit.IsClosed() {
		return 0
	}
	if atOnce {
		c.breaker.soon()
	}
	if rest := c.breaker.rest(); rest > 0 {
		return rest
	}
	if _, err := c.ask(ctx, alive, nil); fault.Is(err, fault.Unavailable) {
		return max(c.breaker.rest(), time.Second)
	}
	return 0
}

// Answers asks Omni for little, and reports whether it answers, whatever it says. One that
// is known to be down isn't asked.
func (c *Client) Answers(ctx context.Context) bool {
	_, err := c.ask(ctx, alive, nil)
	return !fault.Is(err, fault.Unavailable)
}

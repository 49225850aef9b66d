package omniclient

import (
	"context"
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/omnisync/omnisync/fault"
)

const (
	downAfter = 8           // requests in a row without an answer after which Omni counts as down
	downFor   = time.Minute // between two probes of it
)

// errDown is in the errors of requests that weren't sent because Omni is down.
var errDown = errors.New("no answer from Omni")

// breaker spares an Omni that is down: of all requests one a minute is sent, as a
// probe, and the others fail at once. With the first answer all go again.
type breaker struct {
	circuit circuitbreaker.CircuitBreaker[any]
}

func newBreaker() breaker {
	return breaker{circuitbreaker.NewBuilder[any]().WithFailureThreshold(downAfter).WithSuccessThreshold(1).WithDelay(downFor).Build()}
}

// check fails where no request can be sent now.
func (b breaker) check(op string) error {
	if b.rest() > 0 {
		return b.down(op)
	}
	return nil
}

// begin fails where a request may not be sent; else end must follow.
func (b breaker) begin(op string) error {
	if !b.circuit.TryAcquirePermit() {
		return b.down(op)
	}
	return nil
}

// end tells what came of it. What the caller gave up tells nothing of Omni, but that
// a probe had no answer.
func (b breaker) end(ctx context.Context, err error) {
	switch {
	case !fault.Is(err, fault.Unavailable):
		b.circuit.RecordSuccess()
	case ctx.Err() == nil || b.circuit.IsHalfOpen():
		b.circuit.RecordFailure()
	}
}

// rest is how long no request will be sent.
func (b breaker) rest() time.Duration {
	if !b.circuit.IsOpen() {
		return 0
	}
	return b.circuit.RemainingDelay()
}

func (b breaker) down(op string) error {
	return &fault.Error{Kind: fault.Unavailable, Op: op, Detail: "not sent, because Omni hasn't answered the last requests; it is tried again once a minute",
		After: max(b.rest(), time.Second), Err: errDown}
}

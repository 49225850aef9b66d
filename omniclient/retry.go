package omniclient

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

const (
	attempts    = 4 // of a request that may be repeated
	maxThrottle = 8 // answers of 429 that one call sits out
)

// newRetries repeats what failed on the way or at the other side.
func newRetries() retrypolicy.RetryPolicy[answer] {
	return retrypolicy.NewBuilder[answer]().
		HandleIf(func(_ answer, err error) bool {
			return fault.Is(err, fault.Unavailable) && !errors.Is(err, fault.ErrUnsent)
		}).
		WithBackoff(500*time.Millisecond, 8*time.Second).
		WithJitterFactor(0.25).
		WithMaxAttempts(attempts).
		ReturnLastFailure().
		Build()
}

// send brings r to an answer. Reads, deletions and PATCHes of absolute values are
// tried up to four times, a creation once.
func (c *Client) send(ctx context.Context, r request) (answer, error) {
	var last error
	try := func() (answer, error) {
		a, err := c.attempt(ctx, r)
		if err != nil && ctx.Err() == nil {
			last = err
		}
		return a, err
	}
	var a answer
	var err error
	if r.once {
		a, err = try()
	} else {
		a, err = failsafe.With[answer](c.retries).WithContext(ctx).Get(try)
	}
	if err != nil && ctx.Err() != nil {
		err = &fault.Error{Kind: fault.Unavailable, Op: r.op, Detail: stopped(last), Err: ctx.Err()}
	}
	return a, err
}

// stopped tells what a request waited for when its caller gave up.
func stopped(last error) string {
	if f, ok := errors.AsType[*fault.Error](last); ok {
		return "given up after " + f.Detail
	}
	return "given up while waiting for Omni"
}

// attempt sends r in its turn, with one key after the other while keys are
// refused, and again after each 429: neither has had an effect.
func (c *Client) attempt(ctx context.Context, r request) (answer, error) {
	for throttled, refused := 0, 0; ; {
		if err := c.breaker.check(r.op); err != nil {
			return answer{}, err
		}
		values, usable, err := c.keys.usable(r.op)
		if err == nil && r.key > 0 {
			usable, err = one(r, values)
		}
		if err != nil {
			return answer{}, err
		}
		key, err := c.turn(ctx, values, usable)
		if err != nil {
			return answer{}, err
		}
		if err := c.breaker.begin(r.op); err != nil {
			return answer{}, err
		}
		a, err := c.exchange(ctx, r, values[key])
		c.breaker.end(ctx, err)
		switch fault.KindOf(err) {
		case fault.Unavailable: // tells nothing about key and pace
			c.mistrust(ctx, values[key])
			return a, err
		case fault.Limited:
			c.allowance.Limited(key, after(err))
			if throttled++; throttled == maxThrottle {
				return a, err
			}
		case fault.Unauthorized:
			c.allowance.Answered(key)
			if r.apart {
				return a, err
			}
			if refused++; !c.keys.refuse(key, values[key]) || refused > len(values) {
				return a, err
			}
		default:
			c.allowance.Answered(key)
			c.keys.accept(key)
			return a, err
		}
	}
}

// one is the key that the request is about.
func one(r request, values []string) ([]int, error) {
	if r.key > len(values) || values[r.key-1] == "" {
		return nil, &fault.Error{Kind: fault.Unauthorized, Op: r.op, Detail: fmt.Sprintf("API key %d can't be read", r.key), Hint: hintKey}
	}
	return []int{r.key - 1}, nil
}

// turn waits for the turn of a usable key, in this process and among all that share it.
func (c *Client) turn(ctx context.Context, values []string, usable []int) (int, error) {
	key, used, err := c.allowance.Turn(ctx, identity.LaneOf(ctx), usable)
	if err != nil {
		return 0, err
	}
	defer used()
	pace, total := c.allowance.Limits().Pace, 0.0
	if c.total < len(c.keys.read)*c.perKey {
		total = Steady(c.total) * pace
	}
	return key, c.shared.turn(ctx, values[key], Steady(c.perKey)*pace, total)
}

func after(err error) time.Duration {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.After
	}
	return 0
}

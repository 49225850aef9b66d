package redis

import (
	"context"
	"strings"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
)

// Allowance shares a limit of requests out among all processes that use one
// ledger, each API key having one of its own.
type Allowance struct {
	store   *Store
	limiter *redis_rate.Limiter
	limit   redis_rate.Limit
}

// Allowance lets each key send perMinute requests in any minute, in even steps.
func (s *Store) Allowance(perMinute float64) *Allowance {
	const rate = 60_000                 // in whole numbers, over as long as that takes
	burst := max(1, int(perMinute/600)) // a tenth of a second's: sleeping is not more exact
	return &Allowance{store: s, limiter: redis_rate.NewLimiter(plain{s.client}),
		limit: redis_rate.Limit{Rate: rate, Burst: burst, Period: time.Duration(rate / perMinute * float64(time.Minute))}}
}

// Take takes one request of key's, or tells how long it is until there is one.
// The key's name is its digest, never the key.
func (a *Allowance) Take(ctx context.Context, digest string) (time.Duration, error) {
	result, err := a.limiter.Allow(ctx, a.store.keys.allowance(digest), a.limit)
	if err != nil {
		return 0, a.store.fault("share the allowance of", err)
	}
	if result.Allowed > 0 {
		return 0, nil
	}
	return max(result.RetryAfter, time.Millisecond), nil
}

// plain takes redis_rate's own prefix away: every key begins with ours.
type plain struct{ *redis.Client }

func (p plain) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return p.Client.Eval(ctx, script, unprefixed(keys), args...)
}

func (p plain) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	return p.Client.EvalSha(ctx, sha, unprefixed(keys), args...)
}

func unprefixed(keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = strings.TrimPrefix(k, "rate:")
	}
	return out
}

package redis

import (
	"context"
	"strings"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
)

// Allowance shares limits of requests out among all processes that use one ledger,
// each API key having one of its own, and all of them together another.
type Allowance struct {
	store   *Store
	limiter *redis_rate.Limiter
}

// Allowance is what the processes of this ledger share.
func (s *Store) Allowance() *Allowance {
	return &Allowance{store: s, limiter: redis_rate.NewLimiter(plain{s.client})}
}

// Take takes one request of those under a name, perMinute of which may be sent in any
// minute in even steps, or tells how long it is until there is one. The name of an API
// key's is its digest, never the key. Processes that were told different paces share
// what is about the mean of them.
func (a *Allowance) Take(ctx context.Context, name string, perMinute float64) (time.Duration, error) {
	result, err := a.limiter.AllowN(ctx, a.store.keys.allowance(name), evenly(perMinute), unit)
	if err != nil {
		return 0, a.store.fault("share the allowance of", err)
	}
	if result.Allowed > 0 {
		return 0, nil
	}
	return max(result.RetryAfter, time.Millisecond), nil
}

// unit is what one request takes of a limit.
const unit = 100

// evenly lets a request that is up to a tenth of a second late not delay the next:
// waiting is not more exact.
func evenly(perMinute float64) redis_rate.Limit {
	const rate = 60_000 // in whole numbers, over as long as that takes
	return redis_rate.Limit{Rate: rate, Burst: unit + int(unit*perMinute/600), Period: time.Duration(rate / unit / perMinute * float64(time.Minute))}
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

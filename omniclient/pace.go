package omniclient

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/omnisync/omnisync/fault"
)

// How the pace follows Omni. The documented limit is 60 requests a minute and
// key, but answers of 429 were seen below it, without Retry-After.
const (
	ceiling   = 0.985           // of the limit: with single steps, any 60 s hold at most the limit
	slowest   = 0.1             // the pace never falls below this share of the ceiling
	slowdown  = 0.8             // what a 429 leaves of the pace
	speedup   = 0.002           // what an answered request adds to it
	firstRest = 2 * time.Second // a key's pause after a 429 that names none; doubled by each further one
	longRest  = time.Minute     // up to this
	patience  = 5 * time.Minute // a pause that is longer isn't waited for
)

// Steady is how many requests a minute go out in even steps where a key may send
// perMinute in any 60 s.
func Steady(perMinute int) float64 { return float64(perMinute) * ceiling }

// pace is the allowance of one process: each key goes in even steps, the key
// whose turn comes first is taken, and all keys slow down when Omni says 429.
type pace struct {
	mu        sync.Mutex
	perMinute int     // of each key
	share     float64 // of the ceiling that is used now
	keys      []turns
}

// turns is one key.
type turns struct {
	limiter *rate.Limiter
	paused  time.Time // sends nothing before
	in429   int       // answers of 429 in a row
}

func newPace(keys, perMinute int) *pace {
	p := &pace{perMinute: perMinute, share: 1, keys: make([]turns, keys)}
	for i := range p.keys {
		p.keys[i].limiter = rate.NewLimiter(p.limit(), 1)
	}
	return p
}

func (p *pace) limit() rate.Limit {
	return rate.Limit(Steady(p.perMinute) * p.share / 60)
}

// Turn reserves the earliest turn. During a pause nothing is reserved, so that
// those who waited for its end go one by one after it.
func (p *pace) Turn(ctx context.Context, keys []int) (int, error) {
	for {
		key, wait, turn := p.next(time.Now(), keys)
		if turn == nil && wait > patience {
			return 0, &fault.Error{Kind: fault.Limited, Op: "wait for Omni", Detail: "Omni asked to wait longer than a request may take", After: wait}
		}
		if err := sleep(ctx, wait); err != nil {
			if turn != nil {
				turn.Cancel()
			}
			return 0, err
		}
		if turn != nil && !p.isPaused(time.Now(), key) {
			return key, nil
		}
	}
}

// next reserves the earliest turn of keys and tells how long it is until then.
// Where the key that comes first is paused it reserves none, and tells how long
// the pause is.
func (p *pace) next(now time.Time, keys []int) (key int, wait time.Duration, turn *rate.Reservation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	paused := false
	for i, k := range keys {
		w, rests := p.keys[k].until(now)
		if i == 0 || w < wait {
			key, wait, paused = k, w, rests
		}
	}
	if paused {
		return key, wait, nil
	}
	turn = p.keys[key].limiter.ReserveN(now, 1)
	return key, turn.DelayFrom(now), turn
}

// until tells when the key's next turn is, and whether a pause ends later than that.
func (t *turns) until(now time.Time) (time.Duration, bool) {
	missing := 1 - t.limiter.TokensAt(now)
	turn := time.Duration(max(0, missing) / float64(t.limiter.Limit()) * float64(time.Second))
	if rest := t.paused.Sub(now); rest > 0 {
		return max(rest, turn), true
	}
	return turn, false
}

func (p *pace) isPaused(now time.Time, key int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[key].paused.After(now)
}

// Answered lets the pace recover a little.
func (p *pace) Answered(key int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[key].in429 = 0
	if p.share < 1 {
		p.setShare(p.share + speedup)
	}
}

// Limited pauses the key and slows all keys down, because the limit may belong
// to the organization. Answers that belong to one pause count once.
func (p *pace) Limited(key int, after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	k := &p.keys[key]
	if !k.paused.After(now) {
		k.in429++
		p.setShare(p.share * slowdown)
	}
	if after <= 0 {
		after = min(longRest, firstRest<<min(max(k.in429-1, 0), 10))
	}
	after += rand.N(after/4 + time.Millisecond) // spreads those who wait
	if until := now.Add(after); until.After(k.paused) {
		k.paused = until
	}
}

func (p *pace) setShare(share float64) {
	p.share = min(1, max(slowest, share))
	now := time.Now()
	for i := range p.keys {
		p.keys[i].limiter.SetLimitAt(now, p.limit())
	}
}

// Limits tells the pace and the pause.
func (p *pace) Limits() Limits {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	l := Limits{PerMinute: p.perMinute * len(p.keys), Pace: p.share}
	for i, k := range p.keys {
		rest := max(0, k.paused.Sub(now).Seconds())
		if i == 0 || rest < l.PausedSeconds {
			l.PausedSeconds = rest
		}
	}
	return l
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

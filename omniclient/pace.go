package omniclient

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

const (
	ceiling   = 0.985           // of the limit: with single steps, any 60 s hold at most the limit
	firstRest = 2 * time.Second // a key's pause after a 429 that names none; doubled by each further one
	longRest  = time.Minute     // up to this
	patience  = 5 * time.Minute // a pause that is longer isn't waited for
	unit      = 100             // tokens of a request
)

// Steady is how many requests a minute go out in even steps where perMinute may be
// sent in any 60 s.
func Steady(perMinute int) float64 { return float64(perMinute) * ceiling }

// pace is the allowance of one process: each key goes in even steps, and so do all
// together where they may send less than their sum. A turn is given when it comes, not
// before: to the best lane that waits then. All keys slow down when Omni says 429.
type pace struct {
	mu        sync.Mutex
	perMinute int // of each key
	total     int // of all together
	keys      []turns
	all       turns
	recovery  recovery
	lanes     lanes
	due       time.Time   // when the next turn comes; zero while nobody waits
	alarm     *time.Timer // rings then
}

// turns is one key, or all.
type turns struct {
	limiter *rate.Limiter
	paused  time.Time               // sends nothing before
	in429   int                     // answers of 429 in a row
	given   [identity.Lanes + 1]int // by lane: turns that aren't used yet
}

// newPace shares perMinute of each of so many keys out, and total of all together;
// 0 is their sum.
func newPace(keys, perMinute, total int) *pace {
	sum := keys * perMinute
	if total <= 0 || total > sum {
		total = sum
	}
	p := &pace{perMinute: perMinute, total: total, keys: make([]turns, keys)}
	for i := range p.keys {
		p.keys[i].limiter = newLimiter(perMinute)
	}
	p.all.limiter = rate.NewLimiter(rate.Inf, unit)
	if total < sum {
		p.all.limiter = newLimiter(total)
	}
	return p
}

// newLimiter lets a request that is up to a tenth of a second late not delay the next.
func newLimiter(perMinute int) *rate.Limiter {
	return rate.NewLimiter(perSecond(perMinute, 1), unit+int(perSecond(perMinute, 1)/10))
}

// perSecond is a limit in tokens.
func perSecond(perMinute int, share float64) rate.Limit {
	return rate.Limit(Steady(perMinute) * share / 60 * unit)
}

// Turn waits in the lane. Who waits sends nothing and holds nothing.
func (p *pace) Turn(ctx context.Context, lane identity.Lane, keys []int) (key int, used func(), err error) {
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	w := newWaiter(lane, keys)
	p.mu.Lock()
	p.lanes.add(w)
	p.serve(time.Now())
	p.mu.Unlock()
	for waits := true; waits; {
		waits = false
		select {
		case key = <-w.turn:
		case err = <-w.failed:
		case <-identity.Hurried(ctx, w.lane):
			p.hurry(w, identity.LaneOf(ctx))
			waits = true
		case <-ctx.Done():
			key, err = p.leave(ctx, w)
		}
	}
	if err != nil {
		return 0, nil, err
	}
	return key, sync.OnceFunc(func() { p.used(key, w.lane) }), nil
}

// hurry lets w, if it still waits, wait in a better lane.
func (p *pace) hurry(w *waiter, lane identity.Lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lanes.hurry(w, lane) {
		p.serve(time.Now())
	}
}

// leave ends the waiting of w, unless its turn came at the same moment.
func (p *pace) leave(ctx context.Context, w *waiter) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lanes.remove(w) {
		p.serve(time.Now())
		return 0, ctx.Err()
	}
	select {
	case key := <-w.turn:
		return key, nil
	case err := <-w.failed:
		return 0, err
	}
}

func (p *pace) used(key int, lane identity.Lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[key].given[lane]--
	p.serve(time.Now())
}

// serve gives all turns that have come, and sets the alarm for the next.
func (p *pace) serve(now time.Time) {
	p.adapt(now)
	for {
		ready := p.ready(now)
		if len(ready) == 0 {
			break
		}
		can := func(w *waiter) bool {
			return slices.ContainsFunc(w.keys, func(k int) bool { return slices.Contains(ready, k) && p.keys[k].free(w.lane) })
		}
		w := p.lanes.take(can)
		if w == nil {
			break
		}
		key, _, _ := p.first(w, now)
		p.keys[key].limiter.ReserveN(now, unit)
		p.all.limiter.ReserveN(now, unit)
		p.keys[key].given[w.lane]++
		w.turn <- key
	}
	p.set(now)
}

// ready gives the keys that may send now.
func (p *pace) ready(now time.Time) []int {
	if p.all.due(now).After(now) {
		return nil
	}
	var list []int
	for k := range p.keys {
		if !p.keys[k].due(now).After(now) {
			list = append(list, k)
		}
	}
	return list
}

// set finds out when the next turn comes. Those for whom none comes for long fail.
func (p *pace) set(now time.Time) {
	p.due = time.Time{}
	var before, vain *waiter
	for w := range p.lanes.all() {
		if before != nil && before.lane == w.lane && slices.Equal(before.keys, w.keys) { // comes after it
			continue
		}
		if p.rest(w.keys, now) > patience {
			vain = w
			break
		}
		before = w
		if _, due, found := p.first(w, now); found && (p.due.IsZero() || due.Before(p.due)) {
			p.due = due
		}
	}
	if vain != nil {
		p.lanes.remove(vain)
		vain.failed <- &fault.Error{Kind: fault.Limited, Op: "wait for Omni", Detail: "Omni asked to wait longer than a request may take", After: p.rest(vain.keys, now)}
		p.set(now)
		return
	}
	if p.alarm != nil {
		p.alarm.Stop()
		p.alarm = nil
	}
	if !p.due.IsZero() {
		p.alarm = time.AfterFunc(time.Until(p.due), p.ring)
	}
}

// ring serves whose turn has come.
func (p *pace) ring() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serve(time.Now())
}

// first gives the key whose turn comes first for w, and when. It finds none where
// others have a turn of each that they haven't used yet.
func (p *pace) first(w *waiter, now time.Time) (key int, due time.Time, found bool) {
	for _, k := range w.keys {
		if d := p.keys[k].due(now); p.keys[k].free(w.lane) && (!found || d.Before(due)) {
			key, due, found = k, d, true
		}
	}
	if all := p.all.due(now); all.After(due) {
		due = all
	}
	return key, due, found
}

// rest is how long all the keys are paused.
func (p *pace) rest(keys []int, now time.Time) time.Duration {
	shortest := time.Duration(math.MaxInt64)
	for _, k := range keys {
		shortest = min(shortest, p.keys[k].paused.Sub(now))
	}
	return shortest
}

// free reports whether nobody of the lane has a turn of the key that isn't used yet: who
// waits for other processes then keeps nobody from a key that is free for all.
func (t *turns) free(lane identity.Lane) bool { return t.given[lane] == 0 }

// due tells when the next turn is.
func (t *turns) due(now time.Time) time.Time {
	due := now
	if missing := unit - t.limiter.TokensAt(now); missing > 1e-4 {
		due = now.Add(time.Duration(missing / float64(t.limiter.Limit()) * float64(time.Second)))
	}
	if t.paused.After(due) {
		return t.paused
	}
	return due
}

// adapt sets the pace as far as it has recovered.
func (p *pace) adapt(now time.Time) {
	share := p.recovery.share(now)
	if limit := perSecond(p.perMinute, share); p.keys[0].limiter.Limit() != limit {
		for i := range p.keys {
			p.keys[i].limiter.SetLimitAt(now, limit)
		}
	}
	if limit := perSecond(p.total, share); p.all.limiter.Limit() != rate.Inf && p.all.limiter.Limit() != limit {
		p.all.limiter.SetLimitAt(now, limit)
	}
}

// Answered ends a row of 429s.
func (p *pace) Answered(key int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[key].in429 = 0
}

// Limited pauses the key and slows all keys down, because the limit may belong
// to the organization. Answers that belong to one pause count once, and a row of them
// slows down once: Omni counts what went before.
func (p *pace) Limited(key int, after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	k := &p.keys[key]
	if !k.paused.After(now) {
		if k.in429++; k.in429 == 1 {
			p.recovery = p.recovery.limited(now)
		}
	}
	if after <= 0 {
		after = min(longRest, firstRest<<min(max(k.in429-1, 0), 10))
	}
	after += rand.N(after/4 + time.Millisecond) // spreads those who wait
	if until := now.Add(after); until.After(k.paused) {
		k.paused = until
	}
	p.serve(now)
}

// Limits tells the pace, the pause, and who waits.
func (p *pace) Limits() Limits {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	l := Limits{PerMinute: p.total, Pace: p.recovery.share(now), recovery: p.recovery, Lanes: p.lanes.state(now)}
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

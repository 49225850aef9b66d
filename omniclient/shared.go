package omniclient

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Shared is an allowance that several processes have together. Each of them keeps
// to its own besides.
type Shared interface {
	// Take takes one request of those that go under a name, which is the digest of an
	// API key or together: perMinute of them, in even steps. Or it tells how long it is
	// until there is one. An error tells that nobody knows.
	Take(ctx context.Context, name string, perMinute float64) (time.Duration, error)
}

// together is the name of all keys' requests.
const together = "all"

// sharing is what a client knows of the allowance that it shares.
type sharing struct {
	with   atomic.Pointer[Shared] // nil: this process has the keys to itself
	broken atomic.Pointer[outage] // why it is not shared at present
	lines  sync.Map               // by name: those who wait, a *line
}

// outage is why nobody knows what others sent, and when that was found out.
type outage struct {
	why string
	at  time.Time
}

// askAgain is after how long it is asked for again: to find out may take long.
const askAgain = 5 * time.Second

// unknown reports whether it isn't worth to ask now.
func (s *sharing) unknown() bool {
	b := s.broken.Load()
	return b != nil && time.Since(b.at) < askAgain
}

// Share makes the client keep to s too, from the next request on.
func (c *Client) Share(s Shared) { c.shared.with.Store(&s) }

// turn waits for the key's turn among all processes, and for that of all keys together
// where total isn't 0.
func (s *sharing) turn(ctx context.Context, key string, perKey, total float64) error {
	if s.with.Load() == nil {
		return nil
	}
	digest := sha256.Sum256([]byte(key))
	err := s.take(ctx, hex.EncodeToString(digest[:8]), perKey)
	if err == nil && total > 0 {
		err = s.take(ctx, together, total)
	}
	return err
}

// take asks until there is a request to be had. Of this process one asks at a time:
// of the best lane who came first; whoever comes in a better lane takes over. Where the
// allowance can't be known, the process goes on with its own alone, and says so in
// Limits: Omni's 429 slows it down then.
func (s *sharing) take(ctx context.Context, name string, perMinute float64) error {
	if s.unknown() {
		return nil
	}
	found, _ := s.lines.LoadOrStore(name, &line{better: make(chan struct{}, 1)})
	l := found.(*line) //nolint:forcetypeassert // nothing else is stored
	w := newWaiter(identity.LaneOf(ctx), nil)
	if err := l.enter(ctx, w); err != nil {
		return err
	}
	for {
		wait, err := s.ask(ctx, name, perMinute)
		if err != nil || wait <= 0 {
			l.leave()
			return err
		}
		if err := l.rest(ctx, w, wait); err != nil {
			return err
		}
	}
}

// ask asks once. That nobody knows is no error, but noted.
func (s *sharing) ask(ctx context.Context, name string, perMinute float64) (time.Duration, error) {
	if s.unknown() {
		return 0, nil
	}
	if b := s.broken.Load(); b != nil { // who comes meanwhile doesn't wait for the answer
		s.broken.Store(&outage{why: b.why, at: time.Now()})
	}
	wait, err := (*s.with.Load()).Take(ctx, name, perMinute)
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		s.broken.Store(&outage{why: err.Error(), at: time.Now()})
		return 0, nil //nolint:nilerr // it is noted
	}
	s.broken.Store(nil)
	return wait, nil
}

func (s *sharing) why() string {
	if b := s.broken.Load(); b != nil {
		return b.why
	}
	return ""
}

// count adds those who wait for what is shared to the lanes.
func (s *sharing) count(list []Lane, now time.Time) {
	for _, v := range s.lines.Range {
		l := v.(*line) //nolint:forcetypeassert // nothing else is stored
		l.mu.Lock()
		waiting := slices.Collect(l.lanes.all())
		if l.inside != nil {
			waiting = append(waiting, l.inside)
		}
		for _, w := range waiting {
			if i := int(w.lane) - 1; i < len(list) {
				list[i].Waiting++
				list[i].Seconds = max(list[i].Seconds, now.Sub(w.since).Seconds())
			}
		}
		l.mu.Unlock()
	}
}

// line lets one in at a time.
type line struct {
	mu     sync.Mutex
	inside *waiter
	lanes  lanes
	better chan struct{} // capacity 1: somebody waits in a better lane than who is inside
}

// enter waits until w is inside, or fails with ctx's error.
func (l *line) enter(ctx context.Context, w *waiter) error {
	l.mu.Lock()
	if l.inside == nil {
		l.inside = w
		l.mu.Unlock()
		return nil
	}
	l.lanes.add(w)
	l.overtake(w)
	l.mu.Unlock()
	return l.await(ctx, w)
}

// overtake tells who is inside that w waits in a better lane.
func (l *line) overtake(w *waiter) {
	if l.inside != nil && w.lane < l.inside.lane {
		select {
		case l.better <- struct{}{}:
		default:
		}
	}
}

func (l *line) await(ctx context.Context, w *waiter) error {
	for waits := true; waits; {
		select {
		case <-w.turn:
			return nil
		case <-identity.Hurried(ctx, w.lane):
			l.mu.Lock()
			if l.lanes.hurry(w, identity.LaneOf(ctx)) {
				l.overtake(w)
			}
			l.mu.Unlock()
		case <-ctx.Done():
			waits = false
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.lanes.remove(w) { // it is inside since the same moment
		l.pass()
	}
	return ctx.Err()
}

// leave lets the next one in.
func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass()
}

func (l *line) pass() {
	select {
	case <-l.better: // was said of who leaves
	default:
	}
	if l.inside = l.lanes.take(func(*waiter) bool { return true }); l.inside != nil {
		l.inside.turn <- 0
	}
}

// rest waits inside for as long as d, or lets somebody of a better lane go first and
// comes back in after that. With an error w is outside.
func (l *line) rest(ctx context.Context, w *waiter, d time.Duration) error {
	for over := time.Now().Add(d); ; {
		timer := time.NewTimer(time.Until(over))
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			timer.Stop()
			l.leave()
			return ctx.Err()
		case <-l.better:
			timer.Stop()
		}
		if w.firm { // its lane has waited long enough
			continue
		}
		l.mu.Lock()
		l.lanes.back(w)
		l.pass()
		l.mu.Unlock()
		return l.await(ctx, w)
	}
}

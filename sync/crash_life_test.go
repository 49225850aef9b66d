package sync_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

const (
	leaseLasts  = 12 * time.Second
	leaseRenews = 4 * time.Second
)

// life is one incarnation of the process. It ends, or pauses, at a step: between
// two requests or writes of the ledger.
type life struct {
	ctx   context.Context // carries the life, so that requests and writes know whose they are
	kill  context.CancelCauseFunc
	fence state.Fence

	mu        sync.Mutex
	stop      int
	pause     bool
	reads     bool // readings are steps too
	steps     int
	dead      bool
	paused    bool          // it pauses, or has
	stopped   chan struct{} // closed when it pauses
	goesOn    chan struct{} // closed when it goes on
	overtaken bool          // somebody else has had the lease since
	late      int           // writes that Omni took from it after it was overtaken
	trace     []string
}

type lifeKey struct{}

var errKilled = errors.New("the process was killed")

func newLife(ctx context.Context, a act) *life {
	l := &life{stop: a.Stop, pause: a.Pause, reads: a.Reads, stopped: make(chan struct{}), goesOn: make(chan struct{})}
	l.ctx, l.kill = context.WithCancelCause(context.WithValue(ctx, lifeKey{}, l))
	return l
}

// Where the requests of a step go.
const (
	toOkta   = "Okta"
	toOmni   = "Omni"
	toLedger = "ledger"
)

// step counts one moment at which the process may end, and fails when it has. It
// pauses at requests to Omni alone: the engine writes the ledger under a lock, and
// whoever waits for a lock stops simulated time. What would be sent or written
// next waits there all the same.
func (l *life) step(to, what string, writes bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return errKilled
	}
	if writes || l.reads {
		l.steps++
		l.trace = append(l.trace, to+" "+what)
	}
	if l.stop == 0 || l.steps < l.stop {
		return nil
	}
	if !l.pause {
		l.dead = true
		l.kill(errKilled)
		return errKilled
	}
	if to == toOmni && !l.paused {
		l.paused = true
		close(l.stopped)
		l.mu.Unlock()
		<-l.goesOn
		l.mu.Lock()
	}
	return nil
}

// gate lets requests through to next while their life lasts.
type gate struct {
	to   string
	next http.RoundTripper
	done func(*life, *http.Request, *http.Response)
}

// RoundTrip implements http.RoundTripper.
func (g gate) RoundTrip(r *http.Request) (*http.Response, error) {
	l, ok := r.Context().Value(lifeKey{}).(*life)
	if !ok {
		return nil, errors.New("a request of no life")
	}
	what := r.Method + " " + r.URL.Path
	writes := r.Method != http.MethodGet
	if err := l.step(g.to, what, writes); err != nil {
		return nil, err
	}
	answer, err := g.next.RoundTrip(r)
	g.done(l, r, answer)
	if gone := l.step(g.to, what+", answered", writes); gone != nil {
		return nil, gone
	}
	return answer, err
}

// keeper is the store as one life has it.
type keeper struct {
	store
	life  *life
	wrote func(*life) // told of each write that the store took
}

// Apply implements state.Store.
func (k keeper) Apply(ctx context.Context, f state.Fence, b state.Batch) error {
	if err := k.life.step(toLedger, "write", true); err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "write ledger", Err: err}
	}
	err := k.store.Apply(ctx, f, b)
	if err == nil {
		k.wrote(k.life)
	}
	if gone := k.life.step(toLedger, "write, done", true); gone != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "write ledger", Err: gone}
	}
	return err
}

// born waits for the lease and holds it until the life ends.
func (w *world) born(a act) (*life, error) {
	l := newLife(w.ctx, a)
	for {
		fence, err := w.store.Acquire(w.ctx, "test", leaseLasts)
		if err == nil {
			l.fence = fence
			break
		}
		if !fault.Is(err, fault.Fenced) {
			return nil, err
		}
		<-time.After(time.Second)
	}
	go w.renews(l)
	return l, nil
}

// renews holds the lease as the program does: whoever finds that it is lost, as a
// paused process does when it goes on, is cut off.
func (w *world) renews(l *life) {
	tick := time.NewTicker(leaseRenews)
	defer tick.Stop()
	stopped := l.stopped
	for {
		select {
		case <-tick.C:
		case <-stopped:
			<-l.goesOn
			stopped = nil
		case <-l.ctx.Done():
			return
		}
		if err := w.store.Renew(w.ctx, l.fence, leaseLasts); err != nil {
			l.kill(err)
			return
		}
	}
}

// ends lets go of the lease, as an orderly end does; a killed process can't.
func (w *world) ends(l *life) {
	if !l.dead {
		w.catchUp()
		_ = w.store.Release(w.ctx, l.fence) // a lost lease is no error
	}
	w.mu.Lock()
	w.later = nil
	w.mu.Unlock()
	l.kill(nil)
}

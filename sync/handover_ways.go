package sync

import (
	"context"
	"sync"

	"github.com/omnisync/omnisync/identity"
)

// ways are the accounts at the end of a way out, and those that are just given something:
// nothing is given to somebody between the last reading of what they own and the end of
// their membership. The zero value is ready.
type ways struct {
	mu     sync.Mutex
	ending map[identity.OmniID]bool
	giving map[identity.OmniID]*gifts
}

// gifts are what an account is given at this moment.
type gifts struct {
	under int
	over  chan struct{} // closed when none is under way any more
}

// end begins the end of a way out, until over is called. From here on nothing is given to the
// account; what is under way is waited for, which is no longer than a request takes. It
// fails when ctx ends before.
func (w *ways) end(ctx context.Context, id identity.OmniID) (over func(), err error) {
	w.mu.Lock()
	if w.ending == nil {
		w.ending = map[identity.OmniID]bool{}
	}
	w.ending[id] = true
	g := w.giving[id]
	w.mu.Unlock()
	over = func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.ending, id)
	}
	if g == nil {
		return over, nil
	}
	select {
	case <-g.over:
		return over, nil
	case <-ctx.Done():
		over()
		return nil, ctx.Err()
	}
}

// give begins to give something to an account, until over is called. It reports false
// where the account is at the end of a way out itself.
func (w *ways) give(id identity.OmniID) (over func(), free bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ending[id] {
		return nil, false
	}
	if w.giving == nil {
		w.giving = map[identity.OmniID]*gifts{}
	}
	g := w.giving[id]
	if g == nil {
		g = &gifts{over: make(chan struct{})}
		w.giving[id] = g
	}
	g.under++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if g.under--; g.under == 0 {
			delete(w.giving, id)
			close(g.over)
		}
	}, true
}

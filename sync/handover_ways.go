package sync

import (
	"sync"

	"github.com/omnisync/omnisync/identity"
)

// ways are the accounts at the end of a way out, and those that are just given something:
// nothing is given to somebody between the last reading of what they own and the end of
// their membership. The zero value is ready.
type ways struct {
	mu     sync.Mutex
	ending map[identity.OmniID]bool
	giving map[identity.OmniID]int
}

// end begins the end of a way out, until over is called. It reports false while something
// is being given to the account.
func (w *ways) end(id identity.OmniID) (over func(), free bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.giving[id] > 0 {
		return nil, false
	}
	if w.ending == nil {
		w.ending = map[identity.OmniID]bool{}
	}
	w.ending[id] = true
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.ending, id)
	}, true
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
		w.giving = map[identity.OmniID]int{}
	}
	w.giving[id]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.giving[id]--; w.giving[id] == 0 {
			delete(w.giving, id)
		}
	}, true
}

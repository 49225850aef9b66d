package okta

import (
	"sync"

	"github.com/omnisync/omnisync/fault"
)

// maxFailed is how many requests of a kind may fail for good in one run.
const maxFailed = 2

// breaker spares a run the waiting for requests that won't succeed: each that
// fails for good has already taken its tries.
type breaker struct {
	mu     sync.Mutex
	failed map[string]failures // by kind of request
}

type failures struct {
	count int
	last  error
}

// reset forgets everything. App calls it, because each run begins with the
// application.
func (b *breaker) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = nil
}

// check gives the error for a kind that isn't tried any more, or nil.
func (b *breaker) check(c call) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.failed[c.kind]
	if f.count < maxFailed {
		return nil
	}
	return &fault.Error{Kind: fault.KindOf(f.last), Op: c.op, Detail: "not tried, because others of this kind failed", Err: f.last}
}

// note counts err against c's kind, if it says more about the kind than about
// the one object that was asked for.
func (b *breaker) note(c call, err error) {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Limited, fault.Unauthorized, fault.Doubt:
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed == nil {
		b.failed = map[string]failures{}
	}
	if f := b.failed[c.kind]; f.count < maxFailed {
		b.failed[c.kind] = failures{count: f.count + 1, last: err}
	}
}

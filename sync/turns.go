package sync

import (
	"context"
	"slices"
	"sync"
)

// turns gives everyone who works on objects their turn, in the order of arrival.
// Whoever needs several objects waits for all of them at once. Who has a turn and
// needs more objects goes before those who only wait, and so waits for nobody who
// could wait for them. The zero value is ready.
type turns struct {
	mu    sync.Mutex
	lines map[string][]*ticket // by subject: who holds it, then who waits
}

// ticket is one claim on some subjects.
type ticket struct {
	subjects []string
	missing  int  // in how many lines somebody is ahead
	has      bool // it is their turn
	ready    chan struct{}
}

// take waits until it is the caller's turn on every subject, and gives what ends
// the turn. It fails with the context's error when ctx ends before.
func (t *turns) take(ctx context.Context, subjects ...string) (done func(), err error) {
	return t.wait(ctx, t.enter(subjects, false))
}

// takeMore is take for who has a turn on objects of another kind: a group's for its
// members, a name's for who has it. Of these nobody who has a turn takes more.
func (t *turns) takeMore(ctx context.Context, subjects ...string) (done func(), err error) {
	return t.wait(ctx, t.enter(subjects, true))
}

func (t *turns) wait(ctx context.Context, claim *ticket) (done func(), err error) {
	select {
	case <-claim.ready:
	default:
		select {
		case <-claim.ready:
		case <-ctx.Done():
			t.leave(claim)
			return nil, ctx.Err()
		}
	}
	return sync.OnceFunc(func() { t.leave(claim) }), nil
}

func (t *turns) enter(subjects []string, more bool) *ticket {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lines == nil {
		t.lines = map[string][]*ticket{}
	}
	claim := &ticket{subjects: slices.Compact(slices.Sorted(slices.Values(subjects))), ready: make(chan struct{})}
	for _, s := range claim.subjects {
		line := t.lines[s]
		at := len(line)
		if more {
			at = slices.IndexFunc(line, func(other *ticket) bool { return !other.has })
		}
		switch {
		case at < 0:
			at = len(line)
		case at == 0 && len(line) > 0:
			line[0].missing++
		}
		if at > 0 {
			claim.missing++
		}
		t.lines[s] = slices.Insert(line, at, claim)
	}
	claim.look()
	return claim
}

// look gives the claim its turn when nobody is ahead of it.
func (c *ticket) look() {
	if c.missing == 0 && !c.has {
		c.has = true
		close(c.ready)
	}
}

// leave takes a claim out of its lines, whether its turn has come or not.
func (t *turns) leave(claim *ticket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range claim.subjects {
		line := t.lines[s]
		i := slices.Index(line, claim)
		if i == 0 && len(line) > 1 {
			line[1].missing--
			line[1].look()
		}
		if line = slices.Delete(line, i, i+1); len(line) == 0 {
			delete(t.lines, s)
		} else {
			t.lines[s] = line
		}
	}
}

package sync

import (
	"context"
	"slices"
	"sync"

	"github.com/omnisync/omnisync/identity"
)

// turns gives everyone who works on objects their turn, in the order of arrival.
// Whoever needs several objects waits for all of them at once, so that nobody
// holds one while waiting for another. The zero value is ready.
type turns struct {
	mu    sync.Mutex
	lines map[string][]*ticket // by subject: who holds it, then who waits
}

// ticket is one claim on some subjects.
type ticket struct {
	ctx      context.Context // whose lane rises for those who wait behind it
	subjects []string
	missing  int  // in how many lines somebody is ahead
	more     bool // its holder has a turn already
	ready    chan struct{}
}

// take waits until it is the caller's turn on every subject, and gives what ends
// the turn. It fails with the context's error when ctx ends before.
func (t *turns) take(ctx context.Context, subjects ...string) (done func(), err error) {
	return t.wait(ctx, &ticket{ctx: ctx, subjects: subjects})
}

// takeMore is take for who has a turn on a group already, and needs its members
// too. It goes before those who wait: one of them may wait for the group.
func (t *turns) takeMore(ctx context.Context, subjects ...string) (done func(), err error) {
	return t.wait(ctx, &ticket{ctx: ctx, subjects: subjects, more: true})
}

// free takes a subject that nobody is at work on, or reports false.
func (t *turns) free(subject string) (done func(), ok bool) {
	claim := &ticket{ctx: context.Background(), subjects: []string{subject}}
	t.enter(claim)
	select {
	case <-claim.ready:
		return sync.OnceFunc(func() { t.leave(claim) }), true
	default:
		t.leave(claim)
		return nil, false
	}
}

func (t *turns) wait(ctx context.Context, claim *ticket) (done func(), err error) {
	t.enter(claim)
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

func (t *turns) enter(claim *ticket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lines == nil {
		t.lines = map[string][]*ticket{}
	}
	claim.subjects = slices.Compact(slices.Sorted(slices.Values(claim.subjects)))
	claim.ready = make(chan struct{})
	for _, s := range claim.subjects {
		at := claim.place(t.lines[s])
		switch {
		case at > 0:
			claim.missing++
		case len(t.lines[s]) > 0:
			t.lines[s][0].missing++
		}
		t.lines[s] = slices.Insert(t.lines[s], at, claim)
	}
	if claim.missing == 0 {
		close(claim.ready)
		return
	}
	t.hurry(claim)
}

// hurry has those who are ahead of a claim go in its lane, and those ahead of them.
func (t *turns) hurry(claim *ticket) {
	for _, s := range claim.subjects {
		for _, ahead := range t.lines[s] {
			if ahead == claim {
				break
			}
			if identity.Hurry(ahead.ctx, claim.ctx) {
				t.hurry(ahead)
			}
		}
	}
}

// place is where the claim stands in a line: at its end, or behind who holds the
// subject and who came before with a turn too.
func (c *ticket) place(line []*ticket) int {
	if !c.more {
		return len(line)
	}
	at := 0
	for at < len(line) && (line[at].missing == 0 || line[at].more) {
		at++
	}
	return at
}

// leave takes a claim out of its lines, whether its turn has come or not.
func (t *turns) leave(claim *ticket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range claim.subjects {
		line := t.lines[s]
		i := slices.Index(line, claim)
		if i == 0 && len(line) > 1 {
			next := line[1]
			if next.missing--; next.missing == 0 {
				close(next.ready)
			}
		}
		if line = slices.Delete(line, i, i+1); len(line) == 0 {
			delete(t.lines, s)
		} else {
			t.lines[s] = line
		}
	}
}

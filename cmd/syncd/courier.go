package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

const (
	// courierQuiet is how many steps a courier may let pass without a sign of life,
	// which is also how it learns that nobody waits any more.
	courierQuiet = 4
	// courierTries is how often the last answer is posted at most.
	courierTries = 5
)

// courier takes the answers to one errand to who asked, at most one a step. It
// waits for nobody: who tells it something goes on at once.
type courier struct {
	mail  state.Doer
	fence state.Fence
	id    string
	gone  func() // called when nobody waits any more

	mu     sync.Mutex
	lines  []console.Line // to be posted
	last   chan struct{}  // closed when nothing comes after the lines
	parted chan struct{}  // closed when it has ended
}

// tell posts a line with the next step. Of many about one step of a run the
// first and the newest are posted.
func (c *courier) tell(l console.Line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.lines); n >= 2 && alike(c.lines[n-2], c.lines[n-1]) && alike(c.lines[n-1], l) {
		c.lines[n-1] = l
		return
	}
	c.lines = append(c.lines, l)
}

// alike reports whether both lines tell of one step.
func alike(a, b console.Line) bool {
	return a.Progress != nil && b.Progress != nil &&
		a.Progress.Run == b.Progress.Run && a.Progress.Step == b.Progress.Step && a.Progress.Note == b.Progress.Note
}

// end posts the last line, and returns when it is posted or can't be.
func (c *courier) end(l console.Line) {
	c.tell(l)
	close(c.last)
	<-c.parted
}

// carry posts until the last line is posted. Its context is only where the
// values come from: the last line is posted after the work has ended.
func (c *courier) carry(ctx context.Context) {
	defer close(c.parted)
	ctx = context.WithoutCancel(ctx)
	step := time.NewTicker(errandStep)
	defer step.Stop()
	quiet, tries := 0, 0
	for {
		ended := c.pause(step.C, tries > 0)
		lines := c.take()
		if ended && len(lines) == 0 { // they went with the step before
			return
		}
		if quiet++; len(lines) == 0 && quiet < courierQuiet {
			continue
		}
		wanted, err := c.post(ctx, lines)
		switch {
		case fault.Is(err, fault.Unavailable):
			c.putBack(lines)
			if ended {
				tries++
			}
		case err != nil, !wanted:
			c.gone()
			<-c.last
			return
		case ended:
			return
		default:
			quiet = 0
		}
		if tries == courierTries {
			return
		}
	}
}

// pause waits for the next step, or the end, which doesn't wait for a step the
// first time. It reports whether the last line is among those to be posted.
func (c *courier) pause(step <-chan time.Time, again bool) bool {
	if again {
		<-step
		return true
	}
	select {
	case <-c.last:
		return true
	case <-step:
		return false
	}
}

func (c *courier) take() []console.Line {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := c.lines
	c.lines = nil
	return lines
}

func (c *courier) putBack(lines []console.Line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = slices.Concat(lines, c.lines)
}

// post posts lines, or none as a sign of life.
func (c *courier) post(ctx context.Context, lines []console.Line) (bool, error) {
	text, err := pack(lines)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, leaseRenew)
	defer cancel()
	return c.mail.Post(ctx, c.fence, state.Answer{ID: c.id, Text: text, TTL: answerLife})
}

// queue is the couriers of the errands whose turn hasn't come.
type queue struct {
	mu   sync.Mutex
	list []*courier
}

func (q *queue) join(c *courier) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, c)
}

func (q *queue) leave(c *courier) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = slices.DeleteFunc(q.list, func(other *courier) bool { return other == c })
}

// tell tells all of them.
func (q *queue) tell(l console.Line) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range q.list {
		c.tell(l)
	}
}

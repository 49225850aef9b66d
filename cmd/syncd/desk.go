package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// judge records decisions, and pauses.
type judge interface {
	console.Decider
	console.Pauser
	relinker
}

// desk is where a leading daemon does errands: decisions at once, runs one after
// the other, both in the order in which they were left; what is to be restored, beside
// the runs.
type desk struct {
	mail   state.Doer
	fence  state.Fence
	engine judge
	keeper restorer
	runner console.Runner
	forget func(context.Context, sync.Forgetting) (sync.Forgotten, error)
	wake   func() // what event hooks ask for
	log    *zap.Logger

	queue queue
}

// attend does errands until ctx ends, and returns when those that were begun are
// answered. It asks the store only when a renewal of the lease saw errands wait,
// and once at the begin.
func (d *desk) attend(ctx context.Context) {
	var doing errgroup.Group
	defer func() { _ = doing.Wait() }() // what went wrong is in the answers
	before := make(chan struct{})       // closed when the newest run is over
	close(before)
	for {
		list, err := d.mail.Collect(ctx, d.fence)
		if err != nil && ctx.Err() == nil {
			d.log.Warn("what others ask can't be collected", zap.Error(err)) // the next renewal tells of it again
		}
		for _, e := range list {
			before = d.begin(ctx, &doing, e, before)
		}
		select {
		case <-d.mail.Waiting():
		case <-ctx.Done():
			return
		}
	}
}

// begin takes one errand up. It gives the channel that is closed when the newest
// run is over.
func (d *desk) begin(ctx context.Context, doing *errgroup.Group, e state.Errand, before chan struct{}) chan struct{} {
	if e.Kind == errandWake {
		d.wake()
		return before
	}
	ctx, stop := context.WithCancelCause(ctx)
	gone := func() { stop(nil) }
	c := &courier{mail: d.mail, fence: d.fence, id: e.ID, gone: onLeaving(e, stop), last: make(chan struct{}), parted: make(chan struct{})}
	if wanted, err := c.post(ctx, nil); err != nil || !wanted {
		gone()
		return before // who asked has left, or is told that nobody took it up
	}
	d.log.Info("does what another syncd asks", zap.String("what", e.Kind), zap.String("asked_by", e.By))
	doing.Go(func() error { c.carry(ctx); return nil })
	if beside := d.beside(ctx, e, c); beside != nil {
		doing.Go(func() error {
			defer gone()
			c.end(beside())
			return nil
		})
		return before
	}
	if !runs(e) {
		defer gone()
		c.end(d.decide(ctx, e))
		return before
	}
	d.queue.join(c)
	after := make(chan struct{})
	doing.Go(func() error {
		defer gone()
		line := d.run(ctx, e, c, before)
		close(after)
		c.end(line)
		return nil
	})
	return after
}

// onLeaving gives what happens when who asked has left: a run ends then only where that was
// asked for.
func onLeaving(e state.Errand, stop context.CancelCauseFunc) func() {
	var r sync.Request
	if runs(e) && (json.Unmarshal(e.Request, &r) != nil || !r.Attached) {
		return func() {}
	}
	return func() { stop(sync.ErrLeft) }
}

// run makes a run when the one before is over.
func (d *desk) run(ctx context.Context, e state.Errand, c *courier, before <-chan struct{}) console.Line {
	select {
	case <-before:
	case <-ctx.Done():
	}
	d.queue.leave(c)
	var r sync.Request
	if err := json.Unmarshal(e.Request, &r); err != nil {
		return failing(strange(e, err))
	}
	r.Progress = func(p sync.Progress) {
		c.tell(console.Line{Progress: &p})
		theirs := p
		theirs.Note = sync.Waits
		d.queue.tell(console.Line{Progress: &theirs})
	}
	report, err := d.runner.Do(ctx, r)
	if err != nil {
		return failing(err)
	}
	return console.Line{Report: &report}
}

// beside gives what does an errand beside whatever run is under way; nil for one that
// is done in its turn.
func (d *desk) beside(ctx context.Context, e state.Errand, c *courier) func() console.Line {
	switch e.Kind {
	case errandRestore:
		return func() console.Line { return d.restore(ctx, e, c) }
	case errandLink: // which waits for who is at work on the person
		return func() console.Line { return d.decide(ctx, e) }
	case errandForget: // which waits for a run that is under way
		return func() console.Line { return d.forgets(ctx, e) }
	}
	return nil
}

// forgets has somebody forgotten.
func (d *desk) forgets(ctx context.Context, e state.Errand) console.Line {
	var asked sync.Forgetting
	if err := json.Unmarshal(e.Request, &asked); err != nil {
		return failing(strange(e, err))
	}
	told, err := d.forget(ctx, asked)
	if err != nil {
		return failing(err)
	}
	return console.Line{Forgotten: &told}
}

// decide records a decision, about what is held or about a grace.
func (d *desk) decide(ctx context.Context, e state.Errand) console.Line {
	switch e.Kind {
	case errandDecide:
		return decides(e, func(asked sync.Verdict) (l console.Line, err error) {
			decided, err := d.engine.Decide(ctx, asked)
			return console.Line{Decided: &decided}, err
		})
	case errandPause:
		return decides(e, func(asked sync.PauseOrder) (l console.Line, err error) {
			answer, err := d.engine.Pause(ctx, asked)
			return console.Line{Paused: &answer}, err
		})
	case errandLink:
		return decides(e, func(asked sync.LinkOrder) (l console.Line, err error) {
			answer, err := d.engine.Relink(ctx, asked)
			return console.Line{Linked: &answer}, err
		})
	case errandLeave:
		return decides(e, func(asked sync.AtOnce) (l console.Line, err error) {
			v, err := d.engine.LeaveAtOnce(ctx, asked)
			return console.Line{Leaver: &v}, err
		})
	}
	return failing(strange(e, nil))
}

// decides reads what is asked, and gives the answer.
func decides[T any](e state.Errand, do func(T) (console.Line, error)) console.Line {
	var asked T
	if err := json.Unmarshal(e.Request, &asked); err != nil {
		return failing(strange(e, err))
	}
	line, err := do(asked)
	if err != nil {
		return failing(err)
	}
	return line
}

// runs reports whether an errand asks for a run.
func runs(e state.Errand) bool {
	return e.Kind == errandRun || e.Kind == errandSome || e.Kind == errandUndo
}

func failing(err error) console.Line { return console.Line{Error: console.FailureOf(err)} }

// strange is an errand that this version doesn't know.
func strange(e state.Errand, err error) error {
	return &fault.Error{Kind: fault.Refused, Op: "the syncd that leads doesn't know what it is asked", Detail: fmt.Sprintf("%.40q", e.Kind), Err: err,
		Hint: "it is of another version: run the same one everywhere"}
}

package main

import (
	"context"
	"encoding/json"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// keeper tells what is saved of leavers, and brings it back.
type keeper = console.Keeper

// restorer is the half of a keeper that writes.
type restorer interface {
	Restore(ctx context.Context, r sync.RestoreRequest) (sync.RestoreReport, error)
}

// Saved reads the ledger alone.
func (l local) Saved(ctx context.Context, who string) (list []state.Saved, err error) {
	err = l.reading(func(e *sync.Engine) error {
		list, err = e.Saved(ctx, who)
		return err
	})
	return list, err
}

// Restore takes the lease, or has the process that has it restore. A dry one needs no
// lease.
func (l local) Restore(ctx context.Context, r sync.RestoreRequest) (report sync.RestoreReport, err error) {
	restore := func(ctx context.Context, by restorer) error {
		report, err = by.Restore(ctx, r)
		return err
	}
	if r.DryRun {
		err = l.reading(func(e *sync.Engine) error { return restore(ctx, e) })
		return report, err
	}
	err = l.led(ctx, func(ctx context.Context, by leadership) error { return restore(ctx, by.engine) },
		func(m messenger) error { return restore(ctx, m) })
	return report, err
}

// Saved tells what is known, also while another process leads.
func (s *seat) Saved(ctx context.Context, who string) ([]state.Saved, error) {
	return s.reader.Saved(ctx, who)
}

// Restore restores, or has the process that leads restore. It goes on beside whatever
// run is under way.
func (s *seat) Restore(ctx context.Context, r sync.RestoreRequest) (sync.RestoreReport, error) {
	c, mail := s.leads.Load(), mailbox(s.store)
	switch {
	case r.DryRun:
		return s.reader.Restore(ctx, r)
	case c != nil:
		ctx, end := c.reigning(ctx)
		defer end()
		return c.engine.Restore(ctx, r)
	case mail == nil:
		return sync.RestoreReport{}, untaken("")
	}
	return messenger{mail: mail}.Restore(ctx, r)
}

// reigning gives a context that ends with the leadership, or with ctx.
func (c *chair) reigning(ctx context.Context) (context.Context, func()) {
	both, cancel := context.WithCancelCause(ctx)
	unhook := context.AfterFunc(c.over, func() { cancel(context.Cause(c.over)) })
	return both, func() { unhook(); cancel(nil) }
}

// Restore has the leader restore, and tells r.Progress of its steps.
func (m messenger) Restore(ctx context.Context, r sync.RestoreRequest) (sync.RestoreReport, error) {
	answer, err := m.send(ctx, errandRestore, r, &following{restores: true, progress: r.Progress})
	if err == nil && answer.Restored == nil {
		err = errNoAnswer
	}
	if err != nil {
		return sync.RestoreReport{}, err
	}
	return *answer.Restored, nil
}

// restore does an errand that asks to restore.
func (d *desk) restore(ctx context.Context, e state.Errand, c *courier) console.Line {
	var r sync.RestoreRequest
	if err := json.Unmarshal(e.Request, &r); err != nil {
		return failing(strange(e, err))
	}
	r.Progress = func(p sync.Progress) { c.tell(console.Line{Progress: &p}) }
	report, err := d.keeper.Restore(ctx, r)
	if err != nil {
		return failing(err)
	}
	return console.Line{Restored: &report}
}

package main

import (
	"context"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// local works in this process, for as long as one command lasts.
type local struct{ parts }

// Status reads the ledger alone.
func (l local) Status(ctx context.Context) (status sync.Status, err error) {
	store, err := l.open()
	if err != nil {
		return status, err
	}
	defer func() { err = firstOf(err, store.Close()) }()
	if status, err = l.engine(store, "").Status(ctx); err == nil {
		status.Holder, err = store.Holder(ctx)
	}
	return status, err
}

// History reads the ledger alone.
func (l local) History(ctx context.Context, f sync.HistoryFilter) (changes []state.Change, err error) {
	err = l.reading(func(e *sync.Engine) error {
		changes, err = e.History(ctx, f)
		return err
	})
	return changes, err
}

// Run takes the lease unless the run is dry.
func (l local) Run(ctx context.Context, r sync.Request) (report sync.Report, err error) {
	pass := func(ctx context.Context, e *sync.Engine) error {
		report, err = e.Pass(ctx, r)
		return err
	}
	if r.DryRun {
		err = l.reading(func(e *sync.Engine) error { return pass(ctx, e) })
	} else {
		err = l.leading(ctx, func(ctx context.Context, by leadership) error { return pass(ctx, by.engine) })
	}
	return report, err
}

// Approve decides and does it under one lease.
func (l local) Approve(ctx context.Context, d console.Decision) (decided sync.Decided, report sync.Report, err error) {
	err = l.leading(ctx, func(ctx context.Context, by leadership) error {
		answer, err := by.engine.Decide(ctx, d.Run, state.Approved, d.By)
		if err != nil {
			return err
		}
		decided = answer
		report, err = by.engine.Pass(ctx, sync.Request{Kind: sync.Full, Progress: d.Progress, Cause: causeCommand})
		return err
	})
	return decided, report, err
}

// Reject decides.
func (l local) Reject(ctx context.Context, d console.Decision) (decided sync.Decided, err error) {
	err = l.leading(ctx, func(ctx context.Context, by leadership) error {
		decided, err = by.engine.Decide(ctx, d.Run, state.Rejected, d.By)
		return err
	})
	return decided, err
}

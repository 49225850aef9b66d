package main

import (
	"context"
	"errors"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// local works in this process, for as long as one command lasts, or asks the one that leads.
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

// Explain reads both sides and the ledger, and needs no lease.
func (l local) Explain(ctx context.Context, subject string) (x sync.Explanation, err error) {
	err = l.reading(func(e *sync.Engine) error {
		x, err = e.Explain(ctx, subject)
		return err
	})
	return x, err
}

// Access reads the ledger, and the archive of this machine.
func (l local) Access(ctx context.Context, q sync.AccessQuery) (answer sync.AccessAnswer, err error) {
	err = l.reading(func(e *sync.Engine) error {
		answer, err = e.Access(ctx, q)
		return err
	})
	return answer, err
}

// Leavers reads the ledger alone.
func (l local) Leavers(ctx context.Context) (list []sync.Leaver, err error) {
	err = l.reading(func(e *sync.Engine) error {
		list, err = e.Leavers(ctx)
		return err
	})
	return list, err
}

// Run takes the lease, or has the run made by the process that has it. A dry one
// needs no lease.
func (l local) Run(ctx context.Context, r sync.Request) (report sync.Report, err error) {
	pass := func(ctx context.Context, e *sync.Engine) error {
		report, err = e.Pass(ctx, r)
		return err
	}
	if r.DryRun {
		err = l.reading(func(e *sync.Engine) error { return pass(ctx, e) })
		return report, err
	}
	err = l.led(ctx, func(ctx context.Context, by leadership) error { return pass(ctx, by.engine) }, func(m messenger) error {
		report, err = m.Do(ctx, r)
		return err
	})
	return report, err
}

// Approve decides and does it under one lease, or has both done by the process
// that has the lease.
func (l local) Approve(ctx context.Context, d console.Decision) (decided sync.Decided, report sync.Report, err error) {
	request := sync.Request{Kind: sync.Full, Progress: d.Progress, Attached: d.Attached, Cause: causeCommand}
	decide := func(ctx context.Context, by judge) error {
		if decided.Run != "" { // by another process, which then ended
			return nil
		}
		d.Decision = state.Approved
		answer, err := by.Decide(ctx, d.Verdict)
		if err == nil {
			decided = answer
		}
		return err
	}
	err = l.led(ctx, func(ctx context.Context, by leadership) error {
		if err := decide(ctx, by.engine); err != nil {
			return err
		}
		report, err = by.engine.Pass(ctx, request)
		return err
	}, func(m messenger) error {
		if err := decide(ctx, m); err != nil {
			return err
		}
		report, err = m.Do(ctx, request)
		return err
	})
	return decided, report, err
}

// Reject decides, or has the process that leads decide.
func (l local) Reject(ctx context.Context, d console.Decision) (decided sync.Decided, err error) {
	reject := func(ctx context.Context, by judge) error {
		d.Decision = state.Rejected
		decided, err = by.Decide(ctx, d.Verdict)
		return err
	}
	err = l.led(ctx, func(ctx context.Context, by leadership) error { return reject(ctx, by.engine) },
		func(m messenger) error { return reject(ctx, m) })
	return decided, err
}

// Leave ends a grace and makes the run that follows under one lease, or has both done by
// the process that has the lease.
func (l local) Leave(ctx context.Context, a console.Leaving) (v sync.Leaver, report sync.Report, err error) {
	request := sync.Request{Kind: sync.User, Insist: true, Progress: a.Progress, Attached: a.Attached, Cause: causeCommand}
	end := func(ctx context.Context, by judge) error {
		if v.OktaID == "" { // else another process has done so, which then ended
			answer, err := by.LeaveAtOnce(ctx, a.AtOnce)
			if err != nil {
				return err
			}
			v = answer
		}
		request.Subject = v.OktaID
		return nil
	}
	err = l.led(ctx, func(ctx context.Context, by leadership) error {
		if err := end(ctx, by.engine); err != nil {
			return err
		}
		report, err = by.engine.Pass(ctx, request)
		return err
	}, func(m messenger) error {
		if err := end(ctx, m); err != nil {
			return err
		}
		report, err = m.Do(ctx, request)
		return err
	})
	return v, report, err
}

// Pause records what a person says about pausing, or has the process that leads do it.
func (l local) Pause(ctx context.Context, o sync.PauseOrder) (answer sync.PauseAnswer, err error) {
	pause := func(ctx context.Context, by judge) error {
		answer, err = by.Pause(ctx, o)
		return err
	}
	err = l.led(ctx, func(ctx context.Context, by leadership) error { return pause(ctx, by.engine) },
		func(m messenger) error { return pause(ctx, m) })
	return answer, err
}

// led does mine under the lease. Where another process has the lease, it does
// theirs, and mine after all where that one ends meanwhile.
func (l local) led(ctx context.Context, mine func(context.Context, leadership) error, theirs func(messenger) error) error {
	return l.opened(func(store ledger) error { return l.ledOver(ctx, store, mine, theirs) })
}

// ledOver is led over an open ledger.
func (l local) ledOver(ctx context.Context, store ledger, mine func(context.Context, leadership) error, theirs func(messenger) error) error {
	for {
		held := false
		err := l.holding(ctx, store, func(ctx context.Context, by leadership) error {
			held = true
			return mine(ctx, by)
		})
		mail := mailbox(store)
		if held || mail == nil || !fault.Is(err, fault.Fenced) {
			return err
		}
		if err := theirs(messenger{mail: mail, vacant: true}); !errors.Is(err, errVacant) {
			return err
		}
	}
}

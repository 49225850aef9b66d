package sync_test

import (
	"context"
	"fmt"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// settle runs until nothing waits any more, a person approving whatever is held.
// What one run finds in a group that it links is dealt with by the next.
func (w *world) settle() error {
	kind := sync.Full
	if w.needsReconcile() {
		kind = sync.Reconcile
	}
	for i := range 5 {
		l, err := w.born(act{})
		if err != nil {
			return err
		}
		engine := w.engine(l)
		report, err := engine.Pass(l.ctx, sync.Request{Kind: kind, Cause: "test", Insist: true})
		w.traces = append(w.traces, fmt.Sprintf("%s, %s: %q\n%s", kind, report.Outcome, l.trace, printed(report)))
		if err == nil {
			err = w.approve(l.ctx, engine)
		}
		w.ends(l)
		if err != nil || report.Outcome != sync.Done && report.Outcome != sync.Holding {
			return fmt.Errorf("after the faults a run ended %q: %v, %v", report.Outcome, err, report.Doubts)
		}
		if report.Outcome == sync.Done && i > 0 {
			return nil
		}
	}
	return fmt.Errorf("changes are held however often they are approved")
}

// needsReconcile tells whether only a look at all that Omni has can be enough: an
// overtaken writer's last requests are recorded nowhere, and whether an account was
// in a group before both were adopted is seen by reconciles.
func (w *world) needsReconcile() bool {
	return w.history.LastRunWhole || w.overtook || w.history.Accounts > 0 && w.history.Teams > 0
}

// approve says yes to all that is held.
func (w *world) approve(ctx context.Context, e *sync.Engine) error {
	status, err := e.Status(ctx)
	for _, held := range status.Held {
		if err == nil {
			_, err = e.Decide(ctx, sync.Verdict{Run: held.Run, Decision: state.Approved, By: "grace"})
		}
	}
	return err
}

// fold is how names are compared.
func fold(name string) string { return identity.FoldUserName(name) }

package main

import (
	"context"
	"fmt"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

// What Ctrl-C, or SIGTERM, does to a run that a command waits for:
//
//	the run is made by                      without the flag     with it
//	this process                            it stops             it stops
//	the daemon, or another that leads       it goes on           it stops
//
// A run that stops ends after the changes that are under way, and is recorded as stopped.
// The command exits with 1 and says what became of the run.

// stopFlag adds the flag that attaches a run to the command that waits for it.
func stopFlag(cmd *cobra.Command, attached *bool) {
	cmd.Flags().BoolVar(attached, "stop-on-interrupt", false, "let Ctrl-C stop the run also where the daemon makes it; else it goes on there")
}

// partly is the failure of a run that was stopped by a signal, with what it did until then.
type partly struct {
	error
	report sync.Report
}

func (e *partly) Unwrap() error { return e.error }

// interrupted tells what a run of this process did until a signal stopped it. Another
// failure, or another process's run, is told by itself.
func (a *app) interrupted(ctx context.Context, err error, r sync.Report, dry bool) error {
	if ctx.Err() == nil || r.Run == "" {
		return err
	}
	stop := &fault.Error{Kind: fault.Unavailable, Op: "the run was stopped", Err: context.Cause(ctx), Hint: "nothing was changed"}
	done, left := len(inState(r.Changes, state.Applied)), len(inState(r.Changes, state.Planned))
	if !dry && done+left > 0 {
		stop.Op = fmt.Sprintf("the run was stopped after %s of %d", counted(done, "change"), done+left)
		stop.Hint = "the next run does the rest; syncd history --run " + r.Run + " tells what was done"
	}
	if !a.json && done > 0 {
		if err := a.print(func(p *printer) { p.report(r, dry) }); err != nil {
			return err
		}
	}
	return &partly{stop, r}
}

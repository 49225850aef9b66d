package main

import (
	"context"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) approveCommand() *cobra.Command {
	var r ruling
	cmd := &cobra.Command{
		Use:   "approve RUN",
		Short: "Release what a run holds, or some of it, and do it at once",
		Long: "Approves what RUN showed as held, and makes a run that does it. Naming the run is the\nconsent: nothing is asked. syncd status lists what is held.\n\n" +
			"Okta is asked once more before anything is removed: who has come back meanwhile stays.\nWhat came to wait later isn't covered, and is named.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(sync.NamesOfHeld, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.approve(cmd.Context(), r.decision(args[0])) },
	}
	r.flags(cmd)
	stopFlag(cmd, &r.attached)
	return cmd
}

// approved is the JSON document of an approval: the run that followed, and what was decided.
type approved struct {
	sync.Report
	Decided sync.Decided `json:"decided"`
}

// decidedOnly is the failure of the run that followed an approval.
type decidedOnly struct {
	error
	decided sync.Decided
}

func (e *decidedOnly) Unwrap() error { return e.error }

func (a *app) approve(ctx context.Context, d console.Decision) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	meter := a.newMeter()
	d.Progress = meter.step
	decided, report, err := w.Approve(ctx, d)
	meter.end()
	if err != nil && decided.Run == "" {
		return err
	}
	if err != nil {
		a.tell("The approval stands. What the run that acts on it leaves undone, the next run does.")
		return &decidedOnly{a.interrupted(ctx, err, report, false), decided}
	}
	if a.json {
		err = a.document(approved{report, decided})
	} else {
		err = a.print(func(p *printer) {
			p.decision(decided, "approved")
			p.report(report, false)
		})
	}
	if err != nil {
		return err
	}
	return exit(reportStatus(report, false))
}

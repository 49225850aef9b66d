package main

import (
	"context"

	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) planCommand() *cobra.Command {
	detailed := false
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what the next run would do; changes nothing",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.make(cmd.Context(), sync.Request{Kind: sync.Full, DryRun: true, Cause: causeCommand}, detailed)
		},
	}
	detailedFlag(cmd, &detailed)
	return cmd
}

func detailedFlag(cmd *cobra.Command, detailed *bool) {
	cmd.Flags().BoolVar(detailed, "detailed-exitcode", false, "exit with 5 when a dry run finds changes")
}

// make makes one run and tells what it did, or would do.
func (a *app) make(ctx context.Context, r sync.Request, detailed bool) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	meter := a.newMeter()
	r.Progress = meter.step
	report, err := w.Run(ctx, r)
	meter.end()
	if err != nil {
		return a.interrupted(ctx, err, report, r.DryRun)
	}
	if a.json {
		err = a.document(report)
	} else if r.Kind == sync.User {
		err = a.print(func(p *printer) { p.walked(report, r.DryRun) })
	} else {
		err = a.print(func(p *printer) { p.report(report, r.DryRun) })
	}
	if err != nil {
		return err
	}
	return exit(reportStatus(report, detailed && r.DryRun))
}

package main

import (
	"context"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) rejectCommand() *cobra.Command {
	var r ruling
	cmd := &cobra.Command{
		Use:   "reject RUN",
		Short: "Drop what a run holds, or some of it",
		Long: "Rejects what RUN showed as held: it stays as it is in Omni until Okta changes it once more.\n" +
			"syncd status lists what is held, and what was rejected.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(sync.NamesOfHeld, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.reject(cmd.Context(), r.decision(args[0])) },
	}
	r.flags(cmd)
	return cmd
}

// rejected is the JSON document of a rejection, which no run follows.
type rejected struct {
	Decided sync.Decided `json:"decided"`
}

func (a *app) reject(ctx context.Context, d console.Decision) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	decided, err := w.Reject(ctx, d)
	if err != nil {
		return err
	}
	if a.json {
		err = a.document(rejected{decided})
	} else {
		err = a.print(func(p *printer) { p.decision(decided, "rejected") })
	}
	if err == nil && decided.Left+len(decided.Still) > 0 {
		err = ended(exitHeld)
	}
	return err
}

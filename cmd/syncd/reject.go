package main

import (
	"context"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) rejectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reject RUN",
		Short: "Drop what a run holds",
		Long:  "Rejects what RUN showed as held: it stays as it is in Omni. syncd status lists what is held.",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.reject(cmd.Context(), args[0]) },
	}
}

// rejected is the JSON document of a rejection, which no run follows.
type rejected struct {
	Decided sync.Decided `json:"decided"`
}

func (a *app) reject(ctx context.Context, run string) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	decided, err := w.Reject(ctx, console.Decision{Run: run, By: whoami()})
	if err != nil {
		return err
	}
	if a.json {
		err = a.document(rejected{decided})
	} else {
		err = a.print(func(p *printer) { p.decision(decided, "rejected") })
	}
	if err == nil && len(decided.Still) > 0 {
		err = ended(exitHeld)
	}
	return err
}

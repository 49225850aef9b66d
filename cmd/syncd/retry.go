package main

import (
	"math"

	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) retryCommand() *cobra.Command {
	r := sync.Request{Kind: sync.Full, Insist: true, Cause: causeCommand}
	cmd := &cobra.Command{
		Use:   "retry [EMAIL or GROUP ...]",
		Short: "Try at once what failed before, all of it or some",
		Long: "What fails is tried less and less, up to once a day. This makes a full run now that doesn't wait: it tries\n" +
			"all that fails, or only those who are named, by address, name of the group, or an id of Okta's or Omni's.\n" +
			"Everything else that there is to do is done with it, within the guard as ever. The running daemon does it\n" +
			"where there is one. syncd status lists what fails, and why.\n\n" +
			"Exits with 1, and does nothing, where somebody who is named isn't among what fails.",
		ValidArgsFunction: a.completes(sync.NamesOfFailing, math.MaxInt),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Only = args
			return a.make(cmd.Context(), r, false)
		},
	}
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "show what would be tried; change nothing")
	stopFlag(cmd, &r.Attached)
	return cmd
}

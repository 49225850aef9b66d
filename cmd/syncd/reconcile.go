package main

import (
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) reconcileCommand() *cobra.Command {
	detailed := false
	r := sync.Request{Kind: sync.Reconcile, Insist: true, Cause: causeCommand}
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Compare Okta, the ledger and Omni in full, and bring Omni in line",
		Long: "Reads Okta and Omni in full and brings Omni in line. The running daemon does it where\n" +
			"there is one. What failed before is tried again at once.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.make(cmd.Context(), r, detailed)
		},
	}
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "show what would be done; change nothing")
	detailedFlag(cmd, &detailed)
	stopFlag(cmd, &r.Attached)
	return cmd
}

package main

import (
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) reconcileCommand() *cobra.Command {
	dry, detailed := false, false
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Compare Okta, the ledger and Omni in full, and bring Omni in line",
		Long: "Reads Okta and Omni in full and brings Omni in line. The running daemon does it where\n" +
			"there is one. What failed before is tried again at once.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.make(cmd.Context(), sync.Request{Kind: sync.Reconcile, DryRun: dry, Insist: true, Cause: causeCommand}, detailed)
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "show what would be done; change nothing")
	detailedFlag(cmd, &detailed)
	return cmd
}

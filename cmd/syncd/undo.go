package main

import (
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) undoCommand() *cobra.Command {
	r, detailed := sync.Request{Kind: sync.Undo, Insist: true, Cause: causeCommand}, false
	cmd := &cobra.Command{
		Use:   "undo RUN",
		Short: "Undo what a run did, as far as Omni allows",
		Long: "Brings back what the run RUN changed in Omni: values, names, members, and memberships that it ended. It is a run like any\n" +
			"other: the guard counts what it takes away, and what it holds waits for syncd approve. Nobody is deactivated or deleted, and\n" +
			"no group is; what can't be undone is listed, and why. What was changed since stays.\n\n" +
			"From then on the people and groups that it brought back are kept so: whatever else Okta asks for them waits, so that the next\n" +
			"run doesn't repeat the mistake. Removals that Okta asks for later are done. Mend it in Okta, then let go, with --let-go for all\n" +
			"of it or syncd approve for some. syncd status lists what is kept.\n\n" +
			"RUN is the id of a run, as syncd history and the console name it; with --let-go also that of the undo.\n" +
			"Exits with 1, and does nothing, where the log tells of no such run, else like reconcile.",
		Example: "  syncd undo 20261124-101500-abcdef --dry-run\n  syncd undo 20261124-101500-abcdef\n  syncd undo 20261124-101500-abcdef --let-go",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completes(sync.NamesOfRuns, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Subject, r.By = args[0], whoami()
			return a.make(cmd.Context(), r, detailed)
		},
	}
	stopFlag(cmd, &r.Attached)
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "show what would be done; change nothing")
	cmd.Flags().BoolVar(&r.LetGo, "let-go", false, "keep nothing of it as it was any longer: do what Okta asks for")
	detailedFlag(cmd, &detailed)
	return cmd
}

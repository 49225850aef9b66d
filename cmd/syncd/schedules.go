package main

import (
	"context"
	"errors"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) schedulesCommand() *cobra.Command {
	parent := &cobra.Command{
		Use:   "schedules",
		Short: "List what was saved of leavers, and bring their schedules back",
		Long: "Omni deletes the schedules of whoever leaves. Where deprovision.handover says save, or transfer, their definitions are\n" +
			"saved before, encrypted, for the time that deprovision.keep says. What documents there were is noted too.",
		Args: cobra.NoArgs, // a wrong word is wrong usage, not a call for help
	}
	parent.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	parent.AddCommand(a.schedulesListCommand(), a.schedulesRestoreCommand())
	return parent
}

func (a *app) schedulesListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list EMAIL",
		Short: "List what is saved of somebody",
		Long: "Lists what is saved of somebody who left: schedules, with when they ran, where to and to how many people, and documents;\n" +
			"until when it is kept, and what was restored, for whom. Who got a schedule, and the credentials of where it went to, are encrypted\n" +
			"and not shown. EMAIL is any username that they had, in any letter case; an Okta id or an Omni id will do too.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(sync.NamesOfSaved, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.listSaved(cmd.Context(), args[0]) },
	}
}

func (a *app) schedulesRestoreCommand() *cobra.Command {
	var r sync.RestoreRequest
	cmd := &cobra.Command{
		Use:   "restore EMAIL --to EMAIL",
		Short: "Make saved schedules of somebody anew, for a new owner",
		Long: "Makes the schedules anew that are saved of somebody who left, for somebody who is an active member in Omni, each once:\n" +
			"what was restored before, and what the new owner has already, isn't made again. It tells one by one what became of each,\n" +
			"and what of it Omni doesn't take back. The running daemon does it where there is one.\n\n" +
			"What is restored runs with the NEW OWNER'S access to data and attributes: other rows may go out than before. Look with --dry-run first.\n\n" +
			"Ctrl-C stops it after the schedule that is under way; asked again, it goes on from there. Exits with 3 where some weren't restored,\n" +
			"with 1 where nothing is saved or the new owner isn't there.",
		ValidArgsFunction: a.completes(sync.NamesOfSaved, 1),
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.ExactArgs(1)(cmd, args); err != nil {
				return err
			}
			if r.To == "" {
				return errors.New("--to is missing: name who is to have the schedules")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Who, r.By = args[0], whoami()
			return a.restoreSaved(cmd.Context(), r)
		},
	}
	cmd.Flags().StringVar(&r.To, "to", "", "`EMAIL` of the new owner in Omni")
	cmd.Flags().StringArrayVar(&r.Only, "only", nil, "only the schedule of this `NAME` or id; may be repeated")
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "show what would be restored; change nothing")
	a.completesFlag(cmd, "to", sync.NamesOfUsers)
	return cmd
}

func (a *app) listSaved(ctx context.Context, who string) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	list, err := w.Saved(ctx, who)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(console.Kept{Saved: list})
	}
	return a.print(func(p *printer) { p.saved(who, list) })
}

func (a *app) restoreSaved(ctx context.Context, r sync.RestoreRequest) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	meter := a.newMeter()
	r.Progress = meter.step
	report, err := w.Restore(ctx, r)
	meter.end()
	if err != nil {
		return err
	}
	if a.json {
		err = a.document(report)
	} else {
		err = a.print(func(p *printer) { p.restored(report) })
	}
	if err == nil && report.Outcome != sync.Done {
		err = ended(exitChanges)
	}
	return err
}

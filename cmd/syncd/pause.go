package main

import (
	"context"
	"errors"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) pauseCommand() *cobra.Command {
	var o sync.PauseOrder
	cmd := &cobra.Command{
		Use:   "pause",
		Short: "Stop writing to Omni for a while, all of it or only what takes something away",
		Long: "Nothing is written to Omni any more, by whoever leads, until syncd resume or until --for is over. What is under\n" +
			"way ends; nothing new begins. The ledger keeps the pause, so that it survives a restart.\n\n" +
			"Meanwhile the schedule goes on reading and planning, and status says what waits. Okta's pushes are answered\n" +
			"that they come again later; who leaves is accepted. reconcile, user and retry exit with 1 and do nothing;\n" +
			"with --dry-run they work. Approvals are recorded, and acted upon after the pause. A pause that lasts for more\n" +
			"than a day is recalled daily, in the log and by an alert.\n\n" +
			"With --removals-only nobody and nothing is taken away: no membership ends, in Omni or in a group, no group is\n" +
			"deleted, no attribute loses its value. All else goes on.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.By = whoami()
			return a.pause(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.Func("for", "end by itself after this `TIME`, such as 30m, 2h or 72h", func(s string) (err error) {
		if o.For, err = time.ParseDuration(s); err == nil && o.For <= 0 {
			err = errors.New("it is no length of a pause")
		}
		return err
	})
	f.BoolVar(&o.RemovalsOnly, "removals-only", false, "go on with everything but what takes something away")
	f.StringVar(&o.Reason, "reason", "", "`TEXT` that status, log and alerts show")
	return cmd
}

func (a *app) resumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "End a pause; the daemon then does at once what waited",
		Long: "Ends the pause that syncd pause began. The running daemon then makes a full run, which does what waited, within\n" +
			"the guard as ever; without one the next run does. Where nothing is paused, nothing is done.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.pause(cmd.Context(), sync.PauseOrder{By: whoami(), Resume: true})
		},
	}
}

func (a *app) pause(ctx context.Context, o sync.PauseOrder) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	answer, err := w.Pause(ctx, o)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(answer)
	}
	return a.print(func(p *printer) { p.paused(answer, o.Resume) })
}

// paused prints what became of a person's word.
func (p *printer) paused(answer sync.PauseAnswer, resume bool) {
	switch {
	case resume && answer.Was == nil:
		p.line("nothing was paused")
	case resume:
		p.line("%s; paused by %s since %s", p.paint("resumed", text.Bold), clean(answer.Was.By), stamp(answer.Was.Since))
	case answer.Pause != nil:
		p.line("%s", p.paint(halts(*answer.Pause), text.Bold))
		if answer.Was != nil {
			p.line("  in place of the pause by %s since %s", clean(answer.Was.By), stamp(answer.Was.Since))
		}
		if answer.Under > 0 {
			p.line("  under way before it, and still going on: %s", counted(answer.Under, "change"))
		}
	}
}

// halts says what a pause stops, and until when.
func halts(pause state.Pause) string {
	what := "nothing is written to Omni"
	if pause.RemovalsOnly {
		what = "nothing is taken away in Omni, all else goes on"
	}
	if pause.Until.IsZero() {
		return "paused until syncd resume: " + what
	}
	return "paused until " + stamp(pause.Until) + ": " + what
}

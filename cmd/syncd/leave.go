package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) leaveCommand() *cobra.Command {
	var l leaving
	cmd := &cobra.Command{
		Use:   "leave EMAIL --now",
		Short: "End a leaver's grace at once",
		Long: "Ends the grace of somebody who is unassigned in Okta, and makes a run about them that goes on with the way out at once.\n" +
			"Nothing else is skipped: the guard and its approval, protection, deprovision.settle, the handover of what they own, and the\n" +
			"last question to Okta. In Omni the end of a membership can't be undone, so the userName is asked for: it is typed on a\n" +
			"terminal, else given with --confirm. Who is assigned again has a grace anew when they leave once more.\n\n" +
			"syncd leavers lists who is on the way out. Exits with 1, and does nothing, where they aren't, or no grace keeps them.",
		ValidArgsFunction: a.completes(sync.NamesOfUsers, 1),
		Args:              func(cmd *cobra.Command, args []string) error { return a.checkLeave(cmd, args, l) },
		RunE:              func(cmd *cobra.Command, args []string) error { return a.leave(cmd.Context(), args[0], l) },
	}
	cmd.Flags().BoolVar(&l.now, "now", false, "end the grace at once; required")
	cmd.Flags().StringVar(&l.confirm, "confirm", "", "the userName once more, in place of typing it: `NAME`")
	a.completesFlag(cmd, "confirm", sync.NamesOfUsers)
	stopFlag(cmd, &l.attached)
	return cmd
}

// leaving is what the flags of syncd leave say.
type leaving struct {
	now      bool
	confirm  string
	attached bool
}

// checkLeave refuses what says too little before anything is asked.
func (a *app) checkLeave(cmd *cobra.Command, args []string, l leaving) error {
	switch err := cobra.ExactArgs(1)(cmd, args); {
	case err != nil:
		return err
	case !l.now:
		return errors.New("say --now to end the grace at once; syncd explain EMAIL tells what happens without it")
	case l.confirm == "" && (a.json || !isTerminal(a.In)):
		return errors.New("nobody is there to type the name: give the userName once more with --confirm")
	}
	return nil
}

// graceOnly is the failure of the run that followed the end of a grace.
type graceOnly struct {
	error
	leaver sync.Leaver
}

func (e *graceOnly) Unwrap() error { return e.error }

// left is the JSON document of an ended grace: the run that followed, and who is leaving.
type left struct {
	sync.Report
	Leaver sync.Leaver `json:"leaver"` // as they were when the grace was ended
}

func (a *app) leave(ctx context.Context, subject string, l leaving) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	list, err := w.Leavers(ctx)
	if err != nil {
		return err
	}
	v, err := sync.Out(list, subject)
	if err == nil {
		err = v.Endable()
	}
	if err == nil && l.confirm == "" {
		l.confirm, err = a.typed(ctx, v)
	}
	if err != nil {
		return err
	}
	meter := a.newMeter()
	v, report, err := w.Leave(ctx, console.Leaving{AtOnce: sync.AtOnce{Subject: v.OktaID, Confirm: l.confirm, By: whoami()}, Progress: meter.step, Attached: l.attached})
	meter.end()
	if err != nil && v.OktaID == "" {
		return err
	}
	if err != nil {
		a.tell("The grace is over. What the run about them leaves undone, the next run does.")
		return &graceOnly{a.interrupted(ctx, err, report, false), v}
	}
	if a.json {
		err = a.document(left{report, v})
	} else {
		err = a.print(func(p *printer) {
			p.line("%s\n", p.paint("The grace of "+clean(v.UserName)+" is over.", text.Bold))
			p.walked(report, false)
		})
	}
	if err != nil {
		return err
	}
	return exit(reportStatus(report, false))
}

// typed has the person at the terminal type the userName, after telling what is at stake.
func (a *app) typed(ctx context.Context, v sync.Leaver) (string, error) {
	for _, line := range v.About() {
		a.tell("  " + line)
	}
	_, _ = fmt.Fprintf(a.Err, "In Omni the end of a membership can't be undone. To end the grace of %s, type this userName: ", clean(v.UserName))
	line := make(chan string, 1)
	go func() { // ends with the process where nobody types
		text, _ := bufio.NewReader(a.In).ReadString('\n')
		line <- strings.TrimSpace(text)
	}()
	select {
	case text := <-line:
		return text, nil
	case <-ctx.Done():
		_, _ = fmt.Fprintln(a.Err)
		return "", &fault.Error{Kind: fault.Unavailable, Op: "wait for the name", Err: context.Cause(ctx), Hint: "nothing was done"}
	}
}

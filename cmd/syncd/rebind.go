package main

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) rebindCommand() *cobra.Command {
	dry := false
	cmd := &cobra.Command{
		Use:   "rebind",
		Short: "Bind the ledger to another Okta org, app or Omni, and link anew by name",
		Long: "For a configuration that names another Okta org, another app or another Omni than the ledger belongs to. Reads both sides, tells\n" +
			"who carries over by userName and which groups by name, and binds the ledger to them. Links whose ids can't be the same are\n" +
			"forgotten; the next reconcile links by name, as after a loss of the ledger, and holds every removal. Nothing is written to Okta or\n" +
			"Omni, and nobody is deactivated on either side. Log, runs, pause, and what was saved of leavers stay. The daemon must not run.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.rebind(cmd.Context(), sync.RebindOrder{By: whoami(), DryRun: dry})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "tell who carries over; change nothing")
	return cmd
}

func (a *app) rebind(ctx context.Context, o sync.RebindOrder) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	l, alone := w.(local)
	if !alone {
		return &fault.Error{Kind: fault.Refused, Op: "rebind the ledger while a daemon runs", Hint: "nothing was done; stop the daemon, rebind, and start it with the new configuration"}
	}
	answer, err := l.rebind(ctx, o)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(answer)
	}
	return a.print(func(p *printer) { p.rebound(answer) })
}

// rebind takes the lease; where another process has it, nothing is done. A dry one needs none.
func (l local) rebind(ctx context.Context, o sync.RebindOrder) (answer sync.Rebound, err error) {
	if o.DryRun {
		err = l.reading(func(e *sync.Engine) error {
			answer, err = e.Rebind(ctx, o)
			return err
		})
		return answer, err
	}
	err = l.opened(func(store ledger) error {
		return l.holding(ctx, store, func(ctx context.Context, by leadership) error {
			answer, err = by.engine.Rebind(ctx, o)
			return err
		})
	})
	return answer, err
}

// namedMissing is how many names of those who don't carry over are printed of each kind.
const namedMissing = 50

func (p *printer) rebound(r sync.Rebound) {
	what := "The ledger is bound to"
	if r.DryRun {
		what = "Nothing was changed. The ledger would be bound to"
	}
	p.line("%s", p.paint(what+" "+clean(r.To.String())+".", text.Bold))
	p.line("  it belonged to %s", clean(r.From.String()))
	if r.Stay {
		p.line("  org and Omni are the same, so that every link stays as it is")
	}
	p.carried("user", r.Users)
	p.carried("group", r.Groups)
	p.line("The next reconcile links by name, and holds every removal: syncd reconcile")
}

func (p *printer) carried(what string, c sync.Carried) {
	p.line("  %d of %s found on both sides", c.Carry, counted(c.Linked, what))
	for i, name := range c.Missing {
		if i == namedMissing {
			p.line("    and %d more; --json names all", len(c.Missing)-i)
			break
		}
		p.line("    not found: %s", clean(name))
	}
}

package main

import (
	"context"

	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
)

func (a *app) forgetCommand() *cobra.Command {
	dry := false
	cmd := &cobra.Command{
		Use:   "forget EMAIL",
		Short: "Replace what is kept of somebody who left by a pseudonym",
		Long: "Replaces the names, addresses and values of somebody who is no longer assigned, in the ledger, the provisioning log,\n" +
			"its export, the archive and saved schedules, by a pseudonym. Ids, times and kinds stay, and so does a keyed sum of the address: where\n" +
			"it comes back as another person's, that is noticed. It can't be undone. EMAIL is a name that the person had, or an Okta id.\n\n" +
			"Okta is asked first: who is assigned, or on the way out, isn't forgotten. Omni, Okta, backups and logs that were shipped\n" +
			"elsewhere are out of its reach. Doing it twice is no harm; one that broke off is done again.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(sync.NamesOfUsers, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.forget(cmd.Context(), sync.Forgetting{Subject: args[0], By: whoami(), DryRun: dry})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "tell what would be replaced, and where; change nothing")
	return cmd
}

func (a *app) forget(ctx context.Context, f sync.Forgetting) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	told, err := w.Forget(ctx, f)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(told)
	}
	return a.print(func(p *printer) { p.forgotten(told) })
}

// forgotten tells what became of it, without the name.
func (p *printer) forgotten(t sync.Forgotten) {
	who := "Okta user " + t.OktaID
	switch {
	case t.Already:
		p.line("%s is forgotten already, since %s, as %s: nothing is left to replace", who, stamp(t.At), t.Pseudonym)
	case t.DryRun:
		p.line("%s can be forgotten; nothing was changed. What would be replaced:", who)
	default:
		p.line("%s is forgotten, and is %s from now on. What was replaced:", who, t.Pseudonym)
	}
	for _, place := range t.Places {
		p.line("  %-8s %s", place.Place, counted(place.Count, "record"))
	}
	if len(t.Places) == 0 && !t.Already {
		p.line("  nothing: what is kept doesn't name the person")
	}
	for _, n := range t.Notes {
		p.line("still to do: %s", clean(n))
	}
}

// Forget does it under the lease, or has it done by the process that leads; what stands in
// the archive of this machine is replaced in any case.
func (l local) Forget(ctx context.Context, f sync.Forgetting) (told sync.Forgotten, err error) {
	if f.DryRun {
		err = l.reading(func(e *sync.Engine) error {
			told, err = e.Forget(ctx, f)
			return err
		})
		return told, err
	}
	err = l.opened(func(store ledger) error {
		return l.ledOver(ctx, store, func(ctx context.Context, by leadership) error {
			told, err = by.engine.Forget(ctx, f)
			return err
		}, func(m messenger) error {
			if told, err = m.Forget(ctx, f); err != nil {
				return err
			}
			_, err = l.engine(store, "").ForgetHere(ctx, f)
			return err
		})
	})
	return told, err
}

// Forget has somebody forgotten, or has the process that leads do it, and then replaces what
// stands in this machine's archive.
func (s *seat) Forget(ctx context.Context, f sync.Forgetting) (sync.Forgotten, error) {
	defer s.known.Drop()
	if f.DryRun {
		return s.reader.Forget(ctx, f)
	}
	if c := s.leads.Load(); c != nil {
		ctx, end := c.reigning(ctx)
		defer end()
		return c.loop.Forget(ctx, f)
	}
	mail := mailbox(s.store)
	if mail == nil {
		return sync.Forgotten{}, untaken("")
	}
	told, err := messenger{mail: mail}.Forget(ctx, f)
	if err != nil {
		return told, err
	}
	n, err := s.reader.ForgetHere(ctx, f)
	if err != nil {
		return told, err
	}
	s.parts.log.Info("forgotten here too", zap.String("pseudonym", told.Pseudonym), zap.Int("lines", n))
	return told, nil
}

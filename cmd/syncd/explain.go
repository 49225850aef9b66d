package main

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain EMAIL or GROUP",
		Short: "Say why somebody has access, or hasn't; or why a group is as it is",
		Long: "Answers from Okta, Omni and the ledger, in sentences that can be sent on: whether there is access and why, by which group it is\n" +
			"assigned, groups and attributes on both sides, the last changes with their causes, what waits, what fails, and what to do next.\n" +
			"It changes nothing anywhere. A side that can't be asked is named, and the rest is answered.\n\n" +
			"A person is named as for syncd user, a group by its name or id. Exits with 1 when nobody knows the name.",
		Example: "  syncd explain ann@example.com\n  syncd explain \"Sales EMEA\"",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completes(sync.NamesOfAll, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.explain(cmd.Context(), args[0]) },
	}
}

func (a *app) explain(ctx context.Context, subject string) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	x, err := w.Explain(ctx, subject)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(x)
	}
	return a.print(func(p *printer) { p.explanation(x) })
}

// explanation prints the answer first, then what it rests on, then what to do.
func (p *printer) explanation(x sync.Explanation) {
	p.line("%s.\n", p.paint(clean(x.Answer), text.Bold))
	p.steps(x.Sentences)
	p.line("\n%s %s", p.paint("Next:", text.Bold), clean(x.Next))
}

package main

import (
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) userCommand() *cobra.Command {
	r, detailed := sync.Request{Kind: sync.User, Insist: true, Cause: causeCommand}, false
	cmd := &cobra.Command{
		Use:   "user EMAIL",
		Short: "Bring one person in line now, and show each step",
		Long: "Looks at one person in Okta, in the ledger and in Omni, shows what it finds at each step, and does what is to be done:\n" +
			"their account, its attributes, and their places in synced groups. The running daemon does it where there is one, beside\n" +
			"whatever run is under way. Guard, approval and grace hold as in every run; what failed before is tried again at once.\n\n" +
			"EMAIL is the app username, a username in Omni, an Okta login or a former username; an Okta id or an Omni id will do too.\n" +
			"Exits with 1 when nobody is known by it, else like reconcile.",
		Example: "  syncd user ann@example.com --dry-run\n  syncd user ann@example.com",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completes(sync.NamesOfUsers, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Subject = args[0]
			return a.make(cmd.Context(), r, detailed)
		},
	}
	stopFlag(cmd, &r.Attached)
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "show what would be done; change nothing")
	detailedFlag(cmd, &detailed)
	return cmd
}

// walked prints a run about one person: the steps, what is in doubt, and what to do next.
func (p *printer) walked(r sync.Report, dry bool) {
	p.line("%s", p.paint(heading(r, dry), text.Bold))
	p.steps(r.Steps)
	p.doubts(r.Doubts)
	p.notes(r.Notes)
	p.line("\n%s %s", p.paint("Next:", text.Bold), clean(r.Next))
}

// stepWidth is how wide the names of steps are filled up.
const stepWidth = 11

// steps prints what is told step by step; a name that goes on isn't repeated.
func (p *printer) steps(list []sync.Step) {
	before := ""
	for _, s := range list {
		name := s.Name
		if name == before {
			name = ""
		}
		before = s.Name
		words := clean(s.Text)
		if s.Doubt {
			words = p.paint(words+" (in doubt)", text.FgYellow)
		}
		p.line("  %s %s", p.paint(text.Pad(clean(name), stepWidth, ' '), text.Faint), words)
	}
}

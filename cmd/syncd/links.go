package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

// relinker links and unlinks people.
type relinker interface {
	Relink(ctx context.Context, o sync.LinkOrder) (sync.LinkAnswer, error)
}

func (a *app) linksCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "links [EMAIL or GROUP]",
		Short: "Tell who is linked to whom, since when and how",
		Long: "Lists which account of Omni's each user of Okta's is linked to, and which group each group, from the ledger alone: how the\n" +
			"link came to be (created; pushed, which is created by a push of Okta's; adopted, as it was there before; recognised, as an\n" +
			"earlier run had made it; by_hand), and since when. Whom a person has unlinked is listed as unlinked. A name is that in Omni, or an id.",
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completes(sync.NamesOfAll, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.links(cmd.Context(), strings.Join(args, "")) },
	}
	cmd.AddCommand(a.rebindCommand())
	return cmd
}

// links writes each link as it comes.
func (a *app) links(ctx context.Context, subject string) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.linksDocument(ctx, w, subject)
	}
	told := 0
	printing := a.print(func(p *printer) {
		err = w.Links(ctx, subject, func(l sync.Linked) error {
			if told++; told == 1 {
				p.line("%s", p.paint(linkRow("WHO", "HOW", "SINCE", "OMNI ID", "OKTA ID"), text.Bold))
			}
			p.linked(l)
			return nil
		})
		if told == 0 && err == nil {
			p.line("Nobody is linked.")
		}
	})
	return firstOf(err, printing)
}

// linksDocument writes one JSON document, a link at a time.
func (a *app) linksDocument(ctx context.Context, w worker, subject string) error {
	before := "{\n  \"links\": [\n    "
	err := w.Links(ctx, subject, func(l sync.Linked) error {
		one, err := json.MarshalIndent(l, "    ", "  ")
		if err == nil {
			_, err = fmt.Fprintf(a.Out, "%s%s", before, one)
		}
		before = ",\n    "
		return err
	})
	if err != nil {
		return err
	}
	if strings.HasPrefix(before, "{") {
		return a.document(console.LinksAnswer{Links: []sync.Linked{}})
	}
	_, err = fmt.Fprint(a.Out, "\n  ]\n}\n")
	return err
}

// linkRow is one line of the list. Its columns don't wait for the longest name.
func linkRow(who, how, since, omni, okta string) string {
	return strings.TrimRight(fmt.Sprintf("%-32s  %-20s  %-23s  %-36s  %s", who, how, since, omni, okta), " ")
}

func (p *printer) linked(l sync.Linked) {
	who, since := cmp.Or(l.UserName, l.Group, l.OktaID), "not known"
	if l.Group != "" {
		who = "group " + l.Group
	}
	if !l.Since.IsZero() {
		since = stamp(l.Since)
	}
	p.line("%s", linkRow(clean(who), l.How, since, clean(l.OmniID), clean(l.OktaID)))
	var notes []string
	if l.By != "" && l.By != state.ByPush {
		notes = append(notes, "by "+clean(l.By))
	}
	switch {
	case l.Active != nil && !*l.Active:
		notes = append(notes, "inactive in Omni")
	case !l.Unassigned.IsZero():
		notes = append(notes, "unassigned in Okta since "+stamp(l.Unassigned))
	}
	if len(notes) > 0 {
		p.line("  %s", p.paint(strings.Join(notes, "; "), text.Faint))
	}
}

func (a *app) linkCommand() *cobra.Command {
	dry := false
	cmd := &cobra.Command{
		Use:   "link EMAIL OMNI_ID",
		Short: "Link a person to an account of Omni's by hand",
		Long: "Links somebody whom Okta assigns to the account of that id, which nobody may be linked to. Shows both accounts first, and what the\n" +
			"next run makes of it, then does it: naming both sides is the consent. Nothing is written to Omni for the link itself; the next run\n" +
			"brings the account in line, within the guards. The account that they were linked to stays in Omni as it is, and isn't managed any\n" +
			"more. The archive keeps it, so that a ledger that is built again links them so.",
		Args: func(cmd *cobra.Command, args []string) error {
			err := cobra.ExactArgs(2)(cmd, args)
			if err == nil && (args[0] == "" || args[1] == "") {
				err = errors.New("name a person, and the id of an account in Omni")
			}
			return err
		},
		ValidArgsFunction: a.completes(sync.NamesOfUsers, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.relink(cmd.Context(), sync.LinkOrder{Subject: args[0], OmniID: args[1], By: whoami(), DryRun: dry})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "show it and what comes of it; change nothing")
	return cmd
}

func (a *app) unlinkCommand() *cobra.Command {
	dry := false
	cmd := &cobra.Command{
		Use:   "unlink EMAIL",
		Short: "Forget whose account a person has, and leave it as it is",
		Long: "Ends the link of a person to their account in Omni. The account stays as it is, with its access and its groups, and isn't managed\n" +
			"any more. While Okta assigns them, the person gets no account before somebody approves it, which status shows as held, or links\n" +
			"them with syncd link.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(sync.NamesOfUsers, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.relink(cmd.Context(), sync.LinkOrder{Subject: args[0], By: whoami(), DryRun: dry})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "show what comes of it; change nothing")
	return cmd
}

// relink shows what comes of an order, and then, unless it is dry, has it done.
func (a *app) relink(ctx context.Context, o sync.LinkOrder) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	look := o
	look.DryRun = true
	answer, err := w.Relink(ctx, look)
	if err == nil && !a.json {
		err = a.print(func(p *printer) { p.relinking(answer) })
	}
	if err == nil && !o.DryRun {
		seen := answer.Changes
		if answer, err = w.Relink(ctx, o); err == nil {
			answer.Changes = seen
		}
	}
	switch {
	case err != nil:
		return err
	case a.json:
		return a.document(answer)
	}
	return a.print(func(p *printer) { p.relinked(answer) })
}

// relinking shows an order before it is done.
func (p *printer) relinking(answer sync.LinkAnswer) {
	p.line("%s  Okta user %s", p.paint(clean(answer.UserName), text.Bold), clean(answer.OktaID))
	p.account("linked to", answer.Was)
	if answer.Account != nil {
		p.account("to be linked to", answer.Account)
	}
	for _, n := range answer.Notes {
		p.line("  ! %s", clean(n))
	}
	if answer.Account == nil {
		return
	}
	if len(answer.Changes) == 0 {
		p.line("The next run has nothing to do then.")
		return
	}
	p.line("The next run then:")
	for _, c := range answer.Changes {
		p.change(c)
	}
}

func (p *printer) account(what string, a *sync.LinkAccount) {
	if a == nil {
		p.line("  %s no account in Omni", what)
		return
	}
	words := "active"
	if !a.Active {
		words = "inactive"
	}
	if a.OrgAdmin {
		words += ", organization admin"
	}
	p.line("  %s %s  %s  %s  %s", what, clean(a.OmniID), clean(a.UserName), clean(a.DisplayName), words)
}

func (p *printer) relinked(answer sync.LinkAnswer) {
	switch {
	case answer.DryRun:
		p.line("%s", p.paint("Nothing was changed.", text.Bold))
	case answer.Account != nil:
		p.line("%s", p.paint(fmt.Sprintf("%s is linked to %s.", clean(answer.UserName), clean(answer.Account.OmniID)), text.Bold))
	default:
		p.line("%s", p.paint(fmt.Sprintf("%s is linked to no account any more.", clean(answer.UserName)), text.Bold))
	}
}

// Links reads the ledger alone.
func (l local) Links(ctx context.Context, subject string, each func(sync.Linked) error) error {
	return l.reading(func(e *sync.Engine) error { return e.Links(ctx, subject, each) })
}

// Relink links or unlinks, or has the process that leads do it. A dry one needs no lease.
func (l local) Relink(ctx context.Context, o sync.LinkOrder) (answer sync.LinkAnswer, err error) {
	relink := func(ctx context.Context, by relinker) error {
		answer, err = by.Relink(ctx, o)
		return err
	}
	if o.DryRun {
		err = l.reading(func(e *sync.Engine) error { return relink(ctx, e) })
		return answer, err
	}
	err = l.led(ctx, func(ctx context.Context, by leadership) error { return relink(ctx, by.engine) },
		func(m messenger) error { return relink(ctx, m) })
	return answer, err
}

// Links tells what is known, also while another process leads.
func (s *seat) Links(ctx context.Context, subject string, each func(sync.Linked) error) error {
	return s.reader.Links(ctx, subject, each)
}

// Relink links or unlinks, or has the process that leads do it.
func (s *seat) Relink(ctx context.Context, o sync.LinkOrder) (sync.LinkAnswer, error) {
	if o.DryRun { // which is asked beside whatever run is under way
		return s.reader.Relink(ctx, o)
	}
	return decidedBy(s, func(by judge) (sync.LinkAnswer, error) { return by.Relink(ctx, o) })
}

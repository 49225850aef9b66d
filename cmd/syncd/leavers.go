package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) leaversCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "leavers",
		Short: "List who is on the way out, at which step, with what they own",
		Long: "Lists who is unassigned in Okta and whose membership hasn't ended: at which step they are and since when, what they own and\n" +
			"what became of it, when it goes on, and why it doesn't. It reads the ledger alone, and changes nothing.\n\n" +
			"The steps: guard (waits for approval), grace, inventory (what they own is read), handover (it is saved, or given to others),\n" +
			"confirm (Okta is asked once more), end. Who is kept by a protection, the policy or a person's no is listed as kept.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.leavers(cmd.Context()) },
	}
}

func (a *app) leavers(ctx context.Context) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	list, err := w.Leavers(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(console.LeaversAnswer{Leavers: list})
	}
	return a.print(func(p *printer) { p.leavers(list) })
}

// leavers prints the list as a table, and below it why it doesn't go on for some.
func (p *printer) leavers(list []sync.Leaver) {
	if len(list) == 0 {
		p.line("Nobody is on the way out.")
		return
	}
	rows := [][]string{{"WHO", "STEP", "SINCE", "GOES ON", "OWNS", "HANDED OVER"}}
	for _, v := range list {
		owns, became := "not read yet", ""
		if v.Owns != nil {
			owns, became = v.Owns.Words(), v.Owns.Became()
		}
		rows = append(rows, []string{v.UserName, string(v.Step), stamp(v.Since), onwards(v), owns, became})
	}
	for i, line := range aligned(rows) {
		if i == 0 {
			line = p.paint(line, text.Bold)
		}
		p.line("%s", line)
		if i > 0 {
			p.stays(list[i-1])
		}
	}
	p.afterLeavers(list)
}

// aligned gives rows as lines in which the cells of a column begin at one place.
func aligned(rows [][]string) []string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			row[i] = clean(cell)
			widths[i] = max(widths[i], text.StringWidthWithoutEscSequences(row[i]))
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		for j, cell := range row {
			lines[i] += text.Pad(cell, widths[j], ' ') + "  "
		}
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// stays tells below somebody's line why it doesn't go on, and for how long too long.
func (p *printer) stays(v sync.Leaver) {
	if v.Reason != "" && v.Step != state.InGrace {
		p.line("  %s", p.paint(clean(v.Reason), text.FgYellow))
	}
	if v.AtOnce != nil {
		p.line("  the grace was ended by %s at %s", clean(v.AtOnce.By), stamp(v.AtOnce.At))
	}
	if !v.Overdue.IsZero() {
		p.line("  %s", p.paint("longer than deprovision.handover.within allows, since "+stamp(v.Overdue), text.FgRed))
	}
}

// afterLeavers says what those in handover can still do, and how to end a grace.
func (p *printer) afterLeavers(list []sync.Leaver) {
	access, grace := "", false
	for _, v := range list {
		access, grace = max(access, v.Access), grace || v.Endable() == nil
	}
	if access != "" {
		p.line("\nWho is in handover: %s.", access)
	}
	if grace {
		p.line("\nsyncd leave EMAIL --now ends a grace at once; syncd explain EMAIL tells more of one.")
	}
}

// onwards tells when it goes on.
func onwards(v sync.Leaver) string {
	if v.Until.IsZero() || v.Step == state.AtGuard || v.Step == sync.Staying {
		return v.Goes()
	}
	return stamp(v.Until)
}

// leaving counts who is on the way out, in a status.
func (p *printer) leaving(counts map[string]int) {
	var parts []string
	for _, step := range sync.StepsOut {
		if n := counts[string(step)]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, inStep(step)))
		}
	}
	if len(parts) > 0 {
		p.line("\non the way out: %s; syncd leavers lists them", strings.Join(parts, ", "))
	}
}

// inStep is a step after a number of people.
func inStep(s state.Step) string {
	switch s {
	case state.AtGuard:
		return "waiting for approval"
	case state.InGrace, state.InHandover:
		return "in " + string(s)
	case sync.Staying:
		return "kept"
	default:
		return "at " + string(s)
	}
}

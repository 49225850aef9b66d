package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// saved prints what is kept, by whose it was.
func (p *printer) saved(who string, list []state.Saved) {
	if len(list) == 0 {
		p.line("nothing is saved of %s", clean(who))
		return
	}
	before := ""
	for i, s := range list {
		head := fmt.Sprintf("Saved of %s (%s) on %s, kept until %s", s.UserName, s.Owner, s.At.UTC().Format(time.DateOnly), s.Until.UTC().Format(time.DateOnly))
		if head != before && i > 0 {
			p.line("")
		}
		if head != before {
			p.line("%s", p.paint(clean(head), text.Bold))
		}
		before = head
		p.line("  %s  %s", text.Pad(clean(s.Name), nameWidth, ' '), clean(what(s)))
		if words := fate(s); words != "" {
			p.line("      %s", p.paint(clean(words), text.Faint))
		}
	}
}

// what tells what was saved.
func what(s state.Saved) string {
	if s.Kind == state.Document {
		if s.Document == "" {
			return "document, in no shared folder"
		}
		return "document, in " + s.Document
	}
	words := "schedule " + s.ID
	if s.Document != "" {
		words += fmt.Sprintf(" of %q", s.Document)
	}
	words += fmt.Sprintf(", %s (%s)", s.Cron, s.Timezone)
	switch {
	case s.Recipients == 1:
		return words + ", by " + s.Target + " to 1 person"
	case s.Recipients > 1:
		return words + fmt.Sprintf(", by %s to %d people", s.Target, s.Recipients)
	}
	return words + ", by " + s.Target
}

// fate tells whether it was brought back; "" where nobody set out to.
func fate(s state.Saved) string {
	switch r := s.Restored; {
	case r == nil:
		return ""
	case r.ID == "":
		return fmt.Sprintf("restoring it to %s began at %s, and how it ended isn't known: asked again, it goes on", r.To, stamp(r.At))
	case len(r.Problems) > 0:
		return fmt.Sprintf("restored to %s at %s as %s, without: %s", r.To, stamp(r.At), r.ID, strings.Join(r.Problems, ", "))
	default:
		return fmt.Sprintf("restored to %s at %s as %s", r.To, stamp(r.At), r.ID)
	}
}

// restored prints what became of each schedule, and what that means.
func (p *printer) restored(r sync.RestoreReport) {
	head := fmt.Sprintf("Restored of %s for %s (%s)", r.From, r.To, r.Run)
	if r.DryRun {
		head = fmt.Sprintf("What would be restored of %s for %s (nothing was changed)", r.From, r.To)
	}
	p.line("%s", p.paint(clean(head), text.Bold))
	for _, s := range r.Schedules {
		sign, words := restoration(s)
		p.line("  %s %s  %s", p.sign(sign), p.paint(text.Pad(clean(s.Name), nameWidth, ' '), sign.color()), clean(words))
		for _, l := range s.Lacks {
			p.line("      lacks %s", clean(l))
		}
		if s.Hint != "" {
			p.line("      hint: %s", clean(s.Hint))
		}
	}
	p.notes(r.Notes)
	p.line("\n%s", p.paint(restoredTotals(r), text.Bold))
}

// restoration tells what became of a schedule.
func restoration(s sync.Restoration) (sign, string) {
	switch s.State {
	case sync.ToRestore:
		return comes, "would be made"
	case sync.IsRestored:
		return comes, "made, as " + s.Restored.ID
	case sync.WasThere:
		return leaves, "is there already, as " + s.Restored.ID
	case sync.WasRestored:
		return leaves, fate(s.Saved) + "; it isn't made again"
	case sync.CantRestore:
		return goes, "can't be restored: " + s.Error
	case sync.NotRestored:
		return goes, "wasn't restored this time: " + s.Error
	case sync.NotTried:
		return goes, "not tried yet"
	}
	return leaves, string(s.State)
}

// restoredTotals sums a restoring up in one line.
func restoredTotals(r sync.RestoreReport) string {
	count := map[sync.RestoreState]int{}
	for _, s := range r.Schedules {
		count[s.State]++
	}
	word := string(r.Outcome)
	if r.DryRun {
		word = "plan"
	}
	var parts []string
	for _, row := range []struct {
		state sync.RestoreState
		words string
	}{
		{sync.ToRestore, "to restore"}, {sync.IsRestored, "restored"}, {sync.WasThere, "there already"}, {sync.WasRestored, "restored before"},
		{sync.CantRestore, "can't be restored"}, {sync.NotRestored, "failed"}, {sync.NotTried, "not tried"},
	} {
		if n := count[row.state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, row.words))
		}
	}
	return word + ": " + strings.Join(parts, ", ")
}

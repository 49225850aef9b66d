package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// report prints a run: what is in doubt, who comes, goes and changes, what is
// held, kept and failing, and the totals last, where a terminal stands.
func (p *printer) report(r sync.Report, dry bool) {
	p.line("%s", p.paint(heading(r, dry), text.Bold))
	p.doubts(r.Doubts)
	doing := inState(r.Changes, state.Planned, state.Applied)
	p.section("Users", only(doing, isUser))
	p.section("Groups", only(doing, isGroup))
	p.held(r, inState(r.Changes, state.Held), dry)
	p.section("Left as it is", inState(r.Changes, state.Kept))
	if failing := inState(r.Changes, state.Failed); len(failing) > 0 {
		p.alarm("Failed")
		p.failing(failing)
	}
	p.notes(r.Notes)
	p.line("\n%s", p.paint(totals(r, dry), text.Bold))
}

func heading(r sync.Report, dry bool) string {
	if dry {
		article := "a"
		if r.Kind == sync.Undo {
			article = "an"
		}
		return fmt.Sprintf("What %s %s run would do (nothing was changed)", article, r.Kind)
	}
	return fmt.Sprintf("Run %s (%s)", r.Run, r.Kind)
}

func (p *printer) doubts(doubts []string) {
	if len(doubts) == 0 {
		return
	}
	p.alarm("In doubt: nothing is removed because of this")
	for _, d := range doubts {
		p.line("  %s %s", p.paint("!", text.FgYellow), clean(d))
	}
}

func (p *printer) section(title string, list []state.Change) {
	if len(list) == 0 {
		return
	}
	p.title(title)
	p.list(list)
}

// held prints what waits. A dry run holds nothing for real, so it names nothing to approve.
func (p *printer) held(r sync.Report, list []state.Change, dry bool) {
	if len(list) == 0 {
		return
	}
	if dry {
		p.alarm("Would wait for approval")
		p.because(r.Because)
		p.list(list)
		return
	}
	p.alarm("Waits for approval")
	p.because(r.Because)
	p.list(list)
	p.line("  syncd status lists what is held, by the run that showed it first;\n  syncd approve RUN does it, syncd reject RUN drops it")
}

// because prints what led to what waits.
func (p *printer) because(sentences []string) {
	for _, s := range sentences {
		p.line("  %s", p.paint(clean(s), text.FgYellow))
	}
}

func (p *printer) notes(notes []string) {
	if len(notes) == 0 {
		return
	}
	p.title("Notes")
	for _, n := range notes {
		p.line("  %s", clean(n))
	}
}

// totals sums a run up in one line.
func totals(r sync.Report, dry bool) string {
	doing := inState(r.Changes, state.Planned, state.Applied)
	var parts []string
	count := func(one string, which func(state.Change) bool) {
		n := map[sign]int{}
		for _, c := range only(doing, which) {
			n[signOf(c)]++
		}
		for _, s := range []sign{comes, goes, changes, leaves} {
			if n[s] > 0 {
				parts = append(parts, fmt.Sprintf("%s %s", counted(n[s], one), verb(s, n[s] == 1)))
			}
		}
	}
	count("user", isUser)
	count("group", isGroup)
	if len(parts) == 0 {
		parts = append(parts, "nothing to do")
	}
	for _, s := range []state.ChangeState{state.Held, state.Kept, state.Failed} {
		if n := len(inState(r.Changes, s)); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	if n := len(r.Doubts); n > 0 {
		parts = append(parts, counted(n, "doubt"))
	}
	word := string(r.Outcome)
	if dry {
		word = "plan"
	}
	return word + ": " + strings.Join(parts, ", ")
}

// verb says in the totals what a sign means.
func verb(s sign, one bool) string {
	var many, single string
	switch s {
	case leaves:
		many, single = "are released", "is released"
	case comes:
		many, single = "come", "comes"
	case goes:
		many, single = "go", "goes"
	case changes:
		many, single = "change", "changes"
	}
	if one {
		return single
	}
	return many
}

func inState(list []state.Change, states ...state.ChangeState) []state.Change {
	return only(list, func(c state.Change) bool { return slices.Contains(states, c.State) })
}

func isUser(c state.Change) bool  { return c.Group == "" }
func isGroup(c state.Change) bool { return c.Group != "" }

// only gives those of list that keep is true for, in their order.
func only(list []state.Change, keep func(state.Change) bool) []state.Change {
	var out []state.Change
	for _, c := range list {
		if keep(c) {
			out = append(out, c)
		}
	}
	return out
}

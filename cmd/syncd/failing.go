package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

const (
	// fewAlike is how many changes that fail alike are listed one by one; more are told as
	// one thing. --json names all.
	fewAlike = 5
	// lateRemoval is from when on it is an alarm that somebody keeps access.
	lateRemoval = time.Hour
)

// failing prints what fails, each cause once: Omni's words, what to do, how often it was
// tried and when it is tried next.
func (p *printer) failing(list []state.Change) {
	p.late(only(list, isLate))
	for _, alike := range sync.Alike(list) {
		if len(alike) > fewAlike {
			p.many(alike)
			continue
		}
		for _, c := range alike {
			if c.Problem != nil && c.Error != "" { // the reason is the advice, or the next try
				c.Reason = ""
			}
			p.change(c)
			if c.Problem != nil {
				p.advice(c.Problem.Advice)
				p.tries(*c.Problem)
			}
		}
	}
}

// isLate reports whether a change that fails leaves somebody access for too long.
func isLate(c state.Change) bool {
	removes := c.Group == "" && signOf(c) == goes || c.Group != "" && len(facts(c.Before).Members) > 0
	return removes && c.Problem != nil && !c.Problem.Since.IsZero() && time.Since(c.Problem.Since) >= lateRemoval
}

// late names whose access ought to have ended long since.
func (p *printer) late(list []state.Change) {
	if len(list) == 0 {
		return
	}
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = nameOf(c)
	}
	p.line("  %s", p.paint("access that Okta took away still stands in Omni, for more than an hour: "+fewOf(names, maxMembers)+"; end it by hand in Omni, or mend what is said below", text.Bold, text.FgRed))
}

// many prints changes that fail alike as one thing.
func (p *printer) many(alike []state.Change) {
	first := *cmp.Or(alike[0].Problem, &state.Problem{})
	names := make([]string, len(alike))
	for i, c := range alike {
		names[i] = nameOf(c)
		if c.Problem == nil {
			continue
		}
		if first.Next.IsZero() || !c.Problem.Next.IsZero() && c.Problem.Next.Before(first.Next) {
			first.Next = c.Problem.Next
		}
		if c.Problem.Since.Before(first.Since) {
			first.Since = c.Problem.Since
		}
		first.Attempts = max(first.Attempts, c.Problem.Attempts)
	}
	p.trouble(sync.Troubles(alike)[0], fewOf(names, 3))
	p.tries(first)
}

// trouble prints one cause, with what is said of one of the changes.
func (p *printer) trouble(t state.Trouble, names string) {
	p.line("  %s: %s", p.paint(counted(t.Count, "change"), text.Bold), p.paint(clean(t.Words), text.FgRed))
	p.advice(t.Advice)
	p.line("      such as %s", names)
}

// refused prints what the newest runs couldn't even try.
func (p *printer) refused(list []state.Trouble) {
	if len(list) == 0 {
		return
	}
	p.alarm("Refused before Omni is asked, until it is mended (syncd plan --json names all)")
	for _, t := range list {
		names := make([]string, len(t.Names))
		for i, name := range t.Names {
			names[i] = clean(name)
		}
		text := strings.Join(names, ", ")
		if more := t.Count - len(names); more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		p.trouble(t, text)
	}
}

func (p *printer) advice(s string) {
	if s != "" {
		p.line("      what to do: %s", clean(s))
	}
}

// tries tells how often Omni was asked, and when it is asked again.
func (p *printer) tries(t state.Problem) {
	if t.Attempts == 0 {
		return
	}
	line := fmt.Sprintf("failed %s since %s", often(t.Attempts), stamp(t.Since))
	if !t.Next.IsZero() {
		line += ", tried again from " + stamp(t.Next) + " on; syncd retry tries it at once"
	}
	p.line("      %s", p.paint(line, text.Faint))
}

func often(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func nameOf(c state.Change) string { return clean(cmp.Or(c.UserName, c.Group, c.OktaID)) }

// fewOf names the first few, and counts the rest.
func fewOf(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more (--json names all)", strings.Join(names[:most], ", "), len(names)-most)
}

package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	checks "github.com/omnisync/omnisync/check"
)

// checkWidth is how wide problems and remedies are printed.
const checkWidth = 110

// checked prints the findings by group, and what they come to.
func (p *printer) checked(name string, r checks.Report) {
	width := 0
	for _, f := range r.Checks {
		width = max(width, len(f.Name))
	}
	p.line("%s", p.paint("Check of "+clean(name), text.Bold))
	group := ""
	for _, f := range r.Checks {
		if f.Group != group {
			group = f.Group
			p.title(group)
		}
		p.finding(f, width)
	}
	p.line("\n%s", p.paint(conclusion(r), text.Bold))
	p.line("%s to Okta, %s to Omni, all of them to read.", counted(r.Summary.OktaRequests, "request"), counted(r.Summary.OmniRequests, "request"))
}

func (p *printer) finding(f checks.Finding, width int) {
	found := clean(f.Found)
	if f.State == checks.Skipped {
		found = clean(f.Problem)
	}
	p.line("%s", strings.TrimRight(fmt.Sprintf("  %s  %-*s  %s", p.mark(f.State), width, clean(f.Name), found), " "))
	if f.State == checks.OK || f.State == checks.Skipped {
		return
	}
	p.indented("        ", f.Problem)
	if f.Remedy != "" {
		p.indented("     -> ", f.Remedy)
	}
}

// mark is a word, so that it can be looked for.
func (p *printer) mark(s checks.State) string {
	switch s {
	case checks.OK:
		return p.paint("ok  ", text.FgGreen)
	case checks.Warning:
		return p.paint("warn", text.Bold, text.FgYellow)
	case checks.Failed:
		return p.paint("FAIL", text.Bold, text.FgRed)
	case checks.Skipped:
		return "skip"
	}
	return string(s)
}

// indented wraps s; what begins its first line becomes blanks on the others.
func (p *printer) indented(begin, s string) {
	width := checkWidth
	if p.width > 0 {
		width = min(width, p.width)
	}
	for line := range strings.SplitSeq(text.WrapSoft(clean(capital(s)), width-len(begin)), "\n") {
		p.line("%s%s", begin, strings.TrimRight(line, " "))
		begin = strings.Repeat(" ", len(begin))
	}
}

// capital begins a sentence; what begins with a key of the configuration stays.
func capital(s string) string {
	word, _, _ := strings.Cut(s, " ")
	if s == "" || strings.ContainsAny(word, "._") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func conclusion(r checks.Report) string {
	warnings := ""
	if n := r.Summary.Warnings; n > 0 {
		warnings = " and " + counted(n, "warning")
	}
	if n := r.Summary.Failed; n > 0 {
		return counted(n, "problem") + warnings + "."
	}
	if warnings != "" {
		return "Ready, with " + strings.TrimPrefix(warnings, " and ") + ": syncd plan shows what a first run would do."
	}
	return "Ready: syncd plan shows what a first run would do."
}

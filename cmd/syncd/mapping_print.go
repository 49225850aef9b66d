package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// mapped prints each expression with what it reads and gives, and what they come to.
func (p *printer) mapped(d mapped) {
	p.line("%s  Okta user %s, app user %s, account %s: %s", p.paint(clean(d.Name), text.Bold), clean(string(d.ID)), clean(d.Status), cmp.Or(clean(d.Account), "unread"), d.Standing)
	if g := d.Groups; g != nil {
		which := "synced groups"
		if !g.Synced {
			which = "all groups of this user in Okta (" + clean(g.Note) + "; a run knows the synced ones alone)"
		}
		p.line("%s: %s", which, jsonOf(g.Names))
	}
	for _, e := range d.Expressions {
		p.expression(e)
	}
	p.title(d.conclusion())
	if d.Problem != nil {
		p.problem(d.Problem)
	}
	if d.User == nil {
		return
	}
	p.line("  userName = %s", jsonOf(d.User.UserName))
	p.line("  displayName = %s", jsonOf(d.User.DisplayName))
	for _, name := range slices.Sorted(maps.Keys(d.User.Attributes)) {
		p.line("  %s = %s", clean(name), jsonOf(d.User.Attributes[name]))
	}
}

func (p *printer) expression(e mappedBy) {
	p.title(clean(e.Key))
	words := e.Text
	if words == "" {
		words = "(default: displayName, else first and last name, else userName)"
	}
	for line := range strings.SplitSeq(strings.TrimSpace(words), "\n") {
		p.line("  %s", clean(line))
	}
	for _, i := range e.Inputs {
		switch {
		case i.Whole:
			p.line("    %s, chosen from by the expression", clean(i.Path))
		case !i.Present:
			p.line("    %s is absent", clean(i.Path))
		default:
			p.line("    %s = %s", clean(i.Path), jsonOf(i.Value))
		}
	}
	switch {
	case e.Problem != nil:
		p.problem(e.Problem)
	case e.Result == nil:
		p.line("  %s", p.paint("gives nothing", text.FgGreen))
	default:
		p.line("  %s", p.paint("gives "+jsonOf(e.Result), text.FgGreen))
	}
}

func (p *printer) problem(m *mappedProblem) {
	p.line("  %s", p.paint("fails: "+clean(m.Message), text.FgRed))
	if m.Hint != "" {
		p.line("  hint: %s", clean(m.Hint))
	}
}

func (d mapped) conclusion() string {
	switch {
	case d.InScope == nil:
		return "Whether this user is in scope isn't known, so nothing is written or removed:"
	case !*d.InScope:
		return "Out of scope: counts as unassigned."
	case d.Problem != nil:
		return "In scope, but nothing is written or removed:"
	default:
		return "In scope. Omni would receive:"
	}
}

// jsonOf spells a value as JSON on one line, in which nothing steers a terminal.
func jsonOf(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "(can't be shown)"
	}
	return clean(strings.TrimSuffix(b.String(), "\n"))
}

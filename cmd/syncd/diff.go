package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// The lengths at which lists are cut; --json names everything.
const (
	maxLines   = 50 // changes of one sign in one section
	maxMembers = 10 // who comes, or who goes, of one group
	nameWidth  = 32 // names are filled up to it, so that what follows stands in one column
)

// sign is what stands before a change.
type sign string

const (
	comes   sign = "+"
	goes    sign = "-"
	changes sign = "~"
	leaves  sign = "." // it is left to itself
)

func (s sign) color() text.Color {
	switch s {
	case comes:
		return text.FgGreen
	case goes:
		return text.FgRed
	case changes:
		return text.FgYellow
	default:
		return text.Faint
	}
}

// signOf gives the sign of a change.
func signOf(c state.Change) sign {
	switch sync.Kind(c.Kind) {
	case sync.Create, sync.Adopt, sync.Reactivate:
		return comes
	case sync.Deactivate, sync.Delete:
		return goes
	case sync.Release:
		return leaves
	default:
		return changes
	}
}

// change prints one change: its first line, then a line for each value, then
// the members.
func (p *printer) change(c state.Change) {
	s := signOf(c)
	name, note := clean(cmp.Or(c.UserName, c.Group, c.OktaID)), p.note(c)
	if note != "" {
		name = text.Pad(name, nameWidth, ' ')
	}
	p.line("  %s %s%s", p.sign(s), p.paint(name, s.color()), note)
	before, after := facts(c.Before), facts(c.After)
	if s == changes || sync.Kind(c.Kind) == sync.Adopt {
		for _, v := range values(before, after) {
			p.line("      %s: %s -> %s", v.name, p.paint(v.before, text.FgRed), p.paint(v.after, text.FgGreen))
		}
	}
	p.members(comes, after.Members)
	p.members(goes, before.Members)
}

func (p *printer) sign(s sign) string { return p.paint(string(s), s.color()) }

// note is the rest of a change's first line: what it is where the sign doesn't
// say it, whom it makes, and why it is as it is.
func (p *printer) note(c state.Change) string {
	var parts []string
	switch sync.Kind(c.Kind) {
	case sync.Create, sync.Update, sync.Members:
	case sync.Release:
		parts = append(parts, "released: no longer managed, left as it is")
	default:
		parts = append(parts, c.Kind)
	}
	if sync.Kind(c.Kind) == sync.Create || sync.Kind(c.Kind) == sync.Reactivate {
		parts = append(parts, whole(facts(c.After), c.Group)...)
	}
	if owns := ownership(c); owns != "" {
		parts = append(parts, p.paint(owns, text.FgRed))
	}
	if c.Handover != "" {
		parts = append(parts, clean(c.Handover))
	}
	if c.Reason != "" {
		parts = append(parts, p.paint("("+clean(c.Reason)+")", text.Faint))
	}
	if c.Error != "" {
		parts = append(parts, p.paint(clean(c.Error), text.FgRed))
	}
	if len(parts) == 0 {
		return ""
	}
	return "  " + strings.Join(parts, "  ")
}

// ownership tells what somebody owns who leaves, "" where nothing is known, or there is
// nothing.
func ownership(c state.Change) string {
	var parts []string
	if c.Schedules != nil && *c.Schedules > 0 {
		words := counted(*c.Schedules, "schedule")
		switch {
		case c.Recipients == nil || *c.Recipients == 0:
		case *c.Recipients == 1:
			words += " (to 1 person)"
		default:
			words += fmt.Sprintf(" (to %d people)", *c.Recipients)
		}
		parts = append(parts, words)
	}
	if c.Documents != nil && *c.Documents > 0 {
		parts = append(parts, counted(*c.Documents, "document"))
	}
	if len(parts) == 0 {
		return ""
	}
	owns := "owns " + strings.Join(parts, " and ")
	if c.Handover == "" && c.Schedules != nil && *c.Schedules > 0 {
		owns += "; the schedules are deleted with the membership"
	}
	return owns
}

// whole tells on one line someone who comes, or a group that isn't called as in Okta.
func whole(f state.Facts, group string) []string {
	var parts []string
	if f.DisplayName != "" && f.DisplayName != group {
		parts = append(parts, quoted(f.DisplayName))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Attributes)) {
		if v := f.Attributes[name]; v != nil {
			parts = append(parts, clean(name)+": "+clean(string(*v)))
		}
	}
	return parts
}

// value is one value before and after, as printed.
type value struct{ name, before, after string }

// values lists what differs, Omni's own fields first.
func values(before, after state.Facts) []value {
	var list []value
	add := func(name, b, a string) {
		if b != a {
			list = append(list, value{name, b, a})
		}
	}
	add("userName", orNone(before.UserName), orNone(after.UserName))
	add("displayName", orNone(before.DisplayName), orNone(after.DisplayName))
	add("active", truth(before.Active), truth(after.Active))
	names := slices.Sorted(maps.Keys(after.Attributes))
	for name := range before.Attributes {
		if _, both := after.Attributes[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		add(clean(name), attribute(before, name), attribute(after, name))
	}
	return list
}

const none = "(none)"

func orNone(s string) string {
	if s == "" {
		return none
	}
	return quoted(s)
}

func quoted(s string) string { return `"` + clean(s) + `"` }

func truth(b *bool) string {
	if b == nil {
		return none
	}
	return strconv.FormatBool(*b)
}

// attribute gives a value; who has none has Omni's default, where there is one.
func attribute(f state.Facts, name string) string {
	if v := f.Attributes[name]; v != nil {
		return clean(string(*v))
	}
	if v, ok := f.Defaults[name]; ok {
		return "(default " + clean(string(v)) + ")"
	}
	return none
}

func facts(f *state.Facts) state.Facts {
	if f == nil {
		return state.Facts{}
	}
	return *f
}

// members prints who comes to a group, or goes, on one line.
func (p *printer) members(s sign, names []string) {
	if len(names) == 0 {
		return
	}
	shown := make([]string, 0, maxMembers)
	for _, name := range names[:min(len(names), maxMembers)] {
		shown = append(shown, clean(name))
	}
	line := strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		line += fmt.Sprintf(" and %d more", more)
	}
	p.line("      %s %s", p.sign(s), p.paint(line, s.color()))
}

// list prints changes in their order, at most maxLines of each sign.
func (p *printer) list(all []state.Change) {
	seen := map[sign]int{}
	for _, c := range all {
		s := signOf(c)
		if seen[s]++; seen[s] <= maxLines {
			p.change(c)
		}
	}
	for _, s := range []sign{comes, goes, changes, leaves} {
		if more := seen[s] - maxLines; more > 0 {
			p.line("  %s %s", p.sign(s), p.paint(fmt.Sprintf("and %d more (--json names all)", more), s.color()))
		}
	}
}

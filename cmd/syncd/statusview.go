package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// words says a connection's state, with the colour of its urgency.
func words(h sync.Health) (string, text.Color) {
	switch h {
	case sync.InStep:
		return "in step", text.FgGreen
	case sync.Behind:
		return "behind: no run has ended with a reading that can be believed", text.FgYellow
	case sync.Waiting:
		return "in step but for what is held", text.FgYellow
	case sync.Paused:
		return "paused: the ledger is out of reach", text.FgYellow
	case sync.Broken:
		return "failing", text.FgRed
	}
	return clean(string(h)), text.FgYellow // a newer daemon's word
}

// status prints a connection at a glance.
func (p *printer) status(s sync.Status) {
	p.health(s)
	if s.Reason != "" {
		p.line("  %s", clean(s.Reason))
	}
	p.running(s.Running)
	p.last(s.Last, "last")
	if s.Whole != nil {
		whole := *s.Whole
		if s.Last != nil && whole.Error == s.Last.Error { // one thing, told once
			whole.Error = ""
		}
		p.last(&whole, "last whole")
	}
	p.followed(s.Log)
	if line := pushed(s.Limits); line != "" {
		p.line("push: %s", clean(line))
	}
	if line := hookedOf(s.Limits); line != "" {
		p.line("hooks: %s", line)
	}
	if line := alertsOf(s.Limits); line != "" {
		p.line("%s", clean(line))
	}
	for _, line := range slices.Concat(oktaWaits(s.Limits), omniWaits(s.Limits), unshared(s.Limits)) {
		p.line("%s", clean(line))
	}
	if e := s.Export; e != nil && e.Error != "" {
		p.alarm("The provisioning log isn't exported since " + stamp(e.Since) + ": " + clean(e.Error))
		p.line("  what to do: %s; what is missing there follows by itself", clean(e.Hint))
	}
	for _, key := range refusedKeys(s.Limits) {
		p.alarm(key)
	}
	for _, key := range s.Keys {
		p.alarm(clean(key.String()))
		p.line("  what to do: %s", clean(key.Hint))
	}
	for _, run := range s.Held {
		p.alarm(fmt.Sprintf("Held by run %s: %s, since %s", clean(run.Run), counted(run.Count, "change"), stamp(run.Since)))
		p.because(run.Because)
		p.line("  held because of %s; syncd approve %s, or syncd reject %s", clean(run.Kind), clean(run.Run), clean(run.Run))
		p.line("  some of it: --only NAME, --except NAME; just what stands here: --hash %s", clean(run.Hash))
		p.list(run.Changes)
	}
	p.section("Rejected, and left as it is until Okta changes it once more", s.Rejected)
	p.undone(s.Undone)
	if len(s.Failing) > 0 {
		p.alarm("Failing, tried again by itself")
		p.failing(s.Failing)
	}
	p.refused(s.Refused)
	p.leaving(s.Leaving)
}

// health prints the line that a status begins with.
func (p *printer) health(s sync.Status) {
	health, color := words(s.State)
	if s.Pause != nil {
		health = halts(*s.Pause)
	}
	leader := "no daemon leads here"
	if s.Leader {
		leader = "the daemon leads"
	} else if s.Holder != "" {
		leader = clean(s.Holder) + " leads"
	}
	p.line("%s  %s (%s)", p.paint(clean(s.Name), text.Bold), p.paint(health, color), leader)
}

// namesShown is how many names stand in a line.
const namesShown = 10

// undone tells what is kept as it was before a run.
func (p *printer) undone(list []sync.UndoneRun) {
	for _, u := range list {
		p.alarm(fmt.Sprintf("Kept as before run %s, which %s undid on %s: %s and %s", clean(u.Of), clean(u.By), stamp(u.Since), counted(len(u.Users), "user"), counted(len(u.Groups), "group")))
		p.line("  grants and changes of theirs wait; once it is mended in Okta: syncd undo %s --let-go", clean(u.Of))
		for _, of := range []struct {
			what  string
			names []string
		}{{"users", u.Users}, {"groups", u.Groups}} {
			if len(of.names) > 0 {
				p.line("  %s: %s", of.what, clean(fewOf(of.names, namesShown)))
			}
		}
	}
}

// running tells how far the run is that is under way.
func (p *printer) running(r *sync.Running) {
	if r == nil {
		return
	}
	p.line("run %s (%s) is under way since %s", clean(r.Run), clean(string(r.Kind)), stamp(r.Since))
	p.line("  %s", told(r.Progress))
}

func (p *printer) last(l *sync.LastRun, which string) {
	if l == nil {
		p.line("no run yet")
		return
	}
	p.line("%s run %s (%s): %s at %s", which, clean(l.Run), clean(l.Kind), clean(l.Outcome), stamp(l.Ended))
	if l.Error != "" {
		p.line("  %s", p.paint(clean(l.Error), text.FgRed))
		if l.Hint != "" {
			p.line("  what to do: %s", clean(l.Hint))
		}
	}
}

// followed tells how Okta's System Log is followed, and how soon a change reaches Omni.
func (p *printer) followed(f *sync.Followed) {
	if f == nil {
		return
	}
	until := "not read yet"
	if !f.Read.IsZero() {
		until = "read until " + stamp(f.Read)
	}
	if f.Again > 0 {
		until += ", " + counted(f.Again, "object") + " looked at again without an event"
	}
	p.line("Okta's System Log: %s", until)
	if f.Waits != "" {
		why := "isn't read on: " + f.Waits
		if strings.HasPrefix(f.Waits, "for ") {
			why = "waits " + f.Waits
		}
		p.line("  %s", p.paint(clean(why), text.FgYellow))
	}
	if t := f.Seconds; t != nil {
		p.line("from a change in Okta to Omni: %.1f s at the median, %.1f s at p99 (%s since the start)", t.Median, t.P99, counted(t.Count, "change"))
	}
	if f.Missed > 0 {
		p.line("%s", p.paint("missed by delta, found by a full run: "+counted(f.Missed, "change"), text.FgYellow))
		for _, name := range f.Names {
			p.line("  %s", clean(name))
		}
	}
}

// decision prints what a person's word covers.
func (p *printer) decision(d sync.Decided, word string) {
	p.line("%s", p.paint(fmt.Sprintf("%s of run %s %s", counted(len(d.Decided), "change"), clean(d.Run), word), text.Bold))
	p.list(withoutReason(d.Decided))
	for _, a := range d.Already {
		p.line("  decided before: %s", clean(a))
	}
	if d.Left > 0 {
		p.line("  still held by run %s: %s", clean(d.Run), counted(d.Left, "change"))
	}
	if len(d.Still) > 0 {
		p.line("  still held by other runs: %s", clean(strings.Join(d.Still, ", ")))
	}
	p.line("")
}

// withoutReason leaves out what the line above has said: who decided.
func withoutReason(list []state.Change) []state.Change {
	out := make([]state.Change, len(list))
	for i, c := range list {
		c.Reason = ""
		out[i] = c
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// day is one scripted day: what happens in Okta is the script's, what Omnisync
// does about it is told from the engine's own reports.
type day struct {
	company    *company
	out        io.Writer
	pause      time.Duration
	okta, omni string // addresses
	console    string
	loop       *sync.Loop
	engine     *sync.Engine
	last       sync.Report
	schedules  int // those that nobody's leaving may end, counted before the day
	idle       int // writes of the last run, which has nothing to do
}

// narrator is where the story goes: beside the JSON document, or in its place.
func (a *app) narrator() io.Writer {
	if a.json {
		return a.Err
	}
	return a.Out
}

func (d *day) say(format string, args ...any) { _, _ = fmt.Fprintf(d.out, format+"\n", args...) }

// scene is one thing that happens in Okta at an hour of the day.
type scene struct {
	hour string
	what string
	do   func(context.Context) error
}

func (d *day) play(ctx context.Context) error {
	c := d.company
	d.say("Okta stand-in %s, Omni stand-in %s, console %s, ledger in a file.", d.okta, d.omni, d.console)
	d.say("The daemon, its ledger and every request are real; Okta and Omni are stand-ins on this machine.")
	d.say("The real Omni takes 60 requests a minute; this one takes %d, and graces are seconds, to keep the day short.", demoPace)
	d.schedules = len(c.omni.Schedules())
	for _, s := range d.scenes() {
		d.say("\n%s  Okta: %s", s.hour, s.what)
		if err := s.do(ctx); err != nil {
			return err
		}
		select {
		case <-time.After(d.pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (d *day) scenes() []scene {
	c := d.company
	support := c.staff(supportTeam)
	return []scene{
		{"09:00", fmt.Sprintf("%d people, %d pushed groups; Omni knows %d of them already, and one outsider", len(c.people), len(c.pushed()), len(c.known)),
			func(ctx context.Context) error { return d.run(ctx, sync.Reconcile) }},
		{"09:30", "a joiner, Zoe Winter, starts in Sales", func(ctx context.Context) error {
			p := c.hire("Zoe Winter", "Sales")
			c.okta.Assign(p.id, simokta.AssignOptions{Scope: "GROUP"})
			return d.run(ctx, sync.Full)
		}},
		{"10:15", "a mover goes from Marketing to Product", func(ctx context.Context) error {
			d.move(c.staff("Marketing")[3], "Product")
			return d.run(ctx, sync.Full)
		}},
		{"11:00", "a leaver of Finance is deactivated", func(ctx context.Context) error {
			c.okta.SetStatus(c.staff("Finance")[5].id, "DEPROVISIONED")
			return d.run(ctx, sync.Full)
		}},
		{"13:00", "the group Managers is renamed to Leadership", func(ctx context.Context) error {
			c.okta.RenameGroup(c.groups["Managers"], "Leadership")
			return d.run(ctx, sync.Full)
		}},
		{"14:20", fmt.Sprintf("a wrong click takes the Omni app from all %d of Support", len(support)), func(ctx context.Context) error {
			c.okta.UnassignGroup(c.groups[supportTeam])
			return d.run(ctx, sync.Full)
		}},
		{"14:40", fmt.Sprintf("the click is undone; only the %d contractors stay out", contractors), func(ctx context.Context) error {
			for _, p := range support {
				if !p.contractor {
					c.okta.Assign(p.id, simokta.AssignOptions{})
				}
			}
			return d.run(ctx, sync.Full)
		}},
		{"15:00", "nothing; an admin looks at what is held and approves it (syncd approve)", d.approve},
		{"18:00", "nothing; a last look at both sides (syncd reconcile)", func(ctx context.Context) error {
			before := c.omni.Writes()
			err := d.run(ctx, sync.Reconcile)
			d.idle = c.omni.Writes() - before
			return err
		}},
	}
}

// move changes a person's department, as a directory does: group and attribute.
func (d *day) move(p *person, to string) {
	c := d.company
	c.okta.AddMember(c.groups[to], p.id)
	c.okta.RemoveMember(c.groups[p.department], p.id)
	c.okta.UpdateProfile(p.id, map[string]any{"department": to})
	p.department = to
}

// approve releases what waits, run by run, as the command does.
func (d *day) approve(ctx context.Context) error {
	status, err := d.engine.Status(ctx)
	if err != nil {
		return err
	}
	for _, h := range status.Held {
		decided, err := d.engine.Decide(ctx, h.Run, state.Approved, "the demo's admin")
		if err != nil {
			return err
		}
		d.say("       approved %d held changes of run %s", len(decided.Decided), h.Run)
	}
	return d.run(ctx, sync.Full)
}

// run lets the daemon look, and tells what it did.
func (d *day) run(ctx context.Context, kind sync.RunKind) error {
	report, err := d.loop.Do(ctx, sync.Request{Kind: kind, Cause: "demo"})
	if err != nil {
		return err
	}
	d.last = report
	took := report.Ended.Sub(report.Started).Round(100 * time.Millisecond)
	d.say("       Omnisync (%s run, %s): %s", kind, took, tally(report))
	for _, doubt := range report.Doubts {
		d.say("       ! %s", doubt)
	}
	for _, line := range highlights(report) {
		d.say("       %s", line)
	}
	for _, note := range report.Notes {
		d.say("       (%s)", note)
	}
	return nil
}

// tally counts a report's changes by what they are and how far they came.
func tally(r sync.Report) string {
	counts := map[string]int{}
	for _, c := range r.Changes {
		what := "user"
		if c.Group != "" {
			what = "group"
		}
		counts[fmt.Sprintf("%s %s %s", what, c.Kind, c.State)]++
	}
	if len(counts) == 0 {
		return "nothing to do, nothing written"
	}
	var parts []string
	for key, n := range counts {
		parts = append(parts, fmt.Sprintf("%s: %d", key, n))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// highlights tells up to four changes one by one, with their reasons.
func highlights(r sync.Report) []string {
	var lines []string
	for _, c := range r.Changes {
		if len(lines) == 4 {
			lines = append(lines, fmt.Sprintf("... and %d more", len(r.Changes)-4))
			break
		}
		line := fmt.Sprintf("%s %s %s: %s", mark(c), c.Kind, firstName(c), c.State)
		if c.Reason != "" {
			line += ", " + c.Reason
		}
		lines = append(lines, line)
	}
	return lines
}

func mark(c state.Change) string {
	switch c.Kind {
	case string(sync.Create), string(sync.Adopt), string(sync.Reactivate):
		return "+"
	case string(sync.Deactivate), string(sync.Delete):
		return "-"
	default:
		return "~"
	}
}

func firstName(c state.Change) string {
	if c.Group != "" {
		return "group " + c.Group
	}
	return c.UserName
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/sync"
)

// week is one scripted week: what happens in Okta and Omni is the script's,
// what Omnisync does about it is told from its own reports.
type week struct {
	company  *company
	site     demoSite
	ledger   demoLedger
	daemon   *demoDaemon
	client   console.Client // of the daemon
	okta     *provisioning
	pause    time.Duration
	out      narrator
	told     []toldScene
	findings []check // of single scenes

	schedules int         // in Omni, before the week
	last      sync.Report // of the newest run
	idle      int         // writes of the last scene, which has nothing to do
}

// scene is one thing that happens at an hour of the week.
type scene struct {
	day, hour string
	what      string // happens, in Okta or Omni or to the daemon
	do        func(context.Context) error
}

// toldScene is a scene as the JSON document has it.
type toldScene struct {
	Day    string   `json:"day"`
	Hour   string   `json:"hour"`
	What   string   `json:"what"`
	Told   []string `json:"told"`   // what Omnisync did
	Writes int      `json:"writes"` // that Omni accepted
}

// play plays the scenes in their order.
func (w *week) play(ctx context.Context, scenes []scene) error {
	w.schedules = len(w.company.omni.Schedules())
	w.out.line("Okta stand-in %s, Omni stand-in %s,", w.site.okta, w.site.omni)
	w.out.line("console %s, SCIM endpoint %s.", w.site.console, w.site.scimURL())
	w.out.line("The daemon, its ledger and every request are real; Okta and Omni are stand-ins on this machine.")
	w.out.line("The real Omni takes 60 requests a minute; this one takes %d, and removals wait %s,", demoPace, brief(demoSettle))
	w.out.line("to keep the week short.")
	day := ""
	for _, s := range scenes {
		if s.day != day {
			w.out.title(s.day)
			day = s.day
		}
		if err := w.act(ctx, s); err != nil {
			return fmt.Errorf("%s %s: %w", s.day, s.hour, err)
		}
		select {
		case <-time.After(w.pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// sceneTime bounds a scene: one that hangs is a failure, and is told as one.
const sceneTime = time.Minute

// act plays one scene.
func (w *week) act(ctx context.Context, s scene) error {
	ctx, cancel := context.WithTimeout(ctx, sceneTime)
	defer cancel()
	w.out.scene(s.hour, s.what)
	w.told = append(w.told, toldScene{Day: s.day, Hour: s.hour, What: s.what, Told: []string{}})
	before := w.company.omni.Writes()
	err := s.do(ctx)
	w.told[len(w.told)-1].Writes = w.company.omni.Writes() - before
	return err
}

// say tells what Omnisync did, or what else is to be known.
func (w *week) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	now := &w.told[len(w.told)-1]
	now.Told = append(now.Told, line)
	w.out.paragraph(line)
}

// find keeps what a scene has shown, for the checks in the end.
func (w *week) find(name string, differences []string) {
	w.findings = append(w.findings, verdict(name, differences))
}

// run lets the daemon make a run, as its schedule would, and tells it. An error
// of the run is part of the story where the scene expects one; it is told and given.
func (w *week) run(ctx context.Context, kind sync.RunKind) error {
	before := w.company.omni.Writes()
	report, err := w.client.Run(ctx, sync.Request{Kind: kind})
	if err != nil {
		return err
	}
	w.tell(report, w.company.omni.Writes()-before)
	return nil
}

// tell tells a run from its report.
func (w *week) tell(r sync.Report, writes int) {
	w.last = r
	w.say("Omnisync, %s run: %s; %s in Omni", r.Kind, totals(r, false), counted(writes, "write"))
	for _, doubt := range r.Doubts {
		w.say("! %s", doubt)
	}
	for _, line := range highlights(r) {
		w.say("%s", line)
	}
	for _, note := range r.Notes {
		w.say("(%s)", note)
	}
}

// dry types a command that changes nothing, and tells the last line of its report.
func (w *week) dry(ctx context.Context, typed ...string) error {
	before := w.company.omni.Writes()
	var out, errs bytes.Buffer
	status := execute(ctx, shell{Args: append(typed, "--json", "--config", w.site.config()), Out: &out, Err: &errs})
	var r sync.Report
	if status != exitDone || json.Unmarshal(out.Bytes(), &r) != nil {
		return fmt.Errorf("syncd %s exits with %d: %s", strings.Join(typed, " "), status, strings.TrimSpace(errs.String()))
	}
	w.say("$ syncd %s", strings.Join(typed, " "))
	w.say("%s; %s in Omni", totals(r, true), counted(w.company.omni.Writes()-before, "write"))
	return nil
}

// status types syncd status, and tells what is held.
func (w *week) status(ctx context.Context) (sync.Status, error) {
	s, err := w.client.Status(ctx)
	if err != nil {
		return s, err
	}
	told, _ := words(s.State)
	w.say("$ syncd status: %s", told)
	for _, h := range s.Held {
		w.say("held by run %s: %s (%s)", h.Run, counted(h.Count, "change"), h.Kind)
	}
	return s, nil
}

// narrator writes the story, on a terminal with colours.
type narrator struct {
	w     io.Writer
	color bool
}

// The story's columns: hours, then what happens, then what Omnisync did.
const (
	storyWidth  = 100
	storyIndent = "       "
)

func (n narrator) line(format string, args ...any) { _, _ = fmt.Fprintf(n.w, format+"\n", args...) }

func (n narrator) title(s string) { n.line("\n%s", n.paint(s, text.Bold, text.Underline)) }

func (n narrator) scene(hour, what string) {
	lines := wrapped(what)
	n.line("\n%s  %s", hour, n.paint(lines[0], text.Bold))
	for _, l := range lines[1:] {
		n.line("%s%s", storyIndent, n.paint(l, text.Bold))
	}
}

// paragraph writes one line of the story, broken where it is too long.
func (n narrator) paragraph(s string) {
	color := map[byte]text.Color{'!': text.FgYellow, '+': text.FgGreen, '-': text.FgRed, '~': text.FgYellow, '(': text.Faint, '$': text.FgCyan, '>': text.FgCyan}[s[0]]
	for i, l := range wrapped(s) {
		if i > 0 {
			l = "  " + l
		}
		n.line("%s%s", storyIndent, n.paint(l, color))
	}
}

func wrapped(s string) []string {
	lines := strings.Split(text.WrapSoft(clean(s), storyWidth-len(storyIndent)-2), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ") // it fills lines up
	}
	return lines
}

func (n narrator) paint(s string, colors ...text.Color) string {
	if !n.color {
		return s
	}
	return text.Colors(colors).Sprint(s)
}

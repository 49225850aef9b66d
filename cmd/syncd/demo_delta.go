package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// demoDelta is how often the demo's daemon asks Okta's System Log while it follows it.
const demoDelta = time.Second

// soonEnough is how long a change may take in the demo, on a machine that has much to do.
const soonEnough = 20 * time.Second

// byDeltas is a morning on which nobody asks for a run.
func byDeltas(w *week, day string) []scene {
	c := w.company
	mover, leaver, heir := c.staff("Data")[5], c.staff("People")[4], c.staff("People")[0]
	return []scene{
		{day, "08:00", "the daemon is started anew, and asks Okta's System Log every second what was touched (else every 30); from here on nobody asks for a run",
			func(ctx context.Context) error { return w.restart(ctx, demoDelta) }},
		{day, "08:30", mover.name + " goes from Data to Product: the department and two groups change", w.soon(mover.name, func() { c.move(mover, "Product") },
			func() bool {
				u, _ := c.omni.User(mover.userName)
				return fmt.Sprint(u.Attributes["department"]) == "[Product]"
			})},
		{day, "09:00", "a joiner, Mia Noon, starts in Product", w.soon("Mia Noon", func() { c.hire("Mia Noon", "Product") }, nil)},
		{day, "09:15", leaver.name + " of People leaves, who sends the board its headcount each week", w.soon(leaver.name, func() {
			u, _ := c.omni.User(leaver.userName)
			c.omni.AddSchedule(u.ID, headcount, "board@acme.example")
			w.schedules++
			c.okta.SetStatus(leaver.id, "DEPROVISIONED")
			leaver.left = true
		}, nil)},
		{day, "09:30", "the board misses it; Omni has deleted it with the membership, and it was saved before", func(ctx context.Context) error {
			return w.bringBack(ctx, leaver, heir)
		}},
		{day, "09:45", "the daemon goes back to runs that somebody asks for", w.unfollow},
	}
}

// headcount is a schedule of somebody who leaves.
const headcount = "Headcount for the board"

// bringBack types syncd schedules restore, and tells whose the schedule is then.
func (w *week) bringBack(ctx context.Context, from, to *person) error {
	typed := []string{"schedules", "restore", from.userName, "--to", to.userName}
	var out, errs bytes.Buffer
	status := execute(ctx, shell{Args: append(typed, "--json", "--config", w.site.config()), Out: &out, Err: &errs})
	var r sync.RestoreReport
	if status != exitDone || json.Unmarshal(out.Bytes(), &r) != nil {
		return fmt.Errorf("syncd %s exits with %d: %s", strings.Join(typed, " "), status, strings.TrimSpace(errs.String()))
	}
	w.say("$ syncd %s", strings.Join(typed, " "))
	for _, s := range r.Schedules {
		w.say("+ %s: %s", s.Name, s.State)
	}
	for _, note := range r.Notes {
		w.say("(%s)", note)
	}
	u, _ := w.company.omni.User(to.userName)
	goesOn := slices.ContainsFunc(w.company.omni.Schedules(), func(s simomni.Schedule) bool { return s.Name == headcount && s.Owner == u.ID })
	w.find("what a leaver had sent each week goes on, for a new owner", onlyIf(!goesOn, "nobody sends "+headcount))
	return nil
}

// restart ends the daemon and starts it with deltas so often; never for 0.
func (w *week) restart(ctx context.Context, delta time.Duration) error {
	w.daemon.stop()
	w.daemon.delta = ""
	if delta > 0 {
		w.daemon.delta = "@every " + delta.String()
	}
	return w.start(ctx)
}

// soon is a scene whose cause is done in Okta, and which nothing but Okta's System Log
// tells the daemon of. also is what must hold besides what every check looks at; may be nil.
func (w *week) soon(name string, cause func(), also func() bool) func(context.Context) error {
	return func(ctx context.Context) error {
		c, before, began := w.company, w.company.omni.Writes(), time.Now()
		cause()
		there := func() bool {
			return (also == nil || also()) && len(c.differingUsers()) == 0 && len(c.differingGroups()) == 0
		}
		if err := until(ctx, there); err != nil {
			return fmt.Errorf("the change of %s doesn't arrive: %w", name, err)
		}
		took := time.Since(began)
		w.say("Omni has it %s later; %s in Omni", brief(took), counted(c.omni.Writes()-before, "write"))
		w.find(fmt.Sprintf("a change of %s went over within seconds, without a run that was asked for", name), onlyIf(took > soonEnough, "it took "+brief(took)))
		return nil
	}
}

// unfollow tells what the daemon measured, and starts it without deltas.
func (w *week) unfollow(ctx context.Context) error {
	s, err := w.client.Status(ctx)
	if err != nil {
		return err
	}
	if s.Log == nil || s.Log.Seconds == nil {
		return fmt.Errorf("the daemon has measured no change: %+v", s.Log)
	}
	w.say("$ syncd status: from a change in Okta to Omni: %.1f s at the median, %.1f s at p99", s.Log.Seconds.Median, s.Log.Seconds.P99)
	w.find("the System Log told of every change", onlyIf(s.Log.Missed > 0, counted(s.Log.Missed, "change")+" missed"))
	return w.restart(ctx, 0)
}

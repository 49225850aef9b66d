package sync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/internal/sim/pusher"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// pauses says what a person says about pausing.
func (c *company) pauses(o sync.PauseOrder) sync.PauseAnswer {
	c.t.Helper()
	o.By = "ann"
	answer, err := c.engine.Pause(c.t.Context(), o)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

func (c *company) resumes() sync.PauseAnswer {
	c.t.Helper()
	return c.pauses(sync.PauseOrder{Resume: true})
}

// A run that is under way stops: when the word is taken, nothing is written any more.
func TestPauseStopsTheRunUnderWay(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.join(staff(60)...)
		ran := make(chan sync.Report, 1)
		go func() { ran <- c.run(sync.Full) }()
		<-time.After(20 * time.Second)
		answer := c.pauses(sync.PauseOrder{Reason: "Omni is being moved"})
		before := c.omni.Writes()
		if answer.Under != 0 || before == 0 || before > 40 {
			t.Fatalf("%+v, after %d writes", answer, before)
		}
		report := <-ran
		if report.Pause == nil || !strings.Contains(report.Notes[0], "paused by ann since ") || !strings.Contains(report.Notes[0], "Omni is being moved; ") {
			t.Errorf("the report tells %+v, %v", report.Pause, report.Notes)
		}
		<-time.After(time.Hour)
		if n := c.omni.Writes() - before; n != 0 {
			t.Errorf("written to %d times while all was paused", n)
		}
		if s := c.status(); s.State != sync.Paused || s.Pause == nil || s.Pause.By != "ann" || !strings.Contains(s.Reason, "Omni is being moved") {
			t.Errorf("the status is %s, %+v, %q", s.State, s.Pause, s.Reason)
		}
		c.resumes()
		c.want(c.run(sync.Full), sync.Done)
		c.inStep()
	})
}

// What a person asks for is refused while all is paused; a dry run, and what the schedule
// asks for, go on, and the latter halts.
func TestPauseRefusesWhatPeopleAskFor(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.join(staff(3)...)
		c.pauses(sync.PauseOrder{})
		for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile, sync.User} {
			r := sync.Request{Kind: kind, Cause: sync.CauseCommand, Subject: "person001@acme.co", Insist: true}
			_, err := c.engine.Pass(t.Context(), r)
			if !fault.Is(err, fault.Declined) || !strings.Contains(fault.HintOf(err), "syncd resume") {
				t.Errorf("a %s run is answered %v, hint %q", kind, err, fault.HintOf(err))
			}
			r.DryRun = true
			if got := c.pass(r); got.Counts["planned"] == 0 || got.Pause == nil {
				t.Errorf("a dry %s run plans %v, pause %v", kind, got.Counts, got.Pause)
			}
		}
		if got := c.run(sync.Full); got.Counts["kept"] != 3 || c.omni.Writes() != 0 {
			t.Errorf("%v after %d writes", got.Counts, c.omni.Writes())
		}
	})
}

// The word outlives the process, its lease, and with an archive the ledger; what a second
// person says counts instead of the first.
func TestPauseOutlivesTheLedger(t *testing.T) {
	c := newCompany(t, lenient())
	other, third := embedded(t), embedded(t)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		c.join(staff(2)...)
		c.want(c.run(sync.Full), sync.Done)
		c.pauses(sync.PauseOrder{RemovalsOnly: true})
		if was := c.pauses(sync.PauseOrder{For: 48 * time.Hour}).Was; was == nil || !was.RemovalsOnly {
			t.Errorf("in place of %+v", was)
		}
		for _, again := range []func(){c.start, func() { c.loses(other) }} {
			again()
			c.omni.ResetLog()
			c.join(fmt.Sprintf("new%d@acme.co", time.Now().Unix()))
			c.run(sync.Reconcile)
			if s := c.status(); c.omni.Writes() != 0 || s.Pause == nil || s.Pause.RemovalsOnly || s.Pause.Until.IsZero() {
				t.Errorf("after %d writes: %+v", c.omni.Writes(), s.Pause)
			}
			<-time.After(time.Minute)
		}
		known, _, err := state.Read[state.Connection](t.Context(), c.store, state.Meta, "connection")
		if err != nil || known.Lost == "" { // until a run that may link everybody has ended
			t.Errorf("the lost ledger counts as built again: %+v, %v", known, err)
		}
		c.resumes()
		c.want(c.run(sync.Reconcile), sync.Done)
		c.loses(third)
		c.want(c.run(sync.Reconcile), sync.Done)
		if s := c.status(); s.Pause != nil {
			t.Errorf("a pause that was over came back: %+v", s.Pause)
		}
		c.inStep()
	})
}

// What a changed mapping makes of everybody waits for a person after a pause as it would
// have before.
func TestPauseKeepsTheGuardOfThePolicy(t *testing.T) {
	afterEdit(t, edits[0], 5, func(c *company, _ []string) {
		c.pauses(sync.PauseOrder{})
		for range 2 {
			c.run(sync.Full)
			<-time.After(time.Hour)
		}
		c.resumes()
		c.want(c.run(sync.Full), sync.Holding)
		if n := c.omni.Writes(); n != 0 {
			t.Errorf("%d writes", n)
		}
	})
}

// What the log told of during a pause counts for nobody as missed, and isn't asked about
// again and again.
func TestPauseMissesNothing(t *testing.T) {
	followed(t, 30, func(c *company, ids []string, _ string) {
		c.want(c.run(sync.Full), sync.Done)
		c.watch()
		c.pauses(sync.PauseOrder{})
		c.okta.UpdateProfile(ids[3], map[string]any{"department": "Ops"})
		c.looksFor(10 * time.Minute)
		asked := c.asked()
		c.looksFor(10 * time.Minute)
		if n := c.asked() - asked; n > 25 {
			t.Errorf("in ten minutes of a pause Okta was asked %d times", n)
		}
		c.resumes()
		c.want(c.run(sync.Full), sync.Done)
		c.looksFor(20 * time.Minute)
		if got := c.status().Log; got.Missed != 0 {
			t.Errorf("missed: %d, %v", got.Missed, got.Names)
		}
		c.silent()
	})
}

// A pause ends by itself, and what waited is done at once.
func TestPauseEndsByItself(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(3)...)
		c.want(c.run(sync.Full), sync.Done)
		c.during(c.loop(sync.Schedule{Full: "0 0 1 1 *"}), func() {
			c.pauses(sync.PauseOrder{For: 2 * time.Hour})
			c.okta.Unassign(ids[0])
			<-time.After(2*time.Hour - time.Second)
			if active(c) != 3 {
				t.Error("somebody left before its end")
			}
			<-time.After(time.Minute)
			if active(c) != 2 {
				t.Error("nobody left after its end")
			}
		})
		if got := c.logged(); !slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, "resume") }) {
			t.Errorf("the log tells nothing of its end: %q", got)
		}
	})
}

// What is pushed comes again later and later while all is paused; who leaves, or leaves a
// group, is accepted, and gone soon after the end.
func TestPauseAndPushes(t *testing.T) {
	c := newCompanyOn(t, lenient(), newMemory(), 600)
	simulatedOn(t, c, func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		p.client.SetStyle(pusher.Catalog())
		crew := people(5)
		for _, who := range crew[:4] {
			p.client.Assign(who)
		}
		p.drain()
		p.client.PushGroup(pusher.Group{OktaID: "00g1", Name: "Crew", Members: []string{crew[0].OktaID, crew[1].OktaID, crew[2].OktaID}})
		p.drain()
		p.client.ResetLog()
		c.pauses(sync.PauseOrder{})
		before := c.omni.Writes()
		leaves := []int{p.client.Unassign(crew[3].OktaID), p.client.SetMembers("00g1", crew[0].OktaID, crew[1].OktaID)}
		crew[0].UserName = "renamed@acme.co"
		others := []int{p.client.Assign(crew[4]), p.client.Update(crew[0])}
		drained := make(chan error, 1)
		go func() { drained <- p.client.Run(c.t.Context()) }()
		<-time.After(10 * time.Minute)
		p.acceptedAway(leaves, others)
		if n := c.omni.Writes() - before; n != 0 {
			t.Errorf("Omni was written to %d times", n)
		}
		c.resumes()
		<-time.After(time.Minute)
		if omniUser(c, crew[3].UserName).Active || len(team(c, "Crew").Members) != 2 {
			t.Errorf("what was accepted isn't done a minute after the end: %s", snapshot(c))
		}
		if err := <-drained; err != nil || len(p.client.Failed()) > 0 {
			t.Fatalf("%v, %+v", err, p.client.Failed())
		}
		p.until(time.Minute, p.mirrored)
	})
}

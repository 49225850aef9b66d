package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/sync"
)

// pushing is what follows when Okta's provisioning is pointed at Omnisync.
func pushing(w *week, day string) []scene {
	c := w.company
	support, leaver := c.staff(supportTeam), c.staff("Marketing")[7]
	return []scene{
		{day, "08:00", "Okta's provisioning is pointed at Omnisync: it is tested, then everybody and every group is pushed", w.provision},
		{day, "09:00", "a joiner, Nora Spring, starts in Sales", w.joiner},
		{day, "09:30", "Okta takes the app from Nora and gives it back at once, as it may when groups change", w.flicker},
		{day, "10:00", "a group of three, Night Shift, is put under Push Groups", w.nightShift},
		{day, "10:30", "Finn Autumn starts in Legal, while Omni answers 503", w.comesAgain},
		{day, "11:00", leaver.name + " of Marketing leaves", func(ctx context.Context) error { return w.leaver(ctx, leaver) }},
		{day, "11:30", "the wrong click on Support once more; this time Okta pushes it", w.wrongClick},
		{day, "11:40", fmt.Sprintf("the click is undone for all %d", len(support)-contractors), w.undone},
		{day, "12:00", "the full run of the hour looks at all of it", w.agreed},
	}
}

// pushed lets Okta push what changed in it, where its provisioning is on, and tells
// what Okta asked and was told.
func (w *week) pushed(ctx context.Context) error {
	if !w.okta.isOn() {
		return nil
	}
	err := w.okta.push(ctx)
	w.sayAsked()
	if failed := w.okta.failed(); err == nil && len(failed) > 0 {
		return errors.New(failed[0])
	}
	return err
}

func (w *week) sayAsked() {
	if told := w.okta.asked(); told != "" {
		w.say("> Okta pushes: %s", told)
	}
}

// written tells how many writes Omni accepted since before, and how long it took.
func (w *week) written(before int, since time.Time) int {
	n := w.company.omni.Writes() - before
	w.say("Omnisync, pushes: done in %s; %s in Omni", brief(time.Since(since)), counted(n, "write"))
	return n
}

// brief gives a duration as a person says it.
func brief(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", max(1, d.Milliseconds()))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// provision switches Okta's provisioning on. Everybody has an account already.
func (w *week) provision(ctx context.Context) error {
	before, began := w.company.omni.Writes(), time.Now()
	if err := w.okta.client.TestConnection(ctx); err != nil {
		return err
	}
	w.say("> Okta tests the connection: %s", w.okta.asked())
	w.okta.switchOn()
	if err := w.pushed(ctx); err != nil {
		return err
	}
	n := w.written(before, began)
	w.say("Okta has found %d people and %d groups by their names, and knows them by Omni's own ids.",
		len(w.company.okta.Assigned()), len(w.company.okta.Pushed()))
	differ := append(w.okta.differing(), w.company.doubled()...)
	w.find("when Okta began to push, everybody kept their account and Omni got no write", append(differ, onlyIf(n != 0, counted(n, "write"))...))
	return nil
}

// joiner is there as soon as Okta was told so.
func (w *week) joiner(ctx context.Context) error {
	before, began := w.company.omni.Writes(), time.Now()
	nora := w.company.hire("Nora Spring", "Sales")
	if err := w.pushed(ctx); err != nil {
		return err
	}
	w.written(before, began)
	w.company.register()
	u, _ := w.company.omni.User(nora.userName)
	w.find("a pushed joiner has an account when Okta is told so", onlyIf(!u.Active || u.ID != w.okta.client.ExternalID(nora.id), nora.userName+" has none"))
	return nil
}

// flicker unassigns somebody and assigns them again, sooner than the waiting time of removals.
func (w *week) flicker(ctx context.Context) error {
	before, began := w.company.omni.Writes(), time.Now()
	nora := w.company.people[len(w.company.people)-1]
	w.company.okta.Unassign(nora.id)
	w.okta.users()
	w.company.okta.Assign(nora.id, simokta.AssignOptions{})
	if err := w.pushed(ctx); err != nil {
		return err
	}
	n := w.written(before, began)
	w.find("who was unassigned and assigned at once has lost nothing", onlyIf(n != 0, counted(n, "write")))
	return nil
}

// nightShift is a group that Omni doesn't have.
func (w *week) nightShift(ctx context.Context) error {
	const name = "Night Shift"
	before, began := w.company.omni.Writes(), time.Now()
	c := w.company
	c.groups[name] = c.okta.AddGroup(name, "")
	for _, p := range c.staff("Data")[:3] {
		c.okta.AddMember(c.groups[name], p.id)
	}
	c.okta.Push(c.groups[name])
	if err := w.pushed(ctx); err != nil {
		return err
	}
	w.written(before, began)
	return nil
}

// comesAgain has Omni away while Okta pushes somebody. Nobody does anything about it.
func (w *week) comesAgain(ctx context.Context) error {
	c := w.company
	before, began := c.omni.Writes(), time.Now()
	planted := c.omniFaults.Add(sim.Fault{Do: away()})
	defer planted.Remove()
	finn := c.hire("Finn Autumn", "Legal")
	ended := make(chan error, 1)
	go func() { ended <- w.okta.push(ctx) }()
	late := func() bool { return strings.Contains(exchanged(w.okta.client.Exchanges()), "429") }
	if err := until(ctx, func() bool { return late() || len(ended) > 0 }); err != nil {
		return firstOf(<-ended, err)
	}
	planted.Remove() // Omni is back
	if err := <-ended; err != nil {
		return err
	}
	again := late()
	w.sayAsked()
	w.written(before, began)
	w.say("(Okta waits as long as it is told, and needs nobody for it; the demo makes a second of its %d)", hurry)
	u, _ := c.omni.User(finn.userName)
	c.register()
	w.find("while Omni was away Okta was told to come again, and did",
		append(w.okta.failed(), onlyIf(!again || !u.Active, finn.userName+" has no account")...))
	return nil
}

// leaver loses the account after the waiting time, and not before.
func (w *week) leaver(ctx context.Context, p *person) error {
	c := w.company
	began := time.Now()
	c.okta.SetStatus(p.id, "DEPROVISIONED")
	p.left = true
	if err := w.pushed(ctx); err != nil {
		return err
	}
	w.say("accepted after %s; for %s Okta may take it back", brief(time.Since(began)), brief(demoSettle))
	if err := until(ctx, func() bool { u, _ := c.omni.User(p.userName); return !u.Active }); err != nil {
		return fmt.Errorf("%s is active still: %w", p.userName, err)
	}
	took := time.Since(began)
	w.say("- 1 user deactivated: %s, %s after Okta said so, and after Okta was asked once more", p.userName, brief(took))
	w.find("a pushed leaver keeps the account for the waiting time, then loses it", onlyIf(took < demoSettle, "gone after "+brief(took)))
	return nil
}

// wrongClick takes the app from a whole department. Okta is told that all is well,
// and nothing has happened.
func (w *week) wrongClick(ctx context.Context) error {
	before := w.company.omni.Writes()
	w.company.okta.UnassignGroup(w.company.groups[supportTeam])
	if err := w.pushed(ctx); err != nil {
		return err
	}
	if err := w.heldAre(ctx, len(w.company.staff(supportTeam))-contractors); err != nil {
		return err
	}
	s, err := w.status(ctx)
	n := w.company.omni.Writes() - before
	w.say("accepted, but not done: nobody in Omni has noticed; %s in Omni", counted(n, "write"))
	w.find("a wrong click that Okta pushed was held, as one decision",
		append(onlyIf(n != 0, counted(n, "write")), onlyIf(err == nil && len(s.Held) != 1, fmt.Sprintf("%d runs hold something", len(s.Held)))...))
	return err
}

// undone gives the app back to the department.
func (w *week) undone(ctx context.Context) error {
	before, began := w.company.omni.Writes(), time.Now()
	w.company.okta.AssignGroup(w.company.groups[supportTeam])
	if err := w.pushed(ctx); err != nil {
		return err
	}
	if err := w.heldAre(ctx, 0); err != nil {
		return err
	}
	n := w.written(before, began)
	w.find("the click undone, nobody had lost anything", onlyIf(n != 0, counted(n, "write")))
	_, err := w.status(ctx)
	return err
}

// heldAre waits until so many removals wait for a decision. What Okta pushed is
// judged a moment after it was accepted.
func (w *week) heldAre(ctx context.Context, want int) error {
	n, failed := 0, error(nil)
	waited := until(ctx, func() bool {
		s, err := w.client.Status(ctx)
		if failed = err; err != nil {
			return true
		}
		n = 0
		for _, h := range s.Held {
			n += h.Count
		}
		return n == want
	})
	if ctx.Err() != nil {
		return fmt.Errorf("%s held, not %d: %w", counted(n, "change"), want, context.Cause(ctx))
	}
	return firstOf(failed, waited)
}

// agreed looks at everything by pull: there must be nothing to do, and nothing to undo.
func (w *week) agreed(ctx context.Context) error {
	before := w.company.omni.Writes()
	if err := w.run(ctx, sync.Full); err != nil {
		return err
	}
	n := w.company.omni.Writes() - before
	w.find("pull and push agree: one more full run wrote nothing", onlyIf(n != 0, counted(n, "write")))
	return nil
}

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/omnisync/omnisync/console"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/sync"
)

// decider is who decides in the demo.
const decider = "the demo's admin"

// thursday is a wrong click, held; of two sets that are held one is approved and
// the other rejected.
func thursday(w *week) []scene {
	const day = "Thursday: a wrong click, and two decisions"
	c := w.company
	support, interns := c.staff(supportTeam), c.staff("Engineering")[:8]
	var first, second string // the runs that hold something
	return []scene{
		{day, "10:20", fmt.Sprintf("a wrong click takes the Omni app from all %d of Support", len(support)), func(ctx context.Context) error {
			c.okta.UnassignGroup(c.groups[supportTeam])
			err := w.run(ctx, sync.Full)
			first = w.last.Run
			return err
		}},
		{day, "10:40", fmt.Sprintf("the click is undone; only the %d contractors, who leave today, stay out", contractors), w.full(func() {
			for _, p := range support {
				if p.contractor {
					c.okta.RemoveMember(c.groups[supportTeam], p.id)
					p.left = true
				}
			}
			c.okta.AssignGroup(c.groups[supportTeam])
		})},
		{day, "11:30", fmt.Sprintf("a script for cleaning up takes the app from %d of Engineering", len(interns)), func(ctx context.Context) error {
			for _, p := range interns {
				c.okta.Unassign(p.id)
			}
			err := w.run(ctx, sync.Full)
			second = w.last.Run
			return err
		}},
		{day, "13:00", "an admin looks, and approves what the first run holds: the contractors", func(ctx context.Context) error {
			if _, err := w.status(ctx); err != nil {
				return err
			}
			return w.approve(ctx, first)
		}},
		{day, "13:05", "the admin rejects what the other run holds, and gives the app back to the eight", func(ctx context.Context) error {
			return w.reject(ctx, second, interns)
		}},
	}
}

// approve releases what a run holds, and shows what still stands.
func (w *week) approve(ctx context.Context, run string) error {
	before := w.company.omni.Writes()
	decided, report, err := w.client.Approve(ctx, console.Decision{Verdict: sync.Verdict{Run: run, By: decider}})
	if err != nil {
		return err
	}
	w.say("$ syncd approve %s: %s", run, counted(len(decided.Decided), "change"))
	w.tell(report, w.company.omni.Writes()-before)
	status, err := w.status(ctx)
	w.find("an approval releases what its run held, and no more", onlyIf(err == nil && len(status.Held) != 1, fmt.Sprintf("%d runs hold something", len(status.Held))))
	return err
}

// reject drops what a run holds; then Okta is put right, and nothing is left to do.
func (w *week) reject(ctx context.Context, run string, back []*person) error {
	decided, err := w.client.Reject(ctx, console.Decision{Verdict: sync.Verdict{Run: run, By: decider}})
	if err != nil {
		return err
	}
	w.say("$ syncd reject %s: %s", run, counted(len(decided.Decided), "change"))
	for _, p := range back {
		w.company.okta.Assign(p.id, simokta.AssignOptions{})
	}
	if err := w.run(ctx, sync.Full); err != nil {
		return err
	}
	status, err := w.status(ctx)
	w.find("after both decisions nothing is held", onlyIf(err == nil && len(status.Held) > 0, fmt.Sprintf("%d runs hold something", len(status.Held))))
	return err
}

// friday is Okta's push, the loss of the ledger, and then nothing at all.
func friday(w *week) []scene {
	const day = "Friday: Okta pushes as well; then the ledger is lost"
	c := w.company
	return append(pushing(w, day), []scene{
		{day, "15:00", "the daemon's machine is replaced, and its ledger is gone; meanwhile Theo Summer starts in Legal", w.forget},
		{day, "15:30", "somebody finds the failed task in Okta, and clicks Retry Selected", w.retry},
		{day, "17:00", "nothing happens in Okta", func(ctx context.Context) error { return w.dry(ctx, "plan") }},
		{day, "18:00", "a last look at both sides", func(ctx context.Context) error {
			before := c.omni.Writes()
			err := w.run(ctx, sync.Reconcile)
			w.idle = c.omni.Writes() - before
			return err
		}},
	}...)
}

// forget ends the daemon, destroys its ledger, and starts it on an empty one.
func (w *week) forget(ctx context.Context) error {
	c := w.company
	before := c.active()
	w.daemon.stop()
	if err := w.ledger.lose(ctx); err != nil {
		return err
	}
	joiner := c.hire("Theo Summer", "Legal")
	if err := w.okta.push(ctx); err != nil {
		return err
	}
	w.sayAsked()
	w.say("(nobody answers, and Okta comes again only where it is told to: the task has failed)")
	if err := w.start(ctx); err != nil {
		return err
	}
	differ := append(missing(before, c.active()), c.doubled()...)
	if u, ok := c.omni.User(joiner.userName); !ok || !u.Active {
		differ = append(differ, joiner.userName+" has no account")
	}
	w.find("the lost ledger removed nobody and made nobody twice", differ)
	return nil
}

// retry has Okta do again what reached nobody. The daemon has read it in Okta meanwhile.
func (w *week) retry(ctx context.Context) error {
	before, began := w.company.omni.Writes(), time.Now()
	w.okta.client.RetryFailed()
	if err := w.pushed(ctx); err != nil {
		return err
	}
	w.written(before, began)
	return nil
}

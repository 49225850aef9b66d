package sync

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Staying is the step of somebody who is unassigned and whose membership doesn't end:
// a protection, the policy or a person's no keeps it.
const Staying state.Step = "kept"

// StepsOut are the steps of the way out in the order in which they are told.
var StepsOut = []state.Step{state.AtEnd, state.AtConfirm, state.InHandover, state.AtReading, state.InGrace, state.AtGuard, Staying}

// Leaver is somebody on the way out: how far they are, what they own, and why it
// doesn't go on.
type Leaver struct {
	UserName   string        `json:"userName"`
	OktaID     string        `json:"oktaId"`
	OmniID     string        `json:"omniId,omitempty"`  // "" where an account was only intended
	Account    string        `json:"account,omitempty"` // the Okta account's status when last seen
	Unassigned time.Time     `json:"unassigned"`        // when a run first saw it
	AtOnce     *state.AtOnce `json:"atOnce,omitempty"`  // who ended the grace

	GraceUntil time.Time `json:"graceUntil,omitzero"` // when the grace is over, whatever else keeps them; zero: it is over

	Step     state.Step `json:"step"`               // guard, grace, inventory, handover, confirm, end; or kept
	Since    time.Time  `json:"since"`              // when this step began
	Reason   string     `json:"reason,omitempty"`   // why it doesn't go on; "" while it does
	Until    time.Time  `json:"until,omitzero"`     // when it goes on by itself; zero: with the next run, or when somebody does what the reason says
	Overdue  time.Time  `json:"overdue,omitzero"`   // since when the handover takes longer than deprovision.handover.within
	Attempts int        `json:"attempts,omitempty"` // of this step, that failed
	Access   string     `json:"access,omitempty"`   // of a handover: what they can still do

	Handover string `json:"handover,omitempty"` // what becomes of what they own before the membership ends; "" where nothing does

	Owns  *Owned       `json:"owns"`  // null while nobody has read it
	Items []state.Item `json:"items"` // what they own, and what became of each

	To []state.Candidate `json:"to,omitempty"` // who may take over, in order

	walks bool // the step is that of the ledger's record
}

// Owned counts what a leaver owns, and what became of it.
type Owned struct {
	Schedules  int  `json:"schedules"`
	Recipients *int `json:"recipients"` // of the schedules, by mail; null while nobody has counted
	Documents  *int `json:"documents"`  // null while nobody has counted

	Transferred int      `json:"transferred"`
	Saved       int      `json:"saved"`
	Waiting     int      `json:"waiting"`
	Refused     int      `json:"refused"`
	Left        int      `json:"left"` // that the policy leaves alone
	Gone        int      `json:"gone"` // deleted, or taken over, by others meanwhile
	To          []string `json:"to"`   // who took something over
}

// StillPossible tells what somebody in handover can still do.
const StillPossible = "new sign-ons through Okta have ended; a session that is open may last up to 24 h, and personal access tokens go on working until the membership ends"

// Leavers gives who is on the way out, those who are farthest first. It reads the
// ledger alone, and judges as a run would that finds in Okta what the last one found.
func (e *Engine) Leavers(ctx context.Context) ([]Leaver, error) {
	x, err := e.exits(ctx)
	if err != nil {
		return nil, err
	}
	list := []Leaver{}
	for _, c := range x.judged() {
		list = append(list, x.leaver(c))
	}
	slices.SortStableFunc(list, func(a, b Leaver) int {
		return cmp.Or(cmp.Compare(slices.Index(StepsOut, a.Step), slices.Index(StepsOut, b.Step)), a.Unassigned.Compare(b.Unassigned))
	})
	return list, nil
}

// exits is what is known of those who are unassigned and whose membership hasn't ended.
type exits struct {
	ledger  *Ledger
	desired Desired // of them alone
	records map[identity.OktaID]state.Leaver
	policy  Policy
	now     time.Time
	skew    time.Duration // of our clock from Okta's
}

// exits reads what the ledger has of them: the index names them.
func (e *Engine) exits(ctx context.Context) (exits, error) {
	l := newLedger()
	err := l.recall(ctx, e.o.Store, false)
	if err == nil {
		err = l.fetchMarks(ctx, e.o.Store)
	}
	if err == nil {
		err = l.fetch(ctx, e.o.Store, l.open())
	}
	return e.exiting(l, Desired{}, l.Leavers), err
}

// exiting takes Okta's word from d as far as it has one, else from the ledger.
func (e *Engine) exiting(l *Ledger, d Desired, records map[identity.OktaID]state.Leaver) exits {
	x := exits{ledger: l, desired: Desired{Users: map[identity.OktaID]Person{}, Only: true}, records: records, policy: e.policy, now: time.Now()}
	for id, u := range l.Users {
		person, told := d.Users[id]
		if !told {
			person = Person{Standing: identity.Unassigned, InScope: true, Account: u.Account, User: u.User}
		}
		if u.Unassigned != nil && (u.Active || u.Omni == "") && person.leaves() {
			x.desired.Users[id] = person
		}
	}
	if len(x.desired.Users) > 0 {
		x.skew = e.o.Okta.Skew()
	}
	return x
}

// open names those whose records are to be read in every run: few, and all leavers
// among them.
func (l *Ledger) open() map[identity.OktaID]bool {
	ids := map[identity.OktaID]bool{}
	for id, m := range l.Marks {
		if m.Open {
			ids[id] = true
		}
	}
	return ids
}

// judged gives the ends of their memberships as every plan and its guard have them.
func (x exits) judged() []Change {
	pl := &planner{desired: x.desired, ledger: x.ledger, policy: x.policy}
	var ends []Change
	for id := range x.desired.Users {
		c := pl.ending(id, x.ledger.Users[id])
		if kept, is := x.ledger.Undone.user(id); is {
			c = pl.waitsUndone(c, kept)
		}
		ends = append(ends, c)
	}
	slices.SortFunc(ends, byName)
	return judge(ends, x.desired, x.ledger, x.policy, x.now).Changes
}

// leaver tells of one of them. The rows, first match first:
//
//	the plan keeps the account, or a person said no   kept
//	the guard holds it                                guard
//	its waiting time isn't over                       grace
//	the ledger has a record of the way out            that record's step
//	it failed before                                  end
//	what they own is to be read first                 inventory
//	else                                              confirm
func (x exits) leaver(c Change) Leaver {
	u := x.ledger.Users[c.User]
	rec, walks := x.records[c.User]
	v := Leaver{UserName: u.UserName, OktaID: string(c.User), OmniID: string(u.Omni), Account: u.Account, AtOnce: u.AtOnce,
		Unassigned: u.Unassigned.UTC(), Since: u.Unassigned.UTC(), Items: []state.Item{}, Handover: intends(x.policy.Handover)}
	v.owns(rec, x.hold(c))
	due := x.policy.due(u).UTC()
	if due.After(x.now) {
		v.GraceUntil = due
	}
	if c.State != state.Planned {
		return v.stopped(c, x.hold(c))
	}
	f, fails := x.ledger.Failing[c.subject()]
	kept := x.policy.waits(c, u, x.now, x.skew)
	switch {
	case kept.State != state.Planned:
		v.Step, v.Reason, v.Until = state.InGrace, kept.Reason, kept.Due.UTC()
	case due.After(x.now):
		v.Step, v.Reason, v.Until = state.InGrace, settles(due), due
	case walks:
		v.goes(rec, x.now)
		if fails && v.Until.IsZero() {
			v.Until = f.Next.UTC()
		}
	case fails:
		v.Step, v.Since, v.Reason, v.Until, v.Attempts = state.AtEnd, f.Since.UTC(), firstOf(f.Change.Error, f.Change.Reason), f.Next.UTC(), f.Attempts
	case asksFor(x.policy.Handover):
		v.Step, v.Since = state.AtReading, due
	default:
		v.Step, v.Since = state.AtConfirm, due
	}
	return v
}

// asksFor reports whether anything is to become of what leavers own.
func asksFor(h state.Handover) bool { return treats(h.Schedules) || treats(h.Documents) }

func treats(t state.Treatment) bool { return t == state.Save || t == state.Transfer }

// hold gives what waits for a person, or what the person said.
func (x exits) hold(c Change) state.Hold {
	return (&judging{ledger: x.ledger, now: x.now}).standing(c)
}

// stopped tells of somebody whose end is kept from being done, or waits for a person.
func (v Leaver) stopped(c Change, h state.Hold) Leaver {
	v.Step, v.Reason = Staying, c.Reason
	if c.State != state.Held {
		v.Handover = ""
	}
	switch {
	case c.State == state.Held:
		v.Step = state.AtGuard
		if !h.Since.IsZero() {
			v.Since = h.Since.UTC()
		}
	case h.Decision == state.Rejected:
		v.Since = h.At.UTC()
	}
	return v
}

// goes tells of somebody on the part of the way that the ledger has a record of.
func (v *Leaver) goes(rec state.Leaver, now time.Time) {
	v.walks, v.Handover = true, intends(rec.Policy)
	v.Step, v.Since, v.Until, v.Attempts, v.To = rec.Step, rec.Since.UTC(), rec.Next.UTC(), rec.Attempts, rec.To
	v.Reason = firstOf(rec.Reason, refusedWords(rec.Items), rec.Error)
	if rec.Step.Deals() {
		v.Overdue = rec.Late(now)
	}
	if rec.Step == state.InHandover {
		v.Access = StillPossible
	}
}

// owns counts what is known of what they own: by the record of the way out, else by
// what was counted when their end was held.
func (v *Leaver) owns(rec state.Leaver, h state.Hold) {
	if rec.Read.IsZero() {
		if n := h.Change.Schedules; n != nil {
			v.Owns = &Owned{Schedules: *n, Recipients: h.Change.Recipients, Documents: h.Change.Documents, To: []string{}}
		}
		return
	}
	recipients, documents := 0, 0
	o := Owned{Recipients: &recipients, Documents: &documents, To: []string{}}
	for _, item := range rec.Items {
		if item.Kind == state.Schedule {
			o.Schedules++
			recipients += item.Recipients
		} else {
			documents++
		}
		o.count(item)
	}
	slices.Sort(o.To)
	o.To = slices.Compact(o.To)
	v.Owns, v.Items = &o, append(v.Items, rec.Items...)
}

func (o *Owned) count(item state.Item) {
	switch item.State {
	case state.ItemTransferred:
		o.Transferred++
		o.To = append(o.To, item.To)
	case state.ItemSaved:
		o.Saved++
	case state.ItemRefused:
		o.Refused++
	case state.ItemLeft:
		o.Left++
	case state.ItemGone:
		o.Gone++
	default:
		o.Waiting++
	}
}

// leaving counts who is on the way out, by step.
func (x exits) leaving() map[string]int {
	counts := map[string]int{}
	for _, c := range x.judged() {
		counts[string(x.leaver(c).Step)]++
	}
	return counts
}

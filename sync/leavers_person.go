package sync

import (
	"context"
	"fmt"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// leaverOf finds where the person is on the way out, by the same word of Okta as the rest
// of what is told of them.
func (e *Engine) leaverOf(ctx context.Context, d *dossier) error {
	d.out = nil
	l := d.run.ledger
	u, known := l.Users[d.id]
	if !known || u.Unassigned == nil {
		return nil
	}
	records := map[identity.OktaID]state.Leaver{}
	rec, there, err := state.Read[state.Leaver](ctx, e.o.Store, state.Leavers, string(d.id))
	if err != nil {
		return err
	}
	if there {
		records[d.id] = rec
	}
	for _, c := range e.exiting(l, d.run.desired, records).of(d.id) {
		d.out = &c
	}
	return nil
}

// of gives one of them, or none.
func (x exits) of(id identity.OktaID) []Leaver {
	for other := range x.desired.Users {
		if other != id {
			delete(x.desired.Users, other)
		}
	}
	var list []Leaver
	for _, c := range x.judged() {
		list = append(list, x.leaver(c))
	}
	return list
}

// leaving tells where somebody is on the way out.
func (s *steps) leaving(v *Leaver) {
	if v == nil {
		return
	}
	for _, text := range v.About() {
		s.add("leaving", text, false)
	}
}

// cause is why the membership of somebody goes on of whom the ledger has a record.
func (v Leaver) cause() string {
	words := stepWords(v.Step)
	if v.Reason != "" {
		words += ", which waits: " + v.Reason
	}
	if v.Owns != nil && v.Owns.Became() != "" {
		words += "; of what they own, " + v.Owns.Became()
	}
	if !v.Overdue.IsZero() {
		words += "; it takes longer than deprovision.handover.within allows"
	}
	return words
}

// walking tells what to do about somebody of whom the ledger has a record.
func (d *dossier) walking(v Leaver, keep string) string {
	var refused []string
	for _, item := range v.Items {
		if item.State == state.ItemRefused {
			refused = append(refused, item.String())
		}
	}
	switch {
	case len(refused) > 0:
		return fmt.Sprintf("in Omni, give %s to somebody who may see it, or delete it; or name somebody else in deprovision.handover.to; then run: %s", joined(refused, 3), d.command("user"))
	case v.Reason != "" && !v.Overdue.IsZero():
		return "mend what the reason says, then run: " + d.command("user")
	case !v.Until.IsZero():
		return fmt.Sprintf("nothing: it is tried again at %s; %s", moment(v.Until), keep)
	default:
		return d.doIt() + "; " + keep
	}
}

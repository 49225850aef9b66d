package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// narrow leaves of what was read of groups what is told of one person: the rest of a
// group, its name too, is other runs' work.
func (d *Desired) narrow(l *Ledger, id identity.OktaID) {
	for g, c := range d.Groups {
		known := l.Groups[g]
		if known.Omni == "" || c.Gone || c.Paused {
			delete(d.Groups, g)
			continue
		}
		others := map[identity.OktaID]bool{}
		for _, u := range slices.Concat(c.Joined, c.Left) {
			others[u] = u != id
		}
		was, one := asItWas(known), c.without(others)
		was.Joined, was.Left, was.Listed, was.Certain, was.Short = one.Joined, one.Left, one.Listed, one.Certain, one.Short
		d.Groups[g] = was
	}
}

// mine leaves of a plan what is about the person of a user run, and notes of what else
// there is something to do.
func (r *run) mine(plan []Change) []Change {
	if r.person == nil {
		return plan
	}
	r.others = map[string]bool{}
	var list []Change
	for _, c := range plan {
		if c.User != "" && c.User != r.person.id || c.Group != "" && c.Kind != Members {
			r.others[c.subject()] = true
			continue
		}
		if c.Group != "" {
			if c = r.narrowed(c, r.person.id); len(c.Add)+len(c.Drop) == 0 {
				continue
			}
		}
		list = append(list, c)
	}
	return list
}

// narrowed leaves one person of a change of members.
func (r *run) narrowed(c Change, id identity.OktaID) Change {
	other := func(u identity.OktaID) bool { return u != id }
	before := len(c.Add) + len(c.Drop)
	c.Add, c.Drop = slices.DeleteFunc(slices.Clone(c.Add), other), slices.DeleteFunc(slices.Clone(c.Drop), other)
	if len(c.Add)+len(c.Drop) < before {
		r.others[c.subject()] = true
	}
	name := func(u identity.OktaID) string {
		return firstOf(r.desired.Users[u].UserName, r.ledger.Users[u].UserName, string(u))
	}
	c.Needs = slices.DeleteFunc(slices.Clone(c.Needs), func(need string) bool { return need != userSubject(id) })
	c.Before, c.After = &state.Facts{Members: memberFacts(c.Drop, name)}, &state.Facts{Members: memberFacts(c.Add, name)}
	return c
}

// correctPerson reads what stands in Omni of one person, and brings the ledger in line
// with it: their account, where they are linked to one, and their places in groups; else
// the account that has their name.
func (e *Engine) correctPerson(ctx context.Context, run *run) error {
	d, l := run.person, run.ledger
	run.ownHolds(d.id)
	if err := l.fetchRows(ctx, e.o.Store, map[identity.OktaID]bool{d.id: true}); err != nil {
		return err
	}
	if run.assumed != nil {
		if err := e.note(ctx, run, *run.assumed); err != nil {
			return err
		}
	}
	n := newNotes()
	u, p := l.Users[d.id], run.desired.Users[d.id]
	if u.Omni != "" {
		d.account, d.omniErr = e.o.Omni.User(ctx, u.Omni)
		switch {
		case fault.Is(d.omniErr, fault.NotFound):
			d.gone, d.omniErr, d.account = true, nil, identity.Account{}
			n.forgetUser(l, d.id)
		case d.omniErr == nil:
			d.owner = d.id
			n.correctOne(l, d.id, d.account, e.policy.Attributes)
		}
	}
	var names []string
	if to := firstOf(p.UserName, u.UserName, d.holder.Login); u.Omni == "" || identity.FoldUserName(to) != identity.FoldUserName(u.UserName) && p.stays() {
		names = append(names, to)
	}
	if d.omniErr == nil && len(names) > 0 {
		if err := e.findStranger(ctx, run, p.External, names); err != nil {
			return err
		}
	}
	if fault.Is(d.omniErr, fault.Unauthorized) || ctx.Err() != nil {
		return d.omniErr
	}
	if d.omniErr != nil {
		l.KeepMissing = true
		run.desired.Doubts = append(run.desired.Doubts, fmt.Sprintf("Omni could not be asked about %s, so no account is made: %v", d.userName(), d.omniErr))
	}
	return e.note(ctx, run, n)
}

// ownHolds lets the run find only those holds to be over that are about the person.
func (r *run) ownHolds(id identity.OktaID) {
	l := r.ledger
	l.forgets = map[string]bool{}
	for key := range l.Holds {
		if slices.Contains(subjectsOf(key), userSubject(id)) {
			l.forgets[key] = true
		}
	}
}

// findStranger looks for an account that is linked to nothing: the one that Okta knows
// the person by, and the one that has the name they are to have.
func (e *Engine) findStranger(ctx context.Context, run *run, known identity.OmniID, names []string) error {
	d, l := run.person, run.ledger
	l.Strangers = map[string]identity.Account{}
	look := func(find func() (identity.Account, error)) error {
		a, err := find()
		if err != nil {
			d.omniErr = butAbsence(err) // told as a doubt
			return unauthorized(err)
		}
		owners, err := l.owners(ctx, e.o.Store, a.ID)
		if owners[a.ID] == "" {
			l.Strangers[identity.FoldUserName(a.UserName)] = a
		}
		if d.account.ID == "" {
			d.account, d.owner = a, owners[a.ID]
		}
		return err
	}
	if known != "" && l.Users[d.id].Omni == "" {
		if err := look(func() (identity.Account, error) { return e.o.Omni.User(ctx, known) }); err != nil {
			return err
		}
	}
	for _, name := range names {
		if name == "" || d.omniErr != nil {
			continue
		}
		if err := look(func() (identity.Account, error) { return e.o.Omni.FindUser(ctx, name) }); err != nil {
			return err
		}
	}
	return nil
}

// butAbsence gives an error, nil for one that says that there is nothing.
func butAbsence(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// correctOne notes what Omni tells of one account that is linked.
func (n Notes) correctOne(l *Ledger, id identity.OktaID, a identity.Account, managed []string) {
	u := l.Users[id]
	if seen := corrected(u, a, managed); !sameRecord(seen, u) {
		seen.Seen = identity.Print{}
		n.user(id, seen)
		n.byHand(l, id, seen)
	}
	if a.Groups == nil {
		return
	}
	for _, g := range slices.Sorted(maps.Keys(l.Groups)) {
		team := l.Groups[g].Omni
		if team == "" {
			continue
		}
		m := l.Members[g][id]
		seen := m
		if slices.Contains(a.Groups, team) {
			seen = l.seenIn(g, id, a.Active)
		} else if m.Omni != state.Absent {
			seen.Omni = state.Absent
		}
		if seen != m {
			n.member(g, id, seen)
		}
	}
}

package sync

import (
	"context"
	"maps"
	"strings"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// gather reads from the ledger whatever may matter to this run, once it is known
// what Okta says: everyone who isn't as they were, the accounts whose names they
// want, the groups that may differ, and their places in all groups. Everyone else
// is in line already, so that a plan without them is the same plan.
//
// The rule that makes this right: a member of a linked group that isn't Open, and
// whose user is neither changing nor new (Mark.Seen is not zero), is the same on
// both sides.
func (e *Engine) gather(ctx context.Context, d *Desired, l *Ledger) error {
	store := e.o.Store
	if l.Whole {
		d.recallSame(l)
		return nil
	}
	if err := l.fetch(ctx, store, concerned(*d, l)); err != nil {
		return err
	}
	if err := l.fetch(ctx, store, namesakes(*d, l)); err != nil {
		return err
	}
	d.recallSame(l)
	for id := range l.Groups {
		if !d.Groups[id].Read && d.covers(groupSubject(id)) && needsAll(id, *d, l) {
			if err := l.fetchCrowd(ctx, store, id); err != nil {
				return err
			}
		}
	}
	if err := l.fetchRows(ctx, store, movers(*d, l)); err != nil {
		return err
	}
	for subject, kept := range l.Undone {
		if id, user := cutSubject(subject); !user && d.covers(subject) {
			if err := l.fetchRowsOf(ctx, store, identity.GroupID(id), members(kept)); err != nil {
				return err
			}
		}
	}
	if err := l.fetch(ctx, store, unsettled(*d, l)); err != nil {
		return err
	}
	d.recallSame(l)
	return nil
}

// concerned names the users who aren't simply as they were.
func concerned(d Desired, l *Ledger) map[identity.OktaID]bool {
	ids := map[identity.OktaID]bool{}
	for id := range d.Users {
		ids[id] = true
	}
	maps.Copy(ids, l.Undone.users(d))
	if d.Only {
		return ids
	}
	for id, m := range l.Marks {
		if _, same := d.Same[id]; m.Open || m.Active && !same {
			ids[id] = true
		}
	}
	for key, h := range l.Holds {
		ids[identity.OktaID(h.Change.OktaID)] = true
		if _, u, ok := memberOf(key); ok {
			ids[u] = true
		}
	}
	for subject := range l.Failing {
		if id, ok := strings.CutPrefix(subject, userSubject("")); ok {
			ids[identity.OktaID(id)] = true
		}
	}
	return ids
}

// namesakes names the users who may have a name that somebody else wants.
func namesakes(d Desired, l *Ledger) map[identity.OktaID]bool {
	wanted := make(map[uint64]bool, len(d.Users))
	for _, p := range d.Users {
		wanted[state.NameSum(p.UserName)] = true
	}
	ids := map[identity.OktaID]bool{}
	for id, m := range l.Marks {
		if wanted[m.Name] {
			ids[id] = true
		}
	}
	for _, p := range d.Users {
		for _, id := range l.Forgotten.last(p.UserName) {
			ids[id] = true
		}
	}
	return ids
}

// needsAll reports whether every member of the group may matter.
func needsAll(id identity.GroupID, d Desired, l *Ledger) bool {
	g := l.Groups[id]
	if g.Omni == "" || g.Open || g.Sent != nil || d.unpushed(id) {
		return true
	}
	if _, failing := l.Failing[groupSubject(id)]; failing {
		return true
	}
	if _, kept := l.Undone.group(id); kept {
		return true
	}
	for key, h := range l.Holds {
		if group, _, ok := memberOf(key); ok && group == id || h.Change.OktaID == string(id) {
			return true
		}
	}
	return false
}

// movers names the users in memory whose account comes, goes, or was not yet
// seen to be in line: their places in all groups matter.
func movers(d Desired, l *Ledger) map[identity.OktaID]bool {
	ids := map[identity.OktaID]bool{}
	for id, p := range d.Users {
		if u := l.Users[id]; !u.Active || u.Omni == "" || u.Seen == (identity.Print{}) || !p.stays() {
			ids[id] = true
		}
	}
	for id, u := range l.Users {
		if _, listed := d.Users[id]; !listed && !d.Only && (u.Active || u.Omni == "") {
			ids[id] = true
		}
	}
	return ids
}

// unsettled names the users whose place in some group differs between the sides,
// or changes.
func unsettled(d Desired, l *Ledger) map[identity.OktaID]bool {
	ids := map[identity.OktaID]bool{}
	for _, c := range d.Groups {
		for _, id := range c.Joined {
			ids[id] = true
		}
		for _, id := range c.Left {
			ids[id] = true
		}
	}
	for _, members := range l.Members {
		for id, m := range members {
			if !m.Settled() {
				ids[id] = true
			}
		}
	}
	return ids
}

// recallSame gives every user in memory who is as they were the values that
// Okta's showed then: those of the record.
func (d *Desired) recallSame(l *Ledger) {
	for id, u := range l.Users {
		_, told := d.Users[id]
		if page, same := d.Same[id]; same && !told {
			d.Users[id] = Person{Standing: identity.Assigned, Account: u.Account, User: u.User, InScope: true, Print: u.Seen, Origin: d.Pages.at(page)}
		}
	}
}

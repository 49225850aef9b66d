package sync

import (
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// inLine notes the users whose record says what Okta and the policy say, so that
// the next run needs to look at them only when one of the two has changed. Who
// has a change that isn't done, for whatever reason, is looked at again.
func inLine(d Desired, l *Ledger, results []Change, p Policy) Notes {
	open := map[identity.OktaID]bool{}
	for _, c := range results {
		if c.User != "" && c.State != state.Applied {
			open[c.User] = true
		}
	}
	n := newNotes()
	for id, person := range d.Users {
		u := l.Users[id]
		there := u.Omni != "" && u.Active && u.Unassigned == nil && person.stays()
		if there && !open[id] && u.Seen != person.Print && isEmpty(diffUser(u, person.User, p)) {
			u.Seen = person.Print
			n.user(id, u)
		}
	}
	return n
}

// unsettled takes the print from everybody who doesn't simply stay: what becomes
// of their groups meanwhile is looked at when they are as they were again.
func (n Notes) unsettled(d Desired, l *Ledger) {
	for id, u := range l.Users {
		p, told := d.person(id)
		if told && u.Active && u.Seen != (identity.Print{}) && !p.stays() {
			u.Seen = identity.Print{}
			n.user(id, u)
		}
	}
}

// opened notes which groups have members who differ between the two sides
// although their users don't change: those are read whole in every run.
func (n Notes) opened(d Desired, l *Ledger) {
	for id, g := range l.Groups {
		_, told := d.Groups[id]
		open := false
		for u, m := range l.Members[id] {
			if !m.Settled() && l.stays(d, u) {
				open = true
				break
			}
		}
		if !open && (d.Only && !told || l.touched[groupSubject(id)]) {
			continue // not all that may differ in it is in memory
		}
		if g.Omni != "" && g.Open != open {
			g.Open = open
			n.group(id, g)
		}
	}
}

// stays reports whether the user has an account and keeps it.
func (l *Ledger) stays(d Desired, id identity.OktaID) bool {
	p, told := d.person(id)
	return l.Marks[id].Active && (!told || p.stays())
}

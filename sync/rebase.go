package sync

import (
	"maps"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Of one record a reading tells what Okta says, and a change what Omni answered. When
// both are noted at once, by runs beside each other, neither may undo the other's part:
// each was worked out from the record as it was before.

// readUser gives the record with what another reading tells of the user.
func readUser(u, reading state.User) state.User {
	u.Unassigned, u.AtOnce, u.Account = reading.Unassigned, reading.AtOnce, reading.Account
	return u
}

// readGroup is readUser for a group.
func readGroup(g, reading state.Group) state.Group {
	g.Name, g.Type, g.Mapping, g.Paused, g.AsOf, g.Open = reading.Name, reading.Type, reading.Mapping, reading.Paused, reading.AsOf, reading.Open
	return g
}

// keepReading leaves in the notes of a change what readings tell as the ledger has it
// now: Okta may have told something new while Omni was asked.
func (n Notes) keepReading(l *Ledger) {
	for id, u := range n.Users {
		if now, known := l.Users[id]; known && u != nil {
			n.user(id, readUser(*u, now))
		}
	}
	for id, g := range n.Groups {
		if now, known := l.Groups[id]; known && g != nil {
			n.group(id, readGroup(*g, now))
		}
	}
	for id, members := range n.Members {
		if g, noted := n.Groups[id]; noted && g == nil {
			continue // the group is forgotten
		}
		for u, m := range maps.Clone(members) {
			now := l.Members[id][u]
			if m != nil {
				now.Omni = m.Omni
			} else {
				now.Omni = state.Absent
			}
			n.member(id, u, now)
		}
	}
}

// keepDone leaves in the notes of a reading what Omni answered, as the others told it
// meanwhile; l has that already.
func (n Notes) keepDone(told []Notes, l *Ledger) {
	for _, other := range told {
		for id := range other.Users {
			n.doneUser(id, l)
		}
		for id := range other.Groups {
			n.doneGroup(id, l)
		}
		for id, members := range other.Members {
			for u := range members {
				if m, noted := n.Members[id][u]; noted {
					now := l.Members[id][u]
					now.Okta = m != nil && m.Okta
					n.member(id, u, now)
				}
			}
		}
	}
}

func (n Notes) doneUser(id identity.OktaID, l *Ledger) {
	u := n.Users[id]
	if u == nil {
		return
	}
	now, known := l.Users[id]
	if !known {
		delete(n.Users, id)
		return
	}
	said := now.AtOnce
	now = readUser(now, *u)
	if now.Unassigned != nil && now.AtOnce == nil {
		now.AtOnce = said // a person's, meanwhile, of whom the reading can't know
	}
	now.Seen, now.Pushed = u.Seen, u.Pushed
	n.user(id, now)
}

func (n Notes) doneGroup(id identity.GroupID, l *Ledger) {
	g := n.Groups[id]
	if g == nil {
		return
	}
	now, known := l.Groups[id]
	if !known {
		delete(n.Groups, id)
		return
	}
	n.group(id, readGroup(now, *g))
}

// note remembers whose accounts others have changed, and leaves to them the groups that
// they begin or end to sync: what this run read of those is older.
func (l *Ledger) note(told Notes) {
	for id, u := range told.Users {
		before, known := l.Users[id]
		if known != (u != nil) || known && (before.Omni != u.Omni || !sameRecord(before, *u)) {
			l.moved[userSubject(id)] = true
		}
	}
	for id, g := range told.Groups {
		if _, known := l.Groups[id]; known != (g != nil) {
			l.leftTo(groupSubject(id))
		}
	}
}

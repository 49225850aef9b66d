package sync

import (
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// observe notes in the ledger what was seen in Okta: since when a user is
// unassigned, who is in which group, how groups are called there. It decides
// nothing about Omni. Pure.
func observe(d Desired, l *Ledger, now time.Time) Notes {
	n := newNotes()
	for id, u := range l.Users {
		if p, told := d.person(id); told && p.Fault == "" && p.Standing != identity.Doubtful {
			n.seen(id, u, observeUser(u, p, now))
			n.over(l, id, p)
		}
	}
	for id, c := range d.Groups {
		switch g, known := l.Groups[id]; {
		case c.Gone:
		case !c.Paused:
			observeGroup(n, l, id, c)
		case known && !g.Paused:
			g.Paused = true
			n.group(id, g)
		}
	}
	lapsed(n, d, l)
	return n
}

// observeUser gives the record of a user of whom p was seen.
func observeUser(u state.User, p Person, now time.Time) state.User {
	switch {
	case !p.leaves():
		u.Unassigned, u.AtOnce = nil, nil
	case u.Unassigned == nil:
		u.Unassigned = &now
	}
	u.ByHand = u.ByHand && !p.leaves()
	u.Account = firstOf(p.Account, u.Account)
	return u
}

// seen notes a user's record where it changed.
func (n Notes) seen(id identity.OktaID, was, is state.User) {
	if is.Unassigned != was.Unassigned || is.Account != was.Account || is.ByHand != was.ByHand {
		n.user(id, is)
	}
}

// over ends what was held, approved or rejected for a user who is assigned again.
func (n Notes) over(l *Ledger, id identity.OktaID, p Person) {
	if p.leaves() {
		return
	}
	for _, kind := range []Kind{Deactivate, Delete} {
		if _, held := l.Holds[userKey(kind, id)]; held {
			n.Holds[userKey(kind, id)] = nil
		}
	}
}

func observeGroup(n Notes, l *Ledger, id identity.GroupID, c Crowd) {
	g, known := l.Groups[id]
	seen := g
	seen.Name, seen.Type, seen.Mapping, seen.Paused = c.Name, firstOf(c.Type, g.Type), c.Mapping, false
	if c.Compared {
		seen.Short = c.Short
	}
	if c.Read && (c.Certain || c.short()) {
		seen.AsOf = c.AsOf
	}
	if c.Read && !c.Certain && !c.short() {
		seen.AsOf = time.Time{} // read again next time
	}
	if !c.Read && len(c.Joined)+len(c.Left) > 0 {
		seen.AsOf = time.Time{} // a push said so: the next reading looks at all of them
	}
	for _, u := range c.Joined {
		m := l.Members[id][u]
		m.Okta, seen.Open = true, true
		n.member(id, u, m)
	}
	for _, u := range c.Left {
		if !c.proves(u) {
			continue
		}
		m := l.Members[id][u]
		m.Okta, seen.Open = false, true
		n.member(id, u, m)
	}
	if !known || seen != g {
		n.group(id, seen)
	}
}

package sync

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Undoing a run makes of its objects what they were before, and keeps them so until
// somebody lets go: whatever else Okta asks for them waits, lest the next run repeats the
// mistake. A removal that Okta asks for later is done all the same. The plan brings them
// back like anything that Okta asks for, so guard, approval and retries are those of
// every change.

// undone is what is kept as it was before a run, by subject.
type undone map[string]state.Undone

func (x undone) user(id identity.OktaID) (state.Undone, bool) {
	u, is := x[userSubject(id)]
	return u, is
}

func (x undone) group(id identity.GroupID) (state.Undone, bool) {
	u, is := x[groupSubject(id)]
	return u, is
}

// users names everybody whom any of it is about that the run looks at.
func (x undone) users(d Desired) map[identity.OktaID]bool {
	ids := map[identity.OktaID]bool{}
	for subject, u := range x {
		if !d.covers(subject) {
			continue
		}
		if id, user := cutSubject(subject); user {
			ids[identity.OktaID(id)] = true
		}
		maps.Copy(ids, members(u))
	}
	return ids
}

// members names those whom a group is kept with, or without.
func members(kept state.Undone) map[identity.OktaID]bool {
	ids := map[identity.OktaID]bool{}
	for _, id := range slices.Concat(kept.In, kept.Out) {
		ids[id] = true
	}
	return ids
}

// belongs reports whether the user is to be in the group: by Okta's word, unless a run
// that said so was undone.
func (l *Ledger) belongs(g identity.GroupID, id identity.OktaID) bool {
	u, is := l.Undone.group(g)
	return is && u.Has(id) || l.Members[g][id].Okta && !(is && u.Lacks(id))
}

// keeping is what is desired of what was undone: as it was, and for the rest as it is.
func (d Desired) keeping(l *Ledger) Desired {
	if len(l.Undone) == 0 {
		return d
	}
	users, groups := maps.Clone(d.Users), maps.Clone(d.Groups)
	for subject, kept := range l.Undone {
		id, isUser := cutSubject(subject)
		if !isUser {
			if c, told := groups[identity.GroupID(id)]; told && kept.Still {
				c.Title, c.Fault = firstOf(kept.DisplayName, l.Groups[identity.GroupID(id)].DisplayName), ""
				groups[identity.GroupID(id)] = c
			}
			continue
		}
		u := l.Users[identity.OktaID(id)]
		if p, told := d.person(identity.OktaID(id)); told && p.Fault == "" && p.Standing != identity.Doubtful {
			users[identity.OktaID(id)] = p.keeping(u, kept)
		}
	}
	d.Users, d.Groups = users, groups
	return d
}

// keeping is what is desired of a person of whom a run was undone. Who leaves goes, unless
// that is what was undone.
func (p Person) keeping(u state.User, kept state.Undone) Person {
	if p.leaves() && (!kept.Active || u.Omni == "") {
		return p
	}
	if p.leaves() {
		p.Standing, p.InScope = identity.Assigned, true
	}
	if u.Omni == "" { // as after the loss of a ledger: of an account that isn't linked yet nothing else is known
		u.User = p.User
	}
	p.User = identity.User{UserName: firstOf(kept.UserName, u.UserName), DisplayName: firstOf(kept.DisplayName, u.DisplayName), Attributes: maps.Clone(u.Attributes)}
	for name, v := range kept.Attributes {
		switch {
		case v == nil:
			delete(p.Attributes, name)
		case p.Attributes == nil:
			p.Attributes = map[string]identity.Value{name: *v}
		default:
			p.Attributes[name] = *v
		}
	}
	return p
}

// keptUser plans a user of whom a run was undone: the way back, else what waits.
func (pl *planner) keptUser(id identity.OktaID, kept state.Undone) []Change {
	list := pl.user(id)
	if len(list) == 0 {
		asked := *pl
		asked.desired = pl.asked
		list = asked.user(id)
		for i, c := range list {
			list[i] = pl.waitsUndone(c, kept)
		}
		return list
	}
	for i, c := range list {
		switch {
		case c.State != state.Planned, c.ends(), c.Kind == Adopt: // who isn't linked is linked as anybody, and as they are kept
		case c.Kind == Update, c.Kind == Reactivate && kept.Active:
			list[i].Reason = undoes(kept)
		default:
			list[i] = pl.waitsUndone(c, kept)
		}
	}
	return list
}

// waitsUndone makes what Okta asks for wait, until somebody lets go of its object.
func (pl *planner) waitsUndone(c Change, kept state.Undone) Change {
	if c.State != state.Planned || c.ends() && !kept.Active {
		return c
	}
	c.State, c.Guard, c.Reason, c.Needs = state.Held, guardUndone, keptSince(kept), nil
	if h, known := pl.ledger.Holds[c.key()]; known && h.Decision == state.Rejected {
		c.State, c.Reason = state.Kept, ruled(h)
	}
	return c
}

func undoes(kept state.Undone) string { return "undoes run " + kept.Of }

// keptSince is why something waits that Okta asks for.
func keptSince(kept state.Undone) string {
	return fmt.Sprintf("kept as it was before run %s, which %s undid on %s; approving this lets go of it", kept.Of, kept.By, kept.At.UTC().Format("2006-01-02"))
}

// regroup takes out of what Okta asks for a group what waits because a run was undone, and
// puts in what brings its members back.
func (pl *planner) regroup(c *Change, title string) []Change {
	if len(pl.ledger.Undone) == 0 {
		return nil
	}
	kept, is := pl.ledger.Undone.group(c.Group)
	joins, waits := pl.joinsUndone(*c, kept)
	stays := map[identity.OktaID]state.Undone{}
	for _, id := range c.Drop {
		if kept.Has(id) {
			stays[id] = kept
		}
	}
	wait := slices.Concat(pl.membersWait(*c, stays, false), pl.membersWait(*c, waits, true))
	c.Add, c.Drop = joins, slices.DeleteFunc(slices.Clone(c.Drop), kept.Has)
	if !is {
		return wait
	}
	add, drop := pl.wayBack(c.Group, kept)
	if len(add)+len(drop) > 0 || c.Kind == Rename {
		c.Reason = undoes(kept)
	}
	c.Add, c.Drop = append(c.Add, add...), append(c.Drop, drop...)
	if asked := pl.asked.Groups[c.Group]; kept.Still && c.Kind == Members && asked.Fault == "" && !asked.AsItWas && asked.title() != title {
		wait = append(wait, pl.waitsUndone(Change{Kind: Rename, Group: c.Group, Omni: c.Omni, Name: c.Name, Title: asked.title(), State: state.Planned,
			Before: &state.Facts{DisplayName: title}, After: &state.Facts{DisplayName: asked.title()}}, kept))
	}
	return wait
}

// joinsUndone parts those who are to join a group into those who do and those who wait:
// whom an undone run put in, and everybody where the group, or the person, is kept as it was.
func (pl *planner) joinsUndone(c Change, kept state.Undone) (joins []identity.OktaID, waits map[identity.OktaID]state.Undone) {
	waits = map[identity.OktaID]state.Undone{}
	for _, id := range c.Add {
		own, is := pl.ledger.Undone.user(id)
		switch {
		case kept.Has(id) || pl.ledger.Holds[joinKey(c.Group, id)].Decision == state.Approved:
			joins = append(joins, id)
		case kept.Still || kept.Lacks(id):
			waits[id] = kept
		case is:
			waits[id] = own
		default:
			joins = append(joins, id)
		}
	}
	return joins, waits
}

// newlyJoins takes out of those who join a group that isn't linked who waits because a run was
// undone. Who was in a group that is gone from Omni comes back with it.
func (pl *planner) newlyJoins(c *Change, stands bool) []Change {
	if len(pl.ledger.Undone) == 0 {
		return nil
	}
	kept, _ := pl.ledger.Undone.group(c.Group)
	joins, waits := pl.joinsUndone(*c, kept)
	for id, because := range waits {
		if _, waited := pl.ledger.Holds[joinKey(c.Group, id)]; !stands && !waited && !because.Lacks(id) {
			joins = append(joins, id)
			delete(waits, id)
		}
	}
	c.Add = joins
	return pl.membersWait(*c, waits, true)
}

// membersWait tells of those who neither come nor go for now, with one change for each reason.
func (pl *planner) membersWait(c Change, who map[identity.OktaID]state.Undone, comes bool) []Change {
	parts := map[string]Change{}
	for id, kept := range who {
		part, key := Change{Kind: Members, Group: c.Group, Omni: c.Omni, Name: c.Name, Title: c.Title, State: state.Held, Guard: guardUndone, Reason: keptSince(kept)}, memberKey(c.Group, id)
		if comes {
			key = joinKey(c.Group, id)
		}
		if h := pl.ledger.Holds[key]; h.Decision == state.Rejected {
			part.State, part.Reason = state.Kept, ruled(h)
		}
		if known, is := parts[part.Reason]; is {
			part = known
		}
		if comes {
			part.Add = append(part.Add, id)
		} else {
			part.Drop = append(part.Drop, id)
		}
		parts[part.Reason] = part
	}
	var list []Change
	for _, reason := range slices.Sorted(maps.Keys(parts)) {
		part := parts[reason]
		pl.finish(&part)
		part.Needs = nil
		list = append(list, part)
	}
	return list
}

// wayBack gives the members who come and go so that the group is as it was.
func (pl *planner) wayBack(g identity.GroupID, kept state.Undone) (add, drop []identity.OktaID) {
	for _, id := range kept.In {
		m := pl.ledger.Members[g][id]
		if !m.Okta && m.Omni != state.Present && m.Omni != state.Found && (pl.there[id] || pl.coming[id]) {
			add = append(add, id)
		}
	}
	for _, id := range kept.Out {
		m := pl.ledger.Members[g][id]
		in := m.Omni == state.Present || m.Omni == state.Found
		if m.Okta && (in && pl.there[id] || m.Omni == state.Ended && (pl.there[id] || pl.coming[id])) {
			drop = append(drop, id)
		}
	}
	return add, drop
}

// lapsed notes where Okta says the same as what is kept. From then on a removal counts as
// one that Okta asks for later. Pure.
func lapsed(n Notes, d Desired, l *Ledger) {
	for subject, kept := range l.Undone {
		id, isUser := cutSubject(subject)
		if isUser {
			p, told := d.person(identity.OktaID(id))
			if told && kept.Active && p.Fault == "" && p.Standing != identity.Doubtful && !p.leaves() {
				kept.Active = false
				n.Undone[subject] = &kept
			}
			continue
		}
		over := func(u identity.OktaID) bool { return n.backIn(l, identity.GroupID(id), u) || d.gone(l, u) }
		if in := slices.DeleteFunc(slices.Clone(kept.In), over); len(in) < len(kept.In) {
			kept.In = in
			n.Undone[subject] = &kept
		}
	}
}

// gone reports whether the person leaves for good, as far as is known: should they come back
// one day, they are nobody who was brought back.
func (d Desired) gone(l *Ledger, id identity.OktaID) bool {
	p, told := d.person(id)
	kept, is := l.Undone.user(id)
	return told && p.leaves() && !(is && kept.Active)
}

// backIn reports whether the user is in the group on both sides, as the notes or the ledger tell.
func (n Notes) backIn(l *Ledger, g identity.GroupID, id identity.OktaID) bool {
	m := l.Members[g][id]
	if noted, is := n.Members[g][id]; is && noted != nil {
		m = *noted
	} else if is {
		return false
	}
	return m.Okta && m.Settled()
}

func archivedUndoes(notes map[string]*state.Undone) []state.Archived {
	list := make([]state.ArchivedUndone, 0, len(notes))
	for _, subject := range slices.Sorted(maps.Keys(notes)) {
		r := state.ArchivedUndone{Subject: subject}
		if u := notes[subject]; u != nil {
			r.Undone = *u
		}
		list = append(list, r)
	}
	return archived(state.ArchivedUndo, list)
}

// restoreUndone puts back what the archive tells; of several lines the last counts.
func (n Notes) restoreUndone(record []byte) error {
	var r state.ArchivedUndone
	if err := json.Unmarshal(record, &r); err != nil {
		return err
	}
	n.Undone[r.Subject] = nil
	if r.Run != "" {
		n.Undone[r.Subject] = &r.Undone
	}
	return nil
}

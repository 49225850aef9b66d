package sync

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// meet brings together what Okta's push told of under a key of our own, and what
// this reading tells of under Okta's id: they are one where they have one name. What
// the reading doesn't meet is left alone, as it says nothing of it.
func (e *Engine) meet(ctx context.Context, run *run) error {
	d, l := &run.desired, run.ledger
	n := newNotes()
	for own, id := range ownUsers(*d, l) {
		if err := e.meetUser(ctx, n, l, own, id); err != nil {
			return err
		}
	}
	for own, id := range ownGroups(*d, l) {
		if err := e.meetGroup(ctx, n, run, own, id); err != nil {
			return err
		}
	}
	if err := e.note(ctx, run, n); err != nil {
		return err
	}
	if strange := unlisted(*d, l); len(strange) > 0 {
		note := "pushed as assigned, but Okta doesn't list them: " + some(strange, "user", "users") + "; if nobody unassigned them, somebody else has the SCIM token"
		d.Notes = append(d.Notes, note)
		run.logger.Warn("pushed users whom Okta doesn't list", zap.Strings("users", strange))
	}
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	for id := range l.Users {
		if _, told := d.Users[id]; isOwn(id) && !told {
			l.touched[userSubject(id)] = true
		}
	}
	for id := range l.Groups {
		if _, told := d.Groups[id]; isOwn(id) && !told {
			l.touched[groupSubject(id)] = true
		}
	}
	return nil
}

// ownUsers pairs users under a key of our own with those of the reading who have
// their name and no account yet.
func ownUsers(d Desired, l *Ledger) map[identity.OktaID]identity.OktaID {
	named := map[string]identity.OktaID{}
	for id, u := range l.Users {
		if isOwn(id) && u.Omni != "" && !l.touched[userSubject(id)] {
			named[identity.FoldUserName(u.UserName)] = id
		}
	}
	pairs := map[identity.OktaID]identity.OktaID{}
	for id, p := range d.Users {
		own, there := named[identity.FoldUserName(p.UserName)]
		if there && !isOwn(id) && l.Users[id].Omni == "" && p.Fault == "" && !p.leaves() {
			pairs[own] = id
		}
	}
	return pairs
}

// ownGroups pairs groups likewise; a name that several groups have pairs none.
func ownGroups(d Desired, l *Ledger) map[identity.GroupID]identity.GroupID {
	named := map[string][]identity.GroupID{}
	for id, c := range d.Groups {
		if !isOwn(id) && !c.Gone && !c.Paused && l.Groups[id].Omni == "" {
			named[identity.FoldName(c.Name)] = append(named[identity.FoldName(c.Name)], id)
		}
	}
	pairs := map[identity.GroupID]identity.GroupID{}
	for id, g := range l.Groups {
		if same := named[identity.FoldName(g.Name)]; isOwn(id) && g.Omni != "" && len(same) == 1 && !l.touched[groupSubject(id)] {
			pairs[id] = same[0]
		}
	}
	return pairs
}

func (e *Engine) meetUser(ctx context.Context, n Notes, l *Ledger, own, id identity.OktaID) error {
	if err := l.fetchRows(ctx, e.o.Store, map[identity.OktaID]bool{own: true, id: true}); err != nil {
		return err
	}
	pushed, known, err := state.Read[state.PushedUser](ctx, e.o.Store, state.PushedUsers, string(own))
	if err != nil {
		return err
	}
	n.user(id, l.Users[own])
	n.Users[own] = nil
	if known {
		n.PushedUsers[id], n.PushedUsers[own] = &pushed, nil
	}
	for g, members := range l.Members {
		if m, there := members[own]; there {
			m.Okta = m.Okta || members[id].Okta
			n.member(g, id, m)
			n.member(g, own, state.Member{})
		}
	}
	return nil
}

func (e *Engine) meetGroup(ctx context.Context, n Notes, run *run, own, id identity.GroupID) error {
	l, c := run.ledger, run.desired.Groups[id]
	if err := l.fetchCrowd(ctx, e.o.Store, own); err != nil {
		return err
	}
	pushed, known, err := state.Read[state.PushedGroup](ctx, e.o.Store, state.PushedGroups, string(own))
	if err != nil {
		return err
	}
	n.group(id, l.Groups[own])
	n.Groups[own] = nil
	if known {
		n.PushedGroups[id], n.PushedGroups[own] = &pushed, nil
	}
	for u, m := range l.Members[own] {
		n.member(id, u, m)
		n.member(own, u, state.Member{})
		if m.Okta && c.Read && !slices.Contains(c.Joined, u) {
			c.Left = append(c.Left, u)
		}
	}
	slices.Sort(c.Left)
	run.desired.Groups[id] = c
	return nil
}

// unlisted names those whom a push made, and of whom the whole list of Okta says nothing.
func unlisted(d Desired, l *Ledger) []string {
	if !d.AllUsers {
		return nil
	}
	var names []string
	for _, id := range slices.Sorted(maps.Keys(l.Users)) {
		u := l.Users[id]
		_, told := d.Users[id]
		_, same := d.Same[id]
		if u.Pushed && u.Active && u.Unassigned == nil && !told && !same && !l.touched[userSubject(id)] {
			names = append(names, firstOf(u.UserName, strings.TrimPrefix(string(id), ownKey)))
		}
	}
	return names
}

// met notes that a reading of Okta tells the values of these users from now on.
func (n Notes) met(d Desired, l *Ledger) {
	for id := range d.Users {
		if u := l.Users[id]; u.Pushed && !isOwn(id) && !d.Partial {
			u.Pushed = false
			n.user(id, u)
		}
	}
}

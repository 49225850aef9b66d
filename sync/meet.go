package sync

import (
	"context"
	"fmt"
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
	users, groups := e.own(run)
	for own, id := range users {
		err := e.unite(ctx, run, []string{userSubject(own), userSubject(id)}, func(n Notes) error { return e.meetUser(ctx, n, l, own, id) })
		if err != nil {
			return err
		}
	}
	for own, id := range groups {
		err := e.unite(ctx, run, []string{groupSubject(own), groupSubject(id)}, func(n Notes) error { return e.meetGroup(ctx, n, run, own, id) })
		if err != nil {
			return err
		}
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
			l.pushed(userSubject(id))
		}
	}
	for id := range l.Groups {
		if _, told := d.Groups[id]; isOwn(id) && !told {
			l.pushed(groupSubject(id))
		}
	}
	return nil
}

// unite makes one of two while nobody else is at work on either, unless one of them
// was pushed meanwhile.
func (e *Engine) unite(ctx context.Context, run *run, both []string, meet func(Notes) error) error {
	done, err := e.turns.take(ctx, both...)
	if err != nil {
		return err
	}
	defer done()
	if e.newer(run.ledger, both) {
		return nil
	}
	n := newNotes()
	if err := meet(n); err != nil {
		return err
	}
	if run.request.DryRun {
		return e.note(ctx, run, n)
	}
	return e.commit(ctx, run.ledger, n)
}

// newer reports whether one of the subjects was pushed since the run began to read:
// what is new of the one is new of the other.
func (e *Engine) newer(l *Ledger, both []string) bool {
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	l.catchUp()
	if !slices.ContainsFunc(both, func(s string) bool { return l.touched[s] }) {
		return false
	}
	for _, s := range both {
		l.pushed(s)
	}
	return true
}

// own pairs what is to be brought together.
func (e *Engine) own(run *run) (map[identity.OktaID]identity.OktaID, map[identity.GroupID]identity.GroupID) {
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	return ownUsers(run.desired, run.ledger), ownGroups(run.desired, run.ledger)
}

// ownUsers pairs users under a key of our own with those of the reading who have
// their name and no account yet. Whose membership is over may be somebody else: they
// are paired with nobody, and the name is a recycled address.
func ownUsers(d Desired, l *Ledger) map[identity.OktaID]identity.OktaID {
	named := map[string]identity.OktaID{}
	for id, u := range l.Users {
		if isOwn(id) && u.Omni != "" && (u.Active || u.Unassigned == nil) {
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

// ownGroups pairs groups likewise; a name that several groups have pairs none. A
// group that has one in Omni from before Okta renamed it is paired too: Okta's push
// knows the other one, which has the new name.
func ownGroups(d Desired, l *Ledger) map[identity.GroupID]identity.GroupID {
	named, linked := map[string][]identity.GroupID{}, map[string][]identity.GroupID{}
	for id, c := range d.Groups {
		if isOwn(id) || c.Gone || c.Paused {
			continue
		}
		by := named
		if l.Groups[id].Omni != "" {
			by = linked
		}
		by[identity.FoldName(c.Name)] = append(by[identity.FoldName(c.Name)], id)
	}
	pairs := map[identity.GroupID]identity.GroupID{}
	for id, g := range l.Groups {
		same := named[identity.FoldName(g.Name)]
		if len(same) == 0 {
			same = linked[identity.FoldName(g.Name)]
		}
		if isOwn(id) && g.Omni != "" && len(same) == 1 {
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
	for _, g := range []identity.GroupID{own, id} {
		if err := l.fetchCrowd(ctx, e.o.Store, g); err != nil {
			return err
		}
	}
	pushed, known, err := state.Read[state.PushedGroup](ctx, e.o.Store, state.PushedGroups, string(own))
	if err != nil {
		return err
	}
	e.meetLinked(n, run, own, id)
	n.group(id, l.Groups[own])
	n.Groups[own] = nil
	if known {
		n.PushedGroups[id], n.PushedGroups[own] = &pushed, nil
	}
	for u, m := range l.Members[own] {
		there := slices.Contains(c.Joined, u) || l.Members[id][u].Okta && !slices.Contains(c.Left, u)
		if m.Okta && (c.Read || c.Certain) && !there && !slices.Contains(c.Left, u) {
			c.Left = append(c.Left, u)
		}
		m.Okta = m.Okta || there
		n.member(id, u, m)
		n.member(own, u, state.Member{})
	}
	slices.Sort(c.Left)
	run.desired.Groups[id] = c
	return nil
}

// meetLinked lets go of the group in Omni that the one of Okta had before the push
// made another.
func (e *Engine) meetLinked(n Notes, run *run, own, id identity.GroupID) {
	l := run.ledger
	before := l.Groups[id]
	if before.Omni == "" {
		return
	}
	for u, m := range l.Members[id] {
		if _, there := l.Members[own][u]; !there {
			n.member(id, u, state.Member{Okta: m.Okta})
		}
	}
	note := fmt.Sprintf("Omni's group %q (%s) isn't managed any more: Okta renamed the group, and its push made %q; delete the old one in Omni",
		before.DisplayName, before.Omni, l.Groups[own].DisplayName)
	run.desired.Notes = append(run.desired.Notes, note)
	run.logger.Warn("a group was pushed under a new name", zap.String("old", string(before.Omni)), zap.String("new", string(l.Groups[own].Omni)))
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

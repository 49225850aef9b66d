package sync

import (
	"cmp"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// removal is a held removal whose cause is looked for: of a user, of a member (user
// and group), or of a group.
type removal struct {
	key       string
	user      identity.OktaID
	group     identity.GroupID
	outside   bool                      // assigned, and left out by users.scope
	suspended bool                      // assigned, and their Okta account is suspended
	in        map[identity.GroupID]bool // whether the ledger has the user in the group; absent: it doesn't know
	value     bool                      // of an attribute alone
	ends      []identity.DeedKind       // of a group: what lets it go, the surest first
}

// step is what took somebody away.
type step struct {
	reason state.Reason
	at     identity.Deed // the event that took away
	by     identity.Deed // the event that led to that one; the same where nothing did
	group  identity.Named
	near   bool // only the time says that by led to at
}

// step finds what took away. ask says that it depends on which groups assign the app,
// which nobody knows yet.
func (t *tale) step(r removal) (s step, ask, ok bool) {
	switch {
	case r.user == "":
		s, ok = t.groupEnds(r)
	case r.group != "":
		s, ok = t.memberLeaves(r)
	case r.value:
		d, found := t.last(r.user, identity.DeedProfile)
		return step{reason: state.ReasonProfile, at: d, by: d}, false, found
	case r.outside:
		d, found := t.last(r.user, identity.DeedProfile)
		return step{reason: state.ReasonScope, at: d, by: d}, false, found
	case r.suspended:
		d, found := t.last(r.user, identity.DeedSuspended)
		return step{reason: state.ReasonSuspended, at: d, by: d}, false, found
	default:
		return t.userLeaves(r)
	}
	return s, false, ok
}

func (t *tale) groupEnds(r removal) (step, bool) {
	reasons := map[identity.DeedKind]state.Reason{identity.DeedGroupEnded: state.ReasonGroupDeleted, identity.DeedUnpushed: state.ReasonUnpushed,
		identity.DeedLetGo: state.ReasonLetGo, identity.DeedRenamed: state.ReasonRenamed}
	for _, kind := range r.ends {
		if list := t.ofGroup(r.group, kind, time.Time{}, time.Time{}); len(list) > 0 {
			return step{reason: reasons[kind], at: list[0], by: list[0], group: identity.Named{ID: string(r.group)}}, true
		}
	}
	return step{}, false
}

func (t *tale) memberLeaves(r removal) (step, bool) {
	for _, d := range t.of(r.user, identity.DeedLeft, time.Time{}, time.Time{}) {
		if slices.ContainsFunc(d.Groups, func(g identity.Named) bool { return g.ID == string(r.group) }) {
			return step{reason: state.ReasonLeft, at: d, by: d, group: identity.Named{ID: string(r.group)}}, true
		}
	}
	return step{}, false
}

// userLeaves finds what ended an assignment. An event that says itself what it belongs
// to goes first; then who unassigned by hand; then, of what Okta itself did, what came
// just before.
func (t *tale) userLeaves(r removal) (s step, ask, ok bool) {
	lost, told := t.last(r.user, identity.DeedUnassigned)
	if !told {
		return t.untold(r)
	}
	list, ask := t.before(r, lost)
	for _, c := range list {
		if c.by.Tied(lost) {
			c.near = false
			return t.whole(c), false, true
		}
	}
	if lost.Actor != (identity.Named{}) {
		return step{reason: state.ReasonUnassigned, at: lost, by: lost}, false, true
	}
	list = slices.DeleteFunc(list, func(c step) bool {
		return c.reason == state.ReasonLeft && t.assigning != nil && !t.assigned(identity.GroupID(c.group.ID))
	})
	c, ok := likeliest(list, lost)
	return t.whole(c), ask && t.assigning == nil, ok
}

// likeliest chooses what led to the event. What happened to the user goes first, or to a
// group that has the user: of that the nearest. Of what only the time speaks for there
// must be one alone, which was done to the app, or else to a group.
func likeliest(list []step, lost identity.Deed) (step, bool) {
	ranks := []func(step) bool{
		func(c step) bool { return !c.near },
		func(c step) bool { return c.near && c.reason != state.ReasonGroupDeleted },
		func(c step) bool { return c.near && c.reason == state.ReasonGroupDeleted },
	}
	for sure, rank := range ranks {
		var of []step
		for _, c := range list {
			if rank(c) {
				of = append(of, c)
			}
		}
		if len(of) == 0 {
			continue
		}
		if sure > 0 && slices.ContainsFunc(of, func(c step) bool { return c.group != of[0].group }) {
			return step{}, false
		}
		return slices.MinFunc(of, func(a, b step) int {
			return cmp.Compare(a.by.Published.Sub(lost.Published).Abs(), b.by.Published.Sub(lost.Published).Abs())
		}), true
	}
	return step{}, false
}

// whole takes the end of a group in place of the end of its assignment, which is a part of it.
func (t *tale) whole(s step) step {
	if s.reason != state.ReasonLetGo {
		return s
	}
	at := s.by.Published
	for _, d := range t.ofGroup(identity.GroupID(s.group.ID), identity.DeedGroupEnded, at.Add(-overlap), at.Add(overlap)) {
		s.reason, s.by = state.ReasonGroupDeleted, d
	}
	return s
}

// before gives what may have led to the event by which Okta took the app from the user.
// ask reports that there are groups among it of which it isn't certain that they assign.
func (t *tale) before(r removal, lost identity.Deed) (list []step, ask bool) {
	from, to := lost.Published.Add(-cascade), lost.Published.Add(overlap)
	for _, d := range t.of(r.user, identity.DeedEnded, from, to) {
		list = append(list, step{reason: state.ReasonAccount, at: lost, by: d})
	}
	for _, d := range t.of(r.user, identity.DeedLeft, from, to) {
		for _, g := range d.Groups {
			list = append(list, step{reason: state.ReasonLeft, at: lost, by: d, group: g})
			ask = ask || !t.assigned(identity.GroupID(g.ID))
		}
	}
	wave := t.began(lost.Published).Add(-onset)
	if wave.Before(from) {
		wave = from
	}
	for g := range t.groups {
		in, known := r.in[g]
		if known && !in {
			continue
		}
		named := identity.Named{ID: string(g)}
		gone := t.ofGroup(g, identity.DeedLetGo, wave, to)
		for _, d := range gone {
			if !d.Tied(lost) && slices.ContainsFunc(d.Threads, func(thread string) bool { return t.followed[thread] }) {
				continue // those whom it did take the app from say so
			}
			list = append(list, step{reason: state.ReasonLetGo, at: lost, by: d, group: named, near: !in})
		}
		if len(gone) > 0 { // the end of the assignment tells more than the end of the group
			continue
		}
		for _, d := range t.ofGroup(g, identity.DeedGroupEnded, wave, to) {
			list = append(list, step{reason: state.ReasonGroupDeleted, at: lost, by: d, group: named, near: !in})
		}
	}
	for _, d := range newestFirst(t.stops, identity.DeedStopped, wave, to) {
		list = append(list, step{reason: state.ReasonApp, at: lost, by: d, near: true})
	}
	slices.SortStableFunc(list, surest)
	return list, ask
}

// surest orders what is equally near: what happened to the user before what happened to
// a group.
func surest(a, b step) int {
	rank := func(s step) int {
		return slices.Index([]state.Reason{state.ReasonAccount, state.ReasonLeft, state.ReasonGroupDeleted, state.ReasonLetGo, state.ReasonApp}, s.reason)
	}
	return cmp.Or(rank(a)-rank(b), b.by.Published.Compare(a.by.Published), cmp.Compare(a.group.ID, b.group.ID))
}

// untold finds what ended an assignment whose end the log doesn't tell: only what
// leaves no doubt.
func (t *tale) untold(r removal) (s step, ask, ok bool) {
	if d, ended := t.last(r.user, identity.DeedEnded); ended {
		return step{reason: state.ReasonAccount, at: d, by: d}, false, true
	}
	for _, d := range t.of(r.user, identity.DeedLeft, time.Time{}, time.Time{}) {
		for _, g := range d.Groups {
			if t.assigned(identity.GroupID(g.ID)) {
				return step{reason: state.ReasonLeft, at: d, by: d, group: g}, false, true
			}
		}
		ask = t.assigning == nil
	}
	return step{}, ask, false
}

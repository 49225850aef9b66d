package sync

import (
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// root is what set a step off. The zero root is none.
type root struct {
	known  bool
	deed   identity.Deed
	rule   identity.Named
	source identity.Named // of an import
	actor  identity.Named
	set    state.SetOff
	near   bool
}

// root finds who or what is behind a step: a person, an import, or, of what a group rule
// did, whoever changed the profile or the rule.
func (t *tale) root(r removal, s step) root {
	d := s.by
	if d.Actor != (identity.Named{}) {
		return root{known: true, deed: d, actor: d.Actor}
	}
	if s.reason == state.ReasonLeft {
		if found := t.ofRule(r.user, s); found.known || d.Rule.ID != "" {
			found.rule = d.Rule
			return found
		}
	}
	if s.reason == state.ReasonUnassigned || s.reason == state.ReasonScope || s.reason == state.ReasonProfile || s.reason == state.ReasonAccount || s.reason == state.ReasonLeft {
		return t.ofImport(d)
	}
	return root{}
}

func (t *tale) ofImport(d identity.Deed) root {
	i, near, ok := t.importOf(d)
	if !ok {
		return root{}
	}
	return root{known: true, deed: i.deed, source: i.deed.App, actor: i.deed.Actor, near: near}
}

// ofRule finds what made Okta take the user out of a group. An event that says that it
// belongs to the same act is it. Else the whole wave is looked at, all who were taken
// out of this group by this rule within a while: a change of profiles is behind it where
// most of them had one just before, a change of the rule where they hadn't. What only a
// few of them had is a coincidence, and what could be either is left open.
func (t *tale) ofRule(user identity.OktaID, s step) root {
	at := s.by
	rules := t.changes(at.Rule.ID, at)
	profiles := t.profiles(user, at)
	for _, d := range rules {
		if d.Tied(at) {
			return root{known: true, deed: d, actor: d.Actor, set: state.SetByRule}
		}
	}
	for _, d := range profiles {
		if d.Tied(at) {
			return t.ofProfile(d)
		}
	}
	x := t.exodus(wayOut{s.group.ID, at.Rule.ID}, at.Published)
	switch {
	case x.mostly(x.profiles) && !x.mostly(x.rules):
		var most root
		for _, d := range profiles {
			if found := t.ofProfile(d); x.common(found) && (!most.known || x.by[found.doer()] > x.by[most.doer()]) {
				most = found
			}
		}
		return most
	case x.mostly(x.rules) && !x.some(x.profiles) && len(rules) > 0:
		return root{known: true, deed: rules[0], actor: rules[0].Actor, set: state.SetByRule}
	}
	return root{}
}

// profiles are the changes of a user's profile before the user left, the newest first.
func (t *tale) profiles(user identity.OktaID, at identity.Deed) []identity.Deed {
	return t.of(user, identity.DeedProfile, at.Published.Add(-cascade), at.Published.Add(overlap))
}

func (t *tale) ofProfile(d identity.Deed) root {
	if d.Actor != (identity.Named{}) {
		return root{known: true, deed: d, actor: d.Actor, set: state.SetByProfile}
	}
	found := t.ofImport(d)
	if !found.known {
		found.known, found.deed = true, d
	}
	found.set = state.SetByProfile
	return found
}

// doer tells roots apart by who did it.
type doer struct{ source, actor string }

func (r root) doer() doer { return doer{r.source.ID, r.actor.ID} }

// exodus counts those who were taken out of a group in the same way within a while.
type exodus struct {
	all      int
	profiles int // whose profile had changed before
	rules    int // before whom the rule was changed
	by       map[doer]int
}

// exodus is the one that was under way then.
func (t *tale) exodus(way wayOut, at time.Time) exodus {
	list := t.lefts[way]
	first, end := 0, len(list)
	for i := 1; i < len(list); i++ {
		if list[i].deed.Published.Sub(list[i-1].deed.Published) <= lull {
			continue
		}
		if list[i].deed.Published.After(at) {
			end = i
			break
		}
		first = i
	}
	if _, known := t.exoduses[way][first]; !known {
		if t.exoduses[way] == nil {
			t.exoduses[way] = map[int]exodus{}
		}
		t.exoduses[way][first] = t.counted(way, list[first:end])
	}
	return t.exoduses[way][first]
}

func (t *tale) counted(way wayOut, list []leaver) exodus {
	x := exodus{all: len(list), by: map[doer]int{}}
	for _, l := range list {
		seen := map[doer]bool{}
		for _, d := range t.profiles(l.user, l.deed) {
			seen[t.ofProfile(d).doer()] = true
		}
		for who := range seen {
			x.by[who]++
		}
		if len(seen) > 0 {
			x.profiles++
		}
		if len(t.changes(way.rule, l.deed)) > 0 {
			x.rules++
		}
	}
	return x
}

// changes are those of the rule before it took somebody out of a group, the newest first.
func (t *tale) changes(rule string, at identity.Deed) []identity.Deed {
	if rule == "" {
		return nil
	}
	return newestFirst(t.rules[rule], identity.DeedRule, at.Published.Add(-cascade), at.Published)
}

func (x exodus) mostly(n int) bool { return n*10 >= x.all*6 }

func (x exodus) some(n int) bool { return n*10 >= x.all*3 }

// common reports whether this is behind so many of them that it is no coincidence.
func (x exodus) common(r root) bool {
	most := 0
	for _, n := range x.by {
		most = max(most, n)
	}
	return x.by[r.doer()]*2 >= most
}

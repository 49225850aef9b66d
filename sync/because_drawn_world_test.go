package sync

import (
	"fmt"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"pgregory.net/rapid"
)

// cascades is a drawn System Log, and what really led to each removal.
type cascades struct {
	t        *rapid.T
	tied     bool // events name the act that they belong to
	deeds    []identity.Deed
	removals []removal
	truth    map[string]state.Because
	kinds    map[string]string // by removal: the kind of its cascade
	groups   map[identity.GroupID]bool
	n        int
}

var bob = identity.Named{ID: "00ubob", Name: "Bob"}

func (w *cascades) id(prefix string) string {
	w.n++
	return fmt.Sprint(prefix, w.n)
}

func (w *cascades) named(prefix string) identity.Named {
	id := w.id(prefix)
	return identity.Named{ID: id, Name: "The " + id}
}

func (w *cascades) short(most int) time.Duration {
	return time.Duration(rapid.IntRange(1, most).Draw(w.t, "seconds")) * time.Second
}

// does writes an event. One with a thread belongs to an act.
func (w *cascades) does(at time.Time, d identity.Deed, thread string) time.Time {
	d.Published, d.Event = at, identity.Origin(w.id("event "))
	d.Threads = []string{w.id("lone")}
	if w.tied && thread != "" {
		d.Threads = []string{thread}
	}
	w.deeds = append(w.deeds, d)
	return at
}

func (w *cascades) held(kind string, r removal, why state.Because) {
	r.key = fmt.Sprint(kind, " ", r.user, " ", r.group)
	w.removals, w.truth[r.key], w.kinds[r.key] = append(w.removals, r), why, kind
}

// played writes one cascade of a kind, of n people, that begins at a time.
func (w *cascades) played(kind string, n int, at time.Time) {
	actor, hr := w.named("00u"), w.named("0oa")
	group, rule := w.named("00g"), w.named("0pr")
	w.groups[identity.GroupID(group.ID)] = true
	job, gam := w.id("job"), w.id("gam")
	why := state.Because{Group: group}
	switch kind {
	case "import", "members", "scope", "hr":
		w.does(at, identity.Deed{Kind: identity.DeedImport, App: hr}, job)
		why.Import = hr
	case "rule":
		w.does(at, identity.Deed{Kind: identity.DeedRule, Rule: rule, Actor: actor}, "")
		why.Actor, why.Set = actor, state.SetByRule
	case "group unassigned":
		w.does(at, identity.Deed{Kind: identity.DeedLetGo, Groups: []identity.Named{group}, Actor: actor}, gam)
		why.Reason, why.Actor = state.ReasonLetGo, actor
	case "group deleted":
		w.does(at, identity.Deed{Kind: identity.DeedGroupEnded, Groups: []identity.Named{group}, Actor: actor}, "")
		w.does(at, identity.Deed{Kind: identity.DeedLetGo, Groups: []identity.Named{group}, Actor: actor}, gam)
		why.Reason, why.Actor = state.ReasonGroupDeleted, actor
	case "app deactivated":
		w.does(at, identity.Deed{Kind: identity.DeedStopped, Actor: actor}, "")
		why = state.Because{Reason: state.ReasonApp, Actor: actor}
	default:
		why.Actor = actor
	}
	for range n {
		at = at.Add(w.short(3))
		w.one(kind, at, person{identity.OktaID(w.id("00p")), actor, group, rule, job, gam}, why)
	}
	if why.Import == hr {
		w.does(at.Add(w.short(60)), identity.Deed{Kind: identity.DeedImported, App: hr}, job)
	}
}

// person is one whom a cascade takes away.
type person struct {
	id          identity.OktaID
	actor       identity.Named
	group, rule identity.Named
	job, gam    string
}

func (w *cascades) one(kind string, at time.Time, p person, why state.Because) {
	users, groups := []identity.OktaID{p.id}, []identity.Named{p.group}
	profile := identity.Deed{Kind: identity.DeedProfile, Users: users}
	lost := identity.Deed{Kind: identity.DeedUnassigned, Users: users}
	left := identity.Deed{Kind: identity.DeedLeft, Users: users, Groups: groups, Rule: identity.Named{ID: p.rule.ID}}
	r := removal{user: p.id}
	switch kind {
	case "by hand":
		lost.Actor = p.actor
		w.does(at, lost, "")
		why.Reason, why.Group = state.ReasonUnassigned, identity.Named{}
	case "left by hand":
		left.Actor, left.Rule = p.actor, identity.Named{}
		w.does(at, left, "")
		w.does(at.Add(w.short(30)), lost, p.gam)
		why.Reason = state.ReasonLeft
	case "import", "script", "rule", "members":
		if kind == "script" {
			profile.Actor, why.Set = p.actor, state.SetByProfile
		} else if kind != "rule" {
			why.Set = state.SetByProfile
		}
		if kind == "script" || kind == "import" || kind == "members" {
			w.does(at, profile, map[bool]string{true: p.job}[kind != "script"])
		}
		at = w.does(at.Add(w.short(30)), left, "")
		if kind == "members" {
			r.group = identity.GroupID(p.group.ID)
		} else {
			w.does(at.Add(w.short(30)), lost, p.gam)
		}
		why.Reason, why.Rule = state.ReasonLeft, p.rule
	case "hr", "accounts by hand":
		ended := identity.Deed{Kind: identity.DeedEnded, Users: users}
		thread := p.job
		if kind == "accounts by hand" {
			ended.Actor, thread = p.actor, ""
		}
		w.does(at, ended, thread)
		w.does(at.Add(w.short(5)), lost, thread)
		why.Reason, why.Group = state.ReasonAccount, identity.Named{}
	case "scope":
		w.does(at, profile, p.job)
		r.outside, why.Reason, why.Group = true, state.ReasonScope, identity.Named{}
	default: // a group, or the app, took all of them
		w.does(at, lost, p.gam)
	}
	w.held(kind, r, why)
}

// noise writes what has nothing to do with it: Bob at work on some of the same people,
// on rules and groups of others, and imports that change nobody here.
func (w *cascades) noise(from time.Time, span int) {
	at := func() time.Time { return from.Add(w.short(span)) }
	for _, r := range w.removals {
		switch {
		case r.outside || r.user == "" || rapid.IntRange(1, 33).Draw(w.t, "met by Bob") > 1:
		case rapid.Bool().Draw(w.t, "profile"):
			w.does(at(), identity.Deed{Kind: identity.DeedProfile, Users: []identity.OktaID{r.user}, Actor: bob}, "")
		default:
			w.does(at(), identity.Deed{Kind: identity.DeedLeft, Users: []identity.OktaID{r.user}, Groups: []identity.Named{w.named("00g")}, Actor: bob}, "")
		}
	}
	for range rapid.IntRange(0, 20).Draw(w.t, "strangers") {
		w.does(at(), identity.Deed{Kind: identity.DeedProfile, Users: []identity.OktaID{identity.OktaID(w.id("00s"))}}, "")
		w.does(at(), identity.Deed{Kind: identity.DeedEnded, Users: []identity.OktaID{identity.OktaID(w.id("00s"))}, Actor: bob}, "")
	}
	w.does(at(), identity.Deed{Kind: identity.DeedRule, Rule: w.named("0pr"), Actor: bob}, "")
	w.does(at(), identity.Deed{Kind: identity.DeedGroupEnded, Groups: []identity.Named{w.named("00g")}, Actor: bob}, "")
	if w.tied { // else two imports at once leave it open whose work it is
		w.does(from, identity.Deed{Kind: identity.DeedImport, App: w.named("0oa")}, w.id("job"))
	}
}

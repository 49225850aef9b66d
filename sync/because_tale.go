package sync

import (
	"cmp"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// How far apart the events of one cascade may be. Okta's jobs take seconds in a small
// org and may take most of an hour in a large one; their clocks differ a little.
const (
	cascade = time.Hour
	overlap = 2 * time.Minute
	lull    = 10 * time.Minute // what is further apart than this is another wave
	onset   = 5 * time.Minute  // from what sets a wave off to its first event
	longest = 6 * time.Hour    // of an import whose end isn't told
)

// tale is a chapter of the System Log, put in order to look causes up in.
type tale struct {
	users     map[identity.OktaID][]identity.Deed  // the oldest first, as in all these
	groups    map[identity.GroupID][]identity.Deed // what was done to the groups themselves
	rules     map[string][]identity.Deed
	names     map[string]string // of groups and rules, by id
	imports   []importing
	ties      bool            // what imports do says to which one it belongs
	followed  map[string]bool // threads of what Okta itself unassigned
	stops     []identity.Deed
	jobs      []time.Time // when Okta itself unassigned somebody
	lefts     map[wayOut][]leaver
	exoduses  map[wayOut]map[int]exodus // found before, by their first
	assigning map[identity.GroupID]bool // the groups that assign the app; nil: nobody asked
}

// importing is the time of an import.
type importing struct {
	deed       identity.Deed // its beginning, or its end where the beginning isn't told
	begin, end time.Time
	orphan     bool // its beginning isn't told
}

// wayOut is one way out of a group: those who took it together are a wave.
type wayOut struct{ group, rule string }

// leaver is one who was taken out of a group by Okta itself.
type leaver struct {
	user identity.OktaID
	deed identity.Deed
}

func newTale(c identity.Chapter, assigning map[identity.GroupID]bool) *tale {
	t := &tale{users: map[identity.OktaID][]identity.Deed{}, groups: map[identity.GroupID][]identity.Deed{},
		rules: map[string][]identity.Deed{}, names: map[string]string{}, lefts: map[wayOut][]leaver{}, exoduses: map[wayOut]map[int]exodus{}, followed: map[string]bool{}, assigning: assigning}
	deeds := slices.Clone(c.Deeds)
	slices.SortStableFunc(deeds, func(a, b identity.Deed) int {
		return cmp.Or(a.Published.Compare(b.Published), cmp.Compare(a.Event, b.Event))
	})
	for _, d := range deeds {
		t.enter(d)
	}
	t.ties = imposed(deeds)
	return t
}

// imposed reports whether what imports do names the import: some of it has a thread in
// common. Then what has none isn't an import's for having come at its time.
func imposed(deeds []identity.Deed) bool {
	threads := map[string]bool{}
	for _, d := range deeds {
		if d.Actor != (identity.Named{}) || !slices.Contains([]identity.DeedKind{identity.DeedImport, identity.DeedProfile, identity.DeedEnded}, d.Kind) {
			continue
		}
		for _, thread := range d.Threads {
			if threads[thread] {
				return true
			}
			threads[thread] = true
		}
	}
	return false
}

func (t *tale) enter(d identity.Deed) {
	for _, u := range d.Users {
		t.users[u] = append(t.users[u], d)
	}
	for _, n := range append(slices.Clone(d.Groups), d.Rule) {
		if n.Name != "" && n.Name != n.ID {
			t.names[n.ID] = n.Name
		}
	}
	switch d.Kind {
	case identity.DeedImport:
		t.imports = append(t.imports, importing{deed: d, begin: d.Published, end: d.Published.Add(longest)})
	case identity.DeedImported:
		t.imported(d)
	case identity.DeedRule:
		if d.Actor == (identity.Named{}) { // Okta finds out itself that a rule is broken: nobody's word
			return
		}
		t.rules[d.Rule.ID] = append(t.rules[d.Rule.ID], d)
	case identity.DeedStopped:
		t.stops = append(t.stops, d)
	case identity.DeedUnassigned:
		if d.Actor == (identity.Named{}) {
			t.jobs = append(t.jobs, d.Published)
			for _, thread := range d.Threads {
				t.followed[thread] = true
			}
		}
	case identity.DeedLeft:
		for _, g := range d.Groups {
			for _, u := range d.Users {
				if d.Actor == (identity.Named{}) {
					way := wayOut{g.ID, d.Rule.ID}
					t.lefts[way] = append(t.lefts[way], leaver{u, d})
				}
			}
		}
	case identity.DeedNone, identity.DeedEnded, identity.DeedSuspended, identity.DeedProfile: // of the users alone
	case identity.DeedLetGo, identity.DeedGroupEnded, identity.DeedRenamed, identity.DeedUnpushed:
		for _, g := range d.Groups {
			t.groups[identity.GroupID(g.ID)] = append(t.groups[identity.GroupID(g.ID)], d)
		}
	}
}

// imported ends the newest import from the same app that is under way. One whose
// beginning isn't told may have begun at any time.
func (t *tale) imported(d identity.Deed) {
	for i := len(t.imports) - 1; i >= 0; i-- {
		if p := &t.imports[i]; p.deed.Kind == identity.DeedImport && p.deed.App.ID == d.App.ID && p.end.Equal(p.begin.Add(longest)) {
			p.end = d.Published
			return
		}
	}
	t.imports = append(t.imports, importing{deed: d, end: d.Published, orphan: true})
}

// importOf gives the import that did what Okta itself did: the one that the event names
// as its own, or the only one that was under way, for which then the time alone speaks.
func (t *tale) importOf(d identity.Deed) (found importing, near, ok bool) {
	if d.Actor != (identity.Named{}) {
		return importing{}, false, false
	}
	n := 0
	for _, i := range t.imports {
		if i.deed.Tied(d) {
			return i, false, true
		}
		if !i.begin.After(d.Published) && !d.Published.After(i.end) {
			found = i
			n++
		}
	}
	return found, true, n == 1 && !found.orphan && !t.ties
}

// of gives the deeds of a kind done to the user between two times, the newest first. A
// zero time is no limit.
func (t *tale) of(u identity.OktaID, kind identity.DeedKind, from, to time.Time) []identity.Deed {
	return newestFirst(t.users[u], kind, from, to)
}

func (t *tale) ofGroup(g identity.GroupID, kind identity.DeedKind, from, to time.Time) []identity.Deed {
	return newestFirst(t.groups[g], kind, from, to)
}

func newestFirst(deeds []identity.Deed, kind identity.DeedKind, from, to time.Time) []identity.Deed {
	var list []identity.Deed
	for _, d := range slices.Backward(deeds) {
		if d.Kind == kind && !d.Published.Before(from) && (to.IsZero() || !d.Published.After(to)) {
			list = append(list, d)
		}
	}
	return list
}

// last is the newest deed of a kind done to the user.
func (t *tale) last(u identity.OktaID, kind identity.DeedKind) (identity.Deed, bool) {
	list := t.of(u, kind, time.Time{}, time.Time{})
	if len(list) == 0 {
		return identity.Deed{}, false
	}
	return list[0], true
}

// began is when the wave of unassignments by Okta itself began that was under way then.
func (t *tale) began(at time.Time) time.Time {
	start := at
	for _, j := range slices.Backward(t.jobs) {
		if j.After(start) {
			continue
		}
		if start.Sub(j) > lull {
			break
		}
		start = j
	}
	return start
}

// assigned reports whether the group assigns the app, or did.
func (t *tale) assigned(g identity.GroupID) bool {
	return t.assigning[g] || len(t.ofGroup(g, identity.DeedLetGo, time.Time{}, time.Time{})) > 0
}

// named gives the object its name, where any event tells one.
func (t *tale) named(n identity.Named) identity.Named {
	if name := t.names[n.ID]; name != "" {
		n.Name = name
	}
	n.Name = firstOf(n.Name, n.ID)
	return n
}

package sync

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// savedFor is how long a definition that was saved counts as what the schedule is: a
// session that was open when the user was unassigned lasts no longer than a day.
const savedFor = 24 * time.Hour

// backs is how often an item may be listed as the leaver's once more after it was another's,
// or gone: Omni's lists may lag behind.
const backs = 3

// estate is what somebody owns in Omni, as it was just read.
type estate struct {
	schedules []identity.Schedule
	documents []identity.Document
}

// schedule gives the one of that id.
func (e estate) schedule(id string) identity.Schedule {
	i := slices.IndexFunc(e.schedules, func(s identity.Schedule) bool { return string(s.ID) == id })
	return e.schedules[i]
}

// document gives the one of that id.
func (e estate) document(id string) identity.Document {
	i := slices.IndexFunc(e.documents, func(d identity.Document) bool { return string(d.ID) == id })
	return e.documents[i]
}

// items gives the estate as items that nothing was done about yet.
func (e estate) items(p state.Handover) []state.Item {
	list := make([]state.Item, 0, len(e.schedules)+len(e.documents))
	for _, s := range e.schedules {
		list = append(list, state.Item{Kind: state.Schedule, ID: string(s.ID), Name: s.Name, Detail: detailOf(s), Recipients: s.People, State: untouched(p.Schedules)})
	}
	for _, d := range e.documents {
		list = append(list, state.Item{Kind: state.Document, ID: string(d.ID), Name: d.Name, Detail: cmp.Or(d.Folder, "in the personal folder"), State: untouched(p.Documents)})
	}
	return list
}

// detailOf tells what a schedule sends, when and where.
func detailOf(s identity.Schedule) string {
	return fmt.Sprintf("%s of %s by %s, at %s %s", cmp.Or(s.Format, string(s.Kind)), s.DocumentName, s.Destination, s.Cron, s.Timezone)
}

func untouched(t state.Treatment) state.ItemState {
	if treats(t) {
		return state.ItemWaiting
	}
	return state.ItemLeft
}

func treatment(p state.Handover, k state.ItemKind) state.Treatment {
	if k == state.Document {
		return p.Documents
	}
	return p.Schedules
}

// surveyed brings what is known of a leaver's items in line with what was just read.
// The rows, first match first:
//
//	known as       owned now   becomes
//	nothing        yes         waiting; left, where the policy leaves its kind alone
//	saved          yes         saved, as long as that is fresh; else waiting
//	transferred    yes         waiting: it came back; refused, where it does each time
//	gone           yes         likewise
//	any other      yes         waiting, or left
//	waiting        no          transferred, where it is the heir's by now; else gone
//	refused, left  no          gone: somebody took it over, or deleted it
//	any other      no          as it was
//
// Pure.
func surveyed(known []state.Item, owned estate, theirs map[string]bool, p state.Handover, now time.Time) []state.Item {
	before := make(map[string]state.Item, len(known))
	for _, it := range known {
		before[itemKey(it)] = it
	}
	list, there := owned.items(p), map[string]bool{}
	for i, it := range list {
		key := itemKey(it)
		was, met := before[key]
		there[key] = true
		if !met {
			continue
		}
		is := it
		is.To, is.Tried, is.Back, is.Saved, is.At = was.To, was.Tried, was.Back, was.Saved && now.Sub(was.At) < savedFor, was.At
		if is.Saved && treatment(p, it.Kind) == state.Save {
			is.State = state.ItemSaved
		}
		if was.State == state.ItemTransferred || was.State == state.ItemGone {
			is.Back++
		}
		if is.Back >= backs && open(is) { // else it would go on for good, and nobody be told
			is.State = state.ItemRefused
		}
		list[i] = is
	}
	for _, it := range known {
		if there[itemKey(it)] {
			continue
		}
		switch it.State {
		case state.ItemWaiting, state.ItemRefused, state.ItemLeft, state.ItemSaved:
			it.State, it.At = state.ItemGone, now
			if theirs[itemKey(it)] {
				it.State = state.ItemTransferred
			}
		case state.ItemTransferred, state.ItemGone:
		}
		list = append(list, it)
	}
	return list
}

// triedWords tells why those can't take an item over who were tried.
func triedWords(it state.Item) []string {
	list := make([]string, len(it.Tried))
	for i, t := range it.Tried {
		list[i] = t.To + ": " + t.Why
	}
	return list
}

func itemKey(it state.Item) string { return string(it.Kind) + ":" + it.ID }

// open reports whether an item keeps its owner's membership.
func open(it state.Item) bool { return it.State == state.ItemWaiting || it.State == state.ItemRefused }

// unsaved reports whether what an item is still is to be kept. What a document was is
// kept also where nothing else becomes of it, as that costs no question.
func unsaved(it state.Item) bool {
	return !it.Saved && (it.State == state.ItemWaiting || it.State == state.ItemLeft && it.Kind == state.Document)
}

// settledItems counts those that don't keep the membership any more.
func settledItems(items []state.Item) int {
	n := 0
	for _, it := range items {
		if !open(it) {
			n++
		}
	}
	return n
}

// became tells in one sentence what became of a leaver's items, "" for no items.
func became(items []state.Item) string {
	type sort struct {
		state state.ItemState
		kind  state.ItemKind
		to    string
	}
	count := map[sort]int{}
	for _, it := range items {
		s := sort{it.State, it.Kind, ""}
		if it.State == state.ItemTransferred {
			s.to = it.To
		}
		count[s]++
	}
	var sorts []sort
	for s := range count {
		sorts = append(sorts, s)
	}
	slices.SortFunc(sorts, func(a, b sort) int {
		return cmp.Or(cmp.Compare(b.kind, a.kind), cmp.Compare(a.state, b.state), cmp.Compare(a.to, b.to))
	})
	parts := make([]string, len(sorts))
	for i, s := range sorts {
		parts[i] = counted(count[s], string(s.kind)) + " " + fates[s.state]
		if s.to != "" {
			parts[i] += " to " + s.to
		}
	}
	return strings.Join(parts, ", ")
}

// fates tell what became of an item, behind its kind.
var fates = map[state.ItemState]string{
	state.ItemWaiting:     "waiting",
	state.ItemTransferred: "handed over",
	state.ItemSaved:       "saved",
	state.ItemGone:        "gone meanwhile",
	state.ItemRefused:     "without a new owner",
	state.ItemLeft:        "left alone",
}

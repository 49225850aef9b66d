package console

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// difference is one value before and after.
type difference struct{ Name, Before, After string }

// differences lists what a change alters, Omni's own fields first. None is no value.
func differences(c state.Change) []difference {
	before, after := factsOf(c.Before), factsOf(c.After)
	var list []difference
	add := func(name, b, a string) {
		if b != a {
			list = append(list, difference{name, b, a})
		}
	}
	add("userName", before.UserName, after.UserName)
	add("displayName", before.DisplayName, after.DisplayName)
	if c.Kind != string(sync.Deactivate) && c.Kind != string(sync.Reactivate) && c.Kind != string(sync.Create) { // whose kind says it
		add("active", truth(before.Active), truth(after.Active))
	}
	names := maps.Clone(before.Attributes)
	if names == nil {
		names = after.Attributes
	} else {
		maps.Copy(names, after.Attributes)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		add(name, attribute(before, name), attribute(after, name))
	}
	return list
}

func factsOf(f *state.Facts) state.Facts {
	if f == nil {
		return state.Facts{}
	}
	return *f
}

func truth(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

// attribute gives a value; who has none has Omni's default, where there is one.
func attribute(f state.Facts, name string) string {
	if v := f.Attributes[name]; v != nil {
		return string(*v)
	}
	if v, ok := f.Defaults[name]; ok {
		return "(default " + string(v) + ")"
	}
	return ""
}

// sign is how a change is marked: what comes, what goes, what alters, what is left to itself.
func sign(c state.Change) string {
	switch sync.Kind(c.Kind) {
	case sync.Create, sync.Adopt, sync.Reactivate:
		return "comes"
	case sync.Deactivate, sync.Delete:
		return "goes"
	case sync.Release:
		return "leaves"
	default:
		return "alters"
	}
}

// mark is the sign as a character.
func mark(c state.Change) string {
	switch sign(c) {
	case "comes":
		return "+"
	case "goes":
		return "\u2212"
	case "leaves":
		return "\u00b7"
	default:
		return "~"
	}
}

// nameOf is whom or what a change is about.
func nameOf(c state.Change) string { return cmp.Or(c.UserName, c.Group, c.OktaID, c.OmniID) }

// idOf is what names a change's object for certain, for a decision.
func idOf(c state.Change) string { return cmp.Or(c.OktaID, c.OmniID, c.UserName, c.Group) }

// come and going are the members whom a change moves.
func come(c state.Change) []string  { return factsOf(c.After).Members }
func going(c state.Change) []string { return factsOf(c.Before).Members }

// owns tells how many schedules go with a membership, "" where none does or nobody has counted.
func owns(c state.Change) string {
	if c.Schedules == nil || *c.Schedules == 0 {
		return ""
	}
	return counted(*c.Schedules, "schedule")
}

// heldIn counts what changes are held, as the engine counts: each member by itself.
func heldIn(changes []state.Change) (n int) {
	for _, c := range changes {
		if sync.Kind(c.Kind) == sync.Members {
			n += max(1, len(going(c)))
			continue
		}
		n++
	}
	return n
}

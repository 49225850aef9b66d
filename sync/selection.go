package sync

import (
	"path"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
)

// The sources of groups, as groups.from names them.
const (
	fromAuto     = "auto"
	fromMappings = "push_mappings"
	fromAssigned = "app_groups"
	fromMatch    = "match"
)

// groupPush is the feature of an app that has push mappings.
const groupPush = "GROUP_PUSH"

// Selection says which of Okta's groups are synced.
type Selection struct {
	From  string   // auto (also for ""), push_mappings, app_groups, match
	Match []string // for match: names of groups, or globs over them
}

func (s Selection) auto() bool { return s.From == "" || s.From == fromAuto }

// source is where the groups come from: auto is decided by what the app can do.
func (s Selection) source(app identity.App) string {
	switch {
	case !s.auto():
		return s.From
	case app.Has(groupPush):
		return fromMappings
	default:
		return fromMatch
	}
}

// word tells why a group is synced, after "no longer" too.
func (s Selection) word() string {
	if s.From == fromMatch || s.From == fromAssigned {
		return "selected in Okta (groups.from: " + s.From + ")"
	}
	return "pushed in Okta"
}

// strange reports whether auto would let go of a group that the other of its two
// sources had selected: no person decided that, only the app's features changed.
// Only a group that was pushed has a mapping.
func (s Selection) strange(source string, mapping string) bool {
	return s.auto() && (mapping == "") == (source == fromMappings)
}

// canonical is the selection without what makes no difference.
func (s Selection) canonical() Selection {
	if s.auto() {
		s.From = fromAuto
	}
	s.Match = slices.Compact(slices.Sorted(slices.Values(s.Match)))
	return s
}

// Selects reports whether an entry of groups.match names the group: by its exact
// name, or by a glob over it. Letters count as they are, since whoever gets into
// a group by mistake sees what isn't theirs; a slash is a letter like any other.
// A group that Okta itself made (Everyone) is named by its exact name alone.
func Selects(entry string, g identity.Group) bool {
	if entry == g.Name || g.Type == "BUILT_IN" {
		return entry == g.Name
	}
	const letter = "\x00" // path.Match keeps * and ? away from slashes
	ok, err := path.Match(strings.ReplaceAll(entry, "/", letter), strings.ReplaceAll(g.Name, "/", letter))
	return err == nil && ok
}

// isName reports whether an entry can't be a glob.
func isName(entry string) bool { return !strings.ContainsAny(entry, `*?[\`) }

// choice is what a selection says of one group.
type choice int

const (
	passed  choice = iota // not selected
	chosen                // selected
	unclear               // Okta doesn't tell enough
)

// choose tells what groups.match says of a group. The rows, first match first:
//
//	no name told                             unclear
//	the app itself brought it                passed: it stands for a group of Omni
//	no entry names it                        passed
//	OKTA_GROUP, BUILT_IN                     chosen
//	APP_GROUP of another app                 chosen
//	APP_GROUP, Okta doesn't tell whose       unclear
//	any other type                           unclear
func (s Selection) choose(g identity.Group, app string) choice {
	switch {
	case g.Name == "":
		return unclear
	case g.Source == app, !slices.ContainsFunc(s.Match, func(entry string) bool { return Selects(entry, g) }):
		return passed
	case g.Type == "OKTA_GROUP", g.Type == "BUILT_IN", g.Type == "APP_GROUP" && g.Source != "":
		return chosen
	default:
		return unclear
	}
}

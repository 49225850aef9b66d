package sync

import (
	"testing"

	"github.com/omnisync/omnisync/identity"
)

func TestSelects(t *testing.T) {
	for _, row := range []struct {
		entry, name, kind string
		want              bool
	}{
		{"Sales", "Sales", "OKTA_GROUP", true},
		{"Sales", "sales", "OKTA_GROUP", false},
		{"Sales", "Sales EMEA", "OKTA_GROUP", false},
		{"Sales", " Sales", "OKTA_GROUP", false},
		{"omni-*", "omni-", "OKTA_GROUP", true},
		{"omni-*", "omni-sales", "APP_GROUP", true},
		{"omni-*", "Omni-sales", "OKTA_GROUP", false},
		{"omni-*", "omni", "OKTA_GROUP", false},
		{"*", "anything at all", "OKTA_GROUP", true},
		{"*", "IT/Data/Analysts", "APP_GROUP", true},
		{"IT/*", "IT/Data/Analysts", "OKTA_GROUP", true},
		{"IT?Data", "IT/Data", "OKTA_GROUP", true},
		{"IT[/_]Data", "IT/Data", "OKTA_GROUP", true},
		{"omni-?", "omni-x", "OKTA_GROUP", true},
		{"omni-?", "omni-é", "OKTA_GROUP", true},
		{"omni-?", "omni-xx", "OKTA_GROUP", false},
		{"team-[0-9]", "team-7", "OKTA_GROUP", true},
		{"team-[0-9]", "team-x", "OKTA_GROUP", false},
		{"Sales [EMEA]", "Sales [EMEA]", "OKTA_GROUP", true}, // a name before it is a glob
		{"Sales [EMEA]", "Sales E", "OKTA_GROUP", true},
		{`a\*`, "a*", "OKTA_GROUP", true},
		{`a\*`, "ab", "OKTA_GROUP", false},
		{"[", "x", "OKTA_GROUP", false}, // no glob at all
		{"[", "[", "OKTA_GROUP", true},
		{"Everyone", "Everyone", "BUILT_IN", true},
		{"*", "Everyone", "BUILT_IN", false},
		{"Every*", "Everyone", "BUILT_IN", false},
		{"everyone", "Everyone", "BUILT_IN", false},
		{"Every*", "Everyone else", "OKTA_GROUP", true},
	} {
		if got := Selects(row.entry, identity.Group{Name: row.name, Type: row.kind}); got != row.want {
			t.Errorf("%q on %s %q: %t, want %t", row.entry, row.kind, row.name, got, row.want)
		}
	}
}

// The rows of choose's comment.
func TestChoose(t *testing.T) {
	const app, other = "0oaOmni", "0oaDirectory"
	s := Selection{Match: []string{"Sales", "omni-*", "Everyone"}}
	for _, row := range []struct {
		name  string
		group identity.Group
		want  choice
	}{
		{"no name told", identity.Group{Type: "OKTA_GROUP"}, unclear},
		{"the app's own, named exactly", identity.Group{Name: "Sales", Type: "APP_GROUP", Source: app}, passed},
		{"the app's own, whatever its type", identity.Group{Name: "Sales", Type: "OKTA_GROUP", Source: app}, passed},
		{"not named", identity.Group{Name: "Ops", Type: "OKTA_GROUP"}, passed},
		{"not named, and not told whose", identity.Group{Name: "Ops", Type: "APP_GROUP"}, passed},
		{"not named, of a new type", identity.Group{Name: "Ops", Type: "TEAM"}, passed},
		{"a name", identity.Group{Name: "Sales", Type: "OKTA_GROUP"}, chosen},
		{"a glob", identity.Group{Name: "omni-x", Type: "OKTA_GROUP"}, chosen},
		{"Okta's own", identity.Group{Name: "Everyone", Type: "BUILT_IN"}, chosen},
		{"another app's", identity.Group{Name: "omni-x", Type: "APP_GROUP", Source: other}, chosen},
		{"an app's, not told whose", identity.Group{Name: "omni-x", Type: "APP_GROUP"}, unclear},
		{"a new type", identity.Group{Name: "Sales", Type: "TEAM"}, unclear},
		{"no type", identity.Group{Name: "Sales"}, unclear},
	} {
		if got := s.choose(row.group, app); got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
	}
	if got := (Selection{}).choose(identity.Group{Name: "Sales", Type: "OKTA_GROUP"}, app); got != passed {
		t.Errorf("no entry selects: %d", got)
	}
}

func TestSourceOfGroups(t *testing.T) {
	pushing, plain := identity.App{Features: []string{"IMPORT_USER_SCHEMA", "GROUP_PUSH"}}, identity.App{}
	for _, row := range []struct {
		from           string
		pushing, plain string
	}{
		{"", fromMappings, fromMatch},
		{"auto", fromMappings, fromMatch},
		{"push_mappings", fromMappings, fromMappings},
		{"match", fromMatch, fromMatch},
		{"app_groups", fromAssigned, fromAssigned},
	} {
		s := Selection{From: row.from}
		if a, b := s.source(pushing), s.source(plain); a != row.pushing || b != row.plain {
			t.Errorf("from %q: %s with GROUP_PUSH, %s without", row.from, a, b)
		}
	}
}

// Only what selects other groups is another policy.
func TestSelectionInThePolicysFingerprint(t *testing.T) {
	print := func(s Selection) identity.Fingerprint { return identity.FingerprintOf(s.canonical()) }
	base := print(Selection{From: "match", Match: []string{"a", "b"}})
	for _, row := range []struct {
		name string
		s    Selection
		same bool
	}{
		{"another order, and twice", Selection{From: "match", Match: []string{"b", "a", "b"}}, true},
		{"an entry less", Selection{From: "match", Match: []string{"a"}}, false},
		{"another entry", Selection{From: "match", Match: []string{"a", "B"}}, false},
		{"one entry of both", Selection{From: "match", Match: []string{"a,b"}}, false},
		{"another source", Selection{From: "auto", Match: []string{"a", "b"}}, false},
	} {
		if got := print(row.s) == base; got != row.same {
			t.Errorf("%s: the same policy: %t, want %t", row.name, got, row.same)
		}
	}
	if print(Selection{}) != print(Selection{From: "auto", Match: []string{}}) {
		t.Error("no source is auto")
	}
}

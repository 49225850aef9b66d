package sync

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// The rows of diffUser for one attribute, then names.
func TestDiffUser(t *testing.T) {
	for _, row := range []struct{ name, want, was, patch string }{
		{"a value, the same", "ada region=x", "ada active region=x", ""},
		{"a value, another", "ada region=y", "ada active region=x", `region "x" -> "y"`},
		{"a value, none", "ada region=y", "ada active", `region (none) -> "y"`},
		{"none, none", "ada", "ada active", ""},
		{"none, a value", "ada", "ada active region=x", `region "x" -> (none)`},
		{"none, a value left alone", "ada", "ada active region=x kept=region", ""},
		{"none, a value, another left alone", "ada", "ada active region=x kept=team", `region "x" -> (none)`},
		{"a value, one left alone", "ada region=y", "ada active region=x kept=region", `region "x" -> "y"`},

		{"a number as text", "ada region=3", "ada active region='3'", ""},
		{"a number by value", "ada region=3", "ada active region=3.0", ""},
		{"a code is no number", "ada region='007'", "ada active region=7", `region 7 -> "007"`},
		{"a list in another order", `ada region=["a","b"]`, `ada active region=["b","a"]`, ""},
		{"a list of one", `ada region=["a"]`, "ada active region='a'", ""},
		{"a longer list", `ada region=["a","b"]`, `ada active region=["a"]`, `region ["a"] -> ["a","b"]`},

		{"letter case of a username", "ada name=ADA@X.CO", "ada active", ""},
		{"letters beyond ASCII don't fold", "ada name=Ä@x.co", "ada active name=ä@x.co", "name ä@x.co -> Ä@x.co"},
		{"another username", "ada name=new@x.co", "ada active", "name ada@x.co -> new@x.co"},
		{"letter case of a display name counts", "ada display=ADA", "ada active", "display Ada -> ADA"},
		{"everything at once", "ada name=new@x.co display=New region=y", "ada active team=z",
			`name ada@x.co -> new@x.co, display Ada -> New, region (none) -> "y", team "z" -> (none)`},
	} {
		var c Change
		was, want := lines(row.was)[0].record(), lines(row.want)[0].user()
		c.Patch = diffUser(was, want, testPolicy())
		c.Before, c.After = userFacts(was, c.Patch)
		if got := trimColon(differences(c)); got != row.patch {
			t.Errorf("%s: %q, want %q", row.name, got, row.patch)
		}
		if empty := isEmpty(c.Patch); empty != (row.patch == "") {
			t.Errorf("%s: empty %t", row.name, empty)
		}
	}
}

func trimColon(s string) string {
	if len(s) > 2 {
		return s[2:]
	}
	return s
}

// An attribute that isn't managed is neither written nor cleared.
func TestDiffLooksAtManagedAttributesOnly(t *testing.T) {
	x, y := identity.Value(`"x"`), identity.Value(`"y"`)
	was := state.User{User: identity.User{UserName: "a@x.co", Attributes: map[string]identity.Value{"region": x, "shoe": x}}}
	want := identity.User{UserName: "a@x.co", Attributes: map[string]identity.Value{"region": y, "hat": y}}
	if diff := cmp.Diff(identity.UserPatch{Attributes: map[string]*identity.Value{"region": &y}}, diffUser(was, want, Policy{Attributes: []string{"region"}})); diff != "" {
		t.Error(diff)
	}
	if p := diffUser(was, want, Policy{}); !isEmpty(p) {
		t.Errorf("nothing is managed, but the patch is %+v", p)
	}
}

// Each part of a patch alone makes it one.
func TestIsEmpty(t *testing.T) {
	text, yes := "x", true
	for name, p := range map[string]identity.UserPatch{
		"userName": {UserName: &text}, "displayName": {DisplayName: &text}, "active": {Active: &yes},
		"a value": {Attributes: map[string]*identity.Value{"x": nil}},
	} {
		if isEmpty(p) {
			t.Errorf("a patch of %s is empty", name)
		}
	}
	if !isEmpty(identity.UserPatch{Attributes: map[string]*identity.Value{}}) {
		t.Error("a patch of nothing isn't empty")
	}
}

// The record after Omni did what a patch asks differs no more: of any two.
func TestDiffIsWhatMakesBothEqual(t *testing.T) {
	values := []string{"", "region=x", "region=y", "region=3", "team=x", "region=x team=y"}
	for _, a := range values {
		for _, b := range values {
			was, want := lines("ada active " + a)[0].record(), lines("ada " + b)[0].user()
			was.User = patched(was.User, diffUser(was, want, testPolicy()))
			if again := diffUser(was, want, testPolicy()); !isEmpty(again) {
				t.Errorf("from %q to %q: once more %+v", a, b, again)
			}
		}
	}
}

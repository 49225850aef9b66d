package sync

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// A protected user isn't taken out of a group, under either name; everything
// else of the same change goes on, and what is kept is told for each glob.
func TestProtectedMembersStay(t *testing.T) {
	const ledger = "ada active\nbob active\neve active\nkim active\n#sales linked ada:p bob:p eve:p"
	const same = "ada same\nbob same\neve same\nkim same\n"
	for _, row := range []struct{ name, protected, okta, want string }{
		{"nobody is", "zoe@*", same + "#sales certain", "members sales: -ada, -bob, -eve"},
		{"one is", "ADA@*", same + "#sales certain", `kept members sales: -ada | protected by users.protected "ADA@*"` + "\nmembers sales: -bob, -eve"},
		{"by Okta's name", "chief@*", same + "ada assigned name=Chief@x.co\n#sales certain",
			`kept members sales: -ada | protected by users.protected "chief@*"
			 members sales: -bob, -eve
			 kept update ada: name ada@x.co -> Chief@x.co [renames] | protected by users.protected "chief@*"`},
		{"everybody is", "*", same + "#sales certain", `kept members sales: -ada, -bob, -eve | protected by users.protected "*"`},
		{"two globs", "ada@* bob@*", same + "#sales certain",
			`kept members sales: -ada | protected by users.protected "ada@*"
			 kept members sales: -bob | protected by users.protected "bob@*"
			 members sales: -eve`},
		{"a protected user joins like anyone", "kim@*", same + "#sales certain joined=kim", "members sales: +kim, -ada, -bob, -eve"},
		{"a rename goes on", "*", same + "#sales certain name=Sell",
			`rename sales: "Sell"
			 kept members sales: -ada, -bob, -eve | protected by users.protected "*"`},
	} {
		p := testPolicy()
		p.Protected = strings.Fields(row.protected)
		got := told(scene{row.okta, ledger}.plan(p))
		sameLines(t, row.name, sortedLines(got), sortedLines(row.want))
	}
}

// A change comes right behind what it needs, and otherwise nothing moves.
func TestInNeed(t *testing.T) {
	change := func(id string, needs ...string) Change {
		c := Change{Kind: Update, User: identity.OktaID(id), State: state.Planned}
		for _, n := range needs {
			c.Needs = append(c.Needs, userSubject(identity.OktaID(n)))
		}
		return c
	}
	for _, row := range []struct {
		name string
		list []Change
		want string
	}{
		{"nothing", nil, ""},
		{"no needs", []Change{change("a"), change("b"), change("c")}, "a b c"},
		{"in order already", []Change{change("a"), change("b", "a"), change("c", "b")}, "a b c"},
		{"the wrong way round", []Change{change("a", "b"), change("b", "c"), change("c")}, "c b a"},
		{"only those who need move", []Change{change("x"), change("a", "c"), change("y"), change("c"), change("z")}, "x c a y z"},
		{"several needs, in their order", []Change{change("a", "c", "b"), change("b"), change("c")}, "c b a"},
		{"a need that isn't planned", []Change{change("a", "elsewhere"), change("b")}, "a b"},
		{"two changes of one subject", []Change{change("a", "b"), change("b"), change("b")}, "b b a"},
		{"one need of many", []Change{change("a", "z"), change("b", "z"), change("z")}, "z a b"},
	} {
		var got []string
		for _, c := range inNeed(row.list) {
			got = append(got, string(c.User))
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %v, want %s", row.name, got, row.want)
		}
	}
}

// The order for people is by name, whatever the letter case, then by id and kind.
func TestByName(t *testing.T) {
	a := Change{Name: "ada", User: "2"}
	for _, row := range []struct {
		b    Change
		want int
	}{
		{Change{Name: "ADA", User: "2"}, 0}, {Change{Name: "Bob", User: "1"}, -1}, {Change{Name: "Aaa", User: "9"}, 1},
		{Change{Name: "Ada", User: "3"}, -1}, {Change{Name: "Ada", User: "1"}, 1}, {Change{Name: "ada", User: "2", Kind: Update}, -1},
	} {
		if got := byName(a, row.b); got != row.want {
			t.Errorf("%+v: %d, want %d", row.b, got, row.want)
		}
		if got := byName(row.b, a); got != -row.want {
			t.Errorf("%+v, the other way: %d, want %d", row.b, got, -row.want)
		}
	}
}

// A change as people and the log see it: a user by userName, a group by name,
// with both sides' ids and nothing lost.
func TestTell(t *testing.T) {
	before, after := &state.Facts{UserName: "a"}, &state.Facts{UserName: "b"}
	for _, row := range []struct {
		c    Change
		want state.Change
	}{
		{Change{Kind: Update, User: "00u1", Omni: "o1", Name: "a@x.co", State: state.Failed, Reason: "r", Error: "e", Before: before, After: after, Guard: "g", Retry: time.Hour},
			state.Change{Kind: "update", UserName: "a@x.co", OktaID: "00u1", OmniID: "o1", State: state.Failed, Reason: "r", Error: "e", Before: before, After: after}},
		{Change{Kind: Members, Group: "00g1", Omni: "t1", Name: "Sales", State: state.Held},
			state.Change{Kind: "members", Group: "Sales", OktaID: "00g1", OmniID: "t1", State: state.Held}},
	} {
		if diff := cmp.Diff(row.want, row.c.tell()); diff != "" {
			t.Error(diff)
		}
	}
	c := aRun().told(Change{Kind: Update, User: "00u1"})
	if c.Run != "run1" || c.Cause != "test" || c.Time.IsZero() {
		t.Errorf("in a run it is told as %+v", c)
	}
}

// The facts of a patch are those that it touches, before and after.
func TestFactsOfAPatch(t *testing.T) {
	x, y := identity.Value(`"x"`), identity.Value(`"y"`)
	name, yes, no := "new@x.co", true, false
	was := state.User{User: identity.User{UserName: "old@x.co", DisplayName: "Old", Attributes: map[string]identity.Value{"region": x, "team": x}}}
	before, after := userFacts(was, identity.UserPatch{UserName: &name, Active: &yes, Attributes: map[string]*identity.Value{"region": &y, "team": nil, "new": &y}})
	wantBefore := &state.Facts{UserName: "old@x.co", Active: &no, Attributes: map[string]*identity.Value{"region": &x, "team": &x, "new": nil}}
	wantAfter := &state.Facts{UserName: "new@x.co", Active: &yes, Attributes: map[string]*identity.Value{"region": &y, "team": nil, "new": &y}}
	if diff := cmp.Diff(wantBefore, before) + cmp.Diff(wantAfter, after); diff != "" {
		t.Error(diff)
	}
	before, after = userFacts(was, identity.UserPatch{})
	if diff := cmp.Diff(&state.Facts{}, before) + cmp.Diff(&state.Facts{}, after); diff != "" {
		t.Errorf("nothing touches\n%s", diff)
	}
	f := wholeFacts(identity.User{UserName: "a@x.co", DisplayName: "A", Attributes: map[string]identity.Value{"region": x}})
	if diff := cmp.Diff(&state.Facts{UserName: "a@x.co", DisplayName: "A", Active: &yes, Attributes: map[string]*identity.Value{"region": &x}}, f); diff != "" {
		t.Errorf("who comes is told as\n%s", diff)
	}
}

// Which name is told, and which globs protect it.
func TestProtectedGlobs(t *testing.T) {
	for _, row := range []struct{ globs, names, want string }{
		{"", "ada@x.co", ""}, {"ada@x.co", "ada@x.co", "ada@x.co"}, {"ADA@X.CO", "ada@x.co", "ADA@X.CO"}, {"*@x.co", "Ada@X.Co", "*@x.co"},
		{"a?a@x.co", "ada@x.co", "a?a@x.co"}, {"[a-c]*@x.co", "bob@x.co", "[a-c]*@x.co"}, {"[ bob@*", "bob@x.co", "bob@*"}, {"bob@*", "ada@x.co bob@x.co", "bob@*"},
		{"ada", "ada@x.co", ""}, {"*", "ada@x.co", "*"}, {"*", "", "*"}, {"first@* *", "ada@x.co", "*"},
	} {
		pl := &planner{policy: Policy{Protected: strings.Fields(row.globs)}}
		names := strings.Fields(row.names)
		if row.names == "" {
			names = []string{""}
		}
		if got := pl.protected(names...); got != row.want {
			t.Errorf("%q of %q: %q, want %q", row.globs, row.names, got, row.want)
		}
	}
}

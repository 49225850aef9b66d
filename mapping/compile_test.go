package mapping_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/mapping"
)

// TestProblems is what a person reads after a slip in an expression.
func TestProblems(t *testing.T) {
	scope := func(e string) mapping.Rules { return mapping.Rules{Scope: e} }
	name := func(e string) mapping.Rules { return mapping.Rules{Scope: "true", DisplayName: e} }
	attribute := func(n, e string) mapping.Rules {
		return mapping.Rules{Scope: "true", Attributes: map[string]string{n: e}}
	}
	group := func(e string) mapping.Rules { return mapping.Rules{Scope: "true", GroupName: e} }
	tests := []struct {
		rules        mapping.Rules
		path         string
		line, column int
		message      string
	}{
		{scope(""), "users.scope", 0, 0, "is empty; write an expression that gives true or false"},
		{scope(`"yes"`), "users.scope", 1, 1, "gives text where true or false belongs"},
		{scope("usr.x == 1"), "users.scope", 1, 1, "did you mean 'user'?"},
		{scope("user.x ==\n  asignment.scope"), "users.scope", 2, 3, "did you mean 'assignment'?"},
		{scope(`user.x == "a" &&`), "users.scope", 1, 17, "Syntax error"},
		{scope(`user.x = "a"`), "users.scope", 1, 8, "Syntax error"},
		{name("1 + 1"), "users.display_name", 1, 1, "gives a number where text belongs"},
		{name("user.firstName.upperAsci()"), "users.display_name", 1, 25, "did you mean 'upperAscii'?"},
		{attribute("a", " "), "users.attributes.a", 0, 0, "is empty"},
		{attribute("a", "okta.stat"), "users.attributes.a", 1, 5, "okta has no field stat; did you mean 'status'? (known here: id, login, profile, status)"},
		{attribute("a", "has(assignment.name)"), "users.attributes.a", 1, 15, "assignment has no field name; known here: scope, userName"},
		{attribute("a", `okta["logn"]`), "users.attributes.a", 1, 5, "did you mean 'login'?"},
		{attribute("a", `user.tags.exists(okta, okta.stat == 1) ? app.x : asignment.scope`), "users.attributes.a", 1, 50, "undeclared reference to 'asignment' (did you mean 'assignment'?)"},
		{attribute("a", "group.name"), "users.attributes.a", 1, 1, "the variable group is known in groups.name only; did you mean 'groups'? (known here: user, app, okta, assignment, groups)"},
		{attribute("a", `groups == "EMEA"`), "users.attributes.a", 1, 8, "no matching overload"},
		{attribute("a", `groups.exists(g, g == 3)`), "users.attributes.a", 1, 20, "no matching overload"},
		{group(`"x" + user.department`), "groups.name", 1, 7, "the variable user is known in users.* only; known here: group"},
		{group(`groups[0]`), "groups.name", 1, 1, "the variable groups is known in users.* only; did you mean 'group'?"},
		{group("group.nam"), "groups.name", 1, 6, "group has no field nam; did you mean 'name'? (known here: id, name, type)"},
		{group("grup.name"), "groups.name", 1, 1, "did you mean 'group'?"},
		{group("size(group.name)"), "groups.name", 1, 1, "gives a number where text belongs"},
		{group("group.name +"), "groups.name", 1, 13, "Syntax error"},
		{attribute("a", "has(user)"), "users.attributes.a", 1, 5, "has() takes a field"},
		{attribute("a", `{"x": 1}`), "users.attributes.a", 1, 1, "gives a map where"},
		{attribute("a", `b"x"`), "users.attributes.a", 1, 1, "gives bytes where"},
		{attribute("a", `timestamp("2024-01-01T00:00:00Z")`), "users.attributes.a", 1, 1, "gives a point in time where"},
		{attribute("a", `duration("1h")`), "users.attributes.a", 1, 1, "gives a span of time where"},
		{attribute("a", `1 + "x"`), "users.attributes.a", 1, 3, "no matching overload"},
		{attribute("a", `or("x")`), "users.attributes.a", 1, 3, "no matching overload"},
		{attribute("a", `user.x.matches("(")`), "users.attributes.a", 1, 16, "invalid matches argument"},
		{attribute("a", `user.x.map(x, y)`), "users.attributes.a", 1, 15, "undeclared reference to 'y'"},
		{attribute("a", "@read(user, 1)"), "users.attributes.a", 1, 1, "Syntax error"},
		{attribute("a", strings.Repeat("x", 5000)), "users.attributes.a", 0, 0, "size"},
		{attribute("a", strings.Repeat("(", 3000)), "users.attributes.a", 0, 0, "recursion limit"},
		{attribute("omni_is_org_admin", "true"), "users.attributes.omni_is_org_admin", 0, 0, "one of Omni's own"},
		{attribute("OMNI_user_id", "true"), "users.attributes.OMNI_user_id", 0, 0, "one of Omni's own"},
		{attribute("", "true"), "users.attributes.", 0, 0, "Omni reference"},
		{attribute("a ", "true"), "users.attributes.a ", 0, 0, "Omni reference"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.path, " ", tt.message), func(t *testing.T) {
			m, problems := mapping.Compile(tt.rules)
			if m != nil || len(problems) == 0 {
				t.Fatal("compiles")
			}
			p := problems[0]
			if p.Path != tt.path || p.Line != tt.line || p.Column != tt.column || !strings.Contains(p.Message, tt.message) {
				t.Errorf("problem %#v, want %s at %d:%d: ...%s", p, tt.path, tt.line, tt.column, tt.message)
			}
		})
	}
}

func TestAllProblemsAtOnceInOrder(t *testing.T) {
	_, problems := mapping.Compile(mapping.Rules{
		Scope: "usr", DisplayName: "3",
		Attributes: map[string]string{"b": "x", "omni_a": "y", "c": `"fine"`},
	})
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
		if !strings.HasPrefix(p.String(), p.Path+": ") || !strings.HasSuffix(p.String(), p.Message) {
			t.Errorf("text of the problem: %q", p)
		}
	}
	want := []string{"users.scope", "users.display_name", "users.attributes.b", "users.attributes.omni_a", "users.attributes.omni_a"}
	if !slices.Equal(paths, want) {
		t.Errorf("paths %q, want %q", paths, want)
	}
}

func TestAttributesAndFingerprint(t *testing.T) {
	rules := mapping.Rules{Scope: "true", Attributes: map[string]string{"b": "1", "a": "2"}}
	m := compile(t, rules)
	if got := m.Attributes(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("Attributes() = %q", got)
	}
	m.Attributes()[0] = "changed"
	if m.Attributes()[0] != "a" {
		t.Error("a caller can change the mapper's names")
	}
	if m.Fingerprint() != compile(t, rules).Fingerprint() || m.Fingerprint() == "" {
		t.Error("one set of rules has two fingerprints")
	}
	none, empty := compile(t, mapping.Rules{}), compile(t, mapping.Rules{Attributes: map[string]string{}})
	if none.Fingerprint() != empty.Fingerprint() {
		t.Error("no attributes and an empty map differ")
	}
	for _, other := range []mapping.Rules{
		{Scope: "1 == 1", Attributes: rules.Attributes},
		{Scope: "true", DisplayName: `"x"`, Attributes: rules.Attributes},
		{Scope: "true", Attributes: map[string]string{"b": "1", "a": "3"}},
		{Scope: "true", Attributes: map[string]string{"b": "1"}},
	} {
		if compile(t, other).Fingerprint() == m.Fingerprint() {
			t.Errorf("%v has the same fingerprint as %v", other, rules)
		}
	}
}

// TestHostileExpressionEnds tells that no expression can hang a run.
func TestHostileExpressionEnds(t *testing.T) {
	list := "[" + strings.Repeat("1,", 200) + "1]"
	doubling := `["a"]`
	for range 40 {
		doubling = "[" + doubling + "].map(x, x + x)[0]"
	}
	quoting := `user.firstName`
	for range 40 {
		quoting = "strings.quote(" + quoting + ")"
	}
	for name, expression := range map[string]string{
		"growing quotes":         quoting + " + \"\"",
		"growing text in a loop": "user.tags" + strings.Repeat(".map(x, x + x)", 40),
		"growing joins":          "user.tags" + strings.Repeat(`.join("ab").split("")`, 40),
		"loops in loops":         fmt.Sprintf("%s.map(a, %s.map(b, %s.map(c, %s.map(d, a))))[0][0][0]", list, list, list, list),
		"growing text":           "user.firstName" + strings.Repeat(`.replace("", "aaaaaaaaaaaaaaaa")`, 30),
		"growing list":           doubling,
	} {
		t.Run(name, func(t *testing.T) {
			m := compile(t, mapping.Rules{Attributes: map[string]string{"a": expression}})
			begun := time.Now()
			_, _, err := m.Map(ada())
			if !fault.Is(err, fault.Doubt) || !strings.Contains(err.Error(), "takes too long") {
				t.Errorf("Map: %v, want that it takes too long", err)
			}
			if d := time.Since(begun); d > 10*time.Second {
				t.Errorf("Map took %v", d)
			}
		})
	}
}

func TestMapFromManyGoroutines(t *testing.T) {
	m := compile(t, mapping.Rules{Scope: `has(user.tags)`, DisplayName: `or(user.nothing, user.firstName)`,
		Attributes: map[string]string{"a": `user.tags.map(x, x + "!")`, "b": `{"x": 1, "y": 2}.map(k, k)`}})
	a := ada()
	want, _, err := m.Map(a)
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			for range 200 {
				if u, in, err := m.Map(a); err != nil || !in || !u.Equal(want) {
					errs <- fmt.Errorf("Map = %v, %v, %w", u, in, err)
					return
				}
			}
			errs <- nil
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

package mapping_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/mapping"
)

// slow is longer than any expression may take, on a machine that has other work.
const slow = 10 * time.Second

// FuzzExpression: what compiles gives one result, twice the same, or doubt, within
// bounds of time and memory. The same text names groups.
func FuzzExpression(f *testing.F) {
	for _, e := range []string{"user.a", "has(user.a.b)", `or(user.a, "x")`, "user.tags.map(t, t)[0]", `{"b": 1, "a": 2}.map(k, k)`,
		"okta.profile", `user["x"].y[3]`, "(", "1/0", `user.phones.filter(p, has(p.type))`, "[user, app].map(x, x.a)[1]", `"%s".format([user])`, `groups.filter(g, g.startsWith("E"))`,
		`"EMEA" in groups ? cut(user.a, 3) : null`, `group.name.replace("a", "b")`, `user.tags.map(x, x + x).map(x, x + x)`, `user.a.matches("(a*)*$")`,
		`strings.quote(user.a)`, `{"a": groups}["a"].exists_one(g, g == user["x"][0])`, `user.x + user.x == [user.x, user.x]`} {
		f.Add(e)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		m, problems := mapping.Compile(mapping.Rules{Scope: "true", Attributes: map[string]string{"a": expression}})
		if (m == nil) == (len(problems) == 0) {
			t.Fatalf("mapper %v and problems %v", m, problems)
		}
		if m == nil {
			return
		}
		begun := time.Now()
		u, in, err := m.Map(ada())
		if d := time.Since(begun); d > slow {
			t.Fatalf("one user takes %v", d)
		}
		v, _, again := m.Map(ada())
		if err != nil && !fault.Is(err, fault.Doubt) || err == nil && !in {
			t.Fatalf("Map: %v, %v", in, err)
		}
		if (err == nil) != (again == nil) || !u.Equal(v) {
			t.Fatalf("two results: %v %v and %v %v", u, err, v, again)
		}
		list, broken := m.Explain(ada())
		if broken != nil || len(list) != 3 || (list[2].Err == nil) != (err == nil) {
			t.Fatalf("explained as %v, %v; mapped with %v", list, broken, err)
		}
	})
}

// FuzzGroupName: what compiles names a group, or is doubt.
func FuzzGroupName(f *testing.F) {
	for _, e := range []string{"group.name", "cut(group.name, 64)", `group.type == "BUILT_IN" ? null : group.id`, "group.x", "user.a", `group.map(k, group[k])[0]`} {
		f.Add(e, "Sales")
	}
	f.Fuzz(func(t *testing.T, expression, name string) {
		m, problems := mapping.Compile(mapping.Rules{Scope: "true", GroupName: expression})
		if (m == nil) == (len(problems) == 0) {
			t.Fatalf("mapper %v and problems %v", m, problems)
		}
		if m == nil {
			return
		}
		got, err := m.GroupName(identity.Group{ID: "00g1", Name: name})
		if (got == "") != fault.Is(err, fault.Doubt) || strings.TrimSpace(got) != got {
			t.Fatalf("name %q, %v", got, err)
		}
	})
}

// FuzzCandidate: what compiles names somebody by an address, names nobody, or is doubt.
func FuzzCandidate(f *testing.F) {
	for _, e := range []string{"a@b.example", "user.managerEmail", "o'b@c.example", `or(user.x, "a@b.example")`, "'a@'", "@", "user.level"} {
		f.Add(e)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		m, problems := mapping.Compile(mapping.Rules{Scope: "true", Candidates: []string{entry}})
		if (m == nil) == (len(problems) == 0) {
			t.Fatalf("mapper %v and problems %v", m, problems)
		}
		if m == nil {
			return
		}
		for _, c := range m.Candidates(ada()) {
			if c.Err != nil && (c.Email != "" || !fault.Is(c.Err, fault.Doubt)) || c.Email != "" && !strings.Contains(c.Email, "@") {
				t.Fatalf("%+v", c)
			}
		}
	})
}

// FuzzProfile: any JSON that Okta may send as profiles gives a canonical user,
// twice the same, or doubt.
func FuzzProfile(f *testing.F) {
	f.Add(`{"a": 1, "tags": ["x", null, 2]}`, `{"a": null}`)
	f.Add(`{"a": {"b": {"c": []}}}`, `{"a": {"b": null}}`)
	f.Add(`{"a": 1e400, "tags": {"x": 1}}`, `{}`)
	m := compile(f, mapping.Rules{Attributes: map[string]string{
		"plain": "user.a", "nested": "user.a.b.c", "or": `or(user.a, okta.profile.tags)`, "has": "has(user.a.b)",
		"list": "user.tags.map(t, t)", "keys": "user.map(k, k)", "same": "user.a == app.a"}})
	f.Fuzz(func(t *testing.T, profile, app string) {
		a := ada()
		a.Profile, a.App = nil, nil
		if json.Unmarshal([]byte(profile), &a.Profile) != nil || json.Unmarshal([]byte(app), &a.App) != nil {
			return
		}
		u, _, err := m.Map(a)
		v, _, again := m.Map(a)
		if err != nil && !fault.Is(err, fault.Doubt) {
			t.Fatalf("Map: %v", err)
		}
		if (err == nil) != (again == nil) || !u.Equal(v) {
			t.Fatalf("two results: %v %v and %v %v", u, err, v, again)
		}
	})
}

package mapping_test

import (
	"encoding/json"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/mapping"
)

// FuzzExpression: what compiles gives one result, twice the same, or doubt.
func FuzzExpression(f *testing.F) {
	for _, e := range []string{"user.a", "has(user.a.b)", `or(user.a, "x")`, "user.tags.map(t, t)[0]", `{"b": 1, "a": 2}.map(k, k)`,
		"okta.profile", `user["x"].y[3]`, "(", "1/0", `user.phones.filter(p, has(p.type))`, "[user, app].map(x, x.a)[1]", `"%s".format([user])`} {
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
		u, in, err := m.Map(ada())
		v, _, again := m.Map(ada())
		if err != nil && !fault.Is(err, fault.Doubt) || err == nil && !in {
			t.Fatalf("Map: %v, %v", in, err)
		}
		if (err == nil) != (again == nil) || !u.Equal(v) {
			t.Fatalf("two results: %v %v and %v %v", u, err, v, again)
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

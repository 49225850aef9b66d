package mapping_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/mapping"
)

// ada is a full assignment, from which tests take away.
func ada() identity.Assignment {
	return identity.Assignment{
		ID: "00u1", Status: "ACTIVE", Account: "PASSWORD_EXPIRED", Scope: "GROUP",
		UserName: " Ada@Acme.com ", Login: "ada.l@acme.com",
		App: map[string]any{"region": "emea", "department": nil, "team": "core"},
		Profile: map[string]any{
			"firstName": "Ada", "lastName": "Lovelace", "displayName": "Ada L.", "department": "R&D", "team": "base",
			"level": float64(7), "ratio": 0.5, "manager": nil, "contractor": false, "empty": "", "none": []any{},
			"tags":    []any{"b", "a", "b"},
			"address": map[string]any{"city": "London", "zip": nil, "geo": map[string]any{"lat": 51.5}},
			"phones":  []any{map[string]any{"type": "work", "number": "1"}, map[string]any{"number": "2"}},
		},
	}
}

func compile(t testing.TB, rules mapping.Rules) *mapping.Mapper {
	t.Helper()
	if rules.Scope == "" {
		rules.Scope = "true"
	}
	m, problems := mapping.Compile(rules)
	if len(problems) > 0 {
		t.Fatalf("Compile: %v", problems)
	}
	return m
}

// TestExpressions is the language as users see it: what an attribute becomes.
func TestExpressions(t *testing.T) {
	tests := []struct {
		name, expression string
		want             identity.Value // "": absent
	}{
		{"a field", `user.firstName`, `"Ada"`},
		{"app wins over Okta", `user.team`, `"core"`},
		{"a null of the app doesn't", `user.department`, `"R&D"`},
		{"app alone", `app.department`, ``},
		{"okta alone", `okta.profile.team`, `"base"`},
		{"okta's id", `okta.id`, `"00u1"`},
		{"okta's status", `okta.status`, `"PASSWORD_EXPIRED"`},
		{"okta's login", `okta.login`, `"ada.l@acme.com"`},
		{"scope of the assignment", `assignment.scope`, `"GROUP"`},
		{"userName trimmed, case kept", `assignment.userName`, `"Ada@Acme.com"`},
		{"missing", `user.nothing`, ``},
		{"null", `user.manager`, ``},
		{"missing equals null", `user.nothing == null`, `"true"`},
		{"has a value", `has(user.firstName)`, `"true"`},
		{"has false", `has(user.contractor)`, `"true"`},
		{"has the empty text", `has(user.empty)`, `"true"`},
		{"has not the missing", `has(user.nothing)`, `"false"`},
		{"has not the null", `has(user.manager)`, `"false"`},
		{"has in depth", `has(user.address.city)`, `"true"`},
		{"has not in depth", `has(user.nothing.city.name)`, `"false"`},
		{"in", `"firstName" in user`, `"true"`},
		{"null isn't in", `"manager" in user`, `"false"`},
		{"nested", `user.address.city`, `"London"`},
		{"nested null", `user.address.zip`, ``},
		{"nested missing", `user.nothing.city`, ``},
		{"nested deep", `user.address.geo.lat`, `51.5`},
		{"nested deep missing", `user.address.nothing.lat`, ``},
		{"nested by index", `user["address"]["city"]`, `"London"`},
		{"index on missing", `user.nothing[0].number`, ``},
		{"index", `user.phones[0].number`, `"1"`},
		{"missing in a list's map", `user.phones.filter(p, p.type == "work").map(p, p.number)`, `["1"]`},
		{"filter out all", `user.phones.filter(p, p.type == "fax").map(p, p.number)`, ``},
		{"or takes the first", `or(user.firstName, "x")`, `"Ada"`},
		{"or on missing", `or(user.nothing, "x")`, `"x"`},
		{"or on empty text", `or(user.empty, "x")`, `"x"`},
		{"or on empty list", `or(user.none, ["x"])`, `["x"]`},
		{"or keeps false", `or(user.contractor, true)`, `"false"`},
		{"or keeps zero", `or(0, 1)`, `0`},
		{"or of nothing", `or(user.nothing, null)`, ``},
		{"field of or", `or(user.nothing, user.address).city`, `"London"`},
		{"a list is a set", `user.tags`, `["a","b"]`},
		{"empty list", `user.none`, ``},
		{"empty text is a value", `user.empty`, `""`},
		{"whole number", `user.level`, `7`},
		{"number compares", `user.level > 5`, `"true"`},
		{"fraction", `user.ratio`, `0.5`},
		{"int", `size(user.tags)`, `3`},
		{"unsigned", `3u`, `3`},
		{"boolean", `user.contractor`, `"false"`},
		{"condition", `user.level > 5 ? "senior" : "junior"`, `"senior"`},
		{"concatenation", `user.firstName + "-" + user.team`, `"Ada-core"`},
		{"lower case", `user.department.lowerAscii()`, `"r&d"`},
		{"split", `assignment.userName.split("@")[1]`, `"Acme.com"`},
		{"regular expression", `user.firstName.matches("^A")`, `"true"`},
		{"keys come sorted", `user.address.map(k, k)[0]`, `"city"`},
		{"keys of a map written out come sorted", `{"c": 1, "a": 2, "b": 3}.map(k, k)[0]`, `"a"`},
		{"nulls aren't counted", `size(user.address)`, `2`},
		{"maps are equal", `user.address == okta.profile.address`, `"true"`},
		{"maps differ", `user.address == {"city": "Paris"}`, `"false"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := compile(t, mapping.Rules{Attributes: map[string]string{"a": tt.expression}})
			for range 5 {
				u, _, err := m.Map(ada())
				if err != nil {
					t.Fatal(err)
				}
				if got := u.Attributes["a"]; got != tt.want {
					t.Fatalf("%s = %q, want %q", tt.expression, got, tt.want)
				}
			}
		})
	}
}

func TestFailingExpressionIsDoubt(t *testing.T) {
	tests := []struct{ expression, want string }{
		{`user.nothing + "x"`, "no such overload"},
		{`user.tags[9]`, "out of range"},
		{`int(user.firstName)`, "conversion"},
		{`user.firstName.city`, "can't be read from text"},
		{`user.firstName.nothing.city`, "can't be read from text"},
		{`user.address`, "a map"},
		{`user.phones`, "a map"},
		{`[[1]]`, "list inside a list"},
		{`or(user.nothing, timestamp("2024-01-01T00:00:00Z"))`, "a point in time"},
		{`or(user.nothing, 0.0/0.0)`, "NaN"},
	}
	for _, tt := range tests {
		t.Run(tt.expression, func(t *testing.T) {
			m := compile(t, mapping.Rules{Attributes: map[string]string{"fine": `"x"`, "region": tt.expression}})
			u, _, err := m.Map(ada())
			if !fault.Is(err, fault.Doubt) {
				t.Fatalf("Map = %v, %v; want doubt", u, err)
			}
			if !strings.Contains(err.Error(), "users.attributes.region") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q lacks the key or %q", err, tt.want)
			}
			if u.Attributes != nil {
				t.Errorf("a failed user has attributes %v", u.Attributes)
			}
		})
	}
}

func TestScope(t *testing.T) {
	tests := []struct {
		scope   string
		in      bool
		failure string
	}{
		{`true`, true, ""},
		{`false`, false, ""},
		{`user.department == "R&D"`, true, ""},
		{`user.nothing == "R&D"`, false, ""},
		{`has(user.nothing)`, false, ""},
		{`user.nothing`, false, "null"},
		{`user.firstName`, false, "gives text where true or false belongs"},
		{`user.nothing > 3`, false, "no such overload"},
	}
	for _, tt := range tests {
		t.Run(tt.scope, func(t *testing.T) {
			u, in, err := compile(t, mapping.Rules{Scope: tt.scope}).Map(ada())
			if in != tt.in {
				t.Errorf("in scope: %v, want %v", in, tt.in)
			}
			if (err == nil) != (tt.failure == "") || err != nil && !strings.Contains(err.Error(), tt.failure) {
				t.Errorf("error %v, want %q", err, tt.failure)
			}
			if !in && !u.Equal(identity.User{}) {
				t.Errorf("user outside the scope: %v", u)
			}
		})
	}
}

func TestDisplayName(t *testing.T) {
	full := func() map[string]any {
		return map[string]any{"displayName": " Ada L. ", "firstName": "Ada", "lastName": "Lovelace"}
	}
	without := func(names ...string) map[string]any {
		p := full()
		for _, n := range names {
			delete(p, n)
		}
		return p
	}
	tests := []struct {
		name, expression string
		profile, app     map[string]any
		want, failure    string
	}{
		{"displayName", "", full(), nil, "Ada L.", ""},
		{"first and last", "", without("displayName"), nil, "Ada Lovelace", ""},
		{"first alone", "", without("displayName", "lastName"), nil, "Ada", ""},
		{"last alone", "", without("displayName", "firstName"), nil, "Lovelace", ""},
		{"userName", "", map[string]any{}, nil, "Ada@Acme.com", ""},
		{"blank falls back", "", map[string]any{"displayName": "  ", "firstName": "", "lastName": nil}, nil, "Ada@Acme.com", ""},
		{"no text falls back", "", map[string]any{"displayName": 7.0}, nil, "Ada@Acme.com", ""},
		{"the app's name wins", "", full(), map[string]any{"displayName": "Countess"}, "Countess", ""},
		{"blank expression", "  ", full(), nil, "Ada L.", ""},
		{"expression", `user.lastName + ", " + user.firstName`, full(), nil, "Lovelace, Ada", ""},
		{"expression is trimmed", `" x "`, full(), nil, "x", ""},
		{"null falls back", `user.nothing`, full(), nil, "Ada L.", ""},
		{"empty falls back", `""`, full(), nil, "Ada L.", ""},
		{"blank falls back too", `" "`, without("displayName"), nil, "Ada Lovelace", ""},
		{"number fails", `or(user.nothing, 3)`, full(), nil, "", "a number"},
		{"failure doesn't fall back", `user.nothing + "x"`, full(), nil, "", "no such overload"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := ada()
			a.Profile, a.App = tt.profile, tt.app
			u, _, err := compile(t, mapping.Rules{DisplayName: tt.expression}).Map(a)
			if (err == nil) != (tt.failure == "") || err != nil && !strings.Contains(err.Error(), tt.failure) {
				t.Fatalf("error %v, want %q", err, tt.failure)
			}
			if u.DisplayName != tt.want {
				t.Errorf("display name %q, want %q", u.DisplayName, tt.want)
			}
		})
	}
}

func TestMapLeavesTheAssignmentAlone(t *testing.T) {
	a := ada()
	m := compile(t, mapping.Rules{Attributes: map[string]string{"a": `user.tags`, "b": `user.map(k, k)`}})
	if _, _, err := m.Map(a); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ada(), a); diff != "" {
		t.Errorf("the assignment changed:\n%s", diff)
	}
}

func TestUnreadProfileIsDoubt(t *testing.T) {
	a := ada()
	a.Profile = nil
	if _, _, err := compile(t, mapping.Rules{}).Map(a); !fault.Is(err, fault.Doubt) {
		t.Errorf("Map without a profile: %v, want doubt", err)
	}
}

func TestUserNameKeepsItsCase(t *testing.T) {
	u, _, err := compile(t, mapping.Rules{}).Map(ada())
	if err != nil || u.UserName != "Ada@Acme.com" {
		t.Errorf("userName %q, %v; want Ada@Acme.com", u.UserName, err)
	}
}

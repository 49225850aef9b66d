package mapping_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/mapping"
)

// TestGroups is what expressions can do with the names of a user's groups.
func TestGroups(t *testing.T) {
	some, none := []string{"AMER", "EMEA", "Finance"}, []string(nil)
	tests := []struct {
		expression string
		groups     []string
		want       identity.Value
	}{
		{`groups`, some, `["AMER","EMEA","Finance"]`},
		{`groups`, none, ``},
		{`groups.exists(g, g == "EMEA")`, some, `"true"`},
		{`groups.exists(g, g == "EMEA")`, none, `"false"`},
		{`"EMEA" in groups`, some, `"true"`},
		{`"emea" in groups`, some, `"false"`},
		{`"EMEA" in groups ? "emea" : null`, none, ``},
		{`groups.filter(g, g in ["AMER", "EMEA", "APAC"])`, some, `["AMER","EMEA"]`},
		{`groups.filter(g, g in ["AMER", "EMEA", "APAC"])`, none, ``},
		{`groups.filter(g, g.startsWith("F")).map(g, g.lowerAscii())`, some, `["finance"]`},
		{`or(groups.filter(g, g.startsWith("x")), ["all"])`, some, `["all"]`},
		{`size(groups)`, some, `3`},
		{`groups.all(g, g != user.department)`, some, `"true"`},
		{`groups + ["all"]`, some, `["AMER","EMEA","Finance","all"]`},
		{`groups[0]`, some, `"AMER"`},
	}
	for _, tt := range tests {
		t.Run(tt.expression, func(t *testing.T) {
			a := ada()
			a.Groups = tt.groups
			u, _, err := compile(t, mapping.Rules{Attributes: map[string]string{"a": tt.expression}}).Map(a)
			if err != nil || u.Attributes["a"] != tt.want {
				t.Errorf("gives %q, %v; want %q", u.Attributes["a"], err, tt.want)
			}
		})
	}
	a := ada()
	a.Groups = some
	u, in, err := compile(t, mapping.Rules{Scope: `"EMEA" in groups`, DisplayName: `user.firstName + " (" + groups[2] + ")"`}).Map(a)
	if err != nil || !in || u.DisplayName != "Ada (Finance)" {
		t.Errorf("scope and display name: %v, %v, %v", u, in, err)
	}
}

// TestUsesGroups goes by what is read, not by how the text looks.
func TestUsesGroups(t *testing.T) {
	tests := []struct {
		rules mapping.Rules
		want  bool
	}{
		{mapping.Rules{}, false},
		{mapping.Rules{Scope: `"EMEA" in groups`}, true},
		{mapping.Rules{DisplayName: `groups.exists(g, g == "x") ? "x" : user.displayName`}, true},
		{mapping.Rules{Attributes: map[string]string{"a": `"x"`, "b": `user.tags.filter(t, t in groups)`}}, true},
		{mapping.Rules{Attributes: map[string]string{"a": `or(user.x, groups)`}}, true},
		{mapping.Rules{Attributes: map[string]string{"a": `user.list[size(groups)]`}}, true},
		{mapping.Rules{Attributes: map[string]string{"a": `[{"x": groups}.x][0]`}}, true},
		{mapping.Rules{Attributes: map[string]string{"a": `.groups`}}, true},
		{mapping.Rules{Attributes: map[string]string{"a": `groups.exists(groups, groups == "x")`}}, true},
		{mapping.Rules{Attributes: map[string]string{"a": `user.tags.exists(groups, groups == "x")`}}, false},
		{mapping.Rules{Attributes: map[string]string{"a": `user.tags.exists(groups, .groups == ["x"])`}}, true},
		{mapping.Rules{Attributes: map[string]string{"a": `user.groups`, "b": `"groups"`, "c": `app["groups"]`}}, false},
		{mapping.Rules{GroupName: `group.name + "!"`}, false},
	}
	for _, tt := range tests {
		if got := compile(t, tt.rules).UsesGroups(); got != tt.want {
			t.Errorf("%+v: UsesGroups() = %v, want %v", tt.rules, got, tt.want)
		}
	}
}

func TestGroupName(t *testing.T) {
	long := strings.Repeat("ü", 70)
	tests := []struct {
		expression, name, want, failure string
	}{
		{``, "Sales", "Sales", ""},
		{`group.name`, " Sales ", "Sales", ""},
		{`  group.name  `, "Sales", "Sales", ""},
		{`group.name`, long, long, ""},
		{`cut(group.name, 64)`, long, long[:2*64], ""},
		{`cut(group.name, 64)`, "Sales", "Sales", ""},
		{`cut(group.name, 5)`, "Sales", "Sales", ""},
		{`cut(group.name, 5)`, "Acme Sales", "Acme", ""},
		{`"Okta " + group.name`, "Sales", "Okta Sales", ""},
		{`group.name.startsWith("omni-") ? group.name.substring(5) : group.name`, "omni-Sales", "Sales", ""},
		{`group.name.replace("_", " ")`, "North_East", "North East", ""},
		{`group.type == "BUILT_IN" ? group.id : group.name`, "Sales", "Sales", ""},
		{`group.id`, "Sales", "00g1", ""},
		{`group["name"]`, "Sales", "Sales", ""},
		{``, " ", "", "gives no name for Okta's group 00g1"},
		{`" "`, "Sales", "", "gives no name"},
		{`null`, "Sales", "", "gives no name"},
		{`group.name.substring(0, 64)`, "Sales", "", "index out of range"},
		{`or(null, 3)`, "Sales", "", "gives a number where text belongs"},
		{`cut(group.name, -1)`, "Sales", "", "can't give -1 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.expression+" "+cutTo(tt.name, 9), func(t *testing.T) {
			m := compile(t, mapping.Rules{GroupName: tt.expression})
			got, err := m.GroupName(identity.Group{ID: "00g1", Name: tt.name, Type: "OKTA_GROUP"})
			if got != tt.want {
				t.Errorf("gives %q, %v; want %q", got, err, tt.want)
			}
			if tt.failure == "" && err == nil {
				return
			}
			if !fault.Is(err, fault.Doubt) || !strings.Contains(err.Error(), tt.failure) || !strings.HasPrefix(err.Error(), "groups.name: ") {
				t.Errorf("error %v, want doubt about groups.name with %q", err, tt.failure)
			}
			if fault.HintOf(err) == "" {
				t.Errorf("error %v has no hint", err)
			}
		})
	}
}

func cutTo(s string, n int) string { return s[:min(n, len(s))] }

// TestGroupNameInTheFingerprint: who doesn't set it keeps the fingerprint of old.
func TestGroupNameInTheFingerprint(t *testing.T) {
	const before = "WQrtu-EkNM-rFwsTBNQ6wA"
	rules := mapping.Rules{Scope: "true", DisplayName: "user.displayName", Attributes: map[string]string{"region": "user.region"}}
	plain := compile(t, rules).Fingerprint()
	if plain != before {
		t.Errorf("fingerprint %q, was %q before there were group names: an upgrade would hold everybody", plain, before)
	}
	for name, same := range map[string]bool{"": true, "group.name": true, " group.name\n": true, "cut(group.name, 64)": false} {
		rules.GroupName = name
		if got := compile(t, rules).Fingerprint(); (got == plain) != same {
			t.Errorf("groups.name %q: same fingerprint %v, want %v", name, got == plain, same)
		}
	}
}

// TestExplain tells what each expression reads and gives, whatever the others do.
func TestExplain(t *testing.T) {
	a := ada()
	a.Groups = []string{"EMEA"}
	rules := mapping.Rules{
		Scope: `user.department == "HR" && "EMEA" in groups`,
		Attributes: map[string]string{
			"a": `user.phones[0].number + user.nothing`, "b": `or(user.nothing.city, user["address"]["geo"].lat)`, "c": `user[assignment.scope]`,
			"d": `user.phones.filter(p, has(p.type)).map(p, p.number)`, "e": `type(user.level) == string ? app["a b"] : null`,
			"f": `okta.profile.tags[7] == user.phones[9].number`, "g": `user.manager`,
		},
	}
	list, err := compile(t, rules).Explain(a)
	if err != nil {
		t.Fatal(err)
	}
	present := func(path string, v any) mapping.Input { return mapping.Input{Path: path, Value: v, Present: true} }
	phones := ada().Profile["phones"]
	want := []mapping.Explained{
		{Key: "users.scope", Text: rules.Scope, Result: false,
			Inputs: []mapping.Input{present("user.department", "R&D"), present("groups", []string{"EMEA"})}},
		{Key: "users.display_name", Result: "Ada L.", Inputs: []mapping.Input{present("user.displayName", "Ada L."),
			present("user.firstName", "Ada"), present("user.lastName", "Lovelace"), present("assignment.userName", "Ada@Acme.com")}},
		{Key: "users.attributes.a", Inputs: []mapping.Input{present("user.phones[0].number", "1"), {Path: "user.nothing"}}},
		{Key: "users.attributes.b", Result: identity.Value("51.5"),
			Inputs: []mapping.Input{{Path: "user.nothing.city"}, present("user.address.geo.lat", 51.5)}},
		{Key: "users.attributes.c", Inputs: []mapping.Input{present("assignment.scope", "GROUP"), {Path: "user", Present: true, Whole: true}}},
		{Key: "users.attributes.d", Result: identity.Value(`["1"]`), Inputs: []mapping.Input{present("user.phones", phones)}},
		{Key: "users.attributes.e", Inputs: []mapping.Input{present("user.level", 7.0), {Path: `app["a b"]`}}},
		{Key: "users.attributes.f", Inputs: []mapping.Input{{Path: "okta.profile.tags[7]"}, {Path: "user.phones[9].number"}}},
		{Key: "users.attributes.g", Inputs: []mapping.Input{{Path: "user.manager"}}},
	}
	for i := range list {
		if i >= 2 {
			want[i].Text = rules.Attributes[string(rune('a'+i-2))]
		}
		failed := list[i].Key == "users.attributes.a" || list[i].Key == "users.attributes.f"
		if (list[i].Err != nil) != failed || failed && (!fault.Is(list[i].Err, fault.Doubt) || fault.HintOf(list[i].Err) == "") {
			t.Errorf("%s: error %v", list[i].Key, list[i].Err)
		}
		list[i].Err = nil
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	a.Profile = nil
	if _, err := compile(t, rules).Explain(a); !fault.Is(err, fault.Doubt) {
		t.Errorf("Explain without a profile: %v, want doubt", err)
	}
}

package mapping_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/mapping"
)

// typical is somebody with thirty fields, as Okta's base profile and a few of a
// company's own make them.
func typical() identity.Assignment {
	a := ada()
	for i := len(a.Profile); i < 30; i++ {
		a.Profile[fmt.Sprintf("field%02d", i)] = fmt.Sprintf("value %d", i)
	}
	a.Groups = []string{"AMER", "EMEA", "Finance"}
	return a
}

func typicalRules() mapping.Rules {
	return mapping.Rules{
		Scope: `has(user.department) && user.userType != "Contractor"`, DisplayName: `user.firstName + " " + user.lastName`,
		Attributes: map[string]string{
			"department": `user.department`, "region": `or(user.region, "emea")`, "city": `user.address.city`,
			"senior": `user.level > 5`, "tags": `user.tags.filter(t, t != "b")`,
		}}
}

// TestTypicalMappingIsNotCounted: counting work and memory takes several times as
// long as the work, and shows in what is allocated: some 60 times without, 108 with.
func TestTypicalMappingIsNotCounted(t *testing.T) {
	rules, a := typicalRules(), typical()
	rules.Attributes["tags"] = `groups.filter(g, g in ["EMEA", "AMER", "APAC"])`
	m := compile(t, rules)
	allocated := testing.AllocsPerRun(200, func() {
		if _, _, err := m.Map(a); err != nil {
			t.Fatal(err)
		}
	})
	if allocated > 95 {
		t.Errorf("%v allocations a user", allocated)
	}
}

// TestManyGroups: somebody who is in thousands of groups isn't more than the bounds
// allow.
func TestManyGroups(t *testing.T) {
	a := ada()
	for i := range 5000 {
		a.Groups = append(a.Groups, fmt.Sprintf("group %04d", i))
	}
	m := compile(t, mapping.Rules{Attributes: map[string]string{
		"one": `groups.exists(g, g == "group 4999")`, "some": `groups.filter(g, g.endsWith("999")).map(g, g.substring(6))`,
		"tags": `groups.filter(g, g in user.tags)`, "number": `size(groups)`}})
	u, _, err := m.Map(a)
	want := map[string]identity.Value{"one": `"true"`, "some": `["0999","1999","2999","3999","4999"]`, "number": "5000"}
	if diff := cmp.Diff(want, u.Attributes); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

// BenchmarkMap maps a typical user: scope, display name and five attributes.
func BenchmarkMap(b *testing.B) {
	benchmark(b, typicalRules())
}

// BenchmarkMapGroups has an attribute by group in place of one by field.
func BenchmarkMapGroups(b *testing.B) {
	rules := typicalRules()
	rules.Attributes["tags"] = `groups.exists(g, g == "EMEA") ? "emea" : "all"`
	benchmark(b, rules)
}

func benchmark(b *testing.B, rules mapping.Rules) {
	m := compile(b, rules)
	a := typical()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := m.Map(a); err != nil {
			b.Fatal(err)
		}
	}
}

package mapping_test

import (
	"fmt"
	"testing"

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

package sync

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// defining is the tests' policy in an Omni that defines region and team so.
func defining(list ...identity.Definition) Policy {
	p := testPolicy()
	p.Mapped = p.Attributes
	return p.defining(identity.DefinitionsOf(list))
}

// What the plan makes of values and definitions, row by row of the table above.
func TestPlanByDefinitions(t *testing.T) {
	team := identity.Definition{Name: "team"}
	region := func(d identity.Definition) Policy { d.Name = "region"; return defining(d, team) }
	text, number, many := region(identity.Definition{}), region(identity.Definition{Number: true}), region(identity.Definition{Multiple: true})
	standard := region(identity.Definition{Default: `"all"`})
	missing, system := defining(team), region(identity.Definition{System: true})
	const unknown = `users.attributes: Omni has no user attribute "region" (it has team); no user is created or given attributes before that is mended`
	const own = `users.attributes: "region" is one of Omni's own attributes, which can't be written (the organization's own are team); no user is created or given attributes before that is mended`
	for _, row := range []struct {
		name         string
		policy       Policy
		okta, ledger string
		want         string
	}{
		{"nobody knows", testPolicy(), "ada assigned region=[\"a\"]", "ada active", `update ada: region (none) -> ["a"]`},
		{"text", text, "ada assigned region=x", "ada active", `update ada: region (none) -> "x"`},
		{"a number for text", text, "ada assigned region=5", "ada active", `update ada: region (none) -> "5"`},
		{"a number for text, the same", text, "ada assigned region=5", "ada active region='5'", ""},
		{"another text of one number", text, "ada assigned region='5.0'", "ada active region='5'", `update ada: region "5" -> "5.0"`},
		{"text for a number", number, "ada assigned region='5.0'", "ada active region=4", "update ada: region 4 -> 5"},
		{"text for a number, the same", number, "ada assigned region='5.0'", "ada active region='5'", ""},
		{"a word for a number", number, "ada assigned region=x display=Ida", "ada active",
			`failed update ada: display Ada -> Ida, region (none) -> "x" | attribute region: it is text, and Omni takes numbers`},
		{"a word for a number, not written", number, "ada assigned region=x display=Ida", "ada active region=x", "update ada: display Ada -> Ida"},
		{"a word for a number, inactive", number, "ada assigned region=x", "ada inactive region=x",
			"failed reactivate ada: active false -> true | attribute region: it is text, and Omni takes numbers"},
		{"a word for a number, not linked", number, "ada assigned region=x", "", "failed create ada | attribute region: it is text, and Omni takes numbers"},
		{"a word for a number, leaves", number, "ada unassigned region=x", "ada active", "deactivate ada | no longer assigned in Okta"},
		{"a word for a number, to adopt", number, "ada assigned region=x", "+o9 active name=ada@x.co display=Ada",
			`failed adopt ada: region (none) -> "x" | attribute region: it is text, and Omni takes numbers`},
		{"a list for one value", text, `ada assigned region=["a","b"]`, "ada active",
			`failed update ada: region (none) -> ["a","b"] | attribute region: it is a list, and Omni takes one value`},
		{"an empty text", text, `ada assigned region=''`, "ada active region=x",
			`failed update ada: region "x" -> "" | attribute region: it is an empty text, which Omni may take for no value`},
		{"one value for a list", many, "ada assigned region=a", "ada active", `update ada: region (none) -> ["a"]`},
		{"a list in another order", many, `ada assigned region=["b","a"]`, `ada active region=["a","b"]`, ""},
		{"the default is none", standard, "ada assigned", "ada active region=all", ""},
		{"none is the default", standard, "ada assigned region=all", "ada active", ""},
		{"to the default", standard, "ada assigned region=all", "ada active region=x", `update ada: region "x" -> "all"`},
		{"cleared to the default", standard, "ada assigned", "ada active region=x", `update ada: region "x" -> (none)`},

		{"no such attribute, not linked", missing, "ada assigned", "", "failed create ada | " + unknown},
		{"no such attribute, a value", missing, "ada assigned region=x team=t", "ada active", `failed update ada: region (none) -> "x", team (none) -> "t" | ` + unknown},
		{"no such attribute, a name", missing, "ada assigned display=Ida", "ada active", "update ada: display Ada -> Ida"},
		{"no such attribute, inactive", missing, "ada assigned", "ada inactive", "failed reactivate ada: active false -> true | " + unknown},
		{"no such attribute, leaves", missing, "all users", "ada active", "deactivate ada | no longer assigned in Okta"},
		{"no such attribute, in a group", missing, "ada assigned\n#sales joined=ada", "ada active\n#sales linked", "members sales: +ada"},
		{"a system attribute", system, "ada assigned region=x", "ada active", `failed update ada: region (none) -> "x" | ` + own},
	} {
		sameLines(t, row.name, told(scene{row.okta, row.ledger}.plan(row.policy)), row.want)
	}
}

// An attribute that only a push brought is refused by its name, and where it is
// written alone.
func TestPlanOfPushedAttributes(t *testing.T) {
	p := testPolicy()
	p.Mapped = []string{"team"} // region was pushed
	p = p.defining(identity.DefinitionsOf([]identity.Definition{{Name: "team"}}))
	for _, row := range []struct{ okta, ledger, want string }{
		{"ada assigned team=t", "", "create ada | assigned in Okta"},
		{"ada assigned region=x", "", `failed create ada | Omni has no user attribute "region" (it has team)`},
		{"ada assigned region=x", "ada active", `failed update ada: region (none) -> "x" | Omni has no user attribute "region" (it has team)`},
	} {
		sameLines(t, row.okta, told(scene{row.okta, row.ledger}.plan(p)), row.want)
	}
}

// Who isn't as the definitions want them tells so on each change: should the account
// be gone, none is made.
func TestUnfitChangesMakeNoAccount(t *testing.T) {
	p := defining(identity.Definition{Name: "region", Number: true}, identity.Definition{Name: "team"})
	plan := scene{"ada assigned region=x display=Ida", "ada active region=x"}.plan(p)
	if len(plan) != 1 || plan[0].State != state.Planned || !strings.Contains(plan[0].Unfit, "attribute region") {
		t.Errorf("the plan is %+v", plan)
	}
	p = defining(identity.Definition{Name: "team"})
	plan = scene{"ada assigned display=Ida", "ada active"}.plan(p)
	if len(plan) != 1 || plan[0].State != state.Planned || plan[0].Unfit != p.Misnamed {
		t.Errorf("the plan is %+v", plan)
	}
}

// The facts of a change tell what Omni has in place of no value.
func TestFactsTellDefaults(t *testing.T) {
	p := defining(identity.Definition{Name: "region", Default: `"all"`}, identity.Definition{Name: "team"})
	for _, row := range []struct {
		okta, ledger  string
		before, after identity.Value
	}{
		{"ada assigned", "ada active region=x team=t", "", `"all"`},
		{"ada assigned region=x", "ada active team=t", `"all"`, ""},
	} {
		plan := scene{row.okta, row.ledger}.plan(p)
		if len(plan) != 1 || plan[0].Before.Defaults["region"] != row.before || plan[0].After.Defaults["region"] != row.after || plan[0].After.Defaults["team"] != "" {
			t.Errorf("%s: %+v", row.okta, plan)
		}
	}
}

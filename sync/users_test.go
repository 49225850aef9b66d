package sync

import "testing"

// The rows of users, and what is told of each.
func TestPlanOfUsers(t *testing.T) {
	for _, row := range []struct{ name, okta, ledger, want string }{
		{"not read", "", "ada active", ""},
		{"doubtful, linked", "ada doubtful account=ACTIVATING", "ada active",
			"failed update ada | Okta's status of this user (ACTIVATING) is unknown to us, so nothing is decided"},
		{"doubtful, not linked", "ada doubtful account=NEW", "",
			"failed update ada | Okta's status of this user (NEW) is unknown to us, so nothing is decided"},
		{"an expression failed", `ada assigned region=y fault="region: no such key"`, "ada active region=x", "failed update ada | region: no such key"},
		{"an expression failed, inactive", `ada assigned fault="no such key"`, "ada inactive", "failed update ada | no such key"},

		{"assigned, not linked", "ada assigned region=emea", "", "create ada | assigned in Okta"},
		{"assigned, intended", "ada assigned", "ada intended", "create ada | assigned in Okta"},
		{"assigned, Omni has the name", "ada assigned", "+o9 active name=ada@x.co display=Ada", "adopt ada | Omni has this account already"},
		{"assigned, in line", "ada assigned region=x", "ada active region=x", ""},
		{"assigned, as they were", "ada same", "ada active", ""},
		{"assigned, a value differs", "ada assigned region=y", "ada active region=x", `update ada: region "x" -> "y"`},
		{"assigned, three values differ", "ada assigned display=Ida region=y", "ada active team=z",
			`update ada: display Ada -> Ida, region (none) -> "y", team "z" -> (none)`},
		{"assigned, inactive", "ada assigned", "ada inactive", "reactivate ada: active false -> true | assigned in Okta, inactive in Omni"},
		{"assigned, inactive by hand", "ada assigned", "ada inactive hand",
			"reactivate ada: active false -> true | assigned in Okta; somebody deactivated them in Omni"},
		{"unassigned, inactive by hand", "ada unassigned", "ada inactive hand", ""},
		{"assigned, inactive, differs", "ada assigned region=y name=ada2@x.co", "ada inactive",
			`reactivate ada: name ada@x.co -> ada2@x.co, active false -> true, region (none) -> "y" | assigned in Okta, inactive in Omni`},

		{"staged, not linked", "ada staged", "", ""},
		{"staged, intended", "ada staged", "ada intended", ""},
		{"staged, active, differs", "ada staged region=y", "ada active", `update ada: region (none) -> "y"`},
		{"staged, inactive", "ada staged region=y", "ada inactive", ""},
		{"suspended, not linked", "ada suspended", "", ""},
		{"suspended, active, differs", "ada suspended region=y", "ada active", `update ada: region (none) -> "y"`},
		{"suspended, inactive", "ada suspended region=y", "ada inactive", ""},

		{"unassigned, active", "ada unassigned", "ada active", "deactivate ada | no longer assigned in Okta"},
		{"missing from the whole list", "all users", "ada active", "deactivate ada | no longer assigned in Okta"},
		{"missing from half a list", "bob same", "ada active\nbob active", ""},
		{"outside the scope, active", "ada assigned outside", "ada active", "deactivate ada | outside users.scope"},
		{"staged outside the scope", "ada staged outside", "ada active", "deactivate ada | outside users.scope"},
		{"unassigned, intended", "all users", "ada intended", "deactivate ada | no longer assigned in Okta"},
		{"outside the scope, intended", "ada assigned outside", "ada intended", "deactivate ada | outside users.scope"},
		{"unassigned, inactive", "ada unassigned", "ada inactive", ""},
		{"unassigned, unknown", "ada unassigned", "", ""},
		{"outside the scope, unknown", "ada assigned outside", "", ""},
		{"outside the scope by an expression that failed", "ada assigned outside fault=broken", "ada active", "failed update ada | broken"},
	} {
		sameLines(t, row.name, told(scene{row.okta, row.ledger}.plan(testPolicy())), row.want)
	}
}

// What ends a membership, and what keeps it: the policy's action, then protection.
func TestEnding(t *testing.T) {
	for _, row := range []struct{ name, action, protected, okta, want string }{
		{"deactivate", "deactivate", "", "all users", "deactivate ada | no longer assigned in Okta"},
		{"delete", "delete", "", "all users", "delete ada | no longer assigned in Okta"},
		{"none", "none", "", "all users", "kept deactivate ada | unassigned but kept (deprovision.action: none)"},
		{"none beats protection", "none", "*", "all users", "kept deactivate ada | unassigned but kept (deprovision.action: none)"},
		{"protected by Omni's name", "deactivate", "ADA@*", "all users", `kept deactivate ada | protected by users.protected "ADA@*"`},
		{"protected by Okta's name", "delete", "chief@x.co", "ada unassigned name=Chief@X.co", `kept delete ada | protected by users.protected "chief@x.co"`},
		{"not protected", "deactivate", "bob@*", "all users", "deactivate ada | no longer assigned in Okta"},
		{"a glob that can't be read protects nobody", "deactivate", "[", "all users", "deactivate ada | no longer assigned in Okta"},
	} {
		p := testPolicy()
		p.Action = row.action
		if row.protected != "" {
			p.Protected = []string{"nobody@x.co", row.protected}
		}
		sameLines(t, row.name, told(scene{row.okta, "ada active"}.plan(p)), row.want)
	}
}

// A change that ends a membership tells since when the user is unassigned, and
// what becomes of the account.
func TestEndingTellsSince(t *testing.T) {
	plan := scene{"all users", "ada active since=-5h"}.plan(testPolicy())
	if len(plan) != 1 || !plan[0].Since.Equal(noon.Add(-5*60*60*1e9)) || !*plan[0].Before.Active || *plan[0].After.Active || plan[0].Omni != "o-ada" {
		t.Errorf("the plan is %+v", plan)
	}
	plan = scene{"all users", "ada active"}.plan(testPolicy())
	if len(plan) != 1 || !plan[0].Since.Equal(noon) {
		t.Errorf("who is missing for the first time is unassigned since %v, want now", plan[0].Since)
	}
}

// Who joins, and why somebody can't.
func TestJoining(t *testing.T) {
	for _, row := range []struct{ name, okta, ledger, want string }{
		{"free", "ada assigned", "bob active", "create ada | assigned in Okta"},
		{"no address", "ada assigned name=ada", "",
			`failed create ada | the app username "ada" is not an email address: in Okta, open the app's Sign On tab and set "Application username format" to Email`},
		{"recycled: the leaver's account", "all users\nada assigned name=bob@x.co", "bob inactive",
			"held create ada [recycled] | recycled address: Omni's account of this name is linked to Okta user bob; rename or delete that account in Omni, then reconcile"},
		{"recycled: in another letter case, staged and inactive", "all users\nada assigned name=BOB@x.co\nbob staged name=bob2@x.co", "bob inactive",
			"held create ada [recycled] | recycled address: Omni's account of this name is linked to Okta user bob; rename or delete that account in Omni, then reconcile"},
		{"two of one name", "ada assigned name=one@x.co\nbob assigned name=ONE@x.co", "",
			`failed create ada | two assigned Okta users have this username; give one of them another in the app's assignment
			 failed create bob | two assigned Okta users have this username; give one of them another in the app's assignment`},
		{"two of one name, one linked", "ada assigned name=one@x.co\nbob assigned name=one@x.co", "bob active name=one@x.co",
			"failed create ada | two assigned Okta users have this username; give one of them another in the app's assignment"},
		{"the holder moves away", "ada assigned name=bob@x.co\nbob assigned name=bob2@x.co", "bob active",
			`update bob: name bob@x.co -> bob2@x.co
			 create ada after bob | assigned in Okta`},
		{"the other is assigned too", "ada assigned name=bob@x.co\nbob same", "bob active",
			"failed create ada | two assigned Okta users have this username; give one of them another in the app's assignment"},
		{"the holder can't move away", "ada assigned name=bob@x.co\nbob assigned name=eve@x.co", "bob active\neve active",
			`held update bob: name bob@x.co -> eve@x.co [renames] | another account has the new username (Okta user eve); rename or delete it in Omni, then reconcile
			 held create ada [recycled] | the username is not free: its holder's own rename is held`},
		{"Omni's list is doubtful", "ada assigned", "missing", "kept create ada | Omni's own list could not be believed, so nobody is created in this run"},
		{"Omni's list is doubtful, but has them", "ada assigned", "missing\n+o9 active name=ada@x.co display=Ada", "adopt ada | Omni has this account already"},
	} {
		sameLines(t, row.name, told(scene{row.okta, row.ledger}.plan(testPolicy())), row.want)
	}
}

// Which account is adopted, and what is brought in line.
func TestAdopting(t *testing.T) {
	for _, row := range []struct{ name, policy, okta, ledger, want string }{
		{"in line", "keep", "ada assigned", "+o9 active name=ada@x.co display=Ada", "adopt ada | Omni has this account already"},
		{"another letter case is the same name", "keep", "ada assigned", "+o9 active name=ADA@x.co display=Ada", "adopt ada | Omni has this account already"},
		{"inactive", "keep", "ada assigned", "+o9 inactive name=ada@x.co display=Ada", "adopt ada: active false -> true | Omni has this account already, inactive"},
		{"differs", "keep", "ada assigned region=y", "+o9 active name=ada@x.co display=Old region=x",
			`adopt ada: display Old -> Ada, region "x" -> "y" | Omni has this account already`},
		{"a value that Okta hasn't, kept", "keep", "ada assigned team=t", "+o9 active name=ada@x.co display=Ada region=x team=s",
			`adopt ada: team "s" -> "t", keeps region | Omni has this account already`},
		{"a value that Okta hasn't, replaced", "replace", "ada assigned", "+o9 active name=ada@x.co display=Ada region=x",
			`adopt ada: region "x" -> (none) | Omni has this account already`},
		{"externalId comes before the name", "keep", "ada assigned external=o7",
			"+o9 active name=ada@x.co display=Ada\n+o7 active name=old@x.co display=Ada", "adopt ada: name old@x.co -> ada@x.co | Omni has this account already"},
		{"externalId that names nobody", "keep", "ada assigned external=o5", "+o9 active name=ada@x.co display=Ada", "adopt ada | Omni has this account already"},
		{"externalId of somebody linked", "keep", "ada assigned external=o-bob\nbob same", "bob active", "create ada | assigned in Okta"},
		{"staged: nobody is adopted", "keep", "ada staged", "+o9 active name=ada@x.co", ""},
		{"outside the scope: nobody is adopted", "keep", "ada assigned outside", "+o9 active name=ada@x.co", ""},
	} {
		p := testPolicy()
		p.AdoptAttributes = row.policy
		plan := scene{row.okta, row.ledger}.plan(p)
		sameLines(t, row.name, told(plan), row.want)
	}
}

// What was left alone at adoption stays so until Okta has a value of its own.
func TestKeptAttributes(t *testing.T) {
	for _, row := range []struct{ name, okta, ledger, want string }{
		{"kept", "ada assigned", "ada active region=x kept=region", ""},
		{"Okta has one now", "ada assigned region=y", "ada active region=x kept=region", `update ada: region "x" -> "y"`},
		{"another is cleared", "ada assigned", "ada active region=x team=z kept=region", `update ada: team "z" -> (none)`},
	} {
		sameLines(t, row.name, told(scene{row.okta, row.ledger}.plan(testPolicy())), row.want)
	}
}

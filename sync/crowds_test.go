package sync

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// The rows of groups.
func TestPlanOfGroups(t *testing.T) {
	const released = "no longer pushed in Okta; stays in Omni, no longer managed"
	for _, row := range []struct{ name, okta, ledger, want string }{
		{"not read", "", "#sales linked ada:P\nada active", ""},
		{"not read, not linked", "", "#sales intended ada:A\nada active", ""},
		{"paused, not linked", "#sales paused joined=ada", "ada active", ""},
		{"paused, renamed and changed", "#sales paused certain name=Other", "ada active\n#sales linked ada:p", ""},
		{"paused, mappings whole", "all groups\n#sales paused", "#sales linked", ""},
		{"un-pushed, linked", "all groups", "#sales linked", "release sales | " + released},
		{"gone, linked", "#sales gone", "#sales linked", "release sales | " + released},
		{"un-pushed, not linked", "all groups", "#sales unlinked ada:A", ""},
		{"gone, intended", "#sales gone", "#sales intended", ""},
		{"pushed, not linked", "ada same\n#sales certain joined=ada,bob", "ada active", `create sales: "Sales", +ada | pushed in Okta`},
		{"pushed, empty", "#sales certain", "", `create sales: "Sales" | pushed in Okta`},
		{"pushed, intended", "ada same\n#sales", "ada active\n#sales intended ada:A", `create sales: "Sales", +ada | pushed in Okta`},
		{"pushed, Omni has the name", "ada same\nbob same\n#sales joined=ada,bob", "ada active\nbob active\n+#t9 title=SALES o-ada o-zoe",
			`adopt sales: "Sales", +bob | Omni has this group already`},
		{"pushed, in line", "ada same\n#sales certain", "ada active\n#sales linked ada:P", ""},
		{"renamed", "#sales certain name=Sell", "#sales linked", `rename sales: "Sell"`},
		{"renamed in letter case alone", "#sales certain name=SALES", "#sales linked", `rename sales: "SALES"`},
		{"members", "ada same\nbob same\n#sales certain joined=bob left=ada", "ada active\nbob active\n#sales linked ada:P", "members sales: +bob, -ada"},
		{"renamed, and members", "ada same\nbob same\n#sales certain name=Sell joined=bob left=ada", "ada active\nbob active\n#sales linked ada:P",
			`rename sales: "Sell", +bob, -ada`},
		{"removal doesn't wait for a joiner", "ada same\nbob assigned\n#sales certain joined=bob left=ada", "ada active\n#sales linked ada:P",
			`members sales: -ada
			 create bob | assigned in Okta
			 members sales: +bob after bob`},
		{"renamed, removal doesn't wait for a joiner", "ada same\nbob assigned\n#sales certain name=Sell joined=bob left=ada", "ada active\n#sales linked ada:P",
			`members sales: -ada
			 create bob | assigned in Okta
			 rename sales: "Sell", +bob after bob`},
	} {
		sameLines(t, row.name, told(scene{row.okta, row.ledger}.plan(testPolicy())), row.want)
	}
}

// on_unpush: delete.
func TestUnpushing(t *testing.T) {
	p := testPolicy()
	p.OnUnpush = "delete"
	plan := scene{"all groups", "#sales linked title=Selling"}.plan(p)
	sameLines(t, "delete", told(plan), "delete sales | no longer pushed in Okta")
	if len(plan) != 1 || plan[0].Omni != "t-sales" || plan[0].Before.DisplayName != "Selling" || plan[0].Name != "Sales" {
		t.Errorf("the deletion is %+v", plan)
	}
}

// Why a group can't have its name, for one that is new and for one that moves.
func TestTitles(t *testing.T) {
	long := strings.Repeat("ö", maxName+1)
	fits := strings.Repeat("ö", maxName)
	for _, row := range []struct{ name, okta, ledger, want string }{
		{"64 characters", `#a name=` + fits, "", `create a: "` + fits + `" | pushed in Okta`},
		{"65 characters, new", `#a name=` + long, "", `failed create a: "` + long + `" | the group's name has 65 characters, Omni takes 64: shorten it in Okta, or set groups.name: cut(group.name, 64)`},
		{"65 characters, linked", `#a name=` + long, "#a linked", `failed rename a: "` + long + `" | the group's name has 65 characters, Omni takes 64: shorten it in Okta, or set groups.name: cut(group.name, 64)`},
		{"two new of one name", "#a name=Sales\n#b name=SALES", "",
			`failed create a: "Sales" | several pushed groups have this name: rename all but one in Okta
			 failed create b: "SALES" | several pushed groups have this name: rename all but one in Okta`},
		{"two of one name, one linked", "#a name=Sales\n#b name=sales", "#a linked title=Sales", `failed create b: "sales" | several pushed groups have this name: rename all but one in Okta`},
		{"the name belongs to a group that isn't heard of", "#b name=Sales", "#a linked title=Sales", `failed create b: "Sales" | Omni's group of this name belongs to Okta group a`},
		{"rename onto it", "#b name=Sales", "#a linked title=Sales\n#b linked title=Ops", `failed rename b: "Sales" | Omni's group of this name belongs to Okta group a`},
		{"onto the name of an unmanaged group", "#b name=Sales", "#b linked title=Ops\n+#t9 title=SALES",
			`failed rename b: "Sales" | Omni has another group of the new name; members go on under the old one`},
		{"two exchange", "#a name=B\n#b name=A", "#a linked\n#b linked",
			`failed rename b: "A" | these groups exchange their names in a ring; give one of them a name in between
			 failed rename a: "B" | these groups exchange their names in a ring; give one of them a name in between`},
		{"a chain", "#a name=B\n#b name=C", "#a linked\n#b linked", `rename b: "C"` + "\n" + `rename a: "B" after b`},
		{"a chain whose end can't move", "#a name=B\n#b name=C\n#c name=C", "#a linked\n#b linked\n#c linked",
			`failed rename a: "B" | the name is not free: its holder's own rename can't happen
			 failed rename b: "C" | several pushed groups have this name: rename all but one in Okta`},
		{"the name of a group that is let go", "all groups\n#a name=Old", "#old linked title=Old",
			`release old | no longer pushed in Okta; stays in Omni, no longer managed
			 create a: "Old" after old | pushed in Okta`},
	} {
		sameLines(t, row.name, told(scene{row.okta, row.ledger}.plan(testPolicy())), row.want)
	}
}

// A rename that can't be keeps no member waiting.
func TestMembersGoOnUnderTheOldName(t *testing.T) {
	sameLines(t, "members", told(scene{"ada same\n#b certain name=Sales joined=ada", "ada active\n#a linked title=Sales\n#b linked title=Ops"}.plan(testPolicy())),
		`members b: +ada
		 failed rename b: "Sales" | Omni's group of this name belongs to Okta group a`)
}

// groups.adopt, for a group that Omni has already.
func TestAdoptingGroups(t *testing.T) {
	for _, row := range []struct{ adopt, ledger, want string }{
		{"ask", "+#t9 title=Sales", `adopt sales: "Sales" | Omni has this group already`},
		{"auto", "+#t9 title=Sales", `adopt sales: "Sales" | Omni has this group already`},
		{"never", "+#t9 title=Sales", `failed create sales: "Sales" | Omni has a group of this name that isn't managed (groups.adopt: never)`},
		{"never", "", `create sales: "Sales" | pushed in Okta`},
		{"ask", "missing", `kept create sales: "Sales" | Omni's own list could not be believed, so no group is created in this run`},
		{"ask", "missing\n+#t9 title=Sales", `adopt sales: "Sales" | Omni has this group already`},
	} {
		p := testPolicy()
		p.AdoptGroups = row.adopt
		sameLines(t, row.adopt+" "+row.ledger, told(scene{"#sales", row.ledger}.plan(p)), row.want)
	}
}

// The rows of memberDiff: Okta's side and Omni's by the ledger's letter, and
// what becomes of the user's account.
func TestMemberDiff(t *testing.T) {
	accounts := map[string]struct{ okta, ledger string }{
		"there":     {"ada same", "ada active"},
		"coming":    {"ada assigned", ""},
		"returning": {"ada assigned", "ada inactive"},
		"none":      {"", ""},
		"leaving":   {"ada unassigned", "ada active"},
		"inactive":  {"ada staged", "ada inactive"},
		"unclear":   {"ada assigned fault=broken", "ada active"},
		"unheard":   {"", "ada active"},
		"refused":   {"ada assigned name=nobody", ""},
	}
	for _, row := range []struct {
		account, letter string
		certain         bool
		want            string
	}{
		{"there", "A", true, "+"}, {"there", "E", true, "+"}, {"coming", "A", true, "+"}, {"returning", "E", true, "+"}, {"there", "A", false, "+"},
		{"unclear", "A", true, "+"}, {"unheard", "A", true, "+"}, // the account stands, and Okta has them in the group
		{"none", "A", true, ""}, {"refused", "A", true, ""}, {"leaving", "A", true, ""}, {"inactive", "E", true, ""}, {"inactive", "A", true, ""},
		{"there", "P", true, ""}, {"there", "F", true, ""},
		{"there", "p", true, "-"}, {"there", "f", true, "-"}, {"there", "p", false, ""}, {"there", "f", false, ""},
		{"returning", "e", true, "-"}, {"there", "e", true, "-"}, {"returning", "e", false, ""},
		{"leaving", "p", true, ""}, {"leaving", "f", true, ""}, {"leaving", "e", true, ""}, {"inactive", "e", true, ""}, {"inactive", "p", true, ""},
		{"unclear", "p", true, ""}, {"unheard", "p", true, ""}, // nothing certain is known of them
	} {
		at := accounts[row.account]
		s := scene{at.okta, at.ledger + "\n#sales linked ada:" + row.letter}
		d, l := s.desired(), s.books()
		d.recallSame(l)
		pl := &planner{desired: d, ledger: l, policy: testPolicy()}
		pl.names, pl.titles = userNames(d, l), groupNames(d, l)
		pl.standing(pl.users())
		add, drop := pl.memberDiff("sales", Crowd{Certain: row.certain})
		got := strings.Repeat("+", len(add)) + strings.Repeat("-", len(drop))
		if got != row.want {
			t.Errorf("%s, ledger %s, certain %t: %q, want %q", row.account, row.letter, row.certain, got, row.want)
		}
	}
}

// The facts of a change of members name them as people know them.
func TestMembersAreToldByName(t *testing.T) {
	plan := scene{"ada same\nbob assigned name=bobby@x.co\n#sales certain joined=bob left=ada,zoe",
		"ada active\nbob active\n#sales linked ada:P zoe:P"}.plan(testPolicy())
	for _, c := range plan {
		if c.Group == "" {
			continue
		}
		if got := strings.Join(c.Before.Members, " ") + " -> " + strings.Join(c.After.Members, " "); got != "ada@x.co -> bobby@x.co" {
			t.Errorf("the members are told as %s", got)
		}
	}
}

// Joiners come group by group, the group right after its last one; a group that
// waits for nobody doesn't wait; deletions come last.
func TestOrderOfALoad(t *testing.T) {
	sameLines(t, "a load", told(scene{`all users
		all groups
		ada assigned
		bob assigned
		eve assigned
		kim assigned region=y
		#ops joined=eve,bob
		#sales joined=ada,bob
		#staff certain joined=kim left=max
		max same`, `kim active
		max active
		zoe active
		#staff linked max:P
		#old linked`}.plan(testPolicy())),
		`deactivate zoe | no longer assigned in Okta
		 members staff: +kim, -max
		 update kim: region (none) -> "y"
		 create bob | assigned in Okta
		 create eve | assigned in Okta
		 create ops: "Ops", +bob, +eve after bob after eve | pushed in Okta
		 create ada | assigned in Okta
		 create sales: "Sales", +ada, +bob after ada after bob | pushed in Okta
		 release old | no longer pushed in Okta; stays in Omni, no longer managed`)
}

// A sorted list of those who answer yes.
func TestMembersOf(t *testing.T) {
	l := scene{"", "#sales linked zoe:P ada:A bob:p"}.books()
	got := membersOf(l, "sales", func(m state.Member) bool { return m.Okta })
	if len(got) != 2 || got[0] != "ada" || got[1] != "zoe" {
		t.Errorf("Okta's members are %v", got)
	}
	if got := membersOf(l, identity.GroupID("none"), func(state.Member) bool { return true }); got != nil {
		t.Errorf("an unknown group has %v", got)
	}
}

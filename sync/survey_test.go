package sync

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// omni is what Omni lists, in the words of a scene:
//
//	ada active|inactive [name=] [region=] ... [bare] [admin]   the account o-ada; bare tells no attributes
//	#sales [title=] o-ada o-bob                                the group t-sales
//	gone ada                                                   asked by id, Omni doesn't know o-ada
//	doubt                                                      a list could not be believed
func omniLists(text string) Survey {
	s := Survey{Accounts: map[identity.OmniID]identity.Account{}, Teams: map[identity.OmniGroupID]identity.Team{}, Gone: map[identity.OktaID]bool{}}
	for _, l := range lines(text) {
		switch {
		case l.id == "doubt":
			s.Doubts = append(s.Doubts, "cut")
		case l.id == "gone":
			s.Gone[identity.OktaID(l.flags[0])] = true
		case strings.HasPrefix(l.id, "#"):
			t := identity.Team{ID: identity.OmniGroupID("t-" + l.id[1:]), DisplayName: l.or("title", title(l.id[1:]))}
			for _, m := range l.flags {
				t.Members = append(t.Members, identity.OmniID(m))
			}
			s.Teams[t.ID] = t
		default:
			a := identity.Account{ID: identity.OmniID("o-" + l.id), User: l.user(), Active: l.is("active"), OrgAdmin: l.is("admin")}
			if a.Attributes == nil && !l.is("bare") {
				a.Attributes = map[string]identity.Value{}
			}
			s.Accounts[a.ID] = a
		}
	}
	return s
}

// What of the ledger is corrected by Omni's list of users.
func TestCorrectUsers(t *testing.T) {
	for _, row := range []struct{ name, omni, ledger, want string }{
		{"the same", "ada active region=x", "ada active region=x seen", ""},
		{"deactivated by hand", "ada inactive", "ada active seen", "ada inactive"},
		{"reactivated by hand", "ada active", "ada inactive", "ada active"},
		{"a value edited by hand", "ada active region=y", "ada active region=x seen", `ada active region="y"`},
		{"a value cleared by hand", "ada active", "ada active region=x seen", "ada active"},
		{"a value that was left alone", "ada active region=y", "ada active kept=region", ""},
		{"an attribute that nobody manages", "ada active shoe=44", "ada active seen", ""},
		{"attributes that aren't told", "ada active bare", "ada active region=x seen", ""},
		{"renamed by hand", "ada active name=new@x.co", "ada active seen", "ada active"},
		{"display name edited by hand", "ada active display=Ida", "ada active seen", "ada active"},
		{"became an org admin", "ada active admin", "ada active seen", "ada active"},
		{"gone, asked by id", "gone ada", "ada active\n#sales linked ada:P", "ada forgotten\n#sales ada:A\n#sales Sales linked"},
		{"gone, in no group of Okta's", "gone ada", "ada active\n#sales linked ada:p", "ada forgotten\n#sales ada:-\n#sales Sales linked"},
		{"missing, not asked", "bob active", "ada active\nbob active", ""},
		{"intended", "ada active", "ada intended", ""},
		{"doubt doesn't keep what was listed from counting", "doubt\nada inactive", "ada active", "ada inactive"},
	} {
		l := scene{"", row.ledger}.books()
		s := omniLists(row.omni)
		for id := range l.Groups { // the group itself stands
			s.Teams["t-"+identity.OmniGroupID(id)] = identity.Team{ID: "t-" + identity.OmniGroupID(id), DisplayName: title(string(id))}
		}
		n, _ := correct(s, l, testPolicy())
		n.count(l)
		sameLines(t, row.name, sortedLines(noted(n)), sortedLines(row.want))
	}
}

func sortedLines(text string) string {
	return strings.Join(slices.Sorted(slices.Values(trimmed(text))), "\n")
}

// What of the ledger is corrected by Omni's list of groups.
func TestCorrectGroups(t *testing.T) {
	const people = "ada active\nbob active\neve inactive\n"
	const accounts = "ada active\nbob active\neve inactive\n"
	for _, row := range []struct{ name, omni, ledger, want string }{
		{"the same", "#sales o-ada", "#sales linked ada:P", ""},
		{"the same, with a stranger", "#sales o-ada o-stranger", "#sales linked ada:P", ""},
		{"renamed by hand", "#sales title=Other", "#sales linked", "#sales Sales linked title=Other"},
		{"somebody added by hand", "#sales o-ada o-bob", "#sales linked ada:P", "#sales bob:p"},
		{"added by hand, whom Okta has", "#sales o-bob", "#sales linked bob:A", "#sales bob:P"},
		{"removed by hand", "#sales", "#sales linked ada:P", "#sales ada:A"},
		{"removed by hand, whom Okta doesn't have", "#sales", "#sales linked ada:p", "#sales ada:-"},
		{"found, and still there", "#sales o-ada", "#sales linked ada:f", ""},
		{"found, and gone", "#sales", "#sales linked ada:f", "#sales ada:-"},
		{"an inactive one is listed", "#sales o-eve", "#sales linked eve:A", "#sales eve:E"},
		{"an inactive one is listed, as known", "#sales o-eve", "#sales linked eve:E", ""},
		{"an inactive one isn't listed", "#sales", "#sales linked eve:E", "#sales eve:A"},
		{"deleted by hand", "", "#sales linked ada:P bob:p eve:E", "#sales Sales\n#sales ada:A\n#sales bob:-\n#sales eve:A"},
		{"not linked", "", "#sales unlinked ada:A", ""},
		{"intended", "", "#sales intended ada:A", ""},
		{"a list in doubt says nothing of groups", "doubt\n#sales", "#sales linked ada:P", ""},
		{"a list in doubt deletes none", "doubt", "#sales linked ada:P", ""},
	} {
		l := scene{"", people + row.ledger}.books()
		n, _ := correct(omniLists(accounts+row.omni), l, testPolicy())
		sameLines(t, row.name, noted(n), row.want)
	}
}

// A record takes Omni's values of what is managed, and keeps the rest.
func TestCorrected(t *testing.T) {
	x, y := identity.Value(`"x"`), identity.Value(`"y"`)
	was := state.User{Omni: "o1", User: identity.User{UserName: "a@x.co", DisplayName: "A", Attributes: map[string]identity.Value{"region": x}},
		Active: true, Link: state.Adopted, Kept: []string{"team"}, OrgAdmin: true, Account: "ACTIVE"}
	for _, row := range []struct {
		name string
		a    identity.Account
		want func(*state.User)
	}{
		{"a bare answer", identity.Account{User: identity.User{UserName: "b@x.co", DisplayName: "B"}}, func(u *state.User) {
			u.UserName, u.DisplayName, u.Active = "b@x.co", "B", false
			u.ByHand = true
		}},
		{"a whole answer", identity.Account{User: identity.User{UserName: "a@x.co", DisplayName: "A",
			Attributes: map[string]identity.Value{"region": y, "team": y, "omni_user_timezone": x}}, Active: true}, func(u *state.User) {
			u.Attributes, u.OrgAdmin = map[string]identity.Value{"region": y}, false
		}},
		{"an answer without values", identity.Account{User: identity.User{UserName: "a@x.co", DisplayName: "A", Attributes: map[string]identity.Value{}},
			Active: true, OrgAdmin: true}, func(u *state.User) { u.Attributes = nil }},
	} {
		want := was
		row.want(&want)
		if diff := cmp.Diff(want, corrected(was, row.a, []string{"region", "team"})); diff != "" {
			t.Errorf("%s:\n%s", row.name, diff)
		}
	}
}

// What stands in Omni and is linked to nothing, by its folded name.
func TestStrangers(t *testing.T) {
	l := scene{"", "ada active\nbob inactive\neve intended\n#sales linked\n#ops unlinked"}.books()
	s := omniLists("ada active\nbob inactive\neve active name=Eve@X.co\nzoe inactive\n#sales\n#ops title=OPS\n#old")
	got := strangers(s, l)
	if names := slices.Sorted(maps.Keys(got.Accounts)); !slices.Equal(names, []string{"eve@x.co", "zoe@x.co"}) {
		t.Errorf("strangers are %v: who is linked, active or not, is none; whom we only intended is", names)
	}
	if names := slices.Sorted(maps.Keys(got.Teams)); !slices.Equal(names, []string{"old", "ops"}) {
		t.Errorf("strange groups are %v", names)
	}
	if got.Accounts["eve@x.co"].ID != "o-eve" {
		t.Errorf("eve's account is %+v", got.Accounts["eve@x.co"])
	}
}

// What is told of those who are nobody's business of ours.
func TestUnmanaged(t *testing.T) {
	s := scene{"ada assigned\nbob staged\n#sales\n#old gone", "+o1 name=Ada@x.co\n+o2 name=bob@x.co\n+o3 name=Zoe@x.co\n+#t1 title=SALES\n+#t2 title=Board"}
	l := s.books()
	got := strings.Join(unmanaged(Strangers{l.Strangers, l.StrangerTeams}, s.desired()), "\n")
	sameLines(t, "told", got, `not managed, left alone: 2 users (Zoe@x.co, bob@x.co)
		not managed, left alone: 1 group (Board)`)
	s = scene{"ada assigned outside\nbob suspended outside\neve unassigned outside\ndan assigned outside fault=broken",
		"+o1 active name=ADA@x.co\n+o2 active name=bob@x.co\n+o3 active name=eve@x.co\n+o4 active name=dan@x.co"}
	l = s.books()
	got = strings.Join(unmanaged(Strangers{l.Strangers, nil}, s.desired()), "\n")
	sameLines(t, "told", got, `assigned in Okta but outside users.scope, with an active account in Omni that isn't managed (the scope alone keeps nobody out): 2 users (ADA@x.co, bob@x.co)
		not managed, left alone: 2 users (dan@x.co, eve@x.co)`)
	if got := unmanaged(Strangers{}, Desired{}); len(got) != 0 {
		t.Errorf("of nobody, %q is told", got)
	}
}

// Up to ten are named, in order; the rest is counted.
func TestSome(t *testing.T) {
	names := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = string(rune('z' - i))
		}
		return list
	}
	for n, want := range map[int]string{
		1: "1 user (z)", 2: "2 users (y, z)", 10: "10 users (q, r, s, t, u, v, w, x, y, z)", 13: "13 users (n, o, p, q, r, s, t, u, v, w and 3 more)",
	} {
		if got := some(names(n), "user", "users"); got != want {
			t.Errorf("%d are told as %q, want %q", n, got, want)
		}
	}
}

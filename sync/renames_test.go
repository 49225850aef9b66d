package sync

import (
	"testing"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// What becomes of a change of a username, first match first:
//
//	no address           failed
//	protected            kept
//	not free             held, with the way out
//	Omni has a stranger  held
//	approved             done
//	rejected             kept
//	undecided            held, for the reason that was told
//	policy hold          held
//	policy rename        done
func TestRenames(t *testing.T) {
	const moves = "ada assigned name=new@x.co"
	const toNew = "name ada@x.co -> new@x.co"
	for _, row := range []struct {
		name, okta, ledger string
		policy, protected  string
		hold               *state.Hold
		want               string
	}{
		{name: "done", okta: moves, want: "update ada: " + toNew},
		{name: "letter case alone", okta: "ada assigned name=ADA@X.co", want: ""},
		{name: "no address", okta: "ada assigned name=new",
			want: `failed update ada: name ada@x.co -> new [renames] | the app username "new" is not an email address: in Okta, open the app's Sign On tab and set "Application username format" to Email`},
		{name: "protected, the old name", okta: moves, protected: "ada@*", want: `kept update ada: ` + toNew + ` [renames] | protected by users.protected "ada@*"`},
		{name: "protected, the new name", okta: moves, protected: "NEW@x.co", want: `kept update ada: ` + toNew + ` [renames] | protected by users.protected "NEW@x.co"`},
		{name: "Omni has a stranger of that name", okta: moves, ledger: "\n+o9 active name=NEW@x.co",
			want: "held update ada: " + toNew + " [renames] | an account that isn't managed (o9) has the new username in Omni, this user's is o-ada; rename or delete the other there, then reconcile"},
		{name: "a stranger comes before an approval", okta: moves, ledger: "\n+o9 inactive name=new@x.co", hold: &state.Hold{Decision: state.Approved},
			want: "held update ada: " + toNew + " [renames] | an account that isn't managed (o9) has the new username in Omni, this user's is o-ada; rename or delete the other there, then reconcile"},
		{name: "policy hold", okta: moves, policy: "hold",
			want: "held update ada: " + toNew + " [renames] | username changes wait for approval (users.on_username_change: hold)"},
		{name: "policy hold, approved", okta: moves, policy: "hold", hold: &state.Hold{Decision: state.Approved}, want: "update ada: " + toNew},
		{name: "rejected", okta: moves, hold: &state.Hold{Decision: state.Rejected, By: "eve"}, want: "kept update ada: " + toNew + " [renames] | rejected by eve"},
		{name: "refused by Omni once", okta: moves, hold: &state.Hold{Change: state.Change{Reason: "Omni refused it"}},
			want: "held update ada: " + toNew + " [renames] | Omni refused it"},
		{name: "what else differs goes on", okta: moves + " region=y", policy: "hold",
			want: "held update ada: " + toNew + " [renames] | username changes wait for approval (users.on_username_change: hold)\n" +
				`update ada: region (none) -> "y"`},
		{name: "the return of who is inactive goes on", okta: moves, ledger: "inactive", policy: "hold",
			want: "reactivate ada: active false -> true | assigned in Okta, inactive in Omni\n" +
				"held update ada: " + toNew + " [renames] | username changes wait for approval (users.on_username_change: hold)"},
	} {
		p := testPolicy()
		if row.policy != "" {
			p.OnUsername = row.policy
		}
		if row.protected != "" {
			p.Protected = []string{row.protected}
		}
		ledger := "ada active" + row.ledger
		if row.ledger == "inactive" {
			ledger = "ada inactive"
		}
		l, d := scene{row.okta, ledger}.books(), scene{row.okta, ledger}.desired()
		if row.hold != nil {
			l.Holds[renameKey("ada", "new@x.co")] = *row.hold
		}
		sameLines(t, row.name, told(Plan(d, l, p)), row.want)
	}
}

// An approval of one name says nothing about another.
func TestRenameApprovalIsOfOneName(t *testing.T) {
	p := testPolicy()
	p.OnUsername = "hold"
	s := scene{"ada assigned name=newer@x.co", "ada active"}
	l := s.books()
	l.Holds[renameKey("ada", "new@x.co")] = state.Hold{Decision: state.Approved}
	sameLines(t, "another name", told(Plan(s.desired(), l, p)),
		"held update ada: name ada@x.co -> newer@x.co [renames] | username changes wait for approval (users.on_username_change: hold)")
}

// Chains of renames are done from their end, so that a name is free before it is
// taken; rings, and what waits for what can't happen, are held.
func TestChainsOfRenames(t *testing.T) {
	const ring = " [renames] | these users exchange their usernames in a ring; give one of them a name in between"
	const blockedBy = " [renames] | the new username is not free: its holder's own rename is held"
	for _, row := range []struct{ name, okta, ledger, want string }{
		{"a chain of three", "ada assigned name=bob@x.co\nbob assigned name=eve@x.co\neve assigned name=new@x.co", "ada active\nbob active\neve active",
			`update eve: name eve@x.co -> new@x.co
			 update bob: name bob@x.co -> eve@x.co after eve
			 update ada: name ada@x.co -> bob@x.co after bob`},
		{"two exchange", "ada assigned name=bob@x.co\nbob assigned name=ada@x.co", "ada active\nbob active",
			"held update bob: name bob@x.co -> ada@x.co" + ring + "\nheld update ada: name ada@x.co -> bob@x.co" + ring},
		{"a ring of three, and one who waits for it", "ada assigned name=bob@x.co\nbob assigned name=eve@x.co\neve assigned name=ada@x.co\nzoe assigned name=eve@x.co",
			"ada active\nbob active\neve active\nzoe active",
			`held update eve: name eve@x.co -> ada@x.co [renames] | the new username is not free: its holder's own rename is held
			 held update ada: name ada@x.co -> bob@x.co [renames] | the new username is not free: its holder's own rename is held
			 held update bob: name bob@x.co -> eve@x.co [renames] | two assigned Okta users have this username; give one of them another in the app's assignment
			 held update zoe: name zoe@x.co -> eve@x.co [renames] | two assigned Okta users have this username; give one of them another in the app's assignment`},
		{"a chain into a name that stays", "ada assigned name=bob@x.co\nbob assigned name=eve@x.co", "ada active\nbob active\neve active",
			"held update ada: name ada@x.co -> bob@x.co" + blockedBy +
				"\nheld update bob: name bob@x.co -> eve@x.co [renames] | another account has the new username (Okta user eve); rename or delete it in Omni, then reconcile"},
		{"a leaver keeps the name", "all users\nada assigned name=bob@x.co", "ada active\nbob active",
			`deactivate bob | no longer assigned in Okta
			 held update ada: name ada@x.co -> bob@x.co [renames] | another account has the new username (Okta user bob); rename or delete it in Omni, then reconcile`},
		{"a joiner takes what is given up", "ada assigned name=new@x.co\nbob assigned name=ada@x.co", "ada active",
			`update ada: name ada@x.co -> new@x.co
			 create bob after ada | assigned in Okta`},
	} {
		p := scene{row.okta, row.ledger}.plan(testPolicy())
		sameLines(t, row.name, told(p), row.want)
	}
}

// The rows of claim, with groups: "Sales" is held by a, "Ops" by b.
func TestClaim(t *testing.T) {
	for _, row := range []struct {
		name   string
		wants  map[identity.GroupID]string
		leaves identity.GroupID
		want   map[identity.GroupID]refusal
		after  map[identity.GroupID]identity.GroupID
	}{
		{"everybody has what they want", map[identity.GroupID]string{"a": "sales", "b": "ops"}, "", nil, nil},
		{"several, one linked", map[identity.GroupID]string{"a": "sales", "c": "sales", "d": "sales"}, "",
			map[identity.GroupID]refusal{"c": doubled, "d": doubled}, nil},
		{"several, none linked", map[identity.GroupID]string{"c": "new", "d": "new"}, "", map[identity.GroupID]refusal{"c": doubled, "d": doubled}, nil},
		{"its holder stays", map[identity.GroupID]string{"a": "sales", "c": "sales"}, "", map[identity.GroupID]refusal{"c": doubled}, nil},
		{"its holder isn't heard of", map[identity.GroupID]string{"c": "sales"}, "", map[identity.GroupID]refusal{"c": taken}, nil},
		{"its holder moves", map[identity.GroupID]string{"a": "new", "c": "sales"}, "", nil, map[identity.GroupID]identity.GroupID{"c": "a"}},
		{"its holder leaves", map[identity.GroupID]string{"c": "sales"}, "a", nil, map[identity.GroupID]identity.GroupID{"c": "a"}},
		{"a chain", map[identity.GroupID]string{"a": "new", "b": "sales", "c": "ops"}, "", nil,
			map[identity.GroupID]identity.GroupID{"b": "a", "c": "b"}},
		{"a ring", map[identity.GroupID]string{"a": "ops", "b": "sales"}, "", map[identity.GroupID]refusal{"a": ringed, "b": ringed},
			map[identity.GroupID]identity.GroupID{"a": "b", "b": "a"}},
		{"beside a ring", map[identity.GroupID]string{"a": "ops", "b": "sales", "c": "third"}, "", map[identity.GroupID]refusal{"a": ringed, "b": ringed}, nil},
		{"a chain whose end is doubled", map[identity.GroupID]string{"a": "new", "c": "new", "b": "sales"}, "",
			map[identity.GroupID]refusal{"a": doubled, "c": doubled, "b": blocked}, map[identity.GroupID]identity.GroupID{"b": "a"}},
		{"two want what is given up", map[identity.GroupID]string{"a": "new", "c": "sales", "d": "sales"}, "",
			map[identity.GroupID]refusal{"c": doubled, "d": doubled}, nil},
	} {
		got := claim(map[string]identity.GroupID{"sales": "a", "ops": "b"}, row.wants, func(id identity.GroupID) bool { return id == row.leaves })
		for id := range row.wants {
			if got.refused[id] != row.want[id] {
				t.Errorf("%s: %s is refused %d, want %d", row.name, id, got.refused[id], row.want[id])
			}
			if after := row.after[id]; after != "" && got.after[id] != after {
				t.Errorf("%s: %s comes after %q, want %q", row.name, id, got.after[id], after)
			}
		}
	}
}

// Nobody waits behind a ring: two want one name then, which breaks the ring open
// and blocks all who wait for those two. A chain beside a ring is free.
func TestClaimBehindARing(t *testing.T) {
	stays := func(identity.OktaID) bool { return false }
	for _, row := range []struct {
		name   string
		holder map[string]identity.OktaID
		wants  map[identity.OktaID]string
		want   map[identity.OktaID]refusal
	}{
		{"a chain beside a ring", map[string]identity.OktaID{"a": "1", "b": "2", "c": "3", "d": "4"},
			map[identity.OktaID]string{"1": "b", "2": "a", "3": "free", "4": "c", "5": "d"},
			map[identity.OktaID]refusal{"1": ringed, "2": ringed, "3": free, "4": free, "5": free}},
		{"one more wants a ring's name", map[string]identity.OktaID{"a": "1", "b": "2"},
			map[identity.OktaID]string{"1": "b", "2": "a", "3": "b"},
			map[identity.OktaID]refusal{"1": doubled, "2": blocked, "3": doubled}},
		{"behind a doubled name, one after the other", map[string]identity.OktaID{"a": "1", "b": "2", "c": "3"},
			map[identity.OktaID]string{"1": "b", "2": "b", "3": "a", "4": "c"},
			map[identity.OktaID]refusal{"1": doubled, "2": free, "3": blocked, "4": blocked}},
	} {
		got := claim(row.holder, row.wants, stays)
		for id, want := range row.want {
			if got.refused[id] != want {
				t.Errorf("%s: %s is refused %d, want %d", row.name, id, got.refused[id], want)
			}
		}
	}
}

// Whose names count: everybody who has or gets an account, by the address as it
// is compared; who can't have the name wants none.
func TestUserNames(t *testing.T) {
	s := scene{`ada assigned name=One@X.co
		bob staged name=one@x.co
		eve staged
		kim assigned name=nobody
		pat assigned outside name=one@x.co
		sam assigned fault=broken name=one@x.co`, `eve active
		zoe inactive
		joe intended name=one@x.co`}
	got := userNames(s.desired(), s.books())
	if len(got.refused) != 0 || len(got.after) != 0 {
		t.Errorf("refused %v, after %v: only ada wants the name, and nobody has it", got.refused, got.after)
	}
	if got.holder["eve@x.co"] != "eve" || got.holder["zoe@x.co"] != "zoe" || got.holder["one@x.co"] != "" {
		t.Errorf("the names are held by %v: who is linked, active or not, has one; who is intended hasn't", got.holder)
	}
}

// Whose names count among groups: not those that are gone, paused, or too long;
// a group that is no longer pushed gives its name up.
func TestGroupNames(t *testing.T) {
	const long = "a name of more than sixty-four characters is refused by Omni, so it is free"
	s := scene{`all groups
		#a name=Sales
		#b name=SALES paused
		#c name=sales gone
		#d name="` + long + `"
		#e name="` + long + `"
		#f name=Old`, `#old linked title=OLD
		#b linked title=Before`}
	got := groupNames(s.desired(), s.books())
	if len(got.refused) != 0 {
		t.Errorf("refused are %v", got.refused)
	}
	if got.after["f"] != "old" || len(got.after) != 1 {
		t.Errorf("what comes after what: %v, want f after old, whose name is given up", got.after)
	}
	if got.holder["before"] != "b" {
		t.Errorf("a paused group doesn't hold its name: %v", got.holder)
	}
}

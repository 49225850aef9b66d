package sync

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

func idWords(ids map[identity.OktaID]bool) string {
	words := []string{}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		words = append(words, string(id))
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

// Who isn't simply as they were.
func TestConcerned(t *testing.T) {
	for _, row := range []struct{ name, okta, ledger, holds, failing, want string }{
		{name: "as they were", okta: "all users\nada same", ledger: "ada active", want: ""},
		{name: "told of", okta: "ada assigned\nbob assigned", ledger: "ada active", want: "ada bob"},
		{name: "active, and missing", okta: "all users", ledger: "ada active", want: "ada"},
		{name: "inactive, and missing", okta: "all users", ledger: "ada inactive", want: ""},
		{name: "intended", okta: "all users", ledger: "ada intended", want: "ada"},
		{name: "unassigned, and active yet", okta: "all users\nada same", ledger: "ada active since=-1h", want: "ada"},
		{name: "unassigned, and ended", okta: "all users", ledger: "ada inactive since=-1h", want: ""},
		{name: "held", okta: "ada same", ledger: "ada active", holds: "deactivate:ada", want: "ada"},
		{name: "held in a group", okta: "ada same\nbob same", ledger: "ada active\nbob active", holds: "member:sales:bob", want: "bob"},
		{name: "failing", okta: "ada same\nbob same", ledger: "ada active\nbob active", failing: "user:bob group:sales", want: "bob"},
	} {
		s := scene{row.okta, row.ledger}
		d, l := s.desired(), s.books()
		for key := range strings.FieldsSeq(row.holds) {
			h := state.Hold{}
			if _, id, ok := strings.Cut(key, "deactivate:"); ok {
				h.Change.OktaID = id
			}
			l.Holds[key] = h
		}
		for subject := range strings.FieldsSeq(row.failing) {
			l.Failing[subject] = state.Failure{}
		}
		if got := idWords(concerned(d, l)); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// Who may have a name that somebody else wants, whatever its letter case.
func TestNamesakes(t *testing.T) {
	l := scene{"", "ada active\nbob inactive name=ROBERT@x.co\neve intended name=new@x.co"}.books()
	for okta, want := range map[string]string{
		"":                              "",
		"kim assigned":                  "",
		"kim assigned name=Ada@X.co":    "ada",
		"kim assigned name=robert@x.co": "bob",
		"kim staged name=NEW@x.co":      "eve",
		"ada same":                      "",
		"kim assigned name=ada@x.co\nlea assigned name=new@x.co": "ada eve",
	} {
		if got := idWords(namesakes(scene{okta, ""}.desired(), l)); got != want {
			t.Errorf("%q: %q, want %q", okta, got, want)
		}
	}
}

// Whose members may all matter.
func TestNeedsAll(t *testing.T) {
	for _, row := range []struct {
		name, okta, group, hold, failing string
		want                             bool
	}{
		{name: "linked, in line", okta: "#sales certain", group: "linked known"},
		{name: "linked, nothing heard", okta: "", group: "linked"},
		{name: "not linked", okta: "#sales", group: "unlinked", want: true},
		{name: "intended", okta: "#sales", group: "intended", want: true},
		{name: "open", okta: "#sales", group: "linked open", want: true},
		{name: "un-pushed", okta: "all groups", group: "linked", want: true},
		{name: "gone", okta: "#sales gone", group: "linked", want: true},
		{name: "failing", okta: "#sales", group: "linked", failing: "group:sales", want: true},
		{name: "another is failing", okta: "#sales", group: "linked", failing: "group:ops"},
		{name: "a member is held", okta: "#sales", group: "linked", hold: "member:sales:ada", want: true},
		{name: "another's member is held", okta: "#sales", group: "linked", hold: "member:ops:ada"},
		{name: "its deletion is held", okta: "#sales", group: "linked", hold: "delete:sales", want: true},
	} {
		s := scene{row.okta, "#sales " + row.group}
		l := s.books()
		if row.hold != "" {
			_, id, _ := strings.Cut(row.hold, ":")
			l.Holds[row.hold] = state.Hold{Change: state.Change{OktaID: id}}
		}
		if row.failing != "" {
			l.Failing[row.failing] = state.Failure{}
		}
		if got := needsAll("sales", s.desired(), l); got != row.want {
			t.Errorf("%s: %t, want %t", row.name, got, row.want)
		}
	}
}

// Whose places in all groups matter: who comes, goes, or wasn't yet seen in line.
func TestMovers(t *testing.T) {
	for _, row := range []struct{ name, okta, ledger, want string }{
		{"in line", "ada assigned", "ada active seen", ""},
		{"not yet seen in line", "ada assigned", "ada active", "ada"},
		{"comes", "ada assigned", "", "ada"},
		{"comes, intended", "ada assigned", "ada intended", "ada"},
		{"comes back", "ada assigned", "ada inactive seen", "ada"},
		{"goes", "ada unassigned", "ada active seen", "ada"},
		{"goes, outside the scope", "ada assigned outside", "ada active seen", "ada"},
		{"an expression failed", "ada assigned fault=broken", "ada active seen", "ada"},
		{"missing", "all users", "ada active seen", "ada"},
		{"missing, and ended", "all users", "ada inactive seen", ""},
		{"missing, intended", "all users", "ada intended", "ada"},
		{"staged", "ada staged", "ada active seen", ""},
	} {
		s := scene{row.okta, row.ledger}
		if got := idWords(movers(s.desired(), s.books())); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// Whose records matter because their place in a group differs, or changes.
func TestUnsettled(t *testing.T) {
	s := scene{"#sales joined=new left=old", "#sales linked in:P found:F out:A ended:E extra:p stranger:f back:e"}
	if got := idWords(unsettled(s.desired(), s.books())); got != "back ended extra new old out stranger" {
		t.Errorf("unsettled are %q", got)
	}
}

// Who is as they were gets the values of the record; what Okta tells anew stands.
func TestRecallSame(t *testing.T) {
	s := scene{"ada same\nbob assigned region=new\nkim same", "ada active region=x seen account=LOCKED_OUT\nbob active region=old"}
	d, l := s.desired(), s.books()
	d.Same["bob"] = 0 // both told and the same: what is told counts
	d.recallSame(l)
	ada := d.Users["ada"]
	if !ada.Equal(l.Users["ada"].User) || ada.Standing != identity.Assigned || !ada.InScope || ada.Account != "LOCKED_OUT" || ada.Print != l.Users["ada"].Seen {
		t.Errorf("ada is %+v", ada)
	}
	if got := d.Users["bob"].Attributes["region"]; got != `"new"` {
		t.Errorf("bob's region is %s", got)
	}
	if _, there := d.Users["kim"]; there {
		t.Error("somebody whose record isn't in memory has values")
	}
}

// What of the ledger a run reads for what happened, and no more.
func TestGather(t *testing.T) {
	const ledger = `ada active seen
		bob active seen
		eve active seen
		zoe inactive
		#sales linked known ada:P bob:P
		#ops linked known bob:P eve:P
		#new unlinked ada:A`
	const quiet = "all users\nall groups\n#sales certain\n#ops certain\n#new certain\nada same\nbob same\neve same\n"
	for _, row := range []struct{ name, okta, users, members string }{
		{"nothing", quiet, "ada", "new:ada"}, // the group that is to be made wants its members
		{"one changed", quiet + "bob assigned region=y", "ada bob", "new:ada"},
		{"one left", strings.Replace(quiet, "bob same", "", 1), "ada bob", "new:ada ops:bob sales:bob"},
		{"one joins under a name", quiet + "kim assigned name=zoe@x.co", "ada zoe", "new:ada"},
		{"one comes back", quiet + "zoe assigned", "ada zoe", "new:ada"},
		{"a group moved", strings.Replace(quiet, "#ops certain", "#ops certain read left=eve joined=ada", 1), "ada eve", "new:ada"},
		{"a group is let go", strings.Replace(quiet, "#ops certain", "", 1), "ada", "new:ada ops:bob ops:eve"},
	} {
		s := newDrawers(t, ledger)
		l := marked(t, s)
		d := scene{row.okta, ""}.desired()
		e := &Engine{locks: newLocks(), o: Options{Archive: &Recollection{}, Store: s}, policy: testPolicy()}
		if err := e.gather(t.Context(), &d, l); err != nil {
			t.Fatal(err)
		}
		users := map[identity.OktaID]bool{}
		for id := range l.Users {
			users[id] = true
		}
		var members []string
		for _, g := range slices.Sorted(maps.Keys(l.Members)) {
			for _, u := range slices.Sorted(maps.Keys(l.Members[g])) {
				members = append(members, string(g)+":"+string(u))
			}
		}
		if got := idWords(users); got != row.users {
			t.Errorf("%s: users %q, want %q", row.name, got, row.users)
		}
		if got := strings.Join(members, " "); got != row.members {
			t.Errorf("%s: members %q, want %q", row.name, got, row.members)
		}
	}
}

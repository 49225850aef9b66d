package sync

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// withPrints gives everyone whom Okta tells of a print.
func withPrints(d Desired) Desired {
	for id, p := range d.Users {
		p.Print = identity.PrintOf([]byte("now " + id))
		d.Users[id] = p
	}
	return d
}

// Who is in line after a run, and needn't be looked at until something changes.
func TestInLine(t *testing.T) {
	for _, row := range []struct {
		name, okta, ledger string
		results            []Change
		want               bool
	}{
		{name: "nothing differs", okta: "ada assigned", ledger: "ada active", want: true},
		{name: "staged, nothing differs", okta: "ada staged", ledger: "ada active", want: true},
		{name: "changed and applied", okta: "ada assigned region=y", ledger: "ada active region=y",
			results: []Change{{Kind: Update, User: "ada", State: state.Applied}}, want: true},
		{name: "a value still differs", okta: "ada assigned region=y", ledger: "ada active region=x"},
		{name: "a value was left alone", okta: "ada assigned", ledger: "ada active region=x kept=region", want: true},
		{name: "inactive", okta: "ada assigned", ledger: "ada inactive"},
		{name: "intended", okta: "ada assigned", ledger: "ada intended"},
		{name: "unassigned", okta: "ada unassigned", ledger: "ada active"},
		{name: "in grace", okta: "ada assigned", ledger: "ada active since=-1h"},
		{name: "outside the scope", okta: "ada assigned outside", ledger: "ada active"},
		{name: "doubtful", okta: "ada doubtful", ledger: "ada active"},
		{name: "an expression failed", okta: "ada assigned fault=broken", ledger: "ada active"},
		{name: "unknown to us", okta: "ada assigned", ledger: ""},
		{name: "a change of theirs failed", okta: "ada assigned", ledger: "ada active", results: []Change{{Kind: Update, User: "ada", State: state.Failed}}},
		{name: "a change of theirs is held", okta: "ada assigned", ledger: "ada active", results: []Change{{Kind: Update, User: "ada", State: state.Held}}},
		{name: "a change of theirs is kept", okta: "ada assigned", ledger: "ada active", results: []Change{{Kind: Update, User: "ada", State: state.Kept}}},
		{name: "a change of theirs was stopped", okta: "ada assigned", ledger: "ada active", results: []Change{{Kind: Update, User: "ada", State: state.Planned}}},
		{name: "one applied, one held", okta: "ada assigned", ledger: "ada active",
			results: []Change{{Kind: Update, User: "ada", State: state.Applied}, {Kind: Update, User: "ada", State: state.Held}}},
		{name: "another's change failed", okta: "ada assigned", ledger: "ada active",
			results: []Change{{Kind: Update, User: "bob", State: state.Failed}, {Kind: Members, Group: "ada", State: state.Failed}}, want: true},
	} {
		s := scene{row.okta, row.ledger}
		n := inLine(withPrints(s.desired()), s.books(), row.results, testPolicy())
		u, noted := n.Users["ada"]
		if noted != row.want || noted && u.Seen != identity.PrintOf([]byte("now ada")) {
			t.Errorf("%s: in line %t, want %t", row.name, noted, row.want)
		}
	}
}

// Who is in line already isn't written again, and nothing but the print changes.
func TestInLineWritesOnce(t *testing.T) {
	s := scene{"ada assigned region=x account=ACTIVE", "ada active region=x account=ACTIVE kept=team admin"}
	d, l := withPrints(s.desired()), s.books()
	n := inLine(d, l, nil, testPolicy())
	was := l.Users["ada"]
	was.Seen = d.Users["ada"].Print
	if len(n.Users) != 1 || n.Users["ada"].OrgAdmin != was.OrgAdmin || n.Users["ada"].Omni != was.Omni || len(n.Users["ada"].Kept) != 1 {
		t.Errorf("the record became %+v", n.Users["ada"])
	}
	l.Take(n)
	if again := inLine(d, l, nil, testPolicy()); len(again.Users) != 0 {
		t.Errorf("written again: %s", noted(again))
	}
}

// Which groups are read whole in the next run: those whose members differ
// although their users don't change.
func TestOpened(t *testing.T) {
	for _, row := range []struct{ name, okta, ledger, want string }{
		{"settled", "ada same", "ada active\n#sales linked ada:P", ""},
		{"settled, was open", "ada same", "ada active\n#sales linked open ada:P", "#sales Sales linked"},
		{"somebody to add", "ada same", "ada active\n#sales linked ada:A", "#sales Sales linked open"},
		{"somebody to remove", "ada same", "ada active\n#sales linked ada:p", "#sales Sales linked open"},
		{"found, whom Okta doesn't know", "ada same", "ada active\n#sales linked ada:f", "#sales Sales linked open"},
		{"found, whom Okta knows", "ada same", "ada active\n#sales linked ada:F", ""},
		{"came back", "ada same", "ada active\n#sales linked ada:E", "#sales Sales linked open"},
		{"not assigned", "all users", "ada active\n#sales linked ada:p", ""},
		{"not heard of", "", "ada active\n#sales linked ada:p", "#sales Sales linked open"},
		{"no account", "", "#sales linked ada:A", ""},
		{"inactive", "ada staged", "ada inactive\n#sales linked ada:E", ""},
		{"an expression failed", "ada assigned fault=broken", "ada active\n#sales linked ada:A", ""},
		{"still open", "ada same", "ada active\n#sales linked open ada:A", ""},
		{"not linked", "ada same", "ada active\n#sales unlinked ada:A", ""},
	} {
		s := scene{row.okta, row.ledger}
		n := newNotes()
		n.opened(s.desired(), s.books())
		sameLines(t, row.name, noted(n), row.want)
	}
}

// How far Okta's word reaches, for users and groups.
func TestDesiredReach(t *testing.T) {
	for _, row := range []struct {
		okta     string
		told     bool
		standing identity.Standing
		unpushed bool
	}{
		{"", false, identity.Doubtful, false},
		{"all users\nall groups", true, identity.Unassigned, true},
		{"ada same\n#sales", true, identity.Assigned, false},
		{"ada suspended\n#sales gone", true, identity.Suspended, true},
		{"all users\nada doubtful\nall groups\n#sales paused", true, identity.Doubtful, false},
	} {
		d := scene{row.okta, ""}.desired()
		p, told := d.person("ada")
		if told != row.told || p.Standing != row.standing || d.unpushed("sales") != row.unpushed {
			t.Errorf("%q: told %t, %s, unpushed %t", row.okta, told, p.Standing, d.unpushed("sales"))
		}
		if strings.Contains(row.okta, "same") && !p.InScope {
			t.Error("who is as they were is out of scope")
		}
	}
}

// wanted, stays and leaves: each standing, in and out of scope. No one is both
// staying and leaving, and who is doubtful is neither.
func TestPersonStanding(t *testing.T) {
	for _, row := range []struct{ words, want string }{
		{"assigned", "wanted stays"}, {"staged", "stays"}, {"suspended", "stays"}, {"unassigned", "leaves"}, {"doubtful", ""},
		{"assigned outside", "leaves"}, {"staged outside", "leaves"}, {"suspended outside", "leaves"}, {"unassigned outside", "leaves"}, {"doubtful outside", ""},
		{"assigned fault=x", ""}, {"unassigned fault=x", ""}, {"assigned outside fault=x", ""},
	} {
		p := lines("ada " + row.words)[0].person()
		var got []string
		for _, answer := range []struct {
			word string
			is   bool
		}{{"wanted", p.wanted()}, {"stays", p.stays()}, {"leaves", p.leaves()}} {
			if answer.is {
				got = append(got, answer.word)
			}
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %v, want %s", row.words, got, row.want)
		}
	}
}

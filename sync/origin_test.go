package sync

import (
	"testing"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Where a change of members was told: of the first who goes, then of the first who
// comes, then of the account that comes, and else of the group.
func TestOriginOfMembers(t *testing.T) {
	ids := func(list ...identity.OktaID) []identity.OktaID { return list }
	g := Crowd{Told: "group", Chosen: "mapping", Joined: ids("ada", "bob", "cyd"), Left: ids("dan", "eve", "fay"),
		Listed: rollcall{pages: pages{"page 1", "page 2", "page 3"}, joined: []int32{1, 0, 1}, proofs: map[identity.OktaID]identity.Origin{"eve": "proof of eve"}}}
	d := Desired{Groups: map[identity.GroupID]Crowd{"sales": g}, Chosen: "end of the mappings",
		Users: map[identity.OktaID]Person{"gil": {Origin: "page of gil"}}}
	for _, row := range []struct {
		change Change
		want   identity.Origin
	}{
		{Change{Kind: Members, Add: ids("ada", "bob")}, "page 2"},
		{Change{Kind: Members, Add: ids("aaa", "bob", "cyd")}, "page 1"},
		{Change{Kind: Members, Add: ids("ada"), Drop: ids("dan", "eve")}, "proof of eve"},
		{Change{Kind: Members, Add: ids("ada"), Drop: ids("dan", "fay")}, "page 3"},
		{Change{Kind: Members, Add: ids("ada"), Drop: ids("old")}, "page 2"},
		{Change{Kind: Members, Drop: ids("old")}, "group"},
		{Change{Kind: Members, Add: ids("gil"), Needs: []string{userSubject("gil")}}, "page of gil"},
		{Change{Kind: Members, Add: ids("old")}, "group"},
		{Change{Kind: Rename, Add: ids("ada")}, "group"},
		{Change{Kind: Create, Add: ids("ada")}, "mapping"},
		{Change{Kind: Adopt}, "mapping"},
	} {
		row.change.Group = "sales"
		if got := d.origin(row.change); got != row.want {
			t.Errorf("%s, %v come, %v go: %q, want %q", row.change.Kind, row.change.Add, row.change.Drop, got, row.want)
		}
	}
	if got := d.origin(Change{Kind: Release, Group: "ops"}); got != "end of the mappings" {
		t.Errorf("a group that isn't chosen: %q", got)
	}
}

// A list of one page keeps no numbers, one of several keeps those of who joined.
func TestPages(t *testing.T) {
	var p pages
	if p.last() != "" || p.at(0) != "" {
		t.Error("there is a page before any was read")
	}
	numbers := map[identity.OktaID]int32{"ada": p.number("a"), "bob": p.number("a")}
	if got := p.of([]identity.OktaID{"ada"}, numbers); got.joined != nil || (Crowd{Listed: got}).page(0) != "a" {
		t.Errorf("of one page %+v is kept", got)
	}
	numbers["cyd"] = p.number("b")
	g := Crowd{Listed: p.of([]identity.OktaID{"bob", "cyd"}, numbers)}
	if g.page(0) != "a" || g.page(1) != "b" || p.last() != "b" || len(p) != 2 {
		t.Errorf("%+v of %v", g.Listed, p)
	}
}

// What a run acts upon stands behind why it is; the changes of one page share the text.
func TestCauses(t *testing.T) {
	r := aRun()
	for from, want := range map[identity.Origin]string{"": "test", "okta request r1 (assignments)": "test: okta request r1 (assignments)"} {
		if got := r.told(Change{Origin: from}).Cause; got != want {
			t.Errorf("%q: %q, want %q", from, got, want)
		}
	}
	if got := (&run{}).told(Change{Origin: "okta request r1 (members)"}).Cause; got != "okta request r1 (members)" {
		t.Errorf("of a run without a cause: %q", got)
	}
	c := Change{Origin: "okta request r1 (assignments)"}
	if n := testing.AllocsPerRun(100, func() { r.cause(c.Origin) }); n > 1 {
		t.Errorf("%v allocations for a text that is known", n)
	}
}

// The parts of a change that wait have the origin of those who are in them.
func TestOriginOfWhatWaits(t *testing.T) {
	l := scene{"", "ada active\neve active\n#sales linked ada:p eve:f"}.books()
	d := Desired{Groups: map[identity.GroupID]Crowd{"sales": {Told: "group", Left: []identity.OktaID{"ada", "eve"},
		Listed: rollcall{proofs: map[identity.OktaID]identity.Origin{"ada": "proof of ada", "eve": "proof of eve"}}}}}
	for kind, want := range map[Kind]identity.Origin{Members: "proof of ada", Rename: "group"} {
		c := Change{Kind: kind, Group: "sales", State: state.Planned, Drop: []identity.OktaID{"ada", "eve"}, Before: &state.Facts{}, After: &state.Facts{}}
		got := judge([]Change{c}, d, l, testPolicy(), noon).Changes
		if len(got) != 2 || got[0].Origin != want || got[1].State != state.Held || got[1].Origin != "proof of eve" {
			t.Errorf("%s becomes %+v", kind, got)
		}
	}
}

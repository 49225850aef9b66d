package sync

import (
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// The table of a group that is short: who is known to have left goes, who was found in
// Omni alone stays, and whoever joins comes. The columns as in TestMemberDiff.
func TestMemberDiffOfAShortGroup(t *testing.T) {
	for letter, want := range map[string]string{"A": "+", "P": "", "p": "-", "f": "", "e": "-", "E": "+"} {
		s := scene{"ada same", "ada active\n#sales linked ada:" + letter}
		d, l := s.desired(), s.books()
		d.recallSame(l)
		pl := &planner{desired: d, ledger: l, policy: testPolicy()}
		pl.names, pl.titles = userNames(d, l), groupNames(d, l)
		pl.standing(pl.users())
		add, drop := pl.memberDiff("sales", Crowd{Short: state.Short{Listed: 1, Counted: 2}})
		if got := strings.Repeat("+", len(add)) + strings.Repeat("-", len(drop)); got != want {
			t.Errorf("ledger %s: %q, want %q", letter, got, want)
		}
	}
}

// When a stable list stands beside Okta's count, by the table of counted.go.
func TestMeasure(t *testing.T) {
	before := state.Short{Listed: 3, Counted: 5, Since: noon}
	count := func(n int) *int { return &n }
	for name, row := range map[string]struct {
		counts  *int
		listed  int
		every   bool        // all groups are compared
		known   state.Short // by the ledger
		spared  bool
		stands  bool
		certain bool
		short   state.Short
	}{
		"not told":               {nil, 3, true, state.Short{}, false, true, true, state.Short{}},
		"as many":                {count(3), 3, true, state.Short{}, false, true, true, state.Short{}},
		"fewer":                  {count(2), 3, true, state.Short{}, false, true, true, state.Short{}},
		"more":                   {count(5), 3, true, state.Short{}, false, false, false, before},
		"more, and nobody asked": {count(5), 3, false, state.Short{}, false, true, true, state.Short{}},
		"more, and known as so":  {count(5), 3, false, before, false, true, false, before},
		"more, otherwise than known": {count(6), 3, false, before, false, false, false,
			state.Short{Listed: 3, Counted: 6, Since: noon}},
		"as many again":    {count(5), 5, false, before, false, true, true, state.Short{}},
		"more, and spared": {count(5), 3, true, before, true, true, true, state.Short{}},
	} {
		l := newLedger()
		l.Groups["sales"] = state.Group{Name: "Sales", Short: row.known}
		cr := &crowdReader{engine: &Engine{}, ledger: l, counted: row.every, crowds: map[identity.GroupID]Crowd{"sales": {Name: "Sales", Type: "OKTA_GROUP"}}}
		if row.spared {
			cr.engine.policy.Uncounted = []string{"S*"}
		}
		var c Crowd
		stands := cr.measure(&c, identity.Group{ID: "sales", Users: row.counts}, row.listed)
		if c.short() && row.known.Since.IsZero() && time.Since(c.Short.Since) < time.Minute {
			c.Short.Since = noon
		}
		if stands != row.stands || c.Certain != row.certain || c.Short != row.short {
			t.Errorf("%s: it stands %t, certain %t, %+v; want %t, %t, %+v", name, stands, c.Certain, c.Short, row.stands, row.certain, row.short)
		}
	}
}

// What is left of a reading that isn't proven: all that adds, and nothing that takes away.
func TestDistrust(t *testing.T) {
	d := scene{`all users groups
ada assigned
bob unassigned
eve assigned outside
kim same
#sales joined=ada left=bob certain read
#ops gone
#scim-pushed gone`, ""}.desired()
	d.Only = true
	again := strings.Join(d.distrust(), ", ")
	if want := "members of sales, object of ops, selection, user:bob, user:eve"; again != want {
		t.Errorf("looked at again: %s", again)
	}
	_, bob := d.person("bob")
	_, zoe := d.person("zoe")
	_, ops := d.Groups["ops"]
	if ada, told := d.person("ada"); bob || zoe || ops || !told || !ada.wanted() || d.unpushed("other") {
		t.Errorf("it still says %+v", d)
	}
	if c := d.Groups["sales"]; c.Certain || len(c.Left) > 0 || len(c.Joined) != 1 {
		t.Errorf("of the group it says %+v", c)
	}
}

package sync

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// noted prints notes of users, groups and members in the words of a scene: what
// changes of the ledger, one object a line.
func noted(n Notes) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(n.Users)) {
		u := n.Users[id]
		if u == nil {
			fmt.Fprintf(&b, "%s forgotten\n", id)
			continue
		}
		fmt.Fprintf(&b, "%s%s\n", id, userWords(*u))
	}
	for _, id := range slices.Sorted(maps.Keys(n.Groups)) {
		g := n.Groups[id]
		if g == nil {
			fmt.Fprintf(&b, "#%s forgotten\n", id)
			continue
		}
		fmt.Fprintf(&b, "#%s%s\n", id, groupWords(*g))
	}
	for _, id := range slices.Sorted(maps.Keys(n.Members)) {
		for _, u := range slices.Sorted(maps.Keys(n.Members[id])) {
			fmt.Fprintf(&b, "#%s %s:%s\n", id, u, letter(n.Members[id][u]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(n.Holds)) {
		h := n.Holds[key]
		if h == nil {
			fmt.Fprintf(&b, "hold %s over\n", key)
			continue
		}
		fmt.Fprintf(&b, "hold %s [%s] %s\n", key, h.Guard, h.Change.Reason)
	}
	for _, key := range slices.Sorted(maps.Keys(n.Failing)) {
		fmt.Fprintf(&b, "failing %s %t\n", key, n.Failing[key] != nil)
	}
	return b.String()
}

func userWords(u state.User) string {
	words := map[bool]string{true: " active", false: " inactive"}[u.Active]
	if u.Omni == "" {
		words = " intended"
	}
	if u.Unassigned != nil {
		words += " since=" + u.Unassigned.Sub(noon).String()
	}
	if u.Account != "" {
		words += " account=" + u.Account
	}
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		words += fmt.Sprintf(" %s=%s", name, u.Attributes[name])
	}
	if u.Seen != (identity.Print{}) {
		words += " seen"
	}
	return words
}

func groupWords(g state.Group) string {
	words := " " + g.Name
	if g.Omni != "" {
		words += " linked"
		if g.DisplayName != g.Name {
			words += " title=" + g.DisplayName
		}
	}
	if g.Mapping != "" {
		words += " mapping=" + g.Mapping
	}
	if g.Open {
		words += " open"
	}
	if !g.AsOf.IsZero() {
		words += " known"
	}
	if g.Paused {
		words += " paused"
	}
	return words
}

func letter(m *state.Member) string {
	if m == nil {
		return "-"
	}
	one := string("apfe"[m.Omni])
	if m.Okta {
		one = strings.ToUpper(one)
	}
	return one
}

// What is noted of users when they are seen.
func TestObserveUsers(t *testing.T) {
	for _, row := range []struct{ name, okta, ledger, want string }{
		{"assigned, as before", "ada assigned account=ACTIVE", "ada active account=ACTIVE", ""},
		{"as they were", "ada same", "ada active account=ACTIVE", ""},
		{"another account status", "ada assigned account=LOCKED_OUT", "ada active account=ACTIVE", "ada active account=LOCKED_OUT"},
		{"a status that isn't told changes nothing", "ada assigned", "ada active account=ACTIVE", ""},
		{"unassigned for the first time", "ada unassigned", "ada active", "ada active since=0s"},
		{"missing for the first time", "all users", "ada active", "ada active since=0s"},
		{"missing from half a list", "", "ada active", ""},
		{"unassigned again", "ada unassigned", "ada active since=-5h", ""},
		{"missing again", "all users", "ada active since=-5h", ""},
		{"outside the scope", "ada assigned outside", "ada active", "ada active since=0s"},
		{"assigned again", "ada assigned", "ada active since=-5h", "ada active"},
		{"assigned again, as they were", "ada same", "ada active since=-5h seen", "ada active seen"},
		{"suspended stays", "ada suspended", "ada active since=-5h", "ada active"},
		{"staged stays", "ada staged", "ada active since=-5h", "ada active"},
		{"staged outside the scope doesn't", "ada staged outside", "ada active", "ada active since=0s"},
		{"doubtful: nothing", "ada doubtful account=NEW", "ada active since=-5h", ""},
		{"an expression failed: nothing", "ada unassigned fault=broken", "ada active", ""},
		{"inactive, unassigned", "all users", "ada inactive", "ada inactive since=0s"},
		{"intended, unassigned", "all users", "ada intended", "ada intended since=0s"},
		{"nobody of ours", "ada assigned", "", ""},
	} {
		s := scene{row.okta, row.ledger}
		d, l := s.desired(), s.books()
		sameLines(t, row.name, noted(observe(d, l, noon)), row.want)
	}
}

// The time of the first sight is kept, and given once.
func TestObserveUserKeepsTheFirstSight(t *testing.T) {
	first := noon.Add(-5 * time.Hour)
	gone, back := Person{Standing: identity.Unassigned, InScope: true}, Person{Standing: identity.Assigned, InScope: true}
	for _, row := range []struct {
		name string
		was  *time.Time
		p    Person
		want *time.Time
	}{
		{"first", nil, gone, &noon}, {"again", &first, gone, &first}, {"back", &first, back, nil}, {"there all along", nil, back, nil},
	} {
		got := observeUser(state.User{Unassigned: row.was}, row.p, noon).Unassigned
		if (got == nil) != (row.want == nil) || got != nil && !got.Equal(*row.want) {
			t.Errorf("%s: since %v, want %v", row.name, got, row.want)
		}
	}
}

// What is held, approved or rejected about a removal is over once the user is
// assigned again; nothing else is.
func TestObserveEndsHolds(t *testing.T) {
	for _, row := range []struct{ name, okta, want string }{
		{"assigned again", "ada assigned", "ada active\nhold deactivate:ada over\nhold delete:ada over"},
		{"as they were", "ada same", "ada active\nhold deactivate:ada over\nhold delete:ada over"},
		{"still unassigned", "ada unassigned", ""},
		{"missing", "all users", ""},
		{"doubtful", "ada doubtful", ""},
		{"an expression failed", "ada assigned fault=broken", ""},
		{"not read", "", ""},
	} {
		s := scene{row.okta, "ada active since=-5h\nbob active"}
		d, l := s.desired(), s.books()
		d.Same["bob"] = 0
		for _, key := range []string{"deactivate:ada", "delete:ada", "member:sales:ada", "rename:ada:new@x.co", "create:ada"} {
			l.Holds[key] = state.Hold{Decision: state.Rejected}
		}
		sameLines(t, row.name, noted(observe(d, l, noon)), row.want)
	}
}

// What is noted of groups when they are seen.
func TestObserveGroups(t *testing.T) {
	for _, row := range []struct{ name, okta, ledger, want string }{
		{"as before", "#sales certain mapping=m1", "#sales linked mapping=m1 ada:P", ""},
		{"new, empty", "#sales read certain mapping=m1", "", "#sales Sales mapping=m1 known"},
		{"new, with members", "#sales read certain joined=ada,bob", "", "#sales Sales open known\n#sales ada:A\n#sales bob:A"},
		{"renamed in Okta", "#sales name=Sell", "#sales linked", "#sales Sell linked title=Sales"},
		{"another mapping", "#sales mapping=m2", "#sales linked mapping=m1", "#sales Sales linked mapping=m2"},
		{"joined and left", "#sales read certain joined=bob left=ada", "#sales linked known ada:P", "#sales Sales linked open known\n#sales ada:p\n#sales bob:A"},
		{"left counts only where certain", "#sales read joined=bob left=ada", "#sales linked ada:P", "#sales Sales linked open\n#sales bob:A"},
		{"who joins may be in Omni already", "#sales read certain joined=ada,bob", "#sales linked known ada:p bob:e", "#sales Sales linked open known\n#sales ada:P\n#sales bob:E"},
		{"who left and was never in Omni is forgotten", "#sales read certain left=ada", "#sales linked known ada:A", "#sales Sales linked open known\n#sales ada:-"},
		{"read without certainty is read again", "#sales read", "#sales linked known", "#sales Sales linked"},
		{"certain without reading keeps what is known", "#sales certain", "#sales linked known", ""},
		{"paused", "#sales paused name=Sell joined=bob", "#sales linked", "#sales Sales linked paused"},
		{"paused, and not known", "#sales paused", "", ""},
		{"gone", "#sales gone name=Sell", "#sales linked", ""},
		{"not heard of", "all groups", "#sales linked", ""},
	} {
		s := scene{row.okta, row.ledger}
		sameLines(t, row.name, noted(observe(s.desired(), s.books(), noon)), row.want)
	}
}

// Observing again what was observed notes nothing more.
func TestObservingAgainNotesNothing(t *testing.T) {
	s := scene{"all users\nall groups\nada assigned account=ACTIVE\nbob unassigned\n#sales read certain joined=ada left=bob", "ada active\nbob active\neve active\n#sales linked bob:P"}
	d, l := s.desired(), s.books()
	first := observe(d, l, noon)
	if noted(first) == "" {
		t.Fatal("nothing was noted at first")
	}
	l.Take(first)
	c := d.Groups["sales"]
	c.Joined, c.Left = nil, nil // they are in the ledger now
	d.Groups["sales"] = c
	sameLines(t, "the second time", noted(observe(d, l, noon.Add(time.Hour))), "")
}

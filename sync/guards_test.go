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

// crowded is a ledger with 100 active users, of whom the first 40 are in Sales,
// and 20 linked groups.
func crowded() *Ledger {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "u%03d active\n", i)
	}
	b.WriteString("#sales linked")
	for i := range 40 {
		fmt.Fprintf(&b, " u%03d:P", i)
	}
	for i := range 19 {
		fmt.Fprintf(&b, "\n#g%02d linked", i)
	}
	l := scene{"", b.String()}.books()
	l.Connection = state.Connection{Complete: true, Policy: "old"}
	return l
}

// wave is n changes that count for a guard.
func wave(kind string, n int) []Change {
	var list []Change
	for i := range n {
		id := identity.OktaID(fmt.Sprintf("u%03d", i))
		switch kind {
		case guardDeactivations:
			list = append(list, Change{Kind: Deactivate, User: id, State: state.Planned})
		case guardGroupDeletions:
			list = append(list, Change{Kind: Delete, Group: identity.GroupID(fmt.Sprintf("g%02d", i)), State: state.Planned})
		case guardPolicyChange:
			list = append(list, Change{Kind: Update, User: id, State: state.Planned})
		case guardAttributes:
			was := identity.Value(`"emea"`)
			list = append(list, Change{Kind: Update, User: id, State: state.Planned, Patch: identity.UserPatch{Attributes: map[string]*identity.Value{"region": nil}},
				Before: &state.Facts{Attributes: map[string]*identity.Value{"region": &was}}, After: &state.Facts{Attributes: map[string]*identity.Value{"region": nil}}})
		case guardCreations:
			list = append(list, Change{Kind: Create, User: "new-" + id, State: state.Planned})
		case guardMemberRemovals:
			if i == 0 {
				list = append(list, Change{Kind: Members, Group: "sales", State: state.Planned, Before: &state.Facts{}, After: &state.Facts{}})
			}
			list[0].Drop = append(list[0].Drop, id)
		}
	}
	return list
}

func judged(changes []Change, l *Ledger, p Policy) []Change {
	return judge(changes, Desired{}, l, p, noon).Changes
}

// states counts the changes, those of members by member, by state.
func states(changes []Change) string {
	n := map[state.ChangeState]int{}
	for _, c := range changes {
		n[c.State] += max(1, len(c.Drop))
	}
	var words []string
	for _, s := range slices.Sorted(maps.Keys(n)) {
		words = append(words, fmt.Sprintf("%s %d", s, n[s]))
	}
	return strings.Join(words, " ")
}

// Each guard by its count, its percentage, what the window did, and that one is
// always let through: of 100 users, 40 memberships and 20 groups.
func TestEachGuard(t *testing.T) {
	for _, row := range []struct {
		kind  string
		limit Limit
		spent int
		want  int
		held  bool
	}{
		{guardDeactivations, Limit{5, 100}, 0, 5, false}, {guardDeactivations, Limit{5, 100}, 0, 6, true},
		{guardDeactivations, Limit{100, 5}, 0, 5, false}, {guardDeactivations, Limit{100, 5}, 0, 6, true},
		{guardDeactivations, Limit{100, 5.9}, 0, 5, false}, {guardDeactivations, Limit{100, 5.9}, 0, 6, true}, // whole users
		{guardDeactivations, Limit{5, 100}, 4, 1, false}, {guardDeactivations, Limit{5, 100}, 4, 2, true},
		{guardDeactivations, Limit{5, 100}, 5, 1, true}, {guardDeactivations, Limit{0, 0}, 0, 1, false}, {guardDeactivations, Limit{0, 0}, 0, 2, true},
		{guardDeactivations, Limit{0, 0}, 1, 1, true}, // one in a window

		{guardMemberRemovals, Limit{10, 100}, 0, 10, false}, {guardMemberRemovals, Limit{10, 100}, 0, 11, true},
		{guardMemberRemovals, Limit{100, 10}, 0, 4, false}, {guardMemberRemovals, Limit{100, 10}, 0, 5, true}, // of 40
		{guardMemberRemovals, Limit{100, 10}, 10, 1, true}, {guardMemberRemovals, Limit{100, 25}, 10, 2, false}, {guardMemberRemovals, Limit{100, 25}, 10, 3, true},

		{guardGroupDeletions, Limit{1, 100}, 0, 1, false}, {guardGroupDeletions, Limit{1, 100}, 0, 2, true},
		{guardGroupDeletions, Limit{10, 10}, 0, 2, false}, {guardGroupDeletions, Limit{10, 10}, 0, 3, true}, // of 20

		{guardAttributes, Limit{5, 100}, 0, 5, false}, {guardAttributes, Limit{5, 100}, 0, 6, true},
		{guardAttributes, Limit{100, 5}, 0, 5, false}, {guardAttributes, Limit{100, 5}, 0, 6, true},
		{guardAttributes, Limit{5, 100}, 4, 1, false}, {guardAttributes, Limit{5, 100}, 4, 2, true},

		{guardPolicyChange, Limit{25, 100}, 0, 25, false}, {guardPolicyChange, Limit{25, 100}, 0, 26, true},
		{guardPolicyChange, Limit{25, 5}, 0, 5, false}, {guardPolicyChange, Limit{25, 5}, 0, 6, true},

		{guardCreations, Limit{30, 100}, 0, 30, false}, {guardCreations, Limit{30, 100}, 0, 31, true},
		{guardCreations, Limit{500, 50}, 0, 50, false}, {guardCreations, Limit{500, 50}, 0, 51, true},
		{guardCreations, Limit{500, 50}, 50, 25, false}, {guardCreations, Limit{500, 50}, 50, 26, true},
	} {
		l, p := crowded(), testPolicy()
		p.Fingerprint = "new"
		if row.kind == guardAttributes {
			p.Fingerprint = "old"
		}
		guards := map[string]*Limit{guardDeactivations: &p.Guard.Deactivations, guardMemberRemovals: &p.Guard.MemberRemovals,
			guardGroupDeletions: &p.Guard.GroupDeletions, guardAttributes: &p.Guard.AttributeLosses, guardPolicyChange: &p.Guard.PolicyChange, guardCreations: &p.Guard.Creations}
		*guards[row.kind] = row.limit
		l.Window.Spent = []state.Spent{{At: noon.Add(-time.Hour), Count: map[string]int{row.kind: row.spent, ofAttribute("region"): row.spent}}}
		want := fmt.Sprintf("%s %d", map[bool]state.ChangeState{true: state.Held, false: state.Planned}[row.held], row.want)
		got := judged(wave(row.kind, row.want), l, p)
		if states(got) != want {
			t.Errorf("%s, limit %+v, %d spent, %d wanted: %s, want %s", row.kind, row.limit, row.spent, row.want, states(got), want)
		}
		for _, c := range got {
			if row.held && (c.Guard != row.kind || !strings.Contains(c.Reason, "guard."+row.kind)) {
				t.Errorf("%s is held by %q: %s", c.subject(), c.Guard, c.Reason)
			}
		}
	}
}

// What the window did is forgotten when it is over, to the second; each kind has
// its own.
func TestGuardWindow(t *testing.T) {
	for _, row := range []struct {
		ago  time.Duration
		kind string
		held bool
	}{
		{0, guardDeactivations, true}, {24*time.Hour - time.Second, guardDeactivations, true}, {24 * time.Hour, guardDeactivations, false},
		{48 * time.Hour, guardDeactivations, false}, {time.Hour, guardMemberRemovals, false},
	} {
		l, p := crowded(), testPolicy()
		p.Guard.Deactivations = Limit{5, 100}
		l.Window.Spent = []state.Spent{{At: noon.Add(-row.ago), Count: map[string]int{row.kind: 5}}}
		if got := judged(wave(guardDeactivations, 1), l, p)[0].State == state.Held; got != row.held {
			t.Errorf("5 %s %s ago: held %t, want %t", row.kind, row.ago, got, row.held)
		}
	}
}

// The reason says the numbers, the window and the key of the configuration.
func TestGuardSaysWhy(t *testing.T) {
	l, p := crowded(), testPolicy()
	p.Guard.Deactivations = Limit{5, 100}
	l.Window.Spent = []state.Spent{{At: noon, Count: map[string]int{guardDeactivations: 3}}}
	got := judged(wave(guardDeactivations, 4), l, p)[0]
	if want := "4 deactivations are wanted and 3 were done within 24h0m0s; the limit is 5 (guard.deactivations)"; got.Reason != want {
		t.Errorf("it says %q, want %q", got.Reason, want)
	}
}

// Of what no guard counts: releases, renames, additions, reactivations, and what
// isn't to be done anyway. Updates count only after the policy changed, creations
// only after the first load.
func TestGuardCountsOnlyItsOwn(t *testing.T) {
	p := testPolicy()
	p.Guard = Guard{Window: time.Hour}
	p.Fingerprint = "old"
	first := crowded()
	first.Connection.Complete = false
	for _, row := range []struct {
		name   string
		l      *Ledger
		change Change
	}{
		{"release", crowded(), Change{Kind: Release, Group: "sales"}},
		{"a group", crowded(), Change{Kind: Create, Group: "sales"}},
		{"a group adopted", crowded(), Change{Kind: Adopt, Group: "sales"}},
		{"additions", crowded(), Change{Kind: Members, Group: "sales", Add: []identity.OktaID{"a", "b"}}},
		{"an update", crowded(), Change{Kind: Update, User: "u000"}},
		{"a return", crowded(), Change{Kind: Reactivate, User: "u000"}},
		{"an adoption", crowded(), Change{Kind: Adopt, User: "u000"}},
		{"a creation of the first load", first, Change{Kind: Create, User: "new"}},
	} {
		row.change.State = state.Planned
		two := []Change{row.change, row.change, row.change}
		if got := states(judged(two, row.l, p)); !strings.HasPrefix(got, "planned") || strings.Contains(got, "held") {
			t.Errorf("%s: %s", row.name, got)
		}
	}
	for _, s := range []state.ChangeState{state.Failed, state.Kept, state.Held} {
		list := append(wave(guardDeactivations, 1), Change{Kind: Deactivate, User: "u050", State: s}, Change{Kind: Deactivate, User: "u051", State: s})
		if got := judged(list, crowded(), p); got[0].State != state.Planned || got[1].State != s {
			t.Errorf("what is %s counts: %s", s, states(got))
		}
	}
}

// A first ledger has no policy that could have changed.
func TestGuardFirstPolicy(t *testing.T) {
	for was, want := range map[identity.Fingerprint]state.ChangeState{"": state.Planned, "old": state.Held, "new": state.Planned} {
		l, p := crowded(), testPolicy()
		p.Fingerprint, p.Guard.PolicyChange = "new", Limit{1, 100}
		l.Connection.Policy = was
		if got := judged(wave(guardPolicyChange, 3), l, p)[0].State; got != want {
			t.Errorf("the ledger's policy %q: %s, want %s", was, got, want)
		}
	}
}

// All of a kind wait, or none; other kinds go on.
func TestGuardsAreApart(t *testing.T) {
	p := testPolicy()
	p.Guard.Deactivations = Limit{2, 100}
	list := slices.Concat(wave(guardDeactivations, 3), wave(guardMemberRemovals, 30), wave(guardCreations, 50))
	if got := states(judged(list, crowded(), p)); got != "held 3 planned 80" {
		t.Errorf("%s", got)
	}
}

// What a person decided isn't weighed: an approved wave leaves room for others,
// and a rejected one doesn't hold anybody back.
func TestDecidedIsNotWeighed(t *testing.T) {
	for _, row := range []struct {
		name string
		hold state.Hold
		want string
	}{
		{"approved", state.Hold{Decision: state.Approved, Until: noon.Add(time.Hour)}, "planned 4"},
		{"rejected", state.Hold{Decision: state.Rejected}, "kept 3 planned 1"},
		{"undecided", state.Hold{}, "held 4"},
		{"an approval that ended", state.Hold{Decision: state.Approved, Until: noon.Add(-time.Second)}, "held 4"},
		{"an approval at its last moment", state.Hold{Decision: state.Approved, Until: noon}, "planned 4"},
	} {
		l, p := crowded(), testPolicy()
		p.Guard.Deactivations = Limit{1, 100}
		for _, c := range wave(guardDeactivations, 3) {
			l.Holds[c.key()] = row.hold
		}
		if got := states(judged(wave(guardDeactivations, 4), l, p)); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// What waits goes on waiting although it would fit by now, with the reason that
// was told; who comes new and fits goes.
func TestHeldGoesOnWaiting(t *testing.T) {
	l, p := crowded(), testPolicy()
	p.Guard.Deactivations = Limit{10, 100}
	l.Holds["deactivate:u000"] = state.Hold{Change: state.Change{Reason: "as told before"}}
	sameLines(t, "judged", told(judged(wave(guardDeactivations, 2), l, p)), "held deactivate u000 [deactivations] | as told before\ndeactivate u001")
}

// A change of members is parted: what goes on, and for each reason what waits or
// is kept; whoever joins isn't kept waiting.
func TestSplitMembers(t *testing.T) {
	l := scene{"", `ada active
		bob active
		eve active
		kim active
		#sales linked ada:p bob:p eve:f kim:p`}.books()
	l.Holds[memberKey("sales", "ada")] = state.Hold{Decision: state.Approved, Until: noon.Add(time.Hour), By: "grace"}
	l.Holds[memberKey("sales", "bob")] = state.Hold{Decision: state.Rejected, By: "grace", At: noon}
	change := func(kind Kind, add ...identity.OktaID) Change {
		return Change{Kind: kind, Group: "sales", Title: "Sales", State: state.Planned, Add: add, Drop: []identity.OktaID{"ada", "bob", "eve", "kim"},
			Before: &state.Facts{Members: []string{"ada@x.co", "bob@x.co", "eve@x.co", "kim@x.co"}}, After: &state.Facts{}}
	}
	const waits = "\nkept members sales: -bob [member_removals] | rejected by grace on 2026-03-02" +
		"\nheld members sales: -eve [adopted_members] | the group was adopted with this member, whom Okta doesn't know in it (groups.adopt: ask)"
	for _, row := range []struct {
		name string
		c    Change
		want string
	}{
		{"members", change(Members), "members sales: -ada, -kim" + waits},
		{"members and joiners", change(Members, "new"), "members sales: +new, -ada, -kim" + waits},
		{"a rename", change(Rename), `rename sales: "Sales", -ada, -kim` + waits},
	} {
		j := judge([]Change{row.c}, Desired{}, l, testPolicy(), noon)
		sameLines(t, row.name, told(j.Changes), row.want)
		if got := strings.Join(j.Changes[0].Before.Members, " "); got != "ada@x.co kim@x.co" {
			t.Errorf("%s: who goes is told as %q", row.name, got)
		}
		if !j.Asked[memberKey("sales", "ada")] || len(j.Asked) != 1 {
			t.Errorf("%s: asked are %v", row.name, j.Asked)
		}
	}
	p := testPolicy()
	p.AdoptGroups = "auto"
	sameLines(t, "groups.adopt: auto", told(judged([]Change{change(Members)}, l, p)),
		"members sales: -ada, -eve, -kim\nkept members sales: -bob [member_removals] | rejected by grace on 2026-03-02")
}

// When everybody who would go must wait, a rename goes on, and a change of
// members alone is no change any more.
func TestSplitLeavesNothing(t *testing.T) {
	l := scene{"", "eve active\n#sales linked eve:f"}.books()
	facts := &state.Facts{Members: []string{"eve@x.co"}}
	const waits = "held members sales: -eve [adopted_members] | the group was adopted with this member, whom Okta doesn't know in it (groups.adopt: ask)"
	for kind, want := range map[Kind]string{Members: waits, Rename: "rename sales: \"Sell\"\n" + waits} {
		c := Change{Kind: kind, Group: "sales", Title: "Sell", State: state.Planned, Drop: []identity.OktaID{"eve"}, Before: facts, After: &state.Facts{}}
		sameLines(t, string(kind), told(judged([]Change{c}, l, testPolicy())), want)
	}
	if len(facts.Members) != 1 {
		t.Error("the facts that were handed in are changed")
	}
}

// Of an org admin even an approval of many others doesn't end the membership,
// theirs does; deletion and deactivation alike.
func TestOrgAdminNeedsTheirOwnApproval(t *testing.T) {
	for _, kind := range []Kind{Deactivate, Delete} {
		l := scene{"", "ada active admin\nzoe active admin\nbob active"}.books()
		list := []Change{{Kind: kind, User: "ada", State: state.Planned}, {Kind: kind, User: "bob", State: state.Planned}}
		sameLines(t, "unasked", told(judged(list, l, testPolicy())),
			fmt.Sprintf("held %s ada [org_admins] | an organization admin's membership ends only after approval\n%s bob", kind, kind))
		l.Holds[userKey(kind, "ada")] = state.Hold{Decision: state.Approved, Until: noon, By: "grace"}
		sameLines(t, "approved", told(judged(list, l, testPolicy())), fmt.Sprintf("%s ada | approved by grace\n%s bob", kind, kind))
	}
}

// The last active org admin never leaves, even approved; of two who are approved
// together one stays.
func TestLastOrgAdminNeverLeaves(t *testing.T) {
	for _, row := range []struct {
		ledger string
		leave  []identity.OktaID
		goes   int
	}{
		{"ada active admin\nbob active", []identity.OktaID{"ada"}, 0},
		{"ada active admin\nbob active admin", []identity.OktaID{"ada"}, 1},
		{"ada active admin\nbob active admin", []identity.OktaID{"ada", "bob"}, 1},
		{"ada active admin\nbob active", []identity.OktaID{"bob"}, 1},
	} {
		l := scene{"", row.ledger}.books()
		var changes []Change
		for _, id := range row.leave {
			l.Holds[userKey(Deactivate, id)] = state.Hold{Decision: state.Approved, Until: noon, By: "grace"}
			changes = append(changes, Change{Kind: Deactivate, User: id, State: state.Planned})
		}
		if got := judged(changes, l, testPolicy()); len(planned(got)) != row.goes {
			t.Errorf("%q, %v leave, want %d to go:\n%s", row.ledger, row.leave, row.goes, told(got))
		}
	}
}

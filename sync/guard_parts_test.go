package sync

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// One group by itself: by its own count, with what the window did in it, and not all
// that it has, but one alone.
func TestGuardOfOneGroup(t *testing.T) {
	for _, row := range []struct {
		limit, spent, members, leave int
		all                          bool // may go
		come                         int
		held                         bool
	}{
		{5, 0, 40, 5, false, 0, false}, {5, 0, 40, 6, false, 0, true}, {5, 4, 40, 1, false, 0, false}, {5, 4, 40, 2, false, 0, true},
		{0, 0, 40, 1, false, 0, false}, {0, 1, 40, 1, false, 0, true}, // always one
		{50, 0, 1, 1, false, 0, false}, {50, 0, 2, 2, false, 0, true}, {50, 1, 1, 1, false, 0, true}, // its last ones
		{50, 0, 3, 2, false, 0, false}, {50, 0, 2, 2, false, 1, false}, {50, 0, 2, 2, true, 0, false}, // somebody stays, comes, or all may go
	} {
		l, p := crowded(), testPolicy()
		p.Guard.PerGroup, p.Guard.MemberRemovals = row.limit, Limit{1000, 99.9}
		if row.all {
			p.Guard.MemberRemovals.Percent = 100
		}
		g := l.Groups["sales"]
		g.Present = row.members
		l.Groups["sales"], l.Groups["g00"] = g, state.Group{Omni: "o", Present: 10_000}
		l.Window.Spent = []state.Spent{{At: noon.Add(-time.Hour), Count: map[string]int{ofGroup("sales"): row.spent, ofGroup("g00"): 100}}}
		changes := wave(guardMemberRemovals, row.leave)
		for i := range row.come {
			changes[0].Add = append(changes[0].Add, identity.OktaID(fmt.Sprint("new", i)))
		}
		for _, c := range judged(changes, l, p) {
			if held := c.State == state.Held; held != row.held || held && (c.Guard != guardMemberRemovals || !strings.Contains(c.Reason, "guard.member_removals.per_group")) {
				t.Errorf("%+v: %s by %q: %s", row, c.State, c.Guard, c.Reason)
			}
		}
	}
}

// An update of which one attribute waits goes on without it, and names what waits.
func TestSplitLosses(t *testing.T) {
	l, p := crowded(), testPolicy()
	p.Guard.AttributeLosses = Limit{1, 100}
	p.Fingerprint = "old"
	was, now := identity.Value(`"emea"`), identity.Value(`"ops"`)
	changes := wave(guardAttributes, 2)
	for i := range changes {
		changes[i].Patch.Attributes["team"], changes[i].Before.Attributes["team"], changes[i].After.Attributes["team"] = &now, &was, &now
		changes[i].After.Defaults = map[string]identity.Value{"region": `"all"`}
	}
	got := judged(changes, l, p)
	if len(got) != 4 {
		t.Fatalf("%d changes, want two of two users", len(got))
	}
	goes, waits := got[0], got[1]
	if goes.State != state.Planned || len(goes.Patch.Attributes) != 1 || *goes.Patch.Attributes["team"] != now || len(goes.After.Attributes) != 1 || len(goes.After.Defaults) != 0 {
		t.Errorf("goes on: %+v, %+v", goes.Patch, goes.After)
	}
	if waits.State != state.Held || waits.Guard != guardAttributes || *waits.Before.Attributes["region"] != was || waits.After.Defaults["region"] != `"all"` {
		t.Errorf("waits: %+v, %+v, %+v", waits, waits.Before, waits.After)
	}
	if keys := holdKeys(waits); len(keys) != 1 || keys[0] != "loss:u000:region" {
		t.Errorf("it is decided under %v", keys)
	}
	l.Holds["loss:u000:region"] = state.Hold{Decision: state.Approved, Until: noon.Add(time.Hour)}
	l.Holds["loss:u001:region"] = state.Hold{Decision: state.Rejected, By: "ada"}
	if got := states(judged(changes, l, p)); got != "kept 1 planned 2" {
		t.Errorf("one approved and one rejected: %s", got)
	}
}

package sync

import (
	"testing"
	"time"

	"github.com/omnisync/omnisync/state"
)

// What a pause stops of a plan: all of it, or what takes something away, each split off
// where the rest goes on.
func TestHaltTable(t *testing.T) {
	for name, row := range map[string]struct {
		scene
		removals string // what becomes of the plan where removals are paused
	}{
		"who comes": {scene{"all users\nada assigned", ""}, "create ada"},
		"who leaves": {scene{"all users\nada unassigned\nbob assigned", "ada active since=-48h\nbob active"},
			"kept deactivate ada"},
		"a value for another": {scene{"all users\nada assigned region=emea", "ada active region=apac"}, `update ada: region "apac" -> "emea"`},
		"a value that goes":   {scene{"all users\nada assigned", "ada active region=apac"}, `kept update ada: region "apac" -> (none) [attribute_losses]`},
		"one that goes, one that comes": {scene{"all users\nada assigned team=ops", "ada active region=apac"},
			"update ada: team (none) -> \"ops\"\nkept update ada: region \"apac\" -> (none) [attribute_losses]"},
		"one who joins a group": {scene{"all users\nall groups\nada assigned\n#sales read joined=ada", "ada active\n#sales linked known"}, "members sales: +ada"},
		"one who leaves it": {scene{"all users\nall groups\nada assigned\nbob assigned\n#sales read certain left=ada", "ada active\nbob active\n#sales linked known ada:P bob:P"},
			"kept members sales: -ada"},
		"one for another": {scene{"all users\nall groups\nada assigned\nbob assigned\n#sales read certain joined=bob left=ada", "ada active\nbob active\n#sales linked known ada:P"},
			"members sales: +bob\nkept members sales: -ada"},
		"a group of another name, and one who leaves it": {scene{"all users\nall groups\nada assigned\nbob assigned\n#sales name=Selling read certain left=ada", "ada active\nbob active\n#sales linked known ada:P bob:P"},
			"rename sales: \"Selling\"\nkept members sales: -ada"},
		"a group that goes": {scene{"all users\nall groups\nada assigned", "ada active\n#sales linked known ada:P"}, "kept release sales"},
	} {
		t.Run(name, func(t *testing.T) {
			l, d := row.books(), row.desired()
			l.Take(observe(d, l, noon))
			plan := Plan(d, l, testPolicy())
			if got := told(halt(plan, state.Pause{}, d, l)); got != told(plan) {
				t.Errorf("no pause makes of it\n%s", got)
			}
			all := halt(plan, state.Pause{By: "ann", Since: noon}, d, l)
			if len(all) != len(plan) || len(all) == 0 {
				t.Fatalf("of %d changes %d are left", len(plan), len(all))
			}
			for _, c := range all {
				if c.State != state.Kept || !c.Halted {
					t.Errorf("all is paused, and %s %s is %s", c.Kind, c.subject(), c.State)
				}
			}
			part := state.Pause{By: "ann", Since: noon, RemovalsOnly: true}
			got := halt(plan, part, d, l)
			for i, c := range got {
				if c.Halted != (c.Reason == pausedBy(part)) {
					t.Errorf("the reason is %q", c.Reason)
				}
				got[i].Reason = ""
			}
			sameLines(t, "removals are paused", told(got), row.removals)
		})
	}
}

// A pause holds from its beginning to its end, and one without an end until it is over.
func TestPauseHolds(t *testing.T) {
	for _, row := range []struct {
		pause state.Pause
		after time.Duration
		on    bool
	}{
		{state.Pause{}, 0, false}, {state.Pause{Since: noon}, 1000 * time.Hour, true},
		{state.Pause{Since: noon, Until: noon.Add(time.Hour)}, time.Hour - 1, true}, {state.Pause{Since: noon, Until: noon.Add(time.Hour)}, time.Hour, false},
	} {
		if got := row.pause.On(noon.Add(row.after)); got != row.on {
			t.Errorf("%+v holds after %s: %t", row.pause, row.after, got)
		}
	}
}

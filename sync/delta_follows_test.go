package sync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever happens in Okta, and whatever becomes of the events that tell of it: delta
// runs alone bring to Omni whatever has at least one event that came after it, the next
// full run brings the rest, then nothing is written any more; and whatever goes wrong
// while Okta is read, no look takes away what Okta still gives.
func TestDeltaFollowsOkta(t *testing.T) {
	checks(t, drawnTrails)
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		h := drawTrail(rt)
		if err := followTrail(t, h, seen); err != nil {
			rt.Fatal(err)
		}
	})
	for _, what := range []string{"delta", "full", "restart", "told", "untold", "broken"} {
		seldom := what == "untold" && drawnTrails < 100 // which the race detector draws too few of
		if seen[what] == 0 && !seldom {
			t.Errorf("no history had any %s: this proves less than it says", what)
		}
	}
}

// trail is one drawn history of a small company whose System Log is followed: plain
// data, so that a failing one is made smaller and printed.
type trail struct {
	People, Assigned int // so many of the people are assigned from the beginning
	Groups, Pushed   int
	From             string // groups.from
	OnUnpush         string
	Suspended        string
	Grace            time.Duration
	Every            time.Duration // from one look at the log to the next
	Beside           bool          // each look is as beside a long run, which spares a delta nothing
	Free             bool          // Okta allows as little as a free org
	Broken           bool          // readings of Okta fail in it
	Acts             []trailAct
}

// trailAct is one thing that happens, so long after the one before. A and B choose who
// it happens to; Fates becomes of its events, one after the other.
type trailAct struct {
	After time.Duration
	Do    string
	A, B  int
	Fates []delivery
}

// delivery is after how long an event comes to the log, each time that it comes.
type delivery []time.Duration

var fates = []delivery{{0}, {0}, {0}, nil, {0, 0}, {0, 40 * time.Second}, {5 * time.Second}, {90 * time.Second}, {8 * time.Minute}, {3 * time.Minute, time.Second}}

// trailActs is what happens in Okta.
var trailActs = []string{"hire", "stage", "assign", "unassign", "reassign", "deactivate", "reactivate", "suspend", "delete", "profile", "username", "everybody",
	"join", "join", "leave", "leave", "swap", "all join", "all leave", "all swap", "rename group", "rename away", "delete group", "new group", "push", "pause", "resume", "unpush", "forget cursors"}

func drawTrail(t *rapid.T) trail {
	h := trail{ // what is first is drawn oftenest
		People: rapid.SampledFrom([]int{8, 5, 10, 3, 1}).Draw(t, "people"), Groups: rapid.SampledFrom([]int{1, 2, 3, 0}).Draw(t, "groups"),
		From:      rapid.SampledFrom([]string{"push_mappings", "match"}).Draw(t, "from"),
		OnUnpush:  rapid.SampledFrom([]string{"keep", "delete"}).Draw(t, "on unpush"),
		Suspended: rapid.SampledFrom([]string{"keep", "deactivate"}).Draw(t, "suspended"),
		Grace:     time.Duration(rapid.SampledFrom([]int{0, 0, 1800}).Draw(t, "grace")) * time.Second,
		Every:     time.Duration(rapid.SampledFrom([]int{10, 30, 240}).Draw(t, "every")) * time.Second,
		Beside:    rapid.IntRange(0, 2).Draw(t, "beside") > 0, Broken: rapid.IntRange(0, 2).Draw(t, "broken") == 0,
	}
	h.Assigned, h.Pushed = h.People-rapid.IntRange(0, h.People).Draw(t, "unassigned"), h.Groups-rapid.IntRange(0, h.Groups).Draw(t, "not pushed")
	acts := trailActs
	if rapid.Bool().Draw(t, "restarts") {
		acts = append([]string{"restart", "restart"}, acts...)
	}
	if h.Broken {
		acts = append([]string{"break", "break", "break", "break", "break", "mend", "all swap", "all swap", "all swap", "swap"}, acts...)
	}
	h.Acts = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) trailAct { return drawTrailAct(t, acts) }), 2, 16).Draw(t, "acts")
	return h
}

func drawTrailAct(t *rapid.T, acts []string) trailAct {
	return trailAct{
		After: time.Duration(rapid.SampledFrom([]int{15, 61, 1, 0, 400}).Draw(t, "after")) * time.Second,
		Do:    rapid.SampledFrom(acts).Draw(t, "do"), A: rapid.IntRange(0, 12).Draw(t, "a"), B: rapid.IntRange(0, 11).Draw(t, "b"),
		Fates: rapid.SliceOfN(rapid.SampledFrom(fates), 1, 3).Draw(t, "fates"),
	}
}

// String tells the trail in lines.
func (h trail) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d people, %d assigned; %d groups, %d pushed, from %s; unpush %s, suspended %s, grace %s; a look each %s, beside %t, free %t, broken %t\n",
		h.People, h.Assigned, h.Groups, h.Pushed, h.From, h.OnUnpush, h.Suspended, h.Grace, h.Every, h.Beside, h.Free, h.Broken)
	for _, a := range h.Acts {
		fmt.Fprintf(&b, "  %s later: %s %d %d, events after %v\n", a.After, a.Do, a.A, a.B, a.Fates)
	}
	return b.String()
}

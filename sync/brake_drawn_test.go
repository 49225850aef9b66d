package sync_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/omnisync/omnisync/sync"
	"pgregory.net/rapid"
)

// Whatever Okta does and pushes, and whatever runs are under way: while all is paused
// nothing is written to Omni, while removals are nobody loses anything there, and after
// the end Omni becomes as Okta is, and then nothing is written any more.
func TestPauseStopsAndLosesNothing(t *testing.T) {
	checks(t, drawnPauses)
	rapid.Check(t, func(rt *rapid.T) {
		h := drawTogether(rt)
		for range rapid.IntRange(1, 3).Draw(rt, "pauses") {
			h.Acts = insert(rt, h.Acts, jointAct{Do: rapid.SampledFrom([]string{"pause", "pause removals", "resume"}).Draw(rt, "word"),
				A: rapid.IntRange(0, 2).Draw(rt, "how long"), After: time.Duration(rapid.IntRange(0, 20).Draw(rt, "seconds")) * time.Second})
		}
		h.Acts = append(h.Acts, jointAct{Do: "resume"})
		if err := together(t, h); err != nil {
			rt.Fatal(err)
		}
	})
}

// insert puts an act anywhere among the others.
func insert(t *rapid.T, acts []jointAct, a jointAct) []jointAct {
	at := rapid.IntRange(0, len(acts)).Draw(t, "at")
	return append(append(append([]jointAct{}, acts[:at]...), a), acts[at:]...)
}

// still is what Omni was when a pause began.
type still struct {
	pause  *sync.PauseAnswer
	writes int
	active map[string]bool            // accounts, by id
	in     map[string]map[string]bool // members of each group, by id
}

// pauses is what a person says, and a look at what the word before has led to.
func (d *duet) pauses(a jointAct) {
	d.t.Helper()
	if err := d.lies.broken(d); err != nil {
		d.t.Errorf("%v\n%s%s", err, d.life, d.told())
	}
	o := sync.PauseOrder{By: "ann", Resume: a.Do == "resume", RemovalsOnly: a.Do == "pause removals", For: []time.Duration{0, 5 * time.Minute, time.Hour}[a.A]}
	answer, err := d.engine.Pause(d.t.Context(), o)
	if err != nil {
		d.t.Fatal(err)
	}
	d.lies = still{pause: &answer, writes: d.omni.Writes(), active: map[string]bool{}, in: map[string]map[string]bool{}}
	for _, u := range d.omni.Users() {
		if u.Active {
			d.lies.active[u.ID] = true
		}
	}
	for _, g := range d.omni.Groups() {
		d.lies.in[g.ID] = map[string]bool{}
		for _, m := range g.Members {
			if u, there := d.omni.User(m); there && u.Active {
				d.lies.in[g.ID][u.ID] = true
			}
		}
	}
}

// broken tells what was done in spite of a pause that holds still.
func (s still) broken(d *duet) error {
	if s.pause == nil || s.pause.Pause == nil || s.pause.Under > 0 || !s.pause.Pause.On(time.Now()) {
		return nil
	}
	if n := d.omni.Writes() - s.writes; n > 0 && !s.pause.Pause.RemovalsOnly {
		return fmt.Errorf("Omni was written to %d times while all was paused", n)
	}
	there := map[string]bool{}
	for _, u := range d.omni.Users() {
		there[u.ID] = u.Active
	}
	for id := range s.active {
		if !there[id] {
			return errors.New("the membership of " + id + " ended while removals were paused")
		}
	}
	teams := map[string]map[string]bool{}
	for _, g := range d.omni.Groups() {
		teams[g.ID] = map[string]bool{}
		for _, m := range g.Members {
			u, _ := d.omni.User(m)
			teams[g.ID][u.ID] = true
		}
	}
	for g, members := range s.in {
		for id := range members {
			if !teams[g][id] {
				return errors.New("the place of " + id + " in " + g + " ended while removals were paused")
			}
		}
	}
	return nil
}

package sync

import (
	"math"
	"slices"
	"time"
)

const (
	// slownessMemory is how far back it is looked for how much slower than the
	// allowance foresees things go.
	slownessMemory = 15 * time.Minute
	// slownessDoubt is how long it must have gone slower to be half believed.
	slownessDoubt = 15 * time.Second
)

// slowness measures how much slower it goes than the allowance foresees: because
// of Omni's own time to answer, of answers that have to be asked for again.
type slowness struct {
	at       time.Time     // of the newest sample
	lost     time.Duration // what refusals were to cost then
	ideal    float64       // seconds that everything until then takes at the full pace
	took     float64       // seconds that it took without what refusals cost; the past fades
	foreseen float64       // seconds that it takes at the full pace; the past fades
	spent    float64       // seconds that refusals cost; the past fades
}

func newSlowness(now time.Time, lost time.Duration) slowness {
	return slowness{at: now, lost: lost, took: slownessDoubt.Seconds(), foreseen: slownessDoubt.Seconds()}
}

// sample takes lost, what refusals will still cost, ideal, and whether there was
// anything to send but for groups ahead of their turn, which may cost more, or less.
func (s *slowness) sample(now time.Time, lost time.Duration, ideal float64, busy bool) {
	passed := now.Sub(s.at).Seconds()
	spent := max(0, s.lost-lost).Seconds()
	did := max(0, ideal-s.ideal)
	s.at, s.lost, s.ideal = now, lost, ideal
	fade := math.Exp(-passed / slownessMemory.Seconds())
	if !busy {
		return
	}
	s.took = max(0, s.took*fade+passed-spent)
	s.foreseen = s.foreseen*fade + did
	s.spent = s.spent*fade + spent
}

func (s *slowness) factor() float64 { return s.took / max(s.foreseen, 1e-3) }

// again gives the seconds that each further request will lose by refusals, when it
// goes on as of late.
func (s *slowness) again(each float64) float64 { return s.spent / max(s.foreseen, 1e-3) * each }

// refusals are the times of the answers of 429 that lowered the pace of late.
type refusals []time.Time

// refusalMemory is how long one is remembered. One alone is no sign of another.
const refusalMemory = 40 * time.Minute

func (r *refusals) note(now time.Time) {
	*r = append(slices.DeleteFunc(*r, func(old time.Time) bool { return now.Sub(old) > refusalMemory }), now)
}

// recur reports whether more are to be expected.
func (r refusals) recur(now time.Time) bool {
	return len(r) > 1 && now.Sub(r[len(r)-2]) <= refusalMemory
}

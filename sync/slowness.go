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
	usual    float64       // seconds that refusals were to cost, on an average of late
}

func newSlowness(now time.Time, lost time.Duration) slowness {
	return slowness{at: now, lost: lost, took: slownessDoubt.Seconds(), foreseen: slownessDoubt.Seconds(), usual: lost.Seconds()}
}

// sample takes lost, what refusals will still cost, ideal, and whether there was
// anything to send but for groups ahead of their turn, which may cost more, or less.
func (s *slowness) sample(now time.Time, lost time.Duration, ideal float64, busy bool) {
	passed := now.Sub(s.at).Seconds()
	spent := max(0, s.lost-lost).Seconds()
	did := max(0, ideal-s.ideal)
	s.at, s.lost, s.ideal = now, lost, ideal
	fade := math.Exp(-passed / slownessMemory.Seconds())
	s.usual = s.usual*fade + lost.Seconds()*(1-fade)
	if !busy {
		return
	}
	s.took = max(0, s.took*fade+passed-spent)
	s.foreseen = s.foreseen*fade + did
}

func (s *slowness) factor() float64 { return s.took / max(s.foreseen, 1e-3) }

// refusals remembers the answers of 429 of late, those that come close together
// as one, to tell how many more will come. One alone is no sign of another.
type refusals []slowdown

// slowdown is one refusal, or some that came together.
type slowdown struct {
	sent int           // requests before it
	cost time.Duration // until the pace is whole again
}

const (
	oneRefusal   = 20   // requests within which refusals are one
	lastRefusals = 1000 // requests that are looked back upon
	fewRequests  = 300  // requests between two refusals at which they are no sign of more
)

func (r *refusals) note(sent int, cost time.Duration) {
	list := slices.DeleteFunc(*r, func(old slowdown) bool { return sent-old.sent > lastRefusals })
	if n := len(list); n > 0 && sent-list[n-1].sent < oneRefusal {
		list[n-1].sent, list[n-1].cost = sent, list[n-1].cost+cost
	} else {
		list = append(list, slowdown{sent, cost})
	}
	*r = list
}

// ahead gives the seconds that each further request is likely to lose, when so
// many were sent: what a refusal cost, spread over the requests between two.
func (r refusals) ahead(sent int) float64 {
	if len(r) < 2 {
		return 0
	}
	var cost time.Duration
	gaps := make([]int, 0, len(r))
	for i, one := range r[1:] {
		cost += one.cost
		gaps = append(gaps, one.sent-r[i].sent)
	}
	slices.Sort(gaps)
	gap := max(gaps[len(gaps)/2], fewRequests/len(gaps), (sent-r[len(r)-1].sent)/2)
	return cost.Seconds() / float64(len(gaps)) / float64(gap)
}

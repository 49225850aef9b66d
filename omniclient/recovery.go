package omniclient

import (
	"math"
	"time"
)

// How the pace follows Omni's answers of 429, which were seen below the documented
// limit. Each lowers it, and tells about where Omni's limit lies. The pace then rises
// fast as long as it is far below, hardly near that level, and fast again beyond it,
// so that a limit which stays is seldom met, and one that rose is found:
//
//	share
//	  1 |                      .
//	    |                     .
//	    |        . . . . . . .      the level, after recoverTime
//	    |   .  '
//	    | .
//	    +--------------------------- time since the 429
const (
	slowest     = 0.1             // the pace never falls below this share of the ceiling
	slowdown    = 0.8             // what a 429 leaves of the level
	margin      = 0.97            // the level is so much lower than the pace that met it
	recoverTime = 9 * time.Minute // until the pace is at the level again
	oneRefusal  = 30 * time.Second
)

// recovery is what becomes of the pace after a 429. The zero value is the full pace.
type recovery struct {
	level float64 // share of the ceiling; 0: none is known
	since time.Time
}

// share is the share of the ceiling that is used now.
func (r recovery) share(now time.Time) float64 {
	if r.level == 0 {
		return 1
	}
	x := 1 - now.Sub(r.since).Seconds()/recoverTime.Seconds()
	return min(1, r.level*(1-(1-slowdown)*x*x*x))
}

// limited gives what follows a 429. Those that come close together are one.
func (r recovery) limited(now time.Time) recovery {
	if r.level > 0 && now.Sub(r.since) < oneRefusal {
		return r
	}
	return recovery{level: max(slowest/slowdown, r.share(now)*margin), since: now}
}

// whole is when the pace is the full one again.
func (r recovery) whole() time.Time {
	if r.level == 0 {
		return r.since
	}
	x := math.Cbrt((1/r.level - 1) / (1 - slowdown))
	return r.since.Add(time.Duration((1 + x) * float64(recoverTime)))
}

// lost is what is lost between two times, in seconds at the full pace.
func (r recovery) lost(from, to time.Time) float64 {
	if end := r.whole(); to.After(end) {
		to = end
	}
	if !to.After(from) {
		return 0
	}
	k := recoverTime.Seconds()
	fourth := func(t time.Time) float64 {
		return math.Pow(1-t.Sub(r.since).Seconds()/k, 4)
	}
	took := to.Sub(from).Seconds()
	return took - r.level*(took+(1-slowdown)*k/4*(fourth(to)-fourth(from)))
}

// delay is how much longer than full seconds it takes from a time on to do what the
// full pace does in them.
func (r recovery) delay(from time.Time, full float64) float64 {
	low, high := 0.0, r.lost(from, r.whole())
	for high-low > 1e-3 {
		middle := (low + high) / 2
		until := from.Add(time.Duration(min(full+middle, math.MaxInt32) * float64(time.Second)))
		if r.lost(from, until) > middle {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

package push

import (
	"context"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
)

// How much work the gate keeps inside, told as the time until a request's turn.
// Okta waits for an answer while its request is inside, and gets it within 25 s
// even where the pace falls to half of a sudden. Where Omni stops answering it is
// the caller who must give up in time: Again.
const (
	lead    = 7 * time.Second  // who has no spot is let in up to here; who has one comes this early, so that work never runs out
	brim    = 10 * time.Second // who comes back to a spot is let in up to here
	last    = 22 * time.Second // who was sent away from a spot is let in up to here
	handful = 2                // so many are let in even where each takes long
	slow    = 15 * time.Second // but not longer than this
)

// Gate lets pushes through to Omni at the pace that it allows. Those inside wait
// for their turn, which the client of Omni gives in order of arrival. All others
// are sent away with a place in the queue: the time at which to come back.
//
//	nobody waits and the turn is near  -> inside
//	else                               -> a place, when its turn comes if all goes well
//	back at the place                  -> inside, or, where it went slower than foreseen,
//	                                      a firm place, in front of those who have none
//	back at a firm place               -> inside
//
// A first place is hopeful and a firm one isn't: who comes too early costs Omni
// nothing, while who comes too late leaves a part of the allowance unused. Okta
// comes back after exactly as many seconds as it is told, ten times at most.
//
// A Gate is safe for concurrent use and starts nothing.
type Gate struct {
	mu     sync.Mutex
	speed  speed
	inside int
	places places
	away   absences
}

// NewGate makes a gate before an Omni that is as fast as pace foresees.
func NewGate(pace Pace) *Gate {
	return &Gate{speed: newSpeed(pace), places: newPlaces(), away: newAbsences()}
}

// Enter lets a request for the object named key in, or gives it a place: then the
// error is fault.Limited, and After is the whole number of seconds until it should
// come back. leave must be called when the work is done, with its error: nil when
// Omni did it. A second call does nothing.
func (g *Gate) Enter(ctx context.Context, key string) (leave func(error), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.speed.observe(now, g.inside, g.places.waiting)
	g.places.lapse(now)
	held, back := g.places.take(key, now)
	if g.admits(held, back) {
		g.inside++
		return g.leaving(key), nil
	}
	return nil, &fault.Error{
		Kind: fault.Limited, Op: "wait for a turn at Omni",
		Detail: "more was pushed at once than Omni's limit of requests lets through",
		After:  g.seat(key, back, now),
	}
}

// Free reports whether a request without a place would be let in now. Who asks, and
// does without, gets no place.
func (g *Gate) Free() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.speed.observe(now, g.inside, g.places.waiting)
	g.places.lapse(now)
	return g.admits(spot{}, false)
}

// Again gives the object the front place, because it was let in and Omni didn't
// get to it in time: the whole number of seconds until it should come back.
func (g *Gate) Again(key string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.speed.observe(now, g.inside, g.places.waiting)
	g.places.lapse(now)
	return g.seat(key, true, now)
}

// Away counts that the object was sent away because Omni is down, paused or not
// ready, and tells when it should come back: the longer, the more often that was.
// What Omni answers to the object begins anew.
func (g *Gate) Away(key string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.away.count(key, time.Now())
}

// admits tells whether a request is let in now.
func (g *Gate) admits(held spot, back bool) bool {
	ahead, bound := g.inside, brim
	switch {
	case held.firm:
		bound = last
	case !back:
		ahead, bound = g.inside+g.places.waiting, lead
	}
	if ahead < handful {
		bound = max(bound, slow)
	}
	return g.speed.turn(ahead) <= bound
}

// seat gives a place, the first that is free where it is firm.
func (g *Gate) seat(key string, firm bool, now time.Time) time.Duration {
	wait := wholeSeconds(g.speed.hopeful(g.inside+g.places.waiting) - lead)
	if firm {
		wait = g.places.free(now, g.speed.turn(g.inside)-lead, g.speed.perSecond())
	}
	g.places.put(key, spot{at: now.Add(wait), firm: firm})
	return wait
}

// leaving ends a stay, once.
func (g *Gate) leaving(key string) func(error) {
	gone := false
	return func(err error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if gone {
			return
		}
		gone = true
		g.speed.observe(time.Now(), g.inside, g.places.waiting)
		g.inside--
		got := answered(err)
		g.speed.left(got)
		if got {
			g.away.forget(key)
		}
	}
}

// answered tells whether Omni, or our own policy after asking it, decided what
// was asked.
func answered(err error) bool {
	if err == nil {
		return true
	}
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Conflict, fault.Refused, fault.Declined:
		return true
	default:
		return false
	}
}

package push

import (
	"math"
	"time"
)

// Pace foresees how fast Omni lets requests through.
type Pace interface {
	// Outlook tells how fast n requests will go from now on: how many a minute when
	// nothing slows them down, which is more than 0, and how much longer they take
	// because of refusals that came already.
	Outlook(n int) (perMinute float64, lost time.Duration)
}

// How it is measured whether requests go as fast as foreseen.
const (
	lately    = 4 * time.Second  // what is measured for those inside fades in this time
	steadily  = 35 * time.Second // and what is measured for firm places, which are far ahead
	oblivion  = time.Hour        // a low share fades in this time where it isn't measured any more
	least     = 8                // requests that a measurement needs
	crowded   = 2 * time.Second  // it is measured while there is work for as long as this
	longPause = 5 * time.Second  // what takes longer is no measure of what comes after it
	noPause   = time.Second / 10 // what is shorter is none
	hope      = 2                // how many times faster than measured it may become before a first place is due
)

// meter measures which share of the foreseen requests got through; the past fades.
type meter struct {
	fade      time.Duration
	due, done float64
}

// pass takes that so many were due in that time.
func (m *meter) pass(passed time.Duration, due float64) {
	keep := math.Exp(-passed.Seconds() / m.fade.Seconds())
	m.due, m.done = m.due*keep+due, m.done*keep
}

// lift takes that nothing was measured for that long: a share that was low rises
// in the time given.
func (m *meter) lift(passed, fade time.Duration) {
	m.done += max(0, m.due-m.done) * (1 - math.Exp(-passed.Seconds()/fade.Seconds()))
}

func (m *meter) sure() bool { return m.due >= least }

// share is all until enough was measured.
func (m *meter) share() float64 {
	if !m.sure() {
		return 1
	}
	return min(1, max(m.done, 1)/m.due)
}

// speed is how fast those inside get through: as the pace foresees, times a share
// that is measured. Other processes use the allowance too, and a push may cost
// more than one request.
type speed struct {
	pace      Pace
	at        time.Time
	measuring bool
	recent    meter // of what the pace lets through at present, its slowness after a 429 included
	steady    meter // of what it lets through at best
}

func newSpeed(pace Pace) speed {
	return speed{pace: pace, recent: meter{fade: lately}, steady: meter{fade: steadily}}
}

// now tells the pause that is on, and how many seconds each request takes after
// it, by the pace alone: the second one loses nothing by the pause.
func (s *speed) now() (pause time.Duration, each float64) {
	perMinute, one := s.pace.Outlook(1)
	_, two := s.pace.Outlook(2)
	slower := max(0, two-one)
	return max(0, one-slower), 60/perMinute + slower.Seconds()
}

// turn tells how long it is until the turn of a request that has so many ahead,
// when it goes on as at present.
func (s *speed) turn(ahead int) time.Duration {
	pause, each := s.now()
	return pause + seconds(float64(ahead)*each/s.recent.share())
}

// perSecond tells how many got through in a second of late, and will again.
func (s *speed) perSecond() float64 {
	perMinute, _ := s.pace.Outlook(0)
	return s.steady.share() * perMinute / 60
}

// hopeful tells how long it is at least.
func (s *speed) hopeful(ahead int) time.Duration {
	perMinute, lost := s.pace.Outlook(ahead + 1)
	return lost + seconds(float64(ahead)*60/perMinute/min(1, hope*s.steady.share()))
}

func seconds(s float64) time.Duration {
	return time.Duration(min(s, math.MaxInt32) * float64(time.Second))
}

// observe takes that so many were inside, and had a place, since the last time.
func (s *speed) observe(now time.Time, inside, waiting int) {
	passed := now.Sub(s.at)
	s.at = now
	pause, each := s.now()
	due := passed.Seconds() / each
	switch {
	case float64(inside) < max(handful, crowded.Seconds()*s.recent.share()/each):
		s.measuring = false
		fade := oblivion
		if waiting > 0 { // more could get through
			fade = steadily
		}
		s.recent.lift(passed, fade)
		s.steady.lift(passed, fade)
	case pause > longPause, passed > longPause && due > 2*least:
		s.measuring = false
	case s.measuring:
		perMinute, _ := s.pace.Outlook(0)
		s.steady.pass(passed, passed.Minutes()*perMinute)
		if pause <= noPause {
			s.recent.pass(passed, due)
		}
	}
}

// left takes that one got through, from the first of which on it is measured, or
// that it failed, which measures nothing.
func (s *speed) left(got bool) {
	switch {
	case !got:
		s.measuring = false
	case s.measuring:
		s.recent.done++
		s.steady.done++
	default:
		s.measuring = true
	}
}

package omniclient

import (
	"math"
	"time"
)

// Outlook tells how fast n requests will go from now on: how many a minute when
// nothing slows them down, and how much longer they take because of answers of
// 429 that came already: what is left of a pause, and the pace that recovers with
// each request. It sends nothing.
func (c *Client) Outlook(n int) (perMinute float64, lost time.Duration) {
	l := c.Limits()
	usable := len(c.keys.read) - len(l.RefusedKeys)
	if usable <= 0 { // all are tried then
		usable = len(c.keys.read)
	}
	perMinute = float64(l.PerMinute) * ceiling * float64(usable) / float64(len(c.keys.read))
	if n <= 0 {
		return perMinute, 0
	}
	slow := min(float64(n), (1-l.Pace)/speedup) // requests until the pace is whole again
	took := math.Log1p(slow*speedup/l.Pace) / speedup
	seconds := l.PausedSeconds + max(0, took-slow)*60/perMinute
	return perMinute, time.Duration(seconds * float64(time.Second))
}

package omniclient

import "time"

// Outlook tells how fast n requests will go from now on: how many a minute when
// nothing slows them down, and how much longer they take because of answers of
// 429 that came already: what is left of a pause, and the pace that recovers. It
// sends nothing.
func (c *Client) Outlook(n int) (perMinute float64, lost time.Duration) {
	l := c.Limits()
	usable := len(c.keys.read) - len(l.RefusedKeys)
	if usable <= 0 { // all are tried then
		usable = len(c.keys.read)
	}
	perMinute = Steady(min(l.PerMinute, usable*c.perKey))
	if n <= 0 {
		return perMinute, 0
	}
	pause := time.Duration(l.PausedSeconds * float64(time.Second))
	slow := l.recovery.delay(time.Now().Add(pause), float64(n)*60/perMinute)
	return perMinute, pause + time.Duration(slow*float64(time.Second))
}

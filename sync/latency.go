package sync

import (
	"math"
	"slices"
	"time"
)

// latencies are the newest times from a change in Okta to Omni's answer.
type latencies struct {
	ring []time.Duration
	at   int
	n    int // measured in all
}

// measured is how many of them are kept.
const measured = 1000

func (l *latencies) add(d time.Duration) {
	l.n++
	if len(l.ring) < measured {
		l.ring = append(l.ring, d)
		return
	}
	l.ring[l.at] = d
	l.at = (l.at + 1) % measured
}

// Latency sums up the newest times from a change in Okta to Omni's answer, in seconds.
type Latency struct {
	Count  int     `json:"count"` // measured since the process leads
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
	Most   float64 `json:"most"`
}

func (l *latencies) sum() *Latency {
	if l.n == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(l.ring))
	at := func(part float64) float64 {
		i := int(math.Ceil(part*float64(len(sorted)))) - 1
		return math.Round(sorted[max(0, i)].Seconds()*1000) / 1000
	}
	return &Latency{Count: l.n, Median: at(0.5), P99: at(0.99), Most: at(1)}
}

// took measures a change that Omni has answered, from when Okta says that it happened.
// What a removal waited on purpose doesn't count: from when it was seen, and no sooner
// than it happened, to when it might be done.
func (e *Engine) took(happened, seen, due, now time.Time) {
	if happened.IsZero() {
		return
	}
	if seen.Before(happened) {
		seen = happened
	}
	d := max(0, now.Sub(happened)-max(0, due.Sub(seen)))
	w := &e.watch
	w.mu.Lock()
	w.times.add(d)
	w.mu.Unlock()
	if e.o.Latency != nil {
		e.o.Latency(d)
	}
}

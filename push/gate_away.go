package push

import "time"

const (
	generation = 50_000         // so many objects' attempts are remembered at least, twice as many at most
	absent     = 36 * time.Hour // an attempt counts so long
)

// waits are between Okta's attempts, of which it makes ten: they span a day.
var waits = [...]time.Duration{
	30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour,
}

// absence is how often an object was sent away, and when it was last.
type absence struct {
	attempts int
	at       time.Time
}

// absences are the objects that wait for Omni's return. Who comes is kept among
// the young; when these are a generation, they become the old, and what was old
// is forgotten.
type absences struct {
	young, old map[string]absence
}

func newAbsences() absences { return absences{young: map[string]absence{}} }

// count counts an attempt and tells how long to wait for the next.
func (a *absences) count(key string, now time.Time) time.Duration {
	seen, known := a.young[key]
	if !known {
		seen = a.old[key]
	}
	if now.Sub(seen.at) >= absent {
		seen.attempts = 0
	}
	wait := waits[min(seen.attempts, len(waits)-1)]
	a.forget(key)
	if len(a.young) >= generation {
		a.young, a.old = map[string]absence{}, a.young
	}
	a.young[key] = absence{attempts: seen.attempts + 1, at: now}
	return wait
}

// forget begins anew with an object.
func (a *absences) forget(key string) {
	delete(a.young, key)
	delete(a.old, key)
}

package okta

import (
	"net/http"
	"sync"
	"time"
)

// clock is Okta's clock, as the Date headers tell it. What we sign carries its
// time: Okta judges it by its own.
type clock struct {
	mu     sync.Mutex
	behind time.Duration // ours
}

// now is our time until Okta told its own.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.behind)
}

// read takes the time from an answer that came now. Date has whole seconds, so
// that the clock is up to a second late: what it signs is never in the future.
func (c *clock) read(h http.Header) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behind = time.Until(date)
}

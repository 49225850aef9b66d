package okta

import (
	"net/http"
	"strconv"
	"time"
)

// quota is what one answer's headers say about its bucket.
type quota struct {
	limit     int // requests a minute; 0 where none is told, and for Okta's concurrency limit
	remaining int
	reset     int64     // when the bucket is full again, by Okta's clock, in Unix seconds
	date      time.Time // Okta's clock; zero where it isn't told
}

// known reports whether the headers tell a bucket's limit and its Reset.
func (r quota) known() bool { return r.limit > 0 && r.reset > 0 }

func readRate(h http.Header) quota {
	number := func(name string) int64 {
		n, err := strconv.ParseInt(h.Get(name), 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		date = time.Time{}
	}
	return quota{
		limit:     int(number("X-Rate-Limit-Limit")),
		remaining: int(number("X-Rate-Limit-Remaining")),
		reset:     number("X-Rate-Limit-Reset"),
		date:      date,
	}
}

// untilReset is how long to wait, counted on Okta's clock where it is told,
// because ours may differ. Both are cut to whole seconds, so one more is waited. No
// window is longer than a minute: what says more than longestWait isn't believed.
func (r quota) untilReset(now time.Time) time.Duration {
	if !r.date.IsZero() {
		now = r.date
	}
	wait := time.Unix(r.reset, 0).Sub(now) + time.Second
	return min(max(wait, time.Second), longestWait)
}

package okta

import (
	"math"
	"strings"
	"time"
)

const (
	// window is Okta's minute, and a second more: Okta counts when a request
	// reaches it, we know only when it ended.
	window      = 61 * time.Second
	longestWait = 5 * time.Minute
)

// bucket is the state of one of Okta's limits. It knows no clock and no lock.
type bucket struct {
	limit     int       // as announced, or assumed
	announced bool      // whether Okta told it
	answered  bool      // whether Okta had the occasion to
	remaining int       // at most so many are left until resets
	reset     int64     // Reset as announced, to tell an older answer from a newer one
	resets    time.Time // Reset on our clock
	running   int       // sent, not yet ended
	ended     []time.Time
	waiting   int
}

// forever says that only the end of a running request can change the answer.
const forever = time.Duration(math.MaxInt64)

// delay is how long the next request has to wait, 0 when it may go.
//
//	nothing is known, one is asking       until that one ends
//	Remaining under a tenth of Limit      until Reset
//	the share of the last window is used  until its oldest request leaves the window
//	all of that share is still running    until one ends
func (b *bucket) delay(now time.Time, share float64) time.Duration {
	if !b.answered && b.running > 0 {
		return forever
	}
	if now.Before(b.resets) {
		if b.remaining*10 < b.limit {
			return b.resets.Sub(now)
		}
	} else {
		b.remaining = b.limit
	}
	n, window := allowance(b.limit, share)
	for len(b.ended) > 0 && !now.Before(b.ended[0].Add(window)) {
		b.ended = b.ended[1:]
	}
	switch {
	case b.running+len(b.ended) < n:
		return 0
	case len(b.ended) > 0:
		return b.ended[0].Add(window).Sub(now)
	default:
		return forever
	}
}

// allowance is how many requests may fall into how long a window. A share of
// less than one request is one in a longer window.
func allowance(limit int, share float64) (int, time.Duration) {
	n := float64(limit) * share
	if n >= 1 {
		return int(n), window
	}
	return 1, time.Duration(float64(window) / n)
}

func (b *bucket) begin() {
	b.running++
	b.remaining--
}

// end records that a request ended now. What others of ours that still run take
// from Remaining isn't in the answer yet.
func (b *bucket) end(now time.Time, r rate) {
	b.running--
	b.ended = append(b.ended, now)
	if !r.known() || r.reset < b.reset && now.Before(b.resets) {
		return // nothing is told, or it is older than what is known
	}
	left := r.remaining - b.running
	if r.reset == b.reset && now.Before(b.resets) {
		left = min(left, b.remaining)
	}
	b.limit, b.announced, b.remaining = r.limit, true, left
	b.reset, b.resets = r.reset, now.Add(r.untilReset(now))
}

// bucketOf names the bucket that Okta counts a path in: the most specific match
// of the last published list.
func bucketOf(path string) string {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/"), "/")
	switch {
	case kind == "logs", kind == "users" && rest == "":
		return kind
	case kind != "apps" && kind != "groups" && kind != "users", kind == "users" && strings.Contains(rest, "/"):
		return "other"
	case rest == "" || strings.Contains(rest, "/"):
		return kind + "/*"
	default:
		return kind + "/{id}"
	}
}

// assumedLimit is what a bucket is taken to have until Okta says: the smallest
// that Okta ever published (Integrator Free orgs).
func assumedLimit(name string) int {
	if name == "apps/*" || name == "logs" {
		return 20
	}
	return 100
}

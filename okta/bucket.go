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
	all       flow
	patient   flow // those of all that can wait
	waiting   [overdue + 1]int
}

// flow counts requests.
type flow struct {
	running int         // sent, not yet ended
	ended   []time.Time // in the last window
	newest  time.Time   // when the newest ended
}

// forever says that only the end of a running request can change the answer.
const forever = time.Duration(math.MaxInt64)

// delay is how long a request has to wait, 0 when it may go.
//
//	nothing is known, one is asking       until that one ends
//	Remaining under a tenth of Limit      until Reset
//	the share of the last window is used  until its oldest request leaves the window
//	all of that share is still running    until one ends
//
// A patient one waits besides:
//
//	a prompt one waits                    until that one went
//	Remaining under a fifth of Limit      until Reset
//	half of the share is used by patient  until the oldest of these leaves the window
//	the share is one request              until nobody used it for a second window
//
// An overdue one waits for the half alone, and one request of the share is kept for it.
func (b *bucket) delay(now time.Time, share float64, who turn) time.Duration {
	if !b.answered && b.all.running > 0 || who == yielding && b.waiting[prompt] > 0 {
		return forever
	}
	if now.Before(b.resets) {
		least := b.limit
		if who == yielding {
			least = 2 * b.limit
		}
		if b.remaining*10 < least {
			return b.resets.Sub(now)
		}
	} else {
		b.remaining = b.limit
	}
	n, window := allowance(b.limit, share)
	half, halfWindow := halve(n, window)
	ofHalf := b.patient.delay(now, half, halfWindow)
	if who == prompt {
		if b.waiting[overdue] > 0 && ofHalf == 0 {
			n--
		}
		return b.all.delay(now, n, window)
	}
	if who == yielding && n == 1 {
		ofHalf = max(ofHalf, b.all.newest.Add(halfWindow).Sub(now))
	}
	return max(ofHalf, b.all.delay(now, n, window))
}

// delay is how long it takes until fewer than n requests fall into the window.
func (f *flow) delay(now time.Time, n int, window time.Duration) time.Duration {
	for len(f.ended) > 0 && !now.Before(f.ended[0].Add(window)) {
		f.ended = f.ended[1:]
	}
	switch {
	case f.running+len(f.ended) < n:
		return 0
	case len(f.ended) > 0:
		return f.ended[0].Add(window).Sub(now)
	default:
		return forever
	}
}

func (f *flow) end(now time.Time) {
	f.running--
	f.ended, f.newest = append(f.ended, now), now
}

// halve is the half of an allowance that patient requests may take.
func halve(n int, window time.Duration) (int, time.Duration) {
	if n == 1 {
		return 1, 2 * window
	}
	return n / 2, window
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

func (b *bucket) begin(canWait bool) {
	b.all.running++
	if canWait {
		b.patient.running++
	}
	b.remaining--
}

// end records that a request ended now. What others of ours that still run take
// from Remaining isn't in the answer yet.
func (b *bucket) end(now time.Time, canWait bool, r rate) {
	b.all.end(now)
	if canWait {
		b.patient.end(now)
	}
	if !r.known() || r.reset < b.reset && now.Before(b.resets) {
		return // nothing is told, or it is older than what is known
	}
	left := r.remaining - b.all.running
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

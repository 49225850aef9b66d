package okta

import (
	"fmt"
	"math"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

const (
	// window is Okta's minute, and a second more: Okta counts when a request
	// reaches it, we know only when it ended.
	window      = 61 * time.Second
	longestWait = 5 * time.Minute
)

// bucket is the state of one of Okta's limits. It knows no clock and no lock.
type bucket struct {
	name      string
	limit     int       // as announced, or assumed
	announced bool      // whether Okta told it
	answered  bool      // whether Okta had the occasion to
	remaining int       // at most so many are left until resets
	reset     int64     // Reset as announced, to tell an older answer from a newer one
	resets    time.Time // Reset on our clock
	all       flow
	patient   flow // those of all that can wait
	even      *rate.Limiter
	spent     time.Time // until then others have spent what all processes may
	halfSpent time.Time // and what their patient requests may
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

// delay is how long a request has to wait, 0 when it may go, and why.
//
//	nothing is known, one is asking       until that one ends
//	Remaining under a tenth of Limit      until Reset
//	the share of the last window is used  until its oldest request leaves the window
//	all of that share is still running    until one ends
//	other processes have spent the share  until a request of theirs leaves the window
//
// A patient one waits besides:
//
//	a prompt one waits                    until that one went
//	Remaining under a fifth of Limit      until Reset
//	half of the share is used by patient  until the oldest of these leaves the window
//	some were sent in quick succession    until the next of even steps through the window
//	the share is one request              until nobody used it for a second window
//
// An overdue one waits for the half alone, and one request of the share is kept for it.
func (b *bucket) delay(now time.Time, share float64, who turn) (time.Duration, string) {
	switch {
	case !b.answered && b.all.running > 0:
		return forever, "the first answer is to tell the limit"
	case who == yielding && b.waiting[prompt] > 0:
		return forever, "what can't wait goes first"
	}
	if now.Before(b.resets) {
		least := b.limit
		if who == yielding {
			least = 2 * b.limit
		}
		if b.remaining*10 < least {
			return b.resets.Sub(now), fmt.Sprintf("others use this limit too: of %d requests a minute %d are left until %s, which stay theirs",
				b.limit, max(b.remaining, 0), b.resets.UTC().Format(time.TimeOnly))
		}
	} else {
		b.remaining = b.limit
	}
	n, window := allowance(b.limit, share)
	ours := fmt.Sprintf("our share is used: %d of %d requests in %d s", n, b.limit, window/time.Second)
	half, halfWindow := halve(n, window)
	ofHalf := b.patient.delay(now, half, halfWindow)
	if elsewhere := b.elsewhere(now, who); elsewhere > 0 {
		return elsewhere, "other processes of this connection have spent our share"
	}
	if who == prompt {
		if b.waiting[overdue] > 0 && ofHalf == 0 {
			n--
		}
		return b.all.delay(now, n, window), ours
	}
	if who == yielding && n == 1 {
		ofHalf = max(ofHalf, b.all.newest.Add(halfWindow).Sub(now))
	}
	ofHalf = max(ofHalf, b.evenly(now, half, halfWindow))
	if ofAll := b.all.delay(now, n, window); ofAll >= ofHalf {
		return ofAll, ours
	}
	return ofHalf, fmt.Sprintf("half of our share, %d requests in %d s, is spent evenly; the other half is kept for what can't wait", half, halfWindow/time.Second)
}

// elsewhere is how long other processes have spent what a request would take.
func (b *bucket) elsewhere(now time.Time, who turn) time.Duration {
	until := b.spent
	if who != prompt && b.halfSpent.After(until) {
		until = b.halfSpent
	}
	return until.Sub(now)
}

// evenly is how long a patient request waits for its step, of n through the window; a
// quarter of them may go at once after a rest.
func (b *bucket) evenly(now time.Time, n int, window time.Duration) time.Duration {
	limit, burst := rate.Limit(float64(n)/window.Seconds()), max(maxInFlight, n/4)
	switch {
	case b.even == nil:
		b.even = rate.NewLimiter(limit, burst)
	case b.even.Limit() != limit:
		b.even.SetLimitAt(now, limit)
		b.even.SetBurstAt(now, burst)
	}
	missing := 1 - b.even.TokensAt(now)
	if missing < 1e-4 {
		return 0
	}
	return time.Duration(missing / float64(limit) * float64(time.Second))
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

// begin counts a request that is sent now, and gives what takes that back.
func (b *bucket) begin(now time.Time, canWait bool) (unsent func()) {
	b.all.running++
	b.remaining--
	if !canWait {
		return func() { b.all.running--; b.remaining++ }
	}
	b.patient.running++
	step := b.even.ReserveN(now, 1)
	return func() {
		b.all.running--
		b.remaining++
		b.patient.running--
		step.CancelAt(now)
	}
}

// end records that a request ended now. What others of ours that still run take
// from Remaining isn't in the answer yet.
func (b *bucket) end(now time.Time, canWait bool, r quota) {
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

// BucketOf names what a path of the organization's address is counted as: the bucket that
// Okta counts it in, or a token.
func BucketOf(path string) string {
	if strings.HasPrefix(path, "/oauth2/") {
		return "token"
	}
	return bucketOf(path)
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

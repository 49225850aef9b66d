package okta

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxInFlight is how many requests run at once. Okta lets an organization have 35
// or 75, shared with everything else that asks it.
const maxInFlight = 4

// maxInBucket is how many of them may be of one bucket: the pages of a long list,
// which come one after another, mustn't wait behind many short lists of another.
const maxInBucket = maxInFlight - 1

// clockError is by how much answers may differ in what they show of Okta's clock.
const clockError = 2 * time.Second

// Limit is one of Okta's limits, as last announced.
type Limit struct {
	Limit     int       `json:"limit"` // requests a minute
	Remaining int       `json:"remaining"`
	Reset     time.Time `json:"reset,omitzero"` // when Remaining is Limit again, by Okta's clock
	Waiting   int       `json:"waiting"`        // requests of ours that wait for it
	Why       string    `json:"why,omitempty"`  // what the first of them waits for
}

// pace lets a request go when its bucket's share, Okta's Remaining and the number
// of requests in flight allow it. The requests of a patient Reader leave room for
// the others (see bucket.delay): there is always one more in flight, and one more of
// the bucket, than they take.
type pace struct {
	prefix string // path of the organization's address
	share  float64
	budget atomic.Pointer[Budget] // nil: this process has the share to itself
	next   http.RoundTripper

	mu         sync.Mutex
	buckets    map[string]*bucket
	inFlight   int
	changed    chan struct{} // closed whenever a request ends, or others needn't let it go first any more; nil while nobody waits
	ahead      time.Duration // of our clock
	told       bool          // whether an answer told Okta's
	unshared   string        // why the budget can't be known at present,
	unsharedAt time.Time     // and when that was asked last
}

func newPace(prefix string, share float64, next http.RoundTripper) *pace {
	return &pace{prefix: prefix, share: share, next: next, buckets: map[string]*bucket{}}
}

func (p *pace) RoundTrip(req *http.Request) (*http.Response, error) {
	b := p.bucket(bucketOf(strings.TrimPrefix(req.URL.Path, p.prefix)))
	w := &waiter{pace: p, bucket: b, patient: isPatient(req.Context())}
	if err := p.admit(req.Context(), w); err != nil {
		return nil, err
	}
	resp, err := p.next.RoundTrip(req)
	p.end(b, w.patient, resp)
	return resp, err
}

// patienceKey marks the requests of a patient Reader: between it and the pace stands the SDK.
type patienceKey struct{}

func patiently(ctx context.Context) context.Context {
	return context.WithValue(ctx, patienceKey{}, true)
}

func isPatient(ctx context.Context) bool { return ctx.Value(patienceKey{}) != nil }

func (p *pace) bucket(name string) *bucket {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.buckets[name]
	if !ok {
		b = &bucket{name: name, limit: assumedLimit(name)}
		p.buckets[name] = b
	}
	return b
}

// end records the end of a request of b; resp is nil where no answer came.
func (p *pace) end(b *bucket, patient bool, resp *http.Response) {
	var r quota
	limited := false
	if resp != nil {
		r = readRate(resp.Header)
		limited = resp.StatusCode == http.StatusTooManyRequests
	}
	if limited {
		r.remaining = 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	b.end(now, patient, r)
	b.answered = b.answered || b.announced || resp != nil && !limited
	if !r.date.IsZero() {
		p.clocked(now.Sub(r.date))
	}
	p.inFlight--
	p.wake()
}

// clocked takes from an answer how far our clock is ahead. Date has whole seconds and the
// answer was on its way, so the least that answers show is nearest to the truth. One that
// shows much more says that a clock was set.
func (p *pace) clocked(ahead time.Duration) {
	if !p.told || ahead < p.ahead || ahead > p.ahead+clockError {
		p.ahead, p.told = ahead, true
	}
}

// wake lets all who wait look again.
func (p *pace) wake() {
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// pause ends after d, when ctx ends, or when changed is closed.
func pause(ctx context.Context, d time.Duration, changed <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-ctx.Done():
	}
}

// sleep waits for d, or for the end of ctx, which is its error.
func sleep(ctx context.Context, d time.Duration) error {
	pause(ctx, d, nil)
	return context.Cause(ctx)
}

func (p *pace) skew() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ahead
}

func (p *pace) limits() map[string]Limit {
	p.mu.Lock()
	defer p.mu.Unlock()
	limits := make(map[string]Limit, len(p.buckets))
	for name, b := range p.buckets {
		l := Limit{Waiting: b.waiting[prompt] + b.waiting[yielding] + b.waiting[overdue]}
		if l.Waiting > 0 {
			l.Why = p.why(b)
		}
		if b.announced {
			l.Limit, l.Remaining, l.Reset = b.limit, max(b.remaining, 0), time.Unix(b.reset, 0).UTC()
		}
		limits[name] = l
	}
	return limits
}

// why tells what the first of those waits for who wait for the bucket.
func (p *pace) why(b *bucket) string {
	w := waiter{pace: p, bucket: b}
	switch {
	case b.waiting[prompt] > 0:
	case b.waiting[overdue] > 0:
		w.turn = overdue
	default:
		w.turn, w.late = yielding, time.Now().Add(longPatience)
	}
	delay, why := w.delay(time.Now())
	if delay <= 0 {
		return "" // it goes at this moment
	}
	return why
}

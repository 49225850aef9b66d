package okta

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxInFlight is how many requests run at once. Okta lets an organization have 35
// or 75, shared with everything else that asks it.
const maxInFlight = 4

// maxInBucket is how many of them may be of one bucket: the pages of a long list,
// which come one after another, mustn't wait behind many short lists of another.
const maxInBucket = maxInFlight - 1

// Limit is one of Okta's limits, as last announced.
type Limit struct {
	Limit     int       `json:"limit"` // requests a minute
	Remaining int       `json:"remaining"`
	Reset     time.Time `json:"reset,omitzero"` // when Remaining is Limit again, by Okta's clock
	Waiting   int       `json:"waiting"`        // requests of ours that wait for it
}

// pace lets a request go when its bucket's share, Okta's Remaining and the number
// of requests in flight allow it.
type pace struct {
	prefix string // path of the organization's address
	share  float64
	next   http.RoundTripper

	mu       sync.Mutex
	buckets  map[string]*bucket
	inFlight int
	changed  chan struct{} // closed whenever a request ends; nil while nobody waits
	ahead    time.Duration // of our clock
}

func newPace(prefix string, share float64, next http.RoundTripper) *pace {
	return &pace{prefix: prefix, share: share, next: next, buckets: map[string]*bucket{}}
}

func (p *pace) RoundTrip(req *http.Request) (*http.Response, error) {
	b := p.bucket(bucketOf(strings.TrimPrefix(req.URL.Path, p.prefix)))
	if err := p.wait(req.Context(), b); err != nil {
		return nil, err
	}
	resp, err := p.next.RoundTrip(req)
	p.end(b, resp)
	return resp, err
}

func (p *pace) bucket(name string) *bucket {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.buckets[name]
	if !ok {
		b = &bucket{limit: assumedLimit(name)}
		p.buckets[name] = b
	}
	return b
}

// wait returns when a request of b may be sent, counted as running already, or
// with ctx's error.
func (p *pace) wait(ctx context.Context, b *bucket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.waiting++
	defer func() { b.waiting-- }()
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		delay := forever
		if p.inFlight < maxInFlight && b.running < maxInBucket {
			delay = b.delay(time.Now(), p.share)
		}
		if delay == 0 {
			b.begin()
			p.inFlight++
			return nil
		}
		if p.changed == nil {
			p.changed = make(chan struct{})
		}
		changed := p.changed
		p.mu.Unlock()
		pause(ctx, delay, changed)
		p.mu.Lock()
	}
}

// end records the end of a request of b; resp is nil where no answer came.
func (p *pace) end(b *bucket, resp *http.Response) {
	var r rate
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
	b.end(now, r)
	b.answered = b.answered || b.announced || resp != nil && !limited
	if !r.date.IsZero() {
		p.ahead = now.Sub(r.date)
	}
	p.inFlight--
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
		l := Limit{Waiting: b.waiting}
		if b.announced {
			l.Limit, l.Remaining, l.Reset = b.limit, max(b.remaining, 0), time.Unix(b.reset, 0).UTC()
		}
		limits[name] = l
	}
	return limits
}

package okta

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// gauge is next to the network: it counts what is sent, and keeps what the
// answers tell besides their content.
type gauge struct {
	prefix string // path of the organization's address
	next   http.RoundTripper

	mu     sync.Mutex
	count  int
	okta   bool // an answer of Okta's own came
	status int  // of the newest answer of the API; 0 for none
	ahead  time.Duration
	rates  map[string]quota // by bucket, as last announced
}

func newGauge(prefix string, next http.RoundTripper) *gauge {
	return &gauge{prefix: prefix, next: next, rates: map[string]quota{}}
}

func (g *gauge) RoundTrip(req *http.Request) (*http.Response, error) {
	g.mu.Lock()
	g.count++
	g.mu.Unlock()
	resp, err := g.next.RoundTrip(req)
	if err == nil {
		g.note(strings.TrimPrefix(req.URL.Path, g.prefix), resp)
	}
	return resp, err
}

func (g *gauge) note(path string, resp *http.Response) {
	r := readRate(resp.Header)
	g.mu.Lock()
	defer g.mu.Unlock()
	// Okta puts an id on each answer; a proxy or another site doesn't.
	g.okta = g.okta || resp.Header.Get("X-Okta-Request-Id") != ""
	if !r.date.IsZero() {
		g.ahead = time.Since(r.date)
	}
	if !strings.HasPrefix(path, "/api/") {
		return
	}
	g.status = resp.StatusCode
	if r.known() {
		g.rates[bucketOf(path)] = r
	}
}

// refusedOnly reports whether Okta took the credential of the newest request and
// declined what was asked for.
func (g *gauge) refusedOnly() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.okta && (g.status == http.StatusForbidden || g.status == http.StatusNotFound)
}

func (g *gauge) reached() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.okta
}

func (g *gauge) sent() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count
}

func (g *gauge) skew() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ahead
}

func (g *gauge) scarcest() (bucket string, remaining, limit int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(g.rates)) {
		r := g.rates[name]
		if bucket == "" || r.remaining*limit < remaining*r.limit {
			bucket, remaining, limit = name, r.remaining, r.limit
		}
	}
	return bucket, remaining, limit
}

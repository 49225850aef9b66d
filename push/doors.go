package push

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/omnisync/omnisync/fault"
	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"
)

// Doors is what stands between the network and the protocol.
type Doors struct {
	Inner http.Handler // the protocol; it is told the request's id in X-Request-Id

	// Tokens gives those that callers may send. It is called for each request, so
	// that tokens that were read again count at once. An error, or no token at
	// all, lets nobody in.
	Tokens func() ([]string, error)
	// Ready is nil where this process leads and the ledger answers; fault.Fenced
	// says that another process leads.
	Ready func(context.Context) error

	Allow       []netip.Prefix // who may call; none: everybody
	BehindProxy bool           // the caller is who X-Forwarded-For names last

	CertFile, KeyFile string // PEM; both empty: no TLS

	Meter *Meter
	Log   *zap.Logger
}

// The limits of the endpoint. Okta counts an answer that takes longer than half
// a minute as none, and repeats nothing but 429.
const (
	answerWithin = 24 * time.Second // after that the caller is told to come again
	workWithin   = 23 * time.Second // until then the protocol may say itself what came of it
	placeWithin  = 10 * time.Second // what a request waits for others to end

	// A place costs a MiB of the body that it may have, at least one: requests are
	// bounded by their number and by the memory that they may take, in one.
	mostPlaces = 512
	// A user is some kB. A group of 50,000 members, each with value, display and
	// $ref, is some 9 MB, and Okta sends it in one body.
	mostUser  = 1 << 20
	mostGroup = 16 << 20
)

// The seconds that callers are asked to wait. Whoever comes to a standby comes
// to the leader next, or a balancer has noticed.
const (
	afterStandby = 2 * time.Second
	afterCrowd   = 5 * time.Second
	afterSlow    = 30 * time.Second
	afterFault   = 60 * time.Second
)

// Guarded puts the doors before d.Inner. Each refusal is an error in SCIM's form,
// and whatever will pass is 429: it is all that Okta repeats.
func Guarded(d Doors) http.Handler {
	s := &doors{Doors: d, slow: newBrake(), places: semaphore.NewWeighted(mostPlaces)}
	inner := s.placed(d.Inner)
	return s.noted(s.timely(Health(s.Ready, s.allowed(s.authorized(s.led(inner))))))
}

// doors are Doors with what they remember.
type doors struct {
	Doors
	slow   *brake
	places *semaphore.Weighted
}

// Health answers the checks of balancers, who have no token and call from
// anywhere, before next. They learn the state and no more: ready is as in Doors.
func Health(ready func(context.Context) error, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !isHealth(r):
			next.ServeHTTP(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			deny(w, http.StatusMethodNotAllowed, "use GET")
		case r.URL.Path == "/healthz":
			healthIs(w, http.StatusOK, "alive")
		default:
			readyz(w, ready(r.Context()))
		}
	})
}

func isHealth(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

func readyz(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		healthIs(w, http.StatusOK, "ready")
	case fault.Is(err, fault.Fenced):
		healthIs(w, http.StatusServiceUnavailable, "not leading")
	default:
		healthIs(w, http.StatusServiceUnavailable, "ledger not reachable")
	}
}

// allowed refuses callers from elsewhere, before their token is looked at.
func (s *doors) allowed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := s.source(r); len(s.Allow) > 0 && !within(s.Allow, from) {
			s.Meter.forbidden.Add(1)
			deny(w, http.StatusForbidden, "this address may not call: see scim.allow in the configuration of Omnisync")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func within(networks []netip.Prefix, a netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// led turns requests away where this process doesn't lead, or can't work.
func (s *doors) led(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch err := s.Ready(r.Context()); {
		case err == nil:
			next.ServeHTTP(w, r)
		case fault.Is(err, fault.Fenced):
			later(w, afterStandby, "another process of Omnisync leads")
		default:
			later(w, afterFault, "the ledger of Omnisync can't be reached")
		}
	})
}

// placed bounds how many requests are served at once, and how large each is.
func (s *doors) placed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := mostBody(r)
		if r.ContentLength > most {
			s.Meter.limited.Add(1)
			deny(w, http.StatusRequestEntityTooLarge, "the body is larger than Omnisync takes: push fewer members at once")
			return
		}
		cost := cost(r.ContentLength, most)
		ctx, end := context.WithTimeout(r.Context(), placeWithin)
		defer end()
		if s.places.Acquire(ctx, cost) != nil {
			s.Meter.limited.Add(1)
			later(w, afterCrowd, "Omnisync serves as many requests as it can")
			return
		}
		defer s.places.Release(cost)
		r.Body = http.MaxBytesReader(nil, r.Body, most)
		next.ServeHTTP(w, r)
	})
}

// mostBody is how large a body may be, in bytes.
func mostBody(r *http.Request) int64 {
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodDelete:
		return 64 << 10 // nothing is read of it
	case forGroups(r.URL.Path):
		return mostGroup
	}
	return mostUser
}

// cost is what a body takes of the places: one a MiB begun, and all that it may
// take where its length isn't told.
func cost(length, most int64) int64 {
	if length < 0 {
		length = most
	}
	return max(1, (length+1<<20-1)>>20)
}

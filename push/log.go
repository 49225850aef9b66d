package push

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Counts tells what the doors saw since the process began, health checks aside.
type Counts struct {
	Answered     [6]uint64 // by the first digit of the status
	Later        uint64    // of these, 429
	Unauthorized uint64    // without a right token
	Forbidden    uint64    // from an address that may not call
	Limited      uint64    // refused for their size, or because too many were being served
	Panics       uint64
}

// Meter counts. The zero Meter is ready for use.
type Meter struct {
	answered                                        [6]atomic.Uint64
	later, unauthorized, forbidden, limited, panics atomic.Uint64
}

// Counts gives what was counted so far.
func (m *Meter) Counts() Counts {
	c := Counts{Later: m.later.Load(), Unauthorized: m.unauthorized.Load(), Forbidden: m.forbidden.Load(),
		Limited: m.limited.Load(), Panics: m.panics.Load()}
	for i := range m.answered {
		c.Answered[i] = m.answered[i].Load()
	}
	return c
}

func (m *Meter) count(status int) {
	m.answered[min(status/100, len(m.answered)-1)].Add(1)
	if status == http.StatusTooManyRequests {
		m.later.Add(1)
	}
}

// noted names each request, counts it, and logs it when it is over: never a
// person, never a secret, at no level.
func (s *doors) noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(RequestIDHeader)
		if !plainID.MatchString(id) {
			id = rand.Text()
		}
		r.Header.Set(RequestIDHeader, id)
		w.Header().Set(RequestIDHeader, id)
		seen := &witness{ResponseWriter: w}
		begun, fields := time.Now(), []zap.Field{zap.String("method", method(r.Method)), zap.String("route", route(r.URL)),
			zap.String("id", id), zap.Stringer("source", s.source(r)), zap.String("agent", agent(r.UserAgent()))}
		defer func() {
			level := zapcore.DebugLevel // a balancer asks every few seconds
			if !isHealth(r) {
				level = zapcore.InfoLevel
				s.Meter.count(seen.status)
			}
			s.Log.Log(level, "push request", append(fields, zap.Int("status", seen.status), zap.Duration("duration", time.Since(begun)))...)
		}()
		next.ServeHTTP(seen, r)
	})
}

// witness remembers the status.
type witness struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status of the answer.
func (w *witness) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

var (
	// Taken over from a caller: nothing that could be an address or a sentence.
	plainID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$`)
	// Part of a path: an id, or a word of the protocol.
	plainPart = regexp.MustCompile(`^[A-Za-z0-9._~-]{0,64}$`)
)

// route is the path, and of the query what was asked for, without the values. What
// isn't an id is left out of the path, for somebody may have put a name there.
func route(u *url.URL) string {
	parts := strings.Split(u.Path, "/")
	if len(parts) > 10 {
		parts = append(parts[:10], "...")
	}
	for i, p := range parts {
		if !plainPart.MatchString(p) {
			parts[i] = "..."
		}
	}
	path, query := strings.Join(parts, "/"), u.Query()
	var asked []string
	for _, name := range []string{"filter", "startIndex", "count", "attributes", "excludedAttributes", "sortBy"} {
		switch {
		case !query.Has(name):
		case name == "filter":
			asked = append(asked, "filter="+filtered(query.Get(name)))
		default:
			asked = append(asked, name)
		}
	}
	if len(asked) > 0 {
		path += "?" + strings.Join(asked, "&")
	}
	return path
}

// filtered gives the attribute that a filter begins with, of those that callers
// search by.
func filtered(filter string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(filter), " ")
	for _, known := range []string{"userName", "externalId", "displayName", "id", "active", "emails", "emails.value", "members", "members.value", "meta.lastModified"} {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	return "..."
}

func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

var plainAgent = regexp.MustCompile(`^[A-Za-z0-9 ./();:,+_-]{0,120}$`)

func agent(name string) string {
	if !plainAgent.MatchString(name) {
		return "..."
	}
	return name
}

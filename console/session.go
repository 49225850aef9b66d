package console

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// sessionLasts is how long a login counts. It isn't prolonged: whoever finds the browser
	// open the next day finds a login page.
	sessionLasts = 8 * time.Hour
	// mostSessions bounds the logins that count at the same time; the one that ends first
	// makes room.
	mostSessions = 1000
)

// sessions are the logins that count, in this process alone: whoever logged in to a daemon
// that was started again logs in once more. What is kept of them is worthless to a thief.
type sessions struct {
	mu   sync.Mutex
	byID map[[sha256.Size]byte]session
}

type session struct {
	token [sha256.Size]byte // of the key that began it, as digest gives it
	until time.Time
}

func newSessions() *sessions { return &sessions{byID: map[[sha256.Size]byte]session{}} }

// begin gives the name of a new session, which is its secret.
func (s *sessions) begin(k Key, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, old := range s.byID {
		if now.After(old.until) {
			delete(s.byID, id)
		}
	}
	if len(s.byID) >= mostSessions {
		s.dropFirst()
	}
	secret := rand.Text()
	s.byID[digest(secret)] = session{token: digest(k.Token), until: now.Add(sessionLasts)}
	return secret
}

// dropFirst ends the session that would end first. The lock is held.
func (s *sessions) dropFirst() {
	var first [sha256.Size]byte
	var until time.Time
	for id, old := range s.byID {
		if until.IsZero() || old.until.Before(until) {
			first, until = id, old.until
		}
	}
	delete(s.byID, first)
}

// key gives the key of a session, if that one still lets its owner in: with a token that was
// replaced, the sessions that it began are over.
func (s *sessions) key(secret string, keys []Key) (Key, bool) {
	s.mu.Lock()
	found, known := s.byID[digest(secret)]
	s.mu.Unlock()
	if !known || time.Now().After(found.until) {
		return Key{}, false
	}
	for _, k := range keys {
		if digest(k.Token) == found.token {
			return k, true
		}
	}
	return Key{}, false
}

func (s *sessions) end(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, digest(secret))
}

// cookieName tells the connections apart whose daemons are called by one host: a browser
// doesn't tell their ports apart.
func (a *api) cookieName() string { return "omnisync-" + a.Name }

// cookie makes the session's cookie. No script reads it, no other site makes a browser send
// it, and where the browser speaks TLS to a proxy it goes nowhere else.
func (a *api) cookie(r *http.Request, value string, lasts time.Duration) *http.Cookie {
	c := &http.Cookie{Name: a.cookieName(), Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: a.overTLS(r), MaxAge: int(lasts.Seconds())}
	if lasts <= 0 {
		c.MaxAge = -1
	}
	return c
}

// overTLS reports whether the browser reaches the console by TLS: by its public address, of
// which the configuration says so, or by a proxy that says so.
func (a *api) overTLS(r *http.Request) bool {
	public, err := url.Parse(a.URL)
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") ||
		err == nil && public.Scheme == "https" && strings.EqualFold(r.Host, public.Host)
}

//go:build !race

package main

import (
	"net/http"
	"sync"
	"time"
)

// travellers are the changes in Okta, and when they were seen in Omni.
type travellers struct {
	mu   sync.Mutex
	list []*traveller
}

// traveller is a change in Okta. It has arrived when Omni shows it.
type traveller struct {
	kind, name string
	at, done   time.Time
	arrived    func() bool
}

func (s *travellers) add(kind, name string, arrived func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, &traveller{kind: kind, name: name, at: time.Now(), arrived: arrived})
}

// watch looks after each write to Omni who has arrived.
func (s *travellers) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		if r.Method == http.MethodGet {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range s.list {
			if c.done.IsZero() && c.arrived() {
				c.done = time.Now()
			}
		}
	})
}

// took is how long those of a kind were on their way, and who never arrived.
func (s *travellers) took(kind string) (took []time.Duration, lost []*traveller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.list {
		switch {
		case c.kind != kind:
		case c.done.IsZero():
			lost = append(lost, c)
		default:
			took = append(took, c.done.Sub(c.at))
		}
	}
	return took, lost
}

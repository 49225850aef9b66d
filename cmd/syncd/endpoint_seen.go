package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/omnisync/omnisync/sync"
)

// seen is what the endpoint saw since the process began, and what it took that
// isn't applied yet.
type seen struct {
	Requests     uint64        `json:"requests"`     // health checks aside
	Later        uint64        `json:"later"`        // of them answered 429
	Broken       uint64        `json:"broken"`       // of them answered 5xx
	Unauthorized uint64        `json:"unauthorized"` // without a right token
	Forbidden    uint64        `json:"forbidden"`    // from an address that may not call
	Limited      uint64        `json:"limited"`      // for their size, or because too many were being served
	Panics       uint64        `json:"panics"`
	Since        *time.Time    `json:"since"`   // it takes pushes; null while it doesn't
	Newest       *time.Time    `json:"newest"`  // push of a user that was taken since then
	Waiting      *sync.Backlog `json:"waiting"` // null while it takes none
}

func (e *endpoint) seen() seen {
	c := e.meter.Counts()
	s := seen{Later: c.Later, Broken: c.Answered[5], Unauthorized: c.Unauthorized, Forbidden: c.Forbidden, Limited: c.Limited, Panics: c.Panics}
	for _, n := range c.Answered {
		s.Requests += n
	}
	s.Since, s.Newest = e.relay.taken()
	if now := e.leads.Load(); now != nil {
		waiting := now.Backlog()
		s.Waiting = &waiting
	}
	return s
}

// pushed says what an endpoint saw, "" where there is none.
func pushed(limits map[string]any) string {
	s, ok := seenOf(limits)
	if !ok {
		return ""
	}
	list := []string{counted(int(s.Requests), "request")}
	add := func(n uint64, words string) {
		if n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, words))
		}
	}
	add(s.Later, "asked to come again")
	add(s.Unauthorized, "without a right token")
	add(s.Forbidden, "from addresses that may not call")
	add(s.Limited, "too large or too many")
	add(s.Broken, "that failed")
	if w := s.Waiting; w != nil && *w != (sync.Backlog{}) {
		list = append(list, fmt.Sprintf("to be applied: %s, %s, %s",
			counted(w.Removals, "removal"), counted(w.Groups, "group"), counted(w.Members, "member")))
	}
	return strings.Join(list, ", ")
}

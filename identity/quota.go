package identity

import "time"

// Quota is how many requests of a name may fall into any window.
type Quota struct {
	Name   string
	Most   int
	Window time.Duration
}

package state

import "time"

// Alerts are the matters that a person was told of and that aren't over, by key, so that
// whoever leads next neither tells them again nor forgets to tell their end.
type Alerts struct {
	Told map[string]Told `json:"told"`
}

// Told is one matter that was told.
type Told struct {
	Kind  string    `json:"kind"`
	Title string    `json:"title"` // names nobody
	Run   string    `json:"run,omitempty"`
	Since time.Time `json:"since"`
	At    time.Time `json:"at"` // when it was told last
}

package state

import "time"

// Pause is a person's word that nothing is to be written to Omni for a while. The zero
// Pause is none.
type Pause struct {
	Since        time.Time `json:"since"`
	Until        time.Time `json:"until,omitzero"`         // zero: until somebody resumes
	RemovalsOnly bool      `json:"removalsOnly,omitempty"` // all goes on but what takes something away
	By           string    `json:"by"`
	Reason       string    `json:"reason,omitempty"`
}

// On reports whether the pause holds.
func (p Pause) On(now time.Time) bool {
	return !p.Since.IsZero() && (p.Until.IsZero() || now.Before(p.Until))
}

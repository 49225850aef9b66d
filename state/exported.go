package state

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Exported tells how far the provisioning log was exported: up to which line.
type Exported struct {
	Name  string    `json:"connection,omitempty"` // whose log it is
	Epoch string    `json:"epoch,omitempty"`      // of the ledger that it came from; "" where that isn't known
	Key   string    `json:"key,omitempty"`        // its entry's in that ledger
	Prev  string    `json:"prev,omitempty"`       // the key of the entry before it; "" where there was none, or none is known
	Sum   string    `json:"sum,omitempty"`        // SumOf the line, by which it is found in another ledger
	Time  time.Time `json:"time,omitzero"`        // of the change
	Seen  time.Time `json:"seen,omitzero"`        // when nothing followed it
}

// SumOf is by what a line is recognised.
func SumOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:16])
}

package omniclient

import (
	"context"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Allowance shares Omni's limit of requests out. Keys are told by their number,
// so that an allowance which several processes share can be had from outside.
// Implementations are safe for concurrent use.
type Allowance interface {
	// Turn waits in the lane until one of keys, which is never empty, may send a
	// request, and gives that key; used must be called when the request is about to be
	// sent, or isn't after all. It fails when ctx ends, or with fault.Limited when Omni
	// asked to wait longer than a caller should.
	Turn(ctx context.Context, lane identity.Lane, keys []int) (key int, used func(), err error)
	// Answered tells that a request of key was answered otherwise than by 429.
	Answered(key int)
	// Limited tells that a request of key was answered by 429. after is what
	// Omni asked to wait, 0 when it didn't say.
	Limited(key int, after time.Duration)
	// Limits tells how the allowance stands now.
	Limits() Limits
}

// Limits is the state of the allowance.
type Limits struct {
	PerMinute     int     `json:"perMinute"`             // what all keys may send together
	Pace          float64 `json:"pace"`                  // the share of it that is used since Omni last answered 429; 1 is all
	PausedSeconds float64 `json:"pausedSeconds"`         // how long until a key may send again after a 429; 0 when one may
	RefusedKeys   []int   `json:"refusedKeys"`           // keys that Omni refuses, counted from 1
	Unshared      string  `json:"unshared,omitempty"`    // why other processes' requests aren't counted at present
	Lanes         []Lane  `json:"lanes"`                 // who waits for a turn
	DownSeconds   float64 `json:"downSeconds,omitempty"` // how long until an Omni that doesn't answer is asked again

	recovery recovery // what Pace will be
}

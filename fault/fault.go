// Package fault names the kinds of errors that Omnisync tells apart.
//
// The edges (Okta, Omni, the stores) classify what went wrong; only the
// engine's apply step decides what a kind leads to: wait, adopt, quarantine or
// stop. A fault carries a hint that tells a person what to do about it.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the closed set of causes that the engine distinguishes.
type Kind int

// The kinds, from the least to the most known.
const (
	Other        Kind = iota // anything not classified; treated as a bug or a local failure
	Unavailable              // the other side is down, unreachable or answered nonsense: try again later
	Limited                  // the other side asks to slow down
	NotFound                 // the object does not exist there
	Conflict                 // the name is taken there
	Refused                  // the other side understood and declined this input: trying again is useless until something changes
	Unauthorized             // the credential is refused: nothing else will work either
	Doubt                    // the answer can't be believed, so it must not be acted upon
	Fenced                   // another process leads: this one must not write
	Declined                 // our own policy says no, whatever the other side would say
)

// ErrUnsent is in the chain of an Unavailable of which the other side was told nothing,
// because it hasn't answered for some time.
var ErrUnsent = errors.New("not sent")

var kindNames = [...]string{
	"error", "unavailable", "limited", "not found", "conflict", "refused", "unauthorized", "doubtful", "not leading", "declined",
}

// String gives the kind as a word for logs.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kindNames[k]
}

// Error is a classified failure.
type Error struct {
	Kind   Kind
	Op     string        // what was attempted, such as "list app users"
	Detail string        // what the other side said, in its own words; never a secret
	Hint   string        // what a person can do about it; "" when nothing is known
	After  time.Duration // how long to wait before another try is worth it; 0 when nobody said
	Err    error         // the cause, or nil
}

// Error tells the operation, the detail and the cause, in this order.
func (e *Error) Error() string {
	s := e.Op
	if e.Detail != "" {
		s = join(s, e.Detail)
	}
	if e.Err != nil {
		s = join(s, e.Err.Error())
	}
	if s == "" {
		s = e.Kind.String()
	}
	return s
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ": " + b
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf gives the kind of the outermost classified error in err's chain, Other when there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Other
}

// Is reports whether err is classified as k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// HintOf gives the advice of the first classified error in err's chain that has one.
func HintOf(err error) string {
	for e, ok := errors.AsType[*Error](err); ok; e, ok = errors.AsType[*Error](e.Err) {
		if e.Hint != "" {
			return e.Hint
		}
	}
	return ""
}

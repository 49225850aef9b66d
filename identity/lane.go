package identity

import (
	"context"
	"sync"
)

// Lane says how urgent a request to Omni is: of those that wait, the lowest lane goes
// first.
type Lane int

// The lanes, in the order in which they go.
const (
	LaneRemoval Lane = iota + 1 // ends access, or changes the attributes of an existing user
	LaneMove                    // the rest of what moves somebody whose change is above
	LanePush                    // Okta waits for the answer, or somebody who asked for one person
	LaneOther                   // other changes, and single questions
	LaneJoiner                  // new accounts
	LaneName                    // names, and long lists
)

// Lanes is how many there are.
const Lanes = int(LaneName)

// String gives the lane's name for people.
func (l Lane) String() string {
	switch l {
	case LaneRemoval:
		return "removals and attributes"
	case LaneMove:
		return "moves"
	case LanePush:
		return "pushes"
	case LaneOther:
		return "other changes"
	case LaneJoiner:
		return "joiners"
	case LaneName:
		return "names and lists"
	}
	return "no lane"
}

type laneKey struct{}

// going is the lane of a context, and the hurry that it shares with those made from it.
type going struct {
	lane  Lane
	hurry *hurry
}

// hurry is the lane that somebody needs who waits for this one to end.
type hurry struct {
	mu     sync.Mutex
	lane   Lane          // 0: nobody's
	raised chan struct{} // closed when lane becomes a better one
}

// WithLane gives a context whose requests to Omni go in the lane, or in a better one
// after Hurry.
func WithLane(ctx context.Context, l Lane) context.Context {
	g := going{lane: l}
	if outer, ok := ctx.Value(laneKey{}).(going); ok {
		g.hurry = outer.hurry
	} else {
		g.hurry = &hurry{raised: make(chan struct{})}
	}
	return context.WithValue(ctx, laneKey{}, g)
}

// LaneOf tells the lane of a context's requests, LaneOther where none was given.
func LaneOf(ctx context.Context) Lane {
	g, ok := ctx.Value(laneKey{}).(going)
	if !ok {
		return LaneOther
	}
	g.hurry.mu.Lock()
	defer g.hurry.mu.Unlock()
	if g.hurry.lane != 0 {
		return min(g.lane, g.hurry.lane)
	}
	return g.lane
}

// Hurry has the requests of a context, whose end somebody waits for, go in the lane of
// who waits, and reports whether that is a better one. Where either has no lane, nothing
// happens.
func Hurry(ctx, waits context.Context) bool {
	g, ok := ctx.Value(laneKey{}).(going)
	if _, urgent := waits.Value(laneKey{}).(going); !ok || !urgent {
		return false
	}
	lane, now := LaneOf(waits), LaneOf(ctx)
	if lane >= now {
		return false
	}
	g.hurry.mu.Lock()
	defer g.hurry.mu.Unlock()
	g.hurry.lane = lane
	close(g.hurry.raised)
	g.hurry.raised = make(chan struct{})
	return true
}

// Hurried is closed when the lane of a context is a better one than l.
func Hurried(ctx context.Context, l Lane) <-chan struct{} {
	g, ok := ctx.Value(laneKey{}).(going)
	if !ok {
		return nil
	}
	g.hurry.mu.Lock()
	defer g.hurry.mu.Unlock()
	if g.hurry.lane != 0 && g.hurry.lane < l {
		is := make(chan struct{})
		close(is)
		return is
	}
	return g.hurry.raised
}

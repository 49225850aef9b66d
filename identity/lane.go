package identity

import "context"

// Lane says how urgent a request to Omni is: of those that wait, the lowest lane goes
// first.
type Lane int

// The lanes, in the order in which they go.
const (
	LaneRemoval Lane = iota + 1 // ends access, or changes the attributes of an existing user
	LaneMove                    // the rest of what moves somebody whose change is above
	LanePush                    // Okta waits for the answer
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

// WithLane gives a context whose requests to Omni go in the lane.
func WithLane(ctx context.Context, l Lane) context.Context {
	return context.WithValue(ctx, laneKey{}, l)
}

// LaneOf tells the lane of a context's requests, LaneOther where none was given.
func LaneOf(ctx context.Context) Lane {
	if l, ok := ctx.Value(laneKey{}).(Lane); ok && l >= LaneRemoval && l <= LaneName {
		return l
	}
	return LaneOther
}

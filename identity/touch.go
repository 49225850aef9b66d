package identity

import "time"

// TouchKind tells what an event of the System Log may have changed.
type TouchKind int

// The kinds of touches, from the narrowest to the widest.
const (
	TouchAccount    TouchKind = iota // the Okta accounts of Users: profile, status
	TouchAssignment                  // the assignments of Users to the app
	TouchMembership                  // whether Users are in Groups; without Users: any, without Groups: any
	TouchGroup                       // Groups themselves: made, renamed, deleted
	TouchSelection                   // which groups are synced: push mappings, groups assigned to the app
	TouchApp                         // the app itself
)

// Touch says where to look, by one event of the System Log. What is true there, only
// a reading tells.
type Touch struct {
	Kind      TouchKind
	Users     []OktaID
	Groups    []GroupID
	Left      bool      // of TouchMembership: the event says that Users left Groups
	Published time.Time // when it happened, by Okta's clock
	Event     Origin
}

// LogPlace is how far the System Log was read. The zero LogPlace is no place.
type LogPlace struct {
	Since  time.Time `json:"since"`           // by Okta's clock: everything until then was read
	Next   string    `json:"next,omitempty"`  // Okta's own link to what comes after; "" before the first reading
	Filter Print     `json:"filter,omitzero"` // of the filter that Next belongs to: where it isn't today's, reading begins after Since
}

// LogPage is one reading of the System Log.
type LogPage struct {
	Touches []Touch  // in the order in which Okta tells them: it may differ from that of Published
	Place   LogPlace // where the next reading begins
	More    bool     // the page was full: there may be more already
}

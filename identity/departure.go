package identity

import "time"

// Departure is what the System Log tells of somebody who was unassigned from
// the app, or whose Okta account was deactivated or deleted.
type Departure struct {
	ID    OktaID
	Names []string // what the user was called: the app's userName first, where it is told, then the login
	At    time.Time
	Event Origin
}

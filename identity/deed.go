package identity

import (
	"slices"
	"time"
)

// DeedKind tells what was done in Okta.
type DeedKind int

// The kinds of deeds that take people or groups away, or lead to it.
const (
	DeedNone       DeedKind = iota // of no matter here
	DeedUnassigned                 // Users lost the app
	DeedLeft                       // Users left Groups
	DeedLetGo                      // Groups lost the app, and their members with them
	DeedGroupEnded                 // Groups were deleted
	DeedRenamed                    // Groups have another name
	DeedUnpushed                   // Groups are no longer pushed
	DeedEnded                      // the Okta accounts of Users were deactivated or deleted
	DeedSuspended                  // the Okta accounts of Users were suspended
	DeedProfile                    // the profiles of Users changed
	DeedRule                       // somebody stopped or changed the group rule Rule
	DeedImport                     // an import from App began
	DeedImported                   // an import from App ended
	DeedStopped                    // the app that is synced was deactivated or deleted
)

// Named is an object of Okta's with the name that people know it by.
type Named struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Deed is one event of the System Log as far as it tells who did what to whom.
type Deed struct {
	Kind      DeedKind
	Users     []OktaID
	Groups    []Named
	Rule      Named    // the group rule: that did it, or, of DeedRule, that it was done to
	App       Named    // of an import: where it reads
	Actor     Named    // a person, or an app that acts for one; zero is Okta itself
	Threads   []string // what the events of one act have in common: the transaction, and the assignment of a group to the app
	Published time.Time
	Event     Origin
}

// Tied reports whether both events say that they belong to one act.
func (d Deed) Tied(other Deed) bool {
	return slices.ContainsFunc(d.Threads, func(thread string) bool { return slices.Contains(other.Threads, thread) })
}

// Chapter is a part of the System Log: its deeds, in any order.
type Chapter struct {
	Deeds []Deed
	Since time.Time // how far back it was read, by Okta's clock
	Cut   bool      // there was more before Since than is ever read
}

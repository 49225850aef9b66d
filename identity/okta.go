package identity

import "time"

// Ids are distinct types, so that a swapped argument doesn't compile.
type (
	OktaID      string // an Okta user, 00u...
	GroupID     string // an Okta group, 00g...
	OmniID      string // an Omni membership, a uuid: the id of a SCIM user
	OmniGroupID string // an Omni group: a short string
)

// App is the Okta application whose assignments are read.
type App struct {
	ID       string
	Label    string
	Status   string   // ACTIVE, INACTIVE, DELETED
	Features []string // what provisioning is switched on, such as GROUP_PUSH
	Partial  bool     // its lists tell only of whom they name: who isn't there isn't missing
	Implicit bool     // settings.implicitAssignment: everyone counts as assigned and no list tells who
}

// Assignment is one app user, as Okta tells it.
type Assignment struct {
	ID         OktaID
	Status     string         // of the app user: ACTIVE, STAGED, SUSPENDED ...
	Account    string         // of the Okta user: ACTIVE, DEPROVISIONED ...; "" when it could not be read
	Scope      string         // USER or GROUP: how it is assigned; never by itself a change
	UserName   string         // credentials.userName, as Okta tells it
	ExternalID string         // id in the target, where Okta knows one
	Login      string         // profile.login of the Okta user
	App        map[string]any // the app user's profile
	Profile    map[string]any // the Okta user's profile
	Groups     []string       // Okta's names of the pushed groups the user is in, sorted, each once; known only where a mapping reads them
	Print      Print          `json:"-"` // of all that a mapping may depend on; zero where nobody took it
	Origin     Origin
}

// OktaUser is a user of Okta, whether assigned to the app or not.
type OktaUser struct {
	ID      OktaID
	Status  string // ACTIVE, DEPROVISIONED ...
	Login   string
	Name    string         // as people know them; may be ""
	Profile map[string]any // as Okta has it
}

// Sighting is one app user in a list: what is read of each at once, and the
// profiles unread, because most users are as they were.
type Sighting struct {
	Assignment                            // without Login, App and Profile
	Whole      func() (Assignment, error) // the assignment with its profiles; an error is doubt about this user
}

// Sighting gives an assignment that was read whole the form of one in a list.
func (a Assignment) Sighting() Sighting {
	return Sighting{Assignment: a, Whole: func() (Assignment, error) { return a, nil }}
}

// Mapping is one group-push mapping of the app.
type Mapping struct {
	ID     string
	Source GroupID
	Status string // ACTIVE, INACTIVE, ERROR
	Error  string // Okta's words where Status is ERROR
	Origin Origin
}

// Group is an Okta group, without its members.
type Group struct {
	ID                GroupID
	Name              string
	Type              string    // OKTA_GROUP, APP_GROUP, BUILT_IN
	Source            string    // id of the app that brought an APP_GROUP; "" where Okta doesn't tell
	MembershipUpdated time.Time // lastMembershipUpdated: moves when somebody joins or leaves
	Users             *int      // usersCount; nil where Okta wasn't asked for it, or doesn't tell
	Origin            Origin
}

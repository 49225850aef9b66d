package state

import (
	"encoding/json"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// User is what was last applied to Omni for one Okta user. Values are those
// that Omni confirmed.
type User struct {
	Omni identity.OmniID `json:"omni,omitempty"` // "" while a creation is only intended
	identity.User
	Active     bool       `json:"active"`
	Link       Link       `json:"link,omitempty"`
	Linked     time.Time  `json:"linked,omitzero"`      // when it was linked; zero where that was before anybody noted it
	LinkedBy   string     `json:"linkedBy,omitempty"`   // ByPush where a push linked it, a person of what was linked by hand; "" for any other run
	Intent     string     `json:"intent,omitempty"`     // the run that set out to create it and did not record an end
	Unassigned *time.Time `json:"unassigned,omitempty"` // when a run first saw the user unassigned; nil while assigned
	AtOnce     *AtOnce    `json:"atOnce,omitempty"`     // who ended the grace of this leave; nil while nobody did
	Account    string     `json:"account,omitempty"`    // the Okta account's status when last seen
	ByHand     bool       `json:"byHand,omitempty"`     // inactive because somebody deactivated it in Omni: no change of ours did
	Kept       []string   `json:"kept,omitempty"`       // attributes found at adoption and left alone (users.adopt_attributes: keep)
	OrgAdmin   bool       `json:"orgAdmin,omitempty"`
	Extra      []string   `json:"extra,omitempty"`     // attributes that a push brought besides the mapped ones
	Pushed     bool       `json:"pushed,omitempty"`    // made by a push: no reading of Okta has told its values yet
	Forgotten  bool       `json:"forgotten,omitempty"` // what it holds of a name is a pseudonym, whatever Omni tells, until the user is assigned again
	Sent       *Change    `json:"sent,omitempty"`      // what Omni was about to be asked; nil once its answer is recorded. Until then nobody knows whether it was done

	// Seen is the print of the sighting, and of the policy, that this record is in
	// line with: while Okta shows the same, there is nothing to do. Zero when a
	// change is under way or the record was corrected.
	Seen identity.Print `json:"seen,omitzero"`
}

// AtOnce is a person's word that somebody who is unassigned is to go without grace.
type AtOnce struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// PushedUser is what was accepted of a user whom Okta pushed: what it asked and was
// told. What was applied of it stands in User.
type PushedUser struct {
	identity.PushedUser
	Gone bool `json:"gone,omitempty"` // Okta deleted the resource
}

// PushedGroup is what was accepted of a group that Okta pushed. Its members are
// those whom Member.Okta tells.
type PushedGroup struct {
	identity.PushedGroup
	Open    bool     `json:"open,omitempty"`    // something of it isn't applied yet
	Waiting []string `json:"waiting,omitempty"` // SCIM ids of members whom nobody is known under yet
	Gone    bool     `json:"gone,omitempty"`
}

// Link tells how an Okta object and an Omni one came together.
type Link string

// The ways to be linked.
const (
	Created      Link = "created"
	Adopted      Link = "adopted"    // it stood in Omni before
	Recognised   Link = "recognised" // it stood in Omni under an intent of ours whose end was not recorded
	LinkedByHand Link = "by_hand"    // a person said which account it is
)

// ByPush is in the place of who linked something that Okta's push made.
const ByPush = "push"

// Group is what was last applied to Omni for one Okta group.
type Group struct {
	Omni        identity.OmniGroupID `json:"omni,omitempty"` // "" while a creation is only intended
	DisplayName string               `json:"displayName"`    // in Omni
	Name        string               `json:"name"`           // in Okta
	Type        string               `json:"type,omitempty"` // in Okta: OKTA_GROUP, APP_GROUP, BUILT_IN
	Mapping     string               `json:"mapping,omitempty"`
	Link        Link                 `json:"link,omitempty"`
	Linked      time.Time            `json:"linked,omitzero"`    // as in User
	LinkedBy    string               `json:"linkedBy,omitempty"` // as in User
	Intent      string               `json:"intent,omitempty"`
	AsOf        time.Time            `json:"asOf,omitzero"`    // lastMembershipUpdated that the members' Okta side belongs to; zero: not completely read
	Paused      bool                 `json:"paused,omitempty"` // its mapping was INACTIVE when it was last read
	Open        bool                 `json:"open,omitempty"`   // some members may differ between the two sides although their users don't change
	Present     int                  `json:"present"`          // how many members are Present
	Sent        *Change              `json:"sent,omitempty"`   // as in User
	Short       Short                `json:"short,omitzero"`   // Okta counts more members than it lists; zero where it doesn't
}

// Short is a list of members that is shorter than Okta's own count.
type Short struct {
	Listed  int       `json:"listed"`
	Counted int       `json:"counted"` // usersCount
	Since   time.Time `json:"since"`   // when it was first noticed
}

// Member is one user's place in one group, on both sides.
type Member struct {
	Okta bool     // Okta's group had the user when it was last read
	Omni Presence // what stands in Omni
}

// Settled reports whether both sides say the same, so that there is nothing to do.
func (m Member) Settled() bool {
	if m.Okta {
		return m.Omni == Present || m.Omni == Found
	}
	return m.Omni == Absent
}

// Presence tells what is known about a membership in Omni.
type Presence byte

// The presences.
const (
	Absent  Presence = iota // not a member
	Present                 // added by us, or confirmed by a list from Omni
	Found                   // was there when the group was adopted; Okta's word on it is not yet approved
	Ended                   // was there until the user's membership of the organization ended; Omni may bring it back with the user
)

// Connection ties a ledger to its two sides.
type Connection struct {
	Org      string               `json:"org"`
	App      string               `json:"app"`
	Omni     string               `json:"omni"`
	Policy   identity.Fingerprint `json:"policy,omitempty"`  // of the policy whose results the ledger holds
	Complete bool                 `json:"complete"`          // one full or reconcile run has ended without a failure
	Lost     string               `json:"lost,omitempty"`    // how it was noticed that what this ledger knew is gone; "" once a reconcile has built it again
	Follows  string               `json:"follows,omitempty"` // the epoch of the lost ledger that this one stands in for

	Importing *Importing `json:"importing,omitempty"` // an import is under way, or broke off; nil in a whole ledger
}

// Importing tells how far an import into this ledger has come.
type Importing struct {
	SHA256  string         `json:"sha256"`  // of the export
	Streams map[Stream]int `json:"streams"` // entries appended so far
}

// Spent is what a run removed unasked, for the guard's window.
type Spent struct {
	At    time.Time      `json:"at"`
	Count map[string]int `json:"count"` // by the guard's kind
}

// Window is the guard's memory.
type Window struct {
	Spent []Spent `json:"spent"`
}

// Decision is what a person said about a held change.
type Decision string

// The decisions. None is a change that still waits.
const (
	None     Decision = ""
	Approved Decision = "approved"
	Rejected Decision = "rejected"
)

// Hold is one change that waits for a person, or what the person said.
type Hold struct {
	Change   Change    `json:"change"`
	Guard    string    `json:"guard"` // the guard that holds it
	Run      string    `json:"run"`   // the run that showed it first
	Since    time.Time `json:"since"`
	Decision Decision  `json:"decision,omitempty"`
	By       string    `json:"by,omitempty"`
	At       time.Time `json:"at,omitzero"`
	Until    time.Time `json:"until,omitzero"`    // an approval's end
	Recalled time.Time `json:"recalled,omitzero"` // when a rejection was last told of again
	Account  string    `json:"account,omitempty"`
	Why      *Because  `json:"why,omitempty"` // of a removal: what led to it, as far as somebody looked
}

// Failure is a change that failed and is tried again later.
type Failure struct {
	Change   Change    `json:"change"`
	Attempts int       `json:"attempts"`
	Since    time.Time `json:"since"`
	Next     time.Time `json:"next"`             // not tried before, but by runs that ignore delays
	Cause    string    `json:"cause,omitempty"`  // as in Problem, of the newest attempt
	Shared   int       `json:"shared,omitempty"` // attempts that failed with everybody's, and that make the delay no longer
}

// Problem tells a person why a change fails, and what becomes of it.
type Problem struct {
	Cause    string    `json:"cause"`              // which of the known ones
	Advice   string    `json:"advice,omitempty"`   // what to do
	Attempts int       `json:"attempts,omitempty"` // 0: Omni wasn't asked
	Since    time.Time `json:"since,omitzero"`     // the first of them
	Next     time.Time `json:"next,omitzero"`      // when it is tried again by itself; zero: with each run that looks at it
}

// Trouble is one cause of failures, however many changes it keeps from being done.
type Trouble struct {
	Cause  string   `json:"cause"` // as in Problem
	Words  string   `json:"words"` // of one of them: Omni's own, or why Omni wasn't asked
	Advice string   `json:"advice,omitempty"`
	Count  int      `json:"count"`
	Names  []string `json:"names"` // the first few
}

// Facts are the values of an object before or after a change, only those that
// the change touches, of an adoption that was done all that are managed. For a change of members, before names those who go and
// after those who come; for a schedule that was restored, after names whose it is.
type Facts struct {
	UserName    string                     `json:"userName,omitempty"`
	DisplayName string                     `json:"displayName,omitempty"`
	Active      *bool                      `json:"active,omitempty"`
	Attributes  map[string]*identity.Value `json:"attributes,omitempty"` // nil: no value
	Defaults    map[string]identity.Value  `json:"defaults,omitempty"`   // what Omni has in place of no value, by attribute
	Members     []string                   `json:"members,omitempty"`    // userNames
	Stood       []string                   `json:"stood,omitempty"`      // of a group that is linked: who was in it already and belongs there
	Item        string                     `json:"item,omitempty"`       // of a transfer: the schedule or document
	Owner       string                     `json:"owner,omitempty"`      // of the item: their userName
}

// ChangeState tells how far a change came.
type ChangeState string

// The states of a change.
const (
	Planned ChangeState = "planned"
	Applied ChangeState = "applied"
	Held    ChangeState = "held"
	Failed  ChangeState = "failed"
	Kept    ChangeState = "kept" // deliberately not done: protected, in grace, rejected, refused
)

// Change is one change as people see it: in a plan, a report, the log.
type Change struct {
	Kind     string      `json:"kind"`
	UserName string      `json:"userName,omitempty"`
	Group    string      `json:"group,omitempty"`
	OktaID   string      `json:"oktaId,omitempty"`
	OmniID   string      `json:"omniId,omitempty"`
	Before   *Facts      `json:"before,omitempty"`
	After    *Facts      `json:"after,omitempty"`
	State    ChangeState `json:"state"`
	Reason   string      `json:"reason,omitempty"`
	Error    string      `json:"error,omitempty"`
	Run      string      `json:"run,omitempty"`
	Cause    string      `json:"cause,omitempty"`
	Time     time.Time   `json:"time,omitzero"`
	Happened time.Time   `json:"happened,omitzero"` // what led to it, by Okta's clock; zero where no event told

	// Of a user's removal that is planned or waits: what they own in Omni; nil while nobody has counted.
	Schedules  *int `json:"schedules,omitempty"`  // Omni deletes them with the membership
	Recipients *int `json:"recipients,omitempty"` // who get them by mail; somebody counts for each schedule
	Documents  *int `json:"documents,omitempty"`

	Handover string `json:"handover,omitempty"` // of a user's removal that is to come: what becomes of what they own before it; "" where nothing does

	Answers []identity.Answer `json:"answers,omitempty"` // what Omni was asked and answered, the newest of them; none when it wasn't asked
	Seconds float64           `json:"seconds,omitempty"` // from the first request to the last answer, waiting for the allowance included

	Problem *Problem `json:"problem,omitempty"` // of what failed, in reports and in the status
}

// LogRead is how far Okta's System Log was read, and acted upon.
type LogRead struct {
	identity.LogPlace
	Missed int `json:"missed,omitempty"` // changes that a full run found and the log never told of
}

// Run is one pass as the ledger remembers it.
type Run struct {
	Run     string         `json:"run"`
	Kind    string         `json:"kind"`
	Outcome string         `json:"outcome"`
	Started time.Time      `json:"started"`
	Ended   time.Time      `json:"ended"`
	Doubts  []string       `json:"doubts,omitempty"`
	Counts  map[string]int `json:"counts,omitempty"`
	Error   string         `json:"error,omitempty"`
	Hint    string         `json:"hint,omitempty"`    // what to do about Error
	Fault   string         `json:"fault,omitempty"`   // fault's word for Error
	Refused []Trouble      `json:"refused,omitempty"` // what couldn't even be tried
}

// The kinds of what is archived.
const (
	ArchivedChange   = "change"   // a Change of the provisioning log
	ArchivedDecision = "decision" // an ArchivedHold: what a person said about a held change
	ArchivedRun      = "run"      // a Run
	ArchivedPause    = "pause"    // a Pause: of several the last counts, and one without Since is the end of the one before
	ArchivedSaved    = "saved"    // a Saved: of several with one ID the last counts

	ArchivedUndo      = "undone"    // an ArchivedUndone: of several of one subject the last counts
	ArchivedForgotten = "forgotten" // a Forgotten, without what was to be replaced
	ArchivedLink      = "link"      // an ArchivedTie: of several with one Okta id the last counts, and a Rebound ends all before it
)

// ArchivedHold is a Hold with its key.
type ArchivedHold struct {
	Key string `json:"key"`
	Hold
}

// Archived is one record as the archive keeps it: what can't be built again
// from Okta and Omni when the ledger is lost.
type Archived struct {
	Kind   string          `json:"kind"`
	Time   time.Time       `json:"time"` // when it was archived; zero: now
	Record json.RawMessage `json:"record"`
}

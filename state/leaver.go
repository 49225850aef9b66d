package state

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Leaver is one user's way out, from the end of the assignment to the end of the
// membership. It is removed when the membership has ended, or the user is assigned again.
type Leaver struct {
	Okta     identity.OktaID `json:"okta"`
	Omni     identity.OmniID `json:"omni"`
	UserName string          `json:"userName"`
	Began    time.Time       `json:"began"` // when a run first saw the user unassigned
	Step     Step            `json:"step"`
	Since    time.Time       `json:"since"` // when this step began

	Policy Handover    `json:"policy"`           // as it is now
	Walks  time.Time   `json:"walks,omitzero"`   // since when what the user owns is dealt with
	Read   time.Time   `json:"read,omitzero"`    // when what the user owns was completely read; zero: it wasn't
	Items  []Item      `json:"items,omitempty"`  // all that the user owned then, and what became of it
	Run    string      `json:"run,omitempty"`    // that read them
	To     []Candidate `json:"to,omitempty"`     // who may take over, in order
	Asked  time.Time   `json:"asked,omitzero"`   // when it was found out who
	Cause  string      `json:"cause,omitempty"`  // as in Change
	Reason string      `json:"reason,omitempty"` // why it doesn't go on: the guard, a protection, an item; "" while it does

	Attempts int       `json:"attempts,omitempty"` // of this step, that failed
	Next     time.Time `json:"next,omitzero"`      // not tried before
	Error    string    `json:"error,omitempty"`    // of the newest attempt
	Alerted  time.Time `json:"alerted,omitzero"`   // when a person was last told that it takes too long
}

// Late gives since when what the leaver owns takes longer to deal with than the policy
// allows; zero where it doesn't, or has no bounds.
func (l Leaver) Late(now time.Time) time.Time {
	since := l.Walks
	if since.IsZero() {
		since = l.Since
	}
	if late := since.Add(l.Policy.Within); l.Policy.Within > 0 && !now.Before(late) {
		return late.UTC()
	}
	return time.Time{}
}

// Step tells how far a leaver has come.
type Step string

// The steps of the way out, in order. A step whose turn hasn't come is the next one.
const (
	AtGuard    Step = "guard"     // waits for the guard, or for a person's approval
	InGrace    Step = "grace"     // a new assignment cancels everything
	AtReading  Step = "inventory" // what the user owns is read
	InHandover Step = "handover"  // it is saved, or given to others
	AtConfirm  Step = "confirm"   // Okta is asked once more
	AtEnd      Step = "end"       // the membership is ended
)

// Deals reports whether in this step what the user owns is dealt with.
func (s Step) Deals() bool { return s == AtReading || s == InHandover }

// Handover is what the policy asks for before a membership ends.
type Handover struct {
	Schedules Treatment     `json:"schedules"`
	Documents Treatment     `json:"documents"`
	Within    time.Duration `json:"within,omitempty"` // then a person is told
	Same      []string      `json:"same,omitempty"`   // attributes in which a new owner must be equal
}

// Treatment is what becomes of what a leaver owns.
type Treatment string

// The treatments.
const (
	LeaveAlone Treatment = "none"
	Save       Treatment = "save"
	Transfer   Treatment = "transfer"
)

// Candidate is somebody who may take over, as the configuration named them for this leaver.
type Candidate struct {
	Entry   string          `json:"entry"`             // of deprovision.handover.to
	Email   string          `json:"email,omitempty"`   // "" where it names nobody
	Omni    identity.OmniID `json:"omni,omitempty"`    // "" where that is no active member
	Differs []string        `json:"differs,omitempty"` // managed attributes whose values aren't the leaver's
	Why     string          `json:"why,omitempty"`     // why it can't be this one
}

// Item is one thing that a leaver owns.
type Item struct {
	Kind       ItemKind  `json:"kind"`
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Detail     string    `json:"detail,omitempty"`     // what it sends when, or where it lies; for people
	Recipients int       `json:"recipients,omitempty"` // of a schedule: how many get it by mail
	State      ItemState `json:"state"`
	To         string    `json:"to,omitempty"` // userName of the new owner
	Saved      bool      `json:"saved,omitempty"`
	Tried      []Tried   `json:"tried,omitempty"`
	Back       int       `json:"back,omitempty"` // how often it was listed as the leaver's again after it was another's, or gone
	At         time.Time `json:"at,omitzero"`    // when it came into this state
}

// String names an item for people.
func (it Item) String() string { return fmt.Sprintf("%s %q", it.Kind, it.Name) }

// ItemKind tells what an item is.
type ItemKind string

// The kinds of items.
const (
	Schedule ItemKind = "schedule" // a delivery or an alert
	Document ItemKind = "document" // a dashboard or workbook
)

// ItemState tells what became of an item.
type ItemState string

// The states of an item. While it waits, or is refused, it keeps its owner's membership.
const (
	ItemWaiting     ItemState = "waiting"
	ItemTransferred ItemState = "transferred"
	ItemSaved       ItemState = "saved" // and nothing more is asked for
	ItemGone        ItemState = "gone"  // somebody deleted it, or took it over, meanwhile
	ItemRefused     ItemState = "refused"
	ItemLeft        ItemState = "left" // the policy leaves its kind alone
)

// Tried is one who couldn't take an item over.
type Tried struct {
	To  string `json:"to"` // userName
	Why string `json:"why"`
}

// Saved is the definition of a schedule, or what a document was, as it stood before
// its owner's membership ended. What may name third parties, or hold credentials,
// is in Sealed alone.
type Saved struct {
	ID         string          `json:"id"` // of the schedule or document
	Kind       ItemKind        `json:"kind"`
	Name       string          `json:"name"`
	Owner      identity.OktaID `json:"owner"`
	Omni       identity.OmniID `json:"omni"` // of the owner
	UserName   string          `json:"userName"`
	At         time.Time       `json:"at"`
	Run        string          `json:"run"`
	Document   string          `json:"document,omitempty"`   // name of the dashboard that a schedule sends, or the folder of a document
	Cron       string          `json:"cron,omitempty"`       // of a schedule
	Timezone   string          `json:"timezone,omitempty"`   // of cron
	Target     string          `json:"target,omitempty"`     // the sort of place it goes to: email, slack, webhook ...
	Recipients int             `json:"recipients,omitempty"` // how many get it by mail; who they are is sealed
	Sealed     json.RawMessage `json:"sealed,omitempty"`     // the envelope of package vault, for the record of this ID
	Until      time.Time       `json:"until"`                // it is kept; then the ledger forgets it
	Restored   *Restored       `json:"restored,omitempty"`   // nil: it was not brought back
}

// Restored tells that a saved schedule was brought back. While ID is empty, somebody
// set out to, and it isn't known whether Omni did it.
type Restored struct {
	To       string    `json:"to"`           // userName of the new owner
	ID       string    `json:"id,omitempty"` // of the schedule that stands for it
	At       time.Time `json:"at"`
	Problems []string  `json:"problems,omitempty"` // what of it didn't come back
}

// Over reports whether it is no longer kept.
func (s Saved) Over(now time.Time) bool { return !now.Before(s.Until) }

// PutArchived adds a Saved of the archive to the batch, for a ledger that is built
// again. One that is no longer kept goes, also where an earlier line of the same one
// was taken before.
func (s Saved) PutArchived(b *Batch, now time.Time) {
	if s.Over(now) {
		b.Remove(Saves, s.ID)
		return
	}
	Put(b, Saves, s.ID, s)
}

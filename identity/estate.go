package identity

import "encoding/json"

// ScheduleID is Omni's id of a schedule, a UUID.
type ScheduleID string

// DocumentID is Omni's identifier of a document: what stands in its address after /dashboards/.
type DocumentID string

// ScheduleKind tells what makes a schedule send.
type ScheduleKind string

// The kinds of schedules.
const (
	Delivery ScheduleKind = "schedule" // each time that it is due
	Alert    ScheduleKind = "alert"    // when it is due and a query's results meet a condition
)

// Schedule is a delivery or an alert of a dashboard that somebody in Omni owns, who
// decides what data goes out.
type Schedule struct {
	ID           ScheduleID   `json:"id"`
	Name         string       `json:"name"`
	Owner        OmniID       `json:"owner"`
	Document     DocumentID   `json:"document"`      // the dashboard that it sends
	DocumentName string       `json:"document_name"` // as Omni's list calls it
	Kind         ScheduleKind `json:"kind"`
	Tile         bool         `json:"tile,omitempty"` // it sends one tile of it alone
	Destination  string       `json:"destination"`    // email, slack, webhook, sftp, s3 or google_sheets
	Format       string       `json:"format"`
	Cron         string       `json:"cron"`
	Timezone     string       `json:"timezone"`
	People       int          `json:"people"` // who get it by mail; 0 by another way
	Paused       bool         `json:"paused"`

	// Recipients name where it goes: addresses, groups as "group NAME", Slack ids, or
	// the address of another service. They are known once the definition is.
	Recipients []string `json:"recipients,omitempty"`
	// Definition is {"schedule": ..., "recipients": ...}: Omni's answers to GET
	// /api/v1/schedules/{id} and .../recipients, byte for byte, for whatever we don't
	// know yet. Nil until it is read. What it says of a destination may be as
	// confidential as a credential, so it belongs into the ledger and the archive alone.
	Definition json.RawMessage `json:"definition,omitempty"`
}

// Document is a dashboard or workbook that somebody in Omni owns.
type Document struct {
	ID     DocumentID `json:"id"`
	Name   string     `json:"name"`
	Owner  OmniID     `json:"owner"`
	Scope  string     `json:"scope"`            // organization: everybody may see it; restricted: who has a permission
	Folder string     `json:"folder,omitempty"` // its path; "" outside of all shared folders
	URL    string     `json:"url"`
}

// Candidate is somebody who may take over from a leaver: one entry of the
// configuration, as it came out for this one.
type Candidate struct {
	Entry string // as it is configured
	Email string // "": the entry names nobody for this leaver
	Err   error  // why it isn't known whom it names; a fault of kind Doubt
}

// Restored is what became of a saved schedule.
type Restored struct {
	ID       ScheduleID `json:"id,omitempty"`       // of the schedule that stands for it now; "" when there is none
	Found    bool       `json:"found,omitempty"`    // it was there already
	Problems []Problem  `json:"problems,omitempty"` // what of it didn't come back
}

// Problem is one thing of a saved schedule that Omni doesn't take back.
type Problem struct {
	What string `json:"what"` // such as "alert condition"
	Why  string `json:"why"`
}

// KeyOwner is whose an API key is. A field that Omni doesn't tell is empty.
type KeyOwner struct {
	Key          int    // counted from 1, as in messages
	Scope        string // organization or user
	Organization string
	Owner        OmniID // as whom the key acts: who made it
}

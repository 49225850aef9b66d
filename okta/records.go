package okta

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The parts of Okta's objects that are read. Field names are Okta's own.

type appRecord struct {
	ID       string   `json:"id"`
	Label    string   `json:"label"`
	Status   string   `json:"status"`
	Features []string `json:"features"`
	Settings struct {
		Implicit bool `json:"implicitAssignment"`
	} `json:"settings"`
}

type assignmentRecord struct {
	ID          string `json:"id"`
	ExternalID  string `json:"externalId"`
	Status      string `json:"status"`
	Scope       string `json:"scope"`
	Credentials struct {
		UserName string `json:"userName"`
	} `json:"credentials"`
	Profile  object `json:"profile"`
	Embedded struct {
		User userRecord `json:"user"`
	} `json:"_embedded"`
}

type userRecord struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Profile object `json:"profile"`
}

// idRecord is an object of which only the id counts.
type idRecord struct {
	ID string `json:"id"`
}

type accountRecord struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

type mappingRecord struct {
	ID     string `json:"id"`
	Source string `json:"sourceGroupId"`
	Status string `json:"status"`
	Error  string `json:"errorSummary"`
}

type groupRecord struct {
	ID                string    `json:"id"`
	Type              string    `json:"type"`
	MembershipUpdated time.Time `json:"lastMembershipUpdated"`
	Profile           struct {
		Name string `json:"name"`
	} `json:"profile"`
	Origin jsontext.Value `json:"source"`
	Links  struct {
		Source jsontext.Value `json:"source"`
	} `json:"_links"`
	Embedded struct {
		Stats struct {
			Users *int `json:"usersCount"`
		} `json:"stats"`
	} `json:"_embedded"`
}

// appGroupRecord is a group's assignment to the app, with the group where Okta embeds it.
type appGroupRecord struct {
	ID       string `json:"id"`
	Embedded struct {
		Group groupRecord `json:"group"`
	} `json:"_embedded"`
}

type eventRecord struct {
	ID      string `json:"uuid"`
	Type    string `json:"eventType"`
	Outcome struct {
		Result string `json:"result"`
	} `json:"outcome"`
	Published time.Time `json:"published"`
	Target    []struct {
		ID          string `json:"id"`
		Type        string `json:"type"`
		AlternateID string `json:"alternateId"`
	} `json:"target"`
}

type errorRecord struct {
	Code    string `json:"errorCode"`
	Summary string `json:"errorSummary"`
	Causes  []struct {
		Summary string `json:"errorSummary"`
	} `json:"errorCauses"`
}

func (r appRecord) id() string        { return r.ID }
func (r assignmentRecord) id() string { return r.ID }
func (r idRecord) id() string         { return r.ID }
func (r accountRecord) id() string    { return r.ID }
func (r mappingRecord) id() string    { return r.ID }
func (r groupRecord) id() string      { return r.ID }
func (r appGroupRecord) id() string   { return r.ID }
func (r eventRecord) id() string      { return r.ID }

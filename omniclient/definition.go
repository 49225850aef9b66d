package omniclient

import (
	"bytes"
	"encoding/json"

	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/omnisync/omnisync/identity"
)

// fields is a JSON object of which not all names are known.
type fields map[string]json.RawMessage

// definition is what Omni tells about one schedule: its answer to the schedule's id,
// and where it goes. What the description calls metadata has no described form.
type definition struct {
	Schedule struct {
		ID            identity.ScheduleID `json:"id"`
		Owner         identity.OmniID     `json:"ownerId"`
		Name          string              `json:"name"`
		Cron          string              `json:"schedule"`
		Timezone      string              `json:"timezone"`
		Entity        string              `json:"entityId"`
		DisabledAt    *string             `json:"disabledAt"`
		StoppedAt     *string             `json:"systemDisabledAt"`
		StoppedReason string              `json:"systemDisabledReason"`
		ConditionType string              `json:"conditionType"`
		ConditionKey  string              `json:"conditionQueryMapKey"`
		Filters       json.RawMessage     `json:"filterConfig"`
		FanOut        bool                `json:"fanOut"`
		KillJobs      bool                `json:"killJobsOnFailure"`
		Metadata      json.RawMessage     `json:"metadata"`
		Destinations  []destination       `json:"destinations"`
	} `json:"schedule"`
	Recipients struct {
		Type   string      `json:"type"`
		People []recipient `json:"recipients"`
		Groups []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"userGroupRecipients"`
	} `json:"recipients"`
	all struct{ Schedule, Recipients fields }
}

type destination struct {
	Format   string          `json:"format"`
	Metadata json.RawMessage `json:"metadata"`
}

// recipient is somebody who gets mail, or a channel or user of Slack.
type recipient struct {
	Email string `json:"email"`
	Kind  string `json:"recipientType"`
	Slack string `json:"slackId"`
}

// decodeDefinition reads what Client.Definition put together.
func decodeDefinition(raw json.RawMessage) (definition, error) {
	var d definition
	if err := jsonv1.Unmarshal(raw, &d); err != nil {
		return d, err
	}
	return d, jsonv1.Unmarshal(raw, &d.all)
}

// names tell people where a schedule goes.
func (d definition) names() []string {
	var list []string
	for _, r := range d.Recipients.People {
		list = append(list, r.Email+r.Slack)
	}
	for _, g := range d.Recipients.Groups {
		list = append(list, "group "+g.Name)
	}
	for _, name := range []string{"url", "address", "bucketName"} {
		var s string
		if json.Unmarshal(d.all.Recipients[name], &s) == nil && s != "" {
			list = append(list, s)
		}
	}
	return list
}

// object reads what may be no object, as what has no fields.
func object(raw json.RawMessage) fields {
	var f fields
	if jsonv1.Unmarshal(raw, &f) != nil {
		return nil
	}
	return f
}

// tells reports whether a field says anything: null, false, an empty text, list or object don't.
func tells(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	switch string(raw) {
	case "", "null", "false", `""`:
		return false
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		return len(list) > 0
	}
	f := object(raw)
	return f == nil || len(f) > 0
}

// sameValue compares two values of JSON by what they say. Numbers are compared as they stand.
func sameValue(a, b json.RawMessage) bool {
	x, y := decoded(a), decoded(b)
	return x != nil && bytes.Equal(x, y)
}

// decoded is a value in one form: names sorted, no spaces; nil where it is no JSON.
func decoded(raw json.RawMessage) []byte {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}

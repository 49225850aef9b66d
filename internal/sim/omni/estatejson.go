package omni

import (
	"encoding/json"
	"maps"
	"strings"
)

// scheduleJSON is a schedule in the list of schedules.
type scheduleJSON struct {
	Alert                *alertJSON `json:"alert,omitempty"`
	Content              string     `json:"content"`
	DashboardName        string     `json:"dashboardName"`
	DestinationType      string     `json:"destinationType"`
	DisabledAt           *string    `json:"disabledAt"`
	Format               string     `json:"format"`
	ID                   string     `json:"id"`
	Identifier           string     `json:"identifier"`
	LastCompletedAt      *string    `json:"lastCompletedAt"`
	LastStatus           *string    `json:"lastStatus"`
	Name                 string     `json:"name"`
	OwnerID              string     `json:"ownerId"`
	OwnerName            string     `json:"ownerName"`
	RecipientCount       int        `json:"recipientCount"`
	Schedule             string     `json:"schedule"`
	SlackRecipientType   *string    `json:"slackRecipientType"`
	SystemDisabledAt     *string    `json:"systemDisabledAt"`
	SystemDisabledReason *string    `json:"systemDisabledReason"`
	Timezone             string     `json:"timezone"`
}

type alertJSON struct {
	ConditionQueryName *string `json:"conditionQueryName"`
	ConditionType      string  `json:"conditionType"`
}

func (o *Org) scheduleJSON(s *Schedule) scheduleJSON {
	j := scheduleJSON{
		Content: "dashboard", DashboardName: s.Name, DestinationType: s.Destination, DisabledAt: s.disabledAt(), Format: s.Format,
		ID: s.ID, Identifier: s.Dashboard, Name: s.Name, OwnerID: s.Owner, OwnerName: o.ownerName(s.Owner),
		RecipientCount: -1, Schedule: s.Cron, Timezone: s.Timezone,
	}
	if d := o.document(s.Dashboard); d != nil {
		j.DashboardName = d.Name
	}
	if s.Options["queryIdentifierMapKey"] != nil {
		j.Content = "single tile"
	}
	if s.Condition != "" {
		j.Alert = &alertJSON{ConditionType: s.Condition}
	}
	if s.Destination == "email" {
		j.RecipientCount = len(s.Recipients)
		for _, g := range s.Groups {
			if t := o.teams[g]; t != nil {
				j.RecipientCount += t.members.len()
			}
		}
	}
	return j
}

// disabledAt is told of one that is paused. When it was paused nobody asks.
func (s *Schedule) disabledAt() *string {
	if !s.Paused {
		return nil
	}
	return new(s.Created.Format(stamp))
}

func (o *Org) ownerName(id string) string {
	if u := o.people.byID[id]; u != nil {
		return u.displayName
	}
	return ""
}

// definitionJSON is a schedule that is read by its id.
type definitionJSON struct {
	ConditionQueryMapKey *string           `json:"conditionQueryMapKey"`
	ConditionType        *string           `json:"conditionType"`
	CreatedAt            string            `json:"createdAt"`
	Destinations         []destinationJSON `json:"destinations"`
	DisabledAt           *string           `json:"disabledAt"`
	EntityID             string            `json:"entityId"`
	FanOut               bool              `json:"fanOut"`
	FilterConfig         json.RawMessage   `json:"filterConfig,omitempty"`
	ID                   string            `json:"id"`
	KillJobsOnFailure    bool              `json:"killJobsOnFailure"`
	Metadata             map[string]any    `json:"metadata"`
	Name                 string            `json:"name"`
	OrganizationID       string            `json:"organizationId"`
	Owner                namedJSON         `json:"owner"`
	OwnerID              string            `json:"ownerId"`
	Schedule             string            `json:"schedule"`
	SystemDisabledAt     *string           `json:"systemDisabledAt"`
	SystemDisabledReason *string           `json:"systemDisabledReason"`
	Timezone             string            `json:"timezone"`
	UpdatedAt            string            `json:"updatedAt"`
}

type namedJSON struct {
	Name string `json:"name"`
}

type destinationJSON struct {
	Format              string           `json:"format"`
	ID                  string           `json:"id"`
	LastCompletedAt     *string          `json:"lastCompletedAt"`
	LastStatus          *string          `json:"lastStatus"`
	Metadata            map[string]any   `json:"metadata"`
	Recipients          []subscriberJSON `json:"recipients"`
	UserGroupRecipients []groupReference `json:"userGroupRecipients"`
}

type subscriberJSON struct {
	ID         string `json:"id"`
	Membership struct {
		User struct {
			Email string `json:"email"`
			Name  string `json:"name"`
		} `json:"user"`
	} `json:"membership"`
	MembershipID string `json:"membershipId"`
}

type groupReference struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (o *Org) definitionJSON(s *Schedule) definitionJSON {
	j := definitionJSON{
		CreatedAt: s.Created.Format(stamp), DisabledAt: s.disabledAt(), EntityID: s.Dashboard, FanOut: s.FanOut, FilterConfig: s.Filters,
		ID: s.ID, KillJobsOnFailure: s.KillJobs, Metadata: map[string]any{}, Name: s.Name, OrganizationID: organizationID,
		Owner: namedJSON{o.ownerName(s.Owner)}, OwnerID: s.Owner, Schedule: s.Cron, Timezone: s.Timezone, UpdatedAt: s.Created.Format(stamp),
	}
	if o.Knobs.EntityIDs {
		j.EntityID = derivedUUID("dashboard " + s.Dashboard)
	}
	if s.Condition != "" {
		j.ConditionType, j.ConditionQueryMapKey = new(s.Condition), new(s.Query)
	}
	to := destinationJSON{Format: s.Format, ID: derivedUUID("destination of " + s.ID), Metadata: map[string]any{"type": s.Destination},
		Recipients: []subscriberJSON{}, UserGroupRecipients: []groupReference{}}
	for name, v := range s.Options {
		if destinationOptions[name] {
			to.Metadata[name] = v
		} else {
			j.Metadata[name] = v
		}
	}
	for _, r := range o.recipients(s.Recipients) {
		var m subscriberJSON
		m.ID, m.MembershipID, m.Membership.User.Email, m.Membership.User.Name = r.ID, r.ID, r.Email, r.Name
		to.Recipients = append(to.Recipients, m)
	}
	for _, g := range o.groupRecipients(s.Groups) {
		to.UserGroupRecipients = append(to.UserGroupRecipients, groupReference{g.ID, g.Name})
	}
	j.Destinations = []destinationJSON{to}
	return j
}

// destinationOptions stand at the destination, all others at the schedule itself.
var destinationOptions = map[string]bool{"subject": true, "textBody": true, "path": true, "filename": true}

type recipientJSON struct {
	Email     string `json:"email"`
	EmailOnly bool   `json:"emailOnly"`
	ID        string `json:"id"`
	Name      string `json:"name"`
}

type groupRecipientJSON struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Recipients []recipientJSON `json:"recipients"`
}

// recipients are those with the addresses; who is no user gets mail only.
func (o *Org) recipients(addresses []string) []recipientJSON {
	list := []recipientJSON{}
	for _, a := range addresses {
		r := recipientJSON{Email: a, EmailOnly: true, ID: derivedUUID("recipient " + fold(a)), Name: a}
		if u := o.people.byName[fold(a)]; u != nil {
			r.EmailOnly, r.ID, r.Name = false, u.id, u.displayName
		}
		list = append(list, r)
	}
	return list
}

func (o *Org) groupRecipients(ids []string) []groupRecipientJSON {
	list := []groupRecipientJSON{}
	for _, id := range ids {
		t := o.teams[id]
		if t == nil {
			continue // it was deleted since
		}
		var addresses []string
		for _, u := range t.members.list() {
			addresses = append(addresses, u.userName)
		}
		list = append(list, groupRecipientJSON{ID: groupUUID(id), Name: t.displayName, Recipients: o.recipients(addresses)})
	}
	return list
}

// groupUUID is how schedules name a group: not as SCIM does.
func groupUUID(id string) string { return derivedUUID("group " + id) }

// recipientsJSON is where a schedule goes: its form depends on the destination.
func (o *Org) recipientsJSON(s *Schedule) map[string]any {
	j := map[string]any{"type": s.Destination}
	maps.Copy(j, s.Target)
	switch s.Destination {
	case "email":
		j["recipients"], j["userGroupRecipients"] = o.recipients(s.Recipients), o.groupRecipients(s.Groups)
	case "slack":
		j["recipients"] = slackRecipients(s)
	}
	return j
}

func slackRecipients(s *Schedule) []map[string]string {
	kind, _ := s.Options["slackRecipientType"].(string)
	list := []map[string]string{}
	for _, id := range s.Recipients {
		list = append(list, map[string]string{"recipientType": strings.ToLower(kind), "slackId": id})
	}
	return list
}

// documentJSON is a document in the list of documents.
type documentJSON struct {
	ConnectionID string      `json:"connectionId"`
	Deleted      bool        `json:"deleted"`
	Folder       *folderJSON `json:"folder"`
	HasDashboard bool        `json:"hasDashboard"`
	Identifier   string      `json:"identifier"`
	Name         string      `json:"name"`
	Owner        ownerJSON   `json:"owner"`
	Scope        string      `json:"scope"`
	Type         string      `json:"type"`
	UpdatedAt    string      `json:"updatedAt"`
	URL          string      `json:"url"`
}

type folderJSON struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Path  string `json:"path"`
	Scope string `json:"scope"`
}

type ownerJSON struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (o *Org) documentJSON(d *Document) documentJSON {
	j := documentJSON{
		ConnectionID: connectionID, HasDashboard: true, Identifier: d.ID, Name: d.Name,
		Owner: ownerJSON{ID: d.Owner, Name: o.ownerName(d.Owner)}, Scope: "organization", Type: "document",
		UpdatedAt: d.Updated.Format(stamp), URL: "https://omni.example/dashboards/" + d.ID,
	}
	if d.Viewers != nil {
		j.Scope = "restricted"
	} else {
		j.Folder = &folderJSON{ID: derivedUUID("folder"), Name: "Everybody's", Path: "everybodys", Scope: "organization"}
	}
	return j
}

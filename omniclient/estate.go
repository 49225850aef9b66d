package omniclient

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// What somebody owns in Omni, and how it gets a new owner before the membership ends.
// The client satisfies what a caller declares as:
//
//	type Estate interface { // reads; nothing is given beside an error
//		OwnedSchedules(ctx context.Context, owner identity.OmniID) ([]identity.Schedule, error)
//		OwnedDocuments(ctx context.Context, owner identity.OmniID) ([]identity.Document, error)
//		Definition(ctx context.Context, s identity.Schedule) (identity.Schedule, error)
//	}
//
//	type Heirs interface { // writes; whatever is repeated has no other effect
//		TransferSchedule(ctx context.Context, id identity.ScheduleID, to identity.OmniID) error
//		TransferDocument(ctx context.Context, id identity.DocumentID, to identity.OmniID) error
//		CreateSchedule(ctx context.Context, owner identity.OmniID, saved identity.Schedule) (identity.Restored, error)
//		FindSchedule(ctx context.Context, owner identity.OmniID, saved identity.Schedule) (identity.Restored, error) // makes nothing
//	}
//
//	type KeyOwners interface {
//		Keys() int
//		KeyOwner(ctx context.Context, key int) (identity.KeyOwner, error)
//	}
//
// A schedule is never written with PUT, which would drop an alert's condition.
//
// Sources: docs.omni.co/api/schedules, /api/documents, /api/schedule-recipients, and
// the OpenAPI description in exploreomni/cli. Where these two differ, the method says so.

// scheduleRecord is a schedule in Omni's list.
type scheduleRecord struct {
	ID           identity.ScheduleID `json:"id"`
	Name         string              `json:"name"`
	Owner        identity.OmniID     `json:"ownerId"`
	Document     identity.DocumentID `json:"identifier"`
	DocumentName string              `json:"dashboardName"`
	Content      string              `json:"content"`
	Destination  string              `json:"destinationType"`
	Format       string              `json:"format"`
	Cron         string              `json:"schedule"`
	Timezone     string              `json:"timezone"`
	Recipients   int                 `json:"recipientCount"` // -1 where it goes elsewhere than by mail
	DisabledAt   *string             `json:"disabledAt"`
	Alert        *struct{}           `json:"alert"`
}

func (r scheduleRecord) schedule() identity.Schedule {
	s := identity.Schedule{
		ID: r.ID, Name: r.Name, Owner: r.Owner, Document: r.Document, DocumentName: r.DocumentName, Kind: identity.Delivery,
		Tile: r.Content != "" && r.Content != "dashboard", Destination: r.Destination, Format: r.Format, Cron: r.Cron, Timezone: r.Timezone,
		People: max(0, r.Recipients), Paused: r.DisabledAt != nil,
	}
	if r.Alert != nil {
		s.Kind = identity.Alert
	}
	return s
}

// OwnedSchedules lists the schedules that somebody owns, alerts among them, without
// their definitions. fault.NotFound when Omni knows no such account any more;
// fault.Doubt when the list can't be whole, or holds somebody else's.
func (c *Client) OwnedSchedules(ctx context.Context, owner identity.OmniID) ([]identity.Schedule, error) {
	return c.schedules(ctx, owner, url.Values{})
}

// schedules lists those of somebody that a query selects.
func (c *Client) schedules(ctx context.Context, owner identity.OmniID, query url.Values) ([]identity.Schedule, error) {
	query.Set("ownerId", string(owner))
	records, err := whole(ctx, c, v1Listing[scheduleRecord]{
		what: "schedules", query: query, id: func(r scheduleRecord) string { return string(r.ID) },
		wrong: func(r scheduleRecord) string {
			if r.Owner != owner {
				return "belongs to somebody else"
			}
			return ""
		},
	})
	if err != nil {
		return nil, err
	}
	list := make([]identity.Schedule, len(records))
	for i, r := range records {
		list[i] = r.schedule()
	}
	return list, nil
}

// documentRecord is a document in Omni's list.
type documentRecord struct {
	ID     identity.DocumentID `json:"identifier"`
	Name   string              `json:"name"`
	Scope  string              `json:"scope"`
	URL    string              `json:"url"`
	Folder *struct {
		Path string `json:"path"`
	} `json:"folder"`
	Owner struct {
		ID identity.OmniID `json:"id"`
	} `json:"owner"`
}

// OwnedDocuments lists the documents that somebody owns. Omni selects them by
// creator, and doesn't say whether that is who made them or who has them now: one
// that has another owner by now isn't given. fault.Doubt when the list can't be whole.
func (c *Client) OwnedDocuments(ctx context.Context, owner identity.OmniID) ([]identity.Document, error) {
	records, err := whole(ctx, c, v1Listing[documentRecord]{
		what: "documents", query: url.Values{"creatorId": {string(owner)}}, id: func(r documentRecord) string { return string(r.ID) },
		wrong: func(r documentRecord) string {
			if r.Owner.ID == "" {
				return "has no owner"
			}
			return ""
		},
	})
	if err != nil {
		return nil, err
	}
	var list []identity.Document
	for _, r := range records {
		if r.Owner.ID != owner {
			continue
		}
		d := identity.Document{ID: r.ID, Name: r.Name, Owner: r.Owner.ID, Scope: r.Scope, URL: r.URL}
		if r.Folder != nil {
			d.Folder = r.Folder.Path
		}
		list = append(list, d)
	}
	return list, nil
}

func schedulePath(id identity.ScheduleID) string {
	return v1 + "schedules/" + url.PathEscape(string(id))
}

// Definition gives a listed schedule with its definition and recipients, and with the
// owner, kind and state as they are by then. fault.NotFound when it is gone.
func (c *Client) Definition(ctx context.Context, s identity.Schedule) (identity.Schedule, error) {
	const op = "read Omni schedule"
	schedule, err := c.raw(ctx, op, schedulePath(s.ID))
	if err != nil {
		return identity.Schedule{}, err
	}
	recipients, err := c.raw(ctx, op, schedulePath(s.ID)+"/recipients")
	if err != nil {
		return identity.Schedule{}, err
	}
	raw := slices.Concat([]byte(`{"schedule":`), schedule, []byte(`,"recipients":`), recipients, []byte(`}`))
	d, err := decodeDefinition(raw)
	switch {
	case err != nil:
		return identity.Schedule{}, &fault.Error{Kind: fault.Doubt, Op: op, Detail: "Omni's answer has another form than its description says", Err: err}
	case d.Schedule.ID != s.ID || d.Schedule.Owner == "" || d.Recipients.Type == "":
		return identity.Schedule{}, &fault.Error{Kind: fault.Doubt, Op: op, Detail: "Omni answered with another schedule, or with none"}
	}
	s.Owner, s.Paused, s.Kind, s.Definition, s.Recipients = d.Schedule.Owner, d.Schedule.DisabledAt != nil, identity.Delivery, raw, d.names()
	if d.Schedule.ConditionType != "" {
		s.Kind = identity.Alert
	}
	return s, nil
}

// raw reads an object as it stands.
func (c *Client) raw(ctx context.Context, op, path string) ([]byte, error) {
	a, err := c.send(ctx, request{op: op, method: http.MethodGet, path: path, apart: true})
	if err == nil && len(a.body) == 0 {
		err = &fault.Error{Kind: fault.Doubt, Op: op, Detail: "the answer is empty"}
	}
	return a.body, err
}

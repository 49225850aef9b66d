package omniclient

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// What Omni tells about a schedule, and what its creation takes:
//
//	told                                         taken
//	identifier of the list, else entityId        identifier
//	name, schedule, timezone                     the same
//	destinations[0].format                       format
//	recipients.type                              destinationType; google_sheets isn't taken
//	fanOut, killJobsOnFailure                    the same, where true
//	filterConfig                                 the same
//	conditionType, conditionQueryMapKey          the same, both or neither
//	metadata of both, by the names in options    the same
//	recipients of mail, of Slack                 recipients, slackRecipientType
//	url, address, bucketName ... (targets)       the same; url as webhookUrl too
//	userGroupRecipients                          added once it is made
//	disabledAt                                   paused once it is made
//	more destinations, other metadata            nothing: a problem
//	a password, which isn't told                 nothing: a problem
//
// What decides which data goes out, and when, is never left out: filters, the alert
// condition, the one tile. A schedule without them would send more than before.
var (
	// options of a delivery have the same name where they are told and where they are taken.
	options = []string{
		"hideTitle", "hideHiddenFields", "enableFormatting", "showContentLink", "showFilters", "overrideRowLimit", "maxRowLimit",
		"expandTablesToShowAllRows", "paperFormat", "paperOrientation", "singleColumnLayout", tileKey,
		"subject", "textBody", "path", "filename", slackKind,
	}
	// looks are the options without which the same data goes to the same place.
	looks = []string{
		"hideTitle", "enableFormatting", "showContentLink", "showFilters", "expandTablesToShowAllRows", "paperFormat",
		"paperOrientation", "singleColumnLayout", "subject", "textBody",
	}
	// targets are where a schedule goes, by mail and Slack aside.
	targets = []string{"url", "address", "port", "username", "bucketName", "region", "roleArn", "keyPrefix"}
	// untold are fields of a schedule that a new one has of its own, or that are read above.
	untold = []string{
		"id", "ownerId", "owner", "organizationId", "createdAt", "updatedAt", "entityId", "name", "schedule", "timezone", "destinations",
		"disabledAt", "systemDisabledAt", "systemDisabledReason", "fanOut", "killJobsOnFailure", "filterConfig", "conditionType",
		"conditionQueryMapKey", "metadata",
	}
	// unmeant are fields of a destination that tell what is told elsewhere.
	unmeant = []string{"type", "recipients", "userGroupRecipients", "externalId", "delivererRoleArn"}
)

const (
	tileKey   = "queryIdentifierMapKey" // the query of the one tile that is sent
	slackKind = "slackRecipientType"
	mail      = "email"
)

// draft is a saved schedule in the form that a creation takes.
type draft struct {
	body     fields   // of the request, the recipients of mail aside
	emails   []string // each once
	groups   []group
	paused   bool
	problems []identity.Problem // what the API has no place for
}

type group struct{ id, name string }

func (d *draft) problem(what, format string, args ...any) {
	d.problems = append(d.problems, identity.Problem{What: what, Why: fmt.Sprintf(format, args...)})
}

// set adds a field that says something.
func (d *draft) set(name string, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("%s of a schedule: %v", name, err)) // texts, booleans, and JSON that was read
	}
	if tells(raw) {
		d.body[name] = raw
	}
}

// draftOf converts a saved schedule. fault.Refused names, as the last problem of the
// draft, what is missing and can't be left out.
func draftOf(s identity.Schedule) (draft, error) {
	d := draft{body: fields{}}
	told, err := decodeDefinition(s.Definition)
	if err != nil {
		d.problem("definition", "what was saved can't be read: %v", err)
		return d, d.refusal()
	}
	d.basics(s, told)
	d.delivery(told)
	d.recipients(told)
	d.leftovers(told)
	if !d.complete(s, told) {
		return d, d.refusal()
	}
	return d, nil
}

// refusal is what the last problem leads to.
func (d *draft) refusal() error {
	last := d.problems[len(d.problems)-1]
	return &fault.Error{Kind: fault.Refused, Op: createSchedule, Detail: last.What + ": " + last.Why}
}

func (d *draft) basics(s identity.Schedule, told definition) {
	identifier := string(s.Document)
	if identifier == "" {
		identifier = told.Schedule.Entity
	}
	d.set("identifier", identifier)
	d.set("name", told.Schedule.Name)
	d.set("schedule", told.Schedule.Cron)
	d.set("timezone", told.Schedule.Timezone)
	d.set("destinationType", told.Recipients.Type)
	d.set("fanOut", told.Schedule.FanOut)
	d.set("killJobsOnFailure", told.Schedule.KillJobs)
	d.set("conditionType", told.Schedule.ConditionType)
	d.set("conditionQueryMapKey", told.Schedule.ConditionKey)
	if tells(told.Schedule.Filters) {
		d.body["filterConfig"] = told.Schedule.Filters
	}
	d.paused = told.Schedule.DisabledAt != nil
	if told.Schedule.StoppedAt != nil {
		d.problem("state", "Omni itself had stopped it (%s); the new one runs until Omni stops it again", told.Schedule.StoppedReason)
	}
}

// delivery takes the format and the options.
func (d *draft) delivery(told definition) {
	known := slices.Concat(options, targets)
	for i, to := range told.Schedule.Destinations {
		metadata := object(to.Metadata)
		if i > 0 {
			d.problem(fmt.Sprintf("destination %d", i+1), "Omni's API makes schedules with one destination")
			continue
		}
		d.set("format", to.Format)
		d.take(metadata, known)
		d.strange("destination", metadata, known, unmeant)
	}
	metadata := object(told.Schedule.Metadata)
	d.take(metadata, known)
	d.strange("metadata", metadata, known, unmeant)
}

// take adds the fields of those names that say something, false among them.
func (d *draft) take(f fields, names []string) {
	for _, name := range names {
		if raw := f[name]; tells(raw) || string(raw) == "false" {
			d.body[name] = raw
		}
	}
}

// strange names the fields that Omni's creation has no place for, without their values.
func (d *draft) strange(where string, f fields, known ...[]string) {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if tells(f[name]) && !slices.Contains(slices.Concat(known...), name) {
			d.problem(where+"."+clip(name), "Omni's API doesn't take it back")
		}
	}
}

func (d *draft) recipients(told definition) {
	d.take(told.all.Recipients, targets)
	d.take(told.all.Recipients, []string{"path", "filename"})
	var slack []string
	for _, r := range told.Recipients.People {
		switch {
		case r.Email != "" && !containsFold(d.emails, r.Email):
			d.emails = append(d.emails, r.Email)
		case r.Slack != "":
			slack = append(slack, r.Slack)
			d.set(slackKind, strings.ToLower(r.Kind))
		}
	}
	if len(slack) > 0 {
		d.set("recipients", slack)
	}
	for _, g := range told.Recipients.Groups {
		d.groups = append(d.groups, group{g.ID, g.Name})
	}
	switch told.Recipients.Type {
	case "webhook":
		if raw, there := d.body["url"]; there { // the name in the documents; the description has the other
			d.body["webhookUrl"] = raw
		}
	case "sftp":
		d.problem("password", "Omni doesn't tell it: enter it in Omni")
	case mail:
		if _, there := d.body["subject"]; !there {
			d.set("subject", told.Schedule.Name) // Omni wants one, by its documents
			d.problem("subject", "Omni doesn't tell it: the name of the schedule stands in its place")
		}
	}
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(t string) bool { return strings.EqualFold(s, t) })
}

// leftovers names what the whole answers hold beside what is read.
func (d *draft) leftovers(told definition) {
	d.strange("schedule", told.all.Schedule, untold)
	d.strange("recipients", told.all.Recipients, targets, unmeant, []string{"path", "filename"})
}

// complete reports whether nothing is missing without which another schedule would be
// made, or none.
func (d *draft) complete(s identity.Schedule, told definition) bool {
	_, when := d.body["conditionType"]
	_, what := d.body["conditionQueryMapKey"]
	_, tile := d.body[tileKey]
	switch {
	case when != what || s.Kind == identity.Alert && !when:
		d.problem("alert condition", "Omni told it in part, or not at all, and without it each run would send")
	case s.Tile && !tile:
		d.problem("tile", "Omni didn't tell which tile of the dashboard is sent")
	case told.Recipients.Type == "google_sheets":
		d.problem("destination", "Omni's API makes no schedules that fill a Google Sheet: make it in Omni")
	default:
		for _, name := range []string{"identifier", "name", "schedule", "timezone", "format", "destinationType"} {
			if _, there := d.body[name]; !there {
				d.problem(name, "Omni didn't tell it")
				return false
			}
		}
		return true
	}
	return false
}

// missing names what of d another schedule lacks or has otherwise: looks too, or what
// decides about the data alone.
func (d *draft) missing(other draft, all bool) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(d.body)) {
		said := tells(d.body[name]) || tells(other.body[name])
		if said && (all || !slices.Contains(looks, name)) && !sameValue(d.body[name], other.body[name]) {
			names = append(names, name)
		}
	}
	return names
}

// absent are the addresses that another schedule doesn't send to.
func (d *draft) absent(other draft) []string {
	return slices.DeleteFunc(slices.Clone(d.emails), func(s string) bool { return containsFold(other.emails, s) })
}

// equals reports whether another schedule sends the same data when and where d does.
func (d *draft) equals(other draft) bool {
	return len(d.missing(other, false)) == 0 && len(other.missing(*d, false)) == 0 && len(d.absent(other)) == 0 && len(other.absent(*d)) == 0
}

// request is the body of a creation: in the form of Omni's description, or of its documents.
func (d *draft) request(plain bool) fields {
	body := maps.Clone(d.body)
	var kind string
	if json.Unmarshal(body["destinationType"], &kind) != nil || kind != mail {
		return body
	}
	var list any = append([]string{}, d.emails...)
	if !plain {
		objects := make([]map[string]string, 0, len(d.emails))
		for _, address := range d.emails {
			objects = append(objects, map[string]string{"email": address})
		}
		list = objects
	}
	raw, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("addresses of a schedule: %v", err)) // they are texts
	}
	body["recipients"] = raw
	return body
}

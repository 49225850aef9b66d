package omni

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// scheduleBody is what a creation and a replacement read. What else a body holds is
// an option of the delivery, or nothing that Omni knows.
type scheduleBody struct {
	Name            string          `json:"name"`
	Identifier      string          `json:"identifier"`
	Schedule        string          `json:"schedule"`
	Timezone        string          `json:"timezone"`
	Format          string          `json:"format"`
	DestinationType string          `json:"destinationType"`
	FilterConfig    json.RawMessage `json:"filterConfig"`
	ConditionType   string          `json:"conditionType"`
	ConditionQuery  string          `json:"conditionQueryMapKey"`
	FanOut          bool            `json:"fanOut"`
	KillJobs        bool            `json:"killJobsOnFailure"`
	Recipients      json.RawMessage `json:"recipients"`
	URL             string          `json:"url"`
	WebhookURL      string          `json:"webhookUrl"`
}

var (
	scheduleOptions = []string{
		"hideTitle", "hideHiddenFields", "enableFormatting", "showContentLink", "showFilters", "overrideRowLimit", "maxRowLimit",
		"expandTablesToShowAllRows", "paperFormat", "paperOrientation", "singleColumnLayout", "queryIdentifierMapKey",
		"subject", "textBody", "path", "filename", "slackRecipientType",
	}
	scheduleTargets = []string{"address", "port", "username", "bucketName", "region", "roleArn", "keyPrefix"}
)

// readScheduleBody gives the schedule that a body describes, or why there can't be one.
func (o *Org) readScheduleBody(body []byte) (Schedule, *failure) {
	var b scheduleBody
	if fail := decode(body, &b); fail != nil {
		return Schedule{}, fail
	}
	if fail := o.checkSchedule(b); fail != nil {
		return Schedule{}, fail
	}
	var all map[string]any
	if fail := decode(body, &all); fail != nil {
		return Schedule{}, fail
	}
	s := Schedule{
		Name: b.Name, Dashboard: b.Identifier, Cron: b.Schedule, Timezone: b.Timezone, Format: b.Format, Destination: b.DestinationType,
		Condition: b.ConditionType, Query: b.ConditionQuery, FanOut: b.FanOut, KillJobs: b.KillJobs,
		Options: chosen(all, scheduleOptions), Target: chosen(all, scheduleTargets),
	}
	if !empty(b.FilterConfig) {
		s.Filters = b.FilterConfig
	}
	if fail := o.checkOptions(s); fail != nil {
		return Schedule{}, fail
	}
	return s, o.readTarget(&s, b)
}

func chosen(all map[string]any, names []string) map[string]any {
	found := map[string]any{}
	for _, name := range names {
		if v := all[name]; v != nil {
			found[name] = v
		}
	}
	return found
}

func empty(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || bytes.Equal(raw, []byte("null"))
}

func (o *Org) checkSchedule(b scheduleBody) *failure {
	for name, v := range map[string]string{
		"name": b.Name, "identifier": b.Identifier, "timezone": b.Timezone, "format": b.Format, "destinationType": b.DestinationType,
	} {
		if v == "" {
			return invalid("%s: Required", name)
		}
	}
	if len(strings.Fields(b.Schedule)) != 6 {
		return invalid("schedule: Schedule is an invalid cron expression")
	}
	if !slices.Contains([]string{"email", "webhook", "sftp", "slack", "s3"}, b.DestinationType) {
		return invalid("destinationType: Invalid enum value")
	}
	if (b.ConditionType == "") != (b.ConditionQuery == "") {
		return invalid("conditionType and conditionQueryMapKey must be provided together")
	}
	d := o.document(b.Identifier)
	if d == nil && b.Identifier != commonDashboard {
		return declined(http.StatusNotFound, "Document with identifier %q not found", b.Identifier)
	}
	if d == nil {
		return nil
	}
	if d.Queries != nil && b.ConditionQuery != "" && !slices.Contains(d.Queries, b.ConditionQuery) {
		return invalid("Couldn't find query presentation for key: %s", b.ConditionQuery)
	}
	return d.checkFilters(b.FilterConfig)
}

func (d *Document) checkFilters(config json.RawMessage) *failure {
	var filters map[string]json.RawMessage
	if empty(config) || d.FilterKeys == nil {
		return nil
	}
	if json.Unmarshal(config, &filters) != nil {
		return invalid("filterConfig: Expected object")
	}
	for key := range filters {
		if !slices.Contains(d.FilterKeys, key) {
			return invalid("Invalid filter keys found in schedule configuration: %s. Available dashboard filter keys are: %s", key, strings.Join(d.FilterKeys, ", "))
		}
	}
	return nil
}

func (o *Org) checkOptions(s Schedule) *failure {
	if s.Options["hideTitle"] == true && s.Format != "pdf" && s.Format != "png" {
		return invalid("hideTitle can only be used with PDF or PNG formats")
	}
	if o.Knobs.PlainRecipients && s.Destination == "email" && s.Options["subject"] == nil {
		return invalid("subject: Required")
	}
	return nil
}

// readTarget reads where the schedule goes.
func (o *Org) readTarget(s *Schedule, b scheduleBody) *failure {
	switch s.Destination {
	case "email":
		list, fail := o.readAddresses(b.Recipients)
		s.Recipients = list
		return fail
	case "slack":
		if s.Options["slackRecipientType"] == nil {
			return invalid("slackRecipientType: Required")
		}
		s.Recipients = texts(b.Recipients)
		if len(s.Recipients) == 0 {
			return invalid("recipients: Required")
		}
	case "webhook":
		address := b.WebhookURL
		if o.Knobs.PlainRecipients {
			address = b.URL
		}
		if u, err := url.Parse(address); err != nil || u.Host == "" {
			return invalid("url: Invalid url")
		}
		s.Target["url"] = address
	case "sftp":
		return require(s.Target, "address", "port", "username")
	case "s3":
		return require(s.Target, "bucketName", "region", "roleArn")
	}
	return nil
}

func require(target map[string]any, names ...string) *failure {
	for _, name := range names {
		if target[name] == nil {
			return invalid("%s: Required", name)
		}
	}
	return nil
}

// readAddresses takes what the description names, or by knob what the documents do.
func (o *Org) readAddresses(raw json.RawMessage) ([]string, *failure) {
	var objects []struct {
		Email string `json:"email"`
	}
	list := texts(raw)
	if !o.Knobs.PlainRecipients {
		if empty(raw) || json.Unmarshal(raw, &objects) != nil {
			return nil, invalid("recipients: Expected array of objects")
		}
		list = nil
		for _, r := range objects {
			list = append(list, r.Email)
		}
	} else if empty(raw) || list == nil {
		return nil, invalid("recipients: Expected array of strings")
	}
	for _, address := range list {
		if checkEmail(address) != nil {
			return nil, invalid("recipients: Invalid email address")
		}
	}
	return union(nil, list), nil
}

// texts reads one text, or a list of them; nil where it is neither.
func texts(raw json.RawMessage) []string {
	var one string
	list := []string{}
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return strings.Split(one, ",")
	}
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// createSchedule makes a schedule of the user whom userId names, else of whom the key acts as.
func (o *Org) createSchedule(c *call) (reply, *failure) {
	owner, named := o.Knobs.KeyOwners[c.key], c.URL.Query().Get("userId")
	if named != "" && c.scope == userKey {
		return reply{}, declined(http.StatusForbidden, "User-scoped API keys can only be used to act on behalf of the authenticated user.")
	}
	if named != "" {
		u := o.people.byID[strings.ToLower(named)]
		if u == nil || !u.active {
			return reply{}, declined(http.StatusNotFound, "User with id %s does not exist", named)
		}
		named = u.id
	}
	if owner == "" || named != "" && !o.Knobs.OwnersIgnored {
		owner = named
	}
	s, fail := o.readScheduleBody(c.body)
	switch {
	case fail != nil:
		return reply{}, fail
	case owner == "":
		return reply{}, invalid("userId: Required")
	case !o.mayView(owner, s.Dashboard):
		return reply{}, declined(http.StatusForbidden, "Permission denied - cannot schedule this dashboard")
	}
	s.Owner = owner
	if o.Knobs.ConditionsIgnored {
		s.Condition, s.Query = "", ""
	}
	c.changed = true
	return reply{status: http.StatusOK, body: map[string]string{"id": o.place(s, c.now), "message": "Successfully created schedule"}}, nil
}

// replaceSchedule is a full replacement that drops the alert condition, which makes
// of an alert a delivery at each run.
func (o *Org) replaceSchedule(c *call) (reply, *failure) {
	old, fail := o.findSchedule(c)
	if fail != nil {
		return reply{}, fail
	}
	s, fail := o.readScheduleBody(c.body)
	if fail != nil {
		return reply{}, fail
	}
	s.ID, s.Owner, s.Created, s.Groups, s.Paused = old.ID, old.Owner, old.Created, old.Groups, old.Paused
	s.Condition, s.Query = "", ""
	*old, c.changed = s, true
	return reply{status: http.StatusOK, body: map[string]string{"message": fmt.Sprintf("Successfully updated schedule %s", s.ID)}}, nil
}

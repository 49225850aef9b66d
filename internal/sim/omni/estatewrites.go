package omni

import (
	"net/http"
	"slices"
	"strings"
)

type successJSON struct {
	Success bool `json:"success"`
}

var done = reply{status: http.StatusOK, body: successJSON{true}}

// readNewOwner reads the body of a transfer. Only an active member can own.
func (o *Org) readNewOwner(body []byte) (*user, *failure) {
	var b struct {
		UserID string `json:"userId"`
	}
	if fail := decode(body, &b); fail != nil {
		return nil, fail
	}
	if !uuid.MatchString(b.UserID) {
		return nil, invalid("userId: Invalid uuid")
	}
	u := o.people.byID[strings.ToLower(b.UserID)]
	if u == nil || !u.active {
		return nil, declined(http.StatusNotFound, "User with id %s does not exist", b.UserID)
	}
	return u, nil
}

// transferSchedule wants another owner than the one there is, who may view the dashboard.
func (o *Org) transferSchedule(c *call) (reply, *failure) {
	s, fail := o.findSchedule(c)
	if fail != nil {
		return reply{}, fail
	}
	u, fail := o.readNewOwner(c.body)
	switch {
	case fail != nil:
		return reply{}, fail
	case u.id == s.Owner:
		return reply{}, invalid("User is already the owner of this schedule")
	case !o.mayView(u.id, s.Dashboard):
		return reply{}, declined(http.StatusForbidden, "The new owner does not have permission to view the dashboard")
	}
	s.Owner, c.changed = u.id, true
	return done, nil
}

// transferDocument wants an owner with an explicit permission on the document, which
// the old one gets in turn. Who owns it already is as good.
func (o *Org) transferDocument(c *call) (reply, *failure) {
	d, fail := o.findDocument(c)
	if fail != nil {
		return reply{}, fail
	}
	u, fail := o.readNewOwner(c.body)
	switch {
	case fail != nil:
		return reply{}, fail
	case u.id == d.Owner:
		return done, nil
	case d.Viewers != nil && !slices.Contains(d.Viewers, u.id):
		return reply{}, declined(orElse(o.Knobs.NoPermitStatus, http.StatusBadRequest), "The new owner must have explicit access to the document")
	}
	if d.Viewers != nil {
		d.Viewers = append(slices.DeleteFunc(slices.Clone(d.Viewers), func(id string) bool { return id == u.id }), d.Owner)
	}
	d.Owner, d.Updated, c.changed = u.id, c.now, true
	return done, nil
}

func (o *Org) deleteSchedule(c *call) (reply, *failure) {
	s, fail := o.findSchedule(c)
	if fail != nil {
		return reply{}, fail
	}
	o.schedules.remove(s)
	c.changed = true
	return done, nil
}

func (o *Org) pauseSchedule(c *call) (reply, *failure)  { return o.setPaused(c, true) }
func (o *Org) resumeSchedule(c *call) (reply, *failure) { return o.setPaused(c, false) }

func (o *Org) setPaused(c *call, paused bool) (reply, *failure) {
	s, fail := o.findSchedule(c)
	switch {
	case fail != nil:
		return reply{}, fail
	case s.Paused && paused:
		return reply{}, invalid("Schedule is already paused")
	case s.Paused == paused:
		return reply{}, invalid("Schedule is already resumed")
	}
	s.Paused, c.changed = paused, true
	return done, nil
}

// addRecipients takes addresses, users and groups. Who gets it already isn't counted.
func (o *Org) addRecipients(c *call) (reply, *failure) {
	s, fail := o.findSchedule(c)
	if fail != nil {
		return reply{}, fail
	}
	var b struct {
		Emails   []string `json:"emails"`
		UserIDs  []string `json:"userIds"`
		GroupIDs []string `json:"userGroupIds"`
	}
	if fail := decode(c.body, &b); fail != nil {
		return reply{}, fail
	}
	if s.Destination != "email" {
		return reply{}, invalid("Cannot add recipients to destination type %s", s.Destination)
	}
	if len(b.Emails)+len(b.UserIDs)+len(b.GroupIDs) == 0 {
		return reply{}, invalid("At least one recipient must be provided")
	}
	for _, id := range b.UserIDs {
		u := o.people.byID[strings.ToLower(id)]
		if u == nil {
			return reply{}, invalid("Invalid recipient(s): The following members do not exist or do not have access to this organization: %s", id)
		}
		b.Emails = append(b.Emails, u.userName)
	}
	groups, fail := o.groupsNamed(b.GroupIDs)
	if fail != nil {
		return reply{}, fail
	}
	people, teams := len(s.Recipients), len(s.Groups)
	s.Recipients, s.Groups = union(s.Recipients, b.Emails), union(s.Groups, groups)
	people, teams = len(s.Recipients)-people, len(s.Groups)-teams
	c.changed = people+teams > 0
	return reply{status: http.StatusOK, body: struct {
		Groups  int  `json:"addedGroupRecipientsCount"`
		People  int  `json:"addedRecipientsCount"`
		Success bool `json:"success"`
	}{teams, people, true}}, nil
}

func (o *Org) groupsNamed(uuids []string) ([]string, *failure) {
	var ids []string
	for _, wanted := range uuids {
		found := ""
		for _, t := range o.teamRoll.list() {
			if groupUUID(t.id) == strings.ToLower(wanted) {
				found = t.id
			}
		}
		if found == "" {
			return nil, invalid("Invalid recipient(s): The following groups do not exist: %s", wanted)
		}
		ids = append(ids, found)
	}
	return ids, nil
}

// union adds to list what isn't in it, in any letter case.
func union(list, more []string) []string {
	list = slices.Clone(list)
	for _, m := range more {
		if !slices.ContainsFunc(list, func(s string) bool { return fold(s) == fold(m) }) {
			list = append(list, m)
		}
	}
	return list
}

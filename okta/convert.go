package okta

import (
	"strings"

	"github.com/omnisync/omnisync/identity"
)

func (r appRecord) app() identity.App {
	return identity.App{ID: r.ID, Label: r.Label, Status: r.Status, Features: r.Features, Implicit: r.Settings.Implicit}
}

// assignment leaves Account empty, which is doubt about this user, where the
// embedded user is missing or somebody else.
func (r assignmentRecord) assignment() identity.Assignment {
	a := identity.Assignment{
		ID:         identity.OktaID(r.ID),
		Status:     r.Status,
		Scope:      r.Scope,
		UserName:   r.Credentials.UserName,
		ExternalID: r.ExternalID,
		App:        r.Profile,
	}
	if user := r.Embedded.User; user.ID == r.ID {
		a.Account, a.Profile = user.Status, user.Profile
		a.Login, _ = user.Profile["login"].(string)
	}
	return a
}

func (r mappingRecord) mapping() identity.Mapping {
	return identity.Mapping{ID: r.ID, Source: identity.GroupID(r.Source), Status: r.Status, Error: r.Error}
}

func (r groupRecord) group() identity.Group {
	return identity.Group{ID: identity.GroupID(r.ID), Name: r.Profile.Name, Type: r.Type, MembershipUpdated: r.MembershipUpdated}
}

// departs reports whether the event shows that the user was deactivated or
// deleted, or lost the application. A failed attempt shows nothing.
func (r eventRecord) departs(user identity.OktaID, app string) bool {
	if r.Outcome.Result != "SUCCESS" || !r.targets("User", string(user)) {
		return false
	}
	return r.Type == "user.lifecycle.deactivate" || strings.HasPrefix(r.Type, "user.lifecycle.delete") ||
		r.Type == "application.user_membership.remove" && r.targets("AppInstance", app)
}

// targets looks a target up by type and id, never by its place in the list.
func (r eventRecord) targets(kind, id string) bool {
	for _, t := range r.Target {
		if t.Type == kind && t.ID == id {
			return true
		}
	}
	return false
}

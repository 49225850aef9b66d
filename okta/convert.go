package okta

import (
	"fmt"
	"strings"

	"github.com/omnisync/omnisync/identity"
)

func (r appRecord) app() identity.App {
	return identity.App{ID: r.ID, Label: r.Label, Status: r.Status, Features: r.Features, Implicit: r.Settings.Implicit}
}

// sighting leaves the profiles unread. Account is empty, which is doubt about
// this user, where the embedded user is missing or somebody else.
func (r *assignmentRecord) sighting(from identity.Origin) identity.Sighting {
	a, user := r.assignment(from)
	a.Print = identity.PrintOf([]byte(a.Status), []byte(a.Account), []byte(a.UserName), []byte(a.ExternalID), r.Profile, user)
	return identity.Sighting{
		Assignment: a,
		Whole:      func() (identity.Assignment, error) { return r.whole(from) }, // of r alone, since most are never called
	}
}

// assignment gives the assignment without its profiles, and the one of the Okta user.
func (r *assignmentRecord) assignment(from identity.Origin) (a identity.Assignment, user object) {
	a = identity.Assignment{
		ID:         identity.OktaID(r.ID),
		Status:     r.Status,
		Scope:      r.Scope,
		UserName:   r.Credentials.UserName,
		ExternalID: r.ExternalID,
		Origin:     from,
	}
	if r.Embedded.User.ID == r.ID {
		a.Account, user = r.Embedded.User.Status, r.Embedded.User.Profile
	}
	return a, user
}

// whole is the assignment with the profiles of the app user and of the Okta user.
func (r *assignmentRecord) whole(from identity.Origin) (a identity.Assignment, err error) {
	a, user := r.assignment(from)
	if a.App, err = r.Profile.fields(); err != nil {
		return a, fmt.Errorf("the app profile can't be read: %w", err)
	}
	if a.Profile, err = user.fields(); err != nil {
		return a, fmt.Errorf("the Okta profile can't be read: %w", err)
	}
	a.Login, _ = a.Profile["login"].(string)
	return a, nil
}

func (r mappingRecord) mapping(from identity.Origin) identity.Mapping {
	return identity.Mapping{ID: r.ID, Source: identity.GroupID(r.Source), Status: r.Status, Error: r.Error, Origin: from}
}

func (r groupRecord) group(from identity.Origin) identity.Group {
	return identity.Group{ID: identity.GroupID(r.ID), Name: r.Profile.Name, Type: r.Type, Source: r.source(),
		MembershipUpdated: r.MembershipUpdated, Users: r.users(), Origin: from}
}

// users is usersCount; nil where it wasn't asked for, or Okta doesn't tell.
func (r groupRecord) users() *int {
	if n := r.Embedded.Stats.Users; n != nil && *n >= 0 {
		return n
	}
	return nil
}

func (r idRecord) member(from identity.Origin) identity.Membership {
	return identity.Membership{User: identity.OktaID(r.ID), Origin: from}
}

// departs reports whether the event shows that the user was deactivated or
// deleted, or lost the application. A failed attempt shows nothing.
func (r eventRecord) departs(user identity.OktaID, app string) bool {
	if r.Outcome.Result != "SUCCESS" || !r.targets("User", string(user)) {
		return false
	}
	return r.endsAccount() || r.Type == "application.user_membership.remove" && r.targets("AppInstance", app)
}

// endsAccount reports whether the event ends an Okta account, not just an assignment.
func (r eventRecord) endsAccount() bool {
	return r.Type == "user.lifecycle.deactivate" || strings.HasPrefix(r.Type, "user.lifecycle.delete")
}

// departure is the event as one of the user whom it is about; without an ID
// where it is about none.
func (r eventRecord) departure() identity.Departure {
	d := identity.Departure{At: r.Published, Event: r.origin()}
	for _, kind := range []string{"AppUser", "User"} {
		for _, t := range r.Target {
			if t.Type != kind {
				continue
			}
			d.Names = append(d.Names, t.AlternateID)
			if kind == "User" && d.ID == "" {
				d.ID = identity.OktaID(t.ID)
			}
		}
	}
	return d
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

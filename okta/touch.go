package okta

import (
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
)

// touches says where to look because of an event: what is true there, a reading
// tells. Targets are looked up by type. The id of an AppUser is of no use, it isn't
// the user's.
//
//	event                                             touches
//	harmless (harmlessEvents)                         nothing
//	failed, skipped or denied                         nothing: what was tried wasn't done, and what
//	                                                  is as it was needs no reading
//	  but application.provision.*                     as if it were done: a job that failed halfway has
//	                                                  put a mapping or an app user in error
//	user.lifecycle.*, user.account.*                  TouchAccount of its users
//	group.user_membership.*                           TouchMembership of its users and groups; the users
//	                                                  alone mean any group, the groups alone any user
//	group.profile.*, group.lifecycle.*                TouchGroup of its groups
//	about another app and not ours                    nothing
//	application.provision.group_push.*                TouchSelection, also where no app is named
//	app.user_management.grouppush.*                   likewise
//	about no app                                      nothing
//	application.lifecycle.*                           TouchApp
//	group.application_assignment.*                    TouchSelection
//	application.user_membership.*                     TouchAssignment of its users
//	application.provision.user.*                      likewise
//	any other about our app                           TouchAssignment of its users, TouchGroup and
//	                                                  TouchSelection of its groups
//	one of the last four that names neither           TouchApp: somewhere in the app
//	one of users or groups that names none            nothing: nobody could be asked for, so the next
//	                                                  full run has to find it
//
// An outcome that is none of success and failure counts as done.
func (r eventRecord) touches(app string) []identity.Touch {
	if r.harmless() || r.failed() {
		return nil
	}
	users, groups := named[identity.OktaID](r, "User"), named[identity.GroupID](r, "UserGroup")
	switch {
	case r.is("user.lifecycle.", "user.account."):
		return r.touch(identity.TouchAccount, users, nil)
	case r.is("group.user_membership."):
		found := r.touch(identity.TouchMembership, users, groups)
		for i := range found {
			found[i].Left = r.is("group.user_membership.remove")
		}
		return found
	case r.is("group.profile.", "group.lifecycle."):
		return r.touch(identity.TouchGroup, nil, groups)
	}
	ours, anyApp := r.apps(app)
	if anyApp && !ours {
		return nil
	}
	if r.is("application.provision.group_push.", "app.user_management.grouppush.") {
		return []identity.Touch{r.hint(identity.TouchSelection, nil, groups)}
	}
	if !ours {
		return nil
	}
	var found []identity.Touch
	switch {
	case r.is("application.lifecycle."):
	case r.is("group.application_assignment."):
		found = r.touch(identity.TouchSelection, nil, groups)
	case r.is("application.user_membership.", "application.provision.user."):
		found = r.touch(identity.TouchAssignment, users, nil)
	default:
		found = slices.Concat(r.touch(identity.TouchAssignment, users, nil),
			r.touch(identity.TouchGroup, nil, groups), r.touch(identity.TouchSelection, nil, groups))
	}
	if len(found) == 0 {
		return []identity.Touch{r.hint(identity.TouchApp, nil, nil)}
	}
	return found
}

// failed reports whether the event tells of something that wasn't done, and left no trace.
func (r eventRecord) failed() bool {
	switch r.Outcome.Result {
	case "FAILURE", "SKIPPED", "DENY":
		return !r.is("application.provision.")
	}
	return false
}

// is reports whether the kind of the event begins with one of the prefixes.
func (r eventRecord) is(prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(r.Type, p) })
}

// apps reports whether the event names our app, under whatever type, and whether it names any.
func (r eventRecord) apps(app string) (ours, anyApp bool) {
	for _, t := range r.Target {
		ours = ours || t.ID == app
		anyApp = anyApp || t.Type == "AppInstance"
	}
	return ours, anyApp
}

// named gives the ids of the targets of a type, each once. What hasn't the form of an
// id couldn't be asked for.
func named[ID ~string](r eventRecord, kind string) []ID {
	var ids []ID
	for _, t := range r.Target {
		if t.Type == kind && isID(t.ID) && !slices.Contains(ids, ID(t.ID)) {
			ids = append(ids, ID(t.ID))
		}
	}
	return ids
}

// touch is a hint at whom it names, nothing where it names nobody.
func (r eventRecord) touch(kind identity.TouchKind, users []identity.OktaID, groups []identity.GroupID) []identity.Touch {
	if len(users)+len(groups) == 0 {
		return nil
	}
	return []identity.Touch{r.hint(kind, users, groups)}
}

func (r eventRecord) hint(kind identity.TouchKind, users []identity.OktaID, groups []identity.GroupID) identity.Touch {
	return identity.Touch{Kind: kind, Users: users, Groups: groups, Published: r.Published, Event: r.origin()}
}

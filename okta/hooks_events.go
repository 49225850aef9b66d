package okta

// HookEvents are the types of System Log events that a hook asks Okta for: all that
// may change what is read, and that Okta can send by a hook. Okta can't send what
// the others tell, such as a new username in the app or a new mapping of groups:
// the next delta finds them. Left out are application.provision.*, which follow
// what was pushed to us, and would have us look at our own doing.
//
// Source: Okta's event types, release 2026.08.1, those marked event-hook-eligible.
func HookEvents() []string {
	return []string{
		"application.lifecycle.activate",
		"application.lifecycle.deactivate",
		"application.lifecycle.delete",
		"application.lifecycle.update",
		"application.user_membership.add",
		"application.user_membership.remove",
		"application.user_membership.update",
		"group.application_assignment.add",
		"group.application_assignment.remove",
		"group.application_assignment.update",
		"group.lifecycle.create",
		"group.lifecycle.delete",
		"group.profile.update",
		"group.user_membership.add",
		"group.user_membership.remove",
		"user.account.update_profile",
		"user.lifecycle.activate",
		"user.lifecycle.deactivate",
		"user.lifecycle.delete.initiated",
		"user.lifecycle.reactivate",
		"user.lifecycle.suspend",
		"user.lifecycle.unsuspend",
	}
}

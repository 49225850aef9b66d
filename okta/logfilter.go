package okta

import (
	"fmt"
	"strings"
)

// logFilter says which events Okta tells: all that name our app, whatever their kind,
// and those kinds about users and groups that may matter, since they name no app;
// mappings of Group Push too, where an event may lack it. What is harmless stays at
// Okta: without that, each sign-on to the app would be an event. "not" is over
// eventType alone, which has one value.
func logFilter(app string) string {
	wanted := []string{
		fmt.Sprintf("target.id eq %q", app),
		`eventType sw "user.lifecycle."`,
		`eventType sw "user.account.update_"`,
		`eventType eq "group.user_membership.add"`,
		`eventType eq "group.user_membership.remove"`,
		`eventType eq "group.profile.update"`,
		`eventType sw "group.lifecycle."`,
		`eventType sw "application.provision.group_push.mapping."`,
		`eventType eq "application.provision.group_push.activate_mapping"`,
		`eventType eq "application.provision.group_push.deactivate_mapping"`,
		`eventType sw "app.user_management.grouppush.mapping."`,
	}
	var harmless []string
	for _, prefix := range harmlessEvents() {
		harmless = append(harmless, fmt.Sprintf("eventType sw %q", prefix))
	}
	return "(" + strings.Join(wanted, " or ") + ") and not (" + strings.Join(harmless, " or ") + ")"
}

// harmlessEvents are the kinds, by their beginning, that change nothing of what is
// synced although they name our app or a user, and that come often.
func harmlessEvents() []string {
	return []string{
		"user.authentication.",                   // somebody signs on to the app, or out of it
		"user.session.",                          // a session begins or ends
		"user.mfa.",                              // a second factor on the way in
		"policy.evaluate_sign_on",                // the sign-on policy is looked at
		"application.policy.sign_on.deny_access", // and lets somebody not in
		"app.auth.",                              // the older name of signing on
		"app.oauth2.",                            // tokens, consents and keys of an OpenID Connect app
		"user.account.update_password",           // no password is synced
		"application.provision.group_push.push_memberships",          // who joined or left, group.user_membership.* tells
		"application.provision.group_push.mapping.app.group.renamed", // what the group is called, group.profile.update tells
	}
}

// harmless reports whether nothing needs to be read because of the event.
func (r eventRecord) harmless() bool {
	for _, prefix := range harmlessEvents() {
		if strings.HasPrefix(r.Type, prefix) {
			return true
		}
	}
	return false
}

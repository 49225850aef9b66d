package okta

// otherAppID is an app of the org that isn't ours.
const otherAppID = "0oa1simotherapp000000"

// Noise writes the events of one ordinary moment that change nothing here: a sign-in to the app with the policy that let
// it pass, a session, and what happens to other apps, their groups and people that the app never had. Of such events
// a real log is full. They are written with Quiet too.
func (o *Org) Noise() {
	defer o.lock()()
	signer := Target{"User", "00u1simsigner0000001", "signer@example.com", "Sam Signer"}
	o.appRoll.after(0, func(_ uint64, a *appUser) bool {
		if a.left.IsZero() {
			signer = a.user.target()
		}
		return !a.left.IsZero()
	})
	account := Target{"AppUser", "0ua1simsigner0000001", signer.AlternateID, signer.DisplayName}
	stranger := Target{"User", "00u1simstranger00001", "stranger@example.com", "Stella Stranger"}
	app := Target{"AppInstance", otherAppID, "Payroll", "Payroll"}
	group := Target{"UserGroup", "00g1simstrangers0001", "unknown", "Strangers"}
	policy := Target{"PolicyEntity", "rst1simpolicy0000001", "unknown", "Any two factors"}
	for _, e := range []Event{
		{Type: "user.session.start", Actor: signer},
		{Type: "policy.evaluate_sign_on", Actor: signer, Targets: []Target{policy, o.appTarget()}, Outcome: "ALLOW"},
		{Type: "user.authentication.sso", Actor: signer, Targets: []Target{o.appTarget(), account}},
		{Type: "user.authentication.sso", Actor: stranger, Targets: []Target{app}},
		{Type: "application.user_membership.add", Targets: []Target{{"AppUser", "0ua1simstranger00001", stranger.AlternateID, stranger.DisplayName}, app, stranger}},
		{Type: "application.user_membership.remove", Job: true, Targets: []Target{{"AppUser", "0ua1simstranger00001", stranger.AlternateID, stranger.DisplayName}, app, stranger}},
		{Type: "application.lifecycle.update", Targets: []Target{app}},
		{Type: "group.user_membership.add", Targets: []Target{stranger, group}},
		{Type: "group.application_assignment.add", Targets: []Target{group, app}},
		{Type: "user.account.update_profile", Targets: []Target{stranger}},
		{Type: "system.api_token.create", Targets: []Target{{"Token", "00T1simtoken00000001", "unknown", "CI"}}},
	} {
		o.emit(e)
	}
}

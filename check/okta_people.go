package check

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

const (
	scopeApps   = "okta.apps.read"
	scopeUsers  = "okta.users.read"
	scopeGroups = "okta.groups.read"
)

func (o *oktaSide) checkApp(ctx context.Context) Finding {
	var err error
	o.app, err = o.App(ctx)
	switch {
	case fault.Is(err, fault.NotFound):
		return Finding{}.fail(fmt.Sprintf("%s has no app %s: %v", o.config.OrgURL, o.config.AppID, err),
			"copy okta.app_id from the address of the app's page in the Okta admin console (Applications > Applications), and see that okta.org_url is the org that has it")
	case err != nil:
		return o.refused(err, scopeApps)
	}
	features := strings.Join(o.app.Features, ", ")
	if features == "" {
		features = "no provisioning features"
	}
	return good("%s (%s)", o.app.Label, features)
}

func (o *oktaSide) checkStatus(context.Context) Finding {
	f := good("%s", o.app.Status)
	switch {
	case o.app.Status != "ACTIVE":
		return f.fail("a run stops: Okta keeps assignments of an inactive app as they were",
			fmt.Sprintf("in the Okta admin console, Applications > Applications > %s: choose Activate", o.app.Label))
	case o.app.Implicit:
		f.Found = "ACTIVE, in implicit assignment"
		return f.fail("a run stops: everyone in the org counts as assigned, and no list tells who",
			fmt.Sprintf("in the Okta admin console, Applications > Applications > %s > Assignments: assign people or groups, and switch off Federation Broker Mode on the General tab", o.app.Label))
	}
	return f
}

func (o *oktaSide) checkHome(context.Context) Finding {
	want := strings.TrimRight(strings.ToLower(o.config.OrgURL), "/")
	if o.app.Home == "" || o.app.Home == want {
		return good("%s", o.config.OrgURL)
	}
	return good("%s", o.app.Home).fail(fmt.Sprintf("Okta places the app elsewhere than okta.org_url says, and so the further pages of a list: only first pages can be read at %s", o.config.OrgURL),
		"set okta.org_url to "+o.app.Home)
}

// writing are the features by which Okta itself changes users in Omni.
var writing = []string{"PUSH_NEW_USERS", "PUSH_USER_DEACTIVATION"}

func (o *oktaSide) checkProvisioning(ctx context.Context) Finding {
	var on []string
	for _, feature := range writing {
		if o.app.Has(feature) {
			on = append(on, feature)
		}
	}
	last, when := "", time.Time{}
	if o.passed(idLog) {
		// Not being able to see it takes nothing from what the features say.
		if kind, at, err := o.LastEvent(ctx, lookBack, "application.provision.user."); err == nil && kind != "" {
			last, when = fmt.Sprintf("last one logged: %s on %s", kind, day(at)), at
		}
	}
	if len(on) == 0 {
		if last != "" {
			return good("switched off; %s", last)
		}
		return good("switched off")
	}
	f := good("%s", strings.Join(on, ", "))
	if last != "" {
		f.Found += "; " + last
	}
	if o.push != nil {
		return o.checkPushedHere(ctx, f, when)
	}
	return f.warn("Okta itself changes users in Omni: what it does passes by the guard, and a deactivation by it deletes the user's schedules",
		fmt.Sprintf("in the Okta admin console, Applications > Applications > %s > Provisioning > To App > Edit: untick Create Users, Update User Attributes and Deactivate Users", o.app.Label))
}

// pushLate is how long after the endpoint took a push Okta may log it.
const pushLate = 2 * time.Minute

// checkPushedHere tells whether the endpoint took what Okta logged last. A push that
// went elsewhere went into Omni, past the guard.
func (o *oktaSide) checkPushedHere(ctx context.Context, f Finding, logged time.Time) Finding {
	since, newest, err := o.push.Taken(ctx)
	switch {
	case logged.IsZero():
		return f
	case err != nil:
		f.Found += "; whether it came here isn't known: " + err.Error()
		return f
	case logged.Before(since), logged.Before(newest.Add(pushLate)):
		return f
	}
	return f.warn("Okta logged that it provisioned a user, and this endpoint didn't take it: Okta still pushes into Omni, past the guard, and a deactivation by it deletes the user's schedules",
		fmt.Sprintf("in the Okta admin console, Applications > Applications > %s > Provisioning > Integration: put the address of this endpoint into the SCIM connector base URL", o.app.Label))
}

func (o *oktaSide) checkUsers(ctx context.Context) Finding {
	var err error
	if o.people, o.more, err = o.Assigned(ctx); err != nil {
		return o.refused(err, scopeApps)
	}
	if len(o.people) > 0 {
		return good("%s", atLeast(len(o.people), "user", o.more))
	}
	f := good("nobody")
	kind, at, err := o.evidence(ctx, "application.user_membership.add", "application.user_membership.remove")
	if err == nil && strings.HasSuffix(kind, ".add") {
		return f.fail(fmt.Sprintf("the System Log shows that someone was assigned on %s: Okta gives an empty list to who may not see it", day(at)), o.allow(scopeApps))
	}
	return f.warn("either nobody is assigned yet, or the permission is missing: Okta gives an empty list to who may not see it",
		fmt.Sprintf("assign someone in the Okta admin console, Applications > Applications > %s > Assignments, and check again. If it stays empty: %s", o.app.Label, o.allow(scopeApps)))
}

// evidence gives the newest of two opposite events, where the log can be read.
func (o *oktaSide) evidence(ctx context.Context, kinds ...string) (string, time.Time, error) {
	if !o.passed(idLog) {
		return "", time.Time{}, nil
	}
	return o.LastEvent(ctx, lookBack, kinds...)
}

func (o *oktaSide) checkUserNames(context.Context) Finding {
	var wrong []string
	for _, p := range o.people {
		if identity.CheckUserName(p.UserName) != nil {
			wrong = append(wrong, p.UserName)
		}
	}
	format := o.app.UserNames
	if format == "" {
		format = "not told"
	}
	f := good("email addresses (format: %s)", format)
	if len(wrong) == 0 {
		return f
	}
	f.Found = fmt.Sprintf("%d of %d are no email address, such as %q (format: %s)", len(wrong), len(o.people), wrong[0], format)
	remedy := fmt.Sprintf("in the Okta admin console, Applications > Applications > %s > Sign On > Settings > Edit: set Application username format to Email, then Update Now", o.app.Label)
	if len(wrong) == len(o.people) {
		return f.fail("Omni's userName is an email address: none of these people would get an account", remedy)
	}
	return f.warn("Omni's userName is an email address: these people would get no account", remedy)
}

func (o *oktaSide) checkAssignment(ctx context.Context) Finding {
	if _, err := o.Assignment(ctx, o.people[0].ID); err != nil {
		f := o.refused(err, scopeApps)
		f.Problem += ". Without it nobody's unassignment can be confirmed"
		return f
	}
	return good("can be asked for by id")
}

// checkAccounts looks for the status of the Okta users, in the list and by id.
func (o *oktaSide) checkAccounts(ctx context.Context) Finding {
	unread := 0
	for _, p := range o.people {
		if p.Account == "" {
			unread++
		}
	}
	if unread > 0 {
		return good("%d of %d without their status", unread, len(o.people)).fail("whose status isn't told is in doubt: nothing is created or ended for them", o.allow(scopeUsers))
	}
	if _, err := o.Account(ctx, o.people[0].ID); err != nil {
		f := o.refused(err, scopeUsers)
		f.Problem += ". Without it nobody's unassignment can be confirmed"
		return f
	}
	return good("their status is told, in the list and by id")
}

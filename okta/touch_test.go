package okta_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/okta"
)

// beginning is a place in the System Log at which simulated time begins.
var beginning = identity.LogPlace{Since: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}

// nextLog is the Link header of a page of the System Log.
func nextLog(after string) string { return "<" + org + "/api/v1/logs?after=" + after + `>; rel="next"` }

// logOf is a reader of a System Log that has body on each page.
func logOf(t testing.TB, body string) *okta.Reader {
	return newReader(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", nextLog("1"))
		answer(w, 200, body)
	}))
}

type target struct {
	ID   *string `json:"id"`
	Type string  `json:"type"`
}

// targets reads "User 00u1, AppInstance 0oa1"; "-" stands for a null id.
func targets(text string) []target {
	var all []target
	for word := range strings.SplitSeq(text, ", ") {
		kind, id, _ := strings.Cut(word, " ")
		switch id {
		case "":
		case "-":
			all = append(all, target{Type: kind})
		default:
			all = append(all, target{&id, kind})
		}
	}
	return all
}

const (
	ours    = "AppInstance 0oa1"
	another = "AppInstance 0oa2"
)

// TestTouchesOfEvents has the rows of the table at eventRecord.touches.
func TestTouchesOfEvents(t *testing.T) {
	at := time.Date(2000, 1, 1, 10, 0, 0, 7e6, time.UTC)
	users := func(kind identity.TouchKind, ids ...identity.OktaID) []identity.Touch {
		return []identity.Touch{{Kind: kind, Users: ids}}
	}
	groups := func(kind identity.TouchKind, ids ...identity.GroupID) []identity.Touch {
		return []identity.Touch{{Kind: kind, Groups: ids}}
	}
	app := []identity.Touch{{Kind: identity.TouchApp}}
	joins := []identity.Touch{{Kind: identity.TouchMembership, Users: []identity.OktaID{"00u1"}, Groups: []identity.GroupID{"00g1"}}}
	leaves := []identity.Touch{{Kind: identity.TouchMembership, Users: []identity.OktaID{"00u1"}, Groups: []identity.GroupID{"00g1"}, Left: true}}
	group := slices.Concat(groups(identity.TouchGroup, "00g1"), groups(identity.TouchSelection, "00g1"))

	for _, test := range []struct {
		name, event, outcome, targets string
		want                          []identity.Touch
	}{
		{"sign-on", "user.authentication.sso", "SUCCESS", "User 00u1, AppUser 0ua1, " + ours, nil},
		{"sign-on policy", "policy.evaluate_sign_on", "ALLOW", "User 00u1, " + ours, nil},
		{"sign-on denied", "application.policy.sign_on.deny_access", "DENY", "User 00u1, " + ours, nil},
		{"token of the app", "app.oauth2.token.grant.access_token", "SUCCESS", "User 00u1, " + ours, nil},
		{"password", "user.account.update_password", "SUCCESS", "User 00u1", nil},
		{"failed suspension", "user.lifecycle.suspend", "FAILURE", "User 00u1", nil},
		{"failed assignment", "application.user_membership.add", "FAILURE", "User 00u1, " + ours, nil},
		{"skipped", "application.user_membership.update", "SKIPPED", "User 00u1, " + ours, nil},
		{"doubtful suspension", "user.lifecycle.suspend", "UNKNOWN", "User 00u1", users(identity.TouchAccount, "00u1")},
		{"outcome untold", "user.lifecycle.suspend", "", "User 00u1", users(identity.TouchAccount, "00u1")},
		{"failed provisioning", "application.provision.user.push", "FAILURE", "User 00u1, " + ours, users(identity.TouchAssignment, "00u1")},
		{"mapping in error", "application.provision.group_push.mapping.update.or.delete.failed.with.error", "FAILURE", "UserGroup 00g1, " + ours, groups(identity.TouchSelection, "00g1")},

		{"profile", "user.account.update_profile", "SUCCESS", "User 00u1", users(identity.TouchAccount, "00u1")},
		{"email", "user.account.update_primary_email", "SUCCESS", "User 00u1", users(identity.TouchAccount, "00u1")},
		{"kind of user", "user.account.update_user_type", "SUCCESS", "User 00u1, UserType 0ty1", users(identity.TouchAccount, "00u1")},
		{"user deactivated", "user.lifecycle.deactivate", "SUCCESS", "User 00u1", users(identity.TouchAccount, "00u1")},
		{"user deleted", "user.lifecycle.delete.initiated", "SUCCESS", "User 00u1", users(identity.TouchAccount, "00u1")},
		{"user of a directory", "user.lifecycle.create", "SUCCESS", "User 00u1, " + another, users(identity.TouchAccount, "00u1")},
		{"user twice", "user.lifecycle.create", "SUCCESS", "User 00u1, User 00u2, User 00u1", users(identity.TouchAccount, "00u1", "00u2")},
		{"nobody", "user.lifecycle.password_mass_expiry", "SUCCESS", "", nil},
		{"id of null", "user.lifecycle.suspend", "SUCCESS", "User -", nil},
		{"no id", "user.lifecycle.suspend", "SUCCESS", "User ../apps", nil},

		{"joins a group", "group.user_membership.add", "SUCCESS", "User 00u1, UserGroup 00g1", joins},
		{"leaves a group", "group.user_membership.remove", "SUCCESS", "UserGroup 00g1, User 00u1", leaves},
		{"joins an unnamed group", "group.user_membership.add", "SUCCESS", "User 00u1", users(identity.TouchMembership, "00u1")},
		{"somebody joins", "group.user_membership.add", "SUCCESS", "UserGroup 00g1", groups(identity.TouchMembership, "00g1")},
		{"group of a directory", "group.user_membership.add", "SUCCESS", "User 00u1, UserGroup 00g1, " + another, joins},
		{"group renamed", "group.profile.update", "SUCCESS", "UserGroup 00g1", groups(identity.TouchGroup, "00g1")},
		{"group deleted", "group.lifecycle.delete", "SUCCESS", "UserGroup 00g1", groups(identity.TouchGroup, "00g1")},
		{"unnamed group made", "group.lifecycle.create", "SUCCESS", "", nil},

		{"assigned to another app", "application.user_membership.add", "SUCCESS", "User 00u1, AppUser 0ua1, " + another, nil},
		{"group assigned to another app", "group.application_assignment.add", "SUCCESS", "UserGroup 00g1, " + another, nil},
		{"pushed to another app", "application.provision.group_push.mapping.created", "SUCCESS", "UserGroup 00g1, " + another, nil},
		{"ours beside another", "application.user_membership.add", "SUCCESS", "User 00u1, " + another + ", " + ours, users(identity.TouchAssignment, "00u1")},
		{"mapping made", "application.provision.group_push.mapping.created", "SUCCESS", "GroupPushMapping gpm1, " + ours + ", UserGroup 00g1", groups(identity.TouchSelection, "00g1")},
		{"mapping paused, no app named", "application.provision.group_push.deactivate_mapping", "SUCCESS", "UserGroup 00g1", groups(identity.TouchSelection, "00g1")},
		{"mapping of an unnamed group", "application.provision.group_push.removed", "SUCCESS", ours, groups(identity.TouchSelection)},
		{"mapping made by a rule", "app.user_management.grouppush.mapping.created.from.rule", "SUCCESS", "UserGroup 00g1", groups(identity.TouchSelection, "00g1")},
		{"about no app", "application.user_membership.add", "SUCCESS", "User 00u1", nil},

		{"app switched off", "application.lifecycle.deactivate", "SUCCESS", ours, app},
		{"group assigned", "group.application_assignment.add", "SUCCESS", "UserGroup 00g1, " + ours, groups(identity.TouchSelection, "00g1")},
		{"unnamed group assigned", "group.application_assignment.remove", "SUCCESS", ours, app},
		{"assigned", "application.user_membership.add", "SUCCESS", "AppUser 0ua1, " + ours + ", User 00u1", users(identity.TouchAssignment, "00u1")},
		{"assigned through a group", "application.user_membership.add", "SUCCESS", "User 00u1, UserGroup 00g1, " + ours, users(identity.TouchAssignment, "00u1")},
		{"unassigned", "application.user_membership.remove", "SUCCESS", "AppUser 0ua1, " + ours + ", User 00u1", users(identity.TouchAssignment, "00u1")},
		{"username", "application.user_membership.change_username", "SUCCESS", "AppUser 0ua1, " + ours + ", User 00u1", users(identity.TouchAssignment, "00u1")},
		{"an AppUser alone", "application.user_membership.update", "SUCCESS", "AppUser 0ua1, " + ours, app},
		{"provisioned", "application.provision.user.push_profile", "SUCCESS", "User 00u1, " + ours, users(identity.TouchAssignment, "00u1")},
		{"unknown of a user", "application.something.new", "SUCCESS", "User 00u1, " + ours, users(identity.TouchAssignment, "00u1")},
		{"unknown of a group", "application.something.new", "SUCCESS", "UserGroup 00g1, " + ours, group},
		{"unknown of both", "something.new", "SUCCESS", "User 00u1, UserGroup 00g1, " + ours, slices.Concat(users(identity.TouchAssignment, "00u1"), group)},
		{"unknown", "something.new", "SUCCESS", ours, app},
		{"unknown, under another type", "something.new", "SUCCESS", "PublicClientApp 0oa1", app},
		{"unknown of another app", "something.new", "SUCCESS", "User 00u1, " + another, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			body, err := json.Marshal([]map[string]any{{
				"uuid": "e1", "eventType": test.event, "published": at, "outcome": map[string]any{"result": test.outcome, "reason": nil},
				"target": targets(test.targets), "debugContext": map[string]any{"debugData": map[string]any{"x": []int{1}}}, "client": nil,
			}})
			if err != nil {
				t.Fatal(err)
			}
			page, err := logOf(t, string(body)).Touches(t.Context(), beginning)
			for i := range test.want {
				test.want[i].Published, test.want[i].Event = at, identity.Origin("okta event e1 "+test.event)
			}
			if diff := cmp.Diff(test.want, page.Touches, cmpopts.EquateEmpty()); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

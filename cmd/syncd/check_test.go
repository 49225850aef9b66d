package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	checks "github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// seeded is one thing that is wrong, and the one finding that tells it.
type seeded struct {
	name   string
	spoil  func(*checkedWorld)
	id     string
	state  checks.State
	remedy string // a part of the advice
	also   string // further ids that can't be well because of it, by spaces
}

// TestCheckFindsWhatIsWrong: each case is told by the check that is meant for it,
// with advice, and no other check raises an alarm.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	cases := slices.Concat(wrongSignIn(), wrongApp(), wrongPeople(), wrongGroups(), wrongOmni(), wrongExpressions(), wrongState(), wrongLeavers())
	t.Logf("%d cases", len(cases))
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			w := newCheckedWorld(t)
			tc.spoil(w)
			status, r := w.report()
			wantFinding(t, r, tc)
			if want := map[checks.State]int{checks.Failed: 1}[tc.state]; status != want {
				t.Errorf("exit status %d, want %d", status, want)
			}
		})
	}
}

func wantFinding(t *testing.T, r checks.Report, tc seeded) {
	t.Helper()
	found := false
	for _, f := range r.Checks {
		switch {
		case f.ID == tc.id:
			found = true
			if f.State != tc.state || !strings.Contains(f.Remedy, tc.remedy) || f.Problem == "" {
				t.Errorf("%s is %s: %s: %s -> %s\nwant %s and %q", f.ID, f.State, f.Found, f.Problem, f.Remedy, tc.state, tc.remedy)
			}
		case f.State != checks.OK && f.State != checks.Skipped && !slices.Contains(strings.Fields(tc.also), f.ID):
			t.Errorf("false alarm: %s is %s: %s: %s -> %s", f.ID, f.State, f.Found, f.Problem, f.Remedy)
		}
	}
	if !found || r.Outcome != tc.state {
		t.Errorf("found %t, outcome %s", found, r.Outcome)
	}
	if r.Summary.OktaRequests > 25 || r.Summary.OmniRequests > 12 {
		t.Errorf("%d requests to Okta, %d to Omni", r.Summary.OktaRequests, r.Summary.OmniRequests)
	}
}

// page is a web page that calls itself a success.
func page() sim.Effect { return sim.Body(http.StatusOK, "text/html", "<html>Welcome</html>") }

func redirect() sim.Effect {
	return sim.Status(http.StatusFound, "", http.Header{"Location": {"https://login.example.com/"}})
}

func wrongSignIn() []seeded {
	knobs := func(change func(*simokta.Knobs)) func(*checkedWorld) {
		return func(w *checkedWorld) { w.okta.SetKnobs(change) }
	}
	app := func(kid string, change func(*checkedWorld)) func(*checkedWorld) {
		return func(w *checkedWorld) { w.signInAsApp(kid); change(w) }
	}
	return []seeded{
		{"another site at org_url", func(w *checkedWorld) { w.okta.Faults.Add(sim.Fault{Do: page()}) }, "okta.address", checks.Failed, "okta.org_url is the address", ""},
		{"a redirect at org_url", func(w *checkedWorld) { w.okta.Faults.Add(sim.Fault{Do: redirect()}) }, "okta.address", checks.Failed, "set okta.org_url", ""},
		{"nobody at org_url", func(w *checkedWorld) {
			w.config["okta"] = fmt.Sprintf(`{org_url: "%s", app_id: 0oa1, auth: {api_token: "${env:OKTA_API_TOKEN}"}}`, nowhere)
		}, "okta.address", checks.Failed, "proxy", ""},
		{"a token that is revoked", func(w *checkedWorld) { w.okta.Token = "another" }, "okta.credential", checks.Failed, "Security > API > Tokens", ""},
		{"a clock that is wrong", knobs(func(k *simokta.Knobs) { k.Skew = 3 * time.Minute }), "okta.clock", checks.Failed, "NTP", ""},
		{"a person's token", knobs(func(k *simokta.Knobs) {
			k.Owner = simokta.Owner{Login: "ada.admin@example.com", FirstName: "Ada", LastName: "Admin"}
		}),
			"okta.owner", checks.Warning, "API Services", ""},
		{"a super administrator's token", knobs(func(k *simokta.Knobs) { k.Owner.Roles = []string{"SUPER_ADMIN"} }), "okta.role", checks.Warning, "Read-only Administrator alone", ""},
		{"limits that are used up", knobs(func(k *simokta.Knobs) { k.Limits = map[simokta.Bucket]int{simokta.BucketApps: 3} }), "okta.limits", checks.Warning, "Reports > Rate Limits", ""},
		{"the System Log is refused", func(w *checkedWorld) { w.deny(simokta.DeniedError, "/api/v1/logs") }, "okta.log", checks.Failed, "okta.logs.read", ""},
		{"the System Log is hidden", func(w *checkedWorld) { w.deny(simokta.DeniedSilence, "/api/v1/logs") }, "okta.log", checks.Failed, "Security > Administrators", ""},
		{"a scope is missing", app("k1", func(w *checkedWorld) {
			w.okta.SetKnobs(func(k *simokta.Knobs) { k.Granted = []string{"okta.apps.read", "okta.users.read"} })
		}), "okta.credential", checks.Failed, "Okta API Scopes", ""},
		{"fewer scopes than asked for", app("k1", func(w *checkedWorld) {
			w.okta.SetKnobs(func(k *simokta.Knobs) {
				k.GrantsFewer, k.Granted = true, []string{"okta.apps.read", "okta.groups.read", "okta.users.read"}
			})
		}), "okta.scopes", checks.Failed, "grant okta.logs.read", "okta.log"},
		{"a canary whom the role hides", func(w *checkedWorld) {
			w.replace("okta", "auth:", "canary: {user: "+w.people[0]+"}, auth:")
			w.okta.SetKnobs(func(k *simokta.Knobs) {
				k.Hidden, k.HiddenPaths = w.people[:1], []string{"/api/v1/apps/*/users", "/api/v1/apps/*/users/*"}
			})
		}, "okta.canary.user", checks.Failed, "okta.apps.read and okta.users.read", ""},
		{"a canary group that isn't there", func(w *checkedWorld) { w.replace("okta", "auth:", "canary: {group: 00gnobody}, auth:") },
			"okta.canary.group", checks.Failed, "a group of this org", ""},
		{"DPoP is asked for and switched off", app("k1", func(w *checkedWorld) {
			w.okta.SetKnobs(func(k *simokta.Knobs) { k.RequireDPoP = true })
			w.replace("okta", "key_id:", "dpop: never, key_id:")
		}), "okta.credential", checks.Failed, "set it to auto", ""},
		{"a kid that Okta doesn't know", app("k1", func(w *checkedWorld) { w.replace("okta", "key_id: k1", "key_id: k2") }), "okta.credential", checks.Failed, "that KID is active", ""},
		{"another key than Okta has", app("k1", func(w *checkedWorld) { w.okta.RemoveKey("k1"); w.okta.AddKey("k1", newKey(w.t).Public()) }),
			"okta.credential", checks.Failed, "belongs to okta.auth.oauth.private_key", ""},
		{"a key that is none", app("k1", func(w *checkedWorld) { w.write("okta.pem", []byte("no key"), 0o600) }), "okta.credential", checks.Failed, "in PEM form", ""},
		{"a client that isn't there", app("k1", func(w *checkedWorld) { w.replace("okta", checkClient, "0oaother") }), "okta.credential", checks.Failed, "client_id must be", ""},
		{"an app without a role", app("k1", func(w *checkedWorld) { w.deny(simokta.DeniedError, "") }), "okta.app", checks.Failed, "Admin roles", "okta.log"},
		{"an app without a role, in silence", app("k1", func(w *checkedWorld) { w.deny(simokta.DeniedSilence, "") }), "okta.app", checks.Failed, "Admin roles", "okta.log"},
	}
}

func wrongApp() []seeded {
	knobs := func(change func(*simokta.Knobs)) func(*checkedWorld) {
		return func(w *checkedWorld) { w.okta.SetKnobs(change) }
	}
	return []seeded{
		{"an app that isn't there", func(w *checkedWorld) { w.replace("okta", simokta.DefaultAppID, "0oaother") }, "okta.app", checks.Failed, "copy okta.app_id", ""},
		{"an app that may not be read", func(w *checkedWorld) { w.deny(simokta.DeniedError, "/api/v1/apps/"+simokta.DefaultAppID) }, "okta.app", checks.Failed, "okta.apps.read", ""},
		{"an inactive app", knobs(func(k *simokta.Knobs) { k.AppStatus = "INACTIVE" }), "okta.app.status", checks.Failed, "Activate", ""},
		{"implicit assignment", knobs(func(k *simokta.Knobs) { k.ImplicitAssignment = true }), "okta.app.status", checks.Failed, "Federation Broker Mode", ""},
		{"a domain that isn't Okta's own", func(w *checkedWorld) { w.okta.URL = "https://acme.okta.com" }, "okta.app.address", checks.Failed, "set okta.org_url to https://acme.okta.com", ""},
		{"Okta provisions by itself", func(w *checkedWorld) {
			w.okta.SetKnobs(func(k *simokta.Knobs) {
				k.Features = []string{"GROUP_PUSH", "PUSH_NEW_USERS", "PUSH_USER_DEACTIVATION"}
			})
			w.okta.Emit(simokta.Event{Type: "application.provision.user.push", Targets: []simokta.Target{{Type: "AppInstance", ID: simokta.DefaultAppID}}})
		}, "okta.provisioning", checks.Warning, "untick Create Users", ""},
	}
}

func wrongPeople() []seeded {
	users := "/api/v1/apps/*/users"
	names := func(n int) func(*checkedWorld) {
		return func(w *checkedWorld) {
			for i := range n {
				w.okta.SetUserName(w.people[i], fmt.Sprintf("user%d", i))
			}
		}
	}
	return []seeded{
		{"app users are refused", func(w *checkedWorld) { w.deny(simokta.DeniedError, users) }, "okta.users", checks.Failed, "Read-only Administrator", ""},
		{"app users are hidden", func(w *checkedWorld) { w.deny(simokta.DeniedSilence, users) }, "okta.users", checks.Failed, "okta.apps.read", ""},
		{"nobody is assigned", func(w *checkedWorld) {
			for _, id := range w.people {
				w.okta.Unassign(id)
			}
		}, "okta.users", checks.Warning, "Assignments", ""},
		{"one app user is refused", func(w *checkedWorld) { w.deny(simokta.DeniedError, users+"/*") }, "okta.user", checks.Failed, "okta.apps.read", ""},
		{"Okta users are refused", func(w *checkedWorld) { w.deny(simokta.DeniedError, "/api/v1/users/00u*") }, "okta.account", checks.Failed, "okta.users.read", ""},
		{"app users come without Okta's", func(w *checkedWorld) { w.okta.SetKnobs(func(k *simokta.Knobs) { k.Unembedded = true }) }, "okta.account", checks.Failed, "okta.users.read", ""},
		{"usernames are no addresses", func(w *checkedWorld) {
			names(4)(w)
			w.okta.SetKnobs(func(k *simokta.Knobs) { k.UserNames = "${source.login}" })
		}, "okta.usernames", checks.Failed, "Application username format to Email", ""},
		{"one username is no address", names(1), "okta.usernames", checks.Warning, "Application username format to Email", ""},
	}
}

func wrongGroups() []seeded {
	deny := func(how simokta.Denied, path string) func(*checkedWorld) {
		return func(w *checkedWorld) { w.deny(how, path) }
	}
	source := func(block string, change func(*checkedWorld)) func(*checkedWorld) {
		return func(w *checkedWorld) { w.config["groups"] = block; change(w) }
	}
	mappings, match := "/api/v1/apps/*/group-push/mappings", `{from: match, match: [Sales]}`
	return []seeded{
		{"no group push", source("{from: push_mappings}", func(w *checkedWorld) { w.okta.SetKnobs(func(k *simokta.Knobs) { k.Features = []string{} }) }),
			"okta.groups", checks.Failed, "Push Groups", ""},
		{"mappings are refused", deny(simokta.DeniedError, mappings), "okta.groups", checks.Failed, "okta.groups.read", ""},
		{"mappings are hidden", deny(simokta.DeniedSilence, mappings), "okta.groups", checks.Failed, "okta.groups.read", ""},
		{"no group is pushed", func(w *checkedWorld) { w.okta.Unpush(w.mapping) }, "okta.groups", checks.Warning, "Push Groups", ""},
		{"a mapping is in error", func(w *checkedWorld) { w.okta.SetMappingStatus(w.mapping, "ERROR", "no API token") }, "okta.groups", checks.Warning, "Push Groups", ""},
		{"no group is assigned", source("{from: app_groups}", func(*checkedWorld) {}), "okta.groups", checks.Warning, "Assign to Groups", ""},
		{"assigned groups are hidden", source("{from: app_groups}", func(w *checkedWorld) {
			w.okta.AssignGroup(w.sales)
			w.deny(simokta.DeniedSilence, "/api/v1/apps/*/groups")
		}), "okta.groups", checks.Failed, "okta.apps.read", ""},
		{"groups are refused", source(match, deny(simokta.DeniedError, "/api/v1/groups")), "okta.groups", checks.Failed, "okta.groups.read", ""},
		{"groups are hidden", source(match, deny(simokta.DeniedSilence, "/api/v1/groups")), "okta.groups", checks.Failed, "okta.groups.read", ""},
		{"a name that no group has", source(`{from: match, match: [Sale]}`, func(*checkedWorld) {}), "groups.match", checks.Failed, `did you mean "Sales"?`, ""},
		{"one glob of two that selects nothing", source(`{from: match, match: [Sales, "omni-*"]}`, func(*checkedWorld) {}), "groups.match", checks.Warning, "Directory > Groups", ""},
		{"one group is refused", deny(simokta.DeniedError, "/api/v1/groups/*"), "okta.group", checks.Failed, "okta.groups.read", ""},
		{"sizes are refused", deny(simokta.DeniedError, "/api/v1/groups"), "okta.group.size", checks.Failed, "okta.groups.read", ""},
		{"sizes are hidden", deny(simokta.DeniedSilence, "/api/v1/groups"), "okta.group.size", checks.Failed, "okta.groups.read", ""},
		{"groups aren't counted", func(w *checkedWorld) { w.okta.SetKnobs(func(k *simokta.Knobs) { k.Uncounted = true }) }, "okta.group.size", checks.Warning, "expand=stats", ""},
		{"members are refused", deny(simokta.DeniedError, "/api/v1/groups/*/users"), "okta.group.members", checks.Failed, "okta.groups.read", ""},
		{"members are hidden", deny(simokta.DeniedSilence, "/api/v1/groups/*/users"), "okta.group.members", checks.Failed, "okta.users.read", ""},
		{"a user's groups are refused", deny(simokta.DeniedError, "/api/v1/users/*/groups"), "okta.user.groups", checks.Failed, "okta.users.read", ""},
		{"a user's groups are hidden", deny(simokta.DeniedSilence, "/api/v1/users/*/groups"), "okta.user.groups", checks.Failed, "okta.groups.read", ""},
	}
}

func wrongOmni() []seeded {
	in := func(path string, do sim.Effect) func(*checkedWorld) {
		return func(w *checkedWorld) { w.faults.Add(sim.Fault{Path: path, Do: do}) }
	}
	return []seeded{
		{"a web page at base_url", in("", page()), "omni.address", checks.Failed, "login URL", ""},
		{"a redirect at base_url", in("", redirect()), "omni.address", checks.Failed, "omni.base_url", ""},
		{"nothing of Omni at base_url", in("", sim.Status(http.StatusNotFound, `{"message": "no such app"}`, nil)), "omni.address", checks.Failed, "omni.base_url", ""},
		{"a key that is refused", func(w *checkedWorld) { w.keys("OMNI_KEY_X") }, "omni.key.1", checks.Failed, "Settings > API access", ""},
		{"a key that is refused with 403", func(w *checkedWorld) {
			w.omni.SetKnobs(simomni.Knobs{Keys: []string{"other"}, BadKeyStatus: http.StatusForbidden})
		}, "omni.key.1", checks.Failed, "Settings > API access", ""},
		{"a personal token", func(w *checkedWorld) {
			w.omni.SetKnobs(simomni.Knobs{Keys: []string{"key-1"}, UserKeys: []string{"key-p"}})
			w.keys("OMNI_KEY_P")
		}, "omni.key.1", checks.Failed, "create an organization key", ""},
		{"one key of three is refused", func(w *checkedWorld) { w.keys("OMNI_KEY_1", "OMNI_KEY_X", "OMNI_KEY_3") }, "omni.key.2", checks.Failed, "omni.api_keys[1]", ""},
		{"the first key of three is refused", func(w *checkedWorld) { w.keys("OMNI_KEY_X", "OMNI_KEY_2", "OMNI_KEY_3") }, "omni.key.1", checks.Failed, "omni.api_keys[0]", ""},
		{"keys of two organizations", func(w *checkedWorld) {
			w.omni.SetKnobs(simomni.Knobs{Keys: []string{"key-1"}, ForeignKeys: []string{"key-f"}})
			w.keys("OMNI_KEY_1", "OMNI_KEY_F")
		}, "omni.keys", checks.Failed, "omni.api_keys[1]", ""},
		{"Omni has no user at all", func(w *checkedWorld) { w.omni.RemoveUser(w.admin) }, "omni.users", checks.Failed, "organization key", ""},
		{"groups are refused by Omni", in("/api/scim/v2/Groups", sim.Status(http.StatusForbidden, `{"error": "Forbidden"}`, nil)), "omni.groups", checks.Failed, "API access", ""},
		{"definitions are refused", in("/api/v1/user-attributes", sim.Status(http.StatusForbidden, `{"detail": "Forbidden"}`, nil)), "omni.attributes", checks.Warning, "Settings > Attributes", ""},
		{"more requests than Omni allows", func(w *checkedWorld) { w.replace("omni", "{", "{requests_per_minute: 600, ") }, "omni.limits", checks.Warning, "requests_per_minute to 60", ""},
	}
}

func wrongExpressions() []seeded {
	users := func(block string, change func(*checkedWorld)) func(*checkedWorld) {
		return func(w *checkedWorld) { w.config["users"] = block; change(w) }
	}
	define := func(d simomni.Definition) func(*checkedWorld) {
		return func(w *checkedWorld) { w.omni.DefineAttribute(d) }
	}
	nothing := func(*checkedWorld) {}
	const scoped = "users.attributes.department"
	return []seeded{
		{"an attribute that Omni hasn't", users("{attributes: {departmnt: user.department}}", nothing), "users.attributes.departmnt", checks.Failed, "did you mean department?", ""},
		{"an attribute of Omni's own", users("{attributes: {plan: user.department}}", define(simomni.Definition{Reference: "plan", System: true})),
			"users.attributes.plan", checks.Failed, "an attribute of your own", ""},
		{"text for a number", users("{attributes: {cost: user.department}}", nothing), "users.attributes.cost", checks.Failed, "double(", ""},
		{"a list for one value", users("{attributes: {department: user.teams}}", nothing), scoped, checks.Failed, "allow multiple values", ""},
		{"a default where Okta has nothing", users("{attributes: {department: user.department}}", func(w *checkedWorld) {
			w.omni.DefineAttribute(simomni.Definition{Reference: "department", Default: []string{"all"}})
			w.okta.UpdateProfile(w.people[0], map[string]any{"department": nil})
		}), scoped, checks.Warning, "remove the default", ""},
		{"an attribute that nobody has", users("{attributes: {department: user.departement}}", nothing), scoped, checks.Warning, "Directory > People", ""},
		{"an expression that fails", users("{attributes: {department: \"user.department + 1\"}}", nothing), scoped, checks.Failed, "correct users.attributes.department", ""},
		{"an expression that fails for some", users("{attributes: {department: \"user.department + ''\"}}", func(w *checkedWorld) {
			w.okta.UpdateProfile(w.people[0], map[string]any{"department": nil})
		}), scoped, checks.Warning, "or(", ""},
		{"a display name that nobody has", users("{display_name: user.nick}", nothing), "users.display_name", checks.Warning, "Directory > People", ""},
		{"a scope that selects nobody", users(`{scope: "user.department == 'sales'"}`, nothing), "users.scope", checks.Failed, "counts as unassigned", ""},
	}
}

func wrongState() []seeded {
	at := func(name string, prepare func(*checkedWorld, string)) func(*checkedWorld) {
		return func(w *checkedWorld) {
			path := filepath.Join(w.dir, name)
			w.config["state"] = fmt.Sprintf(`{url: "bolt://%s"}`, path)
			prepare(w, path)
		}
	}
	return []seeded{
		{"the ledger of another app", at("other.db", func(w *checkedWorld, path string) { w.makeLedger(path, "0oaother") }), "state.ledger", checks.Failed, "state.url of its own", ""},
		{"a file that is no ledger", at("acme.yaml", func(*checkedWorld, string) {}), "state.store", checks.Failed, "state.url", ""},
		{"a directory that isn't there", at("absent/syncd.db", func(*checkedWorld, string) {}), "state.store", checks.Failed, "make the directory", ""},
		{"Redis isn't there", func(w *checkedWorld) { w.config["state"] = `{url: "redis://127.0.0.1:1"}` }, "state.store", checks.Failed, "is Redis running", ""},
		{"a secret that everyone can read", func(w *checkedWorld) {
			w.write("token", []byte("okta-token\n"), 0o644)
			w.replace("okta", "${env:OKTA_API_TOKEN}", "${file:"+filepath.Join(w.dir, "token")+"}")
		}, "secrets", checks.Warning, "chmod", ""},
	}
}

// TestCheckOfASoundSetup raises no alarm.
func TestCheckOfASoundSetup(t *testing.T) {
	nothing := func(*checkedWorld) {}
	for name, change := range map[string]func(*checkedWorld){
		"an API token": nothing,
		"an app":       func(w *checkedWorld) { w.signInAsApp("k1") },
		"an app with DPoP": func(w *checkedWorld) {
			w.signInAsApp("k1")
			w.okta.SetKnobs(func(k *simokta.Knobs) { k.RequireDPoP, k.APINonce = true, true })
		},
		"three keys": func(w *checkedWorld) { w.keys("OMNI_KEY_1", "OMNI_KEY_2", "OMNI_KEY_3") },
		"groups by name": func(w *checkedWorld) {
			w.config["groups"] = `{from: match, match: ["Sal*"]}`
			w.okta.SetKnobs(func(k *simokta.Knobs) { k.Features = []string{} })
		},
		"no groups": func(w *checkedWorld) {
			w.config["groups"] = `{from: match}`
			w.deny(simokta.DeniedError, "/api/v1/groups")
		},
		"groups of the app": func(w *checkedWorld) {
			w.config["groups"] = `{from: app_groups}`
			w.okta.AssignGroup(w.sales)
		},
		"empty groups": func(w *checkedWorld) {
			w.okta.RemoveMember(w.sales, w.people[0])
			w.okta.RemoveMember(w.sales, w.people[1])
		},
		"an older Omni": func(w *checkedWorld) {
			w.faults.Add(sim.Fault{Path: "/api/v1/whoami", Do: sim.Status(404, `{"detail": "Not found"}`, nil)})
		},
		"transfer to an active user": func(w *checkedWorld) {
			w.config["deprovision"] = `{handover: {schedules: transfer, to: [Admin@example.com]}}`
		},
		"no archive": func(w *checkedWorld) {
			w.config["state"] = fmt.Sprintf(`{url: "bolt://%s", archive: ""}`, filepath.Join(w.dir, "syncd.db"))
		},
		"no attributes":  func(w *checkedWorld) { w.config["users"] = "{}" },
		"a small scope":  func(w *checkedWorld) { w.config["users"] = `{scope: "user.firstName == 'ann'"}` },
		"a known ledger": func(w *checkedWorld) { w.makeLedger(filepath.Join(w.dir, "syncd.db"), simokta.DefaultAppID) },
		"roles unseen":   func(w *checkedWorld) { w.deny(simokta.DeniedError, "/api/v1/users/*/roles") },
		"owner unseen":   func(w *checkedWorld) { w.deny(simokta.DeniedError, "/api/v1/users/me") },
		"a custom role": func(w *checkedWorld) {
			w.okta.SetKnobs(func(k *simokta.Knobs) { k.Owner.Roles = []string{"Omnisync reader"} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newCheckedWorld(t)
			change(w)
			before := w.files()
			status, r := w.report()
			for _, f := range r.Checks {
				if f.State == checks.Failed || f.State == checks.Warning {
					t.Errorf("%s is %s: %s: %s -> %s", f.ID, f.State, f.Found, f.Problem, f.Remedy)
				}
			}
			if status != 0 || r.Outcome != checks.OK || r.Summary.OktaRequests == 0 || r.Summary.OmniRequests == 0 {
				t.Errorf("status %d, %+v", status, r.Summary)
			}
			if after := w.files(); !slices.Equal(before, after) || w.omni.Writes() != 0 {
				t.Errorf("files %v, then %v; %d writes", before, after, w.omni.Writes())
			}
		})
	}
}

// files are the names in the world's directory, but for the configuration.
func (w *checkedWorld) files() []string {
	w.t.Helper()
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != "acme.yaml" {
			names = append(names, e.Name())
		}
	}
	return names
}

package sync_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// mapped is a company whose attribute department is the expression.
func mapped(t *testing.T, policy sync.Policy, expression string, play func(c *company, ada string)) {
	t.Helper()
	c := newCompany(t, policy)
	c.rules.Attributes["department"] = expression
	simulatedOn(t, c, func(c *company) { play(c, c.join("ada@acme.co", "bob@acme.co")[0]) })
}

// adasDepartment is Ada's in Omni, joined.
func adasDepartment(c *company) string {
	return strings.Join(omniUser(c, "ada@acme.co").Attributes["department"], ",")
}

// What an expression sees.
func TestSemanticsWhatAUserBecomesByExpression(t *testing.T) {
	for _, row := range []struct {
		rule, expression string
		app              map[string]any // what the app's profile says; nil: as Okta's
		want             string
	}{
		{"user is the Okta profile", "user.department", nil, "Sales"},
		{"overlaid by the app profile", "user.department", map[string]any{"department": "Law"}, "Law"},
		{"but for keys whose value is null", "user.department", map[string]any{"department": nil}, "Sales"},
		{"a missing field is absent: has() is false", `has(user.nothing) ? "there" : "absent"`, nil, "absent"},
		{"a null field is absent too", `has(user.odd) ? "there" : "absent"`, map[string]any{"odd": nil}, "absent"},
		{"reading an absent field gives null, and null is no value", "user.nothing", nil, ""},
		{"app is the app profile alone", "app.department", map[string]any{"department": "Law"}, "Law"},
		{"okta.profile is the Okta profile alone", "okta.profile.department", map[string]any{"department": "Law"}, "Sales"},
		{"or gives the first unless it is absent", `or(user.nothing, "else")`, nil, "else"},
		{"or gives the first unless it is empty", `or(user.empty, "else")`, map[string]any{"empty": ""}, "else"},
		{"or gives the first", `or(user.department, "else")`, nil, "Sales"},
	} {
		t.Run(row.rule, func(t *testing.T) {
			mapped(t, lenient(), row.expression, func(c *company, ada string) {
				if row.app != nil {
					c.okta.SetAppProfile(ada, row.app)
				}
				c.want(c.run(sync.Full), sync.Done)
				if got := adasDepartment(c); got != row.want {
					t.Errorf("department is %q, want %q", got, row.want)
				}
				c.silent()
			})
		})
	}
}

// users.display_name, from the first that yields something.
func TestSemanticsWhatAUserBecomesByName(t *testing.T) {
	for _, row := range []struct {
		rule, expression string
		profile          map[string]any
		want             string
	}{
		{"displayName", "", map[string]any{"displayName": "Countess"}, "Countess"},
		{"else first and last name", "", nil, "First ada"},
		{"else userName", "", map[string]any{"firstName": nil, "lastName": nil}, "ada@acme.co"},
		{"the expression", `"Dr. " + user.lastName`, nil, "Dr. ada"},
		{"an expression that yields nothing falls back the same way", "user.nothing", map[string]any{"displayName": "Countess"}, "Countess"},
		{"an expression that yields an empty text too", `""`, nil, "First ada"},
	} {
		t.Run(row.rule, func(t *testing.T) {
			c := newCompany(t, lenient())
			c.rules.DisplayName = row.expression
			simulatedOn(t, c, func(c *company) {
				c.okta.UpdateProfile(c.join("ada@acme.co")[0], row.profile)
				c.want(c.run(sync.Full), sync.Done)
				if got := omniUser(c, "ada@acme.co").DisplayName; got != row.want {
					t.Errorf("the display name is %q, want %q", got, row.want)
				}
			})
		})
	}
}

// Doubt about one user, and what counts as a result.
func TestSemanticsWhatAUserBecomesInDoubt(t *testing.T) {
	const odd = `user.department == "Sales" ? "Sales" : string(int(user.department))`
	for _, row := range []struct {
		rule       string
		scope      string
		expression string
		then       map[string]any
		active     bool
		department string
		outcome    sync.Outcome
	}{
		{"an expression that fails writes nothing and is shown", "true", odd, map[string]any{"department": "none", "displayName": "New"}, true, "Sales", sync.Failing},
		{"a scope that fails removes nobody", `user.department == "Sales" || int(user.department) > 0`, "user.department",
			map[string]any{"department": "none"}, true, "Sales", sync.Failing},
		{"a successful false is out of scope", `user.department == "Sales"`, "user.department", map[string]any{"department": "Law"}, false, "Sales", sync.Done},
		{"a successful null clears", "true", "user.department", map[string]any{"department": nil}, true, "", sync.Done},
	} {
		t.Run(row.rule, func(t *testing.T) {
			c := newCompany(t, lenient())
			c.rules.Scope, c.rules.Attributes["department"] = row.scope, row.expression
			simulatedOn(t, c, func(c *company) {
				ada := c.join("ada@acme.co", "bob@acme.co")[0]
				c.want(c.run(sync.Full), sync.Done)
				c.okta.UpdateProfile(ada, row.then)
				r := c.run(sync.Full)
				c.want(r, row.outcome)
				if u := omniUser(c, "ada@acme.co"); u.Active != row.active || adasDepartment(c) != row.department || u.DisplayName != "First ada" {
					t.Errorf("Omni has %+v\n%s", u, printed(r))
				}
			})
		})
	}
}

// What is one value in two forms is no change: the second run writes nothing.
func TestSemanticsWhatAUserBecomesInCanonicalForm(t *testing.T) {
	for _, row := range []struct {
		rule       string
		expression string
		definition simomni.Definition
		knobs      simomni.Knobs
		other      string // an expression of the same value
	}{
		{"numbers by value", "3", simomni.Definition{Number: true}, simomni.Knobs{}, "3.0"},
		{"booleans in Omni's form", "true", simomni.Definition{}, simomni.Knobs{}, `"true"`},
		{"booleans, where Omni keeps them", "true", simomni.Definition{}, simomni.Knobs{BooleansKept: true}, `"true"`},
		{"lists as sets", `["b", "a", "b"]`, simomni.Definition{Multiple: true}, simomni.Knobs{}, `["a", "b"]`},
		{"an empty list as absent", `[]`, simomni.Definition{Multiple: true}, simomni.Knobs{}, "user.nothing"},
	} {
		t.Run(row.rule, func(t *testing.T) {
			c := newCompany(t, lenient())
			row.definition.Reference = "odd"
			c.omni.DefineAttribute(row.definition)
			c.omni.SetKnobs(row.knobs)
			c.rules.Attributes = map[string]string{"odd": row.expression}
			simulatedOn(t, c, func(c *company) {
				c.join("ada@acme.co")
				c.want(c.run(sync.Full), sync.Done)
				c.silent()
				c.rules.Attributes = map[string]string{"odd": row.other}
				c.start()
				c.silent()
			})
		})
	}
}

// The other rules of what a user becomes.
func TestSemanticsWhatAUserBecomes(t *testing.T) {
	for _, row := range []struct {
		rule   string
		policy func(*sync.Policy)
		play   func(c *company)
	}{
		{"attributes that the configuration doesn't name are left alone", nil, func(c *company) {
			c.omni.DefineAttribute(simomni.Definition{Reference: "region"})
			ids := c.join("ada@acme.co")
			c.run(sync.Full)
			c.omni.EditUser(omniUser(c, "ada@acme.co").ID, func(u *simomni.User) {
				u.Attributes = maps.Clone(u.Attributes)
				u.Attributes["region"] = []string{"emea"}
			})
			c.okta.UpdateProfile(ids[0], map[string]any{"department": "Law", "displayName": "Countess"})
			c.want(c.run(sync.Reconcile), sync.Done)
			if got := omniUser(c, "ada@acme.co").Attributes["region"]; len(got) != 1 {
				c.t.Errorf("region is %v", got)
			}
		}},
		{"system attributes are ignored in diffs", nil, func(c *company) {
			c.omni.SetKnobs(simomni.Knobs{SystemKeys: simomni.SystemKeys(1)})
			c.join("ada@acme.co")
			c.want(c.run(sync.Full), sync.Done)
			c.silent()
		}},
		{"the admin flag is never written", nil, func(c *company) {
			ids := c.join("ada@acme.co", "bob@acme.co")
			c.run(sync.Full)
			c.omni.EditUser(omniUser(c, "ada@acme.co").ID, func(u *simomni.User) { u.OrgAdmin = true })
			c.okta.UpdateProfile(ids[0], map[string]any{"department": "Law"})
			c.want(c.run(sync.Reconcile), sync.Done)
			if u := omniUser(c, "ada@acme.co"); !u.OrgAdmin || adasDepartment(c) != "Law" {
				c.t.Errorf("an org admin who is assigned is %+v, want them managed like anyone", u)
			}
		}},
		{"the deactivation of an org admin is held", nil, func(c *company) {
			ids := c.join("ada@acme.co", "bob@acme.co")
			c.run(sync.Full)
			for _, name := range []string{"ada@acme.co", "bob@acme.co"} {
				c.omni.EditUser(omniUser(c, name).ID, func(u *simomni.User) { u.OrgAdmin = true })
			}
			c.run(sync.Reconcile)
			c.okta.Unassign(ids[0])
			c.want(c.run(sync.Full), sync.Holding)
			c.wantActive("ada@acme.co", "bob@acme.co")
		}},
		{"the last active org admin never leaves", nil, func(c *company) {
			ids := c.join("ada@acme.co", "bob@acme.co")
			c.run(sync.Full)
			c.omni.EditUser(omniUser(c, "ada@acme.co").ID, func(u *simomni.User) { u.OrgAdmin = true })
			c.run(sync.Reconcile)
			c.okta.Unassign(ids[0])
			c.want(c.run(sync.Full), sync.Holding)
			c.decide(state.Approved)
			c.run(sync.Full)
			c.wantActive("ada@acme.co", "bob@acme.co")
		}},
		{"a name is free before it is taken", nil, func(c *company) {
			ids := c.join("ada@acme.co", "bob@acme.co")
			c.run(sync.Full)
			ada := omniUser(c, "ada@acme.co").ID
			c.okta.SetUserName(ids[0], "bob@acme.co")
			c.okta.SetUserName(ids[1], "cyd@acme.co")
			c.want(c.run(sync.Full), sync.Done)
			if omniUser(c, "bob@acme.co").ID != ada {
				c.t.Errorf("Omni has %s", snapshot(c))
			}
			c.inStep()
		}},
		{"a cycle of renames is held", nil, func(c *company) {
			ids := c.join("ada@acme.co", "bob@acme.co")
			c.run(sync.Full)
			before := snapshot(c)
			c.okta.SetUserName(ids[0], "bob@acme.co")
			c.okta.SetUserName(ids[1], "ada@acme.co")
			c.want(c.run(sync.Full), sync.Holding)
			if snapshot(c) != before {
				c.t.Errorf("Omni has %s", snapshot(c))
			}
		}},
		{"a held rename shows the account that has the new name", func(p *sync.Policy) { p.OnUsername = "hold" }, func(c *company) {
			ids := c.join("ada@acme.co")
			c.run(sync.Full)
			c.okta.SetUserName(ids[0], "lovelace@acme.co")
			c.want(c.run(sync.Full), sync.Holding)
			other := c.omni.AddUser("lovelace@acme.co", "Somebody")
			r := c.run(sync.Reconcile)
			c.want(r, sync.Holding)
			for _, id := range []string{omniUser(c, "ada@acme.co").ID, other} {
				if !strings.Contains(printed(r), id) {
					c.t.Errorf("%s isn't shown:\n%s", id, printed(r))
				}
			}
		}},
		{"who was deactivated by hand while assigned is brought back and told", nil, func(c *company) {
			c.join("ada@acme.co", "bob@acme.co")
			c.run(sync.Full)
			c.omni.EditUser(omniUser(c, "ada@acme.co").ID, func(u *simomni.User) { u.Active = false })
			r := c.run(sync.Reconcile)
			c.want(r, sync.Done)
			if !strings.Contains(printed(r), "assigned in Okta; somebody deactivated them in Omni") {
				c.t.Errorf("it says\n%s", printed(r))
			}
			c.wantActive("ada@acme.co", "bob@acme.co")
		}},
		{"an assigned user outside the scope who has an account is reported", nil, func(c *company) {
			c.rules.Scope = `user.department == "Sales"`
			c.start()
			ids := c.join("ada@acme.co", "bob@acme.co", "cyd@acme.co")
			c.omni.AddUser("Bob@acme.co", "Bob")
			for _, id := range ids[1:] {
				c.okta.UpdateProfile(id, map[string]any{"department": "Law"})
			}
			r := c.run(sync.Reconcile)
			c.want(r, sync.Done)
			tells(c.t, r.Notes, "outside users.scope, with an active account in Omni that isn't managed (the scope alone keeps nobody out): 1 user (Bob@acme.co)")
			c.wantActive("Bob@acme.co", "ada@acme.co")
		}},
		{"a user whose profile can't be read is doubt", nil, func(c *company) {
			ids := c.join("ada@acme.co", "bob@acme.co")
			c.run(sync.Full)
			c.okta.UpdateProfile(ids[0], map[string]any{"department": "Law"})
			c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/*/users", Do: sim.Body(200, "application/json", "{")})
			c.want(c.run(sync.Full), sync.Doubtful)
			if got := adasDepartment(c); got != "Sales" {
				c.t.Errorf("department is %q", got)
			}
		}},
	} {
		t.Run(row.rule, func(t *testing.T) {
			p := lenient()
			if row.policy != nil {
				row.policy(&p)
			}
			simulated(t, p, row.play)
		})
	}
}

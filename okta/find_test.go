package okta_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// TestFindAssignment finds people as a person names them.
func TestFindAssignment(t *testing.T) {
	c := newCompany(t, simokta.Knobs{})
	add := func(login, userName string) string {
		id := c.AddUser(simokta.User{Login: login, Email: login})
		if userName != "" {
			c.Assign(id, simokta.AssignOptions{UserName: userName})
		}
		return id
	}
	ids := map[string]string{
		"ann": add("ann@acme.test", "Ann@acme.test"), "longer": add("ann@acme.test.au", "ann@acme.test.au"),
		"renamed": add("old@acme.test", "new@acme.test"), "plus": add("b+1@acme.test", "b+1@acme.test"), "plain": add("dan@acme.test", "dan"),
		"free": add("free@acme.test", ""),
	}
	add("x1@acme.test", "twice@acme.test")
	add("x2@acme.test", "Twice@acme.test")
	tests := []struct {
		name, want string
		kind       fault.Kind
		detail     string
	}{
		{" ann@ACME.test ", "ann", 0, ""},
		{"ann@acme.test.au", "longer", 0, ""},
		{"new@acme.test", "renamed", 0, ""},
		{"old@acme.test", "renamed", 0, ""}, // signs in under it
		{"b+1@acme.test", "plus", 0, ""},
		{"dan", "plain", 0, ""},
		{"free@acme.test", "", fault.NotFound, "the Okta user " + ids["free"] + " exists, and isn't assigned to app " + simokta.DefaultAppID},
		{"ann@acme.te", "", fault.NotFound, "no Okta user signs in under it"},
		{"twice@acme.test", "", fault.Conflict, "two app users have this name"},
		{"me", "", fault.NotFound, "no app user has this app username"},
		{"a/../b@acme.test", "", fault.NotFound, "no app user has this app username"},
		{"é b?#%@acme.test", "", fault.NotFound, "no Okta user signs in under it"},
		{" ", "", fault.Refused, "the name is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := c.reader.FindAssignment(t.Context(), tt.name)
				if tt.want == "" {
					if wantKind(t, err, tt.kind); err != nil && !strings.Contains(err.Error(), tt.detail) {
						t.Errorf("got %v, want %q", err, tt.detail)
					}
					return
				}
				if err != nil || string(got.ID) != ids[tt.want] || got.Profile == nil || got.Account != "ACTIVE" {
					t.Errorf("got %+v, %v; want %s", got, err, ids[tt.want])
				}
			})
		})
	}
}

// TestFindAssignmentDoubts: an answer that fails finds nobody, and isn't taken for
// somebody who isn't there.
func TestFindAssignmentDoubts(t *testing.T) {
	broken := map[string]http.Handler{
		"the list": always(200, `{"x": 1}`),
		"an answer about nobody": http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if strings.Contains(req.URL.Path, "/apps/") {
				answer(w, 200, `[]`)
				return
			}
			answer(w, 200, `{"status": "ACTIVE"}`)
		}),
	}
	for name, h := range broken {
		t.Run(name, func(t *testing.T) {
			_, err := newReader(t, h).FindAssignment(t.Context(), "ann@acme.test")
			wantKind(t, err, fault.Doubt)
		})
	}
}

// TestFindPeople: who has a name by mistake twice is found twice, who isn't assigned is
// found by login or id, and a person's groups are told whole.
func TestFindPeople(t *testing.T) {
	c := newCompany(t, simokta.Knobs{})
	first := c.AddUser(simokta.User{Login: "x1@acme.test", FirstName: "Xenia", LastName: "One"})
	second := c.AddUser(simokta.User{Login: "x2@acme.test"})
	c.Assign(first, simokta.AssignOptions{UserName: "twice@acme.test"})
	c.Assign(second, simokta.AssignOptions{UserName: "Twice@acme.test"})
	c.SetStatus(second, "SUSPENDED")
	group := c.AddGroup("Sales", "OKTA_GROUP")
	c.AddMembers(group, second)
	synctest.Test(t, func(t *testing.T) {
		named, err := c.reader.Named(t.Context(), "TWICE@acme.test ")
		if err != nil || len(named) != 2 || named[0].ID >= named[1].ID || named[1].Account != "SUSPENDED" {
			t.Errorf("named are %+v, %v", named, err)
		}
		if named, err = c.reader.Named(t.Context(), "nobody@acme.test"); err != nil || len(named) > 0 {
			t.Errorf("nobody is %+v, %v", named, err)
		}
		for _, name := range []string{"x1@ACME.test", first} {
			u, err := c.reader.OktaUser(t.Context(), name)
			if err != nil || u.ID != identity.OktaID(first) || u.Status != "ACTIVE" || u.Login != "x1@acme.test" || u.Name != "Xenia One" || u.Profile["firstName"] != "Xenia" {
				t.Errorf("%s is %+v, %v", name, u, err)
			}
		}
		for _, name := range []string{"me", "x3@acme.test", "00unobody"} {
			_, err := c.reader.OktaUser(t.Context(), name)
			wantKind(t, err, fault.NotFound)
		}
		groups, err := c.reader.GroupsIn(t.Context(), identity.OktaID(second))
		if err != nil || len(groups) != 1 || groups[0].Name != "Sales" || groups[0].Type != "OKTA_GROUP" {
			t.Errorf("the groups are %+v, %v", groups, err)
		}
		_, err = c.reader.GroupsIn(t.Context(), "a/b")
		wantKind(t, err, fault.Refused)
	})
}

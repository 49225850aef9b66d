package identity_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/identity"
)

// Only what has the form of an Okta user id is taken for one.
func TestOktaIDOf(t *testing.T) {
	for s, good := range map[string]bool{
		"00u1gjh63g214q0Hq0g4": true, "00u1gjh63g214q0Hq0g": false, "00u1gjh63g214q0Hq0g45": false, "00g1gjh63g214q0Hq0g4": false,
		"00u1gjh63g214q0Hq0g-": false, "": false, "4ca2-5d1f": false, "00uÄ1gjh63g214q0Hq0": false,
	} {
		if id, ok := identity.OktaIDOf(s); ok != good || ok && string(id) != s {
			t.Errorf("%q: %q, %t, want %t", s, id, ok, good)
		}
	}
}

// A pushed user fills the expressions' user under the names of Okta's base
// profile; what wasn't pushed is absent, not empty.
func TestPushedUserAsAssignment(t *testing.T) {
	u := identity.PushedUser{
		ID: "omni-1", UserName: "ada@acme.co", Active: true,
		Profile: identity.Profile{
			Name: identity.Name{Given: "Ada", Family: "Lovelace", Formatted: "stale"},
			Emails: []identity.Contact{
				{Value: "ada@home.example", Type: "home"},
				{Value: "ada@acme.co", Type: "work", Primary: true},
			},
			Phones:     []identity.Contact{{Value: "1", Type: "work"}, {Value: "2", Type: "Mobile"}},
			Addresses:  []identity.Address{{Locality: "Paris"}, {Locality: "London", Primary: true}},
			Enterprise: identity.Enterprise{Department: "R&D", ManagerID: "7"},
		},
	}
	a := u.Assignment("00u1")
	want := map[string]any{
		"login": "ada@acme.co", "email": "ada@acme.co", "secondEmail": "ada@home.example", "firstName": "Ada", "lastName": "Lovelace",
		"primaryPhone": "1", "mobilePhone": "2", "city": "London", "department": "R&D", "managerId": "7",
	}
	if diff := cmp.Diff(want, a.Profile); diff != "" {
		t.Errorf("the profile: %s", diff)
	}
	if a.ID != "00u1" || a.Standing() != identity.Assigned || a.UserName != "ada@acme.co" || a.ExternalID != "omni-1" {
		t.Errorf("the assignment is %+v", a)
	}
}

// A record keeps what is stored, and neither groups nor members, which are read
// from the ledger.
func TestPushedRecords(t *testing.T) {
	u := identity.PushedUser{ID: "1", UserName: "a@x.co", Active: true, Groups: []identity.Ref{{ID: "g"}}, Profile: identity.Profile{Omni: map[string]identity.Value{"region": `"x"`}}}
	text, err := json.Marshal(u)
	if err != nil || string(text) != `{"id":"1","userName":"a@x.co","active":true,"omni":{"region":"x"}}` {
		t.Errorf("the user is stored as %s, %v", text, err)
	}
	text, err = json.Marshal(identity.PushedGroup{ID: "g", DisplayName: "Sales", Members: []identity.Ref{{ID: "1"}}})
	if err != nil || string(text) != `{"id":"g","displayName":"Sales"}` {
		t.Errorf("the group is stored as %s, %v", text, err)
	}
}

package omniclient_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
)

func estate(t *testing.T, knobs simomni.Knobs, faults ...sim.Fault) (*simomni.Org, *omniclient.Client) {
	t.Helper()
	org, broken := &simomni.Org{}, sim.Faults{}
	org.SetKnobs(knobs)
	for _, f := range faults {
		broken.Add(f)
	}
	c, err := omniclient.New(omniclient.Options{BaseURL: "http://127.0.0.1", RequestsPerMinute: 1_000_000,
		Keys: []func() (string, error){func() (string, error) { return secret, nil }}, Transport: sim.Transport(broken.Wrap(org))})
	if err != nil {
		t.Fatal(err)
	}
	return org, c
}

func TestBelongings(t *testing.T) {
	for _, spelled := range []bool{false, true} {
		org, c := estate(t, simomni.Knobs{RolesSpelledOut: spelled})
		none, some := identity.OmniID(org.AddUser("ann@acme.test", "Ann")), identity.OmniID(org.AddUser("bob@acme.test", "Bob"))
		org.AddSchedule(string(some), "Weekly", "bob@acme.test")
		org.AddSchedule(string(some), "Daily", "bob@acme.test")
		org.AddDocument(string(some), "Sales")
		org.AddModelRole(string(some), "MODELER")
		for id, want := range map[identity.OmniID]identity.Belongings{none: {}, some: {Schedules: 2, Documents: 1, ModelRoles: []string{"MODELER"}}} {
			got, err := c.Belongings(t.Context(), id)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s: %v\n%s", id, err, diff)
			}
		}
		_, err := c.Belongings(t.Context(), "550e8400-e29b-41d4-a716-446655440009")
		wantFault(t, err, fault.NotFound, "model roles")
	}
}

// Roles that everybody has, or has by a group, aren't the account's own.
func TestRolesOfOthersAreNotHeld(t *testing.T) {
	for from, own := range map[string]bool{"USER": true, "User Role": true, "ORG": false, "BASE": false, "Connection Base Role": false, "GROUP": false, "Group Role": false, "SOMETHING": true} {
		made := &simomni.Org{}
		ann := made.AddUser("ann@acme.test", "Ann") // ids are alike in every organization
		answer := `{"membershipId":"` + ann + `","results":[{"roleName":"VIEWER","from":{"type":"` + from + `"}}]}`
		org, c := estate(t, simomni.Knobs{}, sim.Fault{Path: "/api/v1/users/*/model-roles", Do: sim.Body(200, "application/json", answer)})
		org.AddUser("ann@acme.test", "Ann")
		got, err := c.Belongings(t.Context(), identity.OmniID(ann))
		if err != nil || (len(got.ModelRoles) == 1) != own {
			t.Errorf("%s: %+v, %v", from, got, err)
		}
	}
}

// An answer that isn't about the account proves nothing.
func TestBelongingsThatCantBeBelieved(t *testing.T) {
	for _, row := range []struct{ path, answer string }{
		{"/api/v1/users/*/model-roles", `{}`},
		{"/api/v1/users/*/model-roles", `{"membershipId":"` + bobID + `","results":[]}`},
		{"/api/v1/schedules", `{"records":[]}`},
		{"/api/v1/schedules", `{"pageInfo":{"totalRecords":3},"records":[{"ownerId":"` + bobID + `"}]}`},
		{"/api/v1/documents", `[]`},
	} {
		org, c := estate(t, simomni.Knobs{}, sim.Fault{Path: row.path, Do: sim.Body(200, "application/json", row.answer)})
		if _, err := c.Belongings(t.Context(), identity.OmniID(org.AddUser("ann@acme.test", "Ann"))); !fault.Is(err, fault.Doubt) {
			t.Errorf("%s answering %s: %v", row.path, row.answer, err)
		}
	}
}

func TestTeamRoles(t *testing.T) {
	for _, spelled := range []bool{false, true} {
		org, c := estate(t, simomni.Knobs{RolesSpelledOut: spelled})
		none, some := identity.OmniGroupID(org.AddGroup("None")), identity.OmniGroupID(org.AddGroup("Some"))
		for _, role := range []string{"QUERIER", "MODELER", "QUERIER"} { // on two models
			org.AddModelRole(string(some), role)
		}
		for id, want := range map[identity.OmniGroupID][]string{none: nil, some: {"MODELER", "QUERIER"}} {
			got, err := c.TeamRoles(t.Context(), id)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s: %v\n%s", id, err, diff)
			}
		}
		_, err := c.TeamRoles(t.Context(), "nobody")
		wantFault(t, err, fault.NotFound, "model roles")
	}
}

// Roles that everybody has aren't the group's, and an answer about another group isn't one.
func TestTeamRolesThatCantBeBelieved(t *testing.T) {
	for _, row := range []struct {
		answer string
		roles  int
		kind   fault.Kind
	}{
		{`{"userGroupId":"GROUP","results":[{"roleName":"VIEWER","from":{"type":"ORG"}},{"roleName":"VIEWER","from":{"type":"Group Role"}}]}`, 1, 0},
		{`{"userGroupId":"GROUP","results":[{"roleName":"VIEWER","from":{"type":"BASE"}},{"roleName":"QUERIER","from":{"type":"Connection Base Role"}}]}`, 0, 0},
		{`{"userGroupId":"other","results":[]}`, 0, fault.Doubt},
		{`{"userGroupId":"GROUP"}`, 0, fault.Doubt},
		{`{}`, 0, fault.Doubt},
	} {
		made := &simomni.Org{}
		id := made.AddGroup("Sales") // ids are alike in every organization
		answer := strings.ReplaceAll(row.answer, "GROUP", id)
		org, c := estate(t, simomni.Knobs{}, sim.Fault{Path: "/api/v1/user-groups/*/model-roles", Do: sim.Body(200, "application/json", answer)})
		org.AddGroup("Sales")
		got, err := c.TeamRoles(t.Context(), identity.OmniGroupID(id))
		if len(got) != row.roles || fault.KindOf(err) != row.kind {
			t.Errorf("%s: %v, %v", row.answer, got, err)
		}
	}
}

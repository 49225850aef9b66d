package omniclient_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

const (
	addAnn  = `{"op":"add","path":"members","value":[{"value":"` + annID + `"}]}`
	dropBob = `{"op":"remove","path":"members[value eq \"` + bobID + `\"]"}`
	dropEve = `{"op":"remove","path":"members[value eq \"` + eveID + `\"]"}`
	rename  = `{"op":"replace","path":"displayName","value":"New"}`
)

func patchGroup(status int, answer string, ops ...string) step {
	return step{ask: "PATCH /Groups/g1", body: operations(ops...), status: status, answer: answer}
}

func getGroup(answer string) step { return step{ask: "GET /Groups/g1", status: 200, answer: answer} }

// TestUpdateTeam plays one exchange for each way in which Omni takes, or doesn't
// take, a group's PATCH.
func TestUpdateTeam(t *testing.T) {
	all := identity.TeamPatch{DisplayName: ptr("New"), Add: []identity.OmniID{annID}, Remove: []identity.OmniID{bobID, eveID}}
	members := identity.TeamPatch{Add: []identity.OmniID{annID}, Remove: []identity.OmniID{bobID}}
	refused := `{"error":"Bad Request","message":"no such member"}`
	tests := []struct {
		name   string
		patch  identity.TeamPatch
		steps  []step
		kind   fault.Kind
		detail string
	}{
		{"nothing to change", identity.TeamPatch{}, nil, 0, ""},
		{"all in one request", all, []step{patchGroup(200, group("g1", "New", annID), rename, addAnn, dropBob, dropEve)}, 0, ""},
		{"204 is read back", all, []step{patchGroup(204, "", rename, addAnn, dropBob, dropEve), getGroup(group("g1", "New", annID))}, 0, ""},
		{"answer without members is read back", members, []step{patchGroup(200, `{"id":"g1","displayName":"A"}`, addAnn, dropBob), getGroup(group("g1", "A", annID))}, 0, ""},
		{"a rename needs no members", identity.TeamPatch{DisplayName: ptr("New")}, []step{patchGroup(200, `{"id":"g1","displayName":"New"}`, rename)}, 0, ""},
		{"last member", identity.TeamPatch{Remove: []identity.OmniID{bobID}}, []step{patchGroup(204, "", dropBob), getGroup(`{"id":"g1","displayName":"A"}`)}, 0, ""},
		{"addition ignored", members, []step{patchGroup(200, group("g1", "A"), addAnn, dropBob)}, fault.Refused, "ignored the addition of 1 members, such as " + annID},
		{"removal ignored", members, []step{patchGroup(200, group("g1", "A", annID, bobID), addAnn, dropBob)}, fault.Refused, "ignored the removal of 1 members, such as " + bobID},
		{"rename ignored", all, []step{patchGroup(200, group("g1", "A", annID), rename, addAnn, dropBob, dropEve)}, fault.Refused, `ignored displayName (it is "A")`},
		{"rename onto a taken name", all, []step{patchGroup(409, `{"message":"name taken"}`, rename, addAnn, dropBob, dropEve)}, fault.Conflict, "name taken"},
		{"unknown member", members, []step{patchGroup(400, refused, addAnn, dropBob), getGroup(group("g1", "A", bobID))}, fault.Refused, "no such member"},
		{"unknown member as 404", members, []step{patchGroup(404, refused, addAnn, dropBob), getGroup(group("g1", "A", bobID))}, fault.Refused, "no such member"},
		{"group gone", members, []step{patchGroup(404, refused, addAnn, dropBob), {ask: "GET /Groups/g1", status: 404, answer: `{"message":"Group not found"}`}}, fault.NotFound, "Group not found"},
		{"removal of nobody refused", members, []step{patchGroup(400, refused, addAnn, dropBob), getGroup(group("g1", "A")), patchGroup(200, group("g1", "A", annID), addAnn)}, 0, ""},
		{"already as wanted", members, []step{patchGroup(400, refused, addAnn, dropBob), getGroup(group("g1", "A", annID))}, 0, ""},
		{"less is refused too", members, []step{patchGroup(400, refused, addAnn, dropBob), getGroup(group("g1", "A")), patchGroup(400, `{"message":"still not"}`, addAnn)}, fault.Refused, "still not"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := play(t, tt.steps...).UpdateTeam(t.Context(), "g1", tt.patch)
			if tt.detail != "" {
				wantFault(t, err, tt.kind, tt.detail)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCreateTeam(t *testing.T) {
	const schemas = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]`
	post := func(status int, answer string) step {
		return step{ask: "POST /Groups", status: status, answer: answer,
			body: `{` + schemas + `,"displayName":"A","members":[{"value":"` + annID + `"}]}`}
	}
	team := identity.Team{ID: "g1", DisplayName: "A", Members: []identity.OmniID{annID}}
	tests := []struct {
		name   string
		steps  []step
		want   identity.Team
		kind   fault.Kind
		detail string
	}{
		{"one request", []step{post(201, group("g1", "A", annID))}, team, 0, ""},
		{"answer without members is read back", []step{post(201, `{"id":"g1","displayName":"A"}`), getGroup(group("g1", "A", annID))}, team, 0, ""},
		{"answer without body is looked up", []step{post(201, ""),
			{ask: `GET /Groups?count=100&filter=displayName eq "A"&startIndex=1`, status: 200, answer: list("1", group("g1", "A", annID))},
			getGroup(group("g1", "A", annID))}, team, 0, ""},
		{"made, and can't be read", []step{post(201, `{"id":"g1","displayName":"A"}`), {ask: "GET /Groups/g1", status: 404}},
			identity.Team{}, fault.Unavailable, "what was made can't be read"},
		{"answer in a form that can't be read", []step{post(201, `[]`)}, identity.Team{}, fault.Unavailable, "what was made can't be read"},
		{"members ignored are added", []step{post(201, group("g1", "A")), patchGroup(200, group("g1", "A", annID), addAnn)}, team, 0, ""},
		{"members ignored for good", []step{post(201, group("g1", "A")), patchGroup(200, group("g1", "A"), addAnn)},
			identity.Team{ID: "g1", DisplayName: "A"}, fault.Refused, "addition of 1 members"},
		{"members refused afterwards", []step{post(201, group("g1", "A")), patchGroup(400, "", addAnn)},
			identity.Team{ID: "g1", DisplayName: "A"}, fault.Refused, "addition of 1 members"},
		{"taken", []step{post(409, `{"message":"Group with this name already exists"}`)}, identity.Team{}, fault.Conflict, "already exists"},
		{"unknown member", []step{post(400, `{"message":"no such member"}`)}, identity.Team{}, fault.Refused, "no such member"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := play(t, tt.steps...).CreateTeam(t.Context(), "A", []identity.OmniID{annID})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if tt.detail != "" {
				wantFault(t, err, tt.kind, tt.detail)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCreateTeamWithoutMembers(t *testing.T) {
	c := play(t, step{ask: "POST /Groups", status: 201, answer: `{"id":"g1","displayName":"A"}`,
		body: `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"A","members":[]}`})
	got, err := c.CreateTeam(t.Context(), "A", nil)
	if err != nil || got.ID != "g1" || len(got.Members) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestDeleteTeam(t *testing.T) {
	for _, s := range []step{{status: 204}, {status: 404, answer: `{"message":"Group not found"}`}} {
		s.ask = "DELETE /Groups/g1"
		if err := play(t, s).DeleteTeam(t.Context(), "g1"); err != nil {
			t.Errorf("%d: %v", s.status, err)
		}
	}
}

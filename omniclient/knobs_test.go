package omniclient_test

import (
	"net/http/httptest"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
)

// TestEveryOmni plays one life of a user and a group against each behaviour that
// Omni's documents leave open. The stand-in's own state is the judge.
func TestEveryOmni(t *testing.T) {
	for name, knobs := range map[string]simomni.Knobs{
		"as documented":         {},
		"bare writes":           {BareWrites: true},
		"204":                   {UserPatch204: true, GroupPatch204: true},
		"short pages":           {PageMax: 1},
		"filter minds case":     {FilterCaseSensitive: true},
		"revoked are gone":      {Revoked: simomni.Gone},
		"booleans kept":         {BooleansKept: true},
		"conflict is 400":       {RenameConflictStatus: 400},
		"unknown member is 404": {UnknownMemberStatus: 404},
		"all at once":           {BareWrites: true, UserPatch204: true, GroupPatch204: true, PageMax: 1, FilterCaseSensitive: true, UnknownMemberStatus: 404},
	} {
		t.Run(name, func(t *testing.T) {
			knobs.RealLimit = -1
			org := &simomni.Org{Knobs: knobs}
			org.DefineAttribute(simomni.Definition{Reference: "region"})
			org.AddUser("Bob@acme.test", "Bob")
			server := httptest.NewServer(org)
			defer server.Close()
			life(t, org, client(t, omniclient.Options{BaseURL: server.URL}))
		})
	}
}

func life(t *testing.T, org *simomni.Org, c *omniclient.Client) {
	t.Helper()
	ctx := t.Context()
	a, err := c.CreateUser(ctx, identity.User{UserName: "ann@acme.test", DisplayName: "Ann", Attributes: map[string]identity.Value{"region": `"emea"`}})
	if err != nil || a.Attributes["region"] != `"emea"` || !a.Active {
		t.Fatalf("created %+v, %v", a, err)
	}
	if _, err := c.CreateUser(ctx, identity.User{UserName: "bob@acme.test", DisplayName: "B"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("creating a taken name: %v", err)
	}
	bob, err := c.FindUser(ctx, "bob@acme.test")
	if err != nil || bob.UserName != "Bob@acme.test" {
		t.Fatalf("found %+v, %v", bob, err)
	}
	renamed, err := c.UpdateUser(ctx, a.ID, identity.UserPatch{UserName: ptr("anna@acme.test"), Attributes: map[string]*identity.Value{"region": nil}})
	if err != nil || renamed.UserName != "anna@acme.test" || len(renamed.Attributes) != 0 {
		t.Errorf("renamed and cleared: %+v, %v", renamed, err)
	}
	if _, err := c.UpdateUser(ctx, a.ID, identity.UserPatch{UserName: ptr("bob@acme.test")}); !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Refused) {
		t.Errorf("renaming onto a taken name: %v", err)
	}
	kept, err := c.UpdateUser(ctx, a.ID, identity.UserPatch{DisplayName: ptr("Anna"), Attributes: map[string]*identity.Value{"nowhere": ptr(identity.Value(`"x"`))}})
	if !fault.Is(err, fault.Refused) || kept.DisplayName != "Anna" {
		t.Errorf("an unknown attribute: %+v, %v", kept, err)
	}
	groupLife(t, org, c, a.ID, bob.ID)
	n := 0
	for _, err := range c.Users(ctx) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if n != 2 {
		t.Errorf("%d users are listed, want 2", n)
	}
	if off, err := c.UpdateUser(ctx, a.ID, identity.UserPatch{Active: ptr(false)}); off.Active || err != nil && !fault.Is(err, fault.NotFound) {
		t.Errorf("deactivated: %+v, %v", off, err)
	}
	if u, there := org.User("anna@acme.test"); there && u.Active {
		t.Error("the user is still active")
	}
	for range 2 {
		if err := c.DeleteUser(ctx, a.ID); err != nil {
			t.Errorf("deleted: %v", err)
		}
	}
}

// groupLife makes, changes and deletes a group.
func groupLife(t *testing.T, org *simomni.Org, c *omniclient.Client, ann, bob identity.OmniID) {
	t.Helper()
	ctx := t.Context()
	team, err := c.CreateTeam(ctx, "Sales", []identity.OmniID{bob})
	if err != nil || len(team.Members) != 1 {
		t.Fatalf("created %+v, %v", team, err)
	}
	if found, err := c.FindTeam(ctx, "SALES"); err != nil || found.ID != team.ID {
		t.Errorf("found %+v, %v", found, err)
	}
	// ann is removed though she isn't a member, and bob added though he is.
	for _, p := range []identity.TeamPatch{
		{DisplayName: ptr("Sellers"), Add: []identity.OmniID{ann, bob}},
		{Add: []identity.OmniID{bob}, Remove: []identity.OmniID{ann}},
		{Remove: []identity.OmniID{ann}},
	} {
		if err := c.UpdateTeam(ctx, team.ID, p); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if err := c.UpdateTeam(ctx, team.ID, identity.TeamPatch{Add: []identity.OmniID{ann, eveID}}); !fault.Is(err, fault.Refused) {
		t.Errorf("an unknown member: %v", err)
	}
	if g, there := org.Group("Sellers"); !there || len(g.Members) != 1 || g.Members[0] != "Bob@acme.test" {
		t.Errorf("the group is %+v", g)
	}
	for range 2 {
		if err := c.DeleteTeam(ctx, team.ID); err != nil {
			t.Errorf("deleted: %v", err)
		}
	}
}

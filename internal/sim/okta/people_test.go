package okta_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

func TestIDsHaveOktasFormAndAreTheSameInEachRun(t *testing.T) {
	var a, b simokta.Org
	for prefix, id := range map[string][2]string{
		"00u": {a.AddUser(simokta.User{Login: "x@example.com"}), b.AddUser(simokta.User{Login: "x@example.com"})},
		"00g": {a.AddGroup("A", ""), b.AddGroup("A", "")},
	} {
		if id[0] != id[1] || len(id[0]) != 20 || !strings.HasPrefix(id[0], prefix) {
			t.Errorf("%s: %q", prefix, id)
		}
	}
	g := a.AddGroup("B", "")
	if m := a.Push(g); len(m) != 20 || !strings.HasPrefix(m, "gPm") {
		t.Errorf("mapping %q", m)
	}
	if a.ID() != simokta.DefaultAppID || len(a.ID()) != 20 {
		t.Errorf("app %q", a.ID())
	}
}

func TestAppUser(t *testing.T) {
	h := serve(t, &simokta.Org{})
	id := h.AddUser(simokta.User{
		Login: "ada.login@example.com", Email: "ada@example.com", FirstName: "Ada", LastName: "Berg",
		Profile: map[string]any{"department": "Data", "nickName": nil},
	})
	if !h.Assign(id, simokta.AssignOptions{}) || h.Assign(id, simokta.AssignOptions{UserName: "again@example.com"}) {
		t.Fatal("Assign must assign once")
	}
	got := decode[object](t, h.ask(h.app()+"/users/"+id+"?expand=user"))
	if got.Scope != "USER" || got.Status != "ACTIVE" || got.SyncState != "DISABLED" || got.ExternalID != "" {
		t.Errorf("app user = %+v", got)
	}
	if got.Credentials.UserName != "ada@example.com" {
		t.Errorf("userName = %q, want the email, not the login", got.Credentials.UserName)
	}
	want := map[string]any{"email": "ada@example.com", "firstName": "Ada", "lastName": "Berg", "department": "Data", "nickName": nil}
	if diff := cmp.Diff(want, got.Profile); diff != "" {
		t.Errorf("app profile: %s", diff)
	}
	if u := got.Embedded.User; u == nil || u.ID != id || u.Status != "ACTIVE" || u.Profile["login"] != "ada.login@example.com" {
		t.Errorf("embedded user = %+v", u)
	}
	if plain := decode[object](t, h.ask(h.app()+"/users/"+id)); plain.Embedded.User != nil {
		t.Error("the user is embedded without expand=user")
	}
}

func TestAssignOptions(t *testing.T) {
	h := serve(t, &simokta.Org{})
	id := h.staff(1)[0]
	h.Assign(id, simokta.AssignOptions{
		UserName: "n@example.com", ExternalID: "ext", Scope: "GROUP", AppProfile: map[string]any{"role": "x"},
	})
	got := decode[object](t, h.ask(h.app()+"/users/"+id))
	if got.Credentials.UserName != "n@example.com" || got.ExternalID != "ext" || got.Scope != "GROUP" || got.Status != "PROVISIONED" ||
		got.SyncState != "SYNCHRONIZED" {
		t.Errorf("app user = %+v", got)
	}
	if diff := cmp.Diff(map[string]any{"role": "x"}, got.Profile); diff != "" {
		t.Errorf("app profile: %s", diff)
	}
}

func TestUnassignLeavesNoTrace(t *testing.T) {
	h := serve(t, &simokta.Org{})
	users := h.staff(2)
	h.assignAll(users)
	if !h.Unassign(users[0]) || h.Unassign(users[0]) {
		t.Error("Unassign must end an assignment once")
	}
	wantIDs(t, ids(decode[[]object](t, h.ask(h.app()+"/users"))), users[1:])
	wantFailure(t, h.ask(h.app()+"/users/"+users[0]), http.StatusNotFound, "E0000007")
	h.Assign(users[0], simokta.AssignOptions{})
	wantIDs(t, ids(decode[[]object](t, h.ask(h.app()+"/users"))), []string{users[1], users[0]})
}

func TestDeactivationEndsTheAssignmentAndKeepsMemberships(t *testing.T) {
	h := serve(t, &simokta.Org{})
	users := h.staff(2)
	h.assignAll(users)
	g := h.AddGroup("Sales", "")
	h.AddMembers(g, users...)
	if !h.SetStatus(users[0], "DEPROVISIONED") || h.SetStatus(users[0], "DEPROVISIONED") {
		t.Error("SetStatus must change a status once")
	}
	wantFailure(t, h.ask(h.app()+"/users/"+users[0]), http.StatusNotFound, "E0000007")
	members := decode[[]object](t, h.ask("/api/v1/groups/"+g+"/users"))
	wantIDs(t, ids(members), users)
	if members[0].Status != "DEPROVISIONED" {
		t.Errorf("status = %s", members[0].Status)
	}
	if h.Assign(users[0], simokta.AssignOptions{}) {
		t.Error("a deactivated user was assigned")
	}
	h.SetStatus(users[0], "ACTIVE")
	if _, assigned := h.Assigned()[users[0]]; assigned {
		t.Error("a user who comes back is assigned again by nobody")
	}
}

func TestSuspensionRemovesNothing(t *testing.T) {
	h := serve(t, &simokta.Org{})
	id := h.staff(1)[0]
	h.Assign(id, simokta.AssignOptions{})
	h.SetStatus(id, "SUSPENDED")
	got := decode[object](t, h.ask(h.app()+"/users/"+id+"?expand=user"))
	if got.Status != "ACTIVE" || got.Embedded.User.Status != "SUSPENDED" {
		t.Errorf("app user %s, user %s", got.Status, got.Embedded.User.Status)
	}
}

func TestDelete(t *testing.T) {
	h := serve(t, &simokta.Org{})
	users := h.staff(2)
	h.assignAll(users)
	g := h.AddGroup("Sales", "")
	h.AddMembers(g, users...)
	h.Delete(users[0])
	wantFailure(t, h.ask("/api/v1/users/"+users[0]), http.StatusNotFound, "E0000007")
	wantIDs(t, h.MembersOf(g), users[1:])
	wantIDs(t, h.Users(), users[1:])
	if got := slices.Collect(maps.Keys(h.Assigned())); !slices.Equal(got, users[1:]) {
		t.Errorf("assigned = %v", got)
	}
}

func TestProfilesAndUserNames(t *testing.T) {
	h := serve(t, &simokta.Org{})
	id := h.staff(1)[0]
	h.Assign(id, simokta.AssignOptions{})
	before := decode[object](t, h.ask(h.app()+"/users/"+id))
	if !h.UpdateProfile(id, map[string]any{"email": "new@example.com", "title": "Boss"}) || h.UpdateProfile(id, map[string]any{"title": "Boss"}) {
		t.Error("UpdateProfile must change what is different, once")
	}
	got := decode[object](t, h.ask(h.app()+"/users/"+id))
	if got.Profile["email"] != "new@example.com" || got.Profile["title"] != "Boss" {
		t.Errorf("the app profile didn't follow: %v", got.Profile)
	}
	if got.Credentials.UserName != "user0@example.com" || got.LastUpdated != before.LastUpdated {
		t.Errorf("userName %s, lastUpdated %s: they don't follow the profile", got.Credentials.UserName, got.LastUpdated)
	}
	if !h.SetUserName(id, "new@example.com") || h.SetUserName(id, "new@example.com") {
		t.Error("SetUserName must change a name once")
	}
	if !h.SetAppProfile(id, map[string]any{"role": "x"}) || h.SetAppProfile(id, map[string]any{"role": "x"}) {
		t.Error("SetAppProfile must change a profile once")
	}
	got = decode[object](t, h.ask(h.app()+"/users/"+id))
	if got.Credentials.UserName != "new@example.com" || fmt.Sprint(got.Profile) != "map[role:x]" {
		t.Errorf("app user = %+v", got)
	}
}

func TestAppStatuses(t *testing.T) {
	h := serve(t, &simokta.Org{})
	id := h.staff(1)[0]
	if h.SetAppStatus(id, "STAGED") || h.SetUserName(id, "x@example.com") {
		t.Error("who isn't assigned has no app user to change")
	}
	h.Assign(id, simokta.AssignOptions{ExternalID: "ext"})
	for _, status := range []string{"ACTIVE", "APPROVED", "IMPLICIT", "IMPORTED", "INACTIVE", "MATCHED", "PENDING", "PROVISIONED", "REVOKED",
		"STAGED", "SUSPENDED", "UNASSIGNED", "DEPROVISIONED"} {
		if !h.SetAppStatus(id, status) && status != "PROVISIONED" {
			t.Errorf("%s was no change", status)
		}
		if got := decode[object](t, h.ask(h.app()+"/users/"+id)); got.Status != status {
			t.Errorf("status = %s, want %s", got.Status, status)
		}
	}
	if got := decode[object](t, h.ask(h.app()+"/users/"+id)); got.ExternalID != "" {
		t.Error("DEPROVISIONED keeps the externalId")
	}
}

func TestAssignedIsTheTruth(t *testing.T) {
	var org simokta.Org
	want := map[string]string{}
	for _, tc := range []struct {
		user, app string
		counts    bool
	}{
		{"ACTIVE", "ACTIVE", true}, {"ACTIVE", "STAGED", true}, {"ACTIVE", "PENDING", true}, {"ACTIVE", "APPROVED", true},
		{"ACTIVE", "IMPLICIT", true}, {"PASSWORD_EXPIRED", "PROVISIONED", true}, {"LOCKED_OUT", "ACTIVE", true},
		{"RECOVERY", "ACTIVE", true}, {"PROVISIONED", "ACTIVE", true},
		{"ACTIVE", "UNASSIGNED", false}, {"ACTIVE", "IMPORTED", false}, {"ACTIVE", "DEPROVISIONED", false}, {"ACTIVE", "REVOKED", false},
		{"ACTIVE", "SUSPENDED", false}, {"ACTIVE", "INACTIVE", false}, {"STAGED", "ACTIVE", false},
		{"SUSPENDED", "ACTIVE", false}, {"DEPROVISIONED", "ACTIVE", false},
	} {
		name := strings.ToLower(tc.user + "." + tc.app + "@example.com")
		id := org.AddUser(simokta.User{Email: name})
		org.Assign(id, simokta.AssignOptions{Status: tc.app})
		org.SetStatus(id, tc.user)
		if tc.counts {
			want[id] = name
		}
		if got := org.Status(id); got != tc.user {
			t.Errorf("status = %s, want %s", got, tc.user)
		}
	}
	if diff := cmp.Diff(want, org.Assigned()); diff != "" {
		t.Errorf("assigned: %s", diff)
	}
}

func TestUnknownIDsPanic(t *testing.T) {
	for want, call := range map[string]func(*simokta.Org){
		`no user "00ux"`:               func(o *simokta.Org) { o.Assign("00ux", simokta.AssignOptions{}) },
		`no group "00gx"`:              func(o *simokta.Org) { o.RenameGroup("00gx", "x") },
		`no group-push mapping "gPmx"`: func(o *simokta.Org) { o.Unpush("gPmx") },
		`ACTIVE, INACTIVE or ERROR`:    func(o *simokta.Org) { o.SetMappingStatus(o.Push(o.AddGroup("A", "")), "PAUSED", "") },
		`a profile that isn't JSON`:    func(o *simokta.Org) { o.AddUser(simokta.User{Profile: map[string]any{"f": func() {}}}) },
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, want) {
					t.Errorf("panic %q, want %q in it", p, want)
				}
			}()
			call(new(simokta.Org))
		})
	}
}

package okta_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

func TestListsArePaged(t *testing.T) {
	h := serve(t, &simokta.Org{})
	users := h.staff(45)
	h.assignAll(users)
	groupID := h.AddGroup("Sales", "")
	h.AddMembers(groupID, users...)
	for _, tc := range []struct {
		path  string
		want  []string
		pages int
	}{
		{h.app() + "/users?limit=20", users, 3},
		{h.app() + "/users?limit=45", users, 1},
		{h.app() + "/users", users, 1}, // 50 is the default
		{"/api/v1/groups/" + groupID + "/users?limit=7", users, 7},
		{"/api/v1/groups/" + groupID + "/users", users, 1},
		{"/api/v1/users?limit=44", users, 2},
		{"/api/v1/groups?limit=1", []string{groupID}, 1},
	} {
		t.Run(tc.path, func(t *testing.T) {
			got, pages := all[object](h, tc.path, 100)
			wantIDs(t, ids(got), tc.want)
			if pages != tc.pages {
				t.Errorf("%d pages, want %d", pages, tc.pages)
			}
		})
	}
}

func TestLinksKeepTheQueryAndComeOnTheirOwnLines(t *testing.T) {
	h := serve(t, &simokta.Org{})
	h.assignAll(h.staff(3))
	a := h.ask(h.app() + "/users?limit=2&expand=user&q=user")
	links := a.header.Values("Link")
	if len(links) != 2 || links[0] != "<"+h.url+h.app()+`/users?limit=2&expand=user&q=user>; rel="self"` {
		t.Fatalf("Link = %q", links)
	}
	for _, part := range []string{"limit=2", "expand=user", "q=user", "after="} {
		if !strings.Contains(a.next, part) {
			t.Errorf("the next link %s lost %s", a.next, part)
		}
	}
}

func TestLinksUseTheOrgsOwnOrigin(t *testing.T) {
	h := serve(t, &simokta.Org{URL: "https://acme.okta.com"})
	h.assignAll(h.staff(2))
	if got := h.ask(h.app() + "/users?limit=1").next; !strings.HasPrefix(got, "https://acme.okta.com/api/v1/apps/") {
		t.Errorf("next = %s", got)
	}
}

func TestCursorsSurviveRemovals(t *testing.T) {
	h := serve(t, &simokta.Org{})
	users := h.staff(200)
	h.assignAll(users)
	first := h.ask(h.app() + "/users?limit=100")
	for _, id := range users[10:110] { // the last one seen is among them, and most of the list goes
		h.Unassign(id)
	}
	rest, _ := all[object](h, first.next, 10)
	wantIDs(t, ids(rest), users[110:])
}

func TestLimitsOfLists(t *testing.T) {
	h := serve(t, &simokta.Org{})
	groupID := h.AddGroup("Sales", "")
	for _, tc := range []struct {
		path string
		ok   bool
	}{
		{h.app() + "/users?limit=500", true},
		{h.app() + "/users?limit=501", false},
		{h.app() + "/users?limit=0", false},
		{h.app() + "/users?limit=many", false},
		{h.app() + "/users?after=guess", false},
		{h.app() + "/groups?limit=20", true},
		{h.app() + "/groups?limit=19", false},
		{h.app() + "/groups?limit=201", false},
		{h.app() + "/group-push/mappings?limit=1000", true},
		{h.app() + "/group-push/mappings?limit=1001", false},
		{"/api/v1/groups?limit=10000", true},
		{"/api/v1/groups?limit=10001", false},
		{"/api/v1/groups/" + groupID + "/users?limit=5000", true},
		{"/api/v1/users?limit=201", false},
	} {
		a := h.ask(tc.path)
		switch {
		case tc.ok && a.status != http.StatusOK:
			t.Errorf("%s: status %d %s", tc.path, a.status, a.body)
		case !tc.ok && (a.status != http.StatusBadRequest || !strings.Contains(a.body, "E0000001")):
			t.Errorf("%s: status %d %s", tc.path, a.status, a.body)
		}
	}
}

func TestQueriesMatchBeginnings(t *testing.T) {
	h := serve(t, &simokta.Org{})
	ann := h.AddUser(simokta.User{Email: "ann@example.com", FirstName: "Ann", LastName: "Berg"})
	bob := h.AddUser(simokta.User{Email: "bob@example.com", FirstName: "Bob", LastName: "Cole"})
	h.Assign(ann, simokta.AssignOptions{})
	h.Assign(bob, simokta.AssignOptions{UserName: "robert@example.com"})
	sales, north := h.AddGroup("Sales", ""), h.AddGroup("North", "")
	h.AssignGroup(sales)
	h.AssignGroup(north)
	for path, want := range map[string][]string{
		h.app() + "/users?q=BE":       {ann},
		h.app() + "/users?q=robert":   {bob},
		h.app() + "/users?q=cole":     {bob},
		h.app() + "/users?q=example":  {},
		h.app() + "/groups?q=sa":      {sales},
		"/api/v1/groups?q=nor":        {north},
		"/api/v1/groups?q=orth":       {},
		"/api/v1/groups?q=N&limit=10": {north},
	} {
		t.Run(path, func(t *testing.T) { wantIDs(t, ids(decode[[]object](t, h.ask(path))), want) })
	}
}

func TestGroupFilters(t *testing.T) {
	h := serve(t, &simokta.Org{})
	user := h.staff(1)[0]
	a, b := h.AddGroup("A", ""), h.AddGroup("B", "BUILT_IN")
	before := decode[object](t, h.ask("/api/v1/groups/"+a)).Membership
	h.AddMember(a, user)
	moved := decode[object](t, h.ask("/api/v1/groups/"+a)).Membership
	for filter, want := range map[string][]string{
		fmt.Sprintf(`id eq "%s"`, a):                                                     {a},
		fmt.Sprintf(`id eq "%s" or id eq "%s"`, b, a):                                    {a, b},
		`type eq "BUILT_IN"`:                                                             {b},
		fmt.Sprintf(`lastMembershipUpdated gt "%s"`, moved):                              {},
		fmt.Sprintf(`type eq "OKTA_GROUP" and (id eq "%s")`, b):                          {},
		fmt.Sprintf(`not (type eq "BUILT_IN") and id eq "%s"`, a):                        {a},
		fmt.Sprintf(`id eq "%s" and lastUpdated lt "%s"`, a, "2001-01-01T00:00:00.000Z"): {},
		fmt.Sprintf(`id eq "%s" and lastMembershipUpdated gt "%s"`, a, before):           {a},
	} {
		t.Run(filter, func(t *testing.T) {
			wantIDs(t, ids(decode[[]object](t, h.ask("/api/v1/groups?filter="+filter))), want)
		})
	}
}

func TestBadFilters(t *testing.T) {
	h := serve(t, &simokta.Org{})
	for filter, words := range map[string]string{
		`name eq "x"`:              "unsupported attribute",
		`id is "x"`:                "unsupported operator",
		`id eq x`:                  "needs a value in quotes",
		`id eq "x`:                 "closing quote",
		`(id eq "x"`:               "a parenthesis isn't closed",
		`id eq "x" id eq "y"`:      "unexpected",
		`id eq "x" and`:            "unsupported attribute",
		`id eq "x" or type xx "y"`: "unsupported operator",
	} {
		a := h.ask("/api/v1/groups?filter=" + filter)
		wantFailure(t, a, http.StatusBadRequest, "E0000031")
		if !strings.Contains(a.body, words) {
			t.Errorf("%s: %s, want %q in it", filter, a.body, words)
		}
	}
}

func TestWhatTheStandInHasNotIsRefusedAloud(t *testing.T) {
	h := serve(t, &simokta.Org{})
	for _, path := range []string{"/api/v1/groups?search=x", "/api/v1/users?q=x", "/api/v1/users?search=x", "/api/v1/logs?q=x"} {
		wantFailure(t, h.ask(path), http.StatusNotImplemented, "E0000060")
	}
}

func TestUnknownObjects(t *testing.T) {
	h := serve(t, &simokta.Org{})
	user := h.staff(1)[0]
	for _, path := range []string{
		"/api/v1/apps/0oaother", "/api/v1/apps/0oaother/users", "/api/v1/apps/0oaother/users/" + user,
		"/api/v1/apps/0oaother/groups", "/api/v1/apps/0oaother/group-push/mappings", "/api/v1/apps/0oaother/groups/00gx",
		"/api/v1/apps/0oaother/group-push/mappings/gPmx",
		h.app() + "/users/" + user, h.app() + "/groups/00gx", h.app() + "/group-push/mappings/gPmx",
		"/api/v1/groups/00gx", "/api/v1/groups/00gx/users", "/api/v1/users/00ux", "/api/v1/users/00ux/groups", "/api/v2/what",
	} {
		t.Run(path, func(t *testing.T) { wantFailure(t, h.ask(path), http.StatusNotFound, "E0000007") })
	}
}

func TestWritesAreRefused(t *testing.T) {
	h := serve(t, &simokta.Org{})
	resp, err := h.client.Post(h.url+"/api/v1/groups/00gx", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestUsersAreListedWithoutTheDeactivatedUnlessAskedFor(t *testing.T) {
	h := serve(t, &simokta.Org{})
	users := h.staff(3)
	h.SetStatus(users[1], "DEPROVISIONED")
	for path, want := range map[string][]string{
		"/api/v1/users": {users[0], users[2]},
		`/api/v1/users?filter=status eq "DEPROVISIONED"`:            {users[1]},
		`/api/v1/users?filter=profile.login eq "user2@example.com"`: {users[2]},
		`/api/v1/users?filter=id pr`:                                users,
	} {
		got := ids(decode[[]object](t, h.ask(path)))
		slices.Sort(got)
		wantIDs(t, got, want)
	}
	if got := decode[object](t, h.ask("/api/v1/users/USER0@example.com")).ID; got != users[0] {
		t.Errorf("by login: %s", got)
	}
}

func TestTheListOfAppUsersLagsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inBubble(t, &simokta.Org{})
		users := h.staff(3)
		h.Assign(users[0], simokta.AssignOptions{UserName: "old@acme.co"})
		h.Assign(users[1], simokta.AssignOptions{})
		<-time.After(time.Hour) // the bubble's clock
		h.SetKnobs(func(k *simokta.Knobs) { k.ListLag = time.Minute })
		h.Unassign(users[1])
		h.Assign(users[2], simokta.AssignOptions{})
		h.SetUserName(users[0], "new@acme.co")
		listed := func() []string { return ids(decode[[]object](t, h.ask(h.app()+"/users"))) }
		wantIDs(t, listed(), users[:2])
		if got := h.ask(h.app() + "/users"); !strings.Contains(got.body, "old@acme.co") || strings.Contains(got.body, "new@acme.co") {
			t.Errorf("the list is fresh: %s", got.body)
		}
		if got := h.ask(h.app() + "/users/" + users[0]); !strings.Contains(got.body, "new@acme.co") {
			t.Errorf("one user isn't fresh: %s", got.body)
		}
		<-time.After(time.Minute + time.Second)
		wantIDs(t, listed(), []string{users[0], users[2]})
		if got := h.ask(h.app() + "/users"); !strings.Contains(got.body, "new@acme.co") {
			t.Errorf("the list lags for too long: %s", got.body)
		}
		h.Unassign(users[2])
		h.Assign(users[2], simokta.AssignOptions{})
		wantIDs(t, listed(), []string{users[0], users[2]})
		h.SetKnobs(func(k *simokta.Knobs) { k.ListLag = 0 })
		wantIDs(t, listed(), []string{users[0], users[2]})
	})
}

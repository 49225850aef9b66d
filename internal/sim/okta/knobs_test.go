package okta_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

func TestApp(t *testing.T) {
	h := serve(t, &simokta.Org{AppID: "0oaother", AppLabel: "Omni Prod"})
	got := decode[object](t, h.ask("/api/v1/apps/0oaother"))
	if got.ID != "0oaother" || got.Status != "ACTIVE" || !slices.Equal(got.Features, []string{"GROUP_PUSH"}) || got.Settings.ImplicitAssignment {
		t.Errorf("app = %+v", got)
	}
	h.SetKnobs(func(k *simokta.Knobs) {
		k.AppStatus, k.ImplicitAssignment, k.Features = "INACTIVE", true, []string{"PUSH_NEW_USERS"}
	})
	got = decode[object](t, h.ask("/api/v1/apps/0oaother"))
	if got.Status != "INACTIVE" || !got.Settings.ImplicitAssignment || !slices.Equal(got.Features, []string{"PUSH_NEW_USERS"}) {
		t.Errorf("app = %+v", got)
	}
	h.SetKnobs(func(k *simokta.Knobs) { k.AppStatus = "DELETED" })
	wantFailure(t, h.ask("/api/v1/apps/0oaother"), http.StatusNotFound, "E0000007")
}

func TestWithoutGroupPushThereAreNoMappings(t *testing.T) {
	h := serve(t, &simokta.Org{})
	h.Push(h.AddGroup("A", ""))
	h.SetKnobs(func(k *simokta.Knobs) { k.Features = []string{} })
	if got := decode[[]object](t, h.ask(h.app()+"/group-push/mappings")); len(got) != 0 {
		t.Errorf("mappings = %v", ids(got))
	}
}

func TestDenied(t *testing.T) {
	h := serve(t, &simokta.Org{})
	users, g := company(h)
	list, single := h.app()+"/users?limit=1", h.app()+"/users/"+users[0]
	for _, tc := range []struct {
		denied simokta.Denied
		path   string
		want   map[string]string // status and whether something came
	}{
		{simokta.NotDenied, "", map[string]string{list: "200 true", single: "200 true", "/api/v1/groups/" + g + "/users": "200 true"}},
		{simokta.DeniedError, "", map[string]string{list: "403 true", single: "403 true", h.app(): "403 true", "/api/v1/logs": "403 true"}},
		{simokta.DeniedSilence, "", map[string]string{list: "200 false", single: "403 true", h.app(): "403 true", "/api/v1/logs": "200 false"}},
		{simokta.DeniedSilence, "/api/v1/apps/*/users", map[string]string{list: "200 false", single: "200 true", h.app(): "200 true"}},
		{simokta.DeniedError, "/api/v1/groups/*/users", map[string]string{list: "200 true", "/api/v1/groups/" + g + "/users": "403 true"}},
	} {
		h.SetKnobs(func(k *simokta.Knobs) { k.Denied, k.DeniedPath = tc.denied, tc.path })
		for path, want := range tc.want {
			a := h.ask(path)
			if got := fmt.Sprint(a.status, a.body != "[]"); got != want {
				t.Errorf("%v on %q: %s: %s, want %s", tc.denied, tc.path, path, got, want)
			}
			if a.status == http.StatusForbidden {
				wantFailure(t, a, http.StatusForbidden, "E0000006")
			}
			if a.body == "[]" && a.next != "" && path != "/api/v1/logs" {
				t.Errorf("%s: an empty page has a next link", path)
			}
		}
	}
}

// What lies outside a role's resources is in no list and unknown by id, on the named paths
// or everywhere; what Okta counts it counts all the same.
func TestHidden(t *testing.T) {
	h := serve(t, &simokta.Org{})
	users, g := company(h)
	h.Push(g)
	paths := func(user, group string) map[string]string {
		return map[string]string{
			h.app() + "/users": user, "/api/v1/groups/" + group + "/users": user, "/api/v1/users": user,
			h.app() + "/groups": group, h.app() + "/group-push/mappings": group, "/api/v1/groups": group, "/api/v1/users/" + user + "/groups": group,
		}
	}
	singles := []string{h.app() + "/users/" + users[0], "/api/v1/users/" + users[0], "/api/v1/groups/" + g, h.app() + "/groups/" + g}
	shows := func(list, id string) bool { return strings.Contains(h.ask(list).body, `"`+id+`"`) }
	for list, id := range paths(users[0], g) {
		if !shows(list, id) {
			t.Errorf("%s lacks %s before it is hidden", list, id)
		}
	}
	h.SetKnobs(func(k *simokta.Knobs) { k.Hidden = []string{users[0], g} })
	for list, id := range paths(users[0], g) {
		if shows(list, id) {
			t.Errorf("%s shows %s", list, id)
		}
	}
	for _, path := range singles {
		wantFailure(t, h.ask(path), http.StatusNotFound, "E0000007")
	}
	h.SetKnobs(func(k *simokta.Knobs) { k.HiddenPaths = []string{"/api/v1/groups/*/users"} })
	for list, id := range paths(users[0], g) {
		if want := list != "/api/v1/groups/"+g+"/users"; shows(list, id) != want {
			t.Errorf("%s shows %s: %t", list, id, !want)
		}
	}
	counted := func() int {
		return decode[[]object](t, h.ask(`/api/v1/groups?expand=stats&filter=id eq "`+g+`"`))[0].Embedded.Stats.UsersCount
	}
	if n := counted(); n != 5 {
		t.Errorf("%d members are counted", n)
	}
}

func TestListsThatLoopOrEndEarly(t *testing.T) {
	h := serve(t, &simokta.Org{})
	users := h.staff(6)
	h.assignAll(users)
	list := h.app() + "/users?limit=2"
	h.SetKnobs(func(k *simokta.Knobs) { k.EndEarlyPath = "/api/v1/apps/*/users" })
	got, pages := all[object](h, list, 10)
	if pages != 1 {
		t.Errorf("%d pages", pages)
	}
	wantIDs(t, ids(got), users[:2])
	second := h.url + list
	h.SetKnobs(func(k *simokta.Knobs) { k.EndEarlyPath = "" })
	second = h.ask(second).next
	h.SetKnobs(func(k *simokta.Knobs) { k.LoopPath = "/api/v1/apps/*/users" })
	if a := h.ask(second); a.next != second {
		t.Errorf("next of the second page = %s, want itself", a.next)
	}
	if _, pages := all[object](h, list, 10); pages != 10 {
		t.Errorf("the loop ended after %d pages", pages)
	}
	if a := h.ask("/api/v1/users?limit=200"); a.next != "" {
		t.Error("another list loops")
	}
}

func TestNullProfiles(t *testing.T) {
	org := &simokta.Org{Knobs: simokta.Knobs{NullProfiles: true}}
	h := inBubble(t, org) // the description doesn't know it
	h.assignAll(h.staff(1))
	if got := decode[[]map[string]any](t, h.ask(h.app()+"/users")); got[0]["profile"] != nil {
		t.Errorf("profile = %v", got[0]["profile"])
	}
}

func TestSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inBubble(t, &simokta.Org{Knobs: simokta.Knobs{Skew: time.Hour}})
		want := time.Now().Add(time.Hour)
		a := h.ask("/api/v1/groups/" + h.AddGroup("A", ""))
		date, err := http.ParseTime(a.header.Get("Date"))
		if err != nil || !date.Equal(want) {
			t.Errorf("Date %s, error %v, want %s", date, err, want)
		}
		if got := decode[object](t, a).Created; got != want.UTC().Format("2006-01-02T15:04:05.000Z") {
			t.Errorf("created = %s", got)
		}
	})
}

func TestFaultsAndRequestsOfTheOrg(t *testing.T) {
	h := serve(t, &simokta.Org{})
	h.Faults.Add(sim.Fault{Path: "/api/v1/groups", Times: 1, Do: sim.Status(503, `{"errorCode":"E0000010"}`, nil)})
	client := h.client
	h.client = http.DefaultClient // a planted answer isn't held to the description
	if a := h.ask("/api/v1/groups"); a.status != 503 {
		t.Errorf("status %d", a.status)
	}
	h.client = client
	h.ask("/api/v1/groups")
	if got := h.Requests.Count("GET", "/api/v1/groups"); got != 2 {
		t.Errorf("%d requests", got)
	}
}

func TestChangesWhileOthersRead(t *testing.T) {
	h := inBubble(t, &simokta.Org{Knobs: simokta.Knobs{Limits: map[simokta.Bucket]int{simokta.BucketApps: -1, simokta.BucketGroups: -1, simokta.BucketLogs: -1}}})
	users := h.staff(50)
	g := h.AddGroup("Sales", "")
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := i; n < len(users); n += 4 {
				h.Assign(users[n], simokta.AssignOptions{})
				h.AddMember(g, users[n])
				h.UpdateProfile(users[n], map[string]any{"title": fmt.Sprint(n)})
				if n%2 == 0 {
					h.Unassign(users[n])
					h.RemoveMember(g, users[n])
				}
			}
		})
		all.Go(func() {
			for range 20 {
				for _, path := range []string{h.app() + "/users?expand=user", "/api/v1/groups/" + g + "/users", "/api/v1/logs"} {
					if a := h.ask(path); a.status != http.StatusOK {
						t.Errorf("%s: %s", path, limits(a))
					}
				}
			}
		})
	}
	all.Wait()
	if len(h.Assigned()) != 25 || len(h.MembersOf(g)) != 25 {
		t.Errorf("%d assigned, %d members, want 25 each", len(h.Assigned()), len(h.MembersOf(g)))
	}
}

// TestLargeOrg keeps the stand-in usable for large companies: what it does for one user must not grow with the others.
func TestLargeOrg(t *testing.T) {
	h := inBubble(t, &simokta.Org{Knobs: simokta.Knobs{Quiet: true}})
	const size = 20_000
	users := h.staff(size)
	h.assignAll(users)
	for n := range 100 {
		h.AddMembers(h.AddGroup(fmt.Sprint("G", n), ""), users[n*180:n*180+2_000]...)
	}
	first := h.ask(h.app() + "/users?limit=500&expand=user")
	for _, id := range users[:size-1000] {
		h.Unassign(id)
	}
	rest, pages := all[object](h, first.next, 10)
	wantIDs(t, ids(rest), users[size-1000:])
	if pages != 2 {
		t.Errorf("%d pages", pages)
	}
	if got := len(decode[[]object](t, h.ask("/api/v1/users/"+users[1900]+"/groups"))); got != 11 {
		t.Errorf("a user is in %d groups, want 11", got)
	}
}

// TestLargeGroups looks at one member of groups of 50,000 many times: no answer may look at all of them.
func TestLargeGroups(t *testing.T) {
	h := inBubble(t, &simokta.Org{Knobs: simokta.Knobs{Quiet: true, MemberLag: time.Nanosecond, Limits: map[simokta.Bucket]int{
		simokta.BucketApps: -1, simokta.BucketGroup: -1, simokta.BucketRest: -1,
	}}})
	const size = 50_000
	users := h.staff(size)
	groups := []string{}
	for n := range 3 {
		groups = append(groups, h.AddGroup(fmt.Sprint("G", n), ""))
		h.AddMembers(groups[n], users...)
		h.Push(groups[n])
	}
	h.AssignGroup(groups[0])
	for _, id := range users[:500] {
		if got := len(decode[[]object](t, h.ask("/api/v1/users/"+id+"/groups"))); got != len(groups) {
			t.Fatalf("a user is in %d groups, want %d", got, len(groups))
		}
		if one := decode[object](t, h.ask(h.app()+"/users/"+id)); one.Scope != "GROUP" {
			t.Fatalf("the app user %+v", one)
		}
		stats := decode[object](t, h.ask("/api/v1/groups/"+groups[0]+"?expand=stats")).Embedded.Stats
		if stats.UsersCount != size || stats.GroupPushMappingsCount != 1 {
			t.Fatalf("stats = %+v", stats)
		}
	}
	for _, id := range users {
		h.RemoveMember(groups[1], id)
	}
	if left := len(h.MembersOf(groups[1])); left != 0 {
		t.Errorf("%d members are left", left)
	}
}

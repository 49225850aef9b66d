package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/okta"
)

func reader(t *testing.T, at string) *okta.Reader {
	t.Helper()
	r, err := okta.New(okta.Options{OrgURL: at, AppID: appID, RateShare: 1, Transport: newTransport(),
		Token: func() (string, error) { return "bench", nil }})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func serveCompany(t *testing.T, c company) string {
	t.Helper()
	server := httptest.NewServer(newStandin(c).handler())
	t.Cleanup(server.Close)
	return server.URL
}

// The engine's own reader finds everyone, and in every group those who belong
// to it, in lists of several pages that end in the middle of one.
func TestTheReaderUnderstandsTheStandin(t *testing.T) {
	c := company{Users: 1201, Groups: 30, Each: 1100}
	r := reader(t, serveCompany(t, c))
	app, err := r.App(t.Context())
	if err != nil || app.Status != "ACTIVE" || !app.Has("GROUP_PUSH") || app.Implicit {
		t.Fatalf("the app is %+v, %v", app, err)
	}
	number := 0
	for s, err := range r.Assignments(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		whole, err := s.Whole()
		if err != nil || string(s.ID) != userID(number) || s.Account != "ACTIVE" || s.Status != "ACTIVE" ||
			whole.Login != s.UserName || whole.Profile["employeeNumber"] != fmt.Sprintf("%06d", number) || len(whole.App) != 13 {
			t.Fatalf("user %d is %+v, %v", number, whole, err)
		}
		number++
	}
	if number != c.Users {
		t.Errorf("%d users, want %d", number, c.Users)
	}
	var pushed []identity.GroupID
	for m, err := range r.Mappings(t.Context()) {
		if err != nil || m.Status != "ACTIVE" {
			t.Fatalf("mapping %+v, %v", m, err)
		}
		pushed = append(pushed, m.Source)
	}
	groups, err := r.Groups(t.Context(), pushed)
	if err != nil || len(groups) != c.Groups {
		t.Fatalf("%d groups, %v", len(groups), err)
	}
	for g, id := range pushed {
		if groups[id].Name != groupName(g) || groups[id].MembershipUpdated.IsZero() {
			t.Errorf("group %d is %+v", g, groups[id])
		}
		var members, want []identity.OktaID
		for u, err := range r.Members(t.Context(), id) {
			if err != nil {
				t.Fatal(err)
			}
			members = append(members, u.User)
		}
		for k := range c.Each {
			want = append(want, identity.OktaID(userID((c.first(g)+k)%c.Users)))
		}
		if !slices.Equal(members, want) {
			t.Errorf("group %d has %d members, want %d from user %d on", g, len(members), len(want), c.first(g))
		}
	}
}

// Objects are as large as they were seen to be, and JSON.
func TestObjects(t *testing.T) {
	for name, row := range map[string]struct {
		object      []byte
		least, most int
	}{
		"app":        {appendApp(nil), 500, 2000},
		"assignment": {appendAssignment(nil, newPerson(4)), 1500, 2000},
		"user":       {appendUser(nil, newPerson(4)), 800, 1100},
		"group":      {appendGroup(nil, 3), 400, 1000},
		"mapping":    {appendMapping(nil, 3), 300, 1000},
	} {
		if !json.Valid(row.object) || len(row.object) < row.least || len(row.object) > row.most {
			t.Errorf("%s has %d bytes, want %d to %d, or isn't JSON: %s", name, len(row.object), row.least, row.most, row.object)
		}
	}
}

func TestIDsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for i := range 200_000 {
		id := userID(i)
		if seen[id] || len(id) != 20 {
			t.Fatalf("the id of user %d, %q, is somebody else's or not Okta's form", i, id)
		}
		seen[id] = true
	}
}

// Each user is in as many groups as each other.
func TestCompanySizes(t *testing.T) {
	for users, want := range map[int]company{
		100_000: {Users: 100_000, Groups: 500, Each: 2000},
		10_000:  {Users: 10_000, Groups: 50, Each: 2000},
		1_000:   {Users: 1_000, Groups: 25, Each: 400},
		100:     {Users: 100, Groups: 25, Each: 40},
	} {
		c := newCompany(users)
		if c != want || c.memberships() != 10*users {
			t.Errorf("%d users: %+v with %d memberships, want %+v", users, c, c.memberships(), want)
		}
	}
}

// The stand-in counts by kind, waits as it is told, and forgets when it begins anew.
func TestCounts(t *testing.T) {
	at := serveCompany(t, newCompany(100))
	if _, err := tell(t.Context(), at, &setup{Latency: 30 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	began, bytes := time.Now(), 0
	for _, path := range []string{"/api/v1/apps/" + appID, "/api/v1/groups?limit=10", "/api/v1/users/00u1/groups"} {
		bytes += len(get(t, at+path))
	}
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("two answers with a latency of 30 ms took %s", took)
	}
	counts, err := tell(t.Context(), at, &setup{Empty: true})
	if err != nil || counts[countApp] != 1 || counts[countGroups] != 1 || counts[countOther] != 1 || counts[countBytes] >= bytes || counts[countBytes] < 1000 {
		t.Errorf("%v, %v", counts, err)
	}
	get(t, at+"/api/scim/v2/Users?count=1")
	counts, err = tell(t.Context(), at, nil)
	if err != nil || counts[countReads] != 1 || counts[countApp] != 0 {
		t.Errorf("after a new beginning: %v, %v", counts, err)
	}
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: newTransport()}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

package pusher_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/internal/sim/pusher"
)

func paths(c *pusher.Client) []string {
	var list []string
	for _, x := range c.Exchanges() {
		list = append(list, x.Method+" "+x.Path)
	}
	return list
}

func TestConnectionTest(t *testing.T) {
	for name, tc := range map[string]struct {
		style pusher.Style
		want  []string
	}{
		"plain":  {pusher.Classic(), []string{"GET /Users?startIndex=1&count=2"}},
		"groups": {pusher.Style{ImportGroups: true}, []string{"GET /Users?startIndex=1&count=2", "GET /Groups?startIndex=1&count=100"}},
		"schema": {pusher.Style{ImportSchema: true}, []string{"GET /Users?startIndex=1&count=2", "GET /ResourceTypes", "GET /Schemas"}},
	} {
		okta := newEndpoint(t).okta(tc.style)
		if err := okta.TestConnection(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		same(t, name, paths(okta), tc.want)
	}
}

func TestConnectionTestFails(t *testing.T) {
	okta := newEndpoint(t).okta(pusher.Classic())
	okta.Point(base, "wrong")
	want := "Error authenticating: Unauthorized. Errors reported by remote server: no such token"
	if err := okta.TestConnection(t.Context()); err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestImport(t *testing.T) {
	e := newEndpoint(t)
	for i := range 250 {
		if _, err := e.users.Create(nil, map[string]any{"userName": fmt.Sprintf("u%d@example.com", i), "active": true}); err != nil {
			t.Fatal(err)
		}
	}
	okta := e.okta(pusher.Catalog())
	okta.ImportUsers()
	run(t, okta)
	same(t, "pages", paths(okta), []string{"GET /Users?startIndex=1&count=100", "GET /Users?startIndex=101&count=100", "GET /Users?startIndex=201&count=100"})
	names := map[string]bool{}
	for _, u := range okta.ImportedUsers() {
		names[u["userName"].(string)] = true
	}
	if len(names) != 250 {
		t.Errorf("%d users, want 250", len(names))
	}
}

func TestAnImportedGroupIsLinked(t *testing.T) {
	e := newEndpoint(t)
	if _, err := e.groups.Create(nil, map[string]any{"displayName": "Crew of old"}); err != nil {
		t.Fatal(err)
	}
	okta := e.okta(pusher.Catalog())
	okta.Assign(ada)
	okta.ImportGroups()
	run(t, okta)
	target := okta.ImportedGroups()[0]["id"].(string)
	okta.PushGroup(pusher.Group{OktaID: "00gcrew", Name: "Crew", Members: []string{"00uada"}, Target: target})
	run(t, okta)
	same(t, "members", e.crew("Crew"), []string{"ada@example.com"})
	if okta.GroupID("00gcrew") != target {
		t.Errorf("linked to %s, want %s", okta.GroupID("00gcrew"), target)
	}
	okta.UnlinkGroup("00gcrew")
	run(t, okta)
	if e.crew("Crew") == nil || okta.GroupID("00gcrew") != "" {
		t.Error("unlinking left a link, or no group")
	}
}

func TestAGroupOfThatNameIsLinked(t *testing.T) {
	e := newEndpoint(t)
	if _, err := e.groups.Create(nil, map[string]any{"displayName": "R&D + 50% = ä"}); err != nil {
		t.Fatal(err)
	}
	okta := e.okta(pusher.Classic())
	okta.PushGroup(pusher.Group{OktaID: "00gcrew", Name: "R&D + 50% = ä"})
	run(t, okta)
	if okta.GroupID("00gcrew") != "displayName-1" {
		t.Errorf("linked to %q; asked %v", okta.GroupID("00gcrew"), paths(okta))
	}
}

func TestNamesAreQuotedInFilters(t *testing.T) {
	okta := newEndpoint(t).okta(pusher.Classic())
	okta.PushGroup(pusher.Group{OktaID: "00gcrew", Name: `The "A\B" crew`})
	run(t, okta)
	want := "GET /Groups?filter=displayName%20eq%20%22The%20%5C%22A%5C%5CB%5C%22%20crew%22&startIndex=1&count=100"
	same(t, "look-up", paths(okta)[0], want)
}

func TestImportsWaitOn429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(t)
		e.faults.Add(sim.Fault{Method: "GET", Path: "/scim/v2/Users", Times: 1, Do: sim.Status(429, `{}`, map[string][]string{"Retry-After": {"30"}})})
		okta := e.okta(pusher.Style{ImportSchema: true})
		began := time.Now()
		okta.ImportUsers()
		run(t, okta)
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("took %v, want 30 s", took)
		}
		same(t, "requests", strings.Join(paths(okta)[:3], ", "), "GET /ResourceTypes, GET /Schemas, GET /Users?startIndex=1&count=100")
	})
}

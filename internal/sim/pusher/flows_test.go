package pusher_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/internal/sim/pusher"
)

func TestFlowsReplay(t *testing.T) {
	flows := pusher.Flows()
	if len(flows) < 40 {
		t.Fatalf("%d flows are read, there are more", len(flows))
	}
	for _, f := range flows {
		t.Run(f.Name, func(t *testing.T) {
			if f.About == "" || f.Source == "" || len(f.Steps) == 0 {
				t.Error("says not what it is, or where it is from, or has no step")
			}
			for _, finding := range f.Replay(t.Context(), newEndpoint(t).server()) {
				t.Error(finding)
			}
		})
	}
}

func flow(t *testing.T, name string) pusher.Flow {
	t.Helper()
	for _, f := range pusher.Flows() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no flow %s", name)
	return pusher.Flow{}
}

// TestFlowsFind lets the endpoint do what is wrong in each, and wants the replay to see it.
func TestFlowsFind(t *testing.T) {
	const group = `{"id":"displayName-1","displayName":"Crew","members":%s}`
	for name, tc := range map[string]struct {
		fault sim.Fault
		want  string
	}{
		"create":                {sim.Fault{Method: "GET", Path: "/scim/v2/Users/*", Do: sim.Status(200, `{"id":"userName-1","userName":"ada@example.com","externalId":"00uada","active":true,"emails":[{"value":"ada@example.com"}],"password":"1mz050nq"}`, nil)}, "password is there"},
		"deactivate-patch":      {sim.Fault{Method: "PATCH", Do: sim.Status(204, ``, nil)}, "/active is true, not false"},
		"group-remove-by-value": {sim.Fault{Method: "GET", Do: sim.Status(200, fmt.Sprintf(group, `[]`), nil)}, `members are [], not ["userName-2"]`},
		"group-unknown-member":  {sim.Fault{Method: "GET", Do: sim.Status(200, fmt.Sprintf(group, `[{"value":"userName-1"}]`), nil)}, `members are ["userName-1"], without "userName-2"`},
		"group-link":            {sim.Fault{Method: "GET", Path: "/scim/v2/Groups", Do: sim.Status(200, `{"totalResults":1,"Resources":[]}`, nil)}, "/Resources is [], not [map["},
		"import-users":          {sim.Fault{Method: "GET", Do: sim.Status(200, `{"startIndex":1,"totalResults":"2","itemsPerPage":2}`, nil)}, `totalResults is "2", not a number`},
		"group-gone":            {sim.Fault{Method: "GET", Do: sim.Status(200, `{}`, nil)}, "status is 200, not one of [404]"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			e.faults.Add(tc.fault)
			found := fmt.Sprint(flow(t, name).Replay(t.Context(), e.server()))
			if !strings.Contains(found, tc.want) {
				t.Errorf("found %s, want %s", found, tc.want)
			}
		})
	}
}

package omniclient_test

import (
	"fmt"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// Few owners are counted by Omni, many out of the list: with the same result.
func TestSchedulesAreCounted(t *testing.T) {
	org, c := estate(t, simomni.Knobs{RealLimit: -1})
	var owners []identity.OmniID
	want := map[identity.OmniID]int{}
	for i := range 12 {
		id := identity.OmniID(org.AddUser(fmt.Sprintf("u%02d@acme.test", i), "U"))
		owners = append(owners, id)
		want[id] = i * 4
		for k := range want[id] {
			org.AddSchedule(string(id), fmt.Sprint("S", k), "x@acme.test")
		}
	}
	if got, err := c.Schedules(t.Context(), []identity.OmniID{eveID}); err != nil || got[eveID] != 0 {
		t.Errorf("of somebody whom Omni doesn't know: %v, %v", got, err)
	}
	for _, n := range []int{0, 1, 5, 6, 11} {
		before := len(org.Requests())
		got, err := c.Schedules(t.Context(), owners[:n])
		if err != nil || len(got) != n {
			t.Fatalf("of %d: %v, %v", n, got, err)
		}
		for id, count := range got {
			if count != want[id] {
				t.Errorf("of %d: %s owns %d, want %d", n, id, count, want[id])
			}
		}
		if asked, most := len(org.Requests())-before, map[bool]int{true: n, false: 3}[n <= 5]; asked != most {
			t.Errorf("of %d: %d requests, want %d", n, asked, most) // 264 schedules are three pages
		}
	}
}

// A list that can't be whole tells of nobody that they own nothing.
func TestSchedulesInDoubt(t *testing.T) {
	owners := make([]identity.OmniID, 6)
	for i := range owners {
		owners[i] = identity.OmniID(fmt.Sprint("owner", i))
	}
	for name, row := range map[string]struct {
		answer string
		kind   fault.Kind
		says   string
	}{
		"no list":      {`{"records": []}`, fault.Doubt, "no list"},
		"ends early":   {`{"pageInfo": {"hasNextPage": false, "totalRecords": 2}, "records": [{"id": "a", "ownerId": "owner1"}]}`, fault.Doubt, "ends after 1 of 2"},
		"empty page":   {`{"pageInfo": {"hasNextPage": true, "nextCursor": "2", "totalRecords": 2}, "records": []}`, fault.Doubt, "ends after 0 of 2"},
		"without end":  {`{"pageInfo": {"hasNextPage": true, "nextCursor": "2", "totalRecords": 9000}, "records": [{"id": "a", "ownerId": "owner1"}]}`, fault.Doubt, "more than 5000"},
		"not our JSON": {`[]`, fault.Doubt, ""},
	} {
		_, c := estate(t, simomni.Knobs{RealLimit: -1}, sim.Fault{Path: "/api/v1/schedules", Do: sim.Body(200, "application/json", row.answer)})
		_, err := c.Schedules(t.Context(), owners)
		if name == "not our JSON" {
			if err == nil {
				t.Errorf("%s: it is believed", name)
			}
			continue
		}
		wantFault(t, err, row.kind, row.says)
	}
	_, c := estate(t, simomni.Knobs{}, sim.Fault{Path: "/api/v1/schedules", Do: sim.Status(403, "", nil)})
	for _, n := range []int{1, 6} {
		if _, err := c.Schedules(t.Context(), owners[:n]); err == nil {
			t.Error("a refusal is no count")
		}
	}
	if k := c.Limits().RefusedKeys; len(k) > 0 {
		t.Errorf("keys that may not see schedules are set aside: %v", k)
	}
}

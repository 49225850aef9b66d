package omniclient_test

import (
	"fmt"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// Few owners are asked about one by one, many out of the list: with the same result.
func TestSchedulesAreCounted(t *testing.T) {
	org, c := estate(t, simomni.Knobs{RealLimit: -1})
	var owners []identity.OmniID
	want := map[identity.OmniID]identity.Deliveries{}
	for i := range 12 {
		id := identity.OmniID(org.AddUser(fmt.Sprintf("u%02d@acme.test", i), "U"))
		owners = append(owners, id)
		want[id] = identity.Deliveries{Schedules: i * 4, People: i * 8}
		for k := range i * 4 {
			org.AddSchedule(string(id), fmt.Sprint("S", k), "x@acme.test", "y@acme.test")
		}
	}
	if got, err := c.Schedules(t.Context(), []identity.OmniID{eveID}); err != nil || got[eveID] != (identity.Deliveries{}) {
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
				t.Errorf("of %d: %s owns %+v, want %+v", n, id, count, want[id])
			}
		}
		if asked, most := len(org.Requests())-before, map[bool]int{true: n, false: 3}[n <= 5]; asked != most {
			t.Errorf("of %d: %d requests, want %d", n, asked, most) // 264 schedules are three pages
		}
	}
}

// What was given to somebody else since is theirs.
func TestDocumentsAreCounted(t *testing.T) {
	for _, kept := range []bool{false, true} {
		org, c := estate(t, simomni.Knobs{RealLimit: -1, CreatorsKept: kept})
		var owners []identity.OmniID
		for i := range 7 {
			owners = append(owners, identity.OmniID(org.AddUser(fmt.Sprintf("u%02d@acme.test", i), "U")))
			for range i {
				org.AddDocument(string(owners[i]), "D")
			}
		}
		given := org.AddDocument(string(owners[2]), "Given")
		org.EditDocument(given, func(d *simomni.Document) { d.Owner = string(owners[1]) })
		for _, n := range []int{0, 4, 7} {
			got, err := c.Documents(t.Context(), owners[:n])
			if err != nil || len(got) != n {
				t.Fatalf("of %d: %v, %v", n, got, err)
			}
			for i, id := range owners[:n] {
				want := i
				if i == 1 && (!kept || n > 5) { // asked by creator, Omni may not give it
					want++
				}
				if got[id] != want {
					t.Errorf("of %d: number %d owns %d, want %d", n, i, got[id], want)
				}
			}
		}
	}
	_, c := estate(t, simomni.Knobs{}, sim.Fault{Path: "/api/v1/documents", Do: sim.Status(403, "", nil)})
	if got, err := c.Documents(t.Context(), []identity.OmniID{eveID}); err == nil {
		t.Errorf("a refusal is no count: %v", got)
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

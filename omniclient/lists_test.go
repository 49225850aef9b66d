package omniclient_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

func nth(n int) string {
	return bare(fmt.Sprintf("550e8400-e29b-41d4-a716-%012d", n), fmt.Sprintf("u%d@acme.test", n), "U")
}

func entries(from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, nth(i))
	}
	return out
}

// TestUsersList names each way in which a list can fail to be whole. read is how
// many users come before the end, detail the reason of a doubtful end.
func TestUsersList(t *testing.T) {
	at := func(start int, answer string) step {
		return step{ask: "GET /Users?count=100&startIndex=" + strconv.Itoa(start), status: 200, answer: answer}
	}
	tests := []struct {
		name   string
		steps  []step
		read   int
		kind   fault.Kind
		detail string
	}{
		{"empty", []step{at(1, list("0"))}, 0, 0, ""},
		{"empty without Resources", []step{at(1, `{"totalResults":0}`)}, 0, 0, ""},
		{"one page", []step{at(1, list("2", entries(1, 2)...))}, 2, 0, ""},
		{"advances by what a page held", []step{at(1, list("5", entries(1, 2)...)), at(3, list("5", entries(3, 4)...)), at(5, list("5", entries(5, 5)...))}, 5, 0, ""},
		{"grows on the way", []step{at(1, list("3", entries(1, 2)...)), at(3, list("4", entries(3, 4)...))}, 4, 0, ""},
		{"ends early", []step{at(1, list("5", entries(1, 2)...)), at(3, list("5"))}, 2, fault.Doubt, "ends after 2 of 5"},
		{"first page empty", []step{at(1, list("5"))}, 0, fault.Doubt, "ends after 0 of 5"},
		{"shrinks", []step{at(1, list("5", entries(1, 2)...)), at(3, list("4", entries(4, 5)...))}, 2, fault.Doubt, "shrank from 5 to 4"},
		{"shrinks to nothing", []step{at(1, list("5", entries(1, 2)...)), at(3, `{"totalResults":0}`)}, 2, fault.Doubt, "shrank from 5 to 0"},
		{"repeats a page", []step{at(1, list("4", entries(1, 2)...)), at(3, list("4", entries(1, 2)...))}, 2, fault.Doubt, "entry 3 repeats"},
		{"overlaps", []step{at(1, list("4", entries(1, 2)...)), at(3, list("4", entries(2, 3)...))}, 2, fault.Doubt, "entry 3 repeats"},
		{"more than announced", []step{at(1, list("1", entries(1, 2)...))}, 2, fault.Doubt, "has 2 entries and announces 1"},
		{"no total", []step{at(1, `{"Resources":[]}`)}, 0, fault.Doubt, "no list"},
		{"no entries", []step{at(1, `{"totalResults":3}`)}, 0, fault.Doubt, "no list"},
		{"entries null", []step{at(1, `{"totalResults":3,"Resources":null}`)}, 0, fault.Doubt, "no list"},
		{"negative total", []step{at(1, list("-1"))}, 0, fault.Doubt, "no list"},
		{"another object", []step{at(1, `{"users":[]}`)}, 0, fault.Doubt, "no list"},
		{"an array", []step{at(1, `[]`)}, 0, fault.Doubt, "another form"},
		{"nothing", []step{at(1, ``)}, 0, fault.Doubt, "no list"},
		{"entry without id", []step{at(1, list("2", nth(1), `{"userName":"x@acme.test"}`))}, 1, fault.Doubt, "entry 2 has no id"},
		{"entry without userName", []step{at(1, list("2", nth(1), `{"id":"x"}`))}, 1, fault.Doubt, "without id or userName"},
		{"entry of another form", []step{at(1, list("2", nth(1), `"x"`))}, 1, fault.Doubt, "entry 2"},
		{"page fails", []step{at(1, list("4", entries(1, 2)...)), {ask: "GET /Users?count=100&startIndex=3", status: 400, answer: `{"message":"startIndex too large"}`}},
			2, fault.Refused, "startIndex too large"},
		{"key refused", []step{{ask: "GET /Users?count=100&startIndex=1", status: 403, answer: `{"message":"User-scoped API keys are not allowed to access the SCIM API"}`}},
			0, fault.Unauthorized, "User-scoped"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read, last := 0, error(nil)
			for a, err := range play(t, tt.steps...).Users(t.Context()) {
				if last != nil {
					t.Fatal("the list goes on after an error")
				}
				if last = err; err != nil {
					continue
				}
				if read++; !strings.HasSuffix(string(a.ID), strconv.Itoa(read)) {
					t.Errorf("user %d is %s", read, a.ID)
				}
			}
			if read != tt.read {
				t.Errorf("%d users were read, want %d", read, tt.read)
			}
			if tt.detail != "" {
				wantFault(t, last, tt.kind, tt.detail)
			} else if last != nil {
				t.Error(last)
			}
		})
	}
}

func TestUsersListStopsWhereItsReaderStops(t *testing.T) {
	c := play(t, step{ask: "GET /Users?count=100&startIndex=1", status: 200, answer: list("5", entries(1, 2)...)})
	for range c.Users(t.Context()) {
		break
	}
}

func TestTeamsList(t *testing.T) {
	c := play(t, step{ask: "GET /Groups?count=100&startIndex=1", status: 200, answer: list("2", group("g1", "A", annID, bobID), `{"id":"g2","displayName":"B"}`)})
	var got []identity.Team
	for team, err := range c.Teams(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, team)
	}
	want := []identity.Team{{ID: "g1", DisplayName: "A", Members: []identity.OmniID{annID, bobID}}, {ID: "g2", DisplayName: "B"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTeamsListDoubts(t *testing.T) {
	for entry, detail := range map[string]string{
		`{"id":"g1"}`: "without id or displayName",
		`{"id":"g1","displayName":"A","members":[{"display":"x"}]}`: "member without id",
	} {
		c := play(t, step{ask: "GET /Groups?count=100&startIndex=1", status: 200, answer: list("1", entry)})
		for _, err := range c.Teams(t.Context()) {
			wantFault(t, err, fault.Doubt, detail)
		}
	}
}

package omniclient_test

import (
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// TestFindUser plays the look-up against filters that ignore case, mind it, or
// aren't there.
func TestFindUser(t *testing.T) {
	const name = "Ann@acme.test"
	filter := func(value string, answer string) step {
		return step{ask: `GET /Users?count=100&filter=userName eq "` + value + `"&startIndex=1`, status: 200, answer: answer}
	}
	everybody := func(answer string) step {
		return step{ask: "GET /Users?count=100&startIndex=1", status: 200, answer: answer}
	}
	sample := step{ask: "GET /Users?count=1&startIndex=1", status: 200, answer: list("7", bare(bobID, "bob@acme.test", "Bob"))}
	lower, upper := bare(annID, "ann@acme.test", "Ann"), bare(annID, "ANN@acme.test", "Ann")
	bob := bare(bobID, "bob@acme.test", "Bob")
	tests := []struct {
		name   string
		steps  []step
		kind   fault.Kind
		detail string // "": annID is found
	}{
		{"found as given", []step{filter(name, list("1", bare(annID, name, "Ann")))}, 0, ""},
		{"found in other letter case", []step{filter(name, list("1", lower))}, 0, ""},
		{"filter's word isn't taken", []step{filter(name, list("2", bob, lower))}, 0, ""},
		{"nobody, filter ignores case", []step{filter(name, list("0")), sample, filter("BOB@ACME.TEST", list("1", bob))}, fault.NotFound, name},
		{"nobody at all", []step{filter(name, list("0")), {ask: sample.ask, status: 200, answer: list("0")}}, fault.NotFound, name},
		{"filter minds case, lower case is there", []step{filter(name, list("0")), sample, filter("BOB@ACME.TEST", list("0")), filter("ann@acme.test", list("1", lower))}, 0, ""},
		{"filter minds case, the list tells", []step{filter(name, list("0")), sample, filter("BOB@ACME.TEST", list("0")), filter("ann@acme.test", list("0")), everybody(list("2", bob, upper))}, 0, ""},
		{"filter minds case, nobody in the list", []step{filter(name, list("0")), sample, filter("BOB@ACME.TEST", list("0")), filter("ann@acme.test", list("0")), everybody(list("1", bob))}, fault.NotFound, name},
		{"filter refused, the list tells", []step{{ask: filter(name, "").ask, status: 400, answer: `{"message":"filter"}`}, everybody(list("2", bob, upper))}, 0, ""},
		{"list ends early: nobody is no answer", []step{{ask: filter(name, "").ask, status: 400}, everybody(list("2"))}, fault.Doubt, "ends after 0 of 2"},
		{"key refused", []step{{ask: filter(name, "").ask, status: 401}}, fault.Unauthorized, "401"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := play(t, tt.steps...).FindUser(t.Context(), name)
			if tt.detail != "" {
				wantFault(t, err, tt.kind, tt.detail)
			} else if err != nil || got.ID != annID {
				t.Errorf("found %q, %v", got.ID, err)
			}
		})
	}
}

// TestFilterIsProbedOnce: that it ignores case is learnt once, also from a find.
func TestFilterIsProbedOnce(t *testing.T) {
	ask := func(value string, answer string) step {
		return step{ask: `GET /Users?count=100&filter=userName eq "` + value + `"&startIndex=1`, status: 200, answer: answer}
	}
	c := play(t, ask("ANN@acme.test", list("1", bare(annID, "ann@acme.test", "Ann"))), ask("bob@acme.test", list("0")), ask("eve@acme.test", list("0")))
	if _, err := c.FindUser(t.Context(), "ANN@acme.test"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"bob@acme.test", "eve@acme.test"} {
		_, err := c.FindUser(t.Context(), name)
		wantFault(t, err, fault.NotFound, name)
	}
}

func TestFilterEscapes(t *testing.T) {
	c := play(t, step{ask: `GET /Users?count=100&filter=userName eq "o\"neill\\x+y&z@acme.test"&startIndex=1`, status: 200,
		answer: list("1", bare(annID, `o\"neill\\x+y&z@acme.test`, "O"))})
	if _, err := c.FindUser(t.Context(), `o"neill\x+y&z@acme.test`); err != nil {
		t.Error(err)
	}
}

func TestFindTeam(t *testing.T) {
	filter := func(status int, answer string) step {
		return step{ask: `GET /Groups?count=100&filter=displayName eq "Finance"&startIndex=1`, status: status, answer: answer}
	}
	swapped := func(answer string) step {
		return step{ask: `GET /Groups?count=100&filter=displayName eq "tEAM 7"&startIndex=1`, status: 200, answer: answer}
	}
	lower := step{ask: `GET /Groups?count=100&filter=displayName eq "finance"&startIndex=1`, status: 200, answer: list("0")}
	sample := step{ask: "GET /Groups?count=1&excludedAttributes=members&startIndex=1", status: 200, answer: list("3", `{"id":"g7","displayName":"Team 7"}`)}
	everything := step{ask: "GET /Groups?count=100&excludedAttributes=members&startIndex=1", status: 200, answer: list("2", `{"id":"g7","displayName":"Team 7"}`, `{"id":"g1","displayName":"FINANCE"}`)}
	full := getGroup(group("g1", "FINANCE", annID))
	tests := []struct {
		name  string
		steps []step
		found bool
	}{
		{"found with members", []step{filter(200, list("1", group("g1", "Finance", annID)))}, true},
		{"found without members", []step{filter(200, list("1", `{"id":"g1","displayName":"Finance"}`)), full}, true},
		{"filter ignores case", []step{filter(200, list("0")), sample, swapped(list("1", group("g7", "Team 7")))}, false},
		{"filter minds case", []step{filter(200, list("0")), sample, swapped(list("0")), lower, everything, full}, true},
		{"no filter", []step{filter(400, `{"message":"filter is not supported"}`), everything, full}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := play(t, tt.steps...).FindTeam(t.Context(), "Finance")
			switch {
			case !tt.found:
				wantFault(t, err, fault.NotFound, `no group is named "Finance"`)
			case err != nil || got.ID != "g1" || len(got.Members) != 1 || got.Members[0] != identity.OmniID(annID):
				t.Errorf("found %v, %v", got, err)
			}
		})
	}
}

func TestNameWithoutLettersTellsNothingAboutCase(t *testing.T) {
	c := play(t,
		step{ask: `GET /Groups?count=100&filter=displayName eq "x"&startIndex=1`, status: 200, answer: list("0")},
		step{ask: "GET /Groups?count=1&excludedAttributes=members&startIndex=1", status: 200, answer: list("1", group("g7", "007"))},
		step{ask: "GET /Groups?count=100&excludedAttributes=members&startIndex=1", status: 200, answer: list("1", group("g7", "007"))})
	_, err := c.FindTeam(t.Context(), "x")
	wantFault(t, err, fault.NotFound, "no group")
}

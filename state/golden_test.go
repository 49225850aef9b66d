package state_test

import (
	"bufio"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// stored reads testdata/records-1.txt: records as the first version stored them,
// by name. The file is never changed; a new version of the records gets a file
// of its own.
func stored(t *testing.T) map[string][]byte {
	t.Helper()
	f, err := os.Open("testdata/records-1.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][]byte{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, quoted, _ := strings.Cut(lines.Text(), " ")
		value, err := strconv.Unquote(quoted)
		if _, twice := all[name]; err != nil || twice {
			t.Fatalf("the line of %q: %v", name, err)
		}
		all[name] = []byte(value)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// reads decodes one stored record, and takes it off the list.
func reads[T any](t *testing.T, all map[string][]byte, name string, want T) {
	t.Helper()
	raw, ok := all[name]
	delete(all, name)
	got, err := state.Decode[T](state.Entry{Key: name, Value: raw}, "golden")
	if !ok || err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s reads as %+v, %t, %v; want %+v", name, got, ok, err, want)
	}
}

// TestRecordsOfTheFirstVersion reads them as they will be read for ever.
func TestRecordsOfTheFirstVersion(t *testing.T) {
	all := stored(t)
	at := time.Date(2025, 3, 1, 12, 0, 0, 123456789, time.UTC)
	on, text := true, identity.Value(`"Sales & <Co> ü"`)
	change := state.Change{
		Kind: "user.update", UserName: "a@b.example", Group: "g", OktaID: "00u1", OmniID: "m1",
		Before: &state.Facts{UserName: "a", Active: &on, Attributes: map[string]*identity.Value{"dept": &text, "gone": nil}},
		After:  &state.Facts{DisplayName: "B", Members: []string{"a@b.example"}},
		State:  state.Applied, Reason: "r", Error: "e", Run: "run-1", Cause: "full", Time: at,
	}
	reads(t, all, "user", state.User{
		Omni:   "6f1f0f9e-0000-4000-8000-000000000001",
		User:   identity.User{UserName: "a@b.example", DisplayName: "A ü", Attributes: map[string]identity.Value{"dept": text, "n": "1.50", "list": `["a","b"]`}},
		Active: true, Link: state.Adopted, Intent: "run-1", Unassigned: &at, Account: "ACTIVE", Kept: []string{"dept"}, OrgAdmin: true,
		Seen: identity.Print{1, 2, 3, 255},
	})
	reads(t, all, "user-intended", state.User{User: identity.User{UserName: "b@b.example"}, Intent: "run-2"})
	reads(t, all, "mark", state.Mark{Seen: identity.Print{1, 2, 3, 255}, Name: 1 << 63, Omni: 7, Active: true, Admin: true})
	reads(t, all, "mark-open", state.Mark{Name: 3, Open: true})
	reads(t, all, "group", state.Group{
		Omni: "g1", DisplayName: "Team", Name: "team", Mapping: "gPm1", Link: state.Created, Intent: "run-1", AsOf: at, Open: true, Present: 12,
	})
	reads(t, all, "group-short", state.Group{
		Omni: "g2", DisplayName: "Team", Name: "team", Present: 3, Short: state.Short{Listed: 3, Counted: 5, Since: time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)},
	})
	for letter, m := range map[string]state.Member{
		"a": {}, "p": {Omni: state.Present}, "f": {Omni: state.Found}, "e": {Omni: state.Ended},
		"A": {Okta: true}, "P": {Okta: true, Omni: state.Present}, "F": {Okta: true, Omni: state.Found}, "E": {Okta: true, Omni: state.Ended},
	} {
		reads(t, all, "member-"+letter, m)
	}
	reads(t, all, "connection", state.Connection{Org: "https://acme.okta.com", App: "0oa1", Omni: "https://acme.omniapp.co", Policy: "p1", Complete: true})
	reads(t, all, "window", state.Window{Spent: []state.Spent{{At: at, Count: map[string]int{"deactivate": 3}}}})
	reads(t, all, "hold", state.Hold{
		Change: change, Guard: "deactivate", Run: "run-1", Since: at, Decision: state.Approved, By: "ada", At: at, Until: at.Add(time.Hour), Account: "ACTIVE",
	})
	reads(t, all, "failure", state.Failure{Change: change, Attempts: 3, Since: at, Next: at.Add(time.Minute)})
	reads(t, all, "change", change)
	reads(t, all, "run", state.Run{
		Run: "run-1", Kind: "full", Outcome: "done", Started: at, Ended: at.Add(time.Second), Doubts: []string{"d"}, Counts: map[string]int{"applied": 2}, Error: "e",
	})
	for name := range all {
		t.Errorf("%s is in the file, and nothing reads it", name)
	}
}

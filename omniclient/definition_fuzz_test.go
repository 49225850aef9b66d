package omniclient_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
)

// FuzzDefinition: whatever was saved, it is refused with a problem named, and nothing is
// made; or one schedule is, and it is found the next time.
func FuzzDefinition(f *testing.F) {
	org := &simomni.Org{Knobs: simomni.Knobs{RealLimit: -1}}
	ann := org.AddUser("ann@acme.test", "Ann")
	for _, s := range samples(org, ann) {
		org.PlaceSchedule(s)
	}
	c := client(f, omniclient.Options{BaseURL: "https://acme.omniapp.test", Transport: sim.Transport(org)})
	list, err := c.OwnedSchedules(f.Context(), identity.OmniID(ann))
	for _, s := range list {
		if s, err = c.Definition(f.Context(), s); err == nil {
			f.Add([]byte(s.Definition), string(s.Document), string(s.Kind), s.Tile)
		}
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"schedule":{"metadata":3,"destinations":[{"metadata":"x"}],"filterConfig":[]},"recipients":{"recipients":null}}`), "dashboard", "alert", true)
	f.Fuzz(func(t *testing.T, raw []byte, document, kind string, tile bool) {
		org := &simomni.Org{Knobs: simomni.Knobs{RealLimit: -1}}
		bob := identity.OmniID(org.AddUser("bob@acme.test", "Bob"))
		c := client(t, omniclient.Options{BaseURL: "https://acme.omniapp.test", Transport: sim.Transport(org)})
		saved := identity.Schedule{Definition: raw, Document: identity.DocumentID(document), Kind: identity.ScheduleKind(kind), Tile: tile}
		got, err := c.CreateSchedule(t.Context(), bob, saved)
		made := org.Schedules()
		if err != nil {
			if !fault.Is(err, fault.Refused) || len(got.Problems) == 0 || len(made) > 0 {
				t.Fatalf("%q: %+v, %v; %d were made", raw, got, err, len(made))
			}
			return
		}
		again, err := c.CreateSchedule(t.Context(), bob, saved)
		if len(made) != 1 || made[0].ID != string(got.ID) || err != nil || !again.Found || again.ID != got.ID || len(org.Schedules()) != 1 {
			t.Fatalf("%q: %+v, then %+v, %v; %d were made", raw, got, again, err, len(made))
		}
		if kind == string(identity.Alert) && made[0].Condition == "" {
			t.Fatalf("%q: an alert became a delivery", raw)
		}
	})
}

// FuzzRoundTrip: a schedule that is saved and made anew is equal to the old one.
func FuzzRoundTrip(f *testing.F) {
	f.Add("Weekly", "Subject", "Text", `{"region":{"kind":"EQ"}}`, "x@acme.test,y@acme.test", "RESULTS_PRESENT", uint16(0))
	f.Add("ä\"<>\\", "", "\n", `{"n":[9007199254740993,1.50,null,true]}`, "X@acme.test", "", uint16(0xffff))
	f.Fuzz(func(t *testing.T, name, subject, text, filters, addresses, condition string, bits uint16) {
		old := simomni.Schedule{Name: name, Condition: condition, FanOut: bits&1 > 0, KillJobs: bits&2 > 0, Paused: bits&4 > 0, Options: map[string]any{}}
		for i, option := range []string{"hideTitle", "showFilters", "showContentLink", "expandTablesToShowAllRows"} {
			if bits&(16<<i) > 0 {
				old.Options[option] = bits&(256<<i) > 0
			}
		}
		for option, v := range map[string]string{"subject": subject, "textBody": text} {
			if v != "" {
				old.Options[option] = v
			}
		}
		for i := range strings.Split(addresses, ",") {
			old.Recipients = append(old.Recipients, fmt.Sprintf("r%d@acme.test", i))
		}
		if condition != "" {
			old.Query = "q1"
		}
		var object map[string]any
		if json.Unmarshal([]byte(filters), &object) == nil && len(object) > 0 {
			old.Filters = json.RawMessage(filters)
		}
		if name == "" || slices.ContainsFunc([]string{name, subject, text, filters, condition}, func(s string) bool { return !utf8.ValidString(s) }) {
			return // has no name, or no form in JSON
		}
		roundTrip(t, old)
	})
}

func roundTrip(t *testing.T, old simomni.Schedule) {
	t.Helper()
	org := &simomni.Org{Knobs: simomni.Knobs{RealLimit: -1}}
	ann, bob := org.AddUser("ann@acme.test", "Ann"), org.AddUser("bob@acme.test", "Bob")
	c := client(t, omniclient.Options{BaseURL: "https://acme.omniapp.test", Transport: sim.Transport(org)})
	old.Owner = ann
	org.PlaceSchedule(old)
	want := alike(org.Schedules())
	saved := own(t, c, ann)
	org.RemoveUser(ann)
	got, err := c.CreateSchedule(t.Context(), identity.OmniID(bob), saved[old.Name])
	if err != nil || got.Found || len(got.Problems) > 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	if diff := cmp.Diff(want, alike(org.Schedules())); diff != "" {
		t.Fatal(diff)
	}
}

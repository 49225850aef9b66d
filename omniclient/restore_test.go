package omniclient_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// samples are a schedule of each kind, of somebody's.
func samples(org *simomni.Org, owner string) []simomni.Schedule {
	team := ""
	for _, g := range org.Groups() {
		team = g.ID
	}
	if team == "" {
		team = org.AddGroup("Sales")
	}
	list := []simomni.Schedule{
		{Name: "Plain", Recipients: []string{"x@acme.test"}},
		{Name: "Mail", Recipients: []string{"x@acme.test", "Y@acme.test"}, Groups: []string{team}, FanOut: true, KillJobs: true, Format: "png", Paused: true,
			Filters: json.RawMessage(`{"region":{"kind":"EQ","left_side":"<ü>","n":[1.50,null]}}`),
			Options: map[string]any{"subject": "S", "textBody": "Line\n\"2\"", "hideTitle": true, "paperFormat": "a4", "showFilters": false, "maxRowLimit": float64(1000)}},
		{Name: "Alert", Recipients: []string{"x@acme.test"}, Condition: "RESULTS_PRESENT", Query: "q1", Options: map[string]any{"queryIdentifierMapKey": "q1"}},
		{Name: "Hook", Destination: "webhook", Format: "json", Target: map[string]any{"url": "https://x.test/h"}},
		{Name: "Channel", Destination: "slack", Recipients: []string{"C1"}, Options: map[string]any{"slackRecipientType": "channel", "textBody": "Hi"}},
		{Name: "Users", Destination: "slack", Recipients: []string{"U1", "U2"}, Options: map[string]any{"slackRecipientType": "users"}},
		{Name: "Files", Destination: "sftp", Format: "csv", Target: map[string]any{"address": "sftp.test", "port": float64(22), "username": "u"}, Options: map[string]any{"path": "/in"}},
		{Name: "Bucket", Destination: "s3", Format: "csv", Target: map[string]any{"bucketName": "bbb", "region": "r", "roleArn": "arn", "keyPrefix": "k/"}, Options: map[string]any{"filename": "{{format}}"}},
	}
	for i := range list {
		list[i].Owner = owner
		list[i].Cron, list[i].Timezone = fmt.Sprintf("%d 8 * * ? *", i), "Europe/Berlin"
	}
	return list
}

// alike is what of the schedules a restoration must bring back, by name.
func alike(list []simomni.Schedule) map[string]simomni.Schedule {
	found := map[string]simomni.Schedule{}
	for _, s := range list {
		s.Filters = spelled(s.Filters)
		s.ID, s.Owner, s.Created = "", "", s.Created.Truncate(1<<62)
		if len(s.Target) == 0 {
			s.Target = nil
		}
		found[s.Name] = s
	}
	return found
}

// spelled is JSON in one spelling, its numbers as they stand.
func spelled(raw json.RawMessage) json.RawMessage {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it was just read
	}
	return b
}

// Whatever Omni tells in, and takes, a saved schedule comes back as it was, once.
func TestSavedSchedulesComeBack(t *testing.T) {
	for name, knobs := range map[string]simomni.Knobs{
		"described": {}, "plain": {PlainRecipients: true}, "entities": {EntityIDs: true}, "owners ignored": {OwnersIgnored: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandover(t, knobs)
			knobs.RealLimit, knobs.KeyOwners = -1, map[string]string{secret: h.cid}
			h.org.EditDocument(h.sheet, func(d *simomni.Document) { d.Viewers = nil })
			h.org.SetKnobs(knobs)
			for _, s := range samples(h.org, h.ann) {
				s.Dashboard = h.sheet
				h.org.PlaceSchedule(s)
			}
			saved, before := own(t, h.c, h.ann), alike(h.org.Schedules())
			h.org.RemoveUser(h.ann)
			for try := range 2 {
				for _, name := range slices.Sorted(maps.Keys(saved)) {
					got, err := h.c.CreateSchedule(t.Context(), identity.OmniID(h.bob), saved[name])
					want := map[string]string{"Files": "[{password Omni doesn't tell it: enter it in Omni}]"}[name]
					if err != nil || got.ID == "" || got.Found != (try == 1) || want != strings.ReplaceAll(fmt.Sprint(got.Problems), "[]", "") {
						t.Errorf("%s: %+v, %v", name, got, err)
					}
				}
				if diff := cmp.Diff(before, alike(h.org.Schedules())); diff != "" {
					t.Error(diff)
				}
				for _, s := range h.org.Schedules() {
					if s.Owner != h.bob {
						t.Errorf("%s is %s's", s.Name, s.Owner)
					}
				}
			}
			if made := len(h.org.Schedules()); made != len(before) || len(h.org.Lost()) != made {
				t.Errorf("%d are there, %d were lost", made, len(h.org.Lost()))
			}
			if h.org.Count(simomni.ReplaceSchedule) > 0 {
				t.Error("a schedule was written with PUT")
			}
		})
	}
}

// What was learned of the form of addresses saves a request each time.
func TestFormOfAddressesIsRemembered(t *testing.T) {
	h := newHandover(t, simomni.Knobs{PlainRecipients: true})
	for i := range 3 {
		h.org.PlaceSchedule(simomni.Schedule{Owner: h.ann, Name: fmt.Sprint("S", i), Recipients: []string{"x@acme.test"}})
	}
	for _, s := range own(t, h.c, h.ann) {
		if s.Destination == "email" && len(s.Recipients) > 0 {
			if _, err := h.c.CreateSchedule(t.Context(), identity.OmniID(h.bob), s); err != nil {
				t.Error(err)
			}
		}
	}
	if n := h.org.Count(simomni.CreateSchedule); n != 4 {
		t.Errorf("%d requests for 3 schedules", n)
	}
}

// What is there already is found by what it sends, not by its name alone.
func TestOnlyAnEqualScheduleIsTheSame(t *testing.T) {
	for name, change := range map[string]func(*simomni.Schedule){
		"the same":        func(*simomni.Schedule) {},
		"another look":    func(s *simomni.Schedule) { s.Options["paperFormat"] = "a3" },
		"address in caps": func(s *simomni.Schedule) { s.Recipients[0] = strings.ToUpper(s.Recipients[0]) },
		"filters":         func(s *simomni.Schedule) { s.Filters = nil },
		"fewer people":    func(s *simomni.Schedule) { s.Recipients = s.Recipients[:1] },
		"more people":     func(s *simomni.Schedule) { s.Recipients = append(s.Recipients, "z@acme.test") },
		"an alert":        func(s *simomni.Schedule) { s.Condition, s.Query = "RESULTS_PRESENT", "q1" },
		"another time":    func(s *simomni.Schedule) { s.Cron = "9 9 * * ? *" },
		"another zone":    func(s *simomni.Schedule) { s.Timezone = "UTC" },
		"another format":  func(s *simomni.Schedule) { s.Format = "pdf" },
		"one tile":        func(s *simomni.Schedule) { s.Options["queryIdentifierMapKey"] = "q1" },
		"another name":    func(s *simomni.Schedule) { s.Name = "Letter" },
	} {
		h := newHandover(t, simomni.Knobs{})
		sample := samples(h.org, h.ann)[1]
		h.org.PlaceSchedule(sample)
		saved := own(t, h.c, h.ann)["Mail"]
		sample = samples(h.org, h.bob)[1]
		change(&sample)
		id := h.org.PlaceSchedule(sample)
		want := name == "the same" || name == "another look" || name == "address in caps"
		got, err := h.c.CreateSchedule(t.Context(), identity.OmniID(h.bob), saved)
		if err != nil || got.Found != want || (string(got.ID) == id) != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// What a schedule that was found lacks of the rest is added to it.
func TestFoundScheduleIsFinished(t *testing.T) {
	h := newHandover(t, simomni.Knobs{})
	h.org.PlaceSchedule(samples(h.org, h.ann)[1])
	half := samples(h.org, h.bob)[1]
	half.Groups, half.Paused = nil, false
	h.org.PlaceSchedule(half)
	got, err := h.c.CreateSchedule(t.Context(), identity.OmniID(h.bob), own(t, h.c, h.ann)["Mail"])
	now := own(t, h.c, h.bob)["Mail"]
	if err != nil || !got.Found || !now.Paused || !slices.Contains(now.Recipients, "group Sales") {
		t.Errorf("%+v, %v, %+v", got, err, now)
	}
}

// What can't be taken back is named, and nothing is made that would send more.
func TestWhatCantBeRestored(t *testing.T) {
	edit := func(old, new string) func(*handover, *identity.Schedule) {
		return func(_ *handover, s *identity.Schedule) {
			s.Definition = json.RawMessage(strings.Replace(string(s.Definition), old, new, 1))
		}
	}
	document := func(change func(*simomni.Document)) func(*handover, *identity.Schedule) {
		return func(h *handover, _ *identity.Schedule) { h.org.EditDocument(h.sheet, change) }
	}
	for name, row := range map[string]struct {
		sample string
		change func(*handover, *identity.Schedule)
		what   string // of the problem
		says   string
		made   bool
	}{
		"query deleted":     {"Alert", document(func(d *simomni.Document) { d.Queries = []string{"q9"} }), "alert condition or tile", "q1", false},
		"filter deleted":    {"Mail", document(func(d *simomni.Document) { d.FilterKeys = []string{} }), "filters", "region", false},
		"dashboard deleted": {"Mail", document(func(d *simomni.Document) { d.Deleted = true }), "dashboard", "not found", false},
		"not for Bob":       {"Mail", document(func(d *simomni.Document) { d.Viewers = []string{} }), "dashboard", "cannot schedule", false},
		"condition ignored": {"Alert", func(h *handover, _ *identity.Schedule) {
			h.org.SetKnobs(simomni.Knobs{RealLimit: -1, ConditionsIgnored: true})
		}, "conditionQueryMapKey, conditionType", "deleted again", false},
		"half a condition":    {"Alert", edit(`"conditionQueryMapKey":"q1"`, `"conditionQueryMapKey":null`), "alert condition", "in part", false},
		"no condition":        {"Alert", edit(`"conditionQueryMapKey":"q1","conditionType":"RESULTS_PRESENT",`, ``), "alert condition", "not at all", false},
		"no tile":             {"Alert", edit(`"queryIdentifierMapKey":"q1"`, ``), "tile", "which tile", false},
		"google sheet":        {"Hook", edit(`"type":"webhook","url"`, `"type":"google_sheets","url"`), "destination", "Google Sheet", false},
		"no time":             {"Hook", edit(`"schedule":"3 8 * * ? *"`, `"schedule":""`), "schedule", "didn't tell", false},
		"no time that it is":  {"Hook", edit(`"schedule":"3 8 * * ? *"`, `"schedule":"daily"`), "schedule", "cron", false},
		"unreadable":          {"Hook", func(_ *handover, s *identity.Schedule) { s.Definition = json.RawMessage(`{"schedule":3}`) }, "definition", "can't be read", false},
		"not read":            {"Hook", func(_ *handover, s *identity.Schedule) { s.Definition = nil }, "definition", "can't be read", false},
		"bad address":         {"Mail", edit(`"email":"x@acme.test","emailOnly"`, `"email":"x","emailOnly"`), "recipients", "Invalid email", false},
		"group deleted":       {"Mail", func(h *handover, _ *identity.Schedule) { h.org.RemoveGroup(h.org.Groups()[0].ID) }, "recipients", "group Sales", true},
		"new setting":         {"Hook", edit(`"fanOut":`, `"priority":[1],"fanOut":`), "schedule.priority", "doesn't take it back", true},
		"new option":          {"Hook", edit(`"metadata":{"type":"webhook"}`, `"metadata":{"type":"webhook","secretToken":"s3cret"}`), "destination.secretToken", "doesn't take it back", true},
		"new metadata":        {"Hook", edit(`"metadata":{},"name"`, `"metadata":{"color":"red"},"name"`), "metadata.color", "doesn't take it back", true},
		"more destinations":   {"Hook", edit(`"userGroupRecipients":[]}]`, `"userGroupRecipients":[]},{"format":"csv"}]`), "destination 2", "one destination", true},
		"stopped by Omni":     {"Hook", edit(`"systemDisabledAt":null,"systemDisabledReason":null`, `"systemDisabledAt":"2026-01-01T00:00:00Z","systemDisabledReason":"noAccess"`), "state", "noAccess", true},
		"mail without a head": {"Mail", edit(`"subject":"S",`, ``), "subject", "name of the schedule", true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandover(t, simomni.Knobs{})
			h.org.EditDocument(h.sheet, func(d *simomni.Document) { d.Viewers = nil })
			for _, s := range samples(h.org, h.ann) {
				s.Dashboard = h.sheet
				h.org.PlaceSchedule(s)
			}
			s := own(t, h.c, h.ann)[row.sample]
			before := len(h.org.Schedules())
			whole := string(s.Definition)
			row.change(&h, &s)
			if strings.Contains(row.says, "taken back") && string(s.Definition) == whole {
				t.Fatal("the row changes nothing")
			}
			got, err := h.c.CreateSchedule(t.Context(), identity.OmniID(h.bob), s)
			named := slices.ContainsFunc(got.Problems, func(p identity.Problem) bool { return p.What == row.what && strings.Contains(p.Why, row.says) })
			if !named || len(got.Problems) != 1 || (got.ID != "") != row.made || (err == nil) != row.made || strings.Contains(fmt.Sprint(got), "s3cret") {
				t.Errorf("%+v, %v", got, err)
			}
			if err != nil {
				wantFault(t, err, fault.Refused, row.says)
			}
			if made := len(h.org.Schedules()) - before; made != map[bool]int{true: 1, false: 0}[row.made] {
				t.Errorf("%d were made", made)
			}
		})
	}
	h := newHandover(t, simomni.Knobs{})
	for _, id := range []string{h.off, annID} {
		_, err := h.c.CreateSchedule(t.Context(), identity.OmniID(id), own(t, h.c, h.ann)["Weekly"])
		wantFault(t, err, fault.Refused, "does not exist")
	}
}

// Whatever breaks on the way: calling again until it succeeds makes one schedule.
func TestRestoringThroughFaults(t *testing.T) {
	effects := map[string]sim.Effect{
		"cut before": sim.CutBefore(), "answer lost": sim.CutAfter(), "cut short": sim.Truncate(7), "500": sim.Status(500, `{}`, nil),
		"429": sim.Status(429, `{}`, nil), "401": sim.Status(401, `{}`, nil), "no JSON": sim.Body(200, "text/html", "<html>"), "empty": sim.Status(200, ``, nil),
	}
	paths := []sim.Fault{
		{Method: http.MethodPost}, {Method: http.MethodGet, Path: "/api/v1/schedules", Query: "ownerId"}, {Method: http.MethodGet, Path: "/api/v1/schedules/*"},
		{Method: http.MethodGet, Path: "/api/v1/schedules/*/recipients"}, {Method: http.MethodPut, Path: "/api/v1/schedules/*/add-recipients"}, {Method: http.MethodPut, Path: "/api/v1/schedules/*/pause"},
	}
	for name, effect := range effects {
		for _, f := range paths {
			for _, times := range []int{1, 3, 5} {
				t.Run(fmt.Sprint(name, " ", f.Method, f.Path, " ", times), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { restoreThrough(t, f, effect, times) })
				})
			}
		}
	}
}

func restoreThrough(t *testing.T, f sim.Fault, effect sim.Effect, times int) {
	t.Helper()
	on := false
	f.Times, f.Do = times, effect
	var faults sim.Faults
	faults.Add(f)
	h := newHandover(t, simomni.Knobs{}, sim.Fault{Do: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !on {
				next.ServeHTTP(w, r)
				return
			}
			faults.Wrap(next).ServeHTTP(w, r)
		})
	}})
	h.org.PlaceSchedule(samples(h.org, h.ann)[1])
	saved := own(t, h.c, h.ann)["Mail"]
	before := alike(h.org.Schedules())
	h.org.RemoveUser(h.ann)
	on = true
	for try := 1; ; try++ {
		got, err := h.c.CreateSchedule(t.Context(), identity.OmniID(h.bob), saved)
		if err == nil {
			break
		}
		if try > 8 || fault.Is(err, fault.Refused) || fault.Is(err, fault.NotFound) {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	delete(before, "Weekly")
	if diff := cmp.Diff(before, alike(h.org.Schedules())); diff != "" || len(h.org.Schedules()) != 1 {
		t.Errorf("%d are there\n%s", len(h.org.Schedules()), diff)
	}
}

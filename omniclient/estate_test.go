package omniclient_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
)

// own is what the client reads of somebody's schedules, each with its definition, by name.
func own(t *testing.T, c *omniclient.Client, owner string) map[string]identity.Schedule {
	t.Helper()
	list, err := c.OwnedSchedules(t.Context(), identity.OmniID(owner))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]identity.Schedule{}
	for _, s := range list {
		if s, err = c.Definition(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		found[s.Name] = s
	}
	return found
}

// Long lists are read to their end, and hold nothing of others.
func TestOwnedIsReadWhole(t *testing.T) {
	for _, n := range []int{0, 1, 100, 101, 250} {
		org, c := estate(t, simomni.Knobs{RealLimit: -1})
		ann, bob := org.AddUser("ann@acme.test", "Ann"), org.AddUser("bob@acme.test", "Bob")
		for i := range n {
			org.AddSchedule(ann, fmt.Sprintf("S%03d", i), "x@acme.test")
			org.AddDocument(ann, fmt.Sprintf("D%03d", i))
		}
		org.AddSchedule(bob, "his")
		org.AddDocument(bob, "his")
		schedules, err := c.OwnedSchedules(t.Context(), identity.OmniID(ann))
		documents, err2 := c.OwnedDocuments(t.Context(), identity.OmniID(ann))
		if err != nil || err2 != nil || len(schedules) != n || len(documents) != n {
			t.Errorf("%d: %d schedules, %d documents, %v, %v", n, len(schedules), len(documents), err, err2)
		}
		if asked := len(org.Requests()); asked != 2*max(1, (n+99)/100) {
			t.Errorf("%d: %d requests", n, asked)
		}
	}
	org, c := estate(t, simomni.Knobs{RealLimit: -1, PageMax: 7}) // which are shorter than was asked for
	ann := org.AddUser("ann@acme.test", "Ann")
	for i := range 20 {
		org.AddSchedule(ann, fmt.Sprint(i))
	}
	short, err := c.OwnedSchedules(t.Context(), identity.OmniID(ann))
	if err != nil || len(short) != 20 {
		t.Errorf("in short pages: %d, %v", len(short), err)
	}
	_, err = c.OwnedSchedules(t.Context(), annID)
	wantFault(t, err, fault.NotFound, "does not exist")
}

func TestOwnedTellsWhatThereIs(t *testing.T) {
	org, c := estate(t, simomni.Knobs{RealLimit: -1})
	ann := org.AddUser("ann@acme.test", "Ann")
	sheet := org.AddDocument(ann, "Sheet")
	org.EditDocument(sheet, func(d *simomni.Document) { d.Viewers = []string{} })
	free := org.AddDocument(ann, "Free")
	team := org.AddGroup("Sales", ann)
	org.PlaceSchedule(simomni.Schedule{Owner: ann, Name: "Mail", Recipients: []string{"x@acme.test"}, Groups: []string{team}, Paused: true})
	org.PlaceSchedule(simomni.Schedule{Owner: ann, Name: "Alert", Dashboard: sheet, Destination: "webhook", Target: map[string]any{"url": "https://x.test/h"}, Condition: "RESULTS_PRESENT", Query: "q",
		Options: map[string]any{"queryIdentifierMapKey": "q"}})
	org.PlaceSchedule(simomni.Schedule{Owner: ann, Name: "Slack", Destination: "slack", Recipients: []string{"C1"}, Options: map[string]any{"slackRecipientType": "channel"}})
	got := own(t, c, ann)
	want := map[string]identity.Schedule{
		"Mail":  {Kind: identity.Delivery, Document: "dashboard", DocumentName: "Mail", Destination: "email", People: 2, Paused: true, Recipients: []string{"x@acme.test", "group Sales"}},
		"Alert": {Kind: identity.Alert, Document: identity.DocumentID(sheet), DocumentName: "Sheet", Tile: true, Destination: "webhook", Recipients: []string{"https://x.test/h"}},
		"Slack": {Kind: identity.Delivery, Document: "dashboard", DocumentName: "Slack", Destination: "slack", Recipients: []string{"C1"}},
	}
	for name, s := range want {
		s.ID, s.Name, s.Owner, s.Format, s.Cron, s.Timezone, s.Definition = got[name].ID, name, identity.OmniID(ann), "pdf", "0 8 * * ? *", "UTC", got[name].Definition
		if diff := cmp.Diff(s, got[name]); diff != "" || s.ID == "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	documents, err := c.OwnedDocuments(t.Context(), identity.OmniID(ann))
	wanted := []identity.Document{
		{ID: identity.DocumentID(free), Name: "Free", Owner: identity.OmniID(ann), Scope: "organization", Folder: "everybodys", URL: "https://omni.example/dashboards/" + free},
		{ID: identity.DocumentID(sheet), Name: "Sheet", Owner: identity.OmniID(ann), Scope: "restricted", URL: "https://omni.example/dashboards/" + sheet},
	}
	if diff := cmp.Diff(wanted, documents); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// Whichever way Omni selects documents, those that were handed on aren't given.
func TestDocumentsOfAnotherOwner(t *testing.T) {
	for _, kept := range []bool{false, true} {
		org, c := estate(t, simomni.Knobs{CreatorsKept: kept})
		ann, bob := org.AddUser("ann@acme.test", "Ann"), org.AddUser("bob@acme.test", "Bob")
		id := org.AddDocument(ann, "Sheet")
		if err := c.TransferDocument(t.Context(), identity.DocumentID(id), identity.OmniID(bob)); err != nil {
			t.Fatal(err)
		}
		if list, err := c.OwnedDocuments(t.Context(), identity.OmniID(ann)); err != nil || len(list) != 0 {
			t.Errorf("kept %v: %v, %v", kept, list, err)
		}
	}
}

// pages answers with one page after the other, the last one again and again.
func pages(t *testing.T, answers ...string) *omniclient.Client {
	t.Helper()
	n := 0
	return client(t, omniclient.Options{Transport: sim.Transport(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer := answers[min(n, len(answers)-1)]
		n++
		if strings.HasPrefix(answer, "4") {
			w.WriteHeader(http.StatusBadRequest)
			answer = `{"status":400,"detail":"` + answer + `"}`
		}
		_, _ = io.WriteString(w, answer)
	}))})
}

// v1page is a page with these schedules and documents of Ann's.
func v1page(total, next string, ids ...string) string {
	var records []string
	for _, id := range ids {
		records = append(records, `{"id":"`+id+`","identifier":"`+id+`","name":"N","ownerId":"`+annID+`","owner":{"id":"`+annID+`"}}`)
	}
	more, cursor := "false", "null"
	if next != "" {
		more, cursor = "true", `"`+next+`"`
	}
	return `{"pageInfo":{"hasNextPage":` + more + `,"nextCursor":` + cursor + `,"totalRecords":` + total + `},"records":[` + strings.Join(records, ",") + `]}`
}

// Each way in which a list can fail to be whole is doubt, and nothing is given beside it.
func TestOwnedInDoubt(t *testing.T) {
	for name, row := range map[string]struct {
		says  string
		pages []string
	}{
		"ends early":              {"ends after 1 of 2", []string{v1page("2", "", "a")}},
		"no cursor":               {"ends after 1 of 2", []string{strings.Replace(v1page("2", "2", "a"), `"2"`, "null", 1)}},
		"empty page":              {"ends after 1 of 3", []string{v1page("3", "2", "a"), v1page("3", "3")}},
		"first page empty":        {"ends after 0 of 2", []string{v1page("2", "")}},
		"repeats":                 {"entry 2 repeats a", []string{v1page("4", "2", "a"), v1page("4", "3", "a")}},
		"shrinks":                 {"shrank from 3 to 2", []string{v1page("3", "2", "a"), v1page("2", "", "b")}},
		"page gone":               {"ends after 1 of 3", []string{v1page("3", "2", "a"), "400 Invalid page number. The last valid page is 1."}},
		"more than announced":     {"announces 1", []string{v1page("1", "", "a", "b")}},
		"more than it counts":     {"announces 1", []string{v1page("1", "2", "a")}},
		"no list":                 {"no list", []string{`{}`}},
		"no total":                {"no list", []string{`{"records":[]}`}},
		"no records":              {"no list", []string{`{"pageInfo":{"totalRecords":3}}`}},
		"negative":                {"no list", []string{v1page("-1", "")}},
		"an array":                {"another form", []string{`[]`}},
		"entry without id":        {"entry 1 has no id", []string{strings.NewReplacer(`"id":"a",`, "", `"identifier":"a",`, "").Replace(v1page("1", "", "a"))}},
		"entry of another form":   {"entry 1", []string{strings.Replace(v1page("1", "", "a"), `"N"`, "3", 1)}},
		"second page is no list":  {"from entry 2 on", []string{v1page("2", "2", "a"), `{"pageInfo":{}}`}},
		"without an owner at all": {"entry 1", []string{strings.ReplaceAll(v1page("1", "", "a"), annID, "")}},
	} {
		t.Run(name, func(t *testing.T) {
			schedules, err := pages(t, row.pages...).OwnedSchedules(t.Context(), annID)
			wantFault(t, err, fault.Doubt, row.says)
			documents, err := pages(t, row.pages...).OwnedDocuments(t.Context(), annID)
			wantFault(t, err, fault.Doubt, row.says)
			if schedules != nil || documents != nil {
				t.Errorf("given: %v, %v", schedules, documents)
			}
		})
	}
	_, err := pages(t, v1page("1", "", "a")).OwnedSchedules(t.Context(), bobID)
	wantFault(t, err, fault.Doubt, "somebody else")
	grown, err := pages(t, v1page("2", "2", "a"), v1page("3", "", "b", "c")).OwnedSchedules(t.Context(), annID)
	if err != nil || len(grown) != 3 {
		t.Errorf("a list that grows: %v, %v", grown, err)
	}
}

// A definition is Omni's own bytes, and is about what was asked.
func TestDefinitionsOfSchedules(t *testing.T) {
	schedule := ` {"id" : "s1", "ownerId":"` + annID + `", "conditionType":null, "new":[9007199254740993, 1.50, "<ü>"]}`
	recipients := `{"type":"email", "recipients":[{"email":"x@acme.test","id":"r"}]}`
	for name, row := range map[string]struct {
		schedule, recipients string
		kind                 fault.Kind
	}{
		"whole":           {schedule, recipients, fault.Other},
		"another":         {strings.Replace(schedule, "s1", "s2", 1), recipients, fault.Doubt},
		"no owner":        {strings.Replace(schedule, annID, "", 1), recipients, fault.Doubt},
		"an array":        {`[]`, recipients, fault.Doubt},
		"nothing":         {``, recipients, fault.Doubt},
		"no destination":  {schedule, `{}`, fault.Doubt},
		"other form":      {schedule, `{"type":3}`, fault.Doubt},
		"no such":         {"404", recipients, fault.NotFound},
		"not permitted":   {"403", recipients, fault.Unauthorized},
		"gone in between": {schedule, "404", fault.NotFound},
	} {
		c := client(t, omniclient.Options{Transport: sim.Transport(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := row.schedule
			if strings.HasSuffix(r.URL.Path, "/recipients") {
				answer = row.recipients
			}
			if len(answer) == 3 {
				w.WriteHeader(map[string]int{"403": 403, "404": 404}[answer])
				answer = `{"detail":"no"}`
			}
			_, _ = io.WriteString(w, answer)
		}))})
		got, err := c.Definition(t.Context(), identity.Schedule{ID: "s1", DocumentName: "kept"})
		if fault.KindOf(err) != row.kind || (err != nil) != (row.kind != fault.Other) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if want := `{"schedule":` + schedule + `,"recipients":` + recipients + `}`; string(got.Definition) != want || got.DocumentName != "kept" || !json.Valid(got.Definition) {
			t.Errorf("%s: %s", name, got.Definition)
		}
		if got.Owner != annID || !slices.Equal(got.Recipients, []string{"x@acme.test"}) || got.Kind != identity.Delivery {
			t.Errorf("%s: %+v", name, got)
		}
		if k := c.Limits().RefusedKeys; len(k) > 0 {
			t.Errorf("%s: a key is set aside", name)
		}
	}
}

// Each request about what somebody owns is one that Omni describes.
func TestEstateMeetsOmnisDescription(t *testing.T) {
	org := &simomni.Org{Knobs: simomni.Knobs{RealLimit: -1}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if !strings.Contains(string(body), "slack") { // its recipients are described in words alone
			checkContract(t, r, body)
		}
		checkHeaders(t, r)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		org.ServeHTTP(w, r)
	}))
	defer server.Close()
	c := client(t, omniclient.Options{BaseURL: server.URL})
	ann, bob := org.AddUser("ann@acme.test", "Ann"), org.AddUser("bob@acme.test", "Bob")
	for _, s := range samples(org, ann) {
		org.PlaceSchedule(s)
	}
	saved := own(t, c, ann)
	for _, s := range saved {
		if _, err := c.CreateSchedule(t.Context(), identity.OmniID(bob), s); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		if err := c.TransferSchedule(t.Context(), s.ID, identity.OmniID(bob)); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	if len(saved) != len(samples(org, ann)) || len(org.Schedules()) != 2*len(saved) {
		t.Errorf("%d are there of %d", len(org.Schedules()), len(saved))
	}
	id := org.AddDocument(ann, "Sheet")
	if err := c.TransferDocument(t.Context(), identity.DocumentID(id), identity.OmniID(bob)); err != nil {
		t.Error(err)
	}
	if list, err := c.OwnedDocuments(t.Context(), identity.OmniID(bob)); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

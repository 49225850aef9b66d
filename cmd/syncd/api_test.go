package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/console"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
)

// heldRun gives the run that holds something.
func (m *marked) heldRun() string {
	m.t.Helper()
	var s struct {
		Held []struct {
			Run string `json:"run"`
		} `json:"held"`
	}
	if err := json.Unmarshal([]byte(m.get("/api/v1/status").body), &s); err != nil || len(s.Held) == 0 {
		m.t.Fatalf("nothing is held: %v", err)
	}
	return s.Held[0].Run
}

// leave takes the app from some people, so that the next run holds it.
func (m *marked) leave(ids ...string) {
	for _, id := range ids {
		m.okta.Unassign(id)
	}
}

// recipient gets schedules, which is told to nobody.
const recipient = "marked-recipient-55ff@else.where"

// own gives somebody a schedule.
func (m *marked) own(name string) {
	m.t.Helper()
	u, there := m.omni.User(name + "@acme.co")
	if !there {
		m.t.Fatalf("Omni has no %s", name)
	}
	m.omni.PlaceSchedule(simomni.Schedule{Owner: u.ID, Name: "Weekly numbers of " + name, Recipients: []string{recipient}})
	m.secrets["who gets a schedule"] = recipient
}

// asker asks the API, and holds each answer to the description.
type asker struct {
	*marked
	contract *apiContract
}

// ask sends a request with the token.
func (m asker) ask(method, path, body string, want int) consoleAnswer {
	m.t.Helper()
	a := m.marked.ask(time.Minute, method, m.console+path, body, true)
	if a.status != want {
		m.t.Errorf("%s %s %s: %d %.500s, want %d", method, path, body, a.status, a.body, want)
	}
	m.contract.hold(method, m.console+path, body, a)
	return a
}

// lines sends what is answered by lines, and tells the last one's member.
func (m asker) lines(path, body, last string) {
	m.t.Helper()
	list := linesOf(m.ask("POST", path, body, http.StatusOK))
	if end := list[len(list)-1]; !strings.HasPrefix(end, `{"`+last+`":`) {
		m.t.Errorf("%s %s ends with %.500s", path, body, end)
	}
}

func (m asker) run(body string) { m.t.Helper(); m.ask("POST", "/api/v1/runs", body, http.StatusOK) }

// Everything that the console's API takes and answers is as its description says, field
// by field, and each operation of it was tried.
func TestAPIIsAsDescribed(t *testing.T) {
	w := newMarked(t, "", false)
	w.rewrite("grace: 0s", "grace: 1h")
	w.start()
	m := asker{w, newAPIContract(t, w.console)}
	m.run(`{"kind":"reconcile"}`)
	m.decided()
	m.linked()
	m.left()
	m.read()
	m.refused()
	m.unkind.Store(echoing) // a run that can't go on
	m.run(`{"kind":"full"}`)
	m.ask("GET", "/api/v1/status", "", 200)
	for _, r := range console.Routes() {
		if strings.HasPrefix(r.Path, "/api/") && m.contract.told[r.Method+" "+r.Path+" 200"] == 0 {
			t.Errorf("%s %s isn't tried here with success: add it", r.Method, r.Path)
		}
	}
}

// decided makes runs, and decides what they hold.
func (m asker) decided() {
	m.t.Helper()
	m.okta.UpdateProfile(m.ids[4], map[string]any{"firstName": "Evelyn"})
	m.run(`{"kind":"full","dry_run":true,"attached":true}`)
	m.run(`{"kind":"user","subject":"eve@acme.co"}`)
	m.own("cat")
	m.leave(m.ids[1:4]...)
	m.run(`{"kind":"full","insist":true,"only":["eve@acme.co"]}`)
	m.run(`{"kind":"full"}`)
	m.ask("GET", "/api/v1/status", "", 200)
	m.ask("GET", "/api/v1/leavers", "", 200)
	for _, deed := range []string{"approve", "reject"} {
		if a := m.ask("POST", "/api/v1/runs/"+m.heldRun()+"/"+deed, `{"by":"test","preview":true}`, 200); a.header.Get("Content-Type") != "application/json" {
			m.t.Errorf("a preview is answered by %s", a)
		}
	}
	m.ask("POST", "/api/v1/runs/"+m.heldRun()+"/reject", `{"by":"test","only":["bob@acme.co"]}`, 200)
	m.lines("/api/v1/runs/"+m.heldRun()+"/approve", `{"by":"test"}`, "report")
}

// linked says whose account eve's is, takes it back, and says so again.
func (m asker) linked() {
	m.t.Helper()
	var list console.LinksAnswer
	a := m.ask("GET", "/api/v1/links?subject=eve@acme.co", "", 200)
	if json.Unmarshal([]byte(a.body), &list) != nil || len(list.Links) != 1 || list.Links[0].How != "created" || list.Links[0].Since.IsZero() {
		m.t.Fatalf("eve's link: %s", a.body)
	}
	body := fmt.Sprintf(`{"subject":"eve@acme.co","omni_id":%q,"by":"test"`, list.Links[0].OmniID)
	m.ask("GET", "/api/v1/links", "", 200)
	m.ask("POST", "/api/v1/link", body+"}", 409)
	m.ask("POST", "/api/v1/unlink", `{"subject":"eve@acme.co","by":"test","dry_run":true}`, 200)
	m.ask("POST", "/api/v1/unlink", `{"subject":"eve@acme.co","by":"test"}`, 200)
	m.ask("POST", "/api/v1/unlink", `{"subject":"eve@acme.co","by":"test"}`, 400)
	m.ask("POST", "/api/v1/link", body+`,"dry_run":true}`, 200)
	m.ask("POST", "/api/v1/link", body+"}", 200)
	if a := m.ask("GET", "/api/v1/links?subject=eve@acme.co", "", 200); !strings.Contains(a.body, `"how":"by_hand","by":"test`) {
		m.t.Errorf("linked by hand: %s", a.body)
	}
}

// left pauses, lets somebody leave at once, restores what they owned, and forgets them.
func (m asker) left() {
	m.t.Helper()
	m.ask("POST", "/api/v1/pause", `{"by":"test","seconds":3600,"removals_only":true,"reason":"moving"}`, 200)
	m.ask("GET", "/api/v1/status", "", 200)
	m.ask("POST", "/api/v1/resume", `{"by":"test"}`, 200)
	m.lines("/api/v1/leavers/cat@acme.co/leave", `{"by":"test","confirm":"cat@acme.co"}`, "report")
	m.ask("GET", "/api/v1/leavers", "", 200)
	if a := m.ask("GET", "/api/v1/schedules?of=cat@acme.co", "", 200); !strings.Contains(a.body, "Weekly numbers of cat") {
		m.t.Errorf("nothing of cat is saved: %s", a.body)
	}
	m.lines("/api/v1/schedules/restore", `{"who":"cat@acme.co","to":"eve@acme.co","dry_run":true}`, "restored")
	m.lines("/api/v1/schedules/restore", `{"who":"cat@acme.co","to":"eve@acme.co","by":"test","only":["Weekly numbers of cat"]}`, "restored")
	m.lines("/api/v1/schedules/restore", `{"who":"cat@acme.co","to":"nobody@acme.co"}`, "error")
	m.lines("/api/v1/forget", `{"subject":"cat@acme.co","by":"test","dry_run":true}`, "forgotten")
	m.lines("/api/v1/forget", `{"subject":"cat@acme.co","by":"test"}`, "forgotten")
	m.lines("/api/v1/forget", `{"subject":"eve@acme.co"}`, "error")
}

// read reads all that can be read.
func (m asker) read() {
	m.t.Helper()
	m.ask("GET", "/api/v1/status", "", 200)
	for _, subject := range []string{"eve@acme.co", "bob@acme.co", "Sales"} {
		m.ask("GET", "/api/v1/explain?"+url.Values{"subject": {subject}}.Encode(), "", 200)
		m.ask("GET", "/api/v1/history?"+url.Values{"subject": {subject}, "limit": {"5"}}.Encode(), "", 200)
	}
	for _, of := range []string{"all", "users", "failing", "held", "runs"} {
		m.ask("GET", "/api/v1/names?of="+of+"&prefix=&limit=10", "", 200)
	}
	for _, form := range []string{"csv", "jsonl"} {
		if a := m.ask("GET", "/api/v1/history?skip=1&limit=5&format="+form, "", 200); strings.Count(a.body, "\n") < 5 {
			m.t.Errorf("as %s: %s", form, a)
		}
	}
	m.ask("GET", "/api/v1/history?since=2020-01-01T00:00:00Z", "", 200)
	m.ask("GET", "/api/v1/access?at="+time.Now().UTC().Format(time.RFC3339), "", 200)
	m.ask("GET", "/api/v1/access?subject=bob@acme.co&at="+time.Now().Add(-time.Minute).UTC().Format(time.RFC3339), "", 200)
	for _, path := range []string{"people?prefix=e&limit=5", "groups?prefix=s&limit=5", "figures"} {
		m.ask("GET", "/api/v1/"+path, "", 200)
	}
	var list struct {
		Runs []state.Run `json:"runs"`
	}
	if a := m.ask("GET", "/api/v1/runs?kind=full&skip=0&limit=2", "", 200); json.Unmarshal([]byte(a.body), &list) != nil || len(list.Runs) != 2 {
		m.t.Fatalf("two runs: %s", a.body)
	}
	m.ask("GET", "/api/v1/runs?outcome=held", "", 200)
	m.ask("GET", "/api/v1/runs/"+list.Runs[0].Run, "", 200)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/api/openapi.json"} {
		m.ask("GET", path, "", 200)
	}
	a := m.marked.ask(300*time.Millisecond, "GET", m.console+"/api/v1/events", "", true) // which has no end
	if !strings.HasPrefix(a.body, "event: progress\n") {
		m.t.Errorf("an open page is told %s", a)
	}
	m.contract.hold("GET", m.console+"/api/v1/events", "", a)
}

// refused asks for what isn't there, or isn't right, and without the token.
func (m asker) refused() {
	m.t.Helper()
	for path, want := range map[string]int{"history?since=yesterday": 400, "history?format=pdf": 400, "names?of=nothing": 400, "explain": 400, "explain?subject=nobody@acme.co": 404,
		"runs?skip=x": 400, "runs/nothing": 404, "schedules": 400, "links?subject=nobody@acme.co": 404} {
		m.ask("GET", "/api/v1/"+path, "", want)
	}
	for path, body := range map[string]string{"runs": `{"kind":"half"}`, "runs/x/approve": `{"no":1}`, "runs/y/reject": `[]`, "leavers/x/leave": `{"no":1}`, "forget": `{}`,
		"pause": `{"seconds":-1}`, "link": `{"subject":"eve@acme.co"}`, "unlink": `[]`, "resume": `{"seconds":1}`, "schedules/restore": `{"who":"x"}`} {
		m.ask("POST", "/api/v1/"+path, body, 400)
	}
	m.ask("POST", "/api/v1/runs/nothing/reject", `{}`, 404)
	m.ask("POST", "/api/v1/leavers/eve@acme.co/leave", `{"confirm":"eve@acme.co"}`, 404)
	for _, r := range console.Routes() {
		if !strings.HasPrefix(r.Path, "/api/") && r.Path != "/metrics" { // pages, and their doors, are console's to test
			continue
		}
		path := strings.NewReplacer("{run}", "x", "{user}", "x").Replace(r.Path)
		a := m.marked.ask(time.Minute, r.Method, m.console+path, "", false)
		if a.status != http.StatusUnauthorized {
			m.t.Errorf("%s %s without the token: %d", r.Method, path, a.status)
		}
		m.contract.hold(r.Method, m.console+path, "", a)
	}
}

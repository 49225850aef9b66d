package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/omnisync/omnisync/console"
)

// apiContract holds what the console is asked and answers to its description.
type apiContract struct {
	t      *testing.T
	router routers.Router
	told   map[string]int // by operation and status
}

func newAPIContract(t *testing.T, address string) *apiContract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(console.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.JSONBodyDecoder) // its lines come one by one
	no := false
	for _, s := range doc.Components.Schemas { // here, a field that isn't described is a fault
		s.Value.AdditionalProperties = openapi3.BoolSchema{Has: &no}
	}
	doc.Servers = openapi3.Servers{{URL: "http://" + address}}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &apiContract{t: t, router: router, told: map[string]int{}}
}

// hold holds one exchange to the description.
func (c *apiContract) hold(method, address, body string, a consoleAnswer) {
	c.t.Helper()
	for _, err := range c.faults(method, address, body, a) {
		c.t.Error(err)
	}
}

// faults tells what of an exchange isn't described so: of the answer, and of the request
// where it was taken.
func (c *apiContract) faults(method, address, body string, a consoleAnswer) (list []error) {
	r, err := http.NewRequestWithContext(c.t.Context(), method, "http://"+address, strings.NewReader(body))
	if err != nil {
		return []error{err}
	}
	r.Header.Set("Content-Type", "application/json")
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		return []error{fmt.Errorf("%s %s isn't described: %w", method, address, err)}
	}
	c.told[fmt.Sprint(method, " ", route.Path, " ", a.status)]++
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	if a.status == http.StatusOK {
		if err := openapi3filter.ValidateRequest(c.t.Context(), in); err != nil {
			list = append(list, fmt.Errorf("%s %s %s was taken, and isn't described so: %w", method, address, body, err))
		}
	}
	for _, part := range linesOf(a) {
		out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.status, Header: a.header, Options: options}
		out.SetBodyBytes([]byte(part))
		if err := openapi3filter.ValidateResponse(c.t.Context(), out); err != nil {
			list = append(list, fmt.Errorf("%s %s was answered with %d, and that isn't described so: %w\n%.2000s", method, address, a.status, err, part))
		}
	}
	return list
}

// linesOf gives an answer's lines where it has any, else the whole.
func linesOf(a consoleAnswer) []string {
	if a.header.Get("Content-Type") == "application/x-ndjson" {
		return strings.Split(strings.TrimSuffix(a.body, "\n"), "\n")
	}
	return []string{a.body}
}

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

// Everything that the console's API takes and answers is as its description says, field
// by field, and each operation of it was tried.
func TestAPIIsAsDescribed(t *testing.T) {
	m := newMarked(t, "", false)
	m.start()
	c := newAPIContract(t, m.console)
	ask := func(method, path, body string, want int) {
		t.Helper()
		a := m.ask(time.Minute, method, m.console+path, body, true)
		if a.status != want {
			t.Errorf("%s %s %s: %d %.500s, want %d", method, path, body, a.status, a.body, want)
		}
		c.hold(method, m.console+path, body, a)
	}
	refuse := func(method, path string) { // without the token
		t.Helper()
		a := m.ask(time.Minute, method, m.console+path, "", false)
		if a.status != http.StatusUnauthorized {
			t.Errorf("%s %s without the token: %d", method, path, a.status)
		}
		c.hold(method, m.console+path, "", a)
	}
	run := func(body string) { t.Helper(); ask("POST", "/api/v1/runs", body, 200) }

	run(`{"kind":"reconcile"}`)
	m.okta.UpdateProfile(m.ids[4], map[string]any{"firstName": "Evelyn"})
	run(`{"kind":"full","dry_run":true,"attached":true}`)
	run(`{"kind":"user","subject":"eve@acme.co"}`)
	m.leave(m.ids[1:4]...)
	run(`{"kind":"full","insist":true,"only":["eve@acme.co"]}`)
	run(`{"kind":"full"}`)
	ask("GET", "/api/v1/status", "", 200)
	for _, subject := range []string{"eve@acme.co", "bob@acme.co", "Sales"} {
		ask("GET", "/api/v1/explain?"+url.Values{"subject": {subject}}.Encode(), "", 200)
		ask("GET", "/api/v1/history?"+url.Values{"subject": {subject}, "limit": {"5"}}.Encode(), "", 200)
	}
	for _, of := range []string{"all", "users", "failing", "held", "runs"} {
		ask("GET", "/api/v1/names?of="+of+"&prefix=&limit=10", "", 200)
	}
	ask("POST", "/api/v1/runs/"+m.heldRun()+"/reject", `{"by":"test","only":["bob@acme.co"]}`, 200)
	ask("POST", "/api/v1/runs/"+m.heldRun()+"/approve", `{"by":"test"}`, 200)
	ask("GET", "/api/v1/status", "", 200)
	ask("GET", "/api/v1/history?since=2020-01-01T00:00:00Z", "", 200)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/api/openapi.json"} {
		ask("GET", path, "", 200)
	}

	for path, want := range map[string]int{"/api/v1/history?since=yesterday": 400, "/api/v1/names?of=nothing": 400, "/api/v1/explain": 400, "/api/v1/explain?subject=nobody@acme.co": 404} {
		ask("GET", path, "", want)
	}
	for path, body := range map[string]string{"/api/v1/runs": `{"kind":"half"}`, "/api/v1/runs/x/approve": `{"no":1}`, "/api/v1/runs/y/reject": `[]`} {
		ask("POST", path, body, 400)
	}
	ask("POST", "/api/v1/runs/nothing/reject", `{}`, 404)
	for _, r := range console.Routes() {
		if path := strings.ReplaceAll(r.Path, "{run}", "x"); r.Path != "/healthz" && r.Path != "/readyz" {
			refuse(r.Method, path)
		}
	}
	m.unkind.Store(echoing) // a run that can't go on
	run(`{"kind":"full"}`)
	ask("GET", "/api/v1/status", "", 200)

	for _, r := range console.Routes() {
		if strings.HasPrefix(r.Path, "/api/") && c.told[r.Method+" "+r.Path+" 200"] == 0 {
			t.Errorf("%s %s isn't tried here with success: add it", r.Method, r.Path)
		}
	}
}

// The contract notices a field that isn't described, one that is missing, and a request
// that isn't described.
func TestAPIContractBites(t *testing.T) {
	c := newAPIContract(t, "127.0.0.1:1")
	for name, body := range map[string]string{
		"as described":        `{"names":[{"name":"ann","about":"user"}]}`,
		"a field too many":    `{"names":[{"name":"ann","age":3}]}`,
		"a field that is not": `{"names":[{"about":"user"}]}`,
		"another type":        `{"names":[{"name":7}]}`,
	} {
		a := consoleAnswer{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, body}
		if list := c.faults(http.MethodGet, "127.0.0.1:1/api/v1/names?of=all", "", a); (len(list) > 0) != (name != "as described") {
			t.Errorf("%s: %v", name, list)
		}
	}
	taken := consoleAnswer{http.StatusOK, http.Header{"Content-Type": {"application/x-ndjson"}}, `{"error":{"kind":"other","message":"","hint":""}}`}
	if list := c.faults(http.MethodPost, "127.0.0.1:1/api/v1/runs", `{"kind":"full","colour":"red"}`, taken); len(list) != 1 {
		t.Errorf("a request with an unknown field: %v", list)
	}
	if list := c.faults(http.MethodGet, "127.0.0.1:1/api/v1/secrets", "", taken); len(list) != 1 {
		t.Errorf("an unknown route: %v", list)
	}
}

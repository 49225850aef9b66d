package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

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
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.FileBodyDecoder)    // text, like what isn't taken apart
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

package console_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/console"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write openapi.json anew")

// TestOpenAPIIsCurrent fails when the types or openapi.yaml changed and openapi.json
// didn't; mend it with go generate.
func TestOpenAPIIsCurrent(t *testing.T) {
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	components, ok := doc["components"].(map[string]any)
	if !ok {
		t.Fatal("openapi.yaml has no components")
	}
	components["schemas"] = schemasOf(t, console.OpenAPITypes)
	got, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile("openapi.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("openapi.json")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("openapi.json is not current (%v); run go generate ./console\n%s", err, cmp.Diff(string(want), string(got)))
	}
}

// The description is sound, and has every route of the API, and none that isn't there.
func TestOpenAPIHasEveryRoute(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(console.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	described := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			described[method+" "+path] = true
			if operation.Summary == "" || operation.OperationID == "" {
				t.Errorf("%s %s has no summary, or no operationId", method, path)
			}
		}
	}
	for _, r := range console.Routes() {
		if strings.HasPrefix(r.Path, "/api/") && !described[r.Method+" "+r.Path] {
			t.Errorf("%s %s isn't described: add it to console/openapi.yaml, the Go types of what it takes and answers to openapi_types_test.go, and run go generate ./console", r.Method, r.Path)
		}
		delete(described, r.Method+" "+r.Path)
	}
	for route := range described {
		t.Errorf("console/openapi.yaml describes %s, which isn't there", route)
	}
}

// Who knows the token gets the description, and nobody else.
func TestOpenAPIIsServed(t *testing.T) {
	url := newDaemon().serve(t)
	if a := (knock{method: "GET", path: "/api/openapi.json"}).send(t, url); a.status != http.StatusUnauthorized {
		t.Errorf("without the token: %d", a.status)
	}
	a := knock{method: "GET", path: "/api/openapi.json", token: token}.send(t, url)
	if a.status != http.StatusOK || !strings.Contains(a.body, `"openapi": "3.0.3"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

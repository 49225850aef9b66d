package okta_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// TestRequestsMeetOktasDescription: each request that the Reader sends, those of
// all exchanges included, is one that Okta's own API description allows.
func TestRequestsMeetOktasDescription(t *testing.T) {
	dir := os.Getenv("OMNISYNC_SPECS")
	if dir == "" {
		t.Skip("OMNISYNC_SPECS names no folder with okta-management-openapi.json: the vendor's description isn't part of this repository")
	}
	described := loadDescription(t, filepath.Join(dir, "okta-management-openapi.json"))
	many := strings.Repeat(" 00g", 21)
	for _, q := range append([]question{question("Groups" + many), question("CountedGroups" + many)}, questions...) {
		var sent int
		r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			sent++
			if err := meets(described, req); err != nil {
				t.Errorf("%s sends %s: %v", q, req.URL, err)
			}
			answer(w, 404, `{"errorCode": "E0000007"}`)
		}))
		_, _ = q.ask(t.Context(), r)
		if sent == 0 {
			t.Errorf("%s sends nothing", q)
		}
	}
	for _, wrong := range []string{"/api/v1/apps/0oa1/users?limit=501", "/api/v1/apps/0oa1/people"} { // so that the test can fail
		req, _ := http.NewRequest(http.MethodGet, wrong, nil)
		if meets(described, req) == nil {
			t.Errorf("%s passes for described", wrong)
		}
	}
}

func loadDescription(t *testing.T, file string) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil                                                    // requests are matched by path alone
	for _, name := range []string{"UserSchema", "UserSchemaAttribute"} { // break the rules for descriptions themselves
		*doc.Components.Schemas[name].Value = openapi3.Schema{}
	}
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation(), openapi3.DisableSchemaPatternValidation())
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// meets checks path, parameters and their values.
func meets(described routers.Router, req *http.Request) error {
	route, params, err := described.FindRoute(req)
	if err != nil {
		return err
	}
	return openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}

package omniclient_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/omniclient"
)

// specs is the variable that names the folder of the vendors' descriptions.
const specs = "OMNISYNC_SPECS"

// description is Omni's own description of its API, nil where it isn't at hand.
var description = sync.OnceValues(func() (routers.Router, error) {
	dir := os.Getenv(specs)
	if dir == "" {
		return nil, nil
	}
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(dir, "omni-openapi.json"))
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc, openapi3.DisableSchemaDefaultsValidation(), openapi3.DisableExamplesValidation()) // its numeric defaults and examples of texts
})

// checkContract holds a request to Omni's description, where that is at hand.
func checkContract(t *testing.T, r *http.Request, body []byte) {
	t.Helper()
	router, err := description()
	if err != nil {
		t.Error(err)
	}
	if router == nil {
		return
	}
	r = r.Clone(context.Background())
	r.URL.Path = strings.TrimPrefix(r.URL.Path, prefix)
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := router.FindRoute(r)
	if err != nil {
		t.Errorf("%s %s is not in Omni's description: %v", r.Method, r.URL.Path, err)
		return
	}
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			SkipSettingDefaults: true, // Omni declares numbers as texts with numeric defaults
			AuthenticationFunc: func(_ context.Context, in *openapi3filter.AuthenticationInput) error {
				if h := in.RequestValidationInput.Request.Header.Get("Authorization"); !strings.HasPrefix(h, "Bearer ") {
					return fmt.Errorf("no bearer key")
				}
				return nil
			},
		},
	})
	if err != nil {
		t.Errorf("%s %s %s\nis not what Omni describes: %v", r.Method, r.URL, body, err)
	}
}

// TestContract sends every kind of request, in both forms of PATCH (Omni seems to
// ignore all that is written), and holds each to Omni's description.
func TestContract(t *testing.T) {
	if os.Getenv(specs) == "" {
		t.Skip("set " + specs + " to the folder of the vendors' API descriptions")
	}
	requests := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		checkContract(t, r, body)
		path := strings.TrimPrefix(r.URL.Path, prefix+"/api/scim/v2")
		requests[r.Method+" "+strings.TrimSuffix(strings.TrimSuffix(path, annID), "g1")]++
		switch {
		case path == "/Users" && r.Method == http.MethodGet:
			_, _ = io.WriteString(w, list("1", user(annID, "ann@acme.test", "Ann", true, "")))
		case path == "/Groups" && r.Method == http.MethodGet:
			_, _ = io.WriteString(w, list("1", `{"id":"g1","displayName":"The \"A\" Team"}`))
		case strings.HasPrefix(path, "/Users"):
			_, _ = io.WriteString(w, user(annID, "ann@acme.test", "Ann", true, ""))
		default:
			_, _ = io.WriteString(w, group("g1", "Team"))
		}
	}))
	defer server.Close()
	c := client(t, omniclient.Options{BaseURL: server.URL + prefix})
	everyCall(t.Context(), c)
	for _, want := range []string{
		"GET /Users", "POST /Users", "GET /Users/", "PATCH /Users/", "DELETE /Users/",
		"GET /Groups", "POST /Groups", "GET /Groups/", "PATCH /Groups/", "DELETE /Groups/",
		"GET " + prefix + "/api/v1/users/" + annID + "/model-roles", "GET " + prefix + "/api/v1/user-groups/g1/model-roles",
	} {
		if requests[want] == 0 {
			t.Errorf("no %s was sent", want)
		}
		delete(requests, want)
	}
	if len(requests) > 0 {
		t.Errorf("unexpected kinds of requests: %v", requests)
	}
}

// everyCall uses the whole client. What it answers doesn't matter here.
func everyCall(ctx context.Context, c *omniclient.Client) {
	values := map[string]identity.Value{
		"text": `"x"`, "number": `3`, "large": `9007199254740993`, "texts": `["a","b"]`, "numbers": `[1,2]`, "mixed": `["a",1]`,
	}
	changes := map[string]*identity.Value{"cleared": nil}
	for name, v := range values {
		changes[name] = &v
	}
	for range c.Users(ctx) {
	}
	for range c.Teams(ctx) {
	}
	_, _ = c.User(ctx, annID)
	_, _ = c.FindUser(ctx, `o"neill\x@acme.test`)
	_, _ = c.CreateUser(ctx, identity.User{UserName: "new@acme.test", DisplayName: "New", Attributes: values})
	for _, active := range []bool{true, false} {
		_, _ = c.UpdateUser(ctx, annID, identity.UserPatch{
			UserName: ptr("b@acme.test"), DisplayName: ptr("B"), Active: &active, Attributes: changes,
		})
	}
	_ = c.DeleteUser(ctx, annID)
	_, _ = c.FindTeam(ctx, `The "A" Team`)
	_, _ = c.CreateTeam(ctx, "New", []identity.OmniID{annID, bobID})
	_, _ = c.CreateTeam(ctx, "Empty", nil)
	_ = c.UpdateTeam(ctx, "g1", identity.TeamPatch{DisplayName: ptr("T"), Add: []identity.OmniID{annID}, Remove: []identity.OmniID{bobID, eveID}})
	_ = c.DeleteTeam(ctx, "g1")
	_, _ = c.Belongings(ctx, annID)
	_, _ = c.TeamRoles(ctx, "g1")
}

package okta_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// specs is the variable that names the directory of the vendors' API descriptions.
const specs = "OMNISYNC_SPECS"

// load reads Okta's description once for all tests.
var load = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(os.Getenv(specs), "okta-management-openapi.json"))
	if err != nil {
		return nil, err
	}
	// Okta's events have null here, whatever the description says.
	schemas := doc.Components.Schemas
	for name, property := range map[string]string{
		"LogActor": "detailEntry", "LogTarget": "detailEntry", "LogOutcome": "reason",
	} {
		schemas[name].Value.Properties[property].Value.Nullable = true
	}
	for _, property := range []string{"userAgent", "device", "ipAddress"} { // blank for a job
		schemas["LogClient"].Value.Properties[property].Value.Nullable = true
	}
	return doc, nil
})

func description(t *testing.T) *openapi3.T {
	t.Helper()
	if os.Getenv(specs) == "" {
		return nil
	}
	doc, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// contract holds requests that succeed, and all answers, to the description.
type contract struct {
	t    *testing.T
	doc  *openapi3.T
	next http.RoundTripper
}

func (c contract) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	route, params := c.route(req)
	if route == nil || resp.StatusCode == http.StatusNotImplemented {
		return resp, nil // an endpoint, or an option, that the stand-in says it hasn't
	}
	if req.GetBody != nil { // it was read
		if req.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	input := &openapi3filter.RequestValidationInput{
		Request: req, Route: route, PathParams: params,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
	}
	if resp.StatusCode/100 == 2 {
		if err := openapi3filter.ValidateRequest(req.Context(), input); err != nil {
			c.t.Errorf("%s %s was answered and breaks the description: %v", req.Method, req.URL, err)
		}
	}
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: resp.StatusCode, Header: resp.Header, Options: input.Options,
	}
	output.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(req.Context(), output); err != nil {
		c.t.Errorf("the answer to %s %s breaks the description: %v", req.Method, req.URL, err)
	}
	return resp, nil
}

// route finds the operation that a request is for.
func (c contract) route(req *http.Request) (*routers.Route, map[string]string) {
	have := strings.Split(req.URL.Path, "/")
	for template, item := range c.doc.Paths.Map() {
		want := strings.Split(template, "/")
		params := map[string]string{}
		fits := len(want) == len(have) && item.GetOperation(req.Method) != nil
		for i := 0; fits && i < len(want); i++ {
			if strings.HasPrefix(want[i], "{") {
				params[strings.Trim(want[i], "{}")] = have[i]
			} else {
				fits = want[i] == have[i]
			}
		}
		if fits {
			return &routers.Route{
				Spec: c.doc, Path: template, PathItem: item, Method: req.Method, Operation: item.GetOperation(req.Method),
			}, params
		}
	}
	return nil, nil
}

// TestContract asks every endpoint in every form that it has. The harness compares.
func TestContract(t *testing.T) {
	if os.Getenv(specs) == "" {
		t.Skipf("%s isn't set: it names the directory with Okta's description of its API, okta-management-openapi.json", specs)
	}
	h := serve(t, &simokta.Org{})
	users, groupID := company(h)
	mapping := h.Push(groupID)
	hook := h.hook("https://hooks.example.com", "user.lifecycle.create")
	for _, path := range []string{
		h.app(),
		h.app() + "/users?expand=user&limit=500",
		h.app() + "/users/" + users[0] + "?expand=user",
		h.app() + "/groups?limit=200&expand=group",
		h.app() + "/groups/" + groupID,
		h.app() + "/group-push/mappings?status=ACTIVE&limit=1000",
		h.app() + "/group-push/mappings/" + mapping,
		"/api/v1/groups?expand=stats&limit=200",
		"/api/v1/groups/" + groupID,
		"/api/v1/groups/" + groupID + "/users?limit=200",
		"/api/v1/users?limit=200",
		"/api/v1/users/" + users[0],
		"/api/v1/users/" + users[0] + "/groups",
		allHooks,
		allHooks + "/" + hook,
		"/api/v1/logs?limit=1000",
		"/api/v1/logs?sortOrder=DESCENDING&limit=1000",
	} {
		if a := h.ask(path); a.status != 200 || a.body == "[]" {
			t.Errorf("%s: status %d, body %s", path, a.status, a.body)
		}
	}
}

// company is an org in which everything happened once. The first user is assigned, and a member of the group.
func company(h *harness) (users []string, groupID string) {
	users = h.staff(6)
	groupID = h.AddGroup("Sales", "")
	h.AddGroup("Everyone", "BUILT_IN")
	h.AssignGroup(groupID)
	h.AddMembers(groupID, users...)
	h.Unassign(users[1])
	h.Assign(users[1], simokta.AssignOptions{ExternalID: "ext-1", AppProfile: map[string]any{"role": "analyst", "tags": []string{"a"}}})
	h.SetStatus(users[2], "SUSPENDED")
	h.SetStatus(users[3], "DEPROVISIONED")
	h.SetUserName(users[4], "other@example.com")
	h.UpdateProfile(users[4], map[string]any{"department": "Data", "nickName": nil})
	h.AddUser(simokta.User{Email: "new@example.com", FirstName: "New", LastName: "One", Status: "STAGED"})
	h.RemoveMember(groupID, users[5])
	h.Delete(users[5])
	h.RenameGroup(groupID, "Sales EMEA")
	h.Emit(simokta.Event{Type: "application.provision.user.push", Outcome: "FAILURE", Reason: "Conflict"})
	return users, groupID
}

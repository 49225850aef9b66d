package omni_test

import (
	"bytes"
	"context"
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
	"github.com/getkin/kin-openapi/routers/legacy"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// contract is the vendor's description of the API.
type contract struct {
	router   routers.Router
	requests bool // whether requests are held to it too
}

// describe reads the description once for all tests, which takes a while.
var describe = sync.OnceValues(func() (routers.Router, error) {
	document, err := openapi3.NewLoader().LoadFromFile(filepath.Join(os.Getenv("OMNISYNC_SPECS"), "omni-openapi.json"))
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(document, openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation())
})

// loadContract gives nil where OMNISYNC_SPECS doesn't say where the descriptions are.
func loadContract(t *testing.T) *contract {
	t.Helper()
	if os.Getenv("OMNISYNC_SPECS") == "" {
		return nil
	}
	router, err := describe()
	if err != nil {
		t.Fatal(err)
	}
	return &contract{router: router}
}

// check holds an answer to the description, where that knows the path and the
// status. Lower-case paths are looked up as the description writes them.
func (s *contract) check(t *testing.T, r *http.Request, sent []byte, response *http.Response, text []byte) {
	t.Helper()
	described := r.Clone(context.Background())
	described.Body = io.NopCloser(bytes.NewReader(sent))
	described.URL.Host, described.URL.Scheme, described.Host = "", "", ""
	described.URL.Path = strings.NewReplacer("/users", "/Users", "/groups", "/Groups").Replace(described.URL.Path)
	if strings.HasPrefix(r.URL.Path, "/api/v1/") {
		described.URL.Path = r.URL.Path
	}
	route, parameters, err := s.router.FindRoute(described)
	if err != nil && s.requests {
		t.Errorf("%s %s is described nowhere: %v", r.Method, r.URL, err)
	}
	if err != nil {
		return // whoami is newer than the description; tests of unknown paths want no route
	}
	options := &openapi3filter.Options{SkipSettingDefaults: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	input := &openapi3filter.RequestValidationInput{Request: described, PathParams: parameters, Route: route, Options: options}
	if s.requests {
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
			t.Errorf("request %s %s: %v", r.Method, r.URL, err)
		}
		options = &openapi3filter.Options{IncludeResponseStatus: true}
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: response.StatusCode, Header: response.Header,
		Body: io.NopCloser(bytes.NewReader(text)), Options: options,
	})
	if err != nil {
		t.Errorf("answer to %s %s: %v", r.Method, r.URL, err)
	}
}

// TestContract walks through every path that is described and served. Requests
// and statuses are held to the description too.
func TestContract(t *testing.T) {
	if os.Getenv("OMNISYNC_SPECS") == "" {
		t.Skip("OMNISYNC_SPECS doesn't name the folder with omni-openapi.json")
	}
	o := &simomni.Org{}
	o.DefineAttribute(simomni.Definition{Reference: "region", Default: []string{"all"}})
	o.DefineAttribute(simomni.Definition{Reference: "levels", Number: true, Multiple: true, Default: []string{"1", "2"}})
	embed := o.AddEmbedUser("embed@b.co", "Embed")
	c := start(t, o)
	c.spec.requests = true
	c.walkUsers(o)
	c.walkGroups()
	c.walkRest(o, embed)
	c.walkEstate(o)
}

func (c client) walkUsers(o *simomni.Org) {
	c.t.Helper()
	one := users + "/" + c.create("a@b.co")
	c.want(201, "POST", users, `{"userName":"b@b.co","displayName":"B","`+attributes+`":{"region":"x","levels":[1,2]}}`)
	c.want(409, "POST", users, `{"userName":"A@b.co","displayName":"B"}`)
	c.want(200, "GET", users+"?count=1&startIndex=2", "")
	c.want(200, "GET", users+`?filter=userName%20eq%20%22a@b.co%22`, "")
	c.want(200, "GET", one, "")
	for _, operation := range []string{
		`{"op":"replace","value":{"displayName":"A2","` + attributes + `":{"region":"y","levels":null}}}`,
		`{"op":"Replace","path":"` + attributes + `:region","value":"z"}`,
		`{"op":"Add","path":"` + attributes + `:levels","value":[3]}`,
		`{"op":"Remove","path":"` + attributes + `:levels","value":null}`,
		`{"op":"replace","value":{"displayName":"A3","userName":"c@b.co"}}`,
		`{"op":"replace","path":"displayName","value":"A4"}`,
		`{"op":"replace","path":"active","value":false}`,
		`{"op":"replace","value":{"active":true}}`,
	} {
		c.want(200, "PATCH", one, patch(operation))
	}
	c.want(400, "PATCH", one, patch(`{"op":"replace","path":"nothing","value":"x"}`))
	c.want(200, "PUT", one, `{"userName":"c@b.co","active":true}`)
	c.want(204, "DELETE", one, "")
	for _, method := range []string{"GET", "DELETE"} {
		c.want(404, method, one, "")
	}
	c.want(404, "PUT", one, `{"userName":"c@b.co"}`)
	c.want(404, "PATCH", one, patch(`{"op":"replace","path":"active","value":false}`))
	equal(c.t, "users that are left", len(o.Users()), 1)
}

func (c client) walkGroups() {
	c.t.Helper()
	ann, bob := c.create("ann@b.co"), c.create("bob@b.co")
	made := c.want(201, "POST", groups, `{"displayName":"Sales","members":[{"value":"`+ann+`"}]}`)
	one := groups + "/" + c.text(made, "id")
	c.want(409, "POST", groups, `{"displayName":"sales"}`)
	c.want(201, "POST", groups, `{"displayName":"Empty"}`)
	c.want(200, "GET", groups+"?count=1&excludedAttributes=members", "")
	c.want(200, "GET", groups+`?filter=displayName%20eq%20%22Sales%22`, "")
	c.want(200, "GET", one+"?excludedAttributes=members", "")
	for _, operation := range []string{
		`{"op":"replace","value":{"displayName":"Sales 2"}}`,
		`{"op":"Replace","path":"displayName","value":"Sales 3"}`,
		`{"op":"Add","path":"members","value":[{"value":"` + bob + `"},{"value":"` + ann + `"}]}`,
		`{"op":"Remove","path":"members[value eq \"` + ann + `\"]"}`,
		`{"op":"replace","path":"members","value":[{"value":"` + ann + `"}]}`,
	} {
		c.want(200, "PATCH", one, patch(operation))
	}
	c.want(400, "PATCH", one, patch(`{"op":"replace","value":{"displayName":""}}`))
	c.want(200, "PUT", one, `{"displayName":"Sales","members":[{"display":"","value":"`+bob+`"}]}`)
	c.want(200, "GET", one, "")
	c.want(204, "DELETE", one, "")
	for _, method := range []string{"GET", "DELETE"} {
		c.want(404, method, one, "")
	}
}

func (c client) walkRest(o *simomni.Org, embed string) {
	c.t.Helper()
	owner := o.Users()[0].ID
	for _, name := range []string{"daily", "weekly", "monthly"} {
		o.AddSchedule(owner, name, "x@b.co")
		o.AddDocument(owner, name)
	}
	o.AddModelRole(owner, "QUERIER")
	c.want(200, "GET", "/api/v1/user-attributes", "")
	c.want(200, "GET", "/api/v1/schedules?pageSize=2&ownerId="+owner, "")
	c.want(200, "GET", "/api/v1/schedules?pageSize=2&cursor=2&ownerId="+owner, "")
	c.want(200, "GET", "/api/v1/documents?pageSize=2&creatorId="+owner, "")
	c.want(200, "GET", "/api/v1/users/"+owner+"/model-roles", "")
	team := o.AddGroup("Modelers")
	o.AddModelRole(team, "MODELER")
	c.want(200, "GET", "/api/v1/user-groups/"+team+"/model-roles", "")
	c.want(404, "GET", "/api/v1/user-groups/nobody/model-roles", "")
	c.want(200, "GET", embedUsers+"?count=5", "")
	c.want(200, "GET", embedUsers+"/"+embed, "")
	c.want(204, "DELETE", embedUsers+"/"+embed, "")
	c.want(404, "GET", embedUsers+"/"+embed, "")
}

func (c client) walkEstate(o *simomni.Org) {
	c.t.Helper()
	ann, bob := c.create("owner@b.co"), c.create("heir@b.co")
	sheet := o.AddDocument(ann, "Sheet")
	team := o.AddGroup("Readers", bob)
	made := c.want(200, "POST", "/api/v1/schedules?userId="+ann, `{"name":"Alert","identifier":"`+sheet+`","schedule":"0 9 ? * MON *","timezone":"UTC","format":"pdf",
		"destinationType":"email","recipients":[{"email":"x@b.co"}],"conditionType":"RESULTS_PRESENT","conditionQueryMapKey":"q1","filterConfig":{"a":1}}`)
	one := "/api/v1/schedules/" + c.text(made, "id")
	o.PlaceSchedule(simomni.Schedule{Owner: ann, Name: "Hook", Destination: "webhook", Target: map[string]any{"url": "https://x.co/h"}, Dashboard: sheet, Paused: true})
	o.PlaceSchedule(simomni.Schedule{Owner: ann, Name: "Team", Groups: []string{team}})
	c.want(200, "GET", "/api/v1/schedules?scheduleType=alert&identifier="+sheet, "")
	for id := range strings.FieldsSeq(c.want(200, "GET", "/api/v1/schedules?ownerId="+ann, "").list("records", "id")) {
		c.want(200, "GET", "/api/v1/schedules/"+id, "")
		c.want(200, "GET", "/api/v1/schedules/"+id+"/recipients", "")
	}
	c.want(200, "PUT", one+"/add-recipients", `{"emails":["y@b.co"],"userIds":["`+bob+`"]}`)
	c.want(400, "PUT", one+"/add-recipients", `{}`)
	c.want(200, "PUT", one+"/pause", "")
	c.want(200, "PUT", one+"/resume", "")
	c.want(200, "PUT", one+"/transfer-ownership", `{"userId":"`+bob+`"}`)
	c.want(404, "PUT", one+"/transfer-ownership", `{"userId":"`+stranger+`"}`)
	c.want(200, "GET", "/api/v1/documents/"+sheet, "")
	c.want(200, "PUT", "/api/v1/documents/"+sheet+"/transfer-ownership", `{"userId":"`+bob+`"}`)
	c.want(404, "PUT", "/api/v1/documents/none/transfer-ownership", `{"userId":"`+bob+`"}`)
	c.want(404, "GET", "/api/v1/documents/none", "")
	c.want(200, "DELETE", one, "")
	c.want(404, "GET", one, "")
}

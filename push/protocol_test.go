package push_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/push"
)

// What the engine answers becomes a status that Okta does the right thing with. What
// nobody classified isn't told.
func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		kind   any
		detail string
		after  string
	}{
		{&fault.Error{Kind: fault.NotFound}, 404, nil, "no such resource", ""},
		{&fault.Error{Kind: fault.Conflict, Detail: "recycled", Hint: "run syncd links"}, 409, "uniqueness", "recycled: run syncd links", ""},
		{fmt.Errorf("x: %w", &fault.Error{Kind: fault.Declined, Detail: "protected"}), 403, nil, "protected", ""},
		{&fault.Error{Kind: fault.Refused, Op: "secret"}, 400, "invalidValue", "Omni refuses this input", ""},
		{&fault.Error{Kind: fault.Limited, Detail: "secret", After: 7 * time.Second}, 429, nil, "Omni takes no more requests just now; Okta repeats it by itself in 7s", "7"},
		{&fault.Error{Kind: fault.Unavailable, After: 1200 * time.Millisecond}, 429, nil, "2s", "2"},
		{&fault.Error{Kind: fault.Unavailable, After: 1}, 429, nil, "1s", "1"},
		{&fault.Error{Kind: fault.Fenced, After: 100 * time.Hour}, 429, nil, "8h", "28800"},
		{errors.New("dial tcp 10.0.0.1: secret"), 429, nil, "Omnisync can't do this just now; Okta repeats it by itself in 30s", "30"},
	} {
		w := newWorld(t)
		w.engine.failing = tt.err
		for _, c := range [][3]string{
			{"GET", "/Users/1", ""}, {"GET", "/Groups/1", ""}, {"POST", "/Users", ada}, {"PUT", "/Users/1", ada}, {"DELETE", "/Users/1", ""},
			{"PATCH", "/Users/1", patch(`{"op":"remove","path":"title"}`)}, {"POST", "/Groups", `{"displayName":"x"}`}, {"PUT", "/Groups/1", `{"displayName":"x"}`},
			{"PATCH", "/Groups/1", patch(`{"op":"remove","path":"members"}`)}, {"DELETE", "/Groups/1", ""}, {"GET", "/Users", ""}, {"GET", "/Groups", ""},
		} {
			a := w.must(tt.status, c[0], c[1], c[2])
			detail, _ := a.at("detail").(string)
			if a.at("scimType") != tt.kind || !strings.Contains(detail, tt.detail) || strings.Contains(detail, "secret") || a.header.Get("Retry-After") != tt.after {
				t.Errorf("%v to %s %s: %q %s", tt.err, c[0], c[1], a.header.Get("Retry-After"), a.text)
			}
		}
		if fault.Is(tt.err, fault.NotFound) {
			continue // a filter that finds nothing is no error
		}
		for _, path := range []string{"/Users" + query(`userName eq "x"`), "/Groups" + query(`id eq "x"`), "/Groups" + query(`displayName eq "x"`), "/Users" + query(`id eq "x"`)} {
			w.must(tt.status, "GET", path, "")
		}
	}
}

// What isn't served says so: what to use in its place, or which methods there are.
func TestNotServed(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"POST", "/Bulk", 501, ""}, {"GET", "/Me", 501, ""}, {"PATCH", "/Me", 501, ""}, {"POST", "/.search", 501, ""}, {"POST", "/Users/.search", 501, ""},
		{"POST", "/Groups/.search", 501, ""}, {"GET", "/Groups/.search", 405, "POST"},
		{"DELETE", "/Users", 405, "GET, POST"}, {"PUT", "/Groups", 405, "GET, POST"}, {"POST", "/Users/1", 405, "DELETE, GET, PATCH, PUT"},
		{"BREW", "/Groups/1", 405, "DELETE, GET, PATCH, PUT"}, {"POST", "/ServiceProviderConfig", 405, "GET"}, {"PUT", "/Schemas/x", 405, "GET"},
		{"GET", "/Roles", 404, ""}, {"GET", "/Users/1/2", 404, ""}, {"GET", "/Users/%zz", 404, ""}, {"GET", "", 404, ""}, {"GET", "/Schemas/nope", 404, ""},
		{"GET", "/ServiceProviderConfig/1", 404, ""}, {"GET", "/Schemas/1/2", 404, ""},
	} {
		r := httptest.NewRequest(tt.method, "/scim/v2/x", nil)
		r.URL.Path, r.URL.RawPath = "/scim/v2"+tt.path, ""
		if a := w.send(r); a.status != tt.status || a.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, Allow %q: %s", tt.method, tt.path, a.status, a.header.Get("Allow"), a.text)
		}
	}
}

// The endpoint describes itself, whatever is asked beside it.
func TestDiscovery(t *testing.T) {
	w := newWorld(t)
	a := w.must(200, "GET", "/ServiceProviderConfig?filter=x", "")
	if a.at("patch", "supported") != true || a.at("bulk", "supported") != false || a.at("filter", "maxResults") != 1000.0 || a.at("authenticationSchemes", 0, "type") != "oauthbearertoken" {
		t.Errorf("%s", a.text)
	}
	for path, count := range map[string]float64{"/Schemas": 7, "/Schemas?filter=id[": 7, "/ResourceTypes?count=1": 2, "/ResourceTypes": 2} {
		a := w.must(200, "GET", path, "")
		if list, _ := a.at("Resources").([]any); a.at("totalResults") != count || a.at("itemsPerPage") != count || len(list) != int(count) {
			t.Errorf("%s: %.200s", path, a.text)
		}
	}
	for _, path := range []string{"/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", "/Schemas/" + omni, "/Schemas/" + enterprise, "/ResourceTypes/User", "/ResourceTypes/Group"} {
		w.must(200, "GET", path, "")
	}
	// Okta offers what is described for mapping; so nothing is that isn't kept.
	if a := w.must(200, "GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", ""); strings.Contains(a.text, `"password"`) || strings.Contains(a.text, `"ims"`) || !strings.Contains(a.text, `"nickName"`) {
		t.Errorf("the schema is %s", a.text)
	}
}

// Filters that aren't equality of a known attribute are refused, not guessed.
func TestFiltersRefused(t *testing.T) {
	w := newWorld(t)
	for _, f := range []string{
		`userName co "a"`, `userName sw "a"`, `userName pr`, `userName eq 7`, `userName eq true`, `userName eq null`, `userName eq ada`, `userName eq "a`, `userName eq 'a'`,
		`userName eq "a" and active eq true`, `userName eq "a" or id eq "b"`, `not (userName eq "a")`, `displayName eq "a"`, `emails.value eq "a"`, `emails[value eq "a"]`,
		`nope eq "a"`, `nope[x eq "y"]`, `meta.lastModified gt "2020-01-01T00:00:00Z"`, `(userName eq "a")x`, `userName eq "a" userName`, `(`, `eq`, "\x00", "userName eq \"\xff\"",
		`userName eq "` + strings.Repeat("a", 2048) + `"`, strings.Repeat("id pr and ", 150) + `id pr`,
	} {
		a := w.must(400, "GET", "/Users"+query(f), "")
		if detail, _ := a.at("detail").(string); a.at("scimType") != "invalidFilter" || !strings.Contains(detail, `userName eq "..."`) {
			t.Errorf("%q: %s", f, a.text)
		}
	}
	for _, f := range []string{`userName eq "a"`, `members.value eq "a"`, `members[value eq "a"]`} {
		a := w.must(400, "GET", "/Groups"+query(f), "")
		if detail, _ := a.at("detail").(string); !strings.Contains(detail, `displayName eq "..."`) {
			t.Errorf("%q: %s", f, a.text)
		}
	}
	w.must(200, "GET", "/Groups"+query(`externalId eq "a"`), "")
	w.must(200, "GET", "/Users"+query(`userName eq ""`), "")
}

// A body is read strictly, and what is wrong is said with its place.
func TestBodies(t *testing.T) {
	w := newWorld(t)
	deep := strings.Repeat(`{"a":`, 30) + "1" + strings.Repeat("}", 30)
	for _, tt := range []struct{ body, detail string }{
		{" ", "empty"}, {"[]", "the body is a list"}, {`"x"`, "a string"}, {"null", "null"}, {"{", "byte"}, {`{"userName":"a@x.co"`, "byte"}, {`{"userName":"a@x.co"}x`, "follows"},
		{`{"userName":"a@x.co"}{}`, "follows"}, {`{"userName":"a@x.co","userName":"b@x.co"}`, "twice"}, {`{"userName":"a@x.co","USERNAME":"b@x.co"}`, "userName and USERNAME are one"},
		{`{"userName":"a@x.co","name":{"givenName":"a","givenname":"b"}}`, "name.givenName and givenname"}, {deep, "nested"}, {strings.Repeat("[", 1000), "nested"},
		{`{"userName":"a@x.co" "b":1}`, "byte"}, {`{'userName':1}`, "byte"}, {"{\"userName\":\"\xff\"}", "UTF-8"}, {`{"userName":01}`, "byte"}, {`{"userName":NaN}`, "byte"},
		{`{"userName":7}`, "userName: a string is wanted, not a number"}, {`{"userName":null}`, "userName is missing"}, {`{}`, "userName is missing"}, {`{"userName":"  "}`, "userName"},
		{`{"userName":"a@x.co","active":"yes"}`, "active"}, {`{"userName":"a@x.co","name":[]}`, "name: an object"}, {`{"userName":"a@x.co","emails":[[]]}`, "emails"},
		{`{"userName":"a@x.co","emails":[{"value":7}]}`, "emails.value"}, {`{"userName":"a@x.co","emails":[{"primary":"maybe"}]}`, "emails.primary"},
		{`{"userName":"a@x.co","` + enterprise + `":[]}`, enterprise}, {`{"userName":"a@x.co","` + enterprise + `":{"department":{}}}`, "department"},
		{`{"userName":"a@x.co","` + omni + `":"x"}`, omni}, {`{"userName":"a@x.co","` + omni + `":{"a":{}}}`, "a: Omni keeps"}, {`{"userName":"a@x.co","` + omni + `":{"a":[[1]]}}`, "a: Omni keeps"},
		{`{"schemas":"x","userName":"a@x.co"}`, "schemas"}, {`{"schemas":[7],"userName":"a@x.co"}`, "schemas"}, {`{"schemas":[],"userName":"a@x.co"}`, "schemas lacks"},
		{`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"userName":"a@x.co"}`, "schemas lacks"},
	} {
		for _, at := range []string{"POST /Users", "PUT /Users/1"} {
			method, path, _ := strings.Cut(at, " ")
			a := w.must(400, method, path, tt.body)
			if detail, _ := a.at("detail").(string); !strings.Contains(detail, tt.detail) {
				t.Errorf("%.60s: %s", tt.body, detail)
			}
		}
	}
	if len(w.engine.causes) != 0 {
		t.Errorf("the engine was asked: %q", w.engine.causes)
	}
	// Omni's references may differ in case alone.
	w.must(201, "POST", "/Users", `{"userName":"a@x.co","`+omni+`":{"a":1,"A":2}}`)
}

// A body over the doors' limit, and one that breaks off.
func TestBodyThatEnds(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest("POST", "/scim/v2/Users", strings.NewReader(ada))
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 100)
	if a := w.send(r); a.status != 413 || !strings.Contains(a.text, "100 bytes") {
		t.Errorf("%d %s", a.status, a.text)
	}
	r = httptest.NewRequest("POST", "/scim/v2/Users", io.MultiReader(strings.NewReader(ada[:50]), failingReader{}))
	if a := w.send(r); a.status != 400 || !strings.Contains(a.text, "broke off") {
		t.Errorf("%d %s", a.status, a.text)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("secret") }

// Without a told address, the request's own is used.
func TestOwnAddress(t *testing.T) {
	handler := push.Handler(push.Options{Engine: newFake(), BasePath: "/scim/v2/"})
	r := httptest.NewRequest("POST", "https://direct.acme.co/scim/v2/Users", strings.NewReader(ada))
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, r)
	if got := rec.Header().Get("Location"); got != "https://direct.acme.co/scim/v2/Users/omni-1" {
		t.Errorf("it is at %q", got)
	}
}

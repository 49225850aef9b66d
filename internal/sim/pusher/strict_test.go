package pusher_test

import (
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/internal/sim/pusher"
)

// TestWhatStopsAPush answers one request of an assignment wrongly, and reads what the admin would.
func TestWhatStopsAPush(t *testing.T) {
	const list = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%s,"startIndex":%s,"itemsPerPage":0,"Resources":%s}`
	const verify = "Error while verifying if user ada@example.com exists: "
	const push = "Push new user to external application FAILURE: "
	const profile = "Error while trying to push profile update for 'ada@example.com': "
	for name, tc := range map[string]struct {
		method string
		status int
		body   string
		want   string // "" is a push that succeeds
	}{
		"a 404 for nobody":        {"GET", 404, `{"detail":"nobody"}`, ""},
		"a list of text":          {"GET", 200, fmt.Sprintf(list, `0`, `"1"`, `[]`), verify + `null (the list's startIndex is "1", not a number)`},
		"a list of fractions":     {"GET", 200, fmt.Sprintf(list, `0.5`, `1`, `[]`), verify + `null (the list's totalResults is 0.5, not a whole number)`},
		"a list without an array": {"GET", 200, fmt.Sprintf(list, `0`, `1`, `{}`), verify + `null (the list's Resources are no array)`},
		"an odd entry":            {"GET", 200, fmt.Sprintf(list, `1`, `1`, `[1]`), verify + `null (the list's Resources have an entry that is no object)`},
		"no list":                 {"GET", 200, `{"totalResults":0}`, verify + "null (the list's schemas lack urn:ietf:params:scim:api:messages:2.0:ListResponse)"},
		"an empty answer":         {"GET", 200, ``, verify + "null (the list is empty: an object was expected)"},
		"null for no resources":   {"GET", 200, fmt.Sprintf(list, `0`, `1`, `null`), ""},
		"somebody else":           {"GET", 200, fmt.Sprintf(list, `1`, `1`, `[{"id":"x","userName":"bob@example.com"}]`), ""},
		"refused":                 {"GET", 401, `{"detail":"no such token"}`, verify + "Unauthorized. Errors reported by remote server: no such token"},
		"an error without detail": {"GET", 400, `{"status":"400"}`, verify + `Bad Request. Errors reported by remote server: {"status":"400"}`},
		"a proxy's text":          {"POST", 502, "error code: 502", push + "Bad Gateway. Errors reported by remote server: Invalid JSON: Unrecognized token 'error'"},
		"a proxy's page":          {"POST", 502, "<html></html>", push + "Bad Gateway. Errors reported by remote server: Invalid JSON: Unexpected character ('<' (code 60)): expected a valid value"},
		"a conflict":              {"POST", 409, `{"detail":"taken"}`, push + "Conflict. Errors reported by remote server: taken"},
		"nothing created":         {"POST", 201, ``, "Create new user returned empty user"},
		"200 for a creation":      {"POST", 200, `{}`, push + "null (answered 200 OK, expected 201)"},
		"a user without an id":    {"POST", 201, `{"userName":"ada@example.com"}`, push + "null (the user that came back lacks id, userName or the schema urn:ietf:params:scim:schemas:core:2.0:User)"},
		"active as text":          {"POST", 201, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","userName":"ada@example.com","active":"true"}`, push + "null (the user that came back has no boolean active)"},
		"an empty update":         {"PUT", 200, ``, profile + "null (nothing came back: the whole user was expected)"},
		"no content for a PUT":    {"PUT", 204, ``, profile + "null (answered 204 No Content, expected 200)"},
		"a refused update":        {"PUT", 400, `{"detail":"bad name"}`, profile + "Bad Request. Errors reported by remote server: bad name"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			e.faults.Add(sim.Fault{Method: tc.method, Times: 1, Do: sim.Status(tc.status, tc.body, nil)})
			okta := e.okta(pusher.Classic())
			okta.Assign(ada)
			okta.Update(ada)
			if err := okta.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, task := range okta.Failed() {
				got += task.Error
			}
			same(t, "error", got, tc.want)
		})
	}
}

func TestWhatStopsAGroup(t *testing.T) {
	const unable = "Unable to update Group Push mapping target App group Crew: "
	for name, tc := range map[string]struct {
		method string
		status int
		body   string
		want   string
	}{
		"gone":                    {"PUT", 404, `{"detail":"no such group"}`, unable + "Linked group is missing in the app. Change the linked group to resume pushing group memberships."},
		"gone at the reading":     {"GET", 404, `{"detail":"no such group"}`, unable + "Linked group is missing in the app. Change the linked group to resume pushing group memberships."},
		"another group":           {"GET", 200, `{"id":"g9","displayName":"Crew"}`, unable + `null (the group that came back has id "g9" and displayName "Crew")`},
		"created without an id":   {"POST", 201, `{"displayName":"Crew"}`, unable + `null (answered 201 with id "", expected 201 with the group)`},
		"members aren't returned": {"PUT", 200, `{"id":"displayName-1","displayName":"Crew","members":null}`, ""},
		"no content":              {"PUT", 204, ``, ""},
		"nothing at all":          {"PUT", 200, ``, unable + `null (the group that came back has id "" and displayName "")`},
		"accepted for later":      {"PUT", 202, ``, unable + "null (answered 202 Accepted, expected 200 or 204)"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			e.faults.Add(sim.Fault{Method: tc.method, Path: "/scim/v2/Groups/*", Times: 1, Do: sim.Status(tc.status, tc.body, nil)})
			if tc.method == "POST" {
				e.faults.Add(sim.Fault{Method: tc.method, Path: "/scim/v2/Groups", Times: 1, Do: sim.Status(tc.status, tc.body, nil)})
			}
			okta := e.okta(pusher.Classic())
			okta.PushGroup(pusher.Group{OktaID: "00gcrew", Name: "Crew"})
			if err := okta.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, task := range okta.Failed() {
				got += task.Error
			}
			same(t, "error", got, tc.want)
		})
	}
}

func TestAUserWhoIsGone(t *testing.T) {
	okta := newEndpoint(t).okta(pusher.Classic())
	okta.Link(ada, "u1")
	okta.Update(ada)
	okta.DeleteUser("00uada") // already so
	if err := okta.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	failed := okta.Failed()
	if len(failed) != 1 || failed[0].Error != "No user returned for user ada@example.com" {
		t.Errorf("failed: %+v", failed)
	}
}

func TestABrokenConnection(t *testing.T) {
	e := newEndpoint(t)
	e.faults.Add(sim.Fault{Method: "POST", Times: 1, Do: sim.CutAfter()})
	okta := e.okta(pusher.Classic())
	okta.Assign(ada)
	if err := okta.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if failed := okta.Failed(); len(failed) != 1 || !strings.Contains(failed[0].Error, "connection broke") {
		t.Fatalf("failed: %+v", failed)
	}
	okta.RetryFailed() // now the look-up finds what the lost answer was about
	run(t, okta)
	if okta.ExternalID("00uada") == "" {
		t.Error("not linked")
	}
}

// packed compresses answers as the request allows.
func packed(next http.Handler, encoding string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), encoding) {
			panic("compression isn't asked for")
		}
		w.Header().Set("Content-Encoding", encoding)
		var to io.WriteCloser = gzip.NewWriter(w)
		if encoding == "deflate" {
			to = zlib.NewWriter(w)
		}
		defer to.Close()
		next.ServeHTTP(writer{w, to}, r)
	})
}

type writer struct {
	http.ResponseWriter
	body io.Writer
}

func (w writer) Write(p []byte) (int, error) { return w.body.Write(p) }

func TestCompressedAnswers(t *testing.T) {
	for _, encoding := range []string{"gzip", "deflate"} {
		e := newEndpoint(t)
		e.Handler = packed(e.Handler, encoding)
		okta := e.okta(pusher.Classic())
		okta.Assign(ada)
		run(t, okta)
		if okta.ExternalID("00uada") == "" {
			t.Errorf("%s: not linked", encoding)
		}
	}
}

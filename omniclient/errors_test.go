package omniclient_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/omniclient"
)

// TestErrorForms has one row for each form of Omni's errors. None holds the key
// (promise 13), though Omni may repeat it.
func TestErrorForms(t *testing.T) {
	tests := []struct {
		status int
		body   string
		kind   fault.Kind
		detail string // whole
	}{
		{400, `{"error":"Bad Request","message":"userName: Invalid email"}`, fault.Refused, "400 Bad Request: userName: Invalid email"},
		{422, `{"error":"Invalid role"}`, fault.Refused, "422 Invalid role"},
		{400, `{"status":400,"detail":"no such thing"}`, fault.Refused, "400 no such thing"},
		{400, `{"errors":["one",{"message":"two","path":"x"}]}`, fault.Refused, "400 one: two"},
		{400, `{"error":{"message":"nested"}}`, fault.Refused, "400 nested"},
		{400, `"just text"`, fault.Refused, "400 just text"},
		{400, "plain\n  text", fault.Refused, "400 plain text"},
		{400, `{"foo":1}`, fault.Refused, `400 {"foo":1}`},
		{400, ``, fault.Refused, "400 "},
		{413, `{"message":"too large"}`, fault.Refused, "413 too large"},
		{404, `{"message":"User not found"}`, fault.NotFound, "404 User not found"},
		{410, ``, fault.NotFound, "410 "},
		{409, `{"error":"conflict","message":"User with this email already exists"}`, fault.Conflict, "409 conflict: User with this email already exists"},
		{400, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"uniqueness","detail":"taken","status":"400"}`, fault.Conflict, "400 taken"},
		{401, `{"error":"unauthorized","message":"bad token ` + secret + `"}`, fault.Unauthorized, "401 unauthorized: bad token [API key]"},
		{403, `User-scoped API keys are not allowed`, fault.Unauthorized, "403 User-scoped API keys are not allowed"},
		{403, `<h1>Forbidden</h1>`, fault.Unauthorized, "403 Forbidden"},
		{400, `<html><style>h1{}</style><h1>Bad</h1> <p>Request</p></html>`, fault.Unavailable, "400 Bad Request"},
		{404, `<html>Not here</html>`, fault.Unavailable, "404 Not here"},
		{404, `404 page not found`, fault.Unavailable, "404 404 page not found"},
		{500, `{"message":"boom"}`, fault.Unavailable, "500 boom"},
		{408, ``, fault.Unavailable, "408 "},
		{302, `moved`, fault.Unavailable, "302, a redirect, which is not followed"},
	}
	for _, tt := range tests {
		f := &flight{answer: func(int, *http.Request) (*http.Response, error) {
			return reply(tt.status, tt.body, "Location", "https://evil.test/")
		}}
		var err error
		synctest.Test(t, func(t *testing.T) {
			err = client(t, omniclient.Options{Transport: f}).DeleteTeam(t.Context(), "g1")
		})
		if tt.kind == fault.NotFound {
			if err != nil {
				t.Errorf("%d %s: deleting what is gone is %v", tt.status, tt.body, err)
			}
			continue
		}
		wantFault(t, err, tt.kind, "delete Omni group: "+tt.detail)
	}
}

func TestLongErrorsAreClipped(t *testing.T) {
	f := &flight{answer: func(int, *http.Request) (*http.Response, error) { return reply(400, strings.Repeat("é\x00", 500_000)) }}
	err := client(t, omniclient.Options{Transport: f}).DeleteTeam(t.Context(), "g1")
	if s := err.Error(); len(s) > 400 || !utf8.ValidString(s) || strings.Contains(s, "\x00") || !strings.HasSuffix(s, "...") {
		t.Errorf("the error has %d bytes: %q", len(s), s)
	}
}

// FuzzErrorBody: whatever a body holds, the error is one short printable line
// without the key, and no body makes a refusal look like something else.
func FuzzErrorBody(f *testing.F) {
	for _, s := range []string{`{"error":"x","message":"y"}`, `{"errors":[[[[["deep"]]]]]}`, "<a", "\xff\xfe", secret, `{"error":null}`, `[1,{"detail":"` + secret + `"}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		fl := &flight{answer: func(int, *http.Request) (*http.Response, error) { return reply(403, string(body)) }}
		_, err := client(t, omniclient.Options{Transport: fl}).User(t.Context(), annID)
		if !fault.Is(err, fault.Unauthorized) {
			t.Fatalf("%q is %v", body, err)
		}
		if s := err.Error(); len(s) > 400 || !utf8.ValidString(s) || strings.ContainsAny(s, "\n\r\x00") || strings.Contains(s, secret) {
			t.Errorf("%q gives %q", body, s)
		}
	})
}

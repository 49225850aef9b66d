package omniclient_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/omnisync/omnisync/omniclient"
)

const (
	prefix = "/org/acme"
	secret = "omni_osk_s3cret"
	annID  = "550e8400-e29b-41d4-a716-446655440001"
	bobID  = "550e8400-e29b-41d4-a716-446655440002"
	eveID  = "550e8400-e29b-41d4-a716-446655440003"
)

// step is one exchange: what must be asked, and what Omni answers.
type step struct {
	ask    string // method, path below /api/scim/v2 and decoded query
	body   string // the JSON that must be sent; "" for none
	status int
	answer string
}

// play serves the steps over real HTTP in their order and fails the test for
// every request that differs and every step that isn't asked for.
func play(t *testing.T, steps ...step) *omniclient.Client {
	t.Helper()
	var mu sync.Mutex
	done := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if done >= len(steps) {
			t.Errorf("request %d too many: %s", done+1, asked(r))
			w.WriteHeader(http.StatusTeapot)
			return
		}
		s := steps[done]
		done++
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("step %d: %v", done, err)
		}
		if got := asked(r); got != s.ask {
			t.Errorf("step %d asks %q, want %q", done, got, s.ask)
		}
		if !sameJSON(string(body), s.body) {
			t.Errorf("step %d, %s, sends\n%s\nwant\n%s", done, s.ask, body, s.body)
		}
		checkHeaders(t, r)
		checkContract(t, r, body)
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, s.answer)
	}))
	t.Cleanup(func() {
		server.Close()
		if done != len(steps) {
			t.Errorf("%d of %d steps were asked for", done, len(steps))
		}
	})
	return client(t, omniclient.Options{BaseURL: server.URL + prefix + "/"})
}

// client fills the options that a test leaves open.
func client(t testing.TB, o omniclient.Options) *omniclient.Client {
	t.Helper()
	if o.BaseURL == "" {
		o.BaseURL = "https://acme.omniapp.test" + prefix
	}
	if o.Keys == nil {
		o.Keys = keys(secret)
	}
	if o.RequestsPerMinute == 0 {
		o.RequestsPerMinute = 1_000_000
	}
	c, err := omniclient.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func keys(values ...string) []func() (string, error) {
	var out []func() (string, error)
	for _, v := range values {
		out = append(out, func() (string, error) { return v, nil })
	}
	return out
}

func checkHeaders(t *testing.T, r *http.Request) {
	t.Helper()
	if got := r.Header.Get("Authorization"); got != "Bearer "+secret {
		t.Errorf("%s carries Authorization %q", asked(r), got)
	}
	if got := r.Header.Get("Accept"); got != "application/json" {
		t.Errorf("%s carries Accept %q", asked(r), got)
	}
	if r.ContentLength > 0 && r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s carries Content-Type %q", asked(r), r.Header.Get("Content-Type"))
	}
}

// asked gives a request in the form of step.ask.
func asked(r *http.Request) string {
	path := strings.TrimPrefix(r.URL.Path, prefix+"/api/scim/v2")
	if r.URL.RawQuery == "" {
		return r.Method + " " + path
	}
	query, err := url.QueryUnescape(r.URL.RawQuery)
	if err != nil {
		query = r.URL.RawQuery
	}
	return r.Method + " " + path + "?" + query
}

func sameJSON(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// user is a user as Omni answers it; ext is the content of the attribute extension.
func user(id, userName, displayName string, active bool, ext string) string {
	a := "false"
	if active {
		a = "true"
	}
	return `{"active":` + a + `,"displayName":"` + displayName + `","emails":[{"primary":true,"value":"` + userName + `"}],"groups":[{"display":"Team","value":"g1"}],
		"id":"` + id + `","meta":{"created":"2026-01-01T00:00:00Z","resourceType":"User"},
		"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:omni:params:1.0:UserAttribute"],"userName":"` + userName + `",
		"urn:omni:params:1.0:UserAttribute":{` + ext + `},"urn:omni:params:scim:schemas:extension:user:2.0":{"lastLogin":null}}`
}

// bare is a user as Omni may answer a write: without extensions.
func bare(id, userName, displayName string) string {
	return `{"active":true,"displayName":"` + displayName + `","id":"` + id + `","schemas":[],"userName":"` + userName + `"}`
}

func group(id, name string, members ...string) string {
	m := make([]string, len(members))
	for i, v := range members {
		m[i] = `{"display":"x","value":"` + v + `"}`
	}
	return `{"displayName":"` + name + `","id":"` + id + `","members":[` + strings.Join(m, ",") + `],"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]}`
}

// list is a page of a list.
func list(total string, entries ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":` + total + `,"Resources":[` + strings.Join(entries, ",") + `]}`
}

// operations is the body of a PATCH.
func operations(ops ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(ops, ",") + `]}`
}

func ptr[T any](v T) *T { return &v }

package push_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// TestRequestLog: what a line tells of each request.
func TestRequestLog(t *testing.T) {
	filter := func(f string) string { return "/scim/v2/Users?filter=" + url.QueryEscape(f) }
	tests := []struct{ method, target, route string }{
		{"GET", "/scim/v2/Users/3f2b7c1e-0b5f-4f0e-9f0e-2d9c3c1e7a10", "/scim/v2/Users/3f2b7c1e-0b5f-4f0e-9f0e-2d9c3c1e7a10"},
		{"GET", filter(`userName eq "ada@acme.com"`), "/scim/v2/Users?filter=userName"},
		{"GET", filter(`USERNAME eq "ada@acme.com"`) + "&startIndex=1&count=100", "/scim/v2/Users?filter=userName&startIndex&count"},
		{"GET", filter(`emails.value eq "ada@acme.com"`), "/scim/v2/Users?filter=emails.value"},
		{"GET", filter(`ada@acme.com`), "/scim/v2/Users?filter=..."},
		{"GET", filter(`Lovelace eq 1`), "/scim/v2/Users?filter=..."},
		{"GET", "/scim/v2/Groups?attributes=displayName&ada=lovelace", "/scim/v2/Groups?attributes"},
		{"PATCH", "/scim/v2/Users/ada@acme.com", "/scim/v2/Users/..."},
		{"PATCH", "/scim/v2/Users/" + strings.Repeat("a", 65), "/scim/v2/Users/..."},
		{"GET", strings.Repeat("/a", 20), "/a/a/a/a/a/a/a/a/a/..."},
		{"Ada", "/", "/"},
	}
	for _, tt := range tests {
		g := newGate(hello)
		r := request(tt.method, tt.target, nil)
		r.Header.Set("User-Agent", "Okta SCIM Client 1.0.0")
		r.Header.Set("X-Request-Id", "req-0123456789")
		ask(g.handler(), r)
		lines := g.seen.FilterMessage("push request").All()
		if len(lines) != 1 || lines[0].Level.String() != "info" {
			t.Fatalf("%s: lines %v", tt.target, lines)
		}
		got := lines[0].ContextMap()
		if _, timed := got["duration"]; !timed {
			t.Errorf("%s: no duration in %v", tt.target, got)
		}
		delete(got, "duration")
		method := tt.method
		if method == "Ada" {
			method = "other"
		}
		want := map[string]any{"method": method, "route": tt.route, "status": int64(200), "id": "req-0123456789", "source": "198.51.100.7", "agent": "Okta SCIM Client 1.0.0"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.target, diff)
		}
	}
}

// TestPromise13NoPersonInThePushLog sends names and tokens wherever a caller can
// put them, and looks for them in what was logged and in what refusals tell.
func TestPromise13NoPersonInThePushLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(func(_ http.ResponseWriter, r *http.Request) {
			if r.Method == "PUT" {
				panic("a fault of ours")
			}
		})
		h := g.handler()
		var told strings.Builder
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "lovelace"} {
			for _, sent := range []string{"Bearer " + token, "Bearer s3cret-wrong", "Basic s3cret", "s3cret two"} {
				for _, path := range []string{"/scim/v2/Users", "/scim/v2/Users/ada@acme.com", "/healthz", "/readyz", "/Ada%20Lovelace/x"} {
					r := request(method, path+"?filter="+url.QueryEscape(`userName eq "ada@acme.com"`)+"&token=s3cret&lovelace=1", strings.NewReader(`{"userName": "ada@acme.com", "password": "s3cret"}`))
					r.Header["Authorization"] = []string{sent}
					r.Header.Set("X-Request-Id", "ada@acme.com")
					r.Header.Set("User-Agent", "ada@acme.com")
					r.Header.Set("Referer", "https://acme.com/?s3cret")
					a := ask(h, r)
					raw, err := io.ReadAll(a.Body)
					if err != nil {
						t.Fatal(err)
					}
					fmt.Fprintf(&told, "%v %s", a.Header, raw)
				}
			}
		}
		lines := g.seen.All()
		if len(lines) < 100 {
			t.Fatalf("only %d lines: the test looks at nothing", len(lines))
		}
		for _, l := range lines {
			raw, err := json.Marshal(l.ContextMap())
			if err != nil {
				t.Fatal(err)
			}
			told.WriteString(l.Message)
			told.Write(raw)
		}
		for _, leak := range []string{"s3cret", "ada@", "acme.com", "Lovelace", "lovelace"} {
			if i := strings.Index(told.String(), leak); i >= 0 {
				t.Errorf("%q is told: ...%s", leak, told.String()[max(0, i-200):i+20])
			}
		}
	})
}

func TestRequestIDs(t *testing.T) {
	var passed string
	g := newGate(func(_ http.ResponseWriter, r *http.Request) { passed = r.Header.Get("X-Request-Id") })
	h := g.handler()
	for given, kept := range map[string]bool{
		"0HK1:7": false, "3f2b7c1e-0b5f-4f0e-9f0e-2d9c3c1e7a10": true, "short": false, "": false,
		"with space and more": false, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "ada@acme.com": false,
	} {
		r := request("GET", "/scim/v2/Users", nil)
		r.Header.Set("X-Request-Id", given)
		told := ask(h, r).Header.Get("X-Request-Id")
		if told != passed || len(told) < 8 || (told == given) != kept {
			t.Errorf("%q: the caller is told %q, the handler %q; kept: %v", given, told, passed, kept)
		}
	}
}

func TestCounts(t *testing.T) {
	statuses := []int{200, 201, 204, 302, 400, 404, 409, 429, 501}
	i := 0
	g := newGate(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(statuses[i]) })
	h := g.handler()
	for i = range statuses {
		ask(h, request("GET", "/scim/v2/Users", nil))
	}
	ask(h, request("GET", "/healthz", nil))
	c := g.Meter.Counts()
	if want := [6]uint64{2: 3, 3: 1, 4: 4, 5: 1}; c.Answered != want || c.Later != 1 {
		t.Errorf("counted %+v, want %v and one 429", c, want)
	}
}

package okta_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/okta"
)

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*okta.Options)
		want string // in the error
	}{
		{"no address", func(o *okta.Options) { o.OrgURL = "" }, "okta.org_url"},
		{"no host", func(o *okta.Options) { o.OrgURL = "acme.okta.com" }, "okta.org_url"},
		{"not an address", func(o *okta.Options) { o.OrgURL = "https://acme okta.com" }, "okta.org_url"},
		{"a credential in it", func(o *okta.Options) { o.OrgURL = "https://me:s3cret@acme.okta.com" }, "okta.org_url"},
		{"a query", func(o *okta.Options) { o.OrgURL = "https://acme.okta.com?x=1" }, "okta.org_url"},
		{"the admin console", func(o *okta.Options) { o.OrgURL = "https://acme-admin.okta.com" }, `leave out "-admin"`},
		{"http", func(o *okta.Options) { o.OrgURL = "http://acme.okta.com" }, "must begin with https://"},
		{"http to what looks like loopback", func(o *okta.Options) { o.OrgURL = "http://127.0.0.1.nip.test" }, "must begin with https://"},
		{"another scheme", func(o *okta.Options) { o.OrgURL = "ftp://acme.okta.com" }, "must begin with https://"},
		{"what the SDK refuses", func(o *okta.Options) { o.OrgURL = "https://acme.okta.com.com" }, "typo"},
		{"no app", func(o *okta.Options) { o.AppID = "" }, "okta.app_id"},
		{"a path as app", func(o *okta.Options) { o.AppID = "0oa1/users" }, "okta.app_id"},
		{"no token", func(o *okta.Options) { o.Token = nil }, "okta.auth.api_token"},
		{"a negative share", func(o *okta.Options) { o.RateShare = -0.1 }, "okta.rate_share"},
		{"more than all", func(o *okta.Options) { o.RateShare = 1.1 }, "okta.rate_share"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := okta.Options{OrgURL: "https://acme.okta.com", AppID: "0oa1", Token: token}
			test.edit(&o)
			_, err := okta.New(o)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

func TestNewTakesLoopback(t *testing.T) {
	for _, org := range []string{"http://localhost:8080", "http://127.0.0.1", "http://[::1]:80", "https://acme.okta.com/", "https://sso-admin.acme.test"} {
		if _, err := okta.New(okta.Options{OrgURL: org, AppID: "0oa1", Token: token}); err != nil {
			t.Errorf("%s: %v", org, err)
		}
	}
}

// TestRealServer asks over a socket, with the transport that New makes.
func TestRealServer(t *testing.T) {
	var seen http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		seen = req.Header
		answer(w, 200, `{"id": "0oa1", "status": "ACTIVE"}`)
	}))
	defer server.Close()
	r, err := okta.New(okta.Options{OrgURL: server.URL, AppID: app, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.App(t.Context()); err != nil || got.Status != "ACTIVE" {
		t.Errorf("got %+v, %v", got, err)
	}
	if got := seen.Get("Authorization"); got != "SSWS s3cret" {
		t.Errorf("Authorization is %q", got)
	}
	if got := seen.Get("User-Agent"); !strings.Contains(got, "omnisync") {
		t.Errorf("User-Agent is %q", got)
	}
}

// TestSettingsOfOthers: what the SDK finds in files and in the environment changes nothing.
func TestSettingsOfOthers(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	settings := "okta:\n  client:\n    orgUrl: https://evil.test\n    token: theirs\n    authorizationMode: SSWS\n    cache: {enabled: true}\n"
	if err := os.MkdirAll(filepath.Join(home, ".okta"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".okta", "okta.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"ORGURL": "https://evil.test", "TOKEN": "theirs", "AUTHORIZATIONMODE": "PrivateKey", "CACHE_ENABLED": "true",
		"CACHE_DEFAULT_TTL": "300", "CACHE_DEFAULT_TTI": "300", "PROXY_HOST": "evil.test", "PROXY_PORT": "1", "PROXY_USERNAME": "x",
		"PROXY_PASSWORD": "x", "CONNECTION_TIMEOUT": "1", "REQUEST_TIMEOUT": "1", "RATE_LIMIT_MAX_RETRIES": "9",
		"RATE_LIMIT_MAX_BACKOFF": "9", "CLIENTID": "x", "SCOPES": "x", "PRIVATEKEY": "x", "PRIVATEKEYID": "x", "CLIENTASSERTION": "x",
	} {
		t.Setenv("OKTA_CLIENT_"+name, value)
	}
	t.Setenv("OKTA_TESTING_DISABLE_HTTPS_CHECK", "true")
	var count int
	r := newReaderOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		count++
		if req.URL.Host != "acme.okta.test" || req.Header.Get("Authorization") != "SSWS s3cret" {
			t.Errorf("asked %s with %q", req.URL, req.Header.Get("Authorization"))
		}
		<-time.After(2 * time.Second) // longer than the time limits above
		return inProcess{always(200, `{"id": "0oa1"}`)}.RoundTrip(req)
	}), 1)
	synctest.Test(t, func(t *testing.T) {
		for range 2 { // a cache would answer the second
			if _, err := r.App(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	if count != 2 {
		t.Errorf("%d requests, want 2", count)
	}
}

// TestPromise13NothingLeaks: no error of any question tells the token, and no
// request goes without it.
func TestPromise13NothingLeaks(t *testing.T) {
	for _, status := range []int{200, 302, 400, 401, 403, 404, 429, 500} {
		for _, q := range questions {
			r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.Header.Get("Authorization") != "SSWS s3cret" {
					t.Errorf("%s was sent with %q", req.URL, req.Header.Get("Authorization"))
				}
				w.Header().Set("Location", "https://evil.test/?token=s3cret")
				answer(w, status, `{"errorCode": "E1", "errorSummary": "no"}`)
			}))
			synctest.Test(t, func(t *testing.T) {
				_, err := q.ask(t.Context(), r)
				if err == nil || strings.Contains(err.Error()+fault.HintOf(err), "s3cret") {
					t.Errorf("%s, answered %d: %v", q, status, err)
				}
			})
		}
	}
}

// TestRedirect: a redirect takes neither the question nor the token elsewhere.
func TestRedirect(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	r, err := okta.New(okta.Options{OrgURL: server.URL, AppID: app, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.App(t.Context())
	wantKind(t, err, fault.Unavailable)
	if elsewhere.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestTokenCantBeRead(t *testing.T) {
	r, err := okta.New(okta.Options{OrgURL: org, AppID: app, Token: func() (string, error) { return "", io.EOF }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.App(t.Context()) // the SDK would try again without end
	wantKind(t, err, fault.Unauthorized)
	if !errors.Is(err, io.EOF) || !strings.Contains(fault.HintOf(err), "okta.auth.api_token") {
		t.Errorf("got %v (%s)", err, fault.HintOf(err))
	}
}

func TestSkew(t *testing.T) {
	dates := []string{"", "Sat, 01 Jan 2000 00:05:00 GMT", "no date", "Fri, 31 Dec 1999 23:00:00 GMT", "Fri, 31 Dec 1999 22:59:59 GMT", "Fri, 31 Dec 1999 23:00:01 GMT"}
	want := []time.Duration{0, -5 * time.Minute, -5 * time.Minute, time.Hour, time.Hour, time.Hour - time.Second} // the least is nearest to the truth
	var n int
	r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", dates[n])
		answer(w, 200, `{"id": "0oa1"}`)
	}))
	synctest.Test(t, func(t *testing.T) {
		for n = range dates {
			if _, err := r.App(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := r.Skew(); got != want[n] {
				t.Errorf("Date %q: skew %v, want %v", dates[n], got, want[n])
			}
		}
	})
}

// TestLongNumbers: numbers of profiles keep their digits.
func TestLongNumbers(t *testing.T) {
	r := newReader(t, always(200, `{"id": "00u1", "profile": {"a": 9007199254740993, "b": 1.5, "c": [7, 1e3, "x"], "d": -0, "e": 12345678901234567890}}`))
	a, err := r.Assignment(t.Context(), "00u1")
	if err != nil {
		t.Fatal(err)
	}
	list := a.App["c"].([]any)
	if a.App["a"] != int64(9007199254740993) || a.App["b"] != 1.5 || list[0] != int64(7) || list[1] != 1e3 || list[2] != "x" ||
		a.App["d"] != int64(0) || a.App["e"] != 12345678901234567890.0 {
		t.Errorf("got %#v", a.App)
	}
}

// TestDepartedByOktasClock: the System Log is searched up to Okta's now, not ours.
func TestDepartedByOktasClock(t *testing.T) {
	var until string
	r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		until = req.URL.Query().Get("until")
		w.Header().Set("Date", "Sat, 01 Jan 2000 03:00:00 GMT")
		answer(w, 200, `[]`)
	}))
	synctest.Test(t, func(t *testing.T) {
		for _, want := range []string{"2000-01-01T00:00:00Z", "2000-01-01T03:00:00Z"} {
			if _, _, err := r.Departed(t.Context(), "00u1"); err != nil || until != want {
				t.Errorf("searched until %s, want %s; %v", until, want, err)
			}
		}
	})
}

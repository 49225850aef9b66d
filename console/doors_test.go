package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// knock is one request as a stranger or a friend would send it.
type knock struct {
	method, path, host, token, body string
	header                          map[string]string
}

type answer struct {
	status int
	header http.Header
	body   string
	told   struct {
		State string
		Error struct{ Kind, Message, Hint string }
	}
}

func (k knock) send(t *testing.T, url string) answer {
	t.Helper()
	r, err := http.NewRequest(k.method, url+k.path, strings.NewReader(k.body))
	if err != nil {
		t.Fatal(err)
	}
	if k.host != "" {
		r.Host = k.host
	}
	if k.token != "" {
		r.Header.Set("Authorization", "Bearer "+k.token)
	}
	for name, v := range k.header {
		r.Header.Set(name, v)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, body: string(body)}
	if k.method != http.MethodHead {
		if err := json.Unmarshal(body, &a.told); err != nil {
			t.Fatalf("%s %s answers %d with %q, which is not JSON: %v", k.method, k.path, a.status, body, err)
		}
	}
	return a
}

func TestDoorsRefuse(t *testing.T) {
	url := newDaemon().serve(t)
	for name, c := range map[string]struct {
		knock
		status int
		kind   string
	}{
		"no token":                     {knock{method: "GET", path: "/api/v1/status"}, 401, "unauthorized"},
		"wrong token":                  {knock{method: "GET", path: "/api/v1/status", token: "wrong"}, 401, "unauthorized"},
		"token's beginning":            {knock{method: "GET", path: "/api/v1/status", token: token[:5]}, 401, "unauthorized"},
		"token and more":               {knock{method: "GET", path: "/api/v1/status", token: token + "x"}, 401, "unauthorized"},
		"token in another scheme":      {knock{method: "GET", path: "/api/v1/status", header: map[string]string{"Authorization": "Basic " + token}}, 401, "unauthorized"},
		"bare token":                   {knock{method: "GET", path: "/api/v1/status", header: map[string]string{"Authorization": token}}, 401, "unauthorized"},
		"unknown path without token":   {knock{method: "GET", path: "/api/v1/secrets"}, 401, "unauthorized"},
		"wrong method without token":   {knock{method: "DELETE", path: "/api/v1/status"}, 401, "unauthorized"},
		"unknown path":                 {knock{method: "GET", path: "/api/v1/secrets", token: token}, 404, "not found"},
		"unclean path":                 {knock{method: "GET", path: "/api//v1/status", token: token}, 404, "not found"},
		"path that leads up":           {knock{method: "GET", path: "/api/../api/v1/status", token: token}, 404, "not found"},
		"wrong method":                 {knock{method: "DELETE", path: "/api/v1/status", token: token}, 405, "refused"},
		"end of a grace by GET":        {knock{method: "GET", path: "/api/v1/leavers/ann/leave", token: token}, 405, "refused"},
		"approval by GET":              {knock{method: "GET", path: "/api/v1/runs/r1/approve", token: token}, 405, "refused"},
		"health by POST":               {knock{method: "POST", path: "/healthz"}, 405, "refused"},
		"foreign name":                 {knock{method: "GET", path: "/api/v1/status", token: token, host: "evil.example.net"}, 403, "refused"},
		"foreign name with port":       {knock{method: "GET", path: "/api/v1/status", token: token, host: "evil.example.net:8180"}, 403, "refused"},
		"loopback as a foreign label":  {knock{method: "GET", path: "/api/v1/status", token: token, host: "127.0.0.1.evil.example.net"}, 403, "refused"},
		"another address":              {knock{method: "GET", path: "/api/v1/status", token: token, host: "192.0.2.1"}, 403, "refused"},
		"another site's page":          {knock{method: "POST", path: "/api/v1/runs", token: token, body: `{"kind":"full"}`, header: map[string]string{"Sec-Fetch-Site": "cross-site"}}, 403, "refused"},
		"another origin":               {knock{method: "POST", path: "/api/v1/runs/r1/approve", token: token, header: map[string]string{"Origin": "https://evil.example.net"}}, 403, "refused"},
		"another connection's command": {knock{method: "GET", path: "/api/v1/status", token: token, header: map[string]string{"Omnisync-Connection": "other"}}, 421, "refused"},
		"large body":                   {knock{method: "POST", path: "/api/v1/runs", token: token, body: `{"kind":"` + strings.Repeat("x", 1<<17) + `"}`}, 413, "refused"},
		"no JSON":                      {knock{method: "POST", path: "/api/v1/runs", token: token, body: `kind=full`}, 400, "refused"},
		"JSON of another form":         {knock{method: "POST", path: "/api/v1/runs", token: token, body: `["full"]`}, 400, "refused"},
		"unknown field":                {knock{method: "POST", path: "/api/v1/runs", token: token, body: `{"kind":"full","dryrun":true}`}, 400, "refused"},
		"two values":                   {knock{method: "POST", path: "/api/v1/runs", token: token, body: `{"kind":"full"} {}`}, 400, "refused"},
		"unknown kind":                 {knock{method: "POST", path: "/api/v1/runs", token: token, body: `{"kind":"partial"}`}, 400, "refused"},
		"no kind":                      {knock{method: "POST", path: "/api/v1/runs", token: token}, 400, "refused"},
		"run that holds nothing":       {knock{method: "POST", path: "/api/v1/runs/r9/approve", token: token}, 404, "not found"},
		"rejecting what isn't held":    {knock{method: "POST", path: "/api/v1/runs/r9/reject", token: token, body: `{}`}, 404, "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			a := c.send(t, url)
			if a.status != c.status || a.told.Error.Kind != c.kind || a.told.Error.Message == "" {
				t.Errorf("answers %d %q, want %d and an error of kind %q", a.status, a.body, c.status, c.kind)
			}
			if got := a.header.Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type is %q", got)
			}
			if strings.Contains(a.body, token) || strings.Contains(a.body, "acme") && c.token == "" {
				t.Errorf("tells too much: %s", a.body)
			}
		})
	}
}

func TestDoorsOpen(t *testing.T) {
	url := newDaemon().serve(t)
	for _, host := range []string{"", "localhost:8180", "LOCALHOST", "127.0.0.1", "127.9.9.9:1", "[::1]:8180", "sync.example.com", "sync.example.com:8180"} {
		if a := (knock{method: "GET", path: "/api/v1/status", token: token, host: host}).send(t, url); a.status != 200 {
			t.Errorf("Host %q: %d %s", host, a.status, a.body)
		}
	}
	same := knock{method: "POST", path: "/api/v1/runs", token: token, body: `{"kind":"full"}`, header: map[string]string{"Sec-Fetch-Site": "same-origin"}}
	r, _ := http.NewRequest(same.method, url+same.path, strings.NewReader(same.body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("our own page is refused: %d", response.StatusCode)
	}
}

func TestWrongMethodNamesTheRightOne(t *testing.T) {
	a := knock{method: "GET", path: "/api/v1/runs/r1/approve", token: token}.send(t, newDaemon().serve(t))
	if got := a.header.Get("Allow"); got != "POST" {
		t.Errorf("Allow is %q", got)
	}
}

func TestHealthNeedsNoTokenAndTellsStateOnly(t *testing.T) {
	d := newDaemon()
	url := d.serve(t)
	var reason error
	d.ready = func() error { return reason }
	for _, c := range []struct {
		path   string
		reason error
		status int
		state  string
	}{
		{"/healthz", nil, 200, "alive"},
		{"/healthz", errors.New("gone"), 200, "alive"},
		{"/readyz", nil, 200, "ready"},
		{"/readyz", &fault.Error{Kind: fault.Fenced, Op: "lease", Detail: "with 7@host9"}, 503, "not leading"},
		{"/readyz", &fault.Error{Kind: fault.Unavailable, Op: "redis at 10.1.2.3"}, 503, "ledger not reachable"},
	} {
		reason = c.reason
		a := knock{method: "GET", path: c.path, host: "10.0.0.7:8180"}.send(t, url)
		if a.status != c.status || a.body != `{"state":"`+c.state+`"}`+"\n" {
			t.Errorf("%s with %v answers %d %s, want %d and the state %q alone", c.path, c.reason, a.status, a.body, c.status, c.state)
		}
	}
}

func TestWithoutATokenOfItsOwnNobodyComesIn(t *testing.T) {
	for name, own := range map[string]func() ([]console.Key, error){
		"empty":      func() ([]console.Key, error) { return []console.Key{{Role: console.Acts}}, nil },
		"no":         func() ([]console.Key, error) { return nil, nil },
		"unreadable": func() ([]console.Key, error) { return nil, errors.New("open /run/secrets/t: denied") },
	} {
		o := newDaemon().options()
		o.Keys = own
		url := serveOptions(t, o)
		for _, given := range []string{"", " ", token} {
			a := knock{method: "GET", path: "/api/v1/status", header: map[string]string{"Authorization": "Bearer " + given}}.send(t, url)
			if a.status != 500 || strings.Contains(a.body, "/run/secrets") {
				t.Errorf("%s token, %q given: %d %s", name, given, a.status, a.body)
			}
		}
	}
}

func TestPanicIsAnErrorAndALogLine(t *testing.T) {
	core, logged := observer.New(zap.ErrorLevel)
	d := newDaemon()
	d.status = func() (sync.Status, error) { panic("status went wrong") }
	d.run = func(_ context.Context, r sync.Request) (sync.Report, error) {
		r.Progress(sync.Progress{Step: "read"})
		panic("run went wrong")
	}
	o := d.options()
	o.Log = zap.New(core)
	url := serveOptions(t, o)
	a := knock{method: "GET", path: "/api/v1/status", token: token}.send(t, url)
	if a.status != 500 || a.told.Error.Message == "" || strings.Contains(a.body, "went wrong") {
		t.Errorf("answers %d %s", a.status, a.body)
	}
	_, err := client(url).Run(t.Context(), sync.Request{Kind: sync.Full})
	if err == nil || !strings.Contains(err.Error(), "the daemon made a mistake") {
		t.Errorf("a panic after the stream began is told as %v", err)
	}
	if logged.Len() != 2 || !strings.Contains(logged.All()[0].ContextMap()["stack"].(string), "fake_test.go") {
		t.Errorf("logged: %v", logged.All())
	}
}

package console_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

const (
	readingToken = "reading-token-of-rita"
	actingToken  = "acting-token-of-otto"
	proxyToken   = "the-proxy-proves-itself"
)

// manned are the options of a console with several people: rita reads, otto acts, and a proxy
// brings others.
func manned(d *daemon) console.Options {
	o := d.options()
	o.URL = "https://sync.acme.example"
	o.Keys = func() ([]console.Key, error) {
		return []console.Key{{Role: console.Acts, Token: token}, {Name: "rita", Role: console.Reads, Token: readingToken}, {Name: "otto", Role: console.Acts, Token: actingToken}}, nil
	}
	o.Proxy = &console.Proxy{Token: func() (string, error) { return proxyToken, nil }, UserHeader: "Remote-User", RoleHeader: "Remote-Role"}
	return o
}

// call sends one request and gives the answer with its text.
func call(t *testing.T, c *http.Client, method, address string, header map[string]string, form url.Values) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, v := range header {
		r.Header.Set(name, v)
	}
	if host := header["Host"]; host != "" {
		r.Host = host
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

// stays doesn't follow where an answer sends it.
func stays() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// every gives each route behind a console's doors, with a name in the place of what differs.
func every() [][2]string {
	open := []string{"/healthz", "/readyz", "/login", "/logout", "/static/{file}"}
	var list [][2]string
	for _, r := range console.Routes() {
		if !slices.Contains(open, r.Path) {
			list = append(list, [2]string{r.Method, strings.NewReplacer("{run}", "r1", "{user}", "ann@example.com", "{group}", "Sales", "{$}", "").Replace(r.Path)})
		}
	}
	return list
}

// Without a token nothing is told, by no path and to nobody; the login page knows nothing.
func TestNothingIsToldWithoutAToken(t *testing.T) {
	o := manned(newDaemon())
	at := serveOptions(t, o)
	html := map[string]string{"Accept": "text/html"}
	for _, route := range append(every(), [2]string{"GET", "/login"}, [2]string{"GET", "/login?next=/held"}, [2]string{"GET", "/nothing"}) {
		for name, header := range map[string]map[string]string{
			"none": {}, "browser": html, "wrong": {"Authorization": "Bearer wrong"}, "cookie": {"Accept": "text/html", "Cookie": "omnisync-acme=" + token},
			"forged": {"Remote-User": "eve", "Remote-Role": "act"}, "forger": {"Remote-User": "eve", "Remote-Role": "act", "Omnisync-Proxy": "guess"},
		} {
			answer, text := call(t, stays(), route[0], at+route[1], header, nil)
			shut := answer.StatusCode == http.StatusUnauthorized ||
				answer.StatusCode == http.StatusSeeOther && strings.HasPrefix(answer.Header.Get("Location"), "/login?") ||
				answer.StatusCode == http.StatusOK && strings.HasPrefix(route[1], "/login")
			if !shut || strings.Contains(text, "acme") || strings.Contains(text, "ann@example.com") {
				t.Errorf("%v (%s) answers %d %s", route, name, answer.StatusCode, text)
			}
		}
	}
}

// With the reading token nothing can be changed, whatever door it is used at.
func TestTheReadingRoleChangesNothing(t *testing.T) {
	d := newDaemon()
	d.run = func(context.Context, sync.Request) (sync.Report, error) {
		t.Error("a run begins")
		return sync.Report{}, nil
	}
	o := manned(d)
	at := serveOptions(t, o)
	rita := login(t, at, readingToken)
	changing := 0
	for _, route := range every() {
		if route[0] == http.MethodGet {
			continue
		}
		changing++
		for name, c := range map[string]struct {
			client *http.Client
			header map[string]string
		}{
			"bearer": {stays(), map[string]string{"Authorization": "Bearer " + readingToken}},
			"page":   {rita, map[string]string{"Accept": "text/html", "Origin": at}},
			"proxy":  {stays(), map[string]string{"Omnisync-Proxy": proxyToken, "Remote-User": "rita", "Remote-Role": "read"}},
		} {
			if answer, text := call(t, c.client, route[0], at+route[1], c.header, url.Values{"kind": {"full"}, "verdict": {"approve-all"}, "decision": {"approve"}, "which": {"all"}}); answer.StatusCode != http.StatusForbidden {
				t.Errorf("%v (%s) answers %d %s", route, name, answer.StatusCode, text)
			}
		}
	}
	if changing < 5 || len(d.decided) > 0 {
		t.Errorf("%d routes were tried, %d decisions made", changing, len(d.decided))
	}
	if answer, text := call(t, rita, "GET", at+"/held", map[string]string{"Accept": "text/html"}, nil); answer.StatusCode != 200 || !strings.Contains(text, "ann@example.com") || strings.Contains(text, "<button name=\"verdict\"") {
		t.Errorf("what may be read isn't shown, or with buttons: %d %s", answer.StatusCode, text)
	}
}

// What another site makes a browser send is refused, although the browser is logged in.
func TestCrossSiteRequestsAreRefused(t *testing.T) {
	d := newDaemon()
	o := manned(d)
	at := serveOptions(t, o)
	otto := login(t, at, actingToken)
	for _, route := range append(every(), [2]string{"POST", "/login"}, [2]string{"POST", "/logout"}) {
		if route[0] == http.MethodGet {
			continue
		}
		for _, header := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example.net"}, {"Origin": "null"}} {
			header["Accept"] = "text/html"
			if answer, text := call(t, otto, route[0], at+route[1], header, url.Values{"kind": {"full"}}); answer.StatusCode != http.StatusForbidden {
				t.Errorf("%v with %v answers %d %s", route, header, answer.StatusCode, text)
			}
		}
	}
	if len(d.decided) > 0 {
		t.Error("something was decided")
	}
}

// login gives a browser that is logged in, and stays where it is.
func login(t *testing.T, at, token string) *http.Client {
	t.Helper()
	c := stays()
	c.Jar, _ = cookiejar.New(nil)
	answer, text := call(t, c, "POST", at+"/login", map[string]string{"Origin": at}, url.Values{"token": {token + "\n"}, "next": {"/held"}})
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/held" {
		t.Fatalf("the login answers %d %v %s", answer.StatusCode, answer.Header, text)
	}
	return c
}

func TestSessions(t *testing.T) {
	core, logged := observer.New(zap.InfoLevel)
	o := manned(newDaemon())
	o.Log = zap.New(core)
	keys, _ := o.Keys()
	o.Keys = func() ([]console.Key, error) { return keys, nil }
	at := serveOptions(t, o)
	for host, secure := range map[string]bool{"127.0.0.1": false, "sync.acme.example": true} {
		answer, _ := call(t, stays(), "POST", at+"/login", map[string]string{"Host": host}, url.Values{"token": {actingToken}, "next": {"https://evil.example.net/"}})
		c := answer.Cookies()
		if len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Secure != secure || c[0].MaxAge != 8*60*60 || c[0].Path != "/" {
			t.Errorf("by %s the cookie is %v", host, c)
		}
		if to := answer.Header.Get("Location"); to != "/" {
			t.Errorf("a login leads to %s", to)
		}
		if strings.Contains(c[0].Value, actingToken) {
			t.Error("the cookie holds the token")
		}
	}
	otto := login(t, at, actingToken)
	shown := func(c *http.Client) int {
		answer, _ := call(t, c, "GET", at+"/", map[string]string{"Accept": "text/html"}, nil)
		return answer.StatusCode
	}
	if shown(otto) != 200 {
		t.Error("who logged in is shown nothing")
	}
	mine, _ := url.Parse(at)
	before := otto.Jar.Cookies(mine)
	call(t, otto, "POST", at+"/logout", nil, nil)
	thief := stays()
	thief.Jar, _ = cookiejar.New(nil)
	thief.Jar.SetCookies(mine, before)
	if shown(otto) != http.StatusSeeOther || shown(thief) != http.StatusSeeOther {
		t.Error("a session goes on after its end")
	}
	otto = login(t, at, actingToken)
	keys = slices.Delete(keys, 2, 3) // his token is replaced
	if shown(otto) != http.StatusSeeOther {
		t.Error("a session outlives its token")
	}
	answer, text := call(t, stays(), "POST", at+"/login", nil, url.Values{"token": {"guess-" + readingToken}})
	if answer.StatusCode != http.StatusUnauthorized || !strings.Contains(text, "known here") || len(answer.Cookies()) > 0 {
		t.Errorf("a wrong token answers %d %s", answer.StatusCode, text)
	}
	for _, line := range logged.All() {
		if strings.Contains(line.Message+fmt.Sprint(line.ContextMap()), "token-of") {
			t.Errorf("the log holds a token: %v", line)
		}
	}
}

// Who acts is named by what was proven, in the decision and in the log.
func TestWhoActsIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		header     map[string]string
		said, want string
	}{
		"command":           {map[string]string{"Authorization": "Bearer " + token}, "ann on host7", "ann on host7"},
		"nobody":            {map[string]string{"Authorization": "Bearer " + token}, "", "console"},
		"a name":            {map[string]string{"Authorization": "Bearer " + actingToken}, "", "otto"},
		"a name who claims": {map[string]string{"Authorization": "Bearer " + actingToken}, "ann", "otto (ann)"},
		"through the proxy": {map[string]string{"Omnisync-Proxy": proxyToken, "Remote-User": "zoe@acme.example", "Remote-Role": "act"}, "", "zoe@acme.example"},
	} {
		core, logged := observer.New(zap.InfoLevel)
		d := newDaemon()
		o := manned(d)
		o.Log = zap.New(core)
		at := serveOptions(t, o)
		r, _ := http.NewRequestWithContext(t.Context(), "POST", at+"/api/v1/runs/r1/reject", strings.NewReader(`{"by":"`+c.said+`"}`))
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		select {
		case v := <-d.decided:
			if v.By != c.want || v.Decision != state.Rejected {
				t.Errorf("%s: decided by %q, want %q", name, v.By, c.want)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s: nothing was decided: %d", name, answer.StatusCode)
		}
		if logged.FilterMessage("somebody acts through the console").Len() != 1 {
			t.Errorf("%s: logged %v", name, logged.All())
		}
	}
}

// A proxy that can't prove itself brings nobody, whatever it says; nor one without a token.
func TestAProxyProvesItself(t *testing.T) {
	o := manned(newDaemon())
	for name, c := range map[string]struct {
		own    func() (string, error)
		header map[string]string
		status int
	}{
		"right":    {nil, map[string]string{"Omnisync-Proxy": proxyToken, "Remote-User": "zoe", "Remote-Role": "read"}, 200},
		"wrong":    {nil, map[string]string{"Omnisync-Proxy": proxyToken + "x", "Remote-User": "zoe", "Remote-Role": "read"}, 401},
		"nobody":   {nil, map[string]string{"Omnisync-Proxy": proxyToken, "Remote-User": " ", "Remote-Role": "read"}, 401},
		"no role":  {nil, map[string]string{"Omnisync-Proxy": proxyToken, "Remote-User": "zoe"}, 401},
		"a role":   {nil, map[string]string{"Omnisync-Proxy": proxyToken, "Remote-User": "zoe", "Remote-Role": "admin"}, 401},
		"no token": {func() (string, error) { return "", nil }, map[string]string{"Omnisync-Proxy": " ", "Remote-User": "zoe", "Remote-Role": "read"}, 401},
		"broken":   {func() (string, error) { return "", errors.New("gone") }, map[string]string{"Omnisync-Proxy": proxyToken, "Remote-User": "zoe", "Remote-Role": "read"}, 500},
	} {
		if own := c.own; own != nil {
			o.Proxy.Token = own
		}
		if answer, text := call(t, stays(), "GET", serveOptions(t, o)+"/api/v1/status", c.header, nil); answer.StatusCode != c.status {
			t.Errorf("%s: %d %s", name, answer.StatusCode, text)
		}
		o.Proxy.Token = func() (string, error) { return proxyToken, nil }
	}
}

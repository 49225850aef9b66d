package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/omnisync/omnisync/console"
)

// visitor is somebody who asks the console.
type visitor struct {
	header http.Header
	form   string // what a page of theirs posts; "": they write JSON
}

func bearer(token string) visitor {
	return visitor{header: http.Header{"Authorization": {"Bearer " + token}}}
}

// visitors are all who may come in, who may not, and a browser with a session of its own.
func (m *marked) visitors() []visitor {
	m.t.Helper()
	browser := visitor{http.Header{"Cookie": {m.logsIn()}, "Accept": {"text/html"}}, "kind=full&by=test&count=1&only=ann@acme.co"}
	proxy := visitor{header: http.Header{"Omnisync-Proxy": {m.secrets["MARK_PROXY"]}, "X-Forwarded-User": {"petra"}}}
	return []visitor{bearer(m.secrets["MARK_CONSOLE"]), {}, browser, bearer(m.secrets["MARK_READER"]), bearer(m.secrets["MARK_ACTOR"]), proxy}
}

// logsIn begins a session, whose cookie is a secret from then on, and gives the cookie.
func (m *marked) logsIn() string {
	m.t.Helper()
	form := visitor{http.Header{}, url.Values{"token": {m.secrets["MARK_ACTOR"]}, "next": {"/"}}.Encode()}
	a := m.asks(time.Minute, form, http.MethodPost, m.console+"/login", "")
	name, secret, _ := strings.Cut(strings.Split(a.header.Get("Set-Cookie"), ";")[0], "=")
	if len(secret) < 20 {
		m.t.Fatalf("no session begins: %s", a)
	}
	m.secrets["session "+secret[:4]] = secret
	a.header.Del("Set-Cookie") // the one place where it is told
	m.leaks("the answer to a login", a.String())
	return name + "=" + secret
}

// asks sends a request of a visitor, and waits no longer than that.
func (m *marked) asks(patience time.Duration, who visitor, method, address, body string) consoleAnswer {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+address, strings.NewReader(cmp.Or(who.form, body)))
	if err != nil {
		m.t.Fatal(err)
	}
	if who.header != nil {
		r.Header = who.header.Clone()
	}
	r.Header.Set("Content-Type", "application/json")
	if who.form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return send(r)
}

// questions are what everyRoute asks, and how long it waits for each answer.
type questions struct {
	run             string // that the paths name
	queries, bodies []string
	visitors        int // so many of them; who comes after the second asks the first of these alone
	patience        time.Duration
}

// endless is how long is waited for the end of a stream that has none.
const endless = 100 * time.Millisecond

// everyRoute asks each route of the console.
func (m *marked) everyRoute(state string, q questions) {
	m.t.Helper()
	known := m.visitors()
	for _, r := range console.Routes() {
		path := strings.NewReplacer("{run}", q.run, "{subject}", "ann@acme.co", "{user}", "ann@acme.co", "{file}", "style.css", "{$}", "").Replace(r.Path)
		patience := q.patience
		if r.Path == "/api/v1/events" {
			patience = endless
		}
		for n, who := range known[:q.visitors] {
			for i, query := range q.queries {
				for j, body := range q.bodies {
					if j > 0 && r.Method == http.MethodGet || n > 1 && i+j > 0 {
						continue
					}
					a := m.asks(patience, who, r.Method, m.console+path+query, body)
					m.leaks(fmt.Sprint(state, ": ", r.Method, " ", path, query), a.String())
				}
			}
		}
		if r.Path == "/logout" {
			known = m.visitors() // whose browser comes in again
		}
	}
}

// knocks tries the other listeners with the first of right secrets, those of others, and one
// that is nearly right. They slow down who knocks wrongly, so all knock at once, and nobody
// waits for long.
func (m *marked) knocks(state string, first int) {
	m.t.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]string{}
	values := []string{"Bearer " + m.secrets["MARK_SCIM_1"], "Bearer " + m.secrets["MARK_SCIM_2"], m.secrets["MARK_HOOKS"],
		"Bearer " + m.secrets["MARK_CONSOLE"], "Bearer " + m.secrets["MARK_SCIM_1"] + "x"}
	for _, value := range values[:first] {
		for _, address := range []string{m.scim + "/scim/v2/Users", m.scim + "/scim/v2/Nothing", m.hooks + "/okta/events"} {
			all.Go(func() {
				who := visitor{header: http.Header{"Authorization": {value}}}
				a := m.asks(300*time.Millisecond, who, http.MethodPost, address, `{"userName":"new@acme.co","data":{}}`)
				mu.Lock()
				defer mu.Unlock()
				answers[address] += a.String()
			})
		}
	}
	all.Wait()
	for address, told := range answers {
		m.leaks(fmt.Sprint(state, ": POST ", address), told)
	}
}

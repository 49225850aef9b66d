package main

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Promise 13, nothing leaks: whatever a command prints, a page or a route of the console
// answers, a listener says or a file holds, in good and in bad times, no secret is in it.
func TestPromise13NothingLeaks(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ redis, oauth bool }{
		"a file and a token":     {},
		"Redis and an app's key": {redis: true, oauth: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ledger := ""
			if row.redis {
				const password = "MARKED-redis-44ff"
				s := newServer(t, t.TempDir())
				client := connect(t, s.url)
				for _, set := range [][2]string{{"rdbcompression", "no"}, {"requirepass", password}} { // what is dumped is to be read
					if err := client.ConfigSet(t.Context(), set[0], set[1]).Err(); err != nil {
						t.Fatal(err)
					}
				}
				ledger = strings.Replace(s.url, "redis://", "redis://:"+password+"@", 1)
			}
			m := newMarked(t, ledger, row.oauth)
			m.live()
			m.files("afterwards")
			if row.redis {
				for key, value := range dumped(t, connect(t, ledger)) {
					m.leaks("the ledger's "+key, value)
				}
			}
			m.leaks("the daemon's log", m.log.String())
			for _, words := range []string{"ann@acme.co", `"level":"debug"`, "an alert can't be sent"} {
				if !strings.Contains(m.log.String(), words) {
					t.Errorf("the daemon did little, or told little: there is no %s in\n%.3000s", words, m.log.String())
				}
			}
		})
	}
}

// live is a life of the daemon, and of commands beside it and without it.
func (m *marked) live() {
	m.rewrite("grace: 0s", "grace: 1h")
	stop := m.start()
	run := func() string {
		return m.ask(time.Minute, http.MethodPost, m.console+"/api/v1/runs", `{"kind":"full"}`, true).body
	}
	run() // after the one that the daemon begins with
	m.own("cat")
	m.okta.UpdateProfile(m.ids[0], map[string]any{"firstName": "Anna"})
	m.leave(m.ids[2])
	if told := run(); !strings.Contains(told, "ann@acme.co") {
		m.t.Errorf("the run did nothing: %s", told)
	}
	m.types("beside the daemon", time.Minute, []string{"leave", "cat@acme.co", "--now", "--confirm", "cat@acme.co"})
	m.leave(m.ids[3:]...)
	run()
	m.everyCommand("beside the daemon", 2*time.Second, "", "ann@acme.co", "--json", "ann@acme.co --json")
	if a := m.get("/api/v1/schedules?of=cat@acme.co"); !strings.Contains(a.body, `"restored":{"to":"ann@acme.co"`) {
		m.t.Errorf("cat's schedule wasn't saved and restored: %s", a)
	}
	m.types("beside the daemon", time.Minute, []string{"forget", "cat@acme.co"})
	m.knocks("in good times", 5) // the daemon lets who knocks wrongly wait for seconds, and would end after them
	m.everyRoute("in good times", questions{m.heldRun(), []string{"", "?subject=ann@acme.co&of=all", "?subject=%zz&since=x&limit=-1&of=x"},
		[]string{"", `{"kind":"full"}`, `{"by":"test","only":["ann@acme.co"]}`, `{"subject":"ann@acme.co"}`, `{"who":"cat@acme.co","to":"ann@acme.co"}`}, 6, time.Minute})
	for how, name := range map[int32]string{echoing: "credentials are refused and shown", breaking: "answers break off", paging: "a proxy shows what it got"} {
		m.unkind.Store(how)
		m.everyRoute(name, questions{"20200101-000000-abcdef", []string{"?subject=ann@acme.co&of=all"}, []string{`{"kind":"full","attached":true}`}, 3, impatient})
	}
	if a := m.get("/metrics"); !strings.Contains(a.body, `omnisync_alerts_failing_since_timestamp_seconds{connection="acme"} 1`) {
		m.t.Errorf("the meters don't tell that alerts aren't taken: %s", a)
	}
	m.knocks("in bad times", 2)
	stop()
	m.unkind.Store(kindly)
	m.everyCommand("without the daemon", 2*time.Second, "", "ann@acme.co")
	m.unkind.Store(echoing)
	m.everyCommand("without the daemon, credentials are refused and shown", 2*time.Second, "--json", "ann@acme.co")
	m.unkind.Store(paging)
	m.everyCommand("without the daemon, a proxy shows what it got", impatient, "", "ann@acme.co")
}

// impatient is how long is waited where all that follows the first answer is the pauses between
// attempts.
const impatient = 300 * time.Millisecond

// Addresses with a password that nobody answers at, or that are wrong, aren't told with it.
func TestPromise13NoAddressLeaks(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	const mark = "MARKED-password-55aa"
	for name, row := range map[string]struct{ key, value string }{
		"Redis that isn't there":               {"SYNCD_STATE_URL", fmt.Sprintf("redis://user:%s@%s/0", mark, nobody)},
		"Redis by TLS":                         {"SYNCD_STATE_URL", fmt.Sprintf("rediss://user:%s@%s/0", mark, nobody)},
		"Redis of a wrong port":                {"SYNCD_STATE_URL", "redis://user:" + mark + "@127.0.0.1:seven/0"},
		"Redis with a wrong option":            {"SYNCD_STATE_URL", "redis://127.0.0.1/0?password=" + mark},
		"a store of an unknown kind":           {"SYNCD_STATE_URL", "mysql://user:" + mark + "@127.0.0.1/x"},
		"Okta's address":                       {"SYNCD_OKTA_ORG_URL", "https://user:" + mark + "@" + nobody},
		"Omni's address":                       {"SYNCD_OMNI_BASE_URL", "https://user:" + mark + "@" + nobody},
		"a secret that is no reference":        {"SYNCD_CONSOLE_TOKEN_X", mark},
		"an API key in place of its reference": {"SYNCD_OMNI_API_KEYS", `["` + mark + `"]`},
		"a token in place of its reference":    {"SYNCD_OKTA_AUTH_API_TOKEN", mark},
		"the key of what is saved":             {"SYNCD_STATE_KEY", mark},
		"one more token of the console":        {"SYNCD_CONSOLE_TOKENS", `[{"name":"x","role":"read","token":"` + mark + `"}]`},
		"a proxy's token":                      {"SYNCD_CONSOLE_PROXY_TOKEN", mark},
		"the address of alerts":                {"SYNCD_ALERTS_WEBHOOK_URL", "https://127.0.0.1/" + mark},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMarked(t, "", false)
			m.environ = append(m.environ, row.key+"="+row.value)
			m.secrets = map[string]string{"the password": mark}
			for _, line := range []string{"config print", "config check", "check --json", "status", "reconcile", "state export " + filepath.Join(m.dir, "out"), "run"} {
				_, printed := m.run(time.Second, strings.Fields(line)...)
				m.leaks("syncd "+line, printed)
				if printed == "" {
					t.Errorf("syncd %s printed nothing", line)
				}
			}
		})
	}
}

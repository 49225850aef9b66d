package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	checks "github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
	goredis "github.com/redis/go-redis/v9"
)

func findingOf(t *testing.T, r checks.Report, id string) checks.Finding {
	t.Helper()
	for _, f := range r.Checks {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no finding %s in %+v", id, r.Checks)
	return checks.Finding{}
}

// While another process has the ledger, all else is checked.
func TestCheckBesideADaemon(t *testing.T) {
	w := newCheckedWorld(t)
	path := filepath.Join(w.dir, "syncd.db")
	s, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	status, r := w.report()
	store, ledger := findingOf(t, r, "state.store"), findingOf(t, r, "state.ledger")
	if status != 0 || store.State != checks.OK || !strings.Contains(store.Found, "in use: pid ") || ledger.State != checks.Skipped {
		t.Errorf("status %d, %+v, %+v", status, store, ledger)
	}
	if f := findingOf(t, r, "omni.groups"); f.State != checks.OK {
		t.Errorf("%+v", f)
	}
}

// The check tells of Redis' eviction, whose ledger it is, and what it isn't told.
func TestCheckOfRedis(t *testing.T) {
	redis.Quiet()
	url, stop, err := statetest.StartRedis(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	o, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.NewClient(o)
	defer client.Close()
	set := func(args ...any) {
		t.Helper()
		if err := client.Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	set("ACL", "SETUSER", "narrow", "on", ">pw", "~omnisync:*", "+@hash", "+@connection")
	for _, tt := range []struct {
		name, policy, maxmemory, user string
		want                          checks.State
	}{
		{"noeviction", "noeviction", "0", "", checks.OK},
		{"everything", "allkeys-lru", "100mb", "", checks.Failed},
		{"some day", "allkeys-lru", "0", "", checks.Warning},
		{"the lease", "volatile-ttl", "100mb", "", checks.Warning},
		{"a user who may not ask", "allkeys-lru", "100mb", "narrow:pw@", checks.Skipped},
	} {
		set("CONFIG", "SET", "maxmemory-policy", tt.policy)
		set("CONFIG", "SET", "maxmemory", tt.maxmemory)
		w := newCheckedWorld(t)
		w.config["state"] = `{url: "` + strings.Replace(url, "redis://", "redis://"+tt.user, 1) + `"}`
		status, r := w.report()
		if f := findingOf(t, r, "state.eviction"); f.State != tt.want || (status != 0) != (tt.want == checks.Failed) {
			t.Errorf("%s: status %d, %+v", tt.name, status, f)
		}
		if f := findingOf(t, r, "state.store"); f.State != checks.OK || strings.Contains(f.Found, "pw") {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
}

// What is wrong with the configuration itself ends the check before it asks anybody.
func TestCheckOfAWrongConfiguration(t *testing.T) {
	for name, spoil := range map[string]func(*checkedWorld){
		"an unknown key":         func(w *checkedWorld) { w.config["groups"] = "{form: auto}" },
		"a broken expression":    func(w *checkedWorld) { w.config["users"] = `{scope: "user.department =="}` },
		"Omni's own attribute":   func(w *checkedWorld) { w.config["users"] = `{attributes: {omni_user_id: user.id}}` },
		"a secret that is unset": func(w *checkedWorld) { w.keys("OMNI_KEY_9") },
		"one key twice": func(w *checkedWorld) {
			w.environ = append(w.environ, "OMNI_AGAIN=key-1")
			w.keys("OMNI_KEY_1", "OMNI_AGAIN")
		},
	} {
		w := newCheckedWorld(t)
		spoil(w)
		if status, out, errs := w.check(); status != exitUsage || out != "" || !strings.Contains(errs, "acme.yaml") {
			t.Errorf("%s: status %d\n%s\n%s", name, status, out, errs)
		}
		if n := len(w.omni.Requests()); n != 0 {
			t.Errorf("%s: %d requests", name, n)
		}
	}
}

// Nothing that the check prints holds a secret, however it goes wrong.
func TestPromise13CheckPrintsNoSecret(t *testing.T) {
	echo := sim.Status(http.StatusForbidden, `{"error": "key-1 may not", "errorCode": "E0000006", "errorSummary": "no"}`, nil)
	for name, spoil := range map[string]func(*checkedWorld){
		"sound":            func(*checkedWorld) {},
		"refused by Okta":  func(w *checkedWorld) { w.okta.Token = "another" },
		"refused by Omni":  func(w *checkedWorld) { w.keys("OMNI_KEY_X") },
		"echoed by Omni":   func(w *checkedWorld) { w.faults.Add(sim.Fault{Do: echo}) },
		"a page at Okta":   func(w *checkedWorld) { w.okta.Faults.Add(sim.Fault{Do: page()}) },
		"nobody there":     func(w *checkedWorld) { w.config["state"] = `{url: "redis://u:pass-word@127.0.0.1:1"}` },
		"an app's key":     func(w *checkedWorld) { w.signInAsApp("k1"); w.replace("okta", "key_id: k1", "key_id: k2") },
		"everything fails": func(w *checkedWorld) { w.deny(simokta.DeniedError, "") },
	} {
		w := newCheckedWorld(t)
		spoil(w)
		for _, flags := range [][]string{nil, {"--json"}} {
			_, out, errs := w.check(flags...)
			for _, secret := range []string{"okta-token", "key-1", "key-x", "pass-word", "PRIVATE KEY"} {
				if strings.Contains(out+errs, secret) {
					t.Errorf("%s: %q in\n%s\n%s", name, secret, out, errs)
				}
			}
		}
	}
}

func TestCheckAtAGlance(t *testing.T) {
	r := checks.Report{Outcome: checks.Failed, Summary: checks.Summary{OK: 1, Warnings: 1, Failed: 1, Skipped: 1, OktaRequests: 13, OmniRequests: 1},
		Checks: []checks.Finding{
			{ID: "okta.address", Group: "Okta", Name: "address", State: checks.OK, Found: "https://acme.okta.com is Okta"},
			{ID: "okta.users", Group: "Okta", Name: "assigned users", State: checks.Failed, Found: "nobody",
				Problem: "the System Log shows that someone was assigned on 2026-01-02 03:04 UTC: Okta gives an empty list to who may not see it",
				Remedy:  "in the Okta admin console, Security > Administrators: give svc@acme.com the role Read-only Administrator, or a custom role whose resources include what is read here"},
			{ID: "okta.usernames", Group: "Okta", Name: "usernames", State: checks.Skipped, Problem: "not known without assigned users"},
			{ID: "omni.limits", Group: "Omni", Name: "allowance", State: checks.Warning, Problem: "omni.limits is odd\x1b[2J", Remedy: "set omni.requests_per_minute to 60"},
		}}
	golden(t, "check", false, func(p *printer) { p.checked("acme", r) })
	r = checks.Report{Outcome: checks.OK, Checks: r.Checks[:1], Summary: checks.Summary{OK: 1, OktaRequests: 1}}
	golden(t, "check_ready", false, func(p *printer) { p.checked("acme", r) })
}

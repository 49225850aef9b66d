package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state/statetest"
	"github.com/omnisync/omnisync/sync"
	goredis "github.com/redis/go-redis/v9"
)

// The whole week ends with every check passed, and says what it should; and
// what the README shows of it is what it says.
func TestDemoWeek(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	a := &app{shell: shell{Out: &out, Err: &errs}}
	if err := a.demo(t.Context(), demonstration{company: found(), scenes: wholeWeek}); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), errs.String())
	}
	story := unrun(out.String())
	for _, want := range []string{
		"the answer about the last one reached nobody", "Okta lists no assigned user", "broke off", "503 Service Unavailable",
		"18 users to create failed", "(create Omni user: 503 Service Unavailable)", "to deactivate are held", "$ syncd approve RUN: 6 changes", "$ syncd reject RUN: 8 changes",
		"ok     the last run wrote nothing",
		"Okta tests the connection: GET /Users (200)", "Okta pushes: GET /Users?filter (200), POST /Users (201), 4 PATCH /Groups/ID (200)",
		"POST /Users (429: come again in 30 s), POST /Users (201)", "for 2.0 s Okta may take it back", "Okta pushes: 22 PATCH /Users/ID (200)",
		"GET /Users?filter (no answer)", "ok     what Okta pushed is there, under the ids that Okta knows",
		"ok     pull and push agree: one more full run wrote nothing",
		"a joiner, Mia Noon, starts in Product Omni has it", "ok     the System Log told of every change",
	} {
		if !strings.Contains(strings.Join(strings.Fields(story), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("the story doesn't say %q:\n%s", want, story)
		}
	}
	sameAsREADME(t, story)
}

// unrun takes the names of runs out of a story, the one part that chance decides.
func unrun(story string) string {
	return regexp.MustCompile(`\d{8}-\d{6}-[a-z0-9]{6}`).ReplaceAllString(story, "RUN")
}

// sameAsREADME finds the README's picture of the demo in what it really printed:
// each line, in this order.
func sameAsREADME(t *testing.T, story string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```text\n$ go run ./cmd/syncd demo\n")
	picture, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("README.md has no ```text block that begins with $ go run ./cmd/syncd demo")
	}
	for line := range strings.Lines(picture) {
		line = strings.TrimSpace(line)
		if line == "" || line == "..." {
			continue
		}
		_, after, printed := strings.Cut(story, line)
		if !printed {
			t.Errorf("README.md shows %q, which the demo doesn't print there (any more): put its present output into the README", line)
			continue
		}
		story = after
	}
}

// On Redis the week is the same, its JSON document is whole, and nothing is left of it.
func TestDemoWeekOnRedis(t *testing.T) {
	t.Parallel()
	url := statetest.Redis(t)
	client := redisAt(t, url)
	if err := client.Set(t.Context(), "omnisync:{acme}:epoch", "somebody's", 0).Err(); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	a := &app{shell: shell{Out: &out, Err: &errs}, json: true}
	if err := a.demo(t.Context(), demonstration{company: found(), scenes: wholeWeek, redis: url}); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var document weekDocument
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if len(document.Scenes) < 30 || len(document.Checks) < 22 {
		t.Errorf("the document has %d scenes and %d checks", len(document.Scenes), len(document.Checks))
	}
	writes := 0
	for _, s := range document.Scenes {
		writes += s.Writes
		if s.Day == "" || s.Hour == "" || s.What == "" || len(s.Told) == 0 {
			t.Errorf("an incomplete scene: %+v", s)
		}
	}
	if writes < 250 {
		t.Errorf("the scenes tell of %d writes", writes)
	}
	if keys := client.Keys(t.Context(), "*").Val(); len(keys) != 1 || keys[0] != "omnisync:{acme}:epoch" {
		t.Errorf("left in Redis: %q", keys)
	}
}

func redisAt(t *testing.T, url string) *goredis.Client {
	t.Helper()
	o, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.NewClient(o)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Keys under the demo's name are never taken over, nor cleaned up by who was refused.
func TestDemoRefusesItsNameInRedis(t *testing.T) {
	for name, key := range map[string]string{"another demo": demoClaim, "a ledger": demoKeys + "epoch"} {
		t.Run(name, func(t *testing.T) {
			url := statetest.Redis(t)
			client := redisAt(t, url)
			if err := client.Set(t.Context(), key, "theirs", 0).Err(); err != nil {
				t.Fatal(err)
			}
			a := &app{shell: shell{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}}
			err := a.demo(t.Context(), demonstration{company: found(), scenes: wholeWeek, redis: url})
			if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), demoName) || !strings.Contains(fault.HintOf(err), demoKeys) {
				t.Errorf("%v (%s)", err, fault.HintOf(err))
			}
			if keys := client.Keys(t.Context(), "*").Val(); len(keys) != 1 || keys[0] != key {
				t.Errorf("Redis holds %q, want %q alone", keys, key)
			}
		})
	}
}

func TestDemoWithoutRedis(t *testing.T) {
	for url, kind := range map[string]fault.Kind{
		"redis://:MARKED@127.0.0.1:1":    fault.Unavailable,
		"redis://:MARKED/x@127.0.0.1:1":  fault.Refused,
		"http://user:MARKED@127.0.0.1:1": fault.Refused,
	} {
		a := &app{shell: shell{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}}
		err := a.demo(t.Context(), demonstration{company: found(), scenes: wholeWeek, redis: url})
		if !fault.Is(err, kind) || strings.Contains(err.Error()+fault.HintOf(err), "MARKED") {
			t.Errorf("%s: %v (%s)", url, err, fault.HintOf(err))
		}
	}
}

// shortWeek starts the daemon, does something more, and looks for a last time.
func shortWeek(more func(*week)) func(*week) []scene {
	return func(w *week) []scene {
		return []scene{
			{"Today", "09:00", "the daemon is started", w.start},
			{"Today", "10:00", "something else", func(context.Context) error { more(w); return nil }},
			{"Today", "18:00", "a last look", func(ctx context.Context) error { return w.run(ctx, sync.Reconcile) }},
		}
	}
}

// What somebody does behind the demo's back is found in the end: exit status 1.
// Variables for a real daemon steer nothing.
func TestDemoFindsADifference(t *testing.T) {
	t.Setenv("SYNCD_OMNI_BASE_URL", "http://127.0.0.1:1")
	t.Setenv("SYNCD_NAME", "acme")
	t.Setenv("TMPDIR", t.TempDir())
	for name, c := range map[string]struct {
		meddle func(*company)
		found  string
	}{
		"nothing":                  {func(*company) {}, ""},
		"an account is taken away": {func(c *company) { c.omni.RemoveUser(c.guest.ID) }, "FAILED the outsider's account and group are untouched"},
		"an account is made twice": {func(c *company) { c.omni.AddUser("ada.adler@elsewhere.example", "Ada Adler") }, "FAILED everybody kept the account"},
		"somebody left who is there": {func(c *company) { c.people[0].left = true },
			"FAILED who left for good is inactive: " + found().people[0].userName},
		"a schedule is lost": {func(c *company) {
			id := c.known[c.people[0].userName]
			c.omni.EditUser(id, func(u *simomni.User) { u.Active = false })
			c.omni.EditUser(id, func(u *simomni.User) { u.Active = true })
			c.omni.AddSchedule(id, "Another", "x@acme.example")
			c.omni.AddSchedule(id, "And another", "x@acme.example")
		}, "FAILED only schedules of people who left"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			a := &app{shell: shell{Out: &out, Err: &errs}, ran: true}
			d := demonstration{company: found(), scenes: shortWeek(func(w *week) { c.meddle(w.company) })}
			status := a.end(a.demo(t.Context(), d))
			want := exitFailed
			if c.found == "" {
				want = exitDone
			}
			if status != want || !strings.Contains(out.String(), c.found) {
				t.Errorf("exit status %d, want %d, and %q in:\n%s\n%s", status, want, c.found, out.String(), errs.String())
			}
			nothingIn(t, os.TempDir())
		})
	}
}

// nothingIn checks that a folder holds nothing.
func nothingIn(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A scene that fails ends the demo, with the daemon's last words.
func TestDemoTellsWhatFailed(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	c := found()
	c.okta.Token = "another"
	a := &app{shell: shell{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}}
	err := a.demo(t.Context(), demonstration{company: c, scenes: shortWeek(func(*week) {})})
	if err == nil || !strings.Contains(err.Error(), "Today 09:00") || !strings.Contains(err.Error(), "the daemon's log ends with") {
		t.Errorf("%v", err)
	}
	nothingIn(t, os.TempDir())
}

// gone waits until no process has this pid.
func gone(t *testing.T, pid int) {
	t.Helper()
	for range 1000 {
		if syscall.Kill(pid, 0) != nil {
			return
		}
		pause()
	}
	t.Errorf("process %d is still there", pid)
}

// eventually polls for what yes waits for.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); pause() {
		if yes() {
			return
		}
	}
	t.Fatalf("no %s within 30 s", what)
}

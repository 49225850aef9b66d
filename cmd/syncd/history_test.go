package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/sync"
)

func TestHistoryAtAGlance(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	changes := changesOfEachKind()
	list := []state.Change{changes[0], changes[14], changes[11]}
	for i := range list {
		list[i].Time, list[i].Run, list[i].Cause = at.Add(-time.Duration(i)*time.Hour), "r1", "schedule"
	}
	list[0].Cause = "schedule: okta request YRMn9kRhSnDnyaPz1fLnAwAAA40 (assignments)"
	list[0].State, list[0].Seconds = state.Applied, 0.341
	list[0].Answers = []identity.Answer{{Method: "PATCH", Path: "Users/o-1", Seconds: 0.1, Error: "no complete answer"}, {Method: "PATCH", Path: "Users/o-1", Status: 200, Seconds: 0.2}}
	list[2].Cause = "system log: okta event 6b1f1f4e-2f0c-11f0-9d3c-3b5a9a6c1c53 user.account.update_profile; okta request YRMn9kRhSnDnyaPz1fLnAwAAA41 (assignment)"
	list[2].Happened = list[2].Time.Add(-7 * time.Second)
	golden(t, "history", false, func(p *printer) {
		p.history(list, sync.HistoryFilter{Limit: 3})
		p.history(nil, sync.HistoryFilter{Limit: 3})
	})
}

// The log is read from the ledger where no daemon runs.
func TestHistoryWithoutADaemon(t *testing.T) {
	t.Chdir(t.TempDir())
	path := filepath.Join(t.TempDir(), "l.db")
	store, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	fence, err := store.Acquire(t.Context(), "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var b state.Batch
	for i, name := range crowd(3) {
		state.Add(&b, state.Log, state.Change{Kind: "create", UserName: name, State: state.Applied, Run: "r1", Time: time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC)})
	}
	if err := store.Apply(t.Context(), fence, b); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	environ := []string{"SYNCD_NAME=acme", "SYNCD_OKTA_ORG_URL=https://acme.okta.com", "SYNCD_OKTA_APP_ID=0oa1", "SYNCD_OKTA_AUTH_API_TOKEN=t",
		"SYNCD_OMNI_BASE_URL=https://acme.omniapp.co", `SYNCD_OMNI_API_KEYS=["${env:KEY}"]`, "KEY=k", "SYNCD_STATE_URL=bolt://" + path, "SYNCD_CONSOLE_LISTEN=127.0.0.1:1"}
	for _, row := range []struct {
		line   string
		status int
		says   string // in this order
	}{
		{"history", exitDone, "user02 user01 user00"},
		{"history user01@example.com", exitDone, "user01"},
		{"history --since 2026-01-02 --until 2026-01-03", exitDone, "user01"},
		{"history --limit 1", exitDone, "user02 newest"},
		{"history --json --limit 1", exitDone, `"changes" user02`},
		{"history --state held", exitDone, "nothing"},
		{"history --state holding", exitUsage, "none of applied"},
		{"history --kind removed", exitUsage, "none of create"},
		{"history --since never", exitUsage, "no time"},
		{"history --limit -1", exitUsage, "no count"},
		{"history a b", exitUsage, "at most 1"},
	} {
		var out, told bytes.Buffer
		status := execute(t.Context(), shell{Args: strings.Fields(row.line), Out: &out, Err: &told, Environ: environ})
		if status != row.status {
			t.Errorf("syncd %s exits with %d, want %d: %s%s", row.line, status, row.status, &out, &told)
		}
		rest := out.String() + told.String()
		for word := range strings.FieldsSeq(row.says) {
			_, after, found := strings.Cut(rest, strings.ReplaceAll(word, "_", " "))
			if !found && !strings.Contains(rest, row.says) {
				t.Errorf("syncd %s says %q, without %q", row.line, out.String()+told.String(), row.says)
				break
			}
			if found {
				rest = after
			}
		}
	}
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-01-02":           time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		"2026-01-02T03:04:05Z": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"36h":                  now.Add(-36 * time.Hour),
		"7d":                   now.AddDate(0, 0, -7),
	} {
		if got, err := momentOf(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "7", "-3h", "7dd", "-1d", "2026-13-01"} {
		if got, err := momentOf(text, now); err == nil {
			t.Errorf("%q is taken for %s", text, got)
		}
	}
}

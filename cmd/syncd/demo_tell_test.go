package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

func TestReadRun(t *testing.T) {
	const (
		noise  = "a line of somebody else\n" + `{"msg":"the console listens","address":"127.0.0.1:1"}` + "\n"
		user   = `{"msg":"change","run":"r1","run_kind":"full","change":"create","state":"applied","subject":"user:00u1","name":"ann@acme.example","reason":"assigned in Okta"}` + "\n"
		group  = `{"msg":"change","run":"r1","run_kind":"full","change":"members","state":"failed","subject":"group:00g1","name":"Sales","error":"503"}` + "\n"
		end    = `{"msg":"run","run":"r1","run_kind":"full","outcome":"doubtful","doubts":["it broke off"]}` + "\n"
		failed = `{"msg":"run","run":"r1","run_kind":"full","outcome":"failed","error":"the app is gone"}` + "\n"
	)
	whole := sync.Report{Run: "r1", Kind: sync.Full, Outcome: sync.Doubtful, Doubts: []string{"it broke off"}, Changes: []state.Change{
		{Kind: "create", UserName: "ann@acme.example", State: state.Applied, Reason: "assigned in Okta", Run: "r1"},
		{Kind: "members", Group: "Sales", State: state.Failed, Error: "503", Run: "r1"},
	}}
	for name, c := range map[string]struct {
		log    string
		report sync.Report
		ended  bool
		failed string
	}{
		"nothing yet":         {noise, sync.Report{}, false, ""},
		"under way":           {noise + user, sync.Report{Changes: whole.Changes[:1]}, false, ""},
		"ended":               {noise + user + group + end, whole, true, ""},
		"the next is another": {user + group + end + failed, whole, true, ""},
		"could not run":       {failed, sync.Report{Run: "r1", Kind: sync.Full, Outcome: sync.Failing}, true, "the app is gone"},
		"half a line":         {strings.TrimSuffix(end, "\n"), sync.Report{}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			run, ended := readRun(c.log)
			if diff := cmp.Diff(c.report, run.report); diff != "" || ended != c.ended || run.failed != c.failed {
				t.Errorf("ended %v, failed %q, (-want +got):\n%s", ended, run.failed, diff)
			}
		})
	}
}

func TestHighlights(t *testing.T) {
	user := func(kind, name string, s state.ChangeState, reason string) state.Change {
		return state.Change{Kind: kind, UserName: name, State: s, Reason: reason}
	}
	group := func(kind, name string, s state.ChangeState) state.Change {
		return state.Change{Kind: kind, Group: name, State: s}
	}
	for name, c := range map[string]struct {
		changes []state.Change
		want    []string
	}{
		"none": {nil, nil},
		"those of one sort together": {
			[]state.Change{user("create", "a", state.Applied, "new"), group("members", "G", state.Applied), user("create", "b", state.Applied, "new"),
				user("create", "c", state.Applied, "new"), user("create", "d", state.Applied, "new")},
			[]string{"+ 4 users created: a, b and 2 more (new)", "~ members of 1 group changed: G"}},
		"what became of them": {
			[]state.Change{user("deactivate", "a", state.Held, "too many"), user("deactivate", "b", state.Kept, "in grace"),
				{Kind: "create", UserName: "c", State: state.Failed, Error: "503"}, group("members", "G", state.Planned)},
			[]string{"- 1 user to deactivate is held: a (too many)", "- 1 user to deactivate is kept: b (in grace)",
				"+ 1 user to create failed: c (503)", "~ members of 1 group to change wait for the next run: G"}},
		"every past": {
			[]state.Change{user("adopt", "a", state.Applied, ""), user("update", "a", state.Applied, ""), user("reactivate", "a", state.Applied, ""),
				group("rename", "G", state.Applied)},
			[]string{"+ 1 user adopted: a", "~ 1 user updated: a", "+ 1 user reactivated: a", "~ 1 group renamed: G"}},
		"not too many": {
			[]state.Change{user("adopt", "a", state.Applied, ""), user("update", "a", state.Applied, ""), user("create", "a", state.Planned, ""),
				user("create", "b", state.Planned, ""), group("rename", "G", state.Applied), group("delete", "H", state.Applied)},
			[]string{"+ 1 user adopted: a", "~ 1 user updated: a", "+ 2 users to create wait for the next run: a, b", "~ 1 group renamed: G", "... and 1 more kind"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, highlights(sync.Report{Changes: c.changes})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A long line is broken at words, and nothing in it steers the terminal.
func TestNarrator(t *testing.T) {
	var out bytes.Buffer
	narrator{w: &out}.paragraph("! " + strings.Repeat("a doubt ", 30) + "\x1b[2J")
	for line := range strings.Lines(out.String()) {
		if len(strings.TrimSuffix(line, "\n")) > storyWidth || !strings.HasPrefix(line, storyIndent) || strings.Contains(line, "\x1b") ||
			strings.HasSuffix(line, " \n") {
			t.Errorf("%q", line)
		}
	}
	if n := strings.Count(out.String(), "doubt"); n != 30 {
		t.Errorf("%d words are left of 30", n)
	}
}

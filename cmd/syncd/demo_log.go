package main

import (
	"encoding/json"
	"strings"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// loggedRun is a run as the daemon's log tells it: that of its first run, which
// no command has asked for, is told nowhere else.
type loggedRun struct {
	report sync.Report
	failed string // why it could not run
}

// logLine is one line of the daemon's log, as far as it matters here.
type logLine struct {
	Msg     string   `json:"msg"`
	Run     string   `json:"run"`
	Kind    string   `json:"run_kind"`
	Outcome string   `json:"outcome"`
	Doubts  []string `json:"doubts"`
	Change  string   `json:"change"`
	State   string   `json:"state"`
	Subject string   `json:"subject"` // user:ID, group:ID
	Name    string   `json:"name"`
	Reason  string   `json:"reason"`
	Error   string   `json:"error"`
}

// readRun reads the first run in a log, and tells whether it has ended. Lines
// that are no JSON, and one that is still being written, tell nothing.
func readRun(log string) (run loggedRun, ended bool) {
	for text := range strings.Lines(log) {
		var l logLine
		if !strings.HasSuffix(text, "\n") || json.Unmarshal([]byte(text), &l) != nil {
			continue
		}
		if l.Kind == string(sync.Delta) { // it goes on beside the first run
			continue
		}
		switch l.Msg {
		case "change":
			run.report.Changes = append(run.report.Changes, l.told())
		case "run":
			run.report.Run, run.report.Kind = l.Run, sync.RunKind(l.Kind)
			run.report.Outcome, run.report.Doubts = sync.Outcome(l.Outcome), l.Doubts
			run.failed = l.Error
			return run, true
		}
	}
	return run, false
}

func (l logLine) told() state.Change {
	c := state.Change{Kind: l.Change, State: state.ChangeState(l.State), Reason: l.Reason, Error: l.Error, Run: l.Run}
	if strings.HasPrefix(l.Subject, "group:") {
		c.Group = l.Name
	} else {
		c.UserName = l.Name
	}
	return c
}

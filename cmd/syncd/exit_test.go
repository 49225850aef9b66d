package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

func TestReportStatus(t *testing.T) {
	with := func(o sync.Outcome, states ...state.ChangeState) sync.Report {
		r := sync.Report{Outcome: o}
		for _, s := range states {
			r.Changes = append(r.Changes, state.Change{State: s})
		}
		return r
	}
	doubted := with(sync.Holding, state.Held)
	doubted.Doubts = []string{"a page failed"}
	for name, c := range map[string]struct {
		report   sync.Report
		detailed bool
		want     int
	}{
		"done":                        {with(sync.Done, state.Applied), false, 0},
		"in grace, protected":         {with(sync.Done, state.Kept), true, 0},
		"failed":                      {with(sync.Failing, state.Failed), false, 3},
		"failed and held":             {with(sync.Holding, state.Held, state.Failed), false, 3},
		"doubtful":                    {with(sync.Doubtful), false, 3},
		"doubtful and held":           {doubted, false, 3},
		"held":                        {with(sync.Holding, state.Held, state.Applied), false, 4},
		"held and more, detailed":     {with(sync.Holding, state.Held, state.Planned), true, 4},
		"plan":                        {with(sync.Done, state.Planned), false, 0},
		"plan, detailed":              {with(sync.Done, state.Planned), true, 5},
		"plan of nothing, detailed":   {with(sync.Done), true, 0},
		"failing before held, detail": {with(sync.Failing, state.Planned, state.Held), true, 3},
	} {
		if got := reportStatus(c.report, c.detailed); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestStatusOf(t *testing.T) {
	for name, c := range map[string]struct {
		status sync.Status
		want   int
	}{
		"in step":                {sync.Status{State: sync.InStep}, 0},
		"no run yet":             {sync.Status{State: sync.Behind}, 0},
		"doubtful":               {sync.Status{State: sync.Behind, Last: &sync.LastRun{Outcome: "doubtful"}}, 3},
		"doubtful, then a delta": {sync.Status{State: sync.Behind, Last: &sync.LastRun{Outcome: "done"}, Whole: &sync.LastRun{Outcome: "doubtful"}}, 3},
		"failing":                {sync.Status{State: sync.Broken, Held: make([]sync.HeldRun, 1)}, 3},
		"held":                   {sync.Status{State: sync.Waiting}, 4},
		"behind, something held": {sync.Status{State: sync.Behind, Held: make([]sync.HeldRun, 1)}, 4},
	} {
		if got := statusOf(c.status); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestEndTellsOnceAndGivesTheStatus(t *testing.T) {
	invalid := &configs.Invalid{Faults: []configs.Fault{{Path: "name", Message: "is missing"}}}
	refused := &fault.Error{Kind: fault.Unauthorized, Op: "read the app", Hint: "make a new token"}
	for name, c := range map[string]struct {
		err          error
		ran          bool
		want         int
		stderr, kind string
	}{
		"nothing wrong":       {nil, true, 0, "", ""},
		"a run that failed":   {ended(3), true, 3, "", ""},
		"wrong usage":         {errors.New("unknown flag"), false, 2, "syncd: unknown flag\nhint: see syncd --help\n", "usage"},
		"wrong configuration": {invalid, true, 2, "syncd: name: is missing\nhint: no configuration file was named: use --config FILE or SYNCD_CONFIG\n", "configuration"},
		"could not run":       {refused, true, 1, "syncd: read the app\nhint: make a new token\n", "unauthorized"},
		"approved, then not":  {&decidedOnly{refused, sync.Decided{Run: "r1"}}, true, 1, "syncd: read the app\nhint: make a new token\n", "unauthorized"},
	} {
		var out, log bytes.Buffer
		a := &app{shell: shell{Out: &out, Err: &log}, json: true, ran: c.ran}
		if got := a.end(c.err); got != c.want || log.String() != c.stderr {
			t.Errorf("%s: %d and %q", name, got, log.String())
		}
		var doc failed
		if c.kind == "" && out.Len() > 0 || c.kind != "" && (json.Unmarshal(out.Bytes(), &doc) != nil || doc.Error.Kind != c.kind) {
			t.Errorf("%s: document %s", name, out.String())
		}
		if (doc.Decided != nil) != strings.HasPrefix(name, "approved") {
			t.Errorf("%s: decided in %s", name, out.String())
		}
	}
}

// What another side says in an error doesn't steer the terminal.
func TestErrorsCannotSteerTheTerminal(t *testing.T) {
	var out, errs bytes.Buffer
	a := &app{shell: shell{Out: &out, Err: &errs}, ran: true}
	a.end(&fault.Error{Kind: fault.Refused, Op: "the Okta app \"Omni\" is INACTIVE; deactivated by \x1b]0;pwned\aBob"})
	if strings.ContainsAny(errs.String(), "\x1b\a") {
		t.Errorf("%q", errs.String())
	}
}

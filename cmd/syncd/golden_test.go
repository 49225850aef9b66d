package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what write prints with testdata/golden/NAME.txt.
func golden(t *testing.T, name string, color bool, write func(*printer)) {
	t.Helper()
	goldenAt(t, name, printer{color: color}, write)
}

// goldenAt is golden on a terminal, or none, as like is.
func goldenAt(t *testing.T, name string, like printer, write func(*printer)) {
	t.Helper()
	var out bytes.Buffer
	p := &like
	p.w = bufio.NewWriter(&out)
	write(p)
	if err := p.w.Flush(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// goldenless prints to out, as on a terminal, or none, as like is.
func goldenless(out io.Writer, like printer, write func(*printer)) {
	p := &like
	p.w = bufio.NewWriter(out)
	write(p)
	_ = p.w.Flush()
}

func val(s string) *identity.Value { v := identity.Value(s); return &v }

func yes() *bool { b := true; return &b }

func no() *bool { b := false; return &b }

func crowd(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("user%02d@example.com", i)
	}
	return names
}

// changesOfEachKind is one change of each kind and state.
func changesOfEachKind() []state.Change {
	return []state.Change{
		{Kind: "deactivate", UserName: "erin@example.com", State: state.Planned, Reason: "unassigned in Okta",
			Before: &state.Facts{Active: yes()}, After: &state.Facts{Active: no()}},
		{Kind: "delete", UserName: "oscar@example.com", State: state.Planned},
		{Kind: "create", UserName: "ann@example.com", State: state.Planned, After: &state.Facts{UserName: "ann@example.com",
			DisplayName: "Ann A.", Active: yes(), Attributes: map[string]*identity.Value{"region": val(`["apac","emea"]`), "department": val(`"sales"`)}}},
		{Kind: "adopt", UserName: "bob@example.com", State: state.Planned,
			Before: &state.Facts{UserName: "Bob@Example.com", DisplayName: "Bob"}, After: &state.Facts{UserName: "bob@example.com", DisplayName: "Bob B."}},
		{Kind: "reactivate", UserName: "carl@example.com", State: state.Planned,
			Before: &state.Facts{Active: no()}, After: &state.Facts{Active: yes()}},
		{Kind: "update", UserName: "a.rather.long.name.of.somebody@example.com", State: state.Planned,
			Before: &state.Facts{DisplayName: "D", Attributes: map[string]*identity.Value{"region": val(`"emea"`), "cost": nil}},
			After:  &state.Facts{DisplayName: "Dora", Attributes: map[string]*identity.Value{"region": nil, "cost": val(`3`)}, Defaults: map[string]identity.Value{"region": `"all"`}}},
		{Kind: "create", Group: "Sales", State: state.Planned, After: &state.Facts{DisplayName: "Sales", Members: crowd(3)}},
		{Kind: "members", Group: "Marketing", State: state.Planned,
			Before: &state.Facts{Members: crowd(2)}, After: &state.Facts{Members: crowd(15)}},
		{Kind: "rename", Group: "HR", State: state.Planned,
			Before: &state.Facts{DisplayName: "HR"}, After: &state.Facts{DisplayName: "People"}},
		{Kind: "delete", Group: "Old", State: state.Planned},
		{Kind: "release", Group: "Left", State: state.Planned},
		{Kind: "deactivate", UserName: "frank@example.com", State: state.Held, Reason: "26 deactivations in 24h, 25 may go unasked"},
		{Kind: "members", Group: "Finance", State: state.Held, Before: &state.Facts{Members: crowd(12)}},
		{Kind: "deactivate", UserName: "grace@example.com", State: state.Kept, Reason: "in grace until 2026-01-02"},
		{Kind: "update", UserName: "heidi@example.com", State: state.Failed, Error: "region is no attribute of this organization",
			After: &state.Facts{Attributes: map[string]*identity.Value{"region": val(`"x"`)}}},
	}
}

func TestPlanAtAGlance(t *testing.T) {
	r := sync.Report{Run: "r1", Kind: sync.Full, Outcome: sync.Doubtful,
		Doubts:  []string{"the list of assigned users broke off after 3, so nobody is removed because of it"},
		Because: []string{"1 of 1 was unassigned from the app at 2026-01-02 03:00:00 UTC, by Ada (ada@example.com)"},
		Changes: changesOfEachKind(), Notes: []string{"not managed, left alone: 1 user (zoe@example.com)"}}
	golden(t, "plan", false, func(p *printer) { p.report(r, true) })
	golden(t, "run", false, func(p *printer) { p.report(r, false) })
}

func TestColours(t *testing.T) {
	text.EnableColors() // whatever the tests' own terminal is
	r := sync.Report{Run: "r1", Kind: sync.Full, Outcome: sync.Holding, Doubts: []string{"a page failed"}, Changes: changesOfEachKind()[4:12]}
	golden(t, "colours", true, func(p *printer) { p.report(r, true) })
}

func TestNothingToDo(t *testing.T) {
	golden(t, "nothing", false, func(p *printer) { p.report(sync.Report{Kind: sync.Reconcile, Outcome: sync.Done}, true) })
}

func TestLongListsAreCut(t *testing.T) {
	var list []state.Change
	for i, name := range crowd(60) {
		kind := "create"
		if i%10 == 0 {
			kind = "deactivate"
		}
		list = append(list, state.Change{Kind: kind, UserName: name, State: state.Applied})
	}
	golden(t, "long", false, func(p *printer) {
		p.report(sync.Report{Run: "r1", Kind: sync.Full, Outcome: sync.Done, Changes: list}, false)
	})
}

func TestNamesCannotSteerTheTerminal(t *testing.T) {
	evil := "ev\x1b[2Jil\r\n\u202e\u0085"
	golden(t, "hostile", false, func(p *printer) {
		p.report(sync.Report{Kind: sync.Full, Doubts: []string{evil}, Notes: []string{evil}, Changes: []state.Change{
			{Kind: "update", UserName: evil, State: state.Planned, Reason: evil, Error: evil,
				Before: &state.Facts{DisplayName: evil, Members: []string{evil}},
				After:  &state.Facts{Attributes: map[string]*identity.Value{evil: val("\"\u009b2J\"")}}}}}, true)
	})
}

func TestStatusAtAGlance(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	schedules, recipients, documents := 3, 41, 12
	waits := slices.Clone(changesOfEachKind()[11:12])
	waits[0].Schedules, waits[0].Recipients, waits[0].Documents = &schedules, &recipients, &documents
	held := []sync.HeldRun{{Run: "r1", Kind: "deactivations", Since: at, Count: 1, Changes: waits, Hash: "0f1e2d3c4b5a",
		Because: []string{"1 of 1 left group Sales at 2026-01-02 03:00:00 UTC, by rule ev\x1b[2Jil, after an import from Workday"}}}
	last := &sync.LastRun{Run: "r2", Kind: "full", Outcome: "held", Ended: at}
	golden(t, "status", false, func(p *printer) {
		p.status(sync.Status{Name: "acme", State: sync.InStep, Leader: true, Last: last})
		p.status(sync.Status{Name: "acme", State: sync.Behind})
		p.status(sync.Status{Name: "acme", State: sync.InStep, Leader: true, Last: last, Running: &sync.Running{Progress: load(1265, 3900), Kind: sync.Full, Since: at}})
		p.status(sync.Status{Name: "acme", State: sync.Waiting, Last: last, Held: held, Rejected: []state.Change{
			{Kind: "deactivate", UserName: "eve@example.com", State: state.Kept, Reason: "rejected by bob on 2026-01-02"}}})
		p.status(sync.Status{Name: "acme", State: sync.Broken, Failing: changesOfEachKind()[14:],
			Last: &sync.LastRun{Run: "r3", Kind: "full", Outcome: "failed", Ended: at, Error: "read the app: no answer"}})
		p.status(sync.Status{Name: "acme", State: "paused"})
		p.status(sync.Status{Name: "acme", State: sync.InStep, Leader: true, Last: last, Keys: []sync.LeftKey{
			{Key: "omni.api_keys[1]", Owner: "ev\x1b[2Jil@example.com", Since: at, Hint: "put another in its place"}}})
	})
	golden(t, "status_log", false, func(p *printer) {
		delta := &sync.LastRun{Run: "r4", Kind: "delta", Outcome: "done", Ended: at.Add(time.Minute)}
		for _, l := range []sync.Followed{
			{},
			{Read: at, Seconds: &sync.Latency{Count: 1, Median: 4.25, P99: 4.25}},
			{Read: at, Again: 1, Seconds: &sync.Latency{Count: 1234, Median: 16.04, P99: 33.961}},
			{Read: at, Again: 3, Waits: "for a full run: the System Log tells of 1000 changes and more at once"},
			{Read: at, Waits: "read the System Log: no answer", Missed: 3, Names: []string{"ann@example.com", "Sales: ev\x1b[2Jil@example.com"}},
		} {
			p.status(sync.Status{Name: "acme", State: sync.InStep, Leader: true, Last: delta, Whole: last, Log: &l})
		}
	})
}

// What nobody has counted, or there isn't, is not told.
func TestOwnershipInWords(t *testing.T) {
	n := func(i int) *int { return &i }
	const lost, saved = "; the schedules are deleted with the membership", "schedules saved"
	for want, c := range map[string]state.Change{
		"":                                      {Schedules: n(0), Recipients: n(0), Documents: n(0)},
		"owns 1 schedule" + lost:                {Schedules: n(1), Recipients: n(0)},
		"owns 2 schedules" + lost:               {Schedules: n(2)}, // counted by an older version
		"owns 1 schedule (to 1 person)" + lost:  {Schedules: n(1), Recipients: n(1), Documents: n(0)},
		"owns 2 schedules (to 3 people)" + lost: {Schedules: n(2), Recipients: n(3)},
		"owns 2 schedules":                      {Schedules: n(2), Handover: saved},
		"owns 1 document":                       {Documents: n(1)},
		"owns 1 schedule (to 9 people) and 1 document" + lost: {Schedules: n(1), Recipients: n(9), Documents: n(1)},
	} {
		if got := ownership(c); got != want {
			t.Errorf("it is %q, want %q", got, want)
		}
	}
	if got := ownership(state.Change{}); got != "" {
		t.Errorf("nobody has counted, and it is %q", got)
	}
}

func TestDecisionAtAGlance(t *testing.T) {
	golden(t, "decision", false, func(p *printer) {
		p.decision(sync.Decided{Run: "r1", Decided: changesOfEachKind()[11:13], Left: 2, Still: []string{"r2", "r3"},
			Already: []string{"ann@example.com: rejected by bob on 2026-01-02"}}, "approved")
	})
}

//go:build !race

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// compare holds what the engine itself measured against what was seen in Omni.
func (o *org) compare(t *testing.T, table *strings.Builder, engine *sync.Engine, seen []time.Duration) {
	t.Helper()
	status, err := engine.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log := status.Log
	if log == nil {
		return
	}
	if log.Missed != 0 || log.Waits != "" || log.Again != 0 {
		t.Errorf("missed by deltas: %d (%v); %d to be looked at again; waits %q", log.Missed, log.Names, log.Again, log.Waits)
	}
	if log.Seconds == nil {
		t.Fatal("the engine measured nothing")
	}
	of := func(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
	fmt.Fprintf(table, "| as the engine measured | %d | %s | %s | %s |\n", log.Seconds.Count, brief(of(log.Seconds.Median)), brief(of(log.Seconds.P99)), brief(of(log.Seconds.Most)))
	for what, pair := range map[string][2]time.Duration{"median": {of(log.Seconds.Median), percentile(seen, 50)}, "p99": {of(log.Seconds.P99), percentile(seen, 99)},
		"longest": {of(log.Seconds.Most), percentile(seen, 100)}} {
		if off := pair[0] - pair[1]; off.Abs() > 1500*time.Millisecond {
			t.Errorf("the engine measured a %s of %s, it was %s", what, pair[0], pair[1])
		}
	}
}

// runs tells how long the runs took, by kind.
func (o *org) runs(t *testing.T, table *strings.Builder) {
	list, err := state.Newest[state.Run](t.Context(), o.ledger, state.Runs, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	took := map[string][]time.Duration{}
	for _, r := range list {
		if r.Outcome != string(sync.Done) {
			t.Errorf("a %s run ended as %q: %v", r.Kind, r.Outcome, r.Doubts)
		}
		took[r.Kind] = append(took[r.Kind], r.Ended.Sub(r.Started))
	}
	if len(took[string(sync.Full)]) < hours {
		t.Errorf("only these runs ended: %v", took)
	}
	table.WriteString("\n| run | runs | median | longest |\n| --- | --- | --- | --- |\n")
	for _, kind := range slices.Sorted(maps.Keys(took)) {
		fmt.Fprintf(table, "| %s | %d | %s | %s |\n", kind, len(took[kind]), brief(percentile(took[kind], 50)), brief(percentile(took[kind], 100)))
	}
}

package main

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/state"
)

// What is recorded comes back from the file, and comes whole into a ledger.
func TestMemoryIsCopied(t *testing.T) {
	m := newMemory()
	for i := range 3 {
		for _, batch := range usersToWrite(2500 * (i + 1)) { // the same users again
			if err := m.Apply(t.Context(), "", batch); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b state.Batch
	state.Put(&b, state.Meta, "connection", state.Connection{Org: orgURL})
	state.Put(&b, state.Meta, "window", state.Window{})
	b.Remove(state.Meta, "window")
	state.Add(&b, state.Runs, state.Run{Run: "1"})
	state.Add(&b, state.Runs, state.Run{Run: "2"})
	if err := m.Apply(t.Context(), "", b); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.save(filepath.Join(dir, "record")); err != nil {
		t.Fatal(err)
	}
	ledger := "bolt://" + filepath.Join(dir, "ledger.db")
	if _, err := runFill(t.Context(), task{Record: filepath.Join(dir, "record"), Ledger: ledger}); err != nil {
		t.Fatal(err)
	}
	s, err := openStore(ledger, connection)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, bucket := range []state.Bucket{state.Meta, state.Users, state.Marks} {
		want, got := contents(t, m, bucket), contents(t, s, bucket)
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("%s has %d records:\n%.500s", bucket, len(got), diff)
		}
	}
	runs, err := state.Newest[state.Run](t.Context(), s, state.Runs, 9)
	if err != nil || len(runs) != 2 || runs[0].Run != "2" {
		t.Errorf("the runs are %+v, %v", runs, err)
	}
}

func contents(t *testing.T, s interface {
	state.Store
}, b state.Bucket) map[string]string {
	t.Helper()
	all := map[string]string{}
	for e, err := range s.Scan(context.Background(), b) {
		if err != nil {
			t.Fatal(err)
		}
		all[e.Key] = string(e.Value)
	}
	return all
}

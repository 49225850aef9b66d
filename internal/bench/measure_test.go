//go:build !race

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// All parts in small, each process a real one: every count is what the design
// wants, every ratio is measured, and the page is what the terminal shows.
func TestBenchmark(t *testing.T) {
	dir := t.TempDir()
	o := options{Users: 200, Runs: 1, Records: 500, Pushes: 8, Loads: []int{100}, Latency: time.Millisecond,
		CPU: filepath.Join(dir, "cpu"), Memory: filepath.Join(dir, "memory"), Work: filepath.Join(dir, "work"), Out: filepath.Join(dir, "page.md")}
	var out, progress bytes.Buffer
	if err := measure(t.Context(), o, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	page, err := os.ReadFile(o.Out)
	if err != nil || out.String() != string(page) {
		t.Errorf("the page isn't what the terminal shows: %v", err)
	}
	for _, want := range []string{
		"| full run, nothing changed, default | STORE | Okta requests | 4 | app: 1, users: 1, mappings: 1, groups: 1 | 4: reached |",
		"| full run, nothing changed, default | STORE | Omni requests | 2 | how user attributes are defined, whose the key is; and no change was planned | 2: reached |",
		"| full run, nothing changed, default | STORE | time at 1ms a page / only downloading | ",
		"| full run, nothing changed, default | STORE | CPU time / only decoding | ",
		"| full run, nothing changed, default | STORE | peak memory, largest | ",
		"| full run, nothing changed, all members read | STORE | Okta requests | 30 | app: 1, users: 1, mappings: 1, groups: 2, members: 25 | 30: reached |",
		"| first load, 100 users, 25 groups | STORE | Omni requests that write | 125 | and 4 that read | users + groups = 125: reached |",
		"| first load, 100 users, 25 groups | STORE | changes a second | ",
		"| the ledger alone, 200 users | STORE | read the index / ",
		"| the ledger alone, 200 users | STORE | read the whole ledger / ",
		"| the ledger alone, 200 users | STORE | write users, 500 of them / ",
		"| push, 200 users | STORE | a user is renamed: added to Omni's own answer, median | ",
		"| push, 200 users | STORE | a user is renamed: added to Omni's own answer, p99 | ",
		"| push, 200 users | STORE | a user is renamed: Omni requests that write | 8 |  | one a push = 8: reached |",
		"| push, 200 users | STORE | a new user: added to Omni's own answer, median | ",
		"| push, 200 users | STORE | a new user: Omni requests that write | 2 |  | one a push = 2: reached |",
		"| push, 200 users | STORE | GET of a user: a second, caller on the same cores | ",
		"| push, 200 users | STORE | GET of a userName: time / with 200 users | ",
		"| push, 200 users | STORE | a new group of 100 members: time / Omni alone | ",
		"| push, 200 users | STORE | one more member: time / Omni alone and decoding; that in a group of 100 / in one of 20 | ",
		"| push, 200 users | STORE | one more member: Omni requests that write | 2 |  | one a push = 2: reached |",
		"| push, 200 users | STORE | memory of what is known of a user | ",
		"| push, 200 users | STORE | reading the ledger at the start | ",
	} {
		for _, store := range stores {
			if want := strings.Replace(want, "STORE", store, 1); !strings.Contains(out.String(), want) {
				t.Errorf("no row begins with %q in\n%s", want, out.String())
			}
		}
	}
	for _, file := range []string{"cpu/full-bolt-1.cpu.pprof", "memory/members-redis-1.allocs.pprof", "work/ledger-200.gob", "cpu/push-bolt-200.cpu.pprof"} {
		if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A run that did something, or couldn't believe what it read, is no measurement of one without work.
func TestIdle(t *testing.T) {
	for want, took := range map[bool]taken{true: {Outcome: "done"}, false: {Outcome: "done", Changes: 1}} {
		if (idle(took) == nil) != want {
			t.Errorf("%+v: %v", took, idle(took))
		}
	}
	if idle(taken{Outcome: "doubtful", Doubts: []string{"a page failed"}}) == nil {
		t.Error("a doubtful run is taken for a measurement")
	}
}

func TestMeter(t *testing.T) {
	m, err := newMeter()
	if err != nil {
		t.Fatal(err)
	}
	kept := make([]byte, 32<<20)
	for began := time.Now(); time.Since(began) < 50*time.Millisecond; {
		for i := range kept {
			kept[i]++
		}
	}
	took, err := m.read(taken{Pages: 7})
	if err != nil || took.Pages != 7 || took.Wall < 50*time.Millisecond || took.CPU <= 0 || took.Peak < int64(len(kept)) {
		t.Errorf("%+v, %v", took, err)
	}
}

package archive_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/archive"
)

// at is a line of the archive whose record is n, written at that minute.
func at(minute, n string) string {
	return `{"v":1,"connection":"acme","kind":"change","time":"2026-11-24T07:` + minute + `:00Z","record":{"n":` + n + `}}` + "\n"
}

// file puts a file of that day and number into dir.
func file(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadOrdersByTime(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, "acme-20261124-0001.jsonl", at("01", "1")+at("05", "5")+at("09", "9"))
	file(t, dir, "acme-20261124-0002.jsonl", at("02", "2")+at("03", "3")+at("10", "10"))
	file(t, dir, "acme-20261124-0010.jsonl", at("04", "4"))
	file(t, dir, "acme-20261124-0003.jsonl", at("08", "8")+at("07", "7")) // its clock was set back
	file(t, dir, "acme-20261124-0004.jsonl", "")
	want(t, dir, 1, 2, 3, 4, 5, 8, 7, 9, 10)
}

func TestReadLeavesAlone(t *testing.T) {
	dir := t.TempDir()
	want(t, filepath.Join(dir, "absent"))
	file(t, dir, "acme-20261124-0001.jsonl", at("01", "1"))
	for _, name := range []string{
		"acme.position.json", ".probe-1", "acme-20261124-0002.jsonl.gz", "acme-20261124-2.jsonl", "acme-eu-20261124-0001.jsonl",
		"acme-20261124-0001-20261124-0001.jsonl", "Xacme-20261124-0001.jsonl", "notes.txt",
	} {
		file(t, dir, name, "not ours\n")
	}
	want(t, dir, 1)
	file(t, dir, "a.me-20261124-0001.jsonl", "not ours\n") // a name is no pattern
	for r, err := range archive.Read(dir, "a.me") {
		if err == nil {
			t.Errorf("read %v", r)
		}
	}
}

// TestBadLinesAreNamed wants that a bad line is told with its place, and that
// what stands around it is read all the same.
func TestBadLinesAreNamed(t *testing.T) {
	for _, c := range []struct{ name, line, says string }{
		{"garbage", "\x00\x00\x00\n", "damaged"},
		{"empty", "\n", "damaged"},
		{"half", at("01", "1")[:40] + "\n", "damaged"},
		{"newer", strings.Replace(at("02", "2"), `"v":1`, `"v":2`, 1), "form 2, this binary reads up to 1"},
		{"foreign", strings.Replace(at("02", "2"), `acme`, `beta`, 1), `belongs to connection "beta", not "acme"`},
		{"no version", strings.Replace(at("02", "2"), `"v":1,`, ``, 1), "lacks"},
		{"no kind", strings.Replace(at("02", "2"), `"kind":"change",`, ``, 1), "lacks"},
		{"no time", strings.Replace(at("02", "2"), `"time":"2026-11-24T07:02:00Z",`, ``, 1), "lacks"},
		{"no record", strings.Replace(at("02", "2"), `,"record":{"n":2}`, ``, 1), "lacks"},
	} {
		for place, text := range map[string]string{
			"line 1": c.line + at("01", "1") + at("03", "3"),
			"line 2": at("01", "1") + c.line + at("03", "3"),
			"line 3": at("01", "1") + at("03", "3") + c.line,
		} {
			t.Run(c.name+" in "+place, func(t *testing.T) {
				dir := t.TempDir()
				file(t, dir, "acme-20261124-0001.jsonl", text)
				file(t, dir, "acme-20261124-0002.jsonl", at("02", "2"))
				got, errs := numbers(dir)
				slices.Sort(got)
				if !slices.Equal(got, []int{1, 2, 3}) || len(errs) != 1 {
					t.Fatalf("read %v, %q", got, errs)
				}
				if !strings.Contains(errs[0], "acme-20261124-0001.jsonl "+place) || !strings.Contains(errs[0], c.says) {
					t.Errorf("it says %q, want %s and %q", errs[0], place, c.says)
				}
			})
		}
	}
}

// TestReadEndsWithItsLoop reads on at no record and at no error.
func TestReadEndsWithItsLoop(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, "acme-20261124-0001.jsonl", "bad\n"+"bad\n"+at("01", "1")+at("02", "2"))
	for stop := range 5 {
		n := 0
		for range archive.Read(dir, "acme") {
			if n++; n > stop {
				break
			}
		}
		if n != min(stop+1, 4) {
			t.Errorf("stopping after %d gives %d", stop+1, n)
		}
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, "acme-20261124-0001.jsonl", at("01", "1"))
	if err := os.Mkdir(filepath.Join(dir, "acme-20261124-0002.jsonl"), 0o700); err != nil {
		t.Fatal(err)
	}
	got, errs := numbers(dir)
	if !slices.Equal(got, []int{1}) || len(errs) != 1 || !strings.Contains(errs[0], "0002.jsonl") {
		t.Errorf("with an unreadable file: %v, %q", got, errs)
	}
	_, errs = numbers(filepath.Join(dir, "acme-20261124-0001.jsonl")) // a file where the directory should be
	if len(errs) != 1 {
		t.Errorf("without a directory: %q", errs)
	}
}

// TestLostLogAndDecisionsComeBack rebuilds from the archive what a lost ledger
// held and Okta and Omni don't know: the log, and what people rejected for good.
func TestLostLogAndDecisionsComeBack(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir)
	rejected := state.Hold{Change: state.Change{Kind: "deactivate", UserName: "ann@example.com", State: state.Held}, Guard: "deactivations",
		Decision: state.Rejected, By: "bob"}
	change := state.Change{Kind: "create", UserName: "cat@example.com", State: state.Applied, Run: "r1"}
	run := state.Run{Run: "r1", Kind: "full", Outcome: "done"}
	if err := a.Append(t.Context(), pack(t, state.ArchivedChange, change)); err != nil {
		t.Fatal(err)
	}
	if err := a.Append(t.Context(), pack(t, state.ArchivedDecision, rejected), pack(t, state.ArchivedRun, run)); err != nil {
		t.Fatal(err)
	}
	var log []state.Change
	var decisions []state.Hold
	var runs []state.Run
	for r, err := range archive.Read(dir, "acme") {
		if err != nil {
			t.Fatal(err)
		}
		switch r.Kind {
		case state.ArchivedChange:
			log = append(log, unpack[state.Change](t, r))
		case state.ArchivedDecision:
			decisions = append(decisions, unpack[state.Hold](t, r))
		case state.ArchivedRun:
			runs = append(runs, unpack[state.Run](t, r))
		}
	}
	same(t, []state.Change{change}, log)
	same(t, []state.Hold{rejected}, decisions)
	same(t, []state.Run{run}, runs)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(at("01", "1") + at("02", "2")))
	f.Add([]byte("{}\n\n{\"v\":1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		file(t, dir, "acme-20261124-0001.jsonl", string(text))
		n := 0
		for r, err := range archive.Read(dir, "acme") {
			n++
			if err == nil && (r.Kind == "" || r.Time.IsZero() || len(r.Record) == 0) || err != nil && fault.KindOf(err) != fault.Other {
				t.Errorf("read %+v, %v", r, err)
			}
		}
		if lines := strings.Count(string(text), "\n"); n != lines {
			t.Errorf("%d records and errors of %d lines", n, lines)
		}
	})
}

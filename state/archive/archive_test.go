package archive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/archive"
)

func open(t *testing.T, dir string) *archive.Archive {
	t.Helper()
	a, err := archive.Open(dir, "acme")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// record is a change that is known by its number.
func record(n int) state.Archived {
	return state.Archived{Kind: state.ArchivedChange, Record: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))}
}

func add(t *testing.T, a *archive.Archive, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		if err := a.Append(t.Context(), record(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// numbers gives what the archive holds, by number, and its errors.
func numbers(dir string) (list []int, errs []string) {
	for r, err := range archive.Read(dir, "acme") {
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		var v struct{ N int }
		if err := json.Unmarshal(r.Record, &v); err != nil {
			errs = append(errs, err.Error())
		}
		list = append(list, v.N)
	}
	return list, errs
}

func want(t *testing.T, dir string, wanted ...int) {
	t.Helper()
	got, errs := numbers(dir)
	if diff := cmp.Diff(wanted, got); diff != "" || errs != nil {
		t.Errorf("the archive holds (-want +got)\n%s%q", diff, errs)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// In a bubble the clock stands at midnight of 2000-01-01 UTC.
func TestFilesAreByDayAndByProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "a", "b")
		one, two := open(t, dir), open(t, dir)
		if got := names(t, dir); len(got) != 0 {
			t.Errorf("before anything is appended there are %q", got)
		}
		add(t, one, 1)
		<-time.After(time.Hour)
		add(t, two, 2)
		<-time.After(time.Hour)
		add(t, one, 3)
		<-time.After(23 * time.Hour)
		add(t, one, 4)
		want(t, dir, 1, 2, 3, 4)
		files := []string{"acme-20000101-0001.jsonl", "acme-20000101-0002.jsonl", "acme-20000102-0001.jsonl"}
		if diff := cmp.Diff(files, names(t, dir)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		text, err := os.ReadFile(filepath.Join(dir, files[1]))
		const line = `{"v":1,"connection":"acme","kind":"change","time":"2000-01-01T01:00:00Z","record":{"n":2}}` + "\n"
		if string(text) != line || err != nil {
			t.Errorf("a line is %s, %v; want %s", text, err, line)
		}
		for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, files[0]): 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s has the mode %v, %v; want %v", path, info.Mode(), err, mode)
			}
		}
	})
}

func TestAFullFileIsFollowedByAnother(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir)
	big := state.Archived{Kind: state.ArchivedRun, Record: json.RawMessage(`"` + strings.Repeat("x", 30<<20) + `"`)}
	for range 3 {
		if err := a.Append(t.Context(), big); err != nil {
			t.Fatal(err)
		}
	}
	add(t, a, 7)
	if got := names(t, dir); len(got) != 2 {
		t.Fatalf("%d files: %q", len(got), got)
	}
	n := 0
	for r, err := range archive.Read(dir, "acme") {
		if n++; err != nil || n < 4 && !bytes.Equal(r.Record, big.Record) {
			t.Fatalf("record %d: %v", n, err)
		}
	}
	if n != 4 {
		t.Errorf("%d records, want 4", n)
	}
	huge := state.Archived{Kind: state.ArchivedRun, Record: json.RawMessage(`"` + strings.Repeat("x", 64<<20) + `"`)}
	if err := a.Append(t.Context(), record(8), huge); !fault.Is(err, fault.Refused) {
		t.Errorf("a line that no reader takes gives %v", err)
	}
	if err := a.Append(t.Context(), record(8), state.Archived{Kind: "run", Record: json.RawMessage(`{`)}); !fault.Is(err, fault.Refused) {
		t.Errorf("what is no JSON gives %v", err)
	}
	if err := a.Append(t.Context()); err != nil || len(names(t, dir)) != 2 {
		t.Errorf("nothing to append: %v, %q", err, names(t, dir))
	}
}

// TestACrashTearsTheLastLineAlone cuts a file at each byte, as a crash may.
func TestACrashTearsTheLastLineAlone(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir)
	add(t, a, 1, 2)
	path := filepath.Join(dir, names(t, dir)[0])
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.IndexByte(whole, '\n') + 1
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		wanted := []int{1, 2}
		if cut < len(whole) {
			wanted = []int{1}
		}
		if cut < first {
			wanted = nil
		}
		if got, errs := numbers(dir); !slices.Equal(got, wanted) || errs != nil {
			t.Fatalf("cut at %d: %v, %q; want %v", cut, got, errs, wanted)
		}
	}
	if err := os.WriteFile(path, whole[:len(whole)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	add(t, open(t, dir), 3) // the next process doesn't write behind the torn line
	want(t, dir, 1, 3)
}

func TestManyProcessesAppend(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	for p := range 8 {
		a := open(t, dir)
		for g := range 2 { // also several goroutines of one
			group.Go(func() {
				for i := range 10 {
					if err := a.Append(t.Context(), record(100*p+50*g+i), record(1000+100*p+50*g+i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	group.Wait()
	got, errs := numbers(dir)
	if len(got) != 320 || errs != nil {
		t.Errorf("%d records, %q; want 320", len(got), errs)
	}
	for i, n := range got {
		if n < 1000 && slices.Index(got, n+1000) < i {
			t.Errorf("%d comes after %d, which its process wrote later", n, n+1000)
		}
	}
	last := time.Time{}
	for r, err := range archive.Read(dir, "acme") {
		if err != nil || r.Time.Before(last) {
			t.Fatalf("%s comes after %s, %v", r.Time, last, err)
		}
		last = r.Time
	}
}

func TestEndedContext(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.Position(ctx)
	for _, err := range []error{a.Append(ctx, record(1)), a.Remember(ctx, state.Position{Epoch: "e"}), err} {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("it wrote %q", got)
	}
}

func TestAppendGoesOnAfterClose(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir)
	add(t, a, 1)
	for range 2 {
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	add(t, a, 2)
	want(t, dir, 1, 2)
}

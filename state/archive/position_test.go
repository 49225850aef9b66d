package archive_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/archive"
)

func pack[T any](t *testing.T, kind string, v T) state.Archived {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return state.Archived{Kind: kind, Record: raw}
}

func unpack[T any](t *testing.T, r state.Archived) (v T) {
	t.Helper()
	if err := json.Unmarshal(r.Record, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func same[T any](t *testing.T, want, got T) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPosition(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir)
	if p, err := a.Position(t.Context()); err != nil || p != (state.Position{}) {
		t.Errorf("at first it is %v, %v", p, err)
	}
	for _, p := range []state.Position{{Epoch: "e1", Writes: 5}, {Epoch: "e1", Writes: 3}, {Epoch: "e2", Writes: 1<<64 - 1}} {
		if err := a.Remember(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		for _, reader := range []*archive.Archive{a, open(t, dir)} {
			if got, err := reader.Position(t.Context()); err != nil || got != p {
				t.Errorf("remembered is %v, %v; want %v", got, err, p)
			}
		}
	}
	other, err := archive.Open(dir, "beta")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := other.Position(t.Context()); err != nil || p != (state.Position{}) {
		t.Errorf("another connection's position is %v, %v", p, err)
	}
	same(t, []string{"acme.position.json"}, names(t, dir)) // nothing half written stays
	want(t, dir)
}

func TestBadPosition(t *testing.T) {
	good := `{"v":1,"connection":"acme","epoch":"e","writes":3}`
	for text, says := range map[string]string{
		"":                   "damaged",
		good[:20]:            "damaged",
		good + "{}":          "damaged",
		`{"v":1,"writes":3}`: "damaged",
		strings.Replace(good, `"v":1`, `"v":2`, 1):  "form 2, this binary knows 1",
		strings.Replace(good, `acme`, `beta`, 1):    `connection "beta"`,
		strings.Replace(good, `"epoch`, `"nope`, 1): "damaged",
	} {
		dir := t.TempDir()
		file(t, dir, "acme.position.json", text)
		_, err := open(t, dir).Position(t.Context())
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "acme.position.json") || fault.HintOf(err) == "" {
			t.Errorf("%s gives %v, want %q", text, err, says)
		}
		if err := open(t, dir).Remember(t.Context(), state.Position{Epoch: "e"}); err != nil {
			t.Errorf("it can't be mended: %v", err)
		}
	}
}

func TestOpenTellsWhatToDo(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, "taken", "")
	for path, says := range map[string]string{
		filepath.Join(dir, "taken"):      "a file stands where the directory should be",
		filepath.Join(dir, "taken", "x"): "a file stands where the directory should be",
	} {
		a, err := archive.Open(path, "acme")
		if a != nil || err == nil || !strings.Contains(fault.HintOf(err), says) || !strings.Contains(fault.HintOf(err), "state.archive") {
			t.Errorf("%s gives %v, hint %q", path, err, fault.HintOf(err))
		}
	}
}

// limitFiles lets this process write files of that size at most, until what it
// gives is called: a write beyond is torn, as on a disk that is full.
func limitFiles(t *testing.T, size uint64) func() {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAFailedAppendLeavesNoTrace appends beyond the greatest size: the system's
// answer comes in the middle of a line.
func TestAFailedAppendLeavesNoTrace(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir)
	add(t, a, 1)
	before := names(t, dir)
	limit := limitFiles(t, 4096)
	err := a.Append(t.Context(), state.Archived{Kind: "run", Record: json.RawMessage(`"` + strings.Repeat("x", 8192) + `"`)})
	limit()
	if err == nil || !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("the append gives %v", err)
	}
	same(t, before, names(t, dir))
	want(t, dir, 1)
	add(t, a, 2)
	want(t, dir, 1, 2)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := a.Remember(t.Context(), state.Position{Epoch: "e"}); err == nil {
		t.Error("a position was remembered in no directory")
	}
}

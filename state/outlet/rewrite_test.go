package outlet_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/state/outlet"
)

func blacken(l []byte) ([]byte, error) {
	return bytes.ReplaceAll(l, []byte("p2@"), []byte("someone@")), nil
}

// Through a link the file is rewritten to which it leads, and the link stays.
func TestRewriteThroughALink(t *testing.T) {
	volume := filepath.Join(t.TempDir(), "volume.jsonl")
	x := newExporter(t)
	if err := os.Symlink(volume, x.path); err != nil {
		t.Fatal(err)
	}
	x.send(3)
	if n, err := x.file.Rewrite(t.Context(), blacken); n != 1 || err != nil {
		t.Fatalf("%d lines changed, %v", n, err)
	}
	x.send(1)
	if got := read(t, volume); strings.Contains(got, "p2@") || !strings.HasSuffix(got, string(line(3))) {
		t.Errorf("it holds\n%s", got)
	}
	if info, err := os.Lstat(x.path); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
}

func TestRewriteKeepsTheMode(t *testing.T) {
	x := newExporter(t)
	x.send(3)
	if err := os.Chmod(x.path, 0o640); err != nil {
		t.Fatal(err)
	}
	if n, err := x.file.Rewrite(t.Context(), blacken); n != 1 || err != nil {
		t.Fatalf("%d lines changed, %v", n, err)
	}
	if info, err := os.Stat(x.path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
}

// A rewriting that breaks off leaves the file as it was and nothing beside it, and what a crash
// left there goes with the next start, and with the next rewriting.
func TestRewriteLeavesNothingBeside(t *testing.T) {
	x := newExporter(t)
	x.send(3)
	broke := errors.New("no key")
	if _, err := x.file.Rewrite(t.Context(), func([]byte) ([]byte, error) { return nil, broke }); !errors.Is(err, broke) {
		t.Errorf("error %v", err)
	}
	x.has(0, 3)
	left := filepath.Join(filepath.Dir(x.path), ".rewrite-17.audit.jsonl")
	for name, next := range map[string]func(){
		"start":     func() { x.file = outlet.New(x.path); x.send(1) },
		"rewriting": func() { _, _ = x.file.Rewrite(t.Context(), blacken) },
	} {
		write(t, left, string(line(2)))
		next()
		files, err := os.ReadDir(filepath.Dir(x.path))
		if err != nil || len(files) != 2 {
			t.Errorf("after the next %s there are %v, %v", name, files, err)
		}
	}
}

// A rewriting holds a line in memory, not the file.
func TestRewriteOfAHugeFile(t *testing.T) {
	x := newExporter(t)
	x.send(3)
	file, err := os.OpenFile(x.path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	chunk := bytes.Repeat([]byte(strings.Repeat("x", 1023)+"\n"), 1<<10)
	for range 64 {
		if _, err := file.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	most, n := uint64(0), 0
	if _, err := x.file.Rewrite(t.Context(), func(l []byte) ([]byte, error) {
		if n++; n%(8<<10) == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
		return blacken(l)
	}); err != nil {
		t.Fatal(err)
	}
	if most > 24<<20 {
		t.Errorf("it held %d MiB of a file of 64", most>>20)
	}
}

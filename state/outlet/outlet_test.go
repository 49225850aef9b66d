package outlet_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/outlet"
)

// exporter exports numbered lines as the engine does.
type exporter struct {
	t    *testing.T
	path string
	file *outlet.File
	sent int
}

func newExporter(t *testing.T) *exporter {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	return &exporter{t: t, path: path, file: outlet.New(path)}
}

var began = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func line(i int) []byte {
	return fmt.Appendf(nil, `{"kind":"update","userName":"p%d@acme.co","time":"%s"}`+"\n", i, began.Add(time.Duration(i)*time.Second).Format(time.RFC3339))
}

func lines(from, to int) (list [][]byte) {
	for i := from; i < to; i++ {
		list = append(list, line(i))
	}
	return list
}

func placeOf(i int) state.Exported {
	return state.Exported{Epoch: "E", Key: fmt.Sprint(i), Sum: state.SumOf(line(i)), Time: began.Add(time.Duration(i) * time.Second)}
}

// place is how far the file says it is.
func (x *exporter) place() state.Exported {
	x.t.Helper()
	at, err := x.file.Place(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	return at
}

// send exports n lines more.
func (x *exporter) send(n int) {
	x.t.Helper()
	if err := x.file.Append(x.t.Context(), lines(x.sent, x.sent+n), x.place(), placeOf(x.sent+n-1)); err != nil {
		x.t.Fatal(err)
	}
	x.sent += n
}

// has fails unless the file holds exactly the lines from..to.
func (x *exporter) has(from, to int) {
	x.t.Helper()
	if got, want := read(x.t, x.path), string(bytes.Join(lines(from, to), nil)); got != want {
		x.t.Fatalf("the file holds\n%swant\n%s", got, want)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLinesGoOutOnce(t *testing.T) {
	x := newExporter(t)
	if at := x.place(); at != (state.Exported{}) {
		t.Errorf("nothing is exported, up to %+v", at)
	}
	for n := 1; n < 5; n++ {
		x.send(n)
		x.has(0, x.sent)
		if at := x.place(); at != placeOf(x.sent-1) {
			t.Errorf("it is at %+v", at)
		}
	}
	for _, path := range []string{x.path, x.path + ".position"} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// A crash at each byte that is written: the next start writes what is missing, and nothing twice,
// also where more lines wait by then.
func TestCrashAnywhere(t *testing.T) {
	x := newExporter(t)
	x.send(3)
	before, position := read(t, x.path), read(t, x.path+".position")
	flight := string(bytes.Join(lines(3, 6), nil))
	for cut := range len(flight) + 1 {
		for _, more := range []int{3, 5} {
			write(t, x.path, before+flight[:cut])
			write(t, x.path+".position", position)
			x.sent = 3
			x.send(more)
			x.has(0, 3+more)
			x.send(1)
			x.has(0, 4+more)
		}
	}
}

// The same in the very first lines, when there is no position yet.
func TestCrashInTheFirstLines(t *testing.T) {
	flight := string(bytes.Join(lines(0, 3), nil))
	for cut := range len(line(0)) {
		x := newExporter(t)
		write(t, x.path, flight[:cut])
		x.send(3)
		x.has(0, 3)
	}
	for n := 1; n <= 3; n++ { // the last whole line tells
		x := newExporter(t)
		write(t, x.path, string(bytes.Join(lines(0, n), nil)))
		if at := x.place(); at.Epoch != "" || at.Key != "" || at.Sum != state.SumOf(line(n-1)) || !at.Time.Equal(placeOf(n-1).Time) {
			t.Errorf("it is at %+v", at)
		}
		x.sent = n
		x.send(2)
		x.has(0, n+2)
	}
}

func TestRotation(t *testing.T) {
	x := newExporter(t)
	x.send(3)
	if err := os.Rename(x.path, x.path+".1"); err != nil {
		t.Fatal(err)
	}
	x.send(2)
	x.has(3, 5)
	if err := os.Truncate(x.path, 0); err != nil { // copytruncate
		t.Fatal(err)
	}
	x.send(2)
	x.has(5, 7)
	if err := os.Remove(x.path); err != nil {
		t.Fatal(err)
	}
	position := read(t, x.path+".position")
	x.send(2)
	x.has(7, 9)
	write(t, x.path+".position", position) // a crash in the first lines of a new file
	x.sent = 7
	x.send(4)
	x.has(7, 11)
}

// Half a line is found however much stands before it, and however long it is.
func TestHalfALine(t *testing.T) {
	long := strings.Repeat("x", 200<<10)
	for name, tt := range map[string]struct{ foreign, half string }{
		"short":          {long + "\n", "# half"},
		"long":           {"# a note\n", long},
		"no line before": {"", long},
	} {
		x := newExporter(t)
		x.send(1)
		write(t, x.path, string(line(0))+tt.foreign+tt.half)
		x.send(1)
		if got, want := read(t, x.path), string(line(0))+tt.foreign+string(line(1)); got != want {
			t.Errorf("%s: it holds %d bytes, want %d", name, len(got), len(want))
		}
	}
}

// What others write stays, and half of what isn't ours any more goes.
func TestForeignLines(t *testing.T) {
	x := newExporter(t)
	x.send(1)
	write(t, x.path, string(line(0))+"# a note\n"+string(line(1)[:5])+"X")
	x.send(2)
	if got, want := read(t, x.path), string(line(0))+"# a note\n"+string(line(1))+string(line(2)); got != want {
		t.Errorf("it holds\n%s", got)
	}
}

func TestTwoProcesses(t *testing.T) {
	x := newExporter(t)
	x.send(1)
	stale := x.place()
	x.send(1)
	err := outlet.New(x.path).Append(t.Context(), lines(1, 2), stale, placeOf(1))
	if !fault.Is(err, fault.Conflict) || fault.HintOf(err) == "" {
		t.Errorf("error %v", err)
	}
	x.has(0, 2)
}

func TestUnwritable(t *testing.T) {
	x := newExporter(t)
	write(t, filepath.Join(filepath.Dir(x.path), "file"), "")
	for _, path := range []string{filepath.Dir(x.path), filepath.Join(filepath.Dir(x.path), "file", "audit.jsonl"), filepath.Join(filepath.Dir(x.path), "none", "audit.jsonl")} {
		err := outlet.New(path).Append(t.Context(), lines(0, 1), state.Exported{}, placeOf(0))
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "log.export") {
			t.Errorf("%s: error %v, hint %q", path, err, fault.HintOf(err))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.file.Append(ctx, lines(0, 1), state.Exported{}, placeOf(0)); err == nil {
		t.Error("an ended context writes")
	}
	write(t, x.path+".position", `{"v": 99}`)
	if _, err := x.file.Place(t.Context()); !fault.Is(err, fault.Refused) || fault.HintOf(err) == "" {
		t.Errorf("a newer position: %v", err)
	}
}

// A disk that is full takes nothing, and is told; what waits is written once there is room.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		return // of other systems; what breaks off anywhere is tested everywhere
	}
	x := newExporter(t)
	if err := os.Symlink("/dev/full", x.path); err != nil {
		t.Fatal(err)
	}
	if err := x.file.Append(t.Context(), lines(0, 2), state.Exported{}, placeOf(1)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("error %v", err)
	}
	if err := os.Remove(x.path); err != nil {
		t.Fatal(err)
	}
	x.send(2)
	x.has(0, 2)
}

// After a rewriting the export goes on behind the line that was the last.
func TestRewrite(t *testing.T) {
	x := newExporter(t)
	if n, err := x.file.Rewrite(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("of no file %d lines changed, %v", n, err)
	}
	x.send(3)
	blacken := func(l []byte) ([]byte, error) { return bytes.ReplaceAll(l, []byte("p2@"), []byte("someone@")), nil }
	for _, want := range []int{1, 0} {
		if n, err := x.file.Rewrite(t.Context(), blacken); n != want || err != nil {
			t.Errorf("%d lines changed, %v; want %d", n, err, want)
		}
	}
	black := bytes.ReplaceAll(line(2), []byte("p2@"), []byte("someone@"))
	if at := x.place(); at.Sum != state.SumOf(black) || at.Key != "2" {
		t.Errorf("it is at %+v", at)
	}
	x.send(1)
	if got, want := read(t, x.path), string(line(0))+string(line(1))+string(black)+string(line(3)); got != want {
		t.Errorf("it holds\n%s", got)
	}
	whole := read(t, x.path)
	write(t, x.path, whole+`{"kind":"up`)
	if n, err := x.file.Rewrite(t.Context(), func(l []byte) ([]byte, error) { return bytes.ReplaceAll(l, []byte("p3@"), []byte("p9@")), nil }); n != 1 || err != nil {
		t.Errorf("%d lines changed, %v", n, err)
	}
	if got := read(t, x.path); got != strings.ReplaceAll(whole, "p3@", "p9@")+`{"kind":"up` {
		t.Errorf("with half a line it holds\n%s", got)
	}
	write(t, x.path, whole)
	n := 0
	for l, err := range x.file.Lines() {
		if n++; err != nil || !bytes.HasPrefix(l, []byte("{")) || bytes.HasSuffix(l, []byte("\n")) {
			t.Errorf("line %q, %v", l, err)
		}
	}
	if n != 4 {
		t.Errorf("%d lines", n)
	}
}

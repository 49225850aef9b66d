package sync_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/outlet"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"pgregory.net/rapid"
)

// exports gives the company a file to which its log is exported.
func (c *company) exports() (path string) {
	c.t.Helper()
	path = filepath.Join(c.t.TempDir(), "audit.jsonl")
	c.outlet = outlet.New(path)
	c.start()
	return path
}

func (c *company) export() {
	c.t.Helper()
	if err := c.engine.Export(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

// changesIn reads an export.
func changesIn(t *testing.T, path string) []state.Change {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var list []state.Change
	for line := range strings.Lines(string(text)) {
		var c state.Change
		if err := json.Unmarshal([]byte(line), &c); err != nil || !strings.HasSuffix(line, "\n") {
			t.Fatalf("line %q: %v", line, err)
		}
		list = append(list, c)
	}
	return list
}

// sameLines fails unless both have the same lines.
func sameLines(t *testing.T, got, want []state.Change) {
	t.Helper()
	if !slices.Equal(texts(got), texts(want)) {
		t.Fatalf("exported are\n%s\nwant\n%s", strings.Join(texts(got), "\n"), strings.Join(texts(want), "\n"))
	}
}

func texts(list []state.Change) (lines []string) {
	for _, c := range list {
		text, err := json.Marshal(c)
		if err != nil {
			panic(err)
		}
		lines = append(lines, string(text))
	}
	return lines
}

// The whole log goes out, what it gets later soon after, and each line once, also by a
// process that begins anew.
func TestExportHasTheLog(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(3)...)
		c.want(c.run(sync.Full), sync.Done)
		path := c.exports()
		ctx, stop := context.WithCancel(c.t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.engine.Exports(ctx)
		}()
		<-time.After(time.Second)
		sameLines(t, changesIn(t, path), oldestFirst(c.t.Context(), c.store))
		c.okta.Unassign(ids[0])
		c.want(c.run(sync.Full), sync.Done)
		<-time.After(time.Second)
		sameLines(t, changesIn(t, path), oldestFirst(c.t.Context(), c.store))
		stop()
		<-ended
		c.join("new@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		c.start()
		c.export()
		c.export()
		sameLines(t, changesIn(t, path), oldestFirst(c.t.Context(), c.store))
	})
}

// clumsy is a file that a process writes to that is killed at a drawn step.
type clumsy struct {
	*outlet.File
	path string
	dies func() int
}

var errDied = errors.New("killed")

// Append dies before, within, or behind the writing.
func (f clumsy) Append(ctx context.Context, lines [][]byte, from, to state.Exported) error {
	position, _ := os.ReadFile(f.path + ".position") // absent at first
	before, _ := os.ReadFile(f.path)
	switch n := f.dies(); n {
	case 0:
		return errDied
	case 1, 2, 3, 4:
		err := f.File.Append(ctx, lines, from, to)
		after, _ := os.ReadFile(f.path)
		cut := len(before) + (len(after)-len(before))*n/4
		err = errors.Join(err, os.Truncate(f.path, int64(cut)), os.Remove(f.path+".position"))
		if len(position) > 0 {
			err = errors.Join(err, os.WriteFile(f.path+".position", position, 0o600))
		}
		return errors.Join(errDied, err)
	default:
		return f.File.Append(ctx, lines, from, to)
	}
}

// However often the process is killed while it exports: no line is missing, and none there twice.
func TestExportOverCrashes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newMemory()
		c := newCompanyOn(t, lenient(), m, 600)
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		c.outlet = clumsy{outlet.New(path), path, func() int { return rapid.IntRange(0, 8).Draw(rt, "step") }}
		c.start()
		for n := range rapid.IntRange(1, 6).Draw(rt, "rounds") {
			var b state.Batch
			for i := range rapid.IntRange(0, 900).Draw(rt, "lines") {
				state.Add(&b, state.Log, state.Change{Kind: "update", State: state.Applied, Seconds: float64(1000*n + i), Time: time.Unix(int64(n), 0).UTC()})
			}
			if err := m.Apply(t.Context(), c.fence, b); err != nil {
				rt.Fatal(err)
			}
			_ = c.engine.Export(t.Context()) // it may be killed
			if rapid.IntRange(0, 3).Draw(rt, "restart") == 0 {
				c.start()
			}
		}
		c.outlet = outlet.New(path)
		c.start()
		c.export()
		sameLines(t, changesIn(t, path), oldestFirst(t.Context(), m))
	})
}

// A file that can't be written stops no run: the status says it, an alert, and later it has all.
func TestExportIsMadeUp(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		dir := filepath.Join(c.t.TempDir(), "later")
		path := filepath.Join(dir, "audit.jsonl")
		c.outlet, c.logs = outlet.New(path), zap.NewNop()
		c.start()
		c.join(staff(2)...)
		c.want(c.run(sync.Full), sync.Done)
		for range 2 {
			if err := c.engine.Export(c.t.Context()); err == nil {
				t.Fatal("it is exported into nowhere")
			}
		}
		status, err := c.engine.Status(c.t.Context())
		if err != nil || status.Export == nil || !strings.Contains(status.Export.Error, path) || status.Export.Hint == "" || status.Export.Since.IsZero() {
			t.Fatalf("status tells %+v, %v", status.Export, err)
		}
		if news, _, err := c.engine.News(c.t.Context()); err != nil || len(news) != 1 || news[0].Key != "export" || news[0].Word != sync.Begins {
			t.Errorf("news are %+v, %v", news, err)
		} else if err := c.engine.Told(c.t.Context(), news[0]); err != nil {
			t.Error(err)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		c.export()
		sameLines(t, changesIn(t, path), oldestFirst(c.t.Context(), c.store))
		if news, _, err := c.engine.News(c.t.Context()); err != nil || len(news) != 1 || news[0].Key != "export" || news[0].Word != sync.Over {
			t.Errorf("news are %+v, %v", news, err)
		}
		if status, err := c.engine.Status(c.t.Context()); err != nil || status.Export == nil || status.Export.Error != "" {
			t.Errorf("status tells %+v, %v", status.Export, err)
		}
	})
}

// logs appends changes to a ledger, one for each time.
func logs(t *testing.T, m store, f state.Fence, times ...time.Duration) {
	t.Helper()
	var b state.Batch
	for _, at := range times {
		state.Add(&b, state.Log, state.Change{Kind: "update", State: state.Applied, Time: time.Unix(1e9, 0).Add(at).UTC()})
	}
	if err := m.Apply(t.Context(), f, b); err != nil {
		t.Fatal(err)
	}
}

func secondsOf(from, to int) (list []time.Duration) {
	for i := from; i < to; i++ {
		list = append(list, time.Duration(i)*time.Second)
	}
	return list
}

// Where the ledger has let go of lines that weren't exported, a line says so; where only
// what was exported is gone, none does.
func TestExportTellsGaps(t *testing.T) {
	for _, tt := range []struct {
		name string
		more int
		gap  bool
	}{{"the next one is there", state.Log.Keep() - 1, false}, {"lines are gone", state.Log.Keep() + 1000, true}} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMemory()
			c := newCompanyOn(t, lenient(), m, 600)
			path := c.exports()
			logs(t, m, c.fence, secondsOf(0, 3)...)
			c.export()
			logs(t, m, c.fence, secondsOf(3, 3+tt.more)...)
			c.export()
			got := changesIn(t, path)
			gap := slices.IndexFunc(got, func(c state.Change) bool { return c.Kind == "gap" })
			if tt.gap != (gap >= 0) || tt.gap && (gap != 3 || !strings.Contains(got[gap].Reason, "state.archive")) {
				t.Fatalf("line %d of %d is a gap: %+v", gap, len(got), got[max(0, gap)])
			}
			if want := 3 + min(tt.more, state.Log.Keep()) + max(0, gap-2); len(got) != want {
				t.Errorf("%d lines are exported, want %d", len(got), want)
			}
		})
	}
}

// A quiet log of which what was exported grew old has no gap; one that nobody exported for longer may.
func TestExportOfAQuietLog(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		m := newMemory()
		c.keep = 48 * time.Hour
		c.loses(m)
		path := c.exports()
		logs(t, m, c.fence, secondsOf(0, 2)...)
		c.export()
		for _, idle := range []time.Duration{30 * time.Hour, 30 * time.Hour, 50 * time.Hour} {
			<-time.After(idle)
			if idle < c.keep {
				c.export()
			}
		}
		m.drop(state.Log, 2)
		logs(t, m, c.fence, secondsOf(2, 3)...)
		c.export()
		if got := changesIn(t, path); len(got) != 4 || got[2].Kind != "gap" {
			t.Fatalf("exported are %q", texts(got))
		}
		m.drop(state.Log, 1)
		logs(t, m, c.fence, secondsOf(3, 4)...)
		c.export()
		if got := changesIn(t, path); len(got) != 5 || got[4].Kind != "update" {
			t.Errorf("exported are %q", texts(got))
		}
	})
}

// drop lets the oldest entries of a stream go, as time does.
func (m *memory) drop(s state.Stream, n int) {
	m.streams[s] = m.streams[s][n:]
	m.trimmed[s] += n
}

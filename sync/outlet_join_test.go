package sync_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/state/outlet"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
)

// Another ledger, which has the log of the lost one again, or of another machine: the export
// goes on behind the line that it has last.
func TestExportGoesOnInAnotherLedger(t *testing.T) {
	c := newCompanyOn(t, lenient(), newMemory(), 600)
	path := c.exports()
	logs(t, c.store.(*memory), c.fence, secondsOf(0, 5)...)
	c.export()
	next := newMemory()
	c.loses(next)
	c.export() // there is nothing yet
	logs(t, next, c.fence, secondsOf(0, 3)...)
	c.export() // half of it is back
	logs(t, next, c.fence, secondsOf(3, 7)...)
	c.export()
	sameLines(t, changesIn(t, path), oldestFirst(t.Context(), next))
	if err := os.Remove(path + ".position"); err != nil {
		t.Fatal(err)
	}
	logs(t, next, c.fence, secondsOf(7, 8)...)
	c.export() // by the file's last line
	sameLines(t, changesIn(t, path), oldestFirst(t.Context(), next))
	other := newMemory()
	c.loses(other)
	logs(t, other, c.fence, secondsOf(0, 2)...)
	logs(t, other, c.fence, secondsOf(10, 12)...)
	c.export()
	got := changesIn(t, path)
	if len(got) != 11 || got[8].Kind != "gap" || !got[9].Time.Equal(time.Unix(1e9+10, 0)) {
		t.Errorf("exported are %q", texts(got))
	}
}

// An older copy of the ledger gives the keys of exported lines anew: what it gets goes out
// nevertheless, behind a line that says that lines may be missing.
func TestExportOfAnOlderCopy(t *testing.T) {
	for name, n := range map[string]int{"not as far yet": 1, "as far": 20, "farther": 40} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			c := newCompanyOn(t, lenient(), m, 600)
			path := c.exports()
			logs(t, m, c.fence, secondsOf(0, 5)...)
			c.export()
			m.mu.Lock()
			copied := slices.Clone(m.streams[state.Log])
			m.mu.Unlock()
			logs(t, m, c.fence, secondsOf(5, 25)...)
			c.export()
			m.mu.Lock()
			m.streams[state.Log] = copied
			m.mu.Unlock()
			c.export() // it has nothing new yet
			for at := range n {
				logs(t, m, c.fence, secondsOf(100+at, 101+at)...)
				if at%10 == 9 && n < 40 {
					c.export()
				}
			}
			c.export()
			got := changesIn(t, path)
			if len(got) != 25+1+n || got[25].Kind != "gap" || !got[26].Time.Equal(time.Unix(1e9+100, 0)) {
				t.Errorf("exported are %q", texts(got))
			}
		})
	}
}

// An older copy is noticed too where it grew past the place before anything was exported.
func TestExportOfAnOlderCopyThatGrew(t *testing.T) {
	dir := t.TempDir()
	path, name, older := filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "syncd.db"), []byte(nil)
	for i, times := range [][]time.Duration{secondsOf(0, 5), secondsOf(5, 25), secondsOf(100, 140)} {
		s, err := bolt.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		c := newCompanyOn(t, lenient(), s, 600)
		c.outlet = outlet.New(path)
		c.start()
		logs(t, s, c.fence, times...)
		c.export()
		if err := errors.Join(s.Release(t.Context(), c.fence), s.Close()); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 0:
			older, err = os.ReadFile(name)
		case 1:
			err = os.WriteFile(name, older, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := changesIn(t, path); len(got) != 66 || got[25].Kind != "gap" || !got[26].Time.Equal(time.Unix(1e9+100, 0)) {
		t.Errorf("exported are %q", texts(got))
	}
}

// unnoted writes the lines, and is killed before it notes them, some times.
type unnoted struct {
	*outlet.File
	path  string
	times int
}

func (f *unnoted) Append(ctx context.Context, lines [][]byte, from, to state.Exported) error {
	if f.times--; f.times < 0 {
		return f.File.Append(ctx, lines, from, to)
	}
	position, err := os.ReadFile(f.path + ".position")
	return errors.Join(errDied, err, f.File.Append(ctx, lines, from, to), os.WriteFile(f.path+".position", position, 0o600))
}

// What goes out behind a gap goes out once too.
func TestExportOverCrashesBehindAGap(t *testing.T) {
	m := newMemory()
	c := newCompanyOn(t, lenient(), m, 600)
	path := c.exports()
	logs(t, m, c.fence, secondsOf(0, 3)...)
	c.export()
	logs(t, m, c.fence, secondsOf(3, state.Log.Keep()+10)...)
	c.outlet, c.logs = &unnoted{outlet.New(path), path, 3}, zap.NewNop()
	c.start()
	for range 3 {
		if err := c.engine.Export(t.Context()); !errors.Is(err, errDied) {
			t.Fatalf("error %v", err)
		}
	}
	c.export()
	if got := changesIn(t, path); len(got) != 3+1+state.Log.Keep() || got[3].Kind != "gap" || !got[3].Time.Equal(got[2].Time) {
		t.Errorf("exported are %d lines, the fourth is %+v", len(got), got[3])
	}
}

func TestExportOfTwoConnections(t *testing.T) {
	c := newCompanyOn(t, lenient(), newMemory(), 600)
	path := c.exports()
	logs(t, c.store.(*memory), c.fence, secondsOf(0, 3)...)
	c.export()
	other := newCompanyOn(t, lenient(), newMemory(), 600)
	other.outlet, other.logs, other.sides = outlet.New(path), zap.NewNop(), sync.Identity{Name: "umbrella"}
	other.start()
	logs(t, other.store.(*memory), other.fence, secondsOf(3, 6)...)
	err := other.engine.Export(t.Context())
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "connection acme") || fault.HintOf(err) == "" {
		t.Errorf("error %v", err)
	}
	c.export()
	sameLines(t, changesIn(t, path), oldestFirst(t.Context(), c.store))
}

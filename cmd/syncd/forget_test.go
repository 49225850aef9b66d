package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

func (w *workers) forget(ctx context.Context, f sync.Forgetting) (sync.Forgotten, error) {
	select {
	case <-time.After(w.lasts): // the run that is under way
	case <-ctx.Done():
		return sync.Forgotten{}, &fault.Error{Kind: fault.Unavailable, Op: "called off"}
	}
	return sync.Forgotten{Pseudonym: "of " + f.Subject}, nil
}

// A forgetting that waits holds nobody up, and a request that isn't one is refused.
func TestDeskForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y, w := newTray(t), newWorkers(1900*time.Millisecond)
		y.list <- []state.Errand{{ID: "a", Kind: errandForget, Request: []byte(`{"subject":"ann"}`)}, decideErrand("b", "r1"), {ID: "c", Kind: errandForget}}
		attending(t, y, w, func(func()) {
			passes(100 * time.Millisecond)
			if diff := cmp.Diff([]string{"", " decided/r1"}, y.all("b")); diff != "" {
				t.Error(diff)
			}
			passes(10 * time.Second)
			if a := y.all("a"); len(a) < 2 || a[len(a)-1] != " forgotten/of ann" {
				t.Errorf("it is told %q", a)
			}
			if c := strings.Join(y.all("c"), "|"); !strings.Contains(c, " refused/") {
				t.Errorf("an errand without a request was told %s", c)
			}
		})
	})
}

// The one that leads forgets for a standby, and for a command without a daemon; the archive
// of their own machine is rewritten too.
func TestErrandsForget(t *testing.T) {
	t.Parallel()
	p := newPair(t, 4)
	gone := []string{"person00@example.com", "person01@example.com"}
	p.leave(2)
	if status, out := p.standby.run("reconcile"); status != 0 {
		t.Fatalf("the run exits with %d:\n%s", status, out)
	}
	for i, r := range []*replica{p.standby, p.bare} {
		mine := filepath.Join(filepath.Dir(r.config()), "archive")
		if err := os.MkdirAll(mine, 0o700); err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf(`{"v":1,"connection":"fleet","kind":"change","time":"2025-01-01T00:00:00Z","record":{"kind":"create","userName":%q,"state":"applied"}}`+"\n", gone[i])
		if err := os.WriteFile(filepath.Join(mine, "fleet-20250101-0001.jsonl"), []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		status, out := r.run("forget", gone[i], "--json")
		var told sync.Forgotten
		if status != 0 || json.Unmarshal([]byte(out), &told) != nil || told.Already || len(told.Notes) != 1 {
			t.Fatalf("forget by %s exits with %d:\n%s", r.name, status, out)
		}
		for _, other := range []*replica{p.leader, r} {
			if where := holding(t, filepath.Join(filepath.Dir(other.config()), "archive"), gone[i]); where != "" {
				t.Errorf("%s of %s holds the name", where, other.name)
			}
		}
		for _, key := range p.redis.Keys(t.Context(), "*").Val() {
			if text, err := p.redis.Dump(t.Context(), key).Result(); err == nil && strings.Contains(text, gone[i]) {
				t.Errorf("the key %s holds the name", key)
			}
		}
	}
	p.leavesNothing(5 * time.Second)
}

// holding names a file in dir that holds the text, "" for none.
func holding(t *testing.T, dir, text string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has %v, %v", dir, files, err)
	}
	for _, f := range files {
		all, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(all, []byte(text)) {
			return f
		}
	}
	return ""
}

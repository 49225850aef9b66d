package sync_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/outlet"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
)

// hanging is a file on a disk that answers when it is let.
type hanging struct {
	*outlet.File
	answers chan struct{}
}

func (f hanging) Append(ctx context.Context, lines [][]byte, from, to state.Exported) error {
	<-f.answers
	return f.File.Append(ctx, lines, from, to)
}

// A file that doesn't answer is told after a minute, holds nobody's forgetting for longer, nor
// whoever else would export. When it answers, all is exported and that is told.
func TestExportToADiskThatHangs(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		path := filepath.Join(c.t.TempDir(), "audit.jsonl")
		disk := hanging{outlet.New(path), make(chan struct{})}
		c.outlet, c.logs = disk, zap.NewNop()
		c.start()
		ids := c.join(staff(2)...)
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Unassign(ids[1])
		c.want(c.run(sync.Full), sync.Done)
		ended := make(chan error)
		go func() { ended <- c.engine.Export(c.t.Context()) }()
		told := func() sync.Exporting {
			s, err := c.engine.Status(c.t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return *s.Export
		}
		<-time.After(time.Minute - time.Second)
		if s := told(); s.Error != "" {
			t.Errorf("status tells %+v", s)
		}
		_, err := c.engine.Forget(c.t.Context(), sync.Forgetting{Subject: ids[1], By: "grace"})
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "log.export") {
			t.Errorf("the forgetting: %v", err)
		}
		if s := told(); !strings.Contains(s.Error, "doesn't answer") || s.Hint == "" || time.Since(s.Since) < time.Minute {
			t.Errorf("status tells %+v", s)
		}
		if news, _, err := c.engine.News(c.t.Context()); err != nil || len(news) != 1 || news[0].Key != "export" {
			t.Errorf("news are %+v, %v", news, err)
		}
		short, cancel := context.WithTimeout(c.t.Context(), time.Second)
		defer cancel()
		if err := c.engine.Export(short); err == nil {
			t.Error("it is exported twice at once")
		}
		close(disk.answers)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		sameLines(t, changesIn(t, path), oldestFirst(c.t.Context(), c.store))
		if s := told(); s.Error != "" {
			t.Errorf("status tells %+v", s)
		}
		if _, err := c.engine.Forget(c.t.Context(), sync.Forgetting{Subject: ids[1], By: "grace"}); err != nil {
			t.Errorf("the forgetting: %v", err)
		}
	})
}

// batches notes how long the lines are that go out together.
type batches struct {
	*outlet.File
	sizes *[]int
}

func (f batches) Append(ctx context.Context, lines [][]byte, from, to state.Exported) error {
	size := 0
	for _, l := range lines {
		size += len(l)
	}
	*f.sizes = append(*f.sizes, size)
	return f.File.Append(ctx, lines, from, to)
}

// Long lines go out fewer at a time, and each of them, the one that is longer than what goes
// out together too.
func TestExportOfLongLines(t *testing.T) {
	m := newMemory()
	c := newCompanyOn(t, lenient(), m, 600)
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	var sizes []int
	c.outlet = batches{outlet.New(path), &sizes}
	c.start()
	for i := range 8 {
		n := 1 << 20
		if i == 3 {
			n = 5 << 20
		}
		var b state.Batch
		state.Add(&b, state.Log, state.Change{Kind: "update", State: state.Applied, Reason: strings.Repeat("x", n), Time: time.Unix(int64(i), 0).UTC()})
		if err := m.Apply(t.Context(), c.fence, b); err != nil {
			t.Fatal(err)
		}
	}
	c.export()
	if got := changesIn(t, path); len(got) != 8 {
		t.Errorf("%d lines are exported", len(got))
	}
	for _, size := range sizes {
		if size > 4<<20 && size < 5<<20 || size > 5<<20+1000 {
			t.Errorf("lines of %d bytes went out together", size)
		}
	}
}

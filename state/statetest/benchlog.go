package statetest

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// BenchLog fills a log with as many lines as are kept, and measures what a line takes in
// the store, which size tells, and what a reading of all of them takes in memory.
func BenchLog(b *testing.B, s Store, size func() int64) {
	before, lines := size(), state.Log.Keep()
	text := FillLog(b, s)
	kept := float64(size()-before) / float64(lines)
	var peak uint64
	for b.Loop() {
		peak = max(peak, Peak(func() {
			list, err := state.Newest[state.Change](b.Context(), s, state.Log, lines)
			if err != nil || len(list) != lines {
				b.Fatalf("%d lines, %v", len(list), err)
			}
		}))
	}
	b.ReportMetric(float64(text)/float64(lines), "JSON-B/line")
	b.ReportMetric(kept, "store-B/line")
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
}

// FillLog gives a store a log of as many lines as are kept, and their length.
func FillLog(t testing.TB, s Store) (text int) {
	t.Helper()
	f, err := s.Acquire(t.Context(), "bench", long)
	if err != nil {
		t.Fatal(err)
	}
	const together = 20
	for i := 0; i < state.Log.Keep(); i += together {
		var batch state.Batch
		for j := range together {
			state.Add(&batch, state.Log, benchLine(i+j))
			text += len(batch.Appends[j].Value)
		}
		if err := s.Apply(t.Context(), f, batch); err != nil {
			t.Fatal(err)
		}
	}
	return text
}

// benchLine is an update of one attribute, as the engine tells it.
func benchLine(i int) state.Change {
	u := benchUser(i)
	sales, legal := identity.Value(`"Sales"`), identity.Value(`"Legal"`)
	return state.Change{Kind: "update", UserName: u.UserName, OktaID: benchKey(i), OmniID: string(u.Omni), State: state.Applied, Run: "20261124-080003-k3v9qa",
		Cause:   "schedule: okta request YRMn9kRhSnDnyaPz1fLnAwAAA40 (assignments)",
		Time:    time.Date(2026, 11, 24, 8, 0, 3, i, time.UTC),
		Before:  &state.Facts{Attributes: map[string]*identity.Value{"department": &sales}},
		After:   &state.Facts{Attributes: map[string]*identity.Value{"department": &legal}},
		Answers: []identity.Answer{{Method: "PATCH", Path: fmt.Sprint("/api/scim/v2/Users/", u.Omni), Status: 200, Seconds: 0.212}}, Seconds: 0.215}
}

// Peak is how far the heap grows at most while something is done.
func Peak(do func()) uint64 {
	runtime.GC()
	began, done, told := heap(), make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, heap())
			case <-done:
				told <- most
				return
			}
		}
	}()
	do()
	close(done)
	return max(<-told, began) - began
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

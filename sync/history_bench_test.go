package sync_test

import (
	"path/filepath"
	"testing"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/state/statetest"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
)

// BenchmarkHistory asks a log of as many lines as are kept, and measures what that takes in memory.
func BenchmarkHistory(b *testing.B) {
	s, err := bolt.Open(filepath.Join(b.TempDir(), "ledger.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	statetest.FillLog(b, s)
	engine := sync.New(sync.Options{Mapper: plainMapper{}, Store: s, Log: zap.NewNop()})
	for _, q := range []struct {
		name string
		f    sync.HistoryFilter
		want int
	}{
		{"of a person", sync.HistoryFilter{Subject: "person.77777@example.com"}, 1},
		{"newest hundred", sync.HistoryFilter{Limit: 100}, 100},
		{"all", sync.HistoryFilter{}, state.Log.Keep()},
	} {
		b.Run(q.name, func(b *testing.B) {
			var peak uint64
			for b.Loop() {
				peak = max(peak, statetest.Peak(func() {
					if list, err := engine.History(b.Context(), q.f); err != nil || len(list) != q.want {
						b.Fatalf("%d lines, %v", len(list), err)
					}
				}))
			}
			b.ReportMetric(float64(peak)/1e6, "peak-MB")
		})
	}
}

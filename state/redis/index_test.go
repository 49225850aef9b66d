package redis_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

const (
	indexUsers = 100_000
	perReply   = 1000 // entries of the bare HSCAN, as people scan
)

// indexed gives a ledger with the marks of indexUsers users, and its name.
func indexed(tb testing.TB) (*redis.Store, string) {
	tb.Helper()
	name := statetest.Name()
	s := open(tb, shared, name)
	f := acquire(tb, s)
	for i := 0; i < indexUsers; i += 5000 {
		var b state.Batch
		for j := i; j < i+5000; j++ {
			u := state.User{Omni: identity.OmniID(fmt.Sprintf("6f1f0f9e-0000-4000-8000-%012d", j)), Active: true, Seen: identity.PrintOf(fmt.Append(nil, j))}
			u.UserName = fmt.Sprintf("person.%d@example.com", j)
			state.Put(&b, state.Marks, fmt.Sprintf("00u%017d", j), state.MarkOf(u))
		}
		if err := s.Apply(tb.Context(), f, b); err != nil {
			tb.Fatal(err)
		}
	}
	return s, name
}

// index reads the index as an engine keeps it.
func index(tb testing.TB, s *redis.Store) map[identity.OktaID]state.Mark {
	tb.Helper()
	marks := map[identity.OktaID]state.Mark{}
	for e, err := range state.All[state.Mark](tb.Context(), s, state.Marks) {
		if err != nil {
			tb.Fatal(err)
		}
		marks[identity.OktaID(e.Key)] = e.Value
	}
	if len(marks) != indexUsers {
		tb.Fatalf("%d marks", len(marks))
	}
	return marks
}

// TestIndexMemory measures the index of 100,000 users in memory: about 110 bytes
// a user, which is 11 MB.
func TestIndexMemory(t *testing.T) {
	s, _ := indexed(t)
	index(t, s) // connections and buffers are there then
	before := heap()
	marks := index(t, s)
	each := float64(heap()-before) / indexUsers
	runtime.KeepAlive(marks)
	t.Logf("%.0f bytes a user", each)
	if each > 140 || each < 50 {
		t.Errorf("the index takes %.0f bytes a user", each)
	}
}

// heap gives the bytes that are reachable.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one finalized
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkIndex compares scanning, reading (with decoding) and keeping the index
// with a bare HSCAN of the same hash, in pairs: the medians of the ratios. The aim
// for the first two is 1.5 and less.
func BenchmarkIndex(b *testing.B) {
	s, name := indexed(b)
	client := raw(b, shared)
	bare := func() {
		for cursor, more := uint64(0), true; more; more = cursor != 0 {
			_, next, err := client.HScan(b.Context(), "omnisync:{"+name+"}:bucket:marks", cursor, "", perReply).Result()
			if err != nil {
				b.Fatal(err)
			}
			cursor = next
		}
	}
	for _, c := range []struct {
		what string
		work func()
	}{
		{"scanning", func() {
			for _, err := range s.Scan(b.Context(), state.Marks) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}},
		{"reading", func() {
			for _, err := range state.All[state.Mark](b.Context(), s, state.Marks) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}},
		{"keeping", func() { index(b, s) }},
	} {
		b.Run(c.what, func(b *testing.B) {
			var ratios []float64
			for b.Loop() {
				alone := timed(bare)
				ratios = append(ratios, timed(c.work).Seconds()/alone.Seconds())
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "x/bare")
		})
	}
}

func timed(work func()) time.Duration {
	began := time.Now()
	work()
	return time.Since(began)
}

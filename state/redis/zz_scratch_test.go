package redis_test

import (
	"fmt"
	"hash/maphash"
	"slices"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

func TestScratch(t *testing.T) {
	url := statetest.Redis(t)
	name := statetest.Name()
	s, err := redis.Open(url, name)
	if err != nil { t.Fatal(err) }
	f := acquire(t, s)
	for i := 0; i < 100_000; i += 5000 {
		var b state.Batch
		for j := i; j < i+5000; j++ {
			state.Put(&b, state.Marks, fmt.Sprintf("00u%017d", j), state.Mark{Name: uint64(j), Omni: uint64(j), Seen: identity.Print{byte(j), byte(j >> 8)}})
		}
		if err := s.Apply(t.Context(), f, b); err != nil { t.Fatal(err) }
	}
	c := raw(t, url)
	key := "omnisync:{" + name + "}:bucket:marks"
	seed := maphash.MakeSeed()
	bare := func(count int64) func() {
		return func() {
			for cur, more := uint64(0), true; more; more = cur != 0 {
				_, next, err := c.HScan(t.Context(), key, cur, "", count).Result()
				if err != nil { t.Fatal(err) }
				cur = next
			}
		}
	}
	variant := func(count int64, dedupe int, copyv bool) func() {
		return func() {
			seen := map[string]struct{}{}
			if dedupe == 2 { seen = make(map[string]struct{}, 100000) }
			h := map[uint64]struct{}{}
			var sink []byte
			for cur, more := uint64(0), true; more; more = cur != 0 {
				p, next, err := c.HScan(t.Context(), key, cur, "", count).Result()
				if err != nil { t.Fatal(err) }
				cur = next
				for i := 0; i < len(p); i += 2 {
					if dedupe == 1 || dedupe == 2 { seen[p[i]] = struct{}{} }
					if dedupe == 3 { h[maphash.String(seed, p[i])] = struct{}{} }
					if copyv { sink = []byte(p[i+1]) }
				}
			}
			_ = sink
		}
	}
	ours := func() { for _, err := range s.Scan(t.Context(), state.Marks) { if err != nil { t.Fatal(err) } } }
	all := func() { for _, err := range state.All[state.Mark](t.Context(), s, state.Marks) { if err != nil { t.Fatal(err) } } }
	into := func() {
		m := map[identity.OktaID]state.Mark{}
		for e, err := range state.All[state.Mark](t.Context(), s, state.Marks) { if err != nil { t.Fatal(err) }; m[identity.OktaID(e.Key)] = e.Value }
	}
	for _, v := range []struct{ n string; f func() }{
		{"ours scan", ours}, {"ours all", all}, {"ours into map", into},
		{"copy only 1000", variant(1000, 0, true)},
		{"seen only 1000", variant(1000, 1, false)}, {"seen presized 1000", variant(1000, 2, false)}, {"hash 1000", variant(1000, 3, false)},
		{"bare 2000", bare(2000)}, {"bare 5000", bare(5000)}, {"bare 10000", bare(10000)}, {"bare 250", bare(250)},
		{"copy+presized 5000", variant(5000, 2, true)},
	} {
		var r []float64
		var d []time.Duration
		for range 11 {
			a := time.Now(); bare(1000)(); b := time.Now(); v.f(); e := time.Since(b)
			r = append(r, float64(e)/float64(b.Sub(a))); d = append(d, b.Sub(a))
		}
		slices.Sort(r); slices.Sort(d)
		fmt.Printf("%-20s %.2f (%.2f..%.2f) bare %v\n", v.n, r[5], r[1], r[9], d[5])
	}
}

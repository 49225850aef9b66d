package redis_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

// TestScanOfAShrinkingHash removes most records in the midst of a scan. Redis
// makes the hash smaller then, one step with each further write, and gives some
// records again: a few or none in a round, so there are several rounds.
func TestScanOfAShrinkingHash(t *testing.T) {
	s := open(t, shared, statetest.Name())
	f := acquire(t, s)
	for range 12 {
		scanShrinking(t, s, f)
	}
}

// TestScanThatIsStopped ends the context in the midst of a scan. What Redis had
// answered by then may be given, but not as if it were all.
func TestScanThatIsStopped(t *testing.T) {
	s := open(t, shared, statetest.Name())
	f := acquire(t, s)
	const n = 30_000
	var fill state.Batch
	for i := range n {
		fill.Writes = append(fill.Writes, state.Write{Bucket: state.Users, Key: fmt.Sprint(i), Value: []byte("x")})
	}
	if err := s.Apply(t.Context(), f, fill); err != nil {
		t.Fatal(err)
	}
	for _, when := range []int{1, n / 10, n / 2} {
		ctx, stop := context.WithCancel(t.Context())
		seen := 0
		var last error
		for _, err := range s.Scan(ctx, state.Users) {
			if last = err; err == nil {
				seen++
			}
			if seen == when {
				stop()
			}
		}
		stop()
		if !errors.Is(last, context.Canceled) || seen < when || seen >= n {
			t.Errorf("stopped at %d of %d: %d were given, then %v", when, n, seen, last)
		}
	}
}

func scanShrinking(t *testing.T, s *redis.Store, f state.Fence) {
	t.Helper()
	const n = 15_000
	fill, shrink := state.Batch{Drops: []state.Bucket{state.Users}}, state.Batch{}
	for i := range n {
		key := fmt.Sprint(i)
		fill.Writes = append(fill.Writes, state.Write{Bucket: state.Users, Key: key, Value: []byte("x")})
		if i%11 != 0 {
			shrink.Remove(state.Users, key)
		}
	}
	for range 12 {
		for i := 0; i < n; i += 11 {
			shrink.Writes = append(shrink.Writes, fill.Writes[i])
		}
	}
	if err := s.Apply(t.Context(), f, fill); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for e, err := range s.Scan(t.Context(), state.Users) {
		if err != nil {
			t.Fatal(err)
		}
		seen[e.Key]++
		if len(seen) == n/2 {
			if err := s.Apply(t.Context(), f, shrink); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range n {
		if c := seen[fmt.Sprint(i)]; c > 1 || (i%11 == 0 && c == 0) {
			t.Fatalf("%d was seen %d times", i, c)
		}
	}
}

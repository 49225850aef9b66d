package redis_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

// spender spends a bucket until ctx ends, and gives the times.
func spender(ctx context.Context, t *testing.T, s *redis.Store, most int, window time.Duration, half int) (times []time.Time) {
	for ctx.Err() == nil {
		quotas := []identity.Quota{{Name: "apps/*", Most: most, Window: window}, {Name: "apps/*:patient", Most: half, Window: window}}
		if half == 0 {
			quotas = quotas[:1]
		}
		wait, err := s.Spend(ctx, quotas...)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			t.Error(err)
			return times
		case wait == 0:
			times = append(times, time.Now())
		default:
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
	}
	return times
}

// Two patient processes spend half of a bucket's share together, so that a prompt one
// has the other half, and all together no more than the share in any window.
func TestPromise12BudgetIsShared(t *testing.T) {
	const most, window, windows = 40, time.Second, 4
	name := statetest.Name()
	ctx, cancel := context.WithTimeout(t.Context(), windows*window)
	defer cancel()
	times := make([][]time.Time, 3)
	var all sync.WaitGroup
	for i, half := range []int{most / 2, most / 2, 0} {
		s := open(t, shared, name)
		all.Go(func() { times[i] = spender(ctx, t, s, most, window, half) })
	}
	all.Wait()
	sent := slices.SortedFunc(slices.Values(slices.Concat(times...)), time.Time.Compare)
	patient := len(times[0]) + len(times[1])
	t.Logf("patient processes sent %d and %d, a prompt one %d", len(times[0]), len(times[1]), len(times[2]))
	if len(sent) > most*windows || len(sent) < most*(windows-1) || patient > most/2*windows || len(times[2]) < most/2*(windows-1) {
		t.Errorf("%d requests in %d windows of %d, %d of them patient", len(sent), windows, most, patient)
	}
	const late = 100 * time.Millisecond // an answer may come so much after its taking
	for i := most; i < len(sent); i++ {
		if gap := sent[i].Sub(sent[i-most]); gap < window-late {
			t.Fatalf("%d requests within %s", most+1, gap)
		}
	}
}

// Each bucket and each connection has a budget of its own, and one that nobody spends ends.
func TestBudgetOfEachBucket(t *testing.T) {
	name := statetest.Name()
	s, other := open(t, shared, name), open(t, shared, statetest.Name())
	spend := func(s *redis.Store, bucket string) time.Duration {
		wait, err := s.Spend(t.Context(), identity.Quota{Name: bucket, Most: 1, Window: 2 * time.Second})
		if err != nil {
			t.Error(err)
		}
		return wait
	}
	if a, b, c := spend(s, "logs"), spend(s, "apps/*"), spend(other, "logs"); a+b+c != 0 {
		t.Errorf("first requests wait %s, %s and %s", a, b, c)
	}
	if wait := spend(s, "logs"); wait <= time.Second || wait > 2*time.Second {
		t.Errorf("the second one waits %s", wait)
	}
	for end := time.Now().Add(5 * time.Second); ; <-time.After(50 * time.Millisecond) {
		keys := raw(t, shared).Keys(t.Context(), "omnisync:{"+name+"}:*").Val()
		if len(keys) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("there are still %q", keys)
		}
	}
}

package redis_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

// taken is how many requests one process gets within d.
func taken(ctx context.Context, t *testing.T, a *redis.Allowance, perMinute float64, d time.Duration) int {
	t.Helper()
	n := 0
	for end := time.Now().Add(d); time.Now().Before(end); {
		wait, err := a.Take(ctx, "digest", perMinute)
		if err != nil {
			t.Error(err)
			return n
		}
		if wait == 0 {
			n++
			continue
		}
		<-time.After(min(wait, time.Until(end)))
	}
	return n
}

// Two processes of one connection get together what one gets, and another
// connection has its own.
func TestAllowanceIsShared(t *testing.T) {
	const perMinute, lasts = 1200, 2 * time.Second
	name, other := statetest.Name(), statetest.Name()
	counts := make([]int, 3)
	var running sync.WaitGroup
	for i, of := range []string{name, name, other} {
		a := open(t, shared, of).Allowance()
		running.Go(func() { counts[i] = taken(t.Context(), t, a, perMinute, lasts) })
	}
	running.Wait()
	most := perMinute/30 + 4 // with the burst, and the one at the very end
	if together := counts[0] + counts[1]; together > most || together < most/2 {
		t.Errorf("two processes sent %d and %d requests, %d together are allowed", counts[0], counts[1], most)
	}
	if counts[2] > most || counts[2] < most/2 {
		t.Errorf("another connection sent %d requests, %d are allowed", counts[2], most)
	}
}

// Each API key has an allowance of its own.
func TestAllowanceOfEachKey(t *testing.T) {
	a := open(t, shared, statetest.Name()).Allowance()
	for _, digest := range []string{"one", "two"} {
		if wait, err := a.Take(t.Context(), digest, 6); err != nil || wait != 0 {
			t.Errorf("the first request of %s waits %s, %v", digest, wait, err)
		}
	}
	if wait, err := a.Take(t.Context(), "one", 6); err != nil || wait < 8*time.Second || wait > 10*time.Second {
		t.Errorf("the second request waits %s, %v; want 10 s less what has passed", wait, err)
	}
}

func TestAllowanceWithoutRedis(t *testing.T) {
	a := open(t, "redis://127.0.0.1:1", "main").Allowance()
	if _, err := a.Take(t.Context(), "digest", 60); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without Redis: %v", err)
	}
}

package sync_test

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/omnisync/omnisync/state"
)

// counting counts the round trips to a store between two looks at the System Log: what
// comes within a second belongs together.
type counting struct {
	store
	mu    sync.Mutex
	last  time.Time
	n     int
	worst int
}

func (s *counting) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.last) > time.Second {
		s.n = 0
	}
	s.last = time.Now()
	s.n++
	s.worst = max(s.worst, s.n)
}

func (s *counting) reset() { s.mu.Lock(); defer s.mu.Unlock(); s.n, s.worst = 0, 0 }

func (s *counting) most() int { s.mu.Lock(); defer s.mu.Unlock(); return s.worst }

func (s *counting) Get(ctx context.Context, b state.Bucket, key string) ([]byte, bool, error) {
	s.count()
	return s.store.Get(ctx, b, key)
}

func (s *counting) Scan(ctx context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	s.count()
	return s.store.Scan(ctx, b)
}

func (s *counting) Position(ctx context.Context) (state.Position, error) {
	s.count()
	return s.store.Position(ctx)
}

func (s *counting) Apply(ctx context.Context, f state.Fence, b state.Batch) error {
	s.count()
	return s.store.Apply(ctx, f, b)
}

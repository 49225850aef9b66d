package console

import (
	"context"
	"sync"
	"time"
)

// dear is how many times as long as it took an answer lasts at least: what is open and follows
// the connection takes a tenth of the time at most, however large the ledger.
const dear = 10

// memo asks once for all who want to know within a while.
type memo[T any] struct {
	ask   func(context.Context) (T, error)
	lasts time.Duration

	mu   sync.Mutex
	last T
	err  error
	at   time.Time
	took time.Duration
}

// glance gives an answer that is hardly older than the memo lasts.
func (m *memo[T]) glance(ctx context.Context) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at.IsZero() || time.Since(m.at) > max(m.lasts, dear*m.took) {
		began := time.Now()
		m.last, m.err = m.ask(context.WithoutCancel(ctx)) // it is for others, too
		m.at = time.Now()
		m.took = m.at.Sub(began)
	}
	return m.last, m.err
}

// forget lets the next glance ask anew: somebody has just changed something.
func (m *memo[T]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = time.Time{}
}

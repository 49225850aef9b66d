package sync_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/statetest"
)

// mutex is the standard library's, for files that import our own sync.
type mutex = sync.Mutex

// memory is a store that keeps what it is given for as long as it lives. Thousands
// of histories need no disk: what a store promises is proved by the suite of all
// stores, which this one passes too.
type memory struct {
	mu      sync.Mutex
	records map[state.Bucket]map[string][]byte
	streams map[state.Stream][][]byte
	trimmed map[state.Stream]int // entries that are gone
	at      state.Position
	last    string // the ID of the newest batch
	leases  int
	fence   state.Fence
	holder  string
	until   time.Time
	closed  bool
}

func newMemory() *memory {
	return &memory{records: map[state.Bucket]map[string][]byte{}, streams: map[state.Stream][][]byte{}, trimmed: map[state.Stream]int{}}
}

// copied is a backup, which nobody holds.
func (m *memory) copied() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newMemory()
	for b, records := range m.records {
		c.records[b] = maps.Clone(records)
	}
	for s, list := range m.streams {
		c.streams[s] = slices.Clone(list)
	}
	c.trimmed = maps.Clone(m.trimmed)
	c.at, c.leases = m.at, m.leases
	return c
}

func TestMemoryStore(t *testing.T) {
	statetest.Run(t, func(*testing.T) statetest.Store { return newMemory() })
}

// enter locks the store for one call; the caller unlocks it also after an error.
func (m *memory) enter(ctx context.Context) error {
	m.mu.Lock()
	if m.closed {
		return &fault.Error{Kind: fault.Unavailable, Op: "the store is closed"}
	}
	if err := ctx.Err(); err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "store", Err: err}
	}
	return nil
}

// Get implements state.Store.
func (m *memory) Get(ctx context.Context, b state.Bucket, key string) ([]byte, bool, error) {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return nil, false, err
	}
	v, ok := m.records[b][key]
	return slices.Clone(v), ok, nil
}

// Scan implements state.Store. It reads a copy, so that its loop may write.
func (m *memory) Scan(ctx context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	return func(yield func(state.Entry, error) bool) {
		err := m.enter(ctx)
		copied := maps.Clone(m.records[b])
		m.mu.Unlock()
		if err != nil {
			yield(state.Entry{}, err)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(copied)) {
			if !yield(state.Entry{Key: key, Value: slices.Clone(copied[key])}, nil) {
				return
			}
		}
	}
}

// Tail implements state.Store.
func (m *memory) Tail(ctx context.Context, s state.Stream, n int) ([][]byte, error) {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	list := slices.Clone(m.streams[s])
	slices.Reverse(list)
	return list[:min(max(n, 0), len(list))], nil
}

// After implements state.Store. The key of an entry is how many went before it.
func (m *memory) After(ctx context.Context, s state.Stream, key string, n int) (list []state.Entry, there bool, err error) {
	err = m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return nil, false, err
	}
	from, there := 0, key == ""
	if !there {
		number, err := strconv.Atoi(key)
		if err != nil {
			return nil, false, err
		}
		from = number - m.trimmed[s] + 1
		there = from > 0 && from <= len(m.streams[s])
	}
	for i := max(0, from); i < len(m.streams[s]) && len(list) < n; i++ {
		list = append(list, state.Entry{Key: strconv.Itoa(m.trimmed[s] + i), Value: slices.Clone(m.streams[s][i])})
	}
	return list, there, nil
}

// Position implements state.Store.
func (m *memory) Position(ctx context.Context) (state.Position, error) {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	return m.at, err
}

// Apply implements state.Store.
func (m *memory) Apply(ctx context.Context, f state.Fence, b state.Batch) error {
	if err := b.Check(); err != nil {
		return err
	}
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err == nil {
		err = m.current(f)
	}
	if err != nil || b.ID != "" && b.ID == m.last {
		return err
	}
	m.last, m.at.Writes = b.ID, m.at.Writes+1
	for _, d := range b.Drops {
		delete(m.records, d)
	}
	for _, w := range b.Writes {
		if w.Value == nil {
			delete(m.records[w.Bucket], w.Key)
			continue
		}
		if m.records[w.Bucket] == nil {
			m.records[w.Bucket] = map[string][]byte{}
		}
		m.records[w.Bucket][w.Key] = append([]byte{}, w.Value...)
	}
	for _, a := range b.Appends {
		list := append(m.streams[a.Stream], slices.Clone(a.Value))
		over := max(0, len(list)-a.Stream.Keep())
		m.streams[a.Stream] = list[over:]
		m.trimmed[a.Stream] += over
	}
	return nil
}

// Durable implements state.Store: what is here is as safe as the world around it.
func (m *memory) Durable(ctx context.Context) error {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	return err
}

// Rewrite implements state.Eraser.
func (m *memory) Rewrite(ctx context.Context, f state.Fence, s state.Stream, edit func([]byte) ([]byte, error)) (changed int, err error) {
	err = m.enter(ctx)
	defer m.mu.Unlock()
	if err == nil {
		err = m.current(f)
	}
	list := slices.Clone(m.streams[s])
	for i, was := range list {
		if err == nil {
			list[i], err = edit(slices.Clone(was))
		}
		if !slices.Equal(was, list[i]) {
			changed++
		}
	}
	if err != nil || changed == 0 {
		return 0, err
	}
	m.streams[s], m.last, m.at.Writes = list, "", m.at.Writes+1
	return changed, nil
}

// Scrub implements state.Eraser: what was replaced is nowhere.
func (m *memory) Scrub(ctx context.Context, f state.Fence) error {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err == nil {
		err = m.current(f)
	}
	return err
}

// current is nil when f holds the lease now. The lock is held.
func (m *memory) current(f state.Fence) error {
	if f != "" && f == m.fence && time.Now().Before(m.until) {
		return nil
	}
	return &fault.Error{Kind: fault.Fenced, Op: "write ledger", Detail: "the lease is with " + m.heldBy()}
}

func (m *memory) heldBy() string {
	if m.fence != "" && time.Now().Before(m.until) {
		return m.holder
	}
	return ""
}

// Acquire implements state.Leaser.
func (m *memory) Acquire(ctx context.Context, holder string, ttl time.Duration) (state.Fence, error) {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return "", err
	}
	if other := m.heldBy(); other != "" {
		return "", &fault.Error{Kind: fault.Fenced, Op: "lease ledger", Detail: other}
	}
	m.leases++
	m.at.Epoch = firstOf(m.at.Epoch, rand.Text())
	m.fence, m.holder, m.until = state.Fence(fmt.Sprint("memory:", m.leases)), holder, time.Now().Add(ttl)
	return m.fence, nil
}

// Renew implements state.Leaser.
func (m *memory) Renew(ctx context.Context, f state.Fence, ttl time.Duration) error {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err == nil {
		err = m.current(f)
	}
	if err == nil {
		m.until = time.Now().Add(ttl)
	}
	return err
}

// Release implements state.Leaser.
func (m *memory) Release(ctx context.Context, f state.Fence) error {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	if err == nil && f == m.fence {
		m.fence = ""
	}
	return err
}

// Holder implements state.Leaser.
func (m *memory) Holder(ctx context.Context) (string, error) {
	err := m.enter(ctx)
	defer m.mu.Unlock()
	return m.heldBy(), err
}

// Close ends the store: every later call fails.
func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

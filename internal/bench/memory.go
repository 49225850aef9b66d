package main

import (
	"bufio"
	"context"
	"encoding/gob"
	"errors"
	"iter"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// memory is a ledger that nobody else reads, and that knows no fence. A first load
// of 100,000 users is recorded in it, which takes a real ledger an fsync each.
type memory struct {
	mu      sync.Mutex
	Buckets map[state.Bucket]map[string][]byte
	Streams map[state.Stream][][]byte
}

func newMemory() *memory {
	return &memory{Buckets: map[state.Bucket]map[string][]byte{}, Streams: map[state.Stream][][]byte{}}
}

// save writes everything to a file, and loadMemory reads it.
func (m *memory) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	return errors.Join(gob.NewEncoder(w).Encode(m), w.Flush(), f.Close())
}

func loadMemory(path string) (*memory, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	m := newMemory()
	return m, errors.Join(gob.NewDecoder(bufio.NewReader(f)).Decode(m), f.Close())
}

// Get implements state.Store.
func (m *memory) Get(_ context.Context, b state.Bucket, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.Buckets[b][key]
	return v, ok, nil
}

// Scan implements state.Store.
func (m *memory) Scan(_ context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	m.mu.Lock()
	all := maps.Clone(m.Buckets[b])
	m.mu.Unlock()
	return func(yield func(state.Entry, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if !yield(state.Entry{Key: key, Value: all[key]}, nil) {
				return
			}
		}
	}
}

// Tail implements state.Store.
func (m *memory) Tail(_ context.Context, s state.Stream, n int) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.Streams[s]
	newest := slices.Clone(all[max(0, len(all)-n):])
	slices.Reverse(newest)
	return newest, nil
}

// After implements state.Store. The key of an entry is its number.
func (m *memory) After(_ context.Context, s state.Stream, key string, n int) (list []state.Entry, there bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := 0
	if key != "" {
		last, err := strconv.Atoi(key)
		if err != nil {
			return nil, false, err
		}
		from = last + 1
	}
	all := m.Streams[s]
	for i := from; i < min(len(all), from+n); i++ {
		list = append(list, state.Entry{Key: strconv.Itoa(i), Value: all[i]})
	}
	return list, from <= len(all), nil
}

// Position implements state.Store: this ledger is read by nobody after the process.
func (m *memory) Position(context.Context) (state.Position, error) { return state.Position{}, nil }

// Apply implements state.Store.
func (m *memory) Apply(_ context.Context, _ state.Fence, batch state.Batch) error {
	if err := batch.Check(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range batch.Drops {
		delete(m.Buckets, b)
	}
	for _, w := range batch.Writes {
		if m.Buckets[w.Bucket] == nil {
			m.Buckets[w.Bucket] = map[string][]byte{}
		}
		if w.Value == nil {
			delete(m.Buckets[w.Bucket], w.Key)
		} else {
			m.Buckets[w.Bucket][w.Key] = w.Value
		}
	}
	for _, a := range batch.Appends {
		m.Streams[a.Stream] = append(m.Streams[a.Stream], a.Value)
	}
	return nil
}

// Durable implements state.Store: nothing here outlives the process.
func (m *memory) Durable(context.Context) error {
	return &fault.Error{Kind: fault.Refused, Op: "confirm a ledger in memory"}
}

// Rewrite implements state.Eraser: nobody is forgotten in a benchmark.
func (m *memory) Rewrite(context.Context, state.Fence, state.Stream, func([]byte) ([]byte, error)) (int, error) {
	return 0, &fault.Error{Kind: fault.Refused, Op: "rewrite a ledger in memory"}
}

// Scrub implements state.Eraser: it has no files.
func (m *memory) Scrub(context.Context, state.Fence) error { return nil }

// piece is how many records are copied in one batch.
const piece = 5000

// copyTo writes everything into a new ledger.
func (m *memory) copyTo(ctx context.Context, s state.Store, fence state.Fence) error {
	var batch state.Batch
	flush := func(full int) error {
		if len(batch.Writes)+len(batch.Appends) < full {
			return nil
		}
		err := s.Apply(ctx, fence, batch)
		batch = state.Batch{}
		return err
	}
	for _, b := range slices.Sorted(maps.Keys(m.Buckets)) {
		for e, err := range m.Scan(ctx, b) {
			if err != nil {
				return err
			}
			batch.Writes = append(batch.Writes, state.Write{Bucket: b, Key: e.Key, Value: e.Value})
			if err := flush(piece); err != nil {
				return err
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(m.Streams)) {
		for _, v := range m.Streams[s] {
			batch.Appends = append(batch.Appends, state.Append{Stream: s, Value: v})
			if err := flush(piece); err != nil {
				return err
			}
		}
	}
	return flush(1)
}

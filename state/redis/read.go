package redis

import (
	"context"
	"errors"
	"iter"

	"github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/state"
)

// piece is how many entries one reply of a scan or a tail holds, about.
const piece = 1000

// entryField is the one field of a stream's entries.
const entryField = "v"

// Get gives the record under key, and false when there is none.
func (s *Store) Get(ctx context.Context, b state.Bucket, key string) ([]byte, bool, error) {
	value, err := s.client.HGet(ctx, s.keys.bucket(b), key).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	return value, err == nil, s.fault("read", err)
}

// Position tells the ledger's epoch and how many batches were applied to it.
func (s *Store) Position(ctx context.Context) (state.Position, error) {
	pipe := s.client.TxPipeline()
	epoch := pipe.Get(ctx, s.keys.epoch())
	writes := pipe.HGet(ctx, s.keys.position(), "writes")
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return state.Position{}, s.fault("read", err)
	}
	n, err := writes.Uint64()
	if errors.Is(err, redis.Nil) { // nothing was written yet
		n, err = 0, nil
	}
	return state.Position{Epoch: epoch.Val(), Writes: n}, s.fault("read", err)
}

// Scan gives every record of b once. HSCAN may give a record twice while the
// hash is resized, so the keys already given are remembered.
func (s *Store) Scan(ctx context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	return func(yield func(state.Entry, error) bool) {
		seen := map[string]bool{}
		for cursor, more := uint64(0), true; more; more = cursor != 0 {
			pairs, next, err := s.client.HScan(ctx, s.keys.bucket(b), cursor, "", piece).Result()
			if err != nil {
				yield(state.Entry{}, s.fault("read", err))
				return
			}
			cursor = next
			for i := 0; i+1 < len(pairs); i += 2 {
				if seen[pairs[i]] {
					continue
				}
				seen[pairs[i]] = true
				if !yield(state.Entry{Key: pairs[i], Value: []byte(pairs[i+1])}, nil) {
					return
				}
			}
		}
	}
}

// Tail gives the n newest entries of st, newest first.
func (s *Store) Tail(ctx context.Context, st state.Stream, n int) ([][]byte, error) {
	var list [][]byte
	for before := "+"; len(list) < n; {
		want := min(n-len(list), piece)
		part, err := s.client.XRevRangeN(ctx, s.keys.stream(st), before, "-", int64(want)).Result()
		if err != nil {
			return nil, s.fault("read", err)
		}
		for _, m := range part {
			value, _ := m.Values[entryField].(string)
			list = append(list, []byte(value))
			before = "(" + m.ID
		}
		if len(part) < want {
			break
		}
	}
	return list, nil
}

package bolt

import (
	"bytes"
	"context"
	"iter"

	"go.etcd.io/bbolt"

	"github.com/omnisync/omnisync/state"
)

// A piece of a scan ends at whichever comes first.
const (
	pieceEntries = 1000
	pieceBytes   = 1 << 20
)

// Get gives the record under key, and false when there is none.
func (s *Store) Get(ctx context.Context, b state.Bucket, key string) (value []byte, ok bool, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) {
		if r := records(tx, b); r != nil {
			value = bytes.Clone(r.Get([]byte(key)))
			ok = value != nil
		}
	})
	return value, ok, err
}

// Position tells the file's epoch and how many batches were applied to it.
func (s *Store) Position(ctx context.Context) (p state.Position, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) {
		p = state.Position{Epoch: s.epoch, Writes: writes(tx.Bucket([]byte(ledgerBucket)))}
	})
	return p, err
}

// Scan gives every record of b once. It reads in pieces and holds no
// transaction while the loop's body runs: a body that writes would wait for
// itself when the file must grow, and pages that a reader sees can't be used again.
func (s *Store) Scan(ctx context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	return func(yield func(state.Entry, error) bool) {
		var piece []state.Entry
		var after []byte
		for more := true; more; {
			piece = piece[:0]
			err := s.view(ctx, func(tx *bbolt.Tx) { piece, more = readPiece(records(tx, b), after, piece) })
			if err != nil {
				yield(state.Entry{}, err)
				return
			}
			for _, e := range piece {
				if !yield(e, nil) {
					return
				}
			}
			if len(piece) > 0 {
				after = []byte(piece[len(piece)-1].Key)
			}
		}
	}
}

// readPiece appends to piece what stands behind the key after, and tells
// whether there may be more.
func readPiece(b *bbolt.Bucket, after []byte, piece []state.Entry) ([]state.Entry, bool) {
	if b == nil {
		return piece, false
	}
	c := b.Cursor()
	k, v := c.Seek(after) // all of it when after is nil
	if after != nil && bytes.Equal(k, after) {
		k, v = c.Next()
	}
	for size := 0; k != nil; k, v = c.Next() {
		if len(piece) >= pieceEntries || size >= pieceBytes {
			return piece, true
		}
		size += len(k) + len(v)
		piece = append(piece, state.Entry{Key: string(k), Value: bytes.Clone(v)})
	}
	return piece, false
}

// Tail gives the n newest entries of st, newest first.
func (s *Store) Tail(ctx context.Context, st state.Stream, n int) (list [][]byte, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) {
		b := stream(tx, st)
		if b == nil {
			return
		}
		c := b.Cursor()
		for k, v := c.Last(); k != nil && len(list) < n; k, v = c.Prev() {
			list = append(list, bytes.Clone(v))
		}
	})
	return list, err
}

func (s *Store) view(ctx context.Context, f func(*bbolt.Tx)) error {
	if err := ctx.Err(); err != nil {
		return s.fault("read", err)
	}
	s.swap.RLock()
	defer s.swap.RUnlock()
	return s.fault("read", guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			f(tx)
			return nil
		})
	}))
}

package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/omnisync/omnisync/state"
)

// Apply writes the batch whole or not at all, and has it on the disk when it
// returns nil. The fence is compared inside the transaction, and bbolt has one
// writing transaction at a time: no new holder can come in between.
func (s *Store) Apply(ctx context.Context, f state.Fence, b state.Batch) error {
	if err := b.Check(); err != nil {
		return err
	}
	return s.update(ctx, "write", func(tx *bbolt.Tx) error {
		if err := s.checkFence(f); err != nil {
			return err
		}
		again, err := advance(tx, b.ID)
		if err != nil || again {
			return err
		}
		if err := drop(tx, b.Drops); err != nil {
			return err
		}
		if err := write(tx, b.Writes); err != nil {
			return err
		}
		now := time.Now()
		return appendAll(tx, b.Appends, now, now.Add(-s.keeps))
	})
}

// Durable is nil for an open file: each batch was on the disk when Apply returned.
func (s *Store) Durable(ctx context.Context) error { return s.ready(ctx) }

// advance counts one more batch, unless the last one had this id already.
func advance(tx *bbolt.Tx, id string) (again bool, err error) {
	l := tx.Bucket([]byte(ledgerBucket))
	if id != "" && string(l.Get([]byte(lastKey))) == id {
		return true, nil
	}
	if err := l.Put([]byte(writesKey), number(writes(l)+1)); err != nil {
		return false, err
	}
	return false, l.Put([]byte(lastKey), []byte(id))
}

// writes is how many batches the ledger has taken; files of earlier versions don't say.
func writes(l *bbolt.Bucket) uint64 {
	raw := l.Get([]byte(writesKey))
	if len(raw) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(raw)
}

func drop(tx *bbolt.Tx, list []state.Bucket) error {
	for _, b := range list {
		err := tx.Bucket([]byte(recordBuckets)).DeleteBucket([]byte(b))
		if err != nil && !errors.Is(err, berrors.ErrBucketNotFound) {
			return err
		}
	}
	return nil
}

func write(tx *bbolt.Tx, list []state.Write) error {
	all := tx.Bucket([]byte(recordBuckets))
	for _, w := range list {
		if w.Value == nil {
			if b := all.Bucket([]byte(w.Bucket)); b != nil {
				if err := b.Delete([]byte(w.Key)); err != nil {
					return err
				}
			}
			continue
		}
		b, err := all.CreateBucketIfNotExists([]byte(w.Bucket))
		if err != nil {
			return err
		}
		if err := b.Put([]byte(w.Key), w.Value); err != nil {
			return err
		}
	}
	return nil
}

// appendAll appends the entries, and trims their streams: to what was written at since or
// later.
func appendAll(tx *bbolt.Tx, list []state.Append, now, since time.Time) error {
	for _, a := range list {
		b, err := tx.Bucket([]byte(streamBuckets)).CreateBucketIfNotExists([]byte(a.Stream))
		if err != nil {
			return err
		}
		n, err := b.NextSequence()
		if err != nil {
			return err
		}
		if err := b.Put(entryKey(n, now), a.Value); err != nil {
			return err
		}
		keep := min(n, uint64(a.Stream.Keep()))
		if err := trim(b, n-keep, since); err != nil {
			return err
		}
	}
	return nil
}

// trim removes the first entries: those up to the number last, and those written
// before since.
func trim(b *bbolt.Bucket, last uint64, since time.Time) error {
	c := b.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.First() {
		n, at, err := ofEntry(k)
		if err != nil {
			return err
		}
		if n > last && !at.Before(since) {
			return nil
		}
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) update(ctx context.Context, op string, f func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return s.fault(op, err)
	}
	s.swap.RLock()
	defer s.swap.RUnlock()
	return s.fault(op, guard(func() error { return s.db.Update(f) }))
}

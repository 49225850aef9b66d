package bolt

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/omnisync/omnisync/state"
)

// lease is the right to write, of somebody within this process: the file's
// lock keeps out all others. It ends with the process, so it stands in memory.
type lease struct {
	fence  state.Fence
	holder string
	until  time.Time // carries the monotonic clock, so that setting the wall clock moves nothing
}

func (l lease) held(now time.Time) bool { return l.fence != "" && now.Before(l.until) }

// Acquire takes the lease for ttl and gives a fence that no earlier holder had,
// also over restarts: its counter is on the disk before it is given away. It
// answers fault.Fenced, the holder in Detail, while somebody has the lease. It
// brings a ledger of an older form to this one.
func (s *Store) Acquire(ctx context.Context, holder string, ttl time.Duration) (state.Fence, error) {
	var mine state.Fence
	err := s.update(ctx, "lease", func(tx *bbolt.Tx) error {
		n, err := count(tx)
		if err != nil {
			return err
		}
		if err := upgrade(tx, time.Now()); err != nil {
			return err
		}
		mine = state.Fence(fmt.Sprintf("%s:%d", s.epoch, n))
		return s.take(lease{fence: mine, holder: holder, until: time.Now().Add(ttl)})
	})
	if err != nil {
		s.forget(mine)
		return "", err
	}
	return mine, nil
}

// count adds one to the stored counter.
func count(tx *bbolt.Tx) (uint64, error) {
	l := tx.Bucket([]byte(ledgerBucket))
	n := binary.BigEndian.Uint64(l.Get([]byte(counterKey))) + 1
	return n, l.Put([]byte(counterKey), number(n))
}

func (s *Store) take(l lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease.held(time.Now()) {
		return fenced("lease ledger "+s.path, s.lease.holder)
	}
	s.lease = l
	return nil
}

// forget ends the lease that f belongs to, if it is still the one.
func (s *Store) forget(f state.Fence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease.fence == f {
		s.lease = lease{}
	}
}

// Renew prolongs the lease by ttl from now; fault.Fenced when f no longer holds it.
func (s *Store) Renew(ctx context.Context, f state.Fence, ttl time.Duration) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.current(f); err != nil {
		return err
	}
	s.lease.until = time.Now().Add(ttl)
	return nil
}

// Release gives the lease back; releasing one that is lost is no error.
func (s *Store) Release(ctx context.Context, f state.Fence) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.forget(f)
	return nil
}

// Holder names who has the lease now, "" when nobody has.
func (s *Store) Holder(ctx context.Context) (string, error) {
	if err := s.ready(ctx); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.lease.held(time.Now()) {
		return "", nil
	}
	return s.lease.holder, nil
}

// ready answers for the methods that need no transaction: a lease is renewed while the file
// is copied.
func (s *Store) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return s.fault("read", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.fault("read", berrors.ErrDatabaseNotOpen)
	}
	return nil
}

func (s *Store) checkFence(f state.Fence) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current(f)
}

// current is nil when f holds the lease now; the caller has the lock.
func (s *Store) current(f state.Fence) error {
	if s.lease.fence == f && s.lease.held(time.Now()) {
		return nil
	}
	detail := "the lease is lost"
	if s.lease.held(time.Now()) {
		detail = "the lease is with " + s.lease.holder
	}
	return fenced("write ledger "+s.path, detail)
}

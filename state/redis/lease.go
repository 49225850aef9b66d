package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/state"
)

// Acquire takes the lease for ttl, counted by Redis, and gives a fence that no
// earlier holder had. It answers fault.Fenced, the holder in Detail, while
// somebody has the lease. It brings a ledger of an older form to this one.
//
// A lease that stands in Redis because the answer to this store's Acquire or Release
// was lost is no obstacle: nobody works under it.
func (s *Store) Acquire(ctx context.Context, holder string, ttl time.Duration) (state.Fence, error) {
	keys := []string{s.keys.lease(), s.keys.epoch(), s.keys.counter(), s.keys.form()}
	nonce := rand.Text()
	args := []any{holder, millis(ttl), rand.Text(), nonce, state.Form, state.Needs}
	answer, err := acquireScript.Run(ctx, s.client, keys, append(args, s.left.list()...)...).Result()
	if err != nil {
		s.left.add(nonce)
		return "", s.fault("lease", err)
	}
	s.left.clear()
	pair, ok := answer.([]any)
	if !ok || len(pair) != 2 {
		return "", s.fault("lease", fmt.Errorf("the script answered %v", answer))
	}
	value := fmt.Sprint(pair[1])
	switch pair[0] {
	case int64(0):
		return "", fenced("lease ledger on "+s.addr, holderOf(value))
	case int64(1):
		return state.Fence(value), nil
	}
	if err := s.checkForm("lease", value); err != nil {
		return "", err
	}
	return "", s.fault("lease", fmt.Errorf("the key %s has %.20q", s.keys.form(), value))
}

// Renew prolongs the lease by ttl from now; fault.Fenced when f no longer holds it.
func (s *Store) Renew(ctx context.Context, f state.Fence, ttl time.Duration) error {
	answer, err := renewScript.Run(ctx, s.client, []string{s.keys.lease(), s.keys.errands()}, string(f), millis(ttl)).Result()
	if err != nil {
		return s.fault("renew the lease of", err)
	}
	switch answer {
	case int64(1):
	case int64(2):
		select {
		case s.waiting <- struct{}{}:
		default: // it was told
		}
	default:
		return fenced("renew the lease of ledger on "+s.addr, "the lease is lost")
	}
	return nil
}

// Release gives the lease back; releasing one that is lost is no error.
func (s *Store) Release(ctx context.Context, f state.Fence) error {
	err := releaseScript.Run(ctx, s.client, []string{s.keys.lease()}, string(f)).Err()
	if err != nil {
		s.left.add(string(f[strings.LastIndexByte(string(f), ':')+1:]))
	}
	return s.fault("release", err)
}

// left are the nonces of leases that may stand in Redis although nobody works under
// them, because the answer to Acquire or to Release was lost.
type left struct {
	mu     sync.Mutex
	nonces []any
}

// leftAtMost is how many of them count: with a try a second, older leases have ended.
const leftAtMost = 30

func (l *left) add(nonce string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nonces = append(l.nonces, nonce)
	l.nonces = slices.Clone(l.nonces[max(0, len(l.nonces)-leftAtMost):])
}

func (l *left) list() []any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.nonces)
}

func (l *left) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nonces = nil
}

// Holder names who has the lease now, "" when nobody has.
func (s *Store) Holder(ctx context.Context) (string, error) {
	lease, err := s.client.Get(ctx, s.keys.lease()).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return holderOf(lease), s.fault("read", err)
}

// holderOf reads the holder out of the lease's value.
func holderOf(lease string) string {
	_, holder, _ := strings.Cut(lease, " ")
	return holder
}

// millis gives ttl as Redis takes it: a whole number above zero.
func millis(ttl time.Duration) int64 { return max(ttl.Milliseconds(), 1) }

package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/state"
)

// Acquire takes the lease for ttl, counted by Redis, and gives a fence that no
// earlier holder had. It answers fault.Fenced, the holder in Detail, while
// somebody has the lease. It brings a ledger of an older form to this one.
func (s *Store) Acquire(ctx context.Context, holder string, ttl time.Duration) (state.Fence, error) {
	keys := []string{s.keys.lease(), s.keys.epoch(), s.keys.counter(), s.keys.form()}
	answer, err := acquireScript.Run(ctx, s.client, keys, holder, millis(ttl), rand.Text(), rand.Text(), state.Form, state.Needs).Result()
	if err != nil {
		return "", s.fault("lease", err)
	}
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
	answer, err := renewScript.Run(ctx, s.client, []string{s.keys.lease()}, string(f), millis(ttl)).Result()
	if err != nil {
		return s.fault("renew the lease of", err)
	}
	if answer != int64(1) {
		return fenced("renew the lease of ledger on "+s.addr, "the lease is lost")
	}
	return nil
}

// Release gives the lease back; releasing one that is lost is no error.
func (s *Store) Release(ctx context.Context, f state.Fence) error {
	err := releaseScript.Run(ctx, s.client, []string{s.keys.lease()}, string(f)).Err()
	return s.fault("release", err)
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

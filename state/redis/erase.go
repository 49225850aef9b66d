package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// rewriteLasts is how long the half of a copy outlives who made it.
const rewriteLasts = 5 * time.Minute

// Rewrite copies the stream, each entry under its own id, and puts the copy in its place
// in one step: Redis has no way to change an entry. A copy that broke off ends by itself.
func (s *Store) Rewrite(ctx context.Context, f state.Fence, st state.Stream, edit func([]byte) ([]byte, error)) (int, error) {
	changed, err := s.rehearse(ctx, st, edit)
	if err == nil {
		err = s.fenced(ctx, f)
	}
	if err != nil || changed == 0 {
		return 0, err
	}
	if err := s.client.Del(ctx, s.keys.copyOf(st)).Err(); err != nil {
		return 0, s.fault("rewrite", err)
	}
	last, changed := "", 0
	err = s.forward(ctx, st, func(part []redis.XMessage) error {
		args := []any{string(f), rewriteLasts.Milliseconds(), entryField}
		for _, m := range part {
			was := valueOf(m)
			now, err := edit(bytes.Clone(was))
			if err != nil {
				return err
			}
			if !bytes.Equal(was, now) {
				changed++
			}
			args = append(args, m.ID, now)
			last = m.ID
		}
		return s.step(ctx, copyScript, []string{s.keys.lease(), s.keys.copyOf(st)}, args...)
	})
	if err != nil {
		return 0, err
	}
	return changed, s.step(ctx, replaceScript, []string{s.keys.lease(), s.keys.copyOf(st), s.keys.stream(st), s.keys.position()}, string(f), last)
}

// rehearse counts what edit would change.
func (s *Store) rehearse(ctx context.Context, st state.Stream, edit func([]byte) ([]byte, error)) (changed int, err error) {
	err = s.forward(ctx, st, func(part []redis.XMessage) error {
		for _, m := range part {
			was := valueOf(m)
			now, err := edit(bytes.Clone(was))
			if err != nil {
				return err
			}
			if !bytes.Equal(was, now) {
				changed++
			}
		}
		return nil
	})
	return changed, err
}

func valueOf(m redis.XMessage) []byte {
	value, _ := m.Values[entryField].(string)
	return []byte(value)
}

// forward gives the entries of a stream, the oldest first, in pieces.
func (s *Store) forward(ctx context.Context, st state.Stream, each func([]redis.XMessage) error) error {
	for after := "-"; ; {
		part, err := s.client.XRangeN(ctx, s.keys.stream(st), after, "+", piece).Result()
		if err != nil {
			return s.fault("read", err)
		}
		if len(part) == 0 {
			return nil
		}
		if err := each(part); err != nil {
			return err
		}
		after = "(" + part[len(part)-1].ID
	}
}

// fenced is nil while f holds the lease.
func (s *Store) fenced(ctx context.Context, f state.Fence) error {
	lease, err := s.client.Get(ctx, s.keys.lease()).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return fenced("rewrite ledger on "+s.addr, whose("-"))
	case err != nil:
		return s.fault("read", err)
	case !strings.HasPrefix(lease, string(f)+" "):
		return fenced("rewrite ledger on "+s.addr, whose(lease))
	}
	return nil
}

// step runs one script of a rewriting, which compares the fence.
func (s *Store) step(ctx context.Context, script *redis.Script, keys []string, args ...any) error {
	answer, err := script.Run(ctx, s.client, keys, args...).Result()
	switch lease := fmt.Sprint(answer); {
	case err != nil:
		return s.fault("rewrite", err)
	case lease == "moved":
		return &fault.Error{Kind: fault.Conflict, Op: "rewrite ledger on " + s.addr, Detail: "it was appended to meanwhile", Hint: "try again"}
	case lease != "":
		return fenced("rewrite ledger on "+s.addr, whose(lease))
	}
	return nil
}

// Scrub can't be done from here: what Redis has on its disk it rewrites when it is told to
// by who runs it, or by itself.
func (s *Store) Scrub(ctx context.Context, f state.Fence) error {
	if err := s.fenced(ctx, f); err != nil {
		return err
	}
	return &fault.Error{Kind: fault.Declined, Op: "scrub the ledger on " + s.addr,
		Detail: "Redis keeps what was replaced in its append-only file and its snapshot until it writes them anew",
		Hint:   "let who runs Redis call BGREWRITEAOF and BGSAVE; its backups and replicas' files have it for as long as they are kept"}
}

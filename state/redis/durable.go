package redis

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/fault"
)

// durableWait is how long Redis may take to bring its append-only file to the disk,
// by itself once a second. It ends before answerWait does.
const durableWait = 2500 * time.Millisecond

// markTTL is how long the mark of Durable stays in Redis, for those who look on.
const markTTL = time.Minute

// Durable asks Redis whether all that it acknowledged before is in its append-only
// file, on its own disk (WAITAOF, from version 7.2 on). fault.Refused means that it
// can't tell, fault.Unavailable that it wasn't there yet.
//
// WAITAOF looks at what its own connection has written, and is content where that is
// nothing. So a mark is written first, on the same connection: it comes after every
// batch, and is on the disk no earlier.
func (s *Store) Durable(ctx context.Context) error {
	pipe := s.client.Pipeline()
	mark := pipe.Set(ctx, s.keys.durable(), "", markTTL)
	wait := pipe.Do(ctx, "WAITAOF", 1, 0, durableWait.Milliseconds())
	_, _ = pipe.Exec(ctx) // each command has its own error
	if err := mark.Err(); err != nil {
		return s.fault("write", err)
	}
	if err := wait.Err(); err != nil {
		return s.unconfirmed(err)
	}
	if counts, err := wait.Int64Slice(); err == nil && len(counts) == 2 && counts[0] == 1 {
		return nil
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "confirm the ledger on " + s.addr,
		Detail: "Redis hasn't brought it to its disk within " + durableWait.String(),
		Hint:   "appendfsync everysec or always makes it do so; else see its log and its disk"}
}

// unconfirmed classifies what Redis answered to WAITAOF.
func (s *Store) unconfirmed(err error) error {
	const instead = ", or rely on state.archive alone"
	text := err.Error()
	f := &fault.Error{Kind: fault.Refused, Op: "confirm the ledger on " + s.addr, Err: err}
	switch {
	case strings.Contains(text, "unknown command"):
		f.Hint = "Redis confirms what is on its disk from version 7.2 on, with appendonly yes: update it" + instead
	case strings.Contains(text, "appendonly is disabled"):
		f.Hint = "set appendonly yes in redis.conf" + instead
	case redis.HasErrorPrefix(err, "NOPERM"):
		f.Hint = "give the Redis user the right +waitaof" + instead
	default:
		return s.fault("confirm", err)
	}
	return f
}

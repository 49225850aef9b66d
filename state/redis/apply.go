package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// Apply writes the batch whole or not at all, as one script that compares the
// fence first. When it fails without an answer (fault.Unavailable), the batch
// may have been written or not.
func (s *Store) Apply(ctx context.Context, f state.Fence, b state.Batch) error {
	if err := b.Check(); err != nil {
		return err
	}
	p := s.program(f, b, time.Now())
	if n := len(p.keys) + len(p.args); n > maxArgs {
		return &fault.Error{
			Kind: fault.Refused, Op: "write ledger on " + s.addr,
			Detail: fmt.Sprintf("a batch of %d writes needs %d arguments, Redis takes %d", len(b.Writes), n, maxArgs),
		}
	}
	answer, err := applyScript.Run(ctx, s.client, p.keys, p.args...).Result()
	if err != nil {
		return s.fault("write", err)
	}
	if lease := fmt.Sprint(answer); lease != "" {
		return fenced("write ledger on "+s.addr, whose(lease))
	}
	return nil
}

func whose(lease string) string {
	if lease == "-" {
		return "the lease is lost"
	}
	return "the lease is with " + holderOf(lease)
}

// maxArgs is a little less than the arguments that Redis takes in one command (1,048,576).
const maxArgs = 1_000_000

// commandArgs is how many arguments of applyScript's commands Lua can hold at
// once, with room to spare (its stack ends at 8,000). It is even: a pair is never torn.
const commandArgs = 1000

// program is a batch as applyScript reads it.
type program struct {
	keys  []string
	args  []any
	index map[string]int // of a key in keys, from 1 as in Lua

	last *command // the one that still grows; nil when the next must be a new one
}

// command is the newest command of a program.
type command struct {
	name, key string
	at, n     int // n arguments so far; n itself stands in args[at]
}

func (s *Store) program(f state.Fence, b state.Batch, now time.Time) *program {
	p := &program{index: map[string]int{}, args: []any{string(f), b.ID}}
	p.use(s.keys.lease())
	p.use(s.keys.position())
	for _, d := range b.Drops {
		p.add("UNLINK", s.keys.bucket(d))
	}
	for _, w := range b.Writes {
		if w.Value == nil {
			p.add("HDEL", s.keys.bucket(w.Bucket), w.Key)
		} else {
			p.add("HSET", s.keys.bucket(w.Bucket), w.Key, w.Value)
		}
	}
	for _, a := range b.Appends {
		p.last = nil // each entry is a command of its own
		p.add("XADD", s.keys.stream(a.Stream), "MAXLEN", "~", a.Stream.Keep(), "*", entryField, a.Value)
	}
	since := now.Add(-s.keeps).UnixMilli() // an entry's id begins with its time
	trimmed := map[state.Stream]bool{}
	for _, a := range b.Appends {
		if !trimmed[a.Stream] {
			trimmed[a.Stream] = true
			p.add("XTRIM", s.keys.stream(a.Stream), "MINID", since)
		}
	}
	return p
}

// add appends to the newest command when it is the same on the same key and
// has room, else it begins one.
func (p *program) add(name, key string, args ...any) {
	c := p.last
	if c == nil || c.name != name || c.key != key || c.n+len(args) > commandArgs {
		c = &command{name: name, key: key, at: len(p.args) + 2}
		p.args = append(p.args, name, p.use(key), 0)
		p.last = c
	}
	p.args = append(p.args, args...)
	c.n += len(args)
	p.args[c.at] = c.n
}

func (p *program) use(key string) int {
	if _, ok := p.index[key]; !ok {
		p.keys = append(p.keys, key)
		p.index[key] = len(p.keys)
	}
	return p.index[key]
}

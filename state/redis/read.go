package redis

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/state"
)

// piece is how many entries one reply of a scan or a tail holds, about.
const piece = 2000

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

// Position tells the ledger's epoch and how many batches were applied to it. They
// are read one after the other: a ledger that is lost in between looks lost.
func (s *Store) Position(ctx context.Context) (state.Position, error) {
	pipe := s.client.Pipeline()
	epoch := pipe.Get(ctx, s.keys.epoch())
	writes := pipe.HGet(ctx, s.keys.position(), "writes")
	form := pipe.Get(ctx, s.keys.form())
	_, _ = pipe.Exec(ctx) // each command has its own error
	for _, c := range []redis.Cmder{epoch, writes, form} {
		if err := c.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return state.Position{}, s.fault("read", err)
		}
	}
	if err := s.checkForm("read", form.Val()); err != nil {
		return state.Position{}, err
	}
	n, err := writes.Uint64()
	if errors.Is(err, redis.Nil) { // nothing was written yet, or in form 1
		n, err = 0, nil
	}
	return state.Position{Epoch: epoch.Val(), Writes: n}, s.fault("read", err)
}

// checkForm refuses a ledger of a newer form. Form 1 didn't say which it is.
func (s *Store) checkForm(op, value string) error {
	if value == "" {
		return nil
	}
	form, needs, _ := strings.Cut(value, " ")
	return state.CheckForm(fmt.Sprintf("%s ledger on %s", op, s.addr), form, needs)
}

// ahead is how many parts of a scan wait to be worked on, beside the one that is
// on its way.
const ahead = 2

// Scan gives every record of b once. HSCAN gives a record again when the hash was
// made smaller in the meantime, so the keys already given are remembered. While
// one part is worked on, the next ones are on their way.
func (s *Store) Scan(ctx context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	return func(yield func(state.Entry, error) bool) {
		gone := make(chan struct{})
		defer close(gone)
		given := newGiven()
		for r := range s.parts(ctx, b, gone) {
			if r.err != nil {
				yield(state.Entry{}, s.fault("read", r.err))
				return
			}
			for e := range r.entries() {
				if !given.again(e.Key) && !yield(e, nil) {
					return
				}
			}
		}
	}
}

// part is one answer to HSCAN: keys and values in turn.
type part struct {
	pairs []string
	err   error
}

// parts asks for one part after the other, ahead of who works on them: while Redis
// answers, the last answer is decoded. It ends with the last part, with an error,
// which is a part too, or when that one is gone.
func (s *Store) parts(ctx context.Context, b state.Bucket, gone <-chan struct{}) <-chan part {
	parts := make(chan part, ahead)
	go func() {
		defer close(parts)
		for cursor, more := uint64(0), true; more; {
			pairs, next, err := s.client.HScan(ctx, s.keys.bucket(b), cursor, "", piece).Result()
			select {
			case parts <- part{pairs, err}:
			case <-gone:
				return
			}
			cursor, more = next, err == nil && next != 0
		}
	}()
	return parts
}

// entries gives the records of a part. Their values share one allocation.
func (r part) entries() iter.Seq[state.Entry] {
	return func(yield func(state.Entry) bool) {
		size := 0
		for i := 1; i < len(r.pairs); i += 2 {
			size += len(r.pairs[i])
		}
		values := make([]byte, 0, size)
		for i := 1; i < len(r.pairs); i += 2 {
			from := len(values)
			values = append(values, r.pairs[i]...)
			if !yield(state.Entry{Key: r.pairs[i-1], Value: values[from:len(values):len(values)]}) {
				return
			}
		}
	}
}

// given remembers keys by a sum of theirs: a map of numbers grows several times
// as fast as one of strings.
type given struct {
	seed maphash.Seed
	keys map[uint64]string
}

func newGiven() given { return given{maphash.MakeSeed(), map[uint64]string{}} }

// again reports whether key was asked for before. Of two keys with one sum, which
// nobody will live to see, the second may be given again, but is never left out.
func (g given) again(key string) bool {
	sum := maphash.String(g.seed, key)
	first, ok := g.keys[sum]
	if !ok {
		g.keys[sum] = key
	}
	return ok && first == key
}

// After gives up to n entries of st that follow the one under key, the oldest first, and
// whether that one is still there.
func (s *Store) After(ctx context.Context, st state.Stream, key string, n int) (list []state.Entry, there bool, err error) {
	from, there := "-", key == ""
	if !there {
		own, err := s.client.XRangeN(ctx, s.keys.stream(st), key, key, 1).Result()
		if err != nil {
			return nil, false, s.fault("read", err)
		}
		from, there = "("+key, len(own) == 1
	}
	for len(list) < n {
		want := min(n-len(list), piece)
		part, err := s.client.XRangeN(ctx, s.keys.stream(st), from, "+", int64(want)).Result()
		if err != nil {
			return nil, there, s.fault("read", err)
		}
		for _, m := range part {
			list = append(list, state.Entry{Key: m.ID, Value: valueOf(m)})
			from = "(" + m.ID
		}
		if len(part) < want {
			break
		}
	}
	return list, there, nil
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

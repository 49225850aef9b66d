package state

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/omnisync/omnisync/fault"
)

// A stored record is one version byte and the record's JSON, or for a Member
// one letter and for a Mark its fixed form. A newer version than ours is refused, so that an older binary
// can't misread a newer ledger.
const version = '1'

// Put adds v to the batch under key.
func Put[T any](b *Batch, bucket Bucket, key string, v T) {
	b.Writes = append(b.Writes, Write{Bucket: bucket, Key: key, Value: encode(v)})
}

// Remove adds the removal of key to the batch.
func (b *Batch) Remove(bucket Bucket, key string) {
	b.Writes = append(b.Writes, Write{Bucket: bucket, Key: key})
}

// Add appends v to the end of stream s.
func Add[T any](b *Batch, s Stream, v T) {
	b.Appends = append(b.Appends, Append{Stream: s, Value: encode(v)})
}

// Empty reports whether the batch would change nothing.
func (b *Batch) Empty() bool { return len(b.Writes)+len(b.Appends)+len(b.Drops) == 0 }

// Read gives the record under key, and false when there is none.
func Read[T any](ctx context.Context, s Store, bucket Bucket, key string) (T, bool, error) {
	var v T
	raw, ok, err := s.Get(ctx, bucket, key)
	if err != nil || !ok {
		return v, false, err
	}
	err = decode(raw, &v)
	return v, err == nil, named(err, bucket, key)
}

// All gives every record of the bucket by key.
func All[T any](ctx context.Context, s Store, bucket Bucket) iter.Seq2[Keyed[T], error] {
	return func(yield func(Keyed[T], error) bool) {
		var v, none T // one for all: an address that decode gets is an allocation
		for e, err := range s.Scan(ctx, bucket) {
			v = none
			if err == nil {
				err = named(decode(e.Value, &v), bucket, e.Key)
			}
			if !yield(Keyed[T]{Key: e.Key, Value: v}, err) || err != nil {
				return
			}
		}
	}
}

// Decode reads one entry of the bucket.
func Decode[T any](e Entry, bucket Bucket) (T, error) {
	var v T
	err := decode(e.Value, &v)
	return v, named(err, bucket, e.Key)
}

// Keyed is a decoded record with its key.
type Keyed[T any] struct {
	Key   string
	Value T
}

// Newest gives the n newest entries of a stream, newest first.
func Newest[T any](ctx context.Context, s Store, stream Stream, n int) ([]T, error) {
	raws, err := s.Tail(ctx, stream, n)
	if err != nil {
		return nil, err
	}
	list := make([]T, len(raws))
	for i, raw := range raws {
		if err := decode(raw, &list[i]); err != nil {
			return nil, named(err, Bucket(stream), fmt.Sprint(i))
		}
	}
	return list, nil
}

func encode(v any) []byte {
	switch v := v.(type) {
	case Member:
		return []byte{version, letters[v.Okta][v.Omni]}
	case Mark:
		return v.append([]byte{version})
	}
	b := bytes.NewBuffer([]byte{version})
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("record %T: %v", v, err)) // records hold plain values only
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func decode(raw []byte, v any) error {
	if len(raw) < 2 {
		return fmt.Errorf("record of %d bytes", len(raw))
	}
	if raw[0] < version {
		return fmt.Errorf("not a record: it begins with %q", raw[0])
	}
	if raw[0] > version {
		return fmt.Errorf("record of version %q, this binary reads up to %q: run the newer syncd that wrote it", raw[0], version)
	}
	switch v := v.(type) {
	case *Member:
		if len(raw) != 2 {
			return fmt.Errorf("member of %d bytes", len(raw))
		}
		return v.decode(raw[1])
	case *Mark:
		return v.decode(raw[1:])
	}
	return json.Unmarshal(raw[1:], v)
}

// letters spells a Member: small where Okta doesn't have the user, capital where it does.
var letters = map[bool]string{false: "apfe", true: "APFE"}

func (m *Member) decode(c byte) error {
	for okta, row := range letters {
		for i := range len(row) {
			if row[i] == c {
				*m = Member{Okta: okta, Omni: Presence(i)}
				return nil
			}
		}
	}
	return fmt.Errorf("unknown member letter %q", c)
}

func named(err error, b Bucket, key string) error {
	if err == nil {
		return nil
	}
	return &fault.Error{Kind: fault.Other, Op: fmt.Sprintf("read ledger %s/%s", b, key), Err: err}
}

package main

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"
	"go.etcd.io/bbolt"

	"github.com/omnisync/omnisync/state"
)

// bare is a store of records without anything that makes a ledger of it: no
// fence, no decoding. It finds a ledger's records where state/bolt/layout.go and
// state/redis/keys.go put them.
type bare interface {
	walk(ctx context.Context, b state.Bucket) (records int, err error)
	write(ctx context.Context, writes []state.Write) error
	close() error
}

func openBare(url, name string) (bare, error) {
	if path, ok := strings.CutPrefix(url, "bolt://"); ok {
		db, err := bbolt.Open(path, 0o600, nil)
		return bareBolt{db}, err
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	return bareRedis{redis.NewClient(o), "omnisync:{" + name + "}:bucket:"}, nil
}

type bareBolt struct{ db *bbolt.DB }

// boltRecords is the bucket that has a bucket for each of the ledger's.
const boltRecords = "buckets"

func (b bareBolt) walk(_ context.Context, bucket state.Bucket) (int, error) {
	n := 0
	err := b.db.View(func(tx *bbolt.Tx) error {
		all := tx.Bucket([]byte(boltRecords))
		if all == nil || all.Bucket([]byte(bucket)) == nil {
			return nil
		}
		cursor := all.Bucket([]byte(bucket)).Cursor()
		for k, _ := cursor.First(); k != nil; k, _ = cursor.Next() {
			n++
		}
		return nil
	})
	return n, err
}

func (b bareBolt) write(_ context.Context, writes []state.Write) error {
	return b.db.Update(func(tx *bbolt.Tx) error {
		all, err := tx.CreateBucketIfNotExists([]byte(boltRecords))
		if err != nil {
			return err
		}
		for _, w := range writes {
			bucket, err := all.CreateBucketIfNotExists([]byte(w.Bucket))
			if err != nil {
				return err
			}
			if err := bucket.Put([]byte(w.Key), w.Value); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b bareBolt) close() error { return b.db.Close() }

type bareRedis struct {
	client *redis.Client
	prefix string
}

// pieces is how many records a reply holds, about, as in state/redis: Redis is
// busy for a millisecond or two with one. Larger ones are no faster.
const pieces = 2000

func (b bareRedis) walk(ctx context.Context, bucket state.Bucket) (int, error) {
	n := 0
	for cursor, more := uint64(0), true; more; more = cursor != 0 {
		pairs, next, err := b.client.HScan(ctx, b.prefix+string(bucket), cursor, "", pieces).Result()
		if err != nil {
			return n, err
		}
		cursor, n = next, n+len(pairs)/2
	}
	return n, nil
}

func (b bareRedis) write(ctx context.Context, writes []state.Write) error {
	_, err := b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, w := range writes {
			p.HSet(ctx, b.prefix+string(w.Bucket), w.Key, w.Value)
		}
		return nil
	})
	return err
}

func (b bareRedis) close() error { return b.client.Close() }

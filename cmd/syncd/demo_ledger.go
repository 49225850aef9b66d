package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state/redis"
	goredis "github.com/redis/go-redis/v9"
)

// demoLedger is where the demo's daemon keeps its ledger.
type demoLedger interface {
	// url is the daemon's state.url.
	url() string
	// lose destroys the ledger while the daemon is down.
	lose(ctx context.Context) error
	// remove leaves nothing behind; it is called once, at the end.
	remove() error
}

// demoLedgerAt gives the ledger in the Redis at redisURL, or at path where that is "".
func demoLedgerAt(ctx context.Context, path, redisURL string) (demoLedger, error) {
	if redisURL == "" {
		return fileLedger(path), nil
	}
	store, err := redis.Open(redis.Options{URL: redisURL, Name: demoName}) // its errors never repeat the URL
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	o, err := goredis.ParseURL(redisURL)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Refused, Op: "read the URL of Redis"}
	}
	o.MaxRetries, o.DialerRetries = -1, 1 // one that does not answer is told at once
	l := &redisLedger{address: redisURL, client: goredis.NewClient(o)}
	if err := l.claim(ctx); err != nil {
		_ = l.client.Close()
		return nil, err
	}
	return l, nil
}

// fileLedger is the path of an embedded ledger.
type fileLedger string

func (l fileLedger) url() string { return "bolt://" + string(l) }

func (l fileLedger) lose(context.Context) error { return os.Remove(string(l)) }

// remove does nothing: the file goes with the demo's folder.
func (l fileLedger) remove() error { return nil }

// redisLedger is the ledger under the demo's own name in somebody's Redis.
// Nothing but the keys of this name is read or deleted.
type redisLedger struct {
	address string
	client  *goredis.Client
}

const (
	demoKeys   = "omnisync:{" + demoName + "}:"
	demoClaim  = demoKeys + "demo" // says that a demo is playing; no key of the ledger's
	redisWait  = 10 * time.Second
	scanAtOnce = 1000
)

func (l *redisLedger) url() string { return l.address }

// claim takes the name for this demo. It refuses one whose keys exist: they are
// another demo's, or somebody's ledger.
func (l *redisLedger) claim(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, redisWait)
	defer cancel()
	free, err := l.client.SetNX(ctx, demoClaim, fmt.Sprintf("syncd demo, process %d", os.Getpid()), 0).Result()
	if err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "reach Redis for the demo's ledger", Err: err}
	}
	if !free {
		return taken("another demo is playing there, or one was killed")
	}
	keys, err := l.keys(ctx)
	if err == nil && len(keys) > 1 { // more than the claim
		err = taken(fmt.Sprintf("%d of them", len(keys)-1))
	}
	if err != nil {
		return firstOf(err, l.client.Del(ctx, demoClaim).Err())
	}
	return nil
}

func taken(detail string) error {
	return &fault.Error{Kind: fault.Conflict, Op: "Redis has keys of the demo's name " + demoName + " already", Detail: detail,
		Hint: "end the other demo; or, when nothing needs them, delete what redis-cli --scan --pattern '" + demoKeys + "*' lists"}
}

// keys lists the keys of the demo's name.
func (l *redisLedger) keys(ctx context.Context) ([]string, error) {
	var all []string
	for cursor := uint64(0); ; {
		page, next, err := l.client.Scan(ctx, cursor, demoKeys+"*", scanAtOnce).Result()
		if err != nil {
			return nil, &fault.Error{Kind: fault.Unavailable, Op: "list the demo's keys in Redis", Err: err}
		}
		all = append(all, page...)
		if cursor = next; cursor == 0 {
			return all, nil
		}
	}
}

// drop deletes the keys of the demo's name, but for the one to keep.
func (l *redisLedger) drop(ctx context.Context, keep string) error {
	keys, err := l.keys(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if key == keep {
			continue
		}
		if err := l.client.Del(ctx, key).Err(); err != nil {
			return &fault.Error{Kind: fault.Unavailable, Op: "delete the demo's keys in Redis", Err: err}
		}
	}
	return nil
}

func (l *redisLedger) lose(ctx context.Context) error { return l.drop(ctx, demoClaim) }

// remove works also after the demo's context has ended.
func (l *redisLedger) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), redisWait)
	defer cancel()
	return firstOf(l.drop(ctx, ""), l.client.Close())
}

package main

import (
	"context"
	"iter"
	"time"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// timed is a ledger whose operations the meters measure.
type timed struct {
	ledger
	store  string
	meters *console.Meters
}

func (p parts) timed(l ledger) ledger {
	store := "redis"
	if kind, _, _ := p.config.State.Backend(); kind == configs.Bolt { // it was opened
		store = "bolt"
	}
	return timed{ledger: l, store: store, meters: p.meters}
}

// done measures an operation that began then. That another process leads, and that
// whoever asked has gone, is nobody's failure.
func (t timed) done(ctx context.Context, operation string, began time.Time, err error) {
	failed := err != nil && !fault.Is(err, fault.Fenced) && !fault.Is(err, fault.Refused) && ctx.Err() == nil
	t.meters.Stored(t.store, operation, time.Since(began), failed)
}

// Get implements state.Reader.
func (t timed) Get(ctx context.Context, b state.Bucket, key string) ([]byte, bool, error) {
	began := time.Now()
	value, there, err := t.ledger.Get(ctx, b, key)
	t.done(ctx, "get", began, err)
	return value, there, err
}

// Scan implements state.Reader.
func (t timed) Scan(ctx context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	return func(yield func(state.Entry, error) bool) {
		began := time.Now()
		var failed error
		for e, err := range t.ledger.Scan(ctx, b) {
			failed = err
			came := time.Now()
			goes := yield(e, err)
			began = began.Add(time.Since(came)) // what the reader does isn't the store's time
			if !goes {
				break
			}
		}
		t.done(ctx, "scan", began, failed)
	}
}

// Tail implements state.Reader.
func (t timed) Tail(ctx context.Context, s state.Stream, n int) ([][]byte, error) {
	began := time.Now()
	list, err := t.ledger.Tail(ctx, s, n)
	t.done(ctx, "tail", began, err)
	return list, err
}

// Position implements state.Reader.
func (t timed) Position(ctx context.Context) (state.Position, error) {
	began := time.Now()
	p, err := t.ledger.Position(ctx)
	t.done(ctx, "position", began, err)
	return p, err
}

// Apply implements state.Store.
func (t timed) Apply(ctx context.Context, f state.Fence, b state.Batch) error {
	began := time.Now()
	err := t.ledger.Apply(ctx, f, b)
	t.done(ctx, "apply", began, err)
	return err
}

// Durable implements state.Store.
func (t timed) Durable(ctx context.Context) error {
	began := time.Now()
	err := t.ledger.Durable(ctx)
	t.done(ctx, "durable", began, err)
	return err
}

// Acquire implements state.Leaser.
func (t timed) Acquire(ctx context.Context, holder string, ttl time.Duration) (state.Fence, error) {
	began := time.Now()
	f, err := t.ledger.Acquire(ctx, holder, ttl)
	t.done(ctx, "acquire", began, err)
	return f, err
}

// Renew implements state.Leaser.
func (t timed) Renew(ctx context.Context, f state.Fence, ttl time.Duration) error {
	began := time.Now()
	err := t.ledger.Renew(ctx, f, ttl)
	t.done(ctx, "renew", began, err)
	return err
}

// Release implements state.Leaser.
func (t timed) Release(ctx context.Context, f state.Fence) error {
	began := time.Now()
	err := t.ledger.Release(ctx, f)
	t.done(ctx, "release", began, err)
	return err
}

// Holder implements state.Leaser.
func (t timed) Holder(ctx context.Context) (string, error) {
	began := time.Now()
	name, err := t.ledger.Holder(ctx)
	t.done(ctx, "holder", began, err)
	return name, err
}

// Package statetest holds what every store of the ledger must do, as tests that
// run over any of them, and starts the real Redis that some of them need.
//
// A store's own tests call Run with a constructor. What only one store can do
// (a file's lock, a server's refusals) is tested beside that store.
package statetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// Store is a whole store: the ledger, its lease, and its end.
type Store interface {
	state.Store
	state.Leaser
	Close() error
}

// long is a lease that doesn't end during a test.
const long = time.Hour

// patience bounds every wait for something that happens by itself.
const patience = 20 * time.Second

// Run runs the suite. Each test calls open once for an empty ledger of its own;
// open closes the store in a cleanup, and Close must bear being called twice.
func Run(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, Store)
	}{
		{"a record that was never written is absent", absent},
		{"a record is read as it was written", readsBack},
		{"odd keys and values", oddKeys},
		{"values of a megabyte", bigValues},
		{"scan gives each record once", scanOnce},
		{"scan of big values", scanBig},
		{"scan ends when the loop does", scanBreaks},
		{"scan while its loop writes", scanWhileWriting},
		{"a batch is written in order", batchOrder},
		{"a batch that can't be written writes nothing", batchRefused},
		{"drops come before writes", drops},
		{"batches of thousands", bigBatches},
		{"a stream is read newest first", streamOrder},
		{"a stream is read on from an entry", streamAfter},
		{"a stream is trimmed", streamTrimmed},
		{"a stream that was trimmed behind an entry says so", afterTrimmed},
		{"a stream is rewritten in its places", rewritten},
		{"a rewriting that is idle or fails changes nothing", rewrittenIdly},
		{"a scrubbed ledger goes on", scrubbed},
		{"a wrong fence writes nothing", wrongFence},
		{"one holder at a time", oneHolder},
		{"a lease that isn't renewed ends", leaseEnds},
		{"a renewed lease goes on", leaseRenewed},
		{"fences never come again", fencesDiffer},
		{"many acquire, one gets it", manyAcquire},
		{"each batch moves the position by one", positionMoves},
		{"a batch that is sent again is written once", sentAgain},
		{"what is durable is there, and who can't tell says what it takes", durable},
		{"many write at once", manyWriters},
		{"a new holder ends the old one's writes", takeover},
		{"a cancelled context does nothing", cancelled},
		{"a closed store answers with an error", closed},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func acquire(t *testing.T, s Store, holder string, ttl time.Duration) state.Fence {
	t.Helper()
	f, err := s.Acquire(t.Context(), holder, ttl)
	if err != nil {
		t.Fatalf("acquire for %s: %v", holder, err)
	}
	return f
}

func apply(t *testing.T, s Store, f state.Fence, b state.Batch) {
	t.Helper()
	if err := s.Apply(t.Context(), f, b); err != nil {
		t.Fatalf("apply: %v", err)
	}
}

// want checks one record; a nil value wants none.
func want(t *testing.T, s Store, b state.Bucket, key string, value []byte) {
	t.Helper()
	got, ok, err := s.Get(t.Context(), b, key)
	if err != nil {
		t.Fatalf("get %s/%.40q: %v", b, key, err)
	}
	if ok != (value != nil) || string(got) != string(value) {
		t.Errorf("get %s/%.40q gives %.60q, %t; want %.60q, %t", b, key, got, ok, value, value != nil)
	}
}

func wantKind(t *testing.T, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("error %v is %q, want %q", err, fault.KindOf(err), k)
	}
}

// contents scans the bucket, and fails when a record comes twice.
func contents(t *testing.T, s Store, b state.Bucket) map[string]string {
	t.Helper()
	all := map[string]string{}
	for e, err := range s.Scan(t.Context(), b) {
		if err != nil {
			t.Fatalf("scan %s: %v", b, err)
		}
		if _, twice := all[e.Key]; twice {
			t.Fatalf("scan %s gives %q twice", b, e.Key)
		}
		all[e.Key] = string(e.Value)
	}
	return all
}

func put(b state.Bucket, key, value string) state.Write {
	return state.Write{Bucket: b, Key: key, Value: []byte(value)}
}

func remove(b state.Bucket, key string) state.Write { return state.Write{Bucket: b, Key: key} }

// numbered is n writes with keys and values of their own.
func numbered(b state.Bucket, n int) []state.Write {
	list := make([]state.Write, n)
	for i := range list {
		list[i] = put(b, fmt.Sprintf("00u%06d", i), fmt.Sprintf("value %d", i))
	}
	return list
}

// until polls ask until it is true.
func until(t *testing.T, what string, ask func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ask() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

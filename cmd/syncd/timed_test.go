package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/prometheus/client_golang/prometheus"
)

// measured gives how often each operation was measured, and how often it failed.
func measured(t *testing.T, m *console.Meters) map[string][2]int {
	t.Helper()
	r := prometheus.NewRegistry()
	if err := m.Register(r, "acme", benchSight{}); err != nil {
		t.Fatal(err)
	}
	all := map[string][2]int{}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "omnisync_store_") {
			continue
		}
		for _, s := range f.GetMetric() {
			name := s.GetLabel()[1].GetValue() + " " + s.GetLabel()[2].GetValue()
			n := all[name]
			n[0] += int(s.GetHistogram().GetSampleCount())
			n[1] += int(s.GetCounter().GetValue())
			all[name] = n
		}
	}
	return all
}

// Each operation of the store is measured once, a scan without what its reader does. That
// another one leads isn't a failure, nor that nobody waits any more; a closed store is.
func TestTheStoreIsTimed(t *testing.T) {
	store, err := bolt.Open(filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	p := parts{config: configs.Defaults(), meters: console.NewMeters(console.Build{})}
	l := p.timed(store)
	ctx := t.Context()
	fence, err := l.Acquire(ctx, "one", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Acquire(ctx, "two", time.Minute); !fault.Is(err, fault.Fenced) {
		t.Errorf("a second one leads: %v", err)
	}
	use := func(ctx context.Context) (errs []error) {
		var b state.Batch
		state.Put(&b, state.Holds, "a", state.Hold{})
		state.Put(&b, state.Holds, "b", state.Hold{})
		_, _, get := l.Get(ctx, state.Users, "x")
		_, tail := l.Tail(ctx, state.Log, 1)
		_, position := l.Position(ctx)
		_, holder := l.Holder(ctx)
		errs = append(errs, l.Apply(ctx, fence, b), l.Renew(ctx, fence, time.Minute), l.Durable(ctx), get, tail, position, holder)
		var last error
		for _, err := range l.Scan(ctx, state.Holds) {
			last = err
			<-time.After(50 * time.Millisecond)
			if err == nil {
				break
			}
		}
		return append(errs, last)
	}
	if errs := use(ctx); slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		t.Fatal(errs)
	}
	gone, leave := context.WithCancel(ctx)
	leave()
	use(gone)
	if err := l.Release(ctx, fence); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	use(ctx)
	for name, want := range map[string][2]int{"acquire bolt": {2, 0}, "get bolt": {3, 1}, "tail bolt": {3, 1}, "position bolt": {3, 1}, "holder bolt": {3, 1},
		"apply bolt": {3, 1}, "renew bolt": {3, 1}, "durable bolt": {3, 1}, "scan bolt": {3, 1}, "release bolt": {1, 0}} {
		if got := measured(t, p.meters)[name]; got != want {
			t.Errorf("%s: measured %d times, failed %d times, want %v", name, got[0], got[1], want)
		}
	}
	if d := scanned(t, p.meters); d > 40*time.Millisecond {
		t.Errorf("scans took %s: their readers' time counts", d)
	}
}

// scanned is how long all scans took.
func scanned(t *testing.T, m *console.Meters) time.Duration {
	t.Helper()
	r := prometheus.NewRegistry()
	if err := m.Register(r, "acme", benchSight{}); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, s := range f.GetMetric() {
			if f.GetName() == "omnisync_store_operation_duration_seconds" && s.GetLabel()[1].GetValue() == "scan" {
				return time.Duration(s.GetHistogram().GetSampleSum() * float64(time.Second))
			}
		}
	}
	t.Fatal("no scan was measured")
	return 0
}

// A ledger that is measured keeps its mailbox, where it has one.
func TestATimedLedgerHasItsMailbox(t *testing.T) {
	shared, err := redis.Open(redis.Options{URL: "redis://127.0.0.1:1", Name: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shared.Close() }()
	p := parts{config: configs.Defaults(), meters: console.NewMeters(console.Build{})}
	if mailbox(p.timed(shared)) == nil {
		t.Error("the mailbox is lost")
	}
	alone, err := bolt.Open(filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = alone.Close() }()
	if mailbox(p.timed(alone)) != nil {
		t.Error("a file has a mailbox")
	}
}

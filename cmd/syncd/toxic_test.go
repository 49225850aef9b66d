//go:build !race

package main

import (
	"context"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state/statetest"
	"github.com/omnisync/omnisync/sync"
)

// stormy plays a load during which something happens to Redis for a while.
func stormy(t *testing.T, begins, ends func(*line, func(...any)), pauses bool) {
	t.Helper()
	url := statetest.Redis(t)
	admin := connect(t, url)
	do := func(command ...any) {
		if err := admin.Do(context.Background(), command...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	l := newLine(t, admin.Options().Addr)
	f := newFleet(t, "redis://"+l.address())
	for range 150 { // a first load isn't held
		f.arrive()
	}
	r := f.replica("one")
	r.start()
	f.until(20*time.Second, "the load is under way", func() bool { return f.omni.Writes() > 5 })
	begins(l, do)
	paused := r.pausedWithin(8 * time.Second)
	if pauses && paused == "" {
		t.Error("meanwhile the status gave no reason")
	}
	ends(l, do)
	took := f.until(20*time.Second, "the status is healthy", r.healthy)
	t.Logf("healthy %s after its end; meanwhile: %s", took.Round(10*time.Millisecond), paused)
	if took > 5*time.Second {
		t.Errorf("the status was healthy %s after the end", took)
	}
	f.converges(r, 20*time.Second)
	f.wroteOnce()
	f.quiet(r)
}

// pausedWithin watches the status for so long, and gives the reason of a pause.
func (r *replica) pausedWithin(d time.Duration) (reason string) {
	for end := time.Now().Add(d); time.Now().Before(end); pause() {
		ctx, cancel := context.WithDeadline(r.fleet.t.Context(), end)
		s, err := r.client().Status(ctx)
		cancel()
		if err == nil && s.State == sync.Paused && s.Reason != "" {
			reason = s.Reason
		}
	}
	return reason
}

// healthy reports whether this one leads and is in step.
func (r *replica) healthy() bool {
	ctx, cancel := context.WithTimeout(r.fleet.t.Context(), time.Second)
	defer cancel()
	s, err := r.client().Status(ctx)
	return err == nil && s.Leader && s.Reason == "" && s.State == sync.InStep && r.fleet.difference() == ""
}

// TestPromise5Storms has the line to Redis, or Redis itself, fail during a load.
func TestPromise5Storms(t *testing.T) {
	becomes := func(w weather) func(*line, func(...any)) {
		return func(l *line, _ func(...any)) { l.becomes(w) }
	}
	command := func(words ...any) func(*line, func(...any)) {
		return func(_ *line, do func(...any)) { do(words...) }
	}
	for _, c := range []struct {
		name         string
		begins, ends func(*line, func(...any))
		pauses       bool
	}{
		{"slow", becomes(slow), becomes(fair), false},
		{"severed", becomes(severed), becomes(fair), true},
		{"half-open", becomes(halfOpen), becomes(fair), true},
		{"read-only", command("REPLICAOF", "127.0.0.1", "1"), command("REPLICAOF", "NO", "ONE"), true},
		{"out of memory", command("CONFIG", "SET", "maxmemory", "1"), command("CONFIG", "SET", "maxmemory", "0"), true},
	} {
		t.Run(c.name, func(t *testing.T) { stormy(t, c.begins, c.ends, c.pauses) })
	}
}

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
	took := f.staysHealthy(r, 20*time.Second)
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

// staysHealthy waits until the status is healthy and stays so for a while: a lease
// whose renewal failed may be given up a little later. It tells how long that took.
func (f *fleet) staysHealthy(r *replica, patience time.Duration) time.Duration {
	f.t.Helper()
	begun, since := time.Now(), time.Now()
	f.until(patience, "the status is healthy and stays so", func() bool {
		if !r.healthy() {
			since = time.Now()
		}
		return time.Since(since) > 3*time.Second
	})
	return since.Sub(begun)
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
	gets := func(toxics ...string) func(*line, func(...any)) {
		return func(l *line, _ func(...any)) { l.gets(toxics...) }
	}
	does := func(what func(*line)) func(*line, func(...any)) {
		return func(l *line, _ func(...any)) { what(l) }
	}
	command := func(words ...any) func(*line, func(...any)) {
		return func(_ *line, do func(...any)) { do(words...) }
	}
	const (
		late  = `{"type": "latency", "stream": "upstream", "attributes": {"latency": 1000, "jitter": 200}}`
		reset = `{"type": "reset_peer", "stream": "upstream", "attributes": {"timeout": 0}}`
		deaf  = `{"type": "timeout", "stream": "upstream", "attributes": {"timeout": 0}}`
		mute  = `{"type": "timeout", "stream": "downstream", "attributes": {"timeout": 0}}`
	)
	for _, c := range []struct {
		name         string
		begins, ends func(*line, func(...any))
		pauses       bool
	}{
		{"slow", gets(late), does((*line).sheds), false},
		{"cut", does((*line).cut), does((*line).mend), true},
		{"reset", gets(reset), does((*line).sheds), true},
		{"half-open", gets(deaf, mute), does((*line).spares), true},
		{"answers lost", gets(mute), does((*line).spares), true},
		{"read-only", command("REPLICAOF", "127.0.0.1", "1"), command("REPLICAOF", "NO", "ONE"), true},
		{"out of memory", command("CONFIG", "SET", "maxmemory", "1"), command("CONFIG", "SET", "maxmemory", "0"), true},
	} {
		t.Run(c.name, func(t *testing.T) { stormy(t, c.begins, c.ends, c.pauses) })
	}
}

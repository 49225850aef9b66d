package redis_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

// confirms reports whether the server is of a version that can confirm, 7.2 or later.
func confirms(t *testing.T, url string) bool {
	t.Helper()
	text, err := raw(t, url).Info(t.Context(), "server").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(text, "redis_version:")
	var major, minor int
	if n, err := fmt.Sscanf(rest, "%d.%d", &major, &minor); n != 2 {
		t.Fatalf("the version is %.10q: %v", rest, err)
	}
	return major > 7 || major == 7 && minor >= 2
}

// wantDurable wants one answer of a server that can confirm, and of an older one that it can't.
func wantDurable(t *testing.T, s *redis.Store, new bool, kind fault.Kind, hint string) {
	t.Helper()
	if !new {
		kind, hint = fault.Refused, "from version 7.2 on"
	}
	if err := s.Durable(t.Context()); !fault.Is(err, kind) || !strings.Contains(fault.HintOf(err), hint) {
		t.Errorf("durable: %v (%s), hint %q; want %s, %q", err, fault.KindOf(err), fault.HintOf(err), kind, hint)
	}
}

// TestDurableIsOnTheDisk kills the server after it has confirmed: the next one on the
// same files has what was written.
func TestDurableIsOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	url, stop, err := statetest.StartRedis(dir, "--appendonly", "yes", "--appendfsync", "everysec")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	s := open(t, url, "main")
	f := acquire(t, s)
	confirm := confirms(t, url)
	for i := range 3 {
		key := fmt.Sprint(i)
		if err := s.Apply(t.Context(), f, state.Batch{Writes: []state.Write{{Bucket: state.Saves, Key: key, Value: []byte("x")}}}); err != nil {
			t.Fatal(err)
		}
		err := s.Durable(t.Context())
		if confirm && err != nil {
			t.Fatalf("durable: %v (%s)", err, fault.HintOf(err))
		}
		if !confirm && (!fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), "from version 7.2 on")) {
			t.Fatalf("durable on an old server: %v, hint %q", err, fault.HintOf(err))
		}
	}
	stop()
	again, stop, err := statetest.StartRedis(dir, "--appendonly", "yes")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for i := range 3 {
		// A killed process loses nothing that it wrote to its file: only a lost machine would.
		if v, ok, err := open(t, again, "main").Get(t.Context(), state.Saves, fmt.Sprint(i)); err != nil || !ok || string(v) != "x" {
			t.Errorf("record %d is %q, %t, %v", i, v, ok, err)
		}
	}
}

// TestNotDurable: a server that brings nothing to its disk confirms nothing, though the
// connection that asks has written nothing itself.
func TestNotDurable(t *testing.T) {
	never := statetest.Redis(t, "--appendonly", "yes", "--appendfsync", "no")
	s, asks := open(t, never, "main"), open(t, never, "main")
	if err := s.Apply(t.Context(), acquire(t, s), oneUser()); err != nil {
		t.Fatal(err)
	}
	wantDurable(t, asks, confirms(t, never), fault.Unavailable, "appendfsync everysec")
	memory := open(t, shared, statetest.Name())
	wantDurable(t, memory, confirms(t, shared), fault.Refused, "set appendonly yes")
}

// TestDurableNeedsARight: the rest of the daemon goes on without it.
func TestDurableNeedsARight(t *testing.T) {
	server := statetest.Redis(t, "--appendonly", "yes")
	url := as(t, server, documentedUser(t))
	wantDurable(t, open(t, url, "main"), confirms(t, server), fault.Refused, "give the Redis user the right +waitaof")
	if !confirms(t, server) {
		return // an older server knows no such right
	}
	as(t, server, documentedUser(t)+" +waitaof")
	if err := open(t, url, "main").Durable(t.Context()); err != nil {
		t.Errorf("with the right: %v", err)
	}
}

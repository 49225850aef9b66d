package statetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// manyWriters lets goroutines write keys of their own while others read.
func manyWriters(t *testing.T, s Store) {
	const writers, each = 8, 25
	f := acquire(t, s, "a", long)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				key := fmt.Sprintf("%d-%d", w, i)
				b := state.Batch{
					Writes:  []state.Write{put(state.Users, key, key), put(state.Groups, key, key)},
					Appends: []state.Append{{Stream: state.Log, Value: []byte(key)}},
				}
				if err := s.Apply(t.Context(), f, b); err != nil {
					t.Errorf("apply %s: %v", key, err)
					return
				}
				if v, ok, err := s.Get(t.Context(), state.Users, key); err != nil || !ok || string(v) != key {
					t.Errorf("get %s gives %q, %t, %v", key, v, ok, err)
				}
			}
		})
		all.Go(func() {
			for range 5 {
				for _, err := range s.Scan(t.Context(), state.Users) {
					if err != nil {
						t.Errorf("scan: %v", err)
					}
				}
			}
		})
	}
	all.Wait()
	users, groups := contents(t, s, state.Users), contents(t, s, state.Groups)
	if len(users) != writers*each || !maps.Equal(users, groups) {
		t.Errorf("%d users and %d groups, want %d of each", len(users), len(groups), writers*each)
	}
	list, err := s.Tail(t.Context(), state.Log, 2*writers*each)
	if err != nil || len(list) != writers*each {
		t.Errorf("the log has %d entries, %v; want %d", len(list), err, writers*each)
	}
}

// takeover lets one writer write until it is fenced off, by another that takes
// the lease in its midst and writes the same keys. What was acknowledged is
// there, what was refused isn't, and the old one never writes over the new one.
func takeover(t *testing.T, s Store) {
	old := acquire(t, s, "old", long)
	acked := make(chan string, 1)
	started := make(chan struct{})
	go func() { acked <- writeUntilFenced(t, s, old, started) }()
	<-started
	if err := s.Release(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	next := acquire(t, s, "new", long)
	for i := range 20 {
		apply(t, s, next, state.Batch{Writes: []state.Write{put(state.Users, "shared", fmt.Sprintf("new %d", i))}})
		want(t, s, state.Users, "shared", []byte(fmt.Sprintf("new %d", i)))
	}
	last := <-acked
	want(t, s, state.Users, "old's last", []byte(last))
	want(t, s, state.Users, "shared", []byte("new 19"))
}

// writeUntilFenced gives the last value that was acknowledged. It closes
// started after some writes, or when it ends.
func writeUntilFenced(t *testing.T, s Store, f state.Fence, started chan<- struct{}) string {
	last := ""
	begin := sync.OnceFunc(func() { close(started) })
	defer begin()
	for i, end := 0, time.Now().Add(patience); time.Now().Before(end); i++ {
		value := fmt.Sprintf("old %d", i)
		err := s.Apply(context.WithoutCancel(t.Context()), f, state.Batch{Writes: []state.Write{
			put(state.Users, "shared", value), put(state.Users, "old's last", value),
		}})
		if err != nil {
			wantKind(t, err, fault.Fenced)
			return last
		}
		last = value
		if i == 5 {
			begin()
		}
	}
	t.Errorf("the old holder still writes after %s", patience)
	return last
}

func cancelled(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	apply(t, s, f, state.Batch{Writes: []state.Write{put(state.Users, "k", "x")}})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for name, err := range everyMethod(ctx, s, f) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context gives %v", name, err)
		}
		wantKind(t, err, fault.Unavailable)
	}
	want(t, s, state.Users, "k", []byte("x"))
	wantHolder(t, s, "a")
	apply(t, s, f, state.Batch{Writes: []state.Write{put(state.Users, "k", "y")}})
}

func closed(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
	for name, err := range everyMethod(t.Context(), s, f) {
		if err == nil {
			t.Errorf("%s of a closed store gives no error", name)
		}
		wantKind(t, err, fault.Unavailable)
	}
}

// everyMethod gives each method's error.
func everyMethod(ctx context.Context, s Store, f state.Fence) map[string]error {
	errs := map[string]error{}
	_, _, errs["Get"] = s.Get(ctx, state.Users, "k")
	errs["Scan"] = nil
	for _, err := range s.Scan(ctx, state.Users) {
		errs["Scan"] = err
	}
	_, errs["Tail"] = s.Tail(ctx, state.Log, 1)
	_, errs["Position"] = s.Position(ctx)
	errs["Durable"] = s.Durable(ctx)
	errs["Apply"] = s.Apply(ctx, f, state.Batch{Writes: []state.Write{put(state.Users, "k", "changed")}})
	_, errs["Acquire"] = s.Acquire(ctx, "b", long)
	errs["Renew"] = s.Renew(ctx, f, long)
	errs["Release"] = s.Release(ctx, f)
	_, errs["Holder"] = s.Holder(ctx)
	return errs
}

package statetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// short is a lease that ends during a test.
const short = 300 * time.Millisecond

func wrongFence(t *testing.T, s Store) {
	b := state.Batch{
		Writes:  []state.Write{put(state.Users, "00u1", "wrong")},
		Appends: []state.Append{{Stream: state.Log, Value: []byte("wrong")}},
		Drops:   []state.Bucket{state.Groups},
	}
	wantKind(t, s.Apply(t.Context(), "", b), fault.Fenced)
	wantKind(t, s.Apply(t.Context(), "made:1", b), fault.Fenced)
	f := acquire(t, s, "right one", long)
	apply(t, s, f, state.Batch{Writes: []state.Write{put(state.Groups, "00g1", "x")}})
	for _, wrong := range []state.Fence{"", "made:1", f + "1", f + " ", f + " right", f[:len(f)-1], state.Fence(strings.ToUpper(string(f)) + "x")} {
		wantKind(t, s.Apply(t.Context(), wrong, b), fault.Fenced)
		wantKind(t, s.Renew(t.Context(), wrong, long), fault.Fenced)
		if err := s.Release(t.Context(), wrong); err != nil {
			t.Errorf("release of %q: %v", wrong, err)
		}
	}
	want(t, s, state.Users, "00u1", nil)
	want(t, s, state.Groups, "00g1", []byte("x"))
	if list, err := s.Tail(t.Context(), state.Log, 9); err != nil || len(list) != 0 {
		t.Errorf("the log has %q, %v", list, err)
	}
	wantHolder(t, s, "right one")
}

func oneHolder(t *testing.T, s Store) {
	wantHolder(t, s, "")
	f := acquire(t, s, "first on host-1", long)
	wantHolder(t, s, "first on host-1")
	for _, who := range []string{"second", "first on host-1"} {
		_, err := s.Acquire(t.Context(), who, long)
		wantKind(t, err, fault.Fenced)
		if e, ok := errors.AsType[*fault.Error](err); !ok || e.Detail != "first on host-1" {
			t.Errorf("the refusal says %v, want the holder in Detail", err)
		}
	}
	if err := s.Release(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	wantHolder(t, s, "")
	wantKind(t, s.Apply(t.Context(), f, state.Batch{Writes: []state.Write{put(state.Users, "k", "late")}}), fault.Fenced)
	wantKind(t, s.Renew(t.Context(), f, long), fault.Fenced)
	g := acquire(t, s, "second", long)
	if err := s.Release(t.Context(), f); err != nil {
		t.Errorf("releasing a lost lease: %v", err)
	}
	wantHolder(t, s, "second")
	apply(t, s, g, state.Batch{Writes: []state.Write{put(state.Users, "k", "second's")}})
	want(t, s, state.Users, "k", []byte("second's"))
}

func leaseEnds(t *testing.T, s Store) {
	begun := time.Now()
	f := acquire(t, s, "first", short)
	var g state.Fence
	until(t, "the lease ends", func() bool {
		var err error
		g, err = s.Acquire(t.Context(), "second", long)
		if err != nil {
			wantKind(t, err, fault.Fenced)
		}
		return err == nil
	})
	if took := time.Since(begun); took < short-20*time.Millisecond {
		t.Errorf("a lease of %s was given away after %s", short, took)
	}
	b := state.Batch{Writes: []state.Write{put(state.Users, "k", "old")}}
	wantKind(t, s.Apply(t.Context(), f, b), fault.Fenced)
	wantKind(t, s.Renew(t.Context(), f, long), fault.Fenced)
	want(t, s, state.Users, "k", nil)
	apply(t, s, g, b)
	wantHolder(t, s, "second")
}

// leaseRenewed also sees the lease end when nobody takes it: its fence is
// refused then, as a sleeper's must be. A machine so slow that it comes too
// late to renew proves nothing, and begins again.
func leaseRenewed(t *testing.T, s Store) {
	renewed := time.Now()
	begun := renewed
	f := acquire(t, s, "first", short)
	until(t, "three times the lease", func() bool {
		now := time.Now()
		err := s.Renew(t.Context(), f, short)
		who := holder(t, s)
		inTime := time.Since(renewed) < short
		if err == nil {
			renewed = now
			inTime = time.Since(renewed) < short
		}
		if inTime && (err != nil || who != "first") {
			t.Fatalf("renewed after %s, %q has it: %v", time.Since(begun), who, err)
		}
		if err != nil {
			renewed, begun = now, now
			f = acquire(t, s, "first", short)
		}
		return renewed.Sub(begun) > 3*short
	})
	until(t, "the lease ends", func() bool { return holder(t, s) == "" })
	wantKind(t, s.Renew(t.Context(), f, long), fault.Fenced)
	wantKind(t, s.Apply(t.Context(), f, state.Batch{}), fault.Fenced)
}

func fencesDiffer(t *testing.T, s Store) {
	seen := map[state.Fence]bool{}
	for i := range 20 {
		f := acquire(t, s, fmt.Sprint(i), long)
		if f == "" || seen[f] {
			t.Fatalf("fence %q comes again", f)
		}
		seen[f] = true
		if err := s.Release(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
}

func manyAcquire(t *testing.T, s Store) {
	var got atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			_, err := s.Acquire(context.WithoutCancel(t.Context()), fmt.Sprint(i), long)
			if err == nil {
				got.Add(1)
			} else if !fault.Is(err, fault.Fenced) {
				t.Errorf("acquire: %v", err)
			}
		})
	}
	all.Wait()
	if got.Load() != 1 {
		t.Errorf("%d got the lease", got.Load())
	}
}

func holder(t *testing.T, s Store) string {
	t.Helper()
	name, err := s.Holder(t.Context())
	if err != nil {
		t.Fatalf("holder: %v", err)
	}
	return name
}

func wantHolder(t *testing.T, s Store, name string) {
	t.Helper()
	if got := holder(t, s); got != name {
		t.Errorf("the holder is %q, want %q", got, name)
	}
}

package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// leaser is a lease that answers as each test says.
type leaser struct {
	mu       sync.Mutex
	acquire  error
	renew    error
	still    time.Duration // how long this process stands still during a renewal
	renewed  int
	released []state.Fence
}

func (l *leaser) Acquire(_ context.Context, holder string, ttl time.Duration) (state.Fence, error) {
	if !strings.HasPrefix(holder, "syncd ") || ttl != leaseTime {
		return "", &fault.Error{Op: "holder " + holder}
	}
	return "f1", l.acquire
}

func (l *leaser) Renew(_ context.Context, f state.Fence, _ time.Duration) error {
	<-time.After(l.still)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renewed++
	if f != "f1" {
		return &fault.Error{Kind: fault.Fenced}
	}
	return l.renew
}

func (l *leaser) Release(ctx context.Context, f state.Fence) error {
	l.released = append(l.released, f)
	return ctx.Err()
}

func (l *leaser) Holder(context.Context) (string, error) { return "", nil }

func (l *leaser) answer(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renew = err
}

func (l *leaser) renewals() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.renewed
}

func TestLeaseIsRenewedUntilReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &leaser{}
		outer, end := context.WithCancel(t.Context())
		working, l, err := hold(outer, store)
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(12 * time.Second)
		end() // the last change is still being recorded
		<-time.After(10 * time.Second)
		if store.renewals() != 5 || working.Err() == nil || l.gone() {
			t.Errorf("renewed %d times, %v", store.renewals(), working.Err())
		}
		if err := l.release(); err != nil || len(store.released) != 1 || store.released[0] != "f1" || !l.gone() {
			t.Errorf("released %v, %v", store.released, err)
		}
	})
}

func TestALostLeaseEndsTheWork(t *testing.T) {
	for name, c := range map[string]struct {
		answer error
		after  time.Duration
	}{
		"another leads": {&fault.Error{Kind: fault.Fenced}, 5 * time.Second},
		"out of reach":  {&fault.Error{Kind: fault.Unavailable}, 15 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := &leaser{}
			working, l, err := hold(t.Context(), store)
			if err != nil {
				t.Fatal(err)
			}
			store.answer(c.answer)
			start := time.Now()
			<-working.Done()
			if !fault.Is(context.Cause(working), fault.Fenced) || fault.HintOf(context.Cause(working)) == "" {
				t.Errorf("%s: the work ends with %v", name, context.Cause(working))
			}
			if took := time.Since(start); took > c.after {
				t.Errorf("%s: the work ends after %v, want %v at most", name, took, c.after)
			}
			if err := l.release(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A process that stood still for longer than its lease asks nobody whether it leads.
func TestStandingStillLosesTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &leaser{still: leaseTime + time.Second}
		working, l, err := hold(t.Context(), store)
		if err != nil {
			t.Fatal(err)
		}
		<-working.Done()
		if n := store.renewals(); n != 1 || !fault.Is(context.Cause(working), fault.Fenced) {
			t.Errorf("renewed %d times, want once; the work ends with %v", n, context.Cause(working))
		}
		if err := l.release(); err != nil {
			t.Error(err)
		}
	})
}

// A renewal that fails just before the ledger is well again costs nothing.
func TestARenewalIsTriedAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &leaser{}
		working, l, err := hold(t.Context(), store)
		if err != nil {
			t.Fatal(err)
		}
		store.answer(&fault.Error{Kind: fault.Unavailable})
		<-time.After(leaseRenew + 3*time.Second)
		store.answer(nil)
		<-time.After(time.Minute)
		if working.Err() != nil {
			t.Errorf("lost: %v", context.Cause(working))
		}
		if err := l.release(); err != nil {
			t.Error(err)
		}
	})
}

func TestAStoreThatStumblesOnceLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &leaser{}
		working, l, err := hold(t.Context(), store)
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * time.Second) // between two renewals, so that each has one answer
		for range 5 {
			store.answer(&fault.Error{Kind: fault.Unavailable})
			<-time.After(5 * time.Second)
			store.answer(nil)
			<-time.After(5 * time.Second)
		}
		if working.Err() != nil {
			t.Errorf("lost: %v", context.Cause(working))
		}
		if err := l.release(); err != nil {
			t.Error(err)
		}
	})
}

func TestAHeldLeaseIsRefusedClearly(t *testing.T) {
	held := &fault.Error{Kind: fault.Fenced, Op: "lease ledger", Detail: "syncd 7@host9"}
	_, _, err := hold(t.Context(), &leaser{acquire: held})
	if !fault.Is(err, fault.Fenced) || !strings.Contains(err.Error(), "another syncd leads") ||
		!strings.Contains(err.Error(), "syncd 7@host9") || fault.HintOf(err) == "" {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
	away := &fault.Error{Kind: fault.Unavailable, Op: "redis"}
	if _, _, err := hold(t.Context(), &leaser{acquire: away}); err != error(away) {
		t.Errorf("%v", err)
	}
}

package sync_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// faltering is a store whose writes may fail.
type faltering struct {
	store
	writes int
	fails  func(n int) error // asked before the n-th write, from 1
	loses  func(n int) error // asked after it was done
}

var errReadOnly = &fault.Error{Kind: fault.Unavailable, Op: "write ledger", Detail: "READONLY"}

// Apply implements state.Store. The engine writes one batch at a time.
func (f *faltering) Apply(ctx context.Context, fence state.Fence, b state.Batch) error {
	f.writes++
	n := f.writes
	if f.fails != nil {
		if err := f.fails(n); err != nil {
			return err
		}
	}
	err := f.store.Apply(ctx, fence, b)
	if err == nil && f.loses != nil {
		err = f.loses(n)
	}
	return err
}

// withFaltering plays a load of twelve in two groups on a store that falters.
func withFaltering(t *testing.T, play func(c *company, f *faltering)) {
	t.Helper()
	f := &faltering{store: embedded(t)}
	simulatedOn(t, newCompanyOn(t, lenient(), f, 60), func(c *company) {
		ids := c.join(staff(12)...)
		c.push("Sales", ids[:8]...)
		c.push("Ops", ids[4:]...)
		play(c, f)
		c.madeOnce()
		c.loggedOnce()
		c.inStep()
	})
}

// madeOnce fails where Omni made an object twice.
func (c *company) madeOnce() {
	c.t.Helper()
	made := 0
	for _, r := range c.omni.Requests() {
		if (r.Kind == simomni.CreateUser || r.Kind == simomni.CreateGroup) && r.Status == http.StatusCreated {
			made++
		}
	}
	if there := len(c.omni.Users()) + len(c.omni.Groups()); made != there {
		c.t.Errorf("Omni made %d users and groups and has %d", made, there)
	}
}

// loggedOnce fails where a change that was applied stands in the log twice.
func (c *company) loggedOnce() {
	c.t.Helper()
	list, err := state.Newest[state.Change](c.t.Context(), c.store, state.Log, 1000)
	if err != nil {
		c.t.Fatal(err)
	}
	lines := map[string]int{}
	for _, l := range list {
		if l.State == state.Applied {
			lines[fmt.Sprintf("%s of %s%s at %s", l.Kind, l.UserName, l.Group, l.Time)]++
		}
	}
	if len(lines) < 12 {
		c.t.Errorf("the log has %d changes", len(lines))
	}
	for line, n := range lines {
		if n > 1 {
			c.t.Errorf("the log has %d times %s", n, line)
		}
	}
}

// Any write may fail for a while: the run goes on, and tells meanwhile what it waits for.
func TestRunPausesForTheLedger(t *testing.T) {
	for _, from := range []int{1, 2, 5, 9, 20} {
		t.Run(fmt.Sprint("from write ", from), func(t *testing.T) {
			withFaltering(t, func(c *company, f *faltering) {
				asked := 0
				f.fails = func(n int) error {
					if n < from || n >= from+3 {
						return nil
					}
					if n > from {
						asked++
						c.tellsPause("waits for the ledger: write ledger: READONLY")
					}
					return errReadOnly
				}
				c.want(c.run(sync.Full), sync.Done)
				if asked != 2 {
					c.t.Errorf("%d writes were tried again", asked)
				}
				if err := c.engine.Waits(); err != nil {
					c.t.Errorf("after the run it still waits: %v", err)
				}
			})
		})
	}
}

func (c *company) tellsPause(want string) {
	c.t.Helper()
	s, err := c.engine.Status(c.t.Context())
	if err != nil || s.Running == nil || s.Running.Note != want {
		c.t.Errorf("meanwhile the status is %+v, %v", s.Running, err)
	}
	if why := c.engine.Waits(); !fault.Is(why, fault.Unavailable) {
		c.t.Errorf("meanwhile the engine waits for %v", why)
	}
}

// Every answer of the ledger is lost once, after the write took effect.
func TestWriteIsSentAgainOnce(t *testing.T) {
	withFaltering(t, func(c *company, f *faltering) {
		f.loses = func(n int) error {
			if n%2 == 1 {
				return errReadOnly
			}
			return nil
		}
		c.want(c.run(sync.Full), sync.Done)
		if f.writes < 30 || f.writes%2 != 0 {
			c.t.Errorf("it was written %d times", f.writes)
		}
		if runs := c.runs(); len(runs) != 1 {
			c.t.Errorf("the ledger has %d runs", len(runs))
		}
	})
}

// A ledger that is away for too long ends the run; the next one makes it good.
func TestRunEndsWhenTheLedgerStaysAway(t *testing.T) {
	for _, from := range []int{1, 6, 15} {
		t.Run(fmt.Sprint("from write ", from), func(t *testing.T) {
			withFaltering(t, func(c *company, f *faltering) {
				var since time.Time
				f.fails = func(n int) error {
					if n < from {
						return nil
					}
					if since.IsZero() {
						since = time.Now()
					}
					if time.Since(since) < 2*time.Minute {
						return errReadOnly
					}
					return nil
				}
				_, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Full, Cause: "test"})
				if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "READONLY") {
					c.t.Errorf("the run ended with %v", err)
				}
				if took := time.Since(since); took < 50*time.Second || took > 90*time.Second {
					c.t.Errorf("the run ended %s after the ledger went away", took)
				}
				<-time.After(2 * time.Minute)
				c.want(c.run(sync.Full), sync.Done)
			})
		})
	}
}

// Nothing but an unavailable ledger is waited for.
func TestOtherFaultsEndTheRunAtOnce(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Fenced, fault.Refused, fault.Unauthorized, fault.Other} {
		t.Run(kind.String(), func(t *testing.T) {
			withFaltering(t, func(c *company, f *faltering) {
				tries := 0
				f.fails = func(n int) error {
					if n < 5 {
						return nil
					}
					tries++
					return &fault.Error{Kind: kind, Op: "write ledger"}
				}
				began := time.Now()
				_, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Full, Cause: "test"})
				if !fault.Is(err, kind) {
					c.t.Errorf("the run ended with %v", err)
				}
				if c.engine.Waits() != nil || tries > 12 || time.Since(began) > 20*time.Second {
					c.t.Errorf("%d tries in %s", tries, time.Since(began))
				}
				f.fails = nil
				c.want(c.pass(sync.Request{Kind: sync.Full, Cause: "test", Insist: true}), sync.Done)
			})
		})
	}
}

// A run that is told to end doesn't wait longer than its changes may take, and
// one whose lease is lost not at all.
func TestPauseEndsWithTheRun(t *testing.T) {
	for _, row := range []struct {
		cause  error
		within time.Duration
	}{
		{&fault.Error{Kind: fault.Fenced, Op: "the lease is lost"}, 12 * time.Second},
		{context.Canceled, 20 * time.Second},
	} {
		t.Run(row.cause.Error(), func(t *testing.T) {
			withFaltering(t, func(c *company, f *faltering) {
				ctx, end := context.WithCancelCause(c.t.Context())
				var ended time.Time
				f.fails = func(n int) error {
					if n < 9 {
						return nil
					}
					if n == 12 {
						ended = time.Now()
						end(row.cause)
					}
					return errReadOnly
				}
				_, err := c.engine.Pass(ctx, sync.Request{Kind: sync.Full, Cause: "test"})
				if err == nil || ended.IsZero() || time.Since(ended) > row.within {
					c.t.Errorf("the run ended with %v, %s after it was told to", err, time.Since(ended))
				}
				f.fails = nil
				c.want(c.pass(sync.Request{Kind: sync.Full, Cause: "test", Insist: true}), sync.Done)
			})
		})
	}
}

package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// The lease's times. A renewal that fails is tried again soon, so that one lost
// answer shortly before the ledger is well again doesn't cost the lease.
const (
	leaseTime   = 12 * time.Second
	leaseRenew  = 4 * time.Second
	renewWithin = 2 * time.Second        // how long one try may take
	renewAgain  = 500 * time.Millisecond // between a try that failed and the next
)

// lease is the right to write, renewed in the background until it is given back or lost.
type lease struct {
	store state.Leaser
	fence state.Fence
	lost  context.CancelCauseFunc // ends the context of those who write
	stop  context.CancelFunc      // ends the renewing
	ended chan struct{}

	acquired time.Time
	renewed  atomic.Int64 // in Unix nanoseconds
}

// hold takes the lease and keeps it. The context it gives ends when ctx does, or
// with a fault.Fenced as its cause when the lease is lost; the renewing goes on
// until release, so that a last change can be recorded after ctx has ended.
func hold(ctx context.Context, store state.Leaser) (context.Context, *lease, error) {
	asked := time.Now()
	fence, err := store.Acquire(ctx, holderName(), leaseTime)
	if err != nil {
		if fault.Is(err, fault.Fenced) {
			err = &fault.Error{Kind: fault.Fenced, Op: "another syncd leads this connection", Err: err,
				Hint: "stop that one first; if it has crashed, its lease ends by itself within 15 seconds"}
		}
		return nil, nil, err
	}
	working, lost := context.WithCancelCause(ctx)
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	l := &lease{store: store, fence: fence, lost: lost, stop: stop, ended: make(chan struct{}), acquired: asked}
	l.renewed.Store(asked.UnixNano())
	go l.keep(renewing, asked.Add(leaseTime))
	return working, l, nil
}

// keep renews the lease, which lasts until that time at first.
func (l *lease) keep(ctx context.Context, until time.Time) {
	defer close(l.ended)
	next := time.NewTimer(leaseRenew)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		asked := time.Now()
		if asked.After(until) { // this process stood still: nobody needs to be asked, and meanwhile nothing more may begin
			l.end(nil)
			return
		}
		err := l.renew(ctx)
		if err == nil {
			until = asked.Add(leaseTime)
			l.renewed.Store(asked.UnixNano())
			next.Reset(leaseRenew)
			continue
		}
		next.Reset(renewAgain)
		// What is under way must end within the lease.
		if fault.Is(err, fault.Fenced) || time.Now().Add(leaseRenew).After(until) {
			l.end(err)
			return
		}
	}
}

// end tells those who write that the lease is lost.
func (l *lease) end(err error) {
	l.lost(&fault.Error{Kind: fault.Fenced, Op: "the lease is lost", Err: err,
		Hint: "another process may lead now, the ledger was out of reach for too long, or this process stood still"})
}

func (l *lease) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, renewWithin)
	defer cancel()
	return l.store.Renew(ctx, l.fence, leaseTime)
}

// gone reports whether the renewing has ended: the lease is lost, or given back.
func (l *lease) gone() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// release ends the renewing and gives the lease back.
func (l *lease) release() error {
	l.stop()
	<-l.ended
	l.lost(nil)
	ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
	defer cancel()
	return l.store.Release(ctx, l.fence)
}

func holderName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("syncd %d@%s", os.Getpid(), host)
}

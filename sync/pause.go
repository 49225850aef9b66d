package sync

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// How long a write waits for a ledger that is slow, read-only, full or failing
// over: between two tries, and in all. A lease ends sooner than that where the
// ledger is out of reach for the lease too, and the run with it.
const (
	firstPause   = 200 * time.Millisecond
	longestPause = 2 * time.Second
	pauseWithin  = time.Minute
)

// put writes a batch under the fence, and waits while the ledger can't take it.
// A write whose answer was lost may have been done: the same batch is sent again,
// with the same ID, which the store knows as long as nothing else was written. So
// batches are written one at a time.
func (e *Engine) put(ctx context.Context, b state.Batch) error {
	if len(b.Appends) > 0 {
		defer wake(e.outflow.stirred, struct{}{})
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	b.ID = rand.Text()
	began := time.Now()
	pause := firstPause
	err := e.o.Store.Apply(ctx, e.o.Fence, b)
	if !fault.Is(err, fault.Unavailable) {
		return err
	}
	defer e.wait(nil)
	for fault.Is(err, fault.Unavailable) && time.Since(began)+pause <= pauseWithin {
		if ctx.Err() != nil {
			return err
		}
		e.wait(err)
		if !sleep(ctx, time.Now().Add(pause)) {
			return err
		}
		pause = min(2*pause, longestPause)
		err = e.o.Store.Apply(ctx, e.o.Fence, b)
	}
	if err == nil {
		e.o.Log.Info("the ledger answers again", zap.Duration("after", time.Since(began)))
	}
	return err
}

// wait notes what a write waits for, nil for nothing any more.
func (e *Engine) wait(err error) {
	if err == nil {
		e.pausing.Store(nil)
		e.follower.remark("")
		return
	}
	if e.pausing.Swap(&err) == nil { // once, not at each try
		e.o.Log.Warn("waits for the ledger", zap.Error(err), zap.String("hint", fault.HintOf(err)))
	}
	e.follower.remark("waits for the ledger: " + err.Error())
}

// Waits tells why the ledger doesn't take what is to be written, nil while it
// does. Readings may go well meanwhile.
func (e *Engine) Waits() error {
	if err := e.pausing.Load(); err != nil {
		return *err
	}
	return nil
}

// ending gives a context for a run's last writes. A run that was stopped has
// waited already.
func ending(ctx context.Context, stopErr error) (context.Context, context.CancelFunc) {
	if stopErr != nil {
		return context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	}
	return outlast(ctx)
}

// lock is a mutex that is held while a batch waits for the ledger. It is a
// channel: a simulated clock goes on while somebody waits for it.
type lock chan struct{}

// locks are an engine's.
type locks struct {
	ledgers   lock // of every ledger in memory, and of what is noted beside them
	writing   lock // one batch at a time; a write may wait long
	restoring lock // one at a time
	exporting lock // one at a time, and none while somebody is forgotten
}

func newLocks() locks {
	return locks{ledgers: newLock(), writing: newLock(), restoring: newLock(), exporting: newLock()}
}

func newLock() lock    { return make(lock, 1) }
func (l lock) Lock()   { l <- struct{}{} }
func (l lock) Unlock() { <-l }

// Take is Lock that ends with ctx, and gives its cause.
func (l lock) Take(ctx context.Context) error {
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

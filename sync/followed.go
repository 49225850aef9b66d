package sync

import (
	"context"

	"github.com/omnisync/omnisync/state"
)

// Followed tells how the log is followed, nil where it isn't and never was. It reads one
// record of the ledger.
func (e *Engine) Followed(ctx context.Context) (*Followed, error) {
	read, known, err := state.Read[state.LogRead](ctx, e.o.Store, state.Meta, metaLog)
	w := &e.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil || !known && w.rearm == nil {
		return nil, err
	}
	f := &Followed{Read: read.Since, Missed: max(read.Missed, w.suspects.missed), Names: append([]string{}, w.suspects.names...), Again: len(w.again), Seconds: w.times.sum()}
	if w.place.Since.After(f.Read) {
		f.Read = w.place.Since
	}
	switch {
	case w.lag != nil:
		f.Waits = w.lag.Error()
	case w.whole != nil:
		f.Waits = "for a " + string(w.whole.kind) + " run: " + w.whole.why
	}
	return f, nil
}

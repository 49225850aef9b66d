package sync

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// The provisioning log is also exported to a file, by whoever leads: behind the ledger, which
// no run waits for. What the file has is asked of the file, what follows it of the ledger.

const (
	// exported is how many lines go out together, exportedBytes how long they are, unless a
	// single one is longer.
	exported      = 500
	exportedBytes = 4 << 20
	// exportGathers is how long lines are gathered before they go out together.
	exportGathers = 200 * time.Millisecond
	// exportHangs is how long the file may take to answer until that is told.
	exportHangs = time.Minute
	// exportAgain is when a failed export is tried again though nothing is new.
	exportAgain = time.Minute
	// exportSeen is how old what the file says of an idle log may get.
	exportSeen = time.Hour
)

// outflow is what an engine knows of its export.
type outflow struct {
	stirred chan struct{}             // capacity 1: the log has grown
	trouble atomic.Pointer[Exporting] // nil: the file has all
	asked   atomic.Pointer[time.Time] // since when the file is to answer; nil: it has
}

// Exporting tells that the log is exported, and whether that works.
type Exporting struct {
	Error string    `json:"error,omitempty"` // why the file lacks lines, which it gets later
	Hint  string    `json:"hint,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

// exporter reports whether this engine exports: who only reads doesn't.
func (e *Engine) exporter() bool { return e.o.Outlet != nil && e.o.Fence != "" }

// Exports exports what the log gets, until ctx ends. What couldn't be written is tried again.
func (e *Engine) Exports(ctx context.Context) {
	for e.exporter() {
		_ = e.Export(ctx) // it is told
		again := time.NewTimer(exportAgain)
		select {
		case <-e.outflow.stirred:
			sleep(ctx, time.Now().Add(exportGathers))
		case <-again.C:
		case <-ctx.Done():
		}
		again.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// Export brings the file up to the log. A failure is told in the status, as an alert, and
// once in the daemon's own log.
func (e *Engine) Export(ctx context.Context) error {
	if !e.exporter() {
		return nil
	}
	if err := e.exporting.Take(ctx); err != nil {
		return err
	}
	defer e.exporting.Unlock()
	err := e.export(ctx)
	if ctx.Err() != nil {
		return err
	}
	before := e.outflow.trouble.Load()
	switch {
	case err == nil && before != nil:
		e.outflow.trouble.Store(nil)
		e.o.Log.Info("the log is exported again")
		e.alarms.stir()
	case err != nil && before == nil:
		e.o.Log.Error("the log isn't exported", zap.Error(err), zap.String("hint", fault.HintOf(err)))
		e.outflow.trouble.Store(&Exporting{Error: err.Error(), Hint: fault.HintOf(err), Since: time.Now().UTC()})
		e.alarms.stir()
	}
	return err
}

// exports is what the status tells; nil where nothing is exported by this process.
func (e *Engine) exports() *Exporting {
	if !e.exporter() {
		return nil
	}
	if t := e.outflow.trouble.Load(); t != nil {
		return t
	}
	if since := e.outflow.asked.Load(); since != nil && time.Since(*since) >= exportHangs {
		return &Exporting{Error: errHangs.Error(), Hint: errHangs.Hint, Since: *since}
	}
	return &Exporting{}
}

// errHangs is told of a file that neither takes lines nor fails.
var errHangs = &fault.Error{Kind: fault.Unavailable, Op: "write to the file of log.export", Detail: "it doesn't answer",
	Hint: "see that its disk answers, or the server that it is mounted from; if not, kill syncd, and let log.export name another place"}

// reach asks something of the file, and tells where it doesn't answer.
func (e *Engine) reach(ask func() error) error {
	since := time.Now().UTC()
	e.outflow.asked.Store(&since)
	late := time.AfterFunc(exportHangs, func() {
		e.o.Log.Error("the log isn't exported", zap.Error(errHangs), zap.String("hint", errHangs.Hint))
		e.alarms.stir()
	})
	err := ask()
	e.outflow.asked.Store(nil)
	if !late.Stop() {
		e.o.Log.Info("the file of log.export answers again")
		e.alarms.stir()
	}
	return err
}

func (e *Engine) append(ctx context.Context, lines [][]byte, from, to state.Exported) error {
	return e.reach(func() error { return e.o.Outlet.Append(ctx, lines, from, to) })
}

// unexported has nothing exported until done is called. A file that doesn't answer is waited
// for as long as until it is told.
func (e *Engine) unexported(ctx context.Context) (done func(), err error) {
	ctx, stop := context.WithTimeoutCause(ctx, exportHangs, errHangs)
	defer stop()
	return e.exporting.Unlock, e.exporting.Take(ctx)
}

func (e *Engine) export(ctx context.Context) error {
	var from state.Exported
	err := e.reach(func() (err error) {
		from, err = e.o.Outlet.Place(ctx)
		return err
	})
	if err != nil {
		return err
	}
	at := from
	if at.Name = e.o.Identity.Name; from.Name != "" && from.Name != at.Name {
		return &fault.Error{Kind: fault.Refused, Op: "export the log of " + at.Name, Detail: "the file of log.export has the log of the connection " + from.Name,
			Hint: "give each connection a log.export of its own; where this one has got another name, remove the file's .position"}
	}
	gap, err := e.joins(ctx, &at)
	if err != nil {
		return err
	}
	for {
		list, there, err := e.o.Store.After(ctx, state.Log, at.Key, exported)
		if err != nil {
			return err
		}
		if !there && gap == "" {
			if gap, err = e.trimmed(ctx, at); err != nil {
				return err
			}
		}
		if len(list) == 0 {
			return e.idle(ctx, from, at)
		}
		var lines [][]byte
		if lines, at, err = bundle(list, at, gap); err != nil {
			return err
		}
		if len(list) < exported && at.Key == list[len(list)-1].Key {
			at.Seen = time.Now().UTC()
		}
		if err := e.append(ctx, lines, from, at); err != nil {
			return err
		}
		from, gap = at, ""
	}
}

// bundle gives the lines of the first entries, as many as go out together, and the place
// behind them.
func bundle(list []state.Entry, at state.Exported, gap string) (lines [][]byte, to state.Exported, err error) {
	if gap != "" {
		lines = append(lines, lineOf(state.Change{Kind: gapKind, State: state.Kept, Reason: gap, Time: at.Time})) // the same each time it is tried
	}
	size := 0
	for i, entry := range list {
		c, err := state.Decode[state.Change](entry, state.Bucket(state.Log))
		if err != nil {
			return nil, at, err
		}
		line := lineOf(c)
		if size += len(line); size > exportedBytes && i > 0 {
			break
		}
		lines = append(lines, line)
		at.Prev, at.Key, at.Time = at.Key, entry.Key, c.Time
	}
	at.Sum = state.SumOf(lines[len(lines)-1])
	return lines, at, nil
}

// gapKind is the kind of a line that stands in exports alone.
const gapKind = "gap"

// idle notes now and then that nothing follows: what is gone later wasn't missed.
func (e *Engine) idle(ctx context.Context, from, at state.Exported) error {
	if at.Sum == "" || at == from && time.Since(at.Seen) < exportSeen {
		return nil
	}
	at.Seen = time.Now().UTC()
	return e.append(ctx, nil, from, at)
}

// lineOf is a line of the export.
func lineOf(c state.Change) []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("a change that isn't JSON: %v", err)) // its types can't fail
	}
	return append(text, '\n')
}

// joins finds in this ledger the place to go on from, where the export came from another
// one, or from a newer one of which this is a copy, or doesn't know: behind the same line, else before what is younger. It tells what
// may be missing.
func (e *Engine) joins(ctx context.Context, at *state.Exported) (gap string, err error) {
	ledger, err := e.o.Store.Position(ctx)
	if err != nil {
		return "", err
	}
	if ledger.Epoch == at.Epoch {
		if older, err := e.older(ctx, *at); err != nil || !older {
			return "", err
		}
	}
	at.Epoch, at.Prev, at.Key = ledger.Epoch, "", ""
	if at.Sum == "" {
		return "", nil
	}
	found, younger, before := false, false, ""
	var oldest time.Time
	last, err := e.everyEntry(ctx, func(prev string, entry state.Entry) error {
		c, err := state.Decode[state.Change](entry, state.Bucket(state.Log))
		if err != nil {
			return err
		}
		if oldest.IsZero() {
			oldest = c.Time
		}
		if state.SumOf(lineOf(c)) == at.Sum {
			found, at.Prev, at.Key = true, prev, entry.Key
		}
		if !younger && c.Time.After(at.Time) {
			younger, before = true, prev
		}
		return nil
	})
	switch {
	case err != nil || found:
		return "", err
	case !younger: // it may still be filled from the archive
		at.Epoch, at.Key = "", last
		return "", nil
	}
	at.Key = before
	return "this ledger doesn't have the line before this one, so that lines between may be missing; state.archive has what this machine wrote", nil
}

// older reports whether the ledger is a copy from before the place, which has gone on
// otherwise: another change has its key, or none has while what stands before it is there,
// which trimming doesn't leave. Forgetting changes neither keys nor times.
func (e *Engine) older(ctx context.Context, at state.Exported) (bool, error) {
	list, _, err := e.o.Store.After(ctx, state.Log, at.Prev, 1)
	if err != nil {
		return false, err
	}
	if len(list) > 0 && list[0].Key == at.Key {
		c, err := state.Decode[state.Change](list[0], state.Bucket(state.Log))
		return !c.Time.Equal(at.Time), err
	}
	next, there, err := e.o.Store.After(ctx, state.Log, at.Key, 1)
	if err != nil || there {
		return false, err
	}
	oldest, _, err := e.o.Store.After(ctx, state.Log, "", 1)
	return len(oldest) > 0 && (len(next) == 0 || next[0].Key != oldest[0].Key), err
}

// everyEntry walks over the log, the oldest first, and gives the last key.
func (e *Engine) everyEntry(ctx context.Context, each func(prev string, entry state.Entry) error) (last string, err error) {
	for {
		list, _, err := e.o.Store.After(ctx, state.Log, last, exported)
		if err != nil || len(list) == 0 {
			return last, err
		}
		for _, entry := range list {
			if err := each(last, entry); err != nil {
				return last, err
			}
			last = entry.Key
		}
	}
}

// trimmed tells, of a place that the ledger has no more, whether what followed it may be gone
// too: not where the file had all until lately, and fewer lines came than are kept.
func (e *Engine) trimmed(ctx context.Context, at state.Exported) (string, error) {
	kept := 0
	if _, err := e.everyEntry(ctx, func(string, state.Entry) error { kept++; return nil }); err != nil {
		return "", err
	}
	if time.Since(at.Seen) < cmp.Or(e.o.Keep, state.MaxAge) && kept < state.Log.Keep() {
		return "", nil
	}
	return "the ledger no longer has all that followed the line before this one: it keeps " + counted(state.Log.Keep(), "line") +
		", none longer than log.keep; state.archive has what this machine wrote", nil
}

package sync

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// watch is what an engine knows between runs, so that a delta has to ask for little.
// It is lost with the process: the first run of the next one is full.
type watch struct {
	mu       sync.Mutex
	place    identity.LogPlace        // where the next reading of the System Log begins
	kept     state.LogRead            // as the ledger has it
	again    map[string]look          // by subject
	began    time.Time                // when the newest full reading began, by Okta's clock
	seeded   bool                     // again has what the ledger knows
	census   *census                  // nil until a full reading has told it
	outside  map[identity.OktaID]bool // assigned without an account: outside the scope, staged, refused
	app      identity.App
	whole    *wider    // a full run is needed, and nothing is read until it has read; nil: none is
	lag      error     // why the log isn't read on; nil: it is
	lagSince time.Time // of this kind
	good     time.Time // when it was read last
	suspects suspects
	times    latencies
	ask      func(Request) // has a run made; nil where no loop makes any
	rearm    func()        // says that next may be earlier; nil where no loop makes deltas
}

// wider is why a full run is needed in place of a delta.
type wider struct {
	kind  RunKind
	why   string
	skips time.Time // from when on the log is read again, by Okta's clock: what is before only a full run finds; zero: from where it was
	since time.Time // when it was needed first
	asked time.Time // when it was asked for last
}

// Watched is what became of a look at the System Log.
type Watched struct {
	Report *Report   // of the delta run; nil where there was none
	Newest time.Time // when the newest of what the log told happened, by our clock; zero where it told nothing
	Wider  RunKind   // the run that is needed in its place; "" for none
	Why    string
}

const (
	// logOverlap is how much of the log before a full run's beginning is read once more
	// after it: Okta's clock is told in whole seconds, and its lists may be a moment old.
	logOverlap = 3 * time.Second
	// logRetention is how long Okta keeps events (90 days), less a day.
	logRetention = 89 * 24 * time.Hour
	// logPages is how many full pages of the log are read in a row.
	logPages = 20
	// keepPlace is how often the place is written while nothing is touched.
	keepPlace = 5 * time.Minute
	// askWider is how often a full run is asked for that doesn't come.
	askWider = 5 * time.Minute
	// atOnce is how many may be touched before a full reading has told how many there are.
	atOnce = 200
)

// Watch reads on in Okta's System Log and, where anything was touched or is to be
// looked at again, makes a delta run. Nothing touched: one request to Okta, none to
// Omni, two to the ledger. busy says that a run of another kind is under way: a delta
// goes on beside it, and then also does what else would be a full run's. While Omni is
// down nothing is looked at: what the log tells is there later too.
func (e *Engine) Watch(ctx context.Context, busy bool) (Watched, error) {
	w := &e.watch
	wide, err := e.mayWatch(ctx)
	if err != nil || wide != nil {
		return w.widen(wide), w.lags(err)
	}
	if w.waiting(time.Now()) {
		return Watched{}, nil
	}
	if rest := e.o.Omni.Away(ctx, false); rest > 0 {
		return Watched{}, w.lags(&fault.Error{Kind: fault.Unavailable, Op: "Omni doesn't answer; the System Log is read on when it does", After: rest})
	}
	again := w.askAgain(busy, time.Now())
	watched, err := e.lookAround(ctx, busy)
	if watched.Wider == "" {
		watched.Wider, watched.Why = again.Wider, again.Why
	}
	return watched, err
}

// lookAround is Watch where a delta may be made.
func (e *Engine) lookAround(ctx context.Context, busy bool) (Watched, error) {
	w := &e.watch
	if busy && !w.informed() { // it tells soon what a delta needs to know
		return Watched{}, nil
	}
	if err := e.seed(ctx); err != nil {
		return Watched{}, w.lags(err)
	}
	h, err := e.listen(ctx, busy)
	if err != nil || h.wider != nil {
		return w.widen(h.wider), w.lags(err)
	}
	t, place := h.touched, h.place
	_ = w.lags(nil)
	now := time.Now()
	w.due(t, now)
	if err := e.prune(ctx, t); err != nil {
		return Watched{}, err
	}
	w.drop(t, now)
	newest := t.newestBy(e.o.Okta.Skew())
	if t.empty() {
		return Watched{Newest: newest}, e.moveOn(ctx, place, false)
	}
	if e.groupwise {
		t.readMembers()
	}
	price := t.choose(e.o.Okta, w.counted())
	if c := w.counted(); !busy && (c.users > 0 && t.burst(e.o.Okta, c, price) || c.users == 0 && len(t.users) > atOnce) {
		return w.widen(&wider{kind: Full, skips: e.logNow(), why: fmt.Sprintf("so much was touched (%d users, %d groups) that a full run is the cheaper reading", len(t.users), len(t.members)+len(t.groups))}), nil
	}
	run := e.begin(Request{Kind: Delta, Cause: causeLog})
	run.touched = t
	rep, err := e.pass(ctx, run)
	if err != nil {
		return Watched{Report: &rep, Newest: newest}, err
	}
	done := Watched{Report: &rep, Newest: newest}
	if run.wider != "" {
		done.Wider, done.Why = Full, run.wider
	}
	return done, e.moveOn(ctx, place, true)
}

// causeLog is the cause of delta runs.
const causeLog = "system log"

// mayWatch reports the run that is needed before a delta means anything: the ledger
// is empty, or was lost.
func (e *Engine) mayWatch(ctx context.Context) (*wider, error) {
	c, _, err := state.Read[state.Connection](ctx, e.o.Store, state.Meta, metaConnection)
	if err != nil {
		return nil, err
	}
	if c.Org == "" {
		return &wider{kind: Reconcile, why: "the ledger is empty"}, nil
	}
	why, _, err := e.lost(ctx, c)
	if err == nil && why != "" {
		return &wider{kind: Reconcile, why: why}, nil
	}
	return nil, err
}

// lags remembers why the log isn't read on, nil when it is.
func (w *watch) lags(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); err == nil {
		w.good = now
	} else if w.lag == nil || fault.KindOf(w.lag) != fault.KindOf(err) {
		w.lagSince = now
	}
	w.lag = err
	return err
}

// widen has a full run asked for, and no delta begin until it has read, or has had
// the time to.
func (w *watch) widen(wide *wider) Watched {
	if wide == nil {
		return Watched{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	wide.since, wide.asked = time.Now(), time.Now()
	if !wide.skips.IsZero() {
		w.place = identity.LogPlace{Since: wide.skips}
	}
	w.whole = wide
	return Watched{Wider: wide.kind, Why: wide.why}
}

func (w *watch) waiting(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.whole != nil && now.Sub(w.whole.since) < askWider
}

// askAgain asks once more for a full run that didn't come, or couldn't read.
func (w *watch) askAgain(busy bool, now time.Time) Watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.whole != nil && !busy && now.Sub(w.whole.asked) >= askWider {
		w.whole.asked = now
		return Watched{Wider: w.whole.kind, Why: w.whole.why}
	}
	return Watched{}
}

// servedBy sets what makes runs, and what is told that next may be earlier.
func (w *watch) servedBy(ask func(Request), rearm func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ask, w.rearm = ask, rearm
}

// askFor has a run made, where a loop makes runs.
func (w *watch) askFor(r Request) {
	w.mu.Lock()
	ask := w.ask
	w.mu.Unlock()
	if ask != nil {
		ask(r)
	}
}

// informed reports whether a full reading has told who is assigned.
func (w *watch) informed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.census != nil
}

// counted is the newest census, zero for none.
func (w *watch) counted() census {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.census == nil {
		return census{}
	}
	return *w.census
}

func (w *watch) theApp() identity.App {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.app
}

func (w *watch) sawApp(app identity.App) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.app = app
}

// listen reads on in the log.
func (e *Engine) listen(ctx context.Context, busy bool) (heard, error) {
	w, h, now := &e.watch, heard{touched: newTouched()}, e.logNow()
	var err error
	h.place, err = e.logPlace(ctx)
	switch {
	case err != nil:
		return h, err
	case h.place.Since.IsZero():
		h.wider = &wider{kind: Full, skips: now, why: "no full run has told yet from where on the System Log is to be read"}
		return h, nil
	case time.Since(h.place.Since) > logRetention:
		h.wider = &wider{kind: Full, skips: now, why: fmt.Sprintf("the System Log was read last at %s, and Okta doesn't keep it that long", h.place.Since.UTC().Format(time.RFC3339))}
		return h, nil
	}
	for n := 1; ; n++ {
		page, err := e.o.Okta.Touches(ctx, h.place)
		if fault.Is(err, fault.NotFound) {
			h.wider = &wider{kind: Full, skips: now, why: err.Error()}
			return h, nil
		}
		if err != nil {
			return h, err
		}
		news := !page.More || w.news(page.Touches) // else a full run has begun since
		if news {
			h.add(page.Touches)
		}
		e.explained(page.Touches)
		h.place = page.Place
		switch {
		case !page.More:
			return h, nil
		case news && !busy:
			h.wider = &wider{kind: Full, skips: now, why: fmt.Sprintf("the System Log tells of %d changes and more at once", len(page.Touches))}
			return h, nil
		case n == logPages: // the rest is read next time
			w.askFor(Request{Kind: Delta, Cause: causeLog})
			return h, nil
		}
	}
}

// heard is what a look at the log told: what was touched, and the place behind it; or
// the wider run that is needed.
type heard struct {
	touched *touched
	place   identity.LogPlace
	wider   *wider
}

func (h heard) add(touches []identity.Touch) {
	for _, t := range touches {
		h.touched.add(t)
	}
}

// explained tells the log of whom its events missed.
func (e *Engine) explained(touches []identity.Touch) {
	missed := e.watch.explained(touches, time.Now().Add(-e.o.Okta.Skew()))
	if len(missed) > 0 {
		e.o.Log.Warn("missed by delta: a full run found what no event of the System Log told of",
			zap.Int("count", len(missed)), zap.Strings("what", missed[:min(len(missed), missedNames)]))
	}
}

// logNow is from where on the log is read after a full run that begins now, by Okta's clock.
func (e *Engine) logNow() time.Time { return time.Now().Add(-e.o.Okta.Skew() - logOverlap) }

// logPlace is where the log is read on: in memory, else as the ledger has it.
func (e *Engine) logPlace(ctx context.Context) (identity.LogPlace, error) {
	w := &e.watch
	w.mu.Lock()
	place := w.place
	w.mu.Unlock()
	if !place.Since.IsZero() {
		return place, nil
	}
	err := e.knew(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.place = w.kept.LogPlace
	return w.place, err
}

// metaLog is the key of the place in the ledger.
const metaLog = "log"

// moveOn goes to a place of the log whose touches were acted upon, and writes it down
// where that matters: while something is still to be read again, not.
func (e *Engine) moveOn(ctx context.Context, place identity.LogPlace, acted bool) error {
	if err := e.knew(ctx); err != nil {
		return err
	}
	w := &e.watch
	w.mu.Lock()
	w.place = place
	read := state.LogRead{LogPlace: place, Missed: w.suspects.missed}
	behind := false
	for _, l := range w.again {
		behind = behind || l.tries > 0
	}
	due := !behind && w.whole == nil && read != w.kept && (acted || place.Since.Sub(w.kept.Since) >= keepPlace)
	w.mu.Unlock()
	if !due {
		return nil
	}
	var b state.Batch
	state.Put(&b, state.Meta, metaLog, read)
	if err := e.put(ctx, b); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = read
	return nil
}

// lookAt has the users among the subjects looked at by the next delta, whatever the log
// tells: a push of theirs has left something to a reading. Groups are left alone: Okta's
// lists lag behind its pushes.
func (e *Engine) lookAt(subjects []string) {
	w := &e.watch
	w.mu.Lock()
	rearm := w.rearm
	if rearm == nil {
		w.mu.Unlock()
		return
	}
	for _, s := range subjects {
		id, user := strings.CutPrefix(s, userSubject(""))
		if _, there := w.again[s]; user && !there && !isOwn(identity.OktaID(id)) {
			w.again[s] = look{at: time.Now().Add(afterPush)}
		}
	}
	w.mu.Unlock()
	rearm()
}

// afterPush is how long after a push its user is looked at, so that what it was one of
// several of has come.
const afterPush = 2 * time.Second

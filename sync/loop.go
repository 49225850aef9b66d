package sync

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/robfig/cron/v3"
	"go.uber.org/zap"
)

// Schedule says when runs begin by themselves, as robfig/cron expressions; an
// empty one never does.
type Schedule struct {
	Delta     string
	Hooks     bool // deltas begin by Wake too
	Full      string
	Reconcile string
	Location  *time.Location
}

// Loop decides when runs happen; Engine.Pass decides what happens. Runs never
// overlap, and a tick that comes while a run lasts is made up for once. Deltas have a
// lane of their own, beside the other runs: those may last for hours where Omni has
// much to take.
type Loop struct {
	engine *Engine
	log    *zap.Logger
	cron   *cron.Cron
	due    chan Request // capacity 1 a kind: a waiting tick swallows the next
	deeper chan Request
	quick  chan Request  // for deltas, likewise; nil where there are none
	sooner chan struct{} // something is to be looked at again, maybe before what is waited for
	one    chan struct{} // holds something while a run is under way
	aside  chan struct{} // likewise of what goes on beside: a look at the log, a user run
}

// NewLoop builds a loop; it starts with Run. An error names the expression that
// can't be read.
func NewLoop(e *Engine, s Schedule, log *zap.Logger) (*Loop, error) {
	location := s.Location
	if location == nil {
		location = time.UTC
	}
	l := &Loop{engine: e, log: log, cron: cron.New(cron.WithLocation(location)),
		due: make(chan Request, 1), deeper: make(chan Request, 1), one: make(chan struct{}, 1), aside: make(chan struct{}, 1)}
	var rearm func()
	if s.Delta != "" || s.Hooks {
		l.quick, l.sooner = make(chan Request, 1), make(chan struct{}, 1)
		rearm = func() { wake(l.sooner, struct{}{}) }
	}
	e.watch.servedBy(l.Ask, rearm)
	var schedules []cron.Schedule
	for _, tick := range []struct {
		expression string
		kind       RunKind
	}{{s.Delta, Delta}, {s.Full, Full}, {s.Reconcile, Reconcile}} {
		if tick.expression == "" {
			continue
		}
		id, err := l.cron.AddFunc(tick.expression, func() { l.Wake(tick.kind) })
		if err != nil {
			return nil, fmt.Errorf("schedule.%s: %w", tick.kind, err)
		}
		schedules = append(schedules, l.cron.Entry(id).Schedule)
	}
	e.alarms.scheduled(schedules, location)
	return l, nil
}

// wake leaves a token unless one is waiting already.
func wake[T any](c chan T, token T) {
	select {
	case c <- token:
	default:
	}
}

// Wake asks for a run of the kind as soon as none is under way; for a look at the
// System Log, at once.
func (l *Loop) Wake(kind RunKind) { l.Ask(Request{Kind: kind, Cause: causeSchedule}) }

const causeSchedule = "schedule"

// byHand reports whether somebody asked for the run: neither the schedule, nor a delta,
// nor a push.
func (r Request) byHand() bool {
	return (r.Kind == Full || r.Kind == Reconcile || r.Kind == User || r.Kind == Undo) && r.Cause != causeSchedule && !strings.HasPrefix(r.Cause, causeLog) && !strings.HasPrefix(r.Cause, causePush)
}

// Ask is Wake for a run that has another cause than the schedule.
func (l *Loop) Ask(r Request) {
	switch r.Kind {
	case Delta:
		if r.Cause == CauseHook { // which a tick that waits doesn't stand for
			select {
			case <-l.quick:
			default:
			}
		}
		wake(l.quick, r)
	case Reconcile:
		wake(l.deeper, r)
	default:
		wake(l.due, r)
	}
}

// Run keeps the schedule until ctx ends, and returns when the run that is then
// under way has ended. A run that fails is logged and recorded by the engine;
// the next tick tries again.
func (l *Loop) Run(ctx context.Context) error {
	l.cron.Start()
	defer func() { <-l.cron.Stop().Done() }()
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { l.engine.heed(ctx) })
	if l.quick != nil {
		beside.Go(func() { l.follow(ctx) })
	}
	for {
		var r Request
		select { // a reconcile does what a full run does, and more
		case r = <-l.deeper:
		default:
			select {
			case r = <-l.deeper:
			case r = <-l.due:
			case <-ctx.Done():
				return nil
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if r.Kind == Reconcile {
			select {
			case <-l.due: // is done with it
			default:
			}
		}
		_, _ = l.Do(ctx, r) // told and recorded by the engine
	}
}

// follow looks at the System Log whenever it is asked to, and when something is to be
// looked at again, until ctx ends.
func (l *Loop) follow(ctx context.Context) {
	told, least := "", soonest
	var news expected
	for {
		look, stop := until(l.engine.watch.next(), least, news.again)
		select {
		case r := <-l.quick:
			news.come(r, time.Now())
		case <-look:
		case <-l.sooner:
			stop()
			continue
		case <-ctx.Done():
			stop()
			return
		}
		stop()
		l.aside <- struct{}{}
		watched, err := l.engine.Watch(ctx, len(l.one) > 0)
		<-l.aside
		news.looked(watched.Newest, watched.Wider != "", lookAfter(err), time.Now())
		if watched.Wider != "" {
			l.log.Info("a wider run is needed than a delta", zap.String("run_kind", string(watched.Wider)), zap.String("because", watched.Why))
			l.Ask(Request{Kind: watched.Wider, Cause: causeLog + ": " + watched.Why})
		}
		now := ""
		least = soonest
		if err != nil && ctx.Err() == nil {
			now, least = err.Error(), lookAfter(err)
		}
		if now != "" && now != told && watched.Report == nil { // once, not at each look; a run tells itself
			l.log.Warn("the System Log isn't read on", zap.Error(err), zap.String("hint", fault.HintOf(err)))
		}
		if now != told {
			l.engine.alarms.stir()
		}
		told = now
	}
}

// until gives what tells when t has come, but not before least, or news are looked for;
// never for zero times.
func until(t time.Time, least time.Duration, news time.Time) (<-chan time.Time, func()) {
	wait := max(least, time.Until(t))
	if !news.IsZero() && (t.IsZero() || time.Until(news) < wait) {
		wait = time.Until(news)
	} else if t.IsZero() {
		return nil, func() {}
	}
	timer := time.NewTimer(wait)
	return timer.C, func() { timer.Stop() }
}

// CauseHook is the cause of deltas that an event hook asks for.
const CauseHook = "event hook"

// expected is what a hook told of and the log doesn't show yet: Okta's documents say
// nothing of which of the two is first.
type expected struct {
	since time.Time // it happened no earlier
	looks int       // that are left
	again time.Time // when the next one is; zero for never
}

const (
	// hookAge is how old an event may be whose hook wakes us: hooks are gathered for half
	// a second.
	hookAge = time.Second
	// hookLooks is how many looks follow one in vain: 1, 2 and 4 s later.
	hookLooks = 3
)

// come begins to look for what a hook tells of.
func (e *expected) come(r Request, now time.Time) {
	if r.Cause == CauseHook {
		e.since, e.looks = now.Add(-hookAge), hookLooks
	}
}

// looked plans the next look where the log told of nothing new enough, or can't be read.
func (e *expected) looked(newest time.Time, over bool, after time.Duration, now time.Time) {
	e.again = time.Time{}
	if after > 0 && !e.since.IsZero() {
		e.again = now.Add(after)
		return
	}
	if over || !newest.Before(e.since) {
		e.looks = 0
	}
	if e.looks > 0 {
		e.again = now.Add(time.Second << (hookLooks - e.looks))
		e.looks--
	}
}

// lookAfter is how long after a look that failed the next one is, 0 where it didn't.
func lookAfter(err error) time.Duration {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.After > 0 {
		return min(f.After, lookSoon)
	}
	if err != nil {
		return lookSoon
	}
	return 0
}

// soonest is the least time between two looks that nobody asked for.
const soonest = 5 * time.Second

// Forget has somebody forgotten when no run is under way, and none begin meanwhile.
func (l *Loop) Forget(ctx context.Context, f Forgetting) (Forgotten, error) {
	select {
	case l.one <- struct{}{}:
	case <-ctx.Done():
		return Forgotten{}, context.Cause(ctx)
	}
	defer func() { <-l.one }()
	select {
	case l.aside <- struct{}{}:
	case <-ctx.Done():
		return Forgotten{}, context.Cause(ctx)
	}
	defer func() { <-l.aside }()
	return l.engine.Forget(ctx, f)
}

// Do does one run when no other is under way; until then it tells of the other. A user
// run and an undo go on beside those of other kinds, as a delta does.
func (l *Loop) Do(ctx context.Context, r Request) (Report, error) {
	if r.Kind == User || r.Kind == Undo {
		return l.beside(ctx, r)
	}
	over := l.engine.follower.wait(r.Progress)
	select {
	case l.one <- struct{}{}:
		over()
	case <-ctx.Done():
		over()
		return Report{}, context.Cause(ctx)
	}
	defer func() { <-l.one }()
	if ctx.Err() != nil {
		return Report{}, context.Cause(ctx)
	}
	return l.engine.Pass(ctx, r)
}

// beside does a user run, or an undo, when nothing else of that lane is under way.
func (l *Loop) beside(ctx context.Context, r Request) (Report, error) {
	select {
	case l.aside <- struct{}{}:
	default:
		if r.Progress != nil {
			r.Progress(Progress{Step: stepWait, Note: "a delta is under way; this run begins after it"})
		}
		select {
		case l.aside <- struct{}{}:
		case <-ctx.Done():
			return Report{}, ctx.Err()
		}
	}
	defer func() { <-l.aside }()
	return l.engine.Pass(ctx, r)
}

package sync

import (
	"context"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
	"go.uber.org/zap"
)

// Schedule says when runs begin by themselves, as robfig/cron expressions; an
// empty one never does.
type Schedule struct {
	Full      string
	Reconcile string
	Location  *time.Location
}

// Loop decides when runs happen; Engine.Pass decides what happens. Runs never
// overlap, and a tick that comes while a run lasts is made up for once.
type Loop struct {
	engine *Engine
	log    *zap.Logger
	cron   *cron.Cron
	due    chan RunKind // capacity 1 a kind: a waiting tick swallows the next
	deeper chan RunKind
	one    chan struct{} // holds something while a run is under way
}

// NewLoop builds a loop; it starts with Run. An error names the expression that
// can't be read.
func NewLoop(e *Engine, s Schedule, log *zap.Logger) (*Loop, error) {
	location := s.Location
	if location == nil {
		location = time.UTC
	}
	l := &Loop{engine: e, log: log, cron: cron.New(cron.WithLocation(location)),
		due: make(chan RunKind, 1), deeper: make(chan RunKind, 1), one: make(chan struct{}, 1)}
	for _, tick := range []struct {
		expression string
		kind       RunKind
		to         chan RunKind
	}{{s.Full, Full, l.due}, {s.Reconcile, Reconcile, l.deeper}} {
		if tick.expression == "" {
			continue
		}
		if _, err := l.cron.AddFunc(tick.expression, func() { wake(tick.to, tick.kind) }); err != nil {
			return nil, fmt.Errorf("schedule.%s: %w", tick.kind, err)
		}
	}
	return l, nil
}

// wake leaves a token unless one is waiting already.
func wake[T any](c chan T, token T) {
	select {
	case c <- token:
	default:
	}
}

// Wake asks for a run of the kind as soon as none is under way.
func (l *Loop) Wake(kind RunKind) {
	if kind == Reconcile {
		wake(l.deeper, kind)
		return
	}
	wake(l.due, kind)
}

// Run keeps the schedule until ctx ends, and returns when the run that is then
// under way has ended. A run that fails is logged and recorded by the engine;
// the next tick tries again.
func (l *Loop) Run(ctx context.Context) error {
	l.cron.Start()
	defer func() { <-l.cron.Stop().Done() }()
	for {
		var kind RunKind
		select { // a reconcile does what a full run does, and more
		case kind = <-l.deeper:
		default:
			select {
			case kind = <-l.deeper:
			case kind = <-l.due:
			case <-ctx.Done():
				return nil
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if kind == Reconcile {
			select {
			case <-l.due: // is done with it
			default:
			}
		}
		_, _ = l.Do(ctx, Request{Kind: kind, Cause: "schedule"}) // told and recorded by the engine
	}
}

// Do does one run when no other is under way; until then it tells of the other.
func (l *Loop) Do(ctx context.Context, r Request) (Report, error) {
	over := l.engine.follower.wait(r.Progress)
	select {
	case l.one <- struct{}{}:
		over()
	case <-ctx.Done():
		over()
		return Report{}, ctx.Err()
	}
	defer func() { <-l.one }()
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	return l.engine.Pass(ctx, r)
}

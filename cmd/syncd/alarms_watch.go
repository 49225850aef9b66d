package main

import (
	"context"
	"time"

	"github.com/omnisync/omnisync/alerts"
	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
	"github.com/robfig/cron/v3"
	"go.uber.org/zap"
)

// newsroom knows what is to be told, and keeps what was.
type newsroom interface {
	News(ctx context.Context) (list []sync.News, next time.Time, err error)
	Told(ctx context.Context, n sync.News) error
	Stirred() <-chan struct{}
}

// refusals are the pauses after a webhook has refused, one after the other.
var refusals = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}

// attend tells what is to be told, until ctx ends. Nothing waits for it: a webhook that
// doesn't answer delays other alerts, and nothing else.
func (a *alarms) attend(ctx context.Context, room newsroom) {
	refused := 0
	for {
		left, next, err := a.round(ctx, room)
		if ctx.Err() != nil {
			return
		}
		a.waits(left)
		stirred := room.Stirred()
		switch {
		case left > 0:
			next, stirred = time.Now().Add(refusals[min(refused, len(refusals)-1)]), nil
			refused++
		case err != nil:
			a.log.Warn("what is to be told isn't known", zap.Error(err))
		default:
			refused = 0
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-stirred:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// round tells what there is, and gives how much of it couldn't be told.
func (a *alarms) round(ctx context.Context, room newsroom) (left int, next time.Time, err error) {
	list, next, err := room.News(ctx)
	if err != nil {
		return 0, next, err
	}
	for i, n := range list {
		if !a.tell(ctx, messageOf(n)) {
			return len(list) - i, next, nil
		}
		if err := room.Told(ctx, n); err != nil {
			return 0, next, err
		}
	}
	return 0, next, nil
}

func messageOf(n sync.News) alerts.Message {
	return alerts.Message{Kind: n.Kind, Key: n.Key, State: string(n.Word), Title: n.Title, Hint: n.Hint, Run: n.Run, Count: n.Count,
		Since: n.Since.UTC(), Time: n.At.UTC(), Names: n.Names, Detail: n.Detail}
}

// strand is what a process that can't reach its ledger knows. The ledger tells nobody then
// what was told, so each process that is cut off tells it by itself, once.
type strand struct {
	since time.Time // when the ledger wasn't reached first; zero: it was
	told  bool
}

// adrift notes that the ledger is out of reach, nil that it isn't, and tells it when nothing has
// gone on for as long as a stall takes.
func (a *alarms) adrift(ctx context.Context, s *strand, err error, schedules []cron.Schedule, stall time.Duration) {
	const key, title = "ledger", "the ledger is out of reach, and nothing goes on"
	now := time.Now()
	switch {
	case fault.Is(err, fault.Unavailable):
		if s.since.IsZero() {
			s.since = now
		}
		due := sync.Overdue(schedules, s.since, stall)
		if s.told || due.IsZero() || now.Before(due) {
			return
		}
		s.told = true
		since := s.since.UTC()
		go func() {
			a.tell(ctx, alerts.Message{Kind: "stall", Key: key, State: alerts.Begins, Title: title, Hint: "see that the store of state.url answers; syncd check tests it",
				Since: since, Time: now.UTC(), Detail: err.Error()})
		}()
	case !s.since.IsZero():
		was := *s
		*s = strand{}
		if was.told {
			go func() {
				a.tell(ctx, alerts.Message{Kind: "stall", Key: key, State: alerts.Over, Title: title, Hint: "the ledger answers again",
					Since: was.since.UTC(), Time: now.UTC()})
			}()
		}
	}
}

// schedulesOf reads the schedules that are on, which the configuration has checked, in its
// time zone.
func schedulesOf(c configs.Schedule) []cron.Schedule {
	var list []cron.Schedule
	for _, expression := range []string{c.Delta, c.Full, c.Reconcile} {
		if s, err := cron.ParseStandard("CRON_TZ=" + c.Timezone + " " + expression); err == nil {
			list = append(list, s)
		}
	}
	return list
}

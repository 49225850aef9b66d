package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// standby is how often a daemon that doesn't lead tries to.
const standby = time.Second

// glimpse is how often such a daemon looks which ledger the other one leads.
const glimpse = time.Minute

// statusWithin is how long a status waits for the ledger. It is less than a
// command waits for a status, so that who asks is told.
const statusWithin = 5 * time.Second

// seat is a daemon's place among those that share a ledger: it leads, stands by
// for another one that does, or waits for a ledger that is out of reach. The
// console asks the seat, so it outlives each leadership.
type seat struct {
	parts  parts
	store  ledger
	reader *sync.Engine // for as long as it doesn't lead
	known  *sync.Known
	teller *sync.Teller
	leads  atomic.Pointer[chair]
	begins *fault.Error                // it has only just started
	waits  atomic.Pointer[fault.Error] // why it doesn't lead
	cut    strand                      // of keep alone
}

// chair is what a leading daemon works with.
type chair struct {
	leadership
	loop *sync.Loop
}

func newSeat(p parts, store ledger) *seat {
	s := &seat{parts: p, store: store, reader: p.engine(store, ""), known: sync.NewKnown(store), teller: sync.NewTeller(store), begins: &fault.Error{Kind: fault.Unavailable, Op: "the daemon is starting"}}
	s.waits.Store(s.begins)
	return s
}

// keep leads whenever nobody else does, until ctx ends. What can't be mended by
// waiting, such as a refused password, ends it.
func (s *seat) keep(ctx context.Context) error {
	told := ""
	var looked time.Time
	schedules := schedulesOf(s.parts.config.Schedule)
	for {
		err := s.lead(ctx)
		if ctx.Err() != nil {
			return err
		}
		if !fault.Is(err, fault.Fenced) && !fault.Is(err, fault.Unavailable) {
			return err
		}
		s.waits.Store(whyWaiting(err))
		s.parts.alarms.adrift(ctx, &s.cut, err, schedules, s.parts.config.Alerts.Stall)
		if fault.Is(err, fault.Fenced) && time.Since(looked) > glimpse {
			looked = time.Now()
			s.look(ctx)
		}
		if now := err.Error(); now != told { // once, not once a second
			told = now
			s.parts.log.Info("stands by", zap.String("because", now), zap.String("hint", fault.HintOf(err)))
		}
		select {
		case <-time.After(standby):
		case <-ctx.Done():
			return nil
		}
	}
}

// look remembers which ledger another process leads, so that its loss is noticed
// here too.
func (s *seat) look(ctx context.Context) {
	looking, cancel := context.WithTimeout(ctx, statusWithin)
	defer cancel()
	if err := s.reader.Glimpse(looking); err != nil && ctx.Err() == nil {
		s.parts.log.Warn("which ledger another one leads isn't known here", zap.Error(err), zap.String("hint", fault.HintOf(err)))
	}
}

func whyWaiting(err error) *fault.Error {
	return &fault.Error{Kind: fault.KindOf(err), Op: err.Error(), Hint: fault.HintOf(err)}
}

// lead takes the lease and works until it is lost, the ledger is out of reach,
// or ctx ends.
func (s *seat) lead(ctx context.Context) error {
	return s.parts.holding(ctx, s.store, func(working context.Context, l leadership) error {
		loop, err := s.parts.loop(l.engine)
		if err != nil {
			return err
		}
		s.parts.log.Info("leads")
		s.parts.alarms.adrift(working, &s.cut, nil, nil, 0)
		c := &chair{leadership: l, loop: loop}
		defer s.leads.CompareAndSwap(c, nil)
		return within(working, func() error {
			work := func() error { return s.work(working, c) }
			if scim := s.parts.scim; scim != nil {
				return scim.attend(working, l.engine, work)
			}
			return work()
		})
	})
}

// work makes the runs of a leadership, and does what others ask: only now, as pushes
// must know of each run.
func (s *seat) work(ctx context.Context, c *chair) error {
	if ctx.Err() == nil { // a leadership that ended meanwhile does nothing more
		s.leads.Store(c)
	}
	attended := make(chan struct{})
	go func() {
		defer close(attended)
		s.attend(ctx, c)
	}()
	alarmed := make(chan struct{})
	go func() {
		defer close(alarmed)
		s.parts.alarms.attend(ctx, c.engine)
	}()
	start(ctx, c.store, c.loop)
	err := c.loop.Run(ctx)
	<-attended
	<-alarmed
	return err
}

// attend does what others ask of the one that leads, where there are others.
func (s *seat) attend(ctx context.Context, c *chair) {
	if mail := mailbox(s.store); mail != nil {
		d := &desk{mail: mail, fence: c.lease.fence, engine: c.engine, keeper: c.engine, runner: c.loop, forget: c.loop.Forget, wake: func() { c.loop.Ask(woken()) }, log: s.parts.log}
		d.attend(ctx)
	}
}

// ready is nil while this process leads and the ledger answers.
func (s *seat) ready(ctx context.Context) error {
	if c := s.leads.Load(); c != nil {
		return c.ready(ctx)
	}
	return s.waits.Load()
}

// takes is nil while this process takes pushes. Whoever has only just started may
// lead in a moment, and is asked again as soon as one that stands by.
func (s *seat) takes(ctx context.Context) error {
	err := s.ready(ctx)
	if err == nil || errors.Is(err, s.begins) {
		return s.parts.scim.relay.ready()
	}
	return err
}

// Status tells the connection at a glance, also while another process leads, and
// while the ledger is out of reach.
func (s *seat) Status(ctx context.Context) (sync.Status, error) {
	engine := s.reader
	if c := s.leads.Load(); c != nil {
		engine = c.engine
	}
	reading, cancel := context.WithTimeout(ctx, statusWithin)
	defer cancel()
	status, err := engine.Status(reading)
	if err == nil && !status.Leader {
		status.Holder, err = s.store.Holder(reading)
	}
	if err == nil {
		err = s.waitsFor(engine, status)
	}
	if fault.Is(err, fault.Unavailable) && ctx.Err() == nil {
		status.State, status.Reason = sync.Paused, err.Error()
		if hint := fault.HintOf(err); hint != "" {
			status.Reason += ": " + hint
		}
		return status, nil
	}
	return status, err
}

// Followed tells how the System Log is followed: while another process leads, as far as
// the ledger knows.
func (s *seat) Followed(ctx context.Context) (*sync.Followed, error) {
	if c := s.leads.Load(); c != nil {
		return c.engine.Followed(ctx)
	}
	return s.reader.Followed(ctx)
}

// waitsFor tells why nothing goes on although the ledger can be read: it takes
// no write, or no lease.
func (s *seat) waitsFor(engine *sync.Engine, status sync.Status) error {
	if why := s.waits.Load(); !status.Leader && status.Holder == "" && why.Kind == fault.Unavailable {
		return why
	}
	return engine.Waits()
}

// History tells what is known, also while another process leads.
func (s *seat) History(ctx context.Context, f sync.HistoryFilter) ([]state.Change, error) {
	return s.reader.History(ctx, f)
}

// Runs tells what is known, also while another process leads.
func (s *seat) Runs(ctx context.Context, f sync.RunsFilter) ([]state.Run, error) {
	return s.reader.Runs(ctx, f)
}

// Days tells what is known, also while another process leads.
func (s *seat) Days(ctx context.Context, count int) ([]sync.Day, error) {
	return s.reader.Days(ctx, count)
}

// RunOf tells what is known, also while another process leads.
func (s *seat) RunOf(ctx context.Context, id string) (state.Run, []state.Change, error) {
	return s.reader.RunOf(ctx, id)
}

// Explain answers, also while another process leads.
func (s *seat) Explain(ctx context.Context, subject string) (sync.Explanation, error) {
	return s.reader.Explain(ctx, subject)
}

// Access tells who had access, also while another process leads.
func (s *seat) Access(ctx context.Context, q sync.AccessQuery) (sync.AccessAnswer, error) {
	return s.reader.Access(ctx, q)
}

// Leavers tells who is on the way out, also while another process leads.
func (s *seat) Leavers(ctx context.Context) ([]sync.Leaver, error) {
	if c := s.leads.Load(); c != nil {
		return c.engine.Leavers(ctx)
	}
	return s.reader.Leavers(ctx)
}

// LeaveAtOnce ends a grace, or has the process that leads end it.
func (s *seat) LeaveAtOnce(ctx context.Context, a sync.AtOnce) (sync.Leaver, error) {
	return decidedBy(s, func(by judge) (sync.Leaver, error) { return by.LeaveAtOnce(ctx, a) })
}

// Decide decides, or has the process that leads decide.
func (s *seat) Decide(ctx context.Context, v sync.Verdict) (sync.Decided, error) {
	if v.Preview {
		return s.reader.Decide(ctx, v)
	}
	return decidedBy(s, func(by judge) (sync.Decided, error) { return by.Decide(ctx, v) })
}

// decidedBy has something decided by whoever leads.
func decidedBy[T any](s *seat, decide func(judge) (T, error)) (answer T, err error) {
	if c := s.leads.Load(); c != nil {
		return decide(c.engine)
	}
	mail := mailbox(s.store)
	if mail == nil {
		return answer, untaken("")
	}
	return decide(messenger{mail: mail})
}

// Pause records what a person says about pausing, or has the process that leads do it.
func (s *seat) Pause(ctx context.Context, o sync.PauseOrder) (sync.PauseAnswer, error) {
	return decidedBy(s, func(by judge) (sync.PauseAnswer, error) { return by.Pause(ctx, o) })
}

// Do makes a run, or has the process that leads make it.
func (s *seat) Do(ctx context.Context, r sync.Request) (sync.Report, error) {
	c := s.leads.Load()
	switch {
	case r.DryRun && (r.Kind == sync.User || r.Kind == sync.Undo): // which waits for nobody, and nobody for it
		return s.reader.Pass(ctx, r)
	case c != nil:
		ctx, end := c.reigning(ctx)
		defer end()
		return c.loop.Do(ctx, r)
	case r.DryRun:
		return s.reader.Pass(ctx, r)
	}
	mail := mailbox(s.store)
	if mail == nil {
		return sync.Report{}, untaken("")
	}
	return messenger{mail: mail}.Do(ctx, r)
}

func (s *seat) consoleOptions(host string) (console.Options, error) {
	p, registry := s.parts, prometheus.NewRegistry()
	return console.Options{
		Name: p.config.Name, Host: host, Engine: s, Runner: s, Runs: s, Names: s.known, Search: s.known, Keeper: s, Pauser: s, Forgetter: s, Linker: s, Log: p.log, Metrics: registry,
		URL: p.config.Console.URL, Proxy: proxyOf(p.config.Console.Proxy),
		Keys:  func() ([]console.Key, error) { return keysOf(p.config) },
		Ready: s.ready, Uses: func() []console.Use { return p.meters.Uses(s.Now()) },
	}, p.meters.Register(registry, p.config.Name, s)
}

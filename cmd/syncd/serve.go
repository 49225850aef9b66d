package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// endWithin is how long the daemon may take to end once it is told to; what is
// left of ten seconds is for giving the lease back.
const endWithin = 9 * time.Second

// serve is the daemon. It returns nil when ctx ends, and an error when it could
// not start.
func serve(ctx context.Context, p parts) error {
	listener, err := listen(p.config.Console.Listen, "open the console", "end what listens there, or change console.listen")
	if err != nil {
		return err
	}
	defer shut(listener)
	door, err := listen(p.config.SCIM.Listen, "open the SCIM endpoint", "end what listens there, or change scim.listen")
	if err != nil {
		return err
	}
	defer shut(door)
	p.hooks = newHooks(p)
	hookDoor, err := p.hooks.listen()
	if err != nil {
		return err
	}
	defer shut(hookDoor)
	p.scim = newEndpoint(p)
	p.alarms = newAlarms(p.config, p.log)
	return p.opened(func(store ledger) error {
		if err := p.tellToken(listener); err != nil {
			return err
		}
		s := newSeat(p, p.timed(store))
		group, ctx := errgroup.WithContext(ctx)
		if listener != nil {
			p.log.Info("the console listens", zap.String("address", listener.Addr().String()))
			host, _, _ := net.SplitHostPort(p.config.Console.Listen) // it was listened on
			options, err := s.consoleOptions(host)
			if err != nil {
				return err
			}
			group.Go(func() error { return console.Serve(ctx, listener, options) })
		}
		if door != nil {
			group.Go(func() error { return p.scim.serve(ctx, door, s.takes) })
		}
		p.hooks.begin(ctx, group, hookDoor, s)
		group.Go(func() error { return s.keep(ctx) })
		return group.Wait()
	})
}

// listen opens a listener, so that a taken port is told at once; nil where there
// is no address.
func listen(address, op, hint string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, &fault.Error{Op: op, Err: err, Hint: hint}
	}
	return l, nil
}

// shut closes a listener, which is closed already where somebody served on it.
func shut(l net.Listener) {
	if l != nil {
		_ = l.Close()
	}
}

// tellToken makes the console's token where there is none, and tells its file.
func (p parts) tellToken(listener net.Listener) error {
	if listener == nil {
		return nil
	}
	path, err := makeToken(p.config)
	if err == nil && path != "" {
		p.log.Info("the console's token stands in a file", zap.String("path", path))
	}
	return err
}

// loop makes the schedule of an engine that leads.
func (p parts) loop(e *sync.Engine) (*sync.Loop, error) {
	location, err := time.LoadLocation(p.config.Schedule.Timezone)
	if err != nil {
		return nil, err
	}
	return sync.NewLoop(e, sync.Schedule{
		Delta: p.config.Schedule.Delta, Hooks: p.config.Hooks.Listen != "", Full: p.config.Schedule.Full, Reconcile: p.config.Schedule.Reconcile, Location: location,
	}, p.log)
}

// start asks for the first run. How it ends is logged and recorded by the engine;
// the schedule tries again.
func start(ctx context.Context, store state.Store, loop *sync.Loop) {
	request := sync.Request{Kind: sync.Full, Cause: "start"}
	if empty(ctx, store) {
		request.Kind = sync.Reconcile
	}
	loop.Ask(request)
}

// empty reports whether the ledger knows no user: then Omni must be read, to
// see who is there already. One that can't be read counts as empty too: the run
// then says why.
func empty(ctx context.Context, store state.Store) bool {
	for _, err := range state.All[state.User](ctx, store, state.Users) {
		return err != nil
	}
	return true
}

// within waits for done until ctx ended and endWithin more has passed. What is
// still going on then is given up; the ledger knows what is not recorded.
func within(ctx context.Context, done func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- done() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(endWithin):
		return errors.New("a run did not end in time and was given up; the next run puts it right")
	}
}

// leadership is what the leading process works with.
type leadership struct {
	engine *sync.Engine
	store  ledger
	lease  *lease
	over   context.Context //nolint:containedctx // ends with the lease; who leads works in it, and so do runs that others ask for
}

// ready is nil while this process leads and the ledger answers. The ledger is
// asked who leads: a lease that was lost with its ledger is known here only when
// it is renewed next.
func (l leadership) ready(ctx context.Context) error {
	who, err := l.store.Holder(ctx)
	if err == nil && (l.lease.gone() || who != holderName()) {
		return &fault.Error{Kind: fault.Fenced, Op: "the lease is lost"}
	}
	return err
}

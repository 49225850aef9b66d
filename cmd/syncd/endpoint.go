package main

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/push"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// endpoint is the SCIM endpoint of a daemon, for as long as the process lives:
// what it counts and foresees outlasts each leadership.
type endpoint struct {
	config configs.SCIM
	pull   bool
	log    *zap.Logger
	meter  *push.Meter
	gate   *push.Gate
	hooks  *hooks
	relay  relay
	leads  atomic.Pointer[sync.Pushes] // of the leadership of this moment; nil for none
}

// newEndpoint makes the endpoint, nil where push mode is off.
func newEndpoint(p parts) *endpoint {
	if !p.config.PushOn() {
		return nil
	}
	return &endpoint{config: p.config.SCIM, pull: p.config.PullOn(), log: p.log, meter: &push.Meter{}, gate: push.NewGate(p.omni), hooks: p.hooks}
}

// serve answers Okta on l until ctx ends.
func (e *endpoint) serve(ctx context.Context, l net.Listener, ready func(context.Context) error) error {
	e.log.Info("the SCIM endpoint listens", zap.String("address", l.Addr().String()), zap.String("base_path", e.config.BasePath))
	doors := push.Doors{
		Inner:  push.Handler(push.Options{Engine: &e.relay, BasePath: e.config.BasePath, BaseURL: e.baseURL}),
		Tokens: e.config.Tokens,
		Ready:  ready,
		Allow:  e.config.Networks(), BehindProxy: e.config.BehindProxy,
		CertFile: e.config.TLS.CertFile, KeyFile: e.config.TLS.KeyFile,
		Meter: e.meter, Log: e.log,
	}
	return doors.Server().Serve(ctx, l, e.hooks.beside(push.Guarded(doors)))
}

// baseURL is how the caller knows the endpoint. Behind a proxy it is what the
// proxy was asked for; it speaks TLS where it doesn't say otherwise.
func (e *endpoint) baseURL(r *http.Request) string {
	scheme, host := "http", r.Host
	switch {
	case r.TLS != nil:
		scheme = "https"
	case e.config.BehindProxy:
		scheme = "https"
		if strings.EqualFold(lastOf(r, "X-Forwarded-Proto"), "http") {
			scheme = "http"
		}
	}
	if forwarded := lastOf(r, "X-Forwarded-Host"); e.config.BehindProxy && forwarded != "" {
		host = forwarded
	}
	return scheme + "://" + host
}

// lastOf gives the last entry of a header that each proxy adds to: the one that
// the proxy before us has put there.
func lastOf(r *http.Request, name string) string {
	lines := r.Header.Values(name)
	if len(lines) == 0 {
		return ""
	}
	last := lines[len(lines)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}

// attend takes pushes for a leadership until ctx ends, beside work, which begins
// once the ledger is read for them.
func (e *endpoint) attend(ctx context.Context, engine *sync.Engine, work func() error) error {
	pushes, err := engine.Pushes(ctx, sync.PushOptions{Gate: e.gate, Pull: e.pull})
	if err != nil {
		return err
	}
	e.leads.Store(pushes)
	defer e.leads.CompareAndSwap(pushes, nil)
	defer e.relay.open(ctx, pushes)()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return pushes.Run(ctx) })
	group.Go(work)
	return group.Wait()
}

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/sync"
	"github.com/omnisync/omnisync/vault"
)

// attributes is a mapping as companies write it.
var attributes = map[string]string{
	"department": "user.department",
	"region":     `or(user.countryCode, "none")`,
	"employee":   "user.employeeNumber",
}

// connection names the ledger in Redis.
const connection = "bench"

// leaseTime outlasts every run: nobody else wants the lease.
const leaseTime = 2 * time.Hour

// store is a ledger that is open.
type store interface {
	state.Store
	state.Leaser
	io.Closer
}

func openStore(url, name string) (store, error) {
	if path, ok := strings.CutPrefix(url, "bolt://"); ok {
		return bolt.Open(path)
	}
	redis.Quiet()
	return redis.Open(redis.Options{URL: url, Name: name})
}

// runEngine does one full run, as the daemon does it. Its start, opening the
// ledger and taking the lease are not measured.
func runEngine(ctx context.Context, t task) (result taken, err error) {
	s, err := openStore(t.Ledger, connection)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fence, err := s.Acquire(ctx, "bench", leaseTime)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, s.Release(context.WithoutCancel(ctx), fence)) }()
	engine, err := newEngine(t.At, s, fence)
	if err != nil {
		return result, err
	}
	stop, err := profile(t.CPU, t.Memory)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	m, err := newMeter()
	if err != nil {
		return result, err
	}
	report, err := engine.Pass(ctx, sync.Request{Kind: sync.Full, AllMembers: t.Members, Cause: "bench"})
	if err != nil {
		return result, err
	}
	return m.read(told(report))
}

func told(r sync.Report) taken {
	return taken{Outcome: string(r.Outcome), Changes: len(r.Changes), Applied: r.Counts[string(state.Applied)], Doubts: r.Doubts}
}

func newEngine(at string, s state.Store, fence state.Fence) (*sync.Engine, error) {
	o, _, err := engineParts(at, s, fence)
	if err != nil {
		return nil, err
	}
	return sync.New(o), nil
}

// engineParts joins the parts as cmd/syncd does, with the defaults of the configuration.
func engineParts(at string, s state.Store, fence state.Fence) (o sync.Options, omni *omniclient.Client, err error) {
	c := configs.Defaults()
	mapper, problems := mapping.Compile(mapping.Rules{
		Scope: c.Users.Scope, DisplayName: c.Users.DisplayName, Attributes: attributes, Candidates: c.Deprovision.Handover.To,
	})
	if len(problems) > 0 {
		return o, nil, errors.New(problems[0].String())
	}
	secret := func() (string, error) { return "bench", nil }
	reader, err := okta.New(okta.Options{OrgURL: at, AppID: appID, Token: secret, RateShare: 1, Transport: newTransport()})
	if err != nil {
		return o, nil, err
	}
	omni, err = omniclient.New(omniclient.Options{
		BaseURL: at, Keys: []func() (string, error){secret}, RequestsPerMinute: announced, Transport: newTransport(),
	})
	if err != nil {
		return o, nil, err
	}
	return sync.Options{
		Identity: sync.Identity{Name: connection, Org: orgURL, App: appID, Omni: "https://bench.omniapp.co"},
		Policy:   policy(c), Okta: reader, Omni: omni, Mapper: mapper, Store: s, Fence: fence, Log: newLog(),
		Vault: vault.New(func() (string, error) { return "the key of what a benchmark saves", nil }, ""),
	}, omni, nil
}

// policy says in the engine's words what the configuration says.
func policy(c *configs.Config) sync.Policy {
	limit := func(l configs.Limit) sync.Limit { return sync.Limit{Count: l.Count, Percent: l.Percent} }
	h := c.Deprovision.Handover
	return sync.Policy{
		AdoptAttributes: c.Users.AdoptAttributes, OnUsername: c.Users.OnUsernameChange, OnRecycled: c.Users.OnRecycled, OnManual: c.Users.OnManual,
		Suspended: c.Users.Suspended, Protected: c.Users.Protected,
		Groups:   sync.Selection{From: c.Groups.From, Match: c.Groups.Match},
		OnUnpush: c.Groups.OnUnpush, AdoptGroups: c.Groups.Adopt, Action: c.Deprovision.Action,
		Grace: c.Deprovision.Grace, GraceGone: c.Deprovision.GraceDeactivated, Settle: c.Deprovision.Settle,
		Handover: state.Handover{Schedules: state.Treatment(h.Schedules), Documents: state.Treatment(h.Documents), Within: h.Within, Same: h.SameAttributes},
		Keep:     c.Deprovision.Keep,
		Guard: sync.Guard{
			Window: c.Guard.Window, Deactivations: limit(c.Guard.Deactivations),
			MemberRemovals: sync.Limit{Count: c.Guard.MemberRemovals.Count, Percent: c.Guard.MemberRemovals.Percent}, PerGroup: c.Guard.MemberRemovals.PerGroup,
			GroupDeletions: limit(c.Guard.GroupDeletions), AttributeLosses: limit(c.Guard.AttributeLosses), PolicyChange: limit(c.Guard.PolicyChange), Creations: limit(c.Guard.Creations),
		},
	}
}

// newLog is the daemon's log, which nobody reads here.
func newLog() *zap.Logger {
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zap.InfoLevel))
}

// newTransport is a pool of connections as the daemon has them; the floors have the same.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       30 * time.Second,
	}
}

// profile begins the profiles whose files are named, and stop writes them.
func profile(cpu, memory string) (stop func() error, err error) {
	end := func() error { return nil }
	if cpu != "" {
		f, err := os.Create(cpu)
		if err != nil {
			return nil, err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		end = func() error { pprof.StopCPUProfile(); return f.Close() }
	}
	return func() error { return errors.Join(end(), writeAllocations(memory)) }, nil
}

func writeAllocations(path string) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	runtime.GC() // what is still in use is told as of the last collection
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}

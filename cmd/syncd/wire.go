package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/archive"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/state/outlet"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/sync"
	"github.com/omnisync/omnisync/vault"
	"go.uber.org/zap"
)

// parts are what a configuration describes. Nothing is connected yet.
type parts struct {
	config *configs.Config
	log    *zap.Logger
	okta   *okta.Reader // nil for push alone
	omni   *omniclient.Client
	mapper sync.Mapper
	kept   *shelf
	outlet sync.Outlet     // where the log is exported to, the same for all who lead; nil: nowhere
	scim   *endpoint       // of a daemon that takes pushes; nil else
	hooks  *hooks          // of a daemon that listens for event hooks; nil else
	alarms *alarms         // of a daemon; nil else
	meters *console.Meters // of this process, whoever leads
}

// shelf is where the engines keep what must outlive the ledger: the process, until
// the archive is open.
type shelf struct{ sync.Archive }

// ledger is a store that is open.
type ledger interface {
	state.Store
	state.Leaser
	io.Closer
}

// keeps is a store that is told how long it keeps its log.
type keeps interface {
	ledger
	KeepFor(age time.Duration)
}

// keepFor tells a store that was just opened for how long log.keep says.
func keepFor[S keeps](store S, err error, age time.Duration) (ledger, error) {
	if err != nil {
		return nil, err
	}
	store.KeepFor(age)
	return store, nil
}

// assemble makes the parts. An error is one of the configuration.
func assemble(c *configs.Config, log *zap.Logger) (parts, error) {
	mapper, problems := mapping.Compile(rules(c))
	if len(problems) > 0 {
		return parts{}, &configs.Invalid{Faults: faultsOf(problems)}
	}
	build := versionOf(debug.ReadBuildInfo())
	meters := console.NewMeters(console.Build{Version: build.Version, Revision: build.Revision, Go: build.Go})
	var reader *okta.Reader
	if !pushAlone(c) {
		var err error
		if reader, err = okta.New(countedOkta(oktaOptions(c.Okta), meters)); err != nil {
			return parts{}, err
		}
	}
	client, err := omniclient.New(countedOmni(omniOptions(c.Omni), meters))
	if err != nil {
		return parts{}, err
	}
	return parts{config: c, log: log, okta: reader, omni: client, mapper: mapper, kept: &shelf{&sync.Recollection{}}, outlet: outletOf(c), meters: meters}, nil
}

// pushAlone reports whether what Okta pushed is all that is known of it.
func pushAlone(c *configs.Config) bool { return c.PushOn() && !c.PullOn() }

// oktaOptions sign in as an app where one is configured, else with the API token.
func oktaOptions(c configs.Okta) okta.Options {
	o := okta.Options{OrgURL: c.OrgURL, AppID: c.AppID, RateShare: c.RateShare}
	if app := c.Auth.OAuth; app.IsSet() {
		o.OAuth = &okta.OAuth{ClientID: app.ClientID, PrivateKey: app.PrivateKey.Value, KeyID: app.KeyID, DPoP: app.DPoP}
		o.Transport = newTransport(app.PrivateKey.Reread)
	} else {
		o.Token = c.Auth.APIToken.Value
		o.Transport = newTransport(c.Auth.APIToken.Reread)
	}
	return o
}

func omniOptions(c configs.Omni) omniclient.Options {
	keys := make([]func() (string, error), len(c.APIKeys))
	for i, k := range c.APIKeys {
		keys[i] = k.Value
	}
	reread := func() {
		for _, k := range c.APIKeys {
			k.Reread()
		}
	}
	return omniclient.Options{
		BaseURL: c.BaseURL, Keys: keys, RequestsPerMinute: c.RequestsPerMinute, TotalPerMinute: c.TotalPerMinute, Transport: newTransport(reread),
	}
}

// rules gives the mapping's expressions.
func rules(c *configs.Config) mapping.Rules {
	return mapping.Rules{Scope: c.Users.Scope, DisplayName: c.Users.DisplayName, Attributes: c.Users.Attributes, GroupName: c.Groups.Name,
		Candidates: c.Deprovision.Handover.To}
}

// expressions is a check of the configuration: the expressions must compile.
func expressions(c *configs.Config) []configs.Fault {
	_, problems := mapping.Compile(rules(c))
	return faultsOf(problems)
}

func faultsOf(problems []mapping.Problem) []configs.Fault {
	faults := make([]configs.Fault, len(problems))
	for i, p := range problems {
		faults[i] = configs.Fault{Path: p.Path, Message: p.Message}
		if p.Line > 0 {
			faults[i].Message = fmt.Sprintf("line %d, column %d of the expression: %s", p.Line, p.Column, p.Message)
		}
	}
	return faults
}

// archive opens the archive; nil where the configuration has none.
func (p parts) archive() (kept *archive.Archive, err error) {
	if dir := p.config.State.Archive; dir != "" {
		kept, err = archive.Open(dir, p.config.Name)
	}
	if kept != nil && p.kept != nil {
		p.kept.Archive = kept
	}
	return kept, err
}

// open opens the ledger. The embedded one is locked from here on.
func (p parts) open() (ledger, error) {
	kind, address, err := p.config.State.Backend()
	if err != nil {
		return nil, fmt.Errorf("state.url: %w", err)
	}
	if kind == configs.Bolt {
		store, err := bolt.Open(address)
		return keepFor(store, err, p.config.Log.Keep)
	}
	store, err := redis.Open(redis.Options{URL: address, Name: p.config.Name, Prefix: p.config.State.Prefix})
	if err == nil && p.omni != nil {
		p.omni.Share(store.Allowance())
	}
	if err == nil && p.okta != nil {
		p.okta.Share(store)
	}
	return keepFor(store, err, p.config.Log.Keep)
}

// engine makes the engine over an open ledger; with no fence it only reads.
func (p parts) engine(store state.Store, fence state.Fence) *sync.Engine {
	c := p.config
	var source sync.Okta = sync.Accepted{Store: store}
	var patient sync.Source
	if p.okta != nil {
		source = p.okta
		if c.Schedule.Delta != "" || c.Hooks.Listen != "" {
			patient = p.okta.Patiently()
		}
	}
	return sync.New(sync.Options{
		Identity: sync.Identity{Name: c.Name, Org: c.Okta.OrgURL, App: c.Okta.AppID, Omni: c.Omni.BaseURL},
		Policy:   policy(c),
		Okta:     source, Canary: canary(c), Patient: patient, Omni: p.omni, Mapper: p.mapper,
		Store: store, Fence: fence, Archive: p.kept.Archive, Outlet: p.outlet, Vault: vaultOf(c), KeyOwners: c.Omni.KeyOwners, Keep: c.Log.Keep, Log: p.log, Limits: p.limits, Warnings: p.warnings,
		Concerns: p.concerns, Stall: c.Alerts.Stall,
		Waiting: p.waiting, Latency: p.meters.Took, Ran: p.meters.Ran, Logged: p.meters.Logged,
	})
}

// canary is whom Okta must show. What was pushed is no reading that could lack anybody.
func canary(c *configs.Config) sync.Canary {
	if pushAlone(c) {
		return sync.Canary{}
	}
	return sync.Canary{User: identity.OktaID(c.Okta.Canary.User), Group: identity.GroupID(c.Okta.Canary.Group)}
}

// outletOf gives the file to which the log is exported; nil where there is none.
func outletOf(c *configs.Config) sync.Outlet {
	if c.Log.Export == "" {
		return nil
	}
	return outlet.New(c.Log.Export)
}

// vaultOf gives what encrypts what is saved of leavers. Its keys are looked up when they
// are needed.
func vaultOf(c *configs.Config) *vault.Vault { return vault.New(c.State.Keys, keyFile(c)) }

// keyFile names the file of a key that syncd makes itself: in the archive, else beside
// an embedded ledger. "" where there is no place that every process of the connection
// would find: then the configuration asks for a key.
func keyFile(c *configs.Config) string {
	if file := vault.File(c.State.Archive, c.Name); file != "" {
		return file
	}
	if kind, address, err := c.State.Backend(); err == nil && kind == configs.Bolt {
		return address + ".key"
	}
	return ""
}

// handover says in the engine's words what becomes of what a leaver owns.
func handover(h configs.Handover) state.Handover {
	return state.Handover{Schedules: state.Treatment(h.Schedules), Documents: state.Treatment(h.Documents), Within: h.Within, Same: h.SameAttributes}
}

// policy says in the engine's words what the configuration says.
func policy(c *configs.Config) sync.Policy {
	limit := func(l configs.Limit) sync.Limit { return sync.Limit{Count: l.Count, Percent: l.Percent} }
	return sync.Policy{
		AdoptAttributes: c.Users.AdoptAttributes,
		OnUsername:      c.Users.OnUsernameChange,
		OnRecycled:      c.Users.OnRecycled,
		OnManual:        c.Users.OnManual,
		Suspended:       c.Users.Suspended,
		Protected:       c.Users.Protected,
		Groups:          sync.Selection{From: c.Groups.From, Match: c.Groups.Match},
		Uncounted:       c.Groups.Uncounted,
		OnUnpush:        c.Groups.OnUnpush,
		AdoptGroups:     c.Groups.Adopt,
		Action:          c.Deprovision.Action,
		Grace:           c.Deprovision.Grace,
		GraceGone:       c.Deprovision.GraceDeactivated,
		Settle:          c.Deprovision.Settle,
		Handover:        handover(c.Deprovision.Handover),
		Keep:            c.Deprovision.Keep,
		Guard: sync.Guard{
			Window:          c.Guard.Window,
			Deactivations:   limit(c.Guard.Deactivations),
			MemberRemovals:  sync.Limit{Count: c.Guard.MemberRemovals.Count, Percent: c.Guard.MemberRemovals.Percent},
			PerGroup:        c.Guard.MemberRemovals.PerGroup,
			GroupDeletions:  limit(c.Guard.GroupDeletions),
			AttributeLosses: limit(c.Guard.AttributeLosses),
			PolicyChange:    limit(c.Guard.PolicyChange),
			Creations:       limit(c.Guard.Creations),
		},
	}
}

// reading gives work an engine that reads the ledger and writes nothing. It needs
// no archive, and looks into one that it may open.
func (p parts) reading(work func(*sync.Engine) error) (err error) {
	if kept, broken := p.archive(); broken == nil && kept != nil {
		defer func() { err = firstOf(err, kept.Close()) }()
	}
	store, err := p.open()
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, store.Close()) }()
	return work(p.engine(store, ""))
}

// opened gives work the ledger, and makes sure first that the archive can be written.
func (p parts) opened(work func(ledger) error) (err error) {
	kept, err := p.archive()
	if err != nil {
		return err
	}
	if kept != nil {
		defer func() { err = firstOf(err, kept.Close()) }()
	}
	store, err := p.open()
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, store.Close()) }()
	return work(store)
}

// holding lets work write: under the lease, in a context that ends with the
// lease. The lease is given back at the end.
func (p parts) holding(ctx context.Context, store ledger, work func(context.Context, leadership) error) (err error) {
	ctx, l, err := hold(ctx, store)
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, l.release()) }()
	engine := p.engine(store, l.fence)
	defer exporting(ctx, engine)()
	err = work(ctx, leadership{engine: engine, store: store, lease: l, over: ctx})
	if lost := context.Cause(ctx); fault.Is(lost, fault.Fenced) {
		return lost // whatever failed because of it
	}
	return err
}

// firstOf gives the first error that is one.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// errDemo says that what the demo found in the end isn't what it should be.
var errDemo = errors.New("the demo's checks found a difference")

func (a *app) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Play a day of a company on this machine, no accounts needed",
		Long: "Starts stand-ins for Okta and Omni, runs the daemon between them on an embedded ledger,\n" +
			"plays a day of a company of some 200 people, and checks both sides in the end.\n" +
			"Everything stays on this machine and is removed again.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.demo(cmd.Context(), found(), 1500*time.Millisecond)
		},
	}
}

// demo plays the day at the company, with a pause after each scene for whoever reads along.
func (a *app) demo(ctx context.Context, c *company, pause time.Duration) (err error) {
	dir, err := os.MkdirTemp("", "syncd-demo-")
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, os.RemoveAll(dir)) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	okta, err := standIn(ctx, c.okta)
	if err != nil {
		return err
	}
	omni, err := standIn(ctx, c.omni)
	if err != nil {
		return err
	}
	p, err := a.demoParts(dir, okta, omni, c.okta.ID())
	if err != nil {
		return err
	}
	listener, err := listen(p.config.Console.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // closed already where the console served
	return p.leading(ctx, func(ctx context.Context, l leadership) error {
		if _, err := makeToken(p.config); err != nil {
			return err
		}
		return a.playDay(ctx, &day{company: c, out: a.narrator(), pause: pause, okta: okta, omni: omni}, p, l, listener)
	})
}

// playDay runs the daemon's loop and console while the day is played on it.
func (a *app) playDay(ctx context.Context, d *day, p parts, l leadership, listener net.Listener) error {
	loop, err := sync.NewLoop(l.engine, sync.Schedule{}, p.log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return console.Serve(ctx, listener, p.consoleOptions(l, loop)) })
	group.Go(func() error { return loop.Run(ctx) })
	d.loop, d.engine, d.console = loop, l.engine, listener.Addr().String()
	group.Go(func() error {
		defer cancel()
		return d.play(ctx)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return a.tellChecks(d)
}

// tellChecks prints what was checked in the end, and fails where a check does.
func (a *app) tellChecks(d *day) error {
	checks := d.check()
	if a.json {
		if err := json.NewEncoder(a.Out).Encode(map[string]any{"checks": checks}); err != nil {
			return err
		}
	}
	d.summarize(checks)
	for _, c := range checks {
		if !c.OK {
			return errDemo
		}
	}
	return nil
}

// demoParts makes the parts by the same road as every configuration goes.
func (a *app) demoParts(dir, okta, omni, app string) (parts, error) {
	text := fmt.Sprintf(`
name: demo
okta: {org_url: %q, app_id: %q, auth: {api_token: "${env:DEMO_OKTA_TOKEN}"}, rate_share: 1}
omni: {base_url: %q, api_keys: ["${env:DEMO_OMNI_KEY}"], requests_per_minute: %d}
state: {url: %q}
users: {attributes: {department: user.department}}
deprovision: {grace: 1s, settle: 1s}
console: {listen: "127.0.0.1:0"}
log: {level: error, format: text}
`, okta, app, omni, demoPace, "bolt://"+filepath.Join(dir, "ledger.db"))
	c, _, err := configs.Parse([]byte(text), "the demo's configuration",
		[]string{"DEMO_OKTA_TOKEN=" + demoToken, "DEMO_OMNI_KEY=" + demoKey}, configs.Secrets, expressions)
	if err != nil {
		return parts{}, err
	}
	log, err := newLogger(a.Err, c.Log)
	if err != nil {
		return parts{}, err
	}
	return assemble(c, log)
}

// standIn serves a stand-in on a free port of this machine until ctx ends.
func standIn(ctx context.Context, h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(l) }() // ends with ErrServerClosed
	return "http://" + l.Addr().String(), nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/spf13/cobra"
)

// errDemo says that what the demo found in the end isn't what it should be.
var errDemo = errors.New("the demo's checks found a difference")

// demonstration is what is played, and how.
type demonstration struct {
	company *company
	scenes  func(*week) []scene
	pause   time.Duration // after each scene, for whoever reads along
	redis   string        // URL of the Redis that keeps the ledger; "": a file does
	stay    bool          // everything is left running after the week
}

func (a *app) demoCommand() *cobra.Command {
	d := demonstration{scenes: wholeWeek, pause: 1200 * time.Millisecond}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play a week of a company on this machine, no accounts needed",
		Long: "Starts stand-ins for Okta and Omni, runs the daemon between them as a process of its own, and\n" +
			"plays a week of a company of some 200 people: joiners and leavers, a wrong click, outages of\n" +
			"both sides, a crash, Okta's pushes, a lost ledger. In the end both sides are checked.\n" +
			"Everything stays on this machine and is removed again.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP) // the terminal was closed
			defer stop()
			d.company = found()
			return a.demo(ctx, d)
		},
	}
	cmd.Flags().BoolVar(&d.stay, "stay", false, "leave everything running after the week, until Ctrl-C")
	cmd.Flags().StringVar(&d.redis, "redis", "", "keep the ledger in the Redis at `URL`, under a name of the demo's own")
	return cmd
}

// demo plays the week at the company and removes what it made, however it ends.
func (a *app) demo(ctx context.Context, d demonstration) (err error) {
	dir, err := os.MkdirTemp("", "syncd-demo-")
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, os.RemoveAll(dir)) }()
	ledger, err := demoLedgerAt(ctx, filepath.Join(dir, "ledger.db"), d.redis)
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, ledger.remove()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the stand-ins
	w, err := a.begin(ctx, d, dir, ledger)
	if err != nil {
		return err
	}
	defer w.daemon.stop()
	if err := w.play(ctx, d.scenes(w)); err != nil {
		if ctx.Err() != nil {
			return &fault.Error{Op: "the demo was stopped before its end", Hint: "all that it had started and written is removed"}
		}
		return fmt.Errorf("%w; the daemon's log ends with: %w", err, w.daemon.lastWords())
	}
	if err := a.tellChecks(w); err != nil || !d.stay {
		return err
	}
	return w.stay(ctx)
}

// begin starts the stand-ins and writes the daemon's configuration.
func (a *app) begin(ctx context.Context, d demonstration, dir string, ledger demoLedger) (*week, error) {
	okta, err := standIn(ctx, d.company.okta)
	if err != nil {
		return nil, err
	}
	omni, err := standIn(ctx, d.company.omniFaults.Wrap(d.company.omni))
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	site := demoSite{dir: dir, okta: okta, omni: omni, app: d.company.okta.ID(), ledger: ledger.url()}
	client, err := site.settle()
	if err != nil {
		return nil, err
	}
	return &week{
		company: d.company, site: site, ledger: ledger, client: client, pause: d.pause, out: a.narrator(),
		okta:   provisioningOf(d.company, site.scimURL(), demoSCIMToken),
		daemon: &demoDaemon{program: program, dir: dir, config: site.config(), log: site.log()},
	}, nil
}

// weekDocument is the demo's JSON document.
type weekDocument struct {
	Scenes []toldScene `json:"scenes"`
	Checks []check     `json:"checks"`
}

// tellChecks prints what was checked in the end, and fails where a check does.
func (a *app) tellChecks(w *week) error {
	checks := w.check()
	if a.json {
		if err := a.document(weekDocument{w.told, checks}); err != nil {
			return err
		}
	}
	w.summarize(checks)
	for _, c := range checks {
		if !c.OK {
			return errDemo
		}
	}
	return nil
}

// narrator is where the story goes: beside the JSON document, or in its place.
func (a *app) narrator() narrator {
	var to io.Writer = a.Out
	if a.json {
		to = a.Err
	}
	return narrator{w: to, color: isTerminal(to) && !hasVariable(a.Environ, "NO_COLOR")}
}

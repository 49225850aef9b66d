package main

import (
	"context"
	"errors"
	"net"
	"os"
	"os/user"
	"time"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/sync"
)

// causeCommand is the cause of runs that a person asks for.
const causeCommand = sync.CauseCommand

// worker does what a command asks: the running daemon, or this process.
type worker interface {
	teller
	keeper
	doer
}

// doer makes runs, and decides.
type doer interface {
	// Run makes one run and tells r.Progress of its steps.
	Run(ctx context.Context, r sync.Request) (sync.Report, error)
	arbiter
	console.Forgetter
	console.Linker
}

// arbiter records what a person says, and has done what comes of it.
type arbiter interface {
	// Approve decides, then makes a run that does what was approved. The decision
	// is in the answer also where that run could not be made.
	Approve(ctx context.Context, d console.Decision) (sync.Decided, sync.Report, error)
	refuser
}

// refuser keeps something from being done.
type refuser interface {
	Reject(ctx context.Context, d console.Decision) (sync.Decided, error)
	// Leave ends a grace, then makes a run about that person. The word is in the answer
	// also where that run could not be made.
	Leave(ctx context.Context, a console.Leaving) (sync.Leaver, sync.Report, error)
	console.Pauser
}

// teller answers, and changes nothing: from the ledger alone, or from both sides too.
type teller = console.Teller

// worker finds who works: the daemon where one listens, because it owns the
// ledger; else this process.
func (a *app) worker(ctx context.Context) (worker, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	if c.Console.Listen != "" {
		client, err := clientOf(c)
		if err != nil {
			return nil, err
		}
		err = client.Alive(ctx)
		if err == nil {
			return client, nil
		}
		if !errors.Is(err, console.ErrAbsent) {
			return nil, err
		}
	}
	if c, _, err = configs.Load(a.file, a.Environ, configs.Secrets, expressions); err != nil {
		return nil, err
	}
	log, err := newLogger(logs{a}, configs.Log{Level: commandLevel(c.Log.Level), Format: c.Log.Format})
	if err != nil {
		return nil, err
	}
	p, err := assemble(c, log)
	if err != nil {
		return nil, err
	}
	return local{p}, nil
}

// clientOf gives the client of the daemon that c describes. Its token may be
// missing: the daemon, if there is one, says so.
func clientOf(c *configs.Config) (console.Client, error) {
	token, err := knownToken(c)
	if err != nil {
		return console.Client{}, err
	}
	return console.Client{URL: "http://" + reachable(c.Console.Listen), Name: c.Name, Token: token}, nil
}

// reachable gives the address to call for one that is listened on: an
// unspecified host is everywhere, so also here.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// commandLevel keeps a command that a person waits for from logging what it
// prints anyway, unless the configuration asks for everything.
func commandLevel(level string) string {
	if level == "info" {
		return "warn"
	}
	return level
}

// whoami names the person for the ledger, such as "alice on host7".
func whoami() string {
	name := "uid unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		return name
	}
	return name + " on " + host
}

// releaseTime bounds what is still written to the store when a process ends.
const releaseTime = 2 * time.Second

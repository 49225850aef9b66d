// Command syncd keeps Omni's users and groups in line with Okta.
//
// main.go starts it, root.go knows the subcommands and what their ends mean to
// a shell; each subcommand is a file of its name. A command finds who works for
// it in worker.go: the running daemon, else this process itself (local.go), else
// the process that leads (errand.go).
// wire.go puts the parts together for both, serve.go is the daemon.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // schedule.timezone, on a machine or in a container that has no zone files

	"github.com/omnisync/omnisync/state/redis"
)

func main() {
	redis.Quiet() // its own lines would stand among ours; every such failure is also a returned error
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(execute(ctx, shell{Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ()}))
}

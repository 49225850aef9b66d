package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// page is where readers find the table, and fullSize how many users it is about.
const (
	page     = "docs/benchmarks.md"
	fullSize = 100_000
)

// options are what can be asked for.
type options struct {
	Users   int
	Loads   []int // sizes of the first loads
	Runs    int
	Records int
	Pushes  int
	Latency time.Duration
	Only    string
	CPU     string
	Memory  string
	Work    string
	Out     string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if err := run(ctx, os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err) // there is nobody else to tell
		stop()
		os.Exit(1) //nolint:forbidigo // this is a main
	}
	stop()
}

func run(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == childArgument {
		return runChild(ctx, os.Stdin, os.Stdout)
	}
	o, err := parse(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return measure(ctx, o, os.Stdout, os.Stderr)
}

// parse reads the command line; help goes to usage.
func parse(args []string, usage io.Writer) (options, error) {
	o := options{Loads: []int{1_000, 10_000}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.IntVar(&o.Users, "users", fullSize, "users of the full runs; a group for every 200, and each user in ten groups")
	flags.IntVar(&o.Runs, "runs", 3, "how often each measurement is done")
	flags.IntVar(&o.Records, "records", 10_000, "users written to measure the ledger")
	flags.IntVar(&o.Pushes, "pushes", 500, "pushes of each kind that are measured in one run")
	flags.DurationVar(&o.Latency, "latency", 20*time.Millisecond, "what Okta takes to begin each answer, where time is measured")
	flags.StringVar(&o.Only, "only", "", "the parts whose names hold `TEXT`, such as full/bolt, load or /redis")
	flags.StringVar(&o.CPU, "cpuprofile", "", "write CPU profiles of the engine into folder `DIR`")
	flags.StringVar(&o.Memory, "memprofile", "", "write profiles of the engine's allocations into folder `DIR`")
	flags.StringVar(&o.Work, "work", "", "keep the record of the first load in folder `DIR`, and use the one that is there")
	flags.StringVar(&o.Out, "out", "", "write the table to `FILE` as well; all parts in full size go to "+page+" where nothing is said")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is no flag; see -help", flags.Arg(0))
	case o.Users < 100 || o.Runs < 1 || o.Records < 1 || o.Pushes < 4 || o.Latency < 0:
		return o, errors.New("-users begins at 100, -runs and -records at 1, -pushes at 4, -latency at 0")
	}
	for i, n := range o.Loads {
		o.Loads[i] = min(n, o.Users)
	}
	if o.Out == "" && o.Only == "" && o.Users == fullSize {
		o.Out = page
	}
	return o, nil
}

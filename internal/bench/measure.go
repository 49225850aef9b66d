package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// The ledgers that everything is measured on.
var stores = []string{"bolt", "redis"}

// bench is a measurement that is under way.
type bench struct {
	options
	company  company
	progress io.Writer
	dir      string // for what ends with the measurement
	at       string // the stand-in's address; "" before it is needed
	ledgers  map[string]string
	stops    []func()
}

// part is one part of the benchmark, done on one ledger at a time.
type part struct {
	name string // such as full
	do   func(ctx context.Context, store string) ([]row, error)
}

func (b *bench) parts() []part {
	full := func(members bool) func(context.Context, string) ([]row, error) {
		return func(ctx context.Context, store string) ([]row, error) { return b.fullRun(ctx, store, members) }
	}
	return []part{{"full", full(false)}, {"members", full(true)}, {"load", b.firstLoads}, {"ledger", b.ledgerAlone}, {"push", b.pushing}, {"delta", b.deltas}}
}

// measure does the parts that are asked for, and tells the outcome on out and in
// the file that o names. What it is doing goes to progress.
func measure(ctx context.Context, o options, out, progress io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "omnisync-bench-")
	if err != nil {
		return err
	}
	b := &bench{options: o, company: newCompany(o.Users), progress: progress, dir: dir, ledgers: map[string]string{}}
	defer b.stop()
	for _, folder := range []string{o.CPU, o.Memory, o.Work} {
		if folder != "" {
			if err := os.MkdirAll(folder, 0o750); err != nil {
				return err
			}
		}
	}
	result := outcome{Machine: thisMachine(), Company: b.company, Runs: o.Runs, Latency: o.Latency}
	began := time.Now()
	for _, p := range b.parts() {
		for _, store := range stores {
			name := p.name + "/" + store
			if !strings.Contains(name, o.Only) {
				continue
			}
			rows, err := p.do(ctx, store)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			result.Rows = append(result.Rows, rows...)
		}
	}
	if len(result.Rows) == 0 {
		return fmt.Errorf("no part's name holds %q; they are full, members, load, ledger, push and delta, followed by /bolt or /redis", o.Only)
	}
	result.Took, result.LoadAfter = time.Since(began), loadAverage()
	text := result.markdown()
	if o.Out != "" {
		if err := os.WriteFile(o.Out, []byte(text), 0o644); err != nil { //nolint:gosec // a page for everyone
			return err
		}
	}
	_, err = io.WriteString(out, text)
	return err
}

func (b *bench) stop() {
	for _, stop := range slices.Backward(b.stops) {
		stop()
	}
	_ = os.RemoveAll(b.dir) // what is left there is nobody's
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, time.Now().Format("15:04:05 ")+format+"\n", args...) // nobody depends on it
}

// standin gives the address of the stand-in for the company of the full runs.
func (b *bench) standin(ctx context.Context) (string, error) {
	if b.at != "" {
		return b.at, nil
	}
	at, stop, err := startStandin(ctx, b.company)
	if err != nil {
		return "", err
	}
	b.at, b.stops = at, append(b.stops, stop)
	return at, nil
}

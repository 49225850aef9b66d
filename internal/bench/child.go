package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// childArgument is the one argument of a process that this program starts of itself.
const childArgument = "child"

// task is what a child is to do.
type task struct {
	Role    string // serve, record, fill, engine, floor, ledger, endpoint, caller, delta
	Company company
	At      string // the stand-in's address
	Members bool   // engine, floor: all members are read
	Decode  bool   // floor
	Ledger  string // fill, engine, ledger: bolt://PATH or redis://HOST:PORT
	Record  string // record, fill: file of what a first load recorded
	Scratch string // ledger: a folder for what is written
	Records int    // ledger: how many users are written
	CPU     string // engine, endpoint: file of the CPU profile
	Memory  string // engine, endpoint: file of the allocations' profile

	Turns int // delta: how often deltas are timed, in fives

	Pushes    int     // caller: how many are measured
	Turn      int     // caller: which call it is; each one pushes something new
	Endpoint  string  // caller: its address
	Small     string  // caller: that of an endpoint with few users
	Few       company // caller: and whose they are
	FewRecord string  // caller: their record
}

// taken is what a child tells of its work. The process's start is in the peak alone.
type taken struct {
	Wall  time.Duration
	CPU   time.Duration // user and system
	Peak  int64         // bytes of memory, resident at once
	Pages int           // floor: answers read
	Bytes int64         // floor: of these answers

	Outcome string            // engine
	Changes int               // engine: of any state
	Applied int               // engine
	Doubts  []string          // engine
	Costs   map[string][]toll // ledger
	Index   int64             // ledger, endpoint: bytes of memory that its index, or its book, takes
	Delta   *strolled         // delta
	Writes  map[string]int    // caller: of Omni's, for each kind of push
}

// runChild does the task that stands on in, and writes what it took to out.
func runChild(ctx context.Context, in io.Reader, out io.Writer) error {
	var t task
	tasks := json.NewDecoder(in)
	if err := tasks.Decode(&t); err != nil {
		return err
	}
	switch t.Role {
	case "serve":
		return serve(ctx, t, in, out)
	case "endpoint":
		return endpoint(ctx, t, in, out)
	}
	roles := map[string]func(context.Context, task) (taken, error){
		"record": runRecord, "fill": runFill, "engine": runEngine, "floor": runFloor, "ledger": runLedger, "caller": runCaller, "delta": runDelta,
	}
	do, ok := roles[t.Role]
	if !ok {
		return fmt.Errorf("no role %q", t.Role)
	}
	result, err := do(ctx, t)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result)
}

// serve is the stand-in until in ends, which it does with the process that wrote the task.
func serve(ctx context.Context, t task, in io.Reader, out io.Writer) error {
	server := &http.Server{Handler: newStandin(t.Company).handler(), ReadHeaderTimeout: time.Minute}
	return answer(ctx, server, in, func(at string) error { return json.NewEncoder(out).Encode(at) })
}

// answer has the server answer on a loopback address, which tell is told, until in ends.
func answer(ctx context.Context, server *http.Server, in io.Reader, tell func(at string) error) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	ended := make(chan error, 1)
	go func() { _, err := io.Copy(io.Discard, in); ended <- err }()
	if err := tell("http://" + listener.Addr().String()); err != nil {
		return err
	}
	select {
	case err = <-failed:
	case err = <-ended:
	case <-ctx.Done():
	}
	return errors.Join(err, server.Close())
}

// child starts a process for the task.
func child(ctx context.Context, t task) (*exec.Cmd, []byte, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	body, err := json.Marshal(t)
	if err != nil {
		return nil, nil, err
	}
	return exec.CommandContext(ctx, program, childArgument), body, nil
}

// perform does the task in a process of its own.
func perform(ctx context.Context, t task) (taken, error) {
	cmd, body, err := child(ctx, t)
	if err != nil {
		return taken{}, err
	}
	var out, faults bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(body), &out, &faults
	if err := cmd.Run(); err != nil {
		return taken{}, fmt.Errorf("%s: %w\n%s", t.Role, err, faults.Bytes())
	}
	var result taken
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		return taken{}, fmt.Errorf("%s answered %q: %w", t.Role, out.Bytes(), err)
	}
	return result, nil
}

// startStandin starts the stand-in and gives its address. stop ends it.
func startStandin(ctx context.Context, c company) (at string, stop func(), err error) {
	return startServer[string](ctx, task{Role: "serve", Company: c})
}

// startServer starts a child that serves, and gives what it tells when it is ready. stop ends it.
func startServer[T any](ctx context.Context, t task) (told T, stop func(), err error) {
	cmd, body, err := child(ctx, t)
	if err != nil {
		return told, nil, err
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return told, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return told, nil, err
	}
	if err := cmd.Start(); err != nil {
		return told, nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = cmd.Wait() // it has nothing more to tell
	}
	if _, err = in.Write(body); err == nil {
		err = json.NewDecoder(out).Decode(&told)
	}
	if err != nil {
		stop()
		return told, nil, fmt.Errorf("the %s did not start: %w", map[string]string{"serve": "stand-in", "endpoint": "endpoint"}[t.Role], err)
	}
	return told, stop, nil
}

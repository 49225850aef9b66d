package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// child is a process of this program that this process started, and ends.
type child struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
}

// spawn starts cmd; whoever calls it ends the child.
func spawn(cmd *exec.Cmd) (*child, error) {
	cmd.SysProcAttr = childAttributes()
	c := &child{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// On Linux the child ends with the thread that started it: this goroutine
		// keeps the thread until the child has ended, and the thread ends with it.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
			close(c.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// kill ends the child at once (kill -9) and waits until it is gone.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // fails only when it has ended
	<-c.ended
}

// stop tells the child to end and waits until it has; one that takes too long is killed.
func (c *child) stop() {
	if c.cmd.Process.Signal(syscall.SIGTERM) != nil {
		c.kill() // it has ended, or the system knows no such signal
		return
	}
	select {
	case <-c.ended:
	case <-time.After(endWithin + releaseTime):
		c.kill()
	}
}

// demoDaemon is the daemon of the demo: `syncd run` as an admin would start it.
type demoDaemon struct {
	program, dir, config, log string
	delta                     string // overrides schedule.delta
	child                     *child // nil before the first start
	from                      int64  // where in the log its present process began
}

// start starts the daemon and doesn't wait for anything. It runs until it is
// stopped, whatever becomes of ctx.
func (d *demoDaemon) start(ctx context.Context) error {
	log, err := os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has a handle of its own
	info, err := log.Stat()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), d.program, "run", "--config", d.config)
	cmd.Args[0] = "syncd"
	cmd.Dir = d.dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool {
		return strings.HasPrefix(e, "SYNCD_") // what is meant for a real daemon must not steer this one
	})
	cmd.Env = append(cmd.Env, "SYNCD_SCHEDULE_DELTA="+d.delta)
	cmd.Stdout, cmd.Stderr = log, log
	d.from = info.Size()
	c, err := spawn(cmd)
	if err == nil {
		d.child = c
	}
	return err
}

// begun waits for the first run of the daemon, and tells it. One that ends
// instead is started again until patience is over, as a supervisor does it:
// with Redis, the lease of a daemon that was killed first has to run out.
func (d *demoDaemon) begun(ctx context.Context, patience time.Duration) (loggedRun, error) {
	until := time.Now().Add(patience)
	for {
		run, ended, err := d.look()
		switch {
		case err != nil || ended:
			return run, err
		case ctx.Err() != nil:
			return run, context.Cause(ctx)
		}
		select {
		case <-time.After(20 * time.Millisecond):
			continue
		case <-d.child.ended:
		}
		if run, ended, err = d.look(); err != nil || ended {
			return run, err
		}
		if time.Now().After(until) {
			return run, fmt.Errorf("the daemon ended: %w", d.lastWords())
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return run, context.Cause(ctx)
		}
		if err := d.start(ctx); err != nil {
			return run, err
		}
	}
}

// look reads what the present process has logged of its first run, and whether
// that has ended.
func (d *demoDaemon) look() (loggedRun, bool, error) {
	text, err := d.logged()
	if err != nil {
		return loggedRun{}, false, err
	}
	run, ended := readRun(text)
	return run, ended, nil
}

func (d *demoDaemon) logged() (string, error) {
	raw, err := os.ReadFile(d.log)
	if err != nil {
		return "", err
	}
	return string(raw[min(d.from, int64(len(raw))):]), nil
}

// lastWords gives the end of the log.
func (d *demoDaemon) lastWords() error {
	text, err := d.logged()
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return errors.New(strings.Join(lines[max(0, len(lines)-3):], "; "))
}

// stop ends the daemon where it runs.
func (d *demoDaemon) stop() {
	if d.child != nil {
		d.child.stop()
	}
}

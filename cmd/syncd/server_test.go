package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// server is a redis-server that keeps its data on disk and its port over restarts.
type server struct {
	t     *testing.T
	dir   string
	port  string
	url   string
	child *child
}

func newServer(t *testing.T, dir string) *server {
	t.Helper()
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir, port: port, url: "redis://" + address}
	s.start()
	t.Cleanup(func() { s.child.kill() })
	return s
}

func (s *server) start() {
	s.t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		s.t.Fatal(err)
	}
	// It outlives the test's context: daemons tell their status after a failure.
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), program, "--port", s.port, "--bind", "127.0.0.1", "--dir", s.dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always")
	if s.child, err = spawn(cmd); err != nil {
		s.t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+s.port, time.Second)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatal(fmt.Errorf("redis-server doesn't answer: %w", err))
		}
		pause()
	}
}

// restart kills the server and starts it again, with its data or empty.
func (s *server) restart(keep bool) {
	s.t.Helper()
	s.child.kill()
	if !keep {
		if err := os.RemoveAll(filepath.Join(s.dir, "appendonlydir")); err != nil {
			s.t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(s.dir, "appendonly.aof")); err != nil { // before version 7
			s.t.Fatal(err)
		}
	}
	s.start()
}

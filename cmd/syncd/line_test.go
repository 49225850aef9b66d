//go:build !race

package main

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// weather is what a line does to those who use it.
type weather int

const (
	fair     weather = iota
	slow             // each packet to Redis takes a second
	severed          // every connection is cut, none comes about
	halfOpen         // packets vanish and nobody is told; such a connection never recovers
)

// line stands between syncd and Redis.
type line struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	now   weather
	conns map[net.Conn]bool
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener, to: to, conns: map[net.Conn]bool{}}
	done := make(chan struct{})
	go func() { defer close(done); l.serve() }()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
		l.becomes(severed)
	})
	return l
}

func (l *line) address() string { return l.listener.Addr().String() }

func (l *line) serve() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		if !l.add(near, far) {
			continue
		}
		go l.carry(far, near, time.Second)
		go l.carry(near, far, 0)
	}
}

// add notes both ends of a connection, and cuts them where the line is severed.
func (l *line) add(ends ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range ends {
		if l.now == severed {
			_ = c.Close()
		} else {
			l.conns[c] = true
		}
	}
	return l.now != severed
}

// becomes changes the weather.
func (l *line) becomes(w weather) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = w
	if w == severed {
		for c := range l.conns {
			_ = c.Close()
		}
		clear(l.conns)
	}
}

func (l *line) is() weather {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// carry brings packets from one end to the other, in whatever weather each meets;
// late is what a slow line adds.
func (l *line) carry(to, from net.Conn, late time.Duration) {
	defer func() { _, _ = to.Close(), from.Close() }()
	packet := make([]byte, 64<<10)
	for {
		n, err := from.Read(packet)
		now := l.is()
		if now == slow {
			<-time.After(late)
		}
		if now == halfOpen {
			_, _ = io.Copy(io.Discard, from) // until somebody gives it up
			return
		}
		if n > 0 {
			if _, err := to.Write(packet[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

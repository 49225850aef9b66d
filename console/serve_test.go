package console_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/sync"
)

func TestServeEndsItsRunsAndThenItself(t *testing.T) {
	d := newDaemon()
	begun := make(chan struct{})
	d.run = func(ctx context.Context, _ sync.Request) (sync.Report, error) {
		close(begun)
		<-ctx.Done()
		return sync.Report{Run: "r3", Outcome: sync.Failing}, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- console.Serve(ctx, l, d.options()) }()
	c := client("http://" + l.Addr().String())
	told := make(chan error, 1)
	go func() {
		report, err := c.Run(t.Context(), sync.Request{Kind: sync.Full})
		if report.Run != "r3" {
			err = errors.Join(err, errors.New("the report of the run that was ended did not arrive"))
		}
		told <- err
	}()
	<-begun
	end()
	if err := <-told; err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := c.Alive(t.Context()); !errors.Is(err, console.ErrAbsent) {
		t.Errorf("something listens still: %v", err)
	}
}

func TestServeTellsAListenerThatFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := console.Serve(t.Context(), l, newDaemon().options()); err == nil {
		t.Error("a closed listener is served")
	}
}

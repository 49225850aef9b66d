package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"time"

	"github.com/omnisync/omnisync/push"
	"github.com/omnisync/omnisync/sync"
)

// scimPath is where an endpoint's paths begin, and scimToken what its callers send.
const (
	scimPath  = "/scim/v2"
	scimToken = "bench"
)

// opened is an endpoint that answers.
type opened struct {
	At   string
	Load time.Duration // reading the ledger
	Book int64         // bytes of memory that what it knows of everybody takes
}

// endpoint takes pushes until in ends, over a ledger that was filled, as the
// daemon does that reads nothing of Okta.
func endpoint(ctx context.Context, t task, in io.Reader, out io.Writer) (err error) {
	s, err := openStore(t.Ledger, connection)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fence, err := s.Acquire(ctx, "bench", leaseTime)
	if err != nil {
		return err
	}
	parts, omni, err := engineParts(t.At, s, fence)
	if err != nil {
		return err
	}
	parts.Okta = sync.Accepted{Store: s}
	engine := sync.New(parts)
	o := opened{Book: -inUse()}
	began := time.Now()
	pushes, err := engine.Pushes(ctx, sync.PushOptions{Gate: push.NewGate(omni)})
	if err != nil {
		return err
	}
	o.Load = time.Since(began)
	o.Book += inUse()
	runtime.KeepAlive(pushes)
	ctx, end := context.WithCancel(ctx)
	follower := make(chan error, 1)
	go func() { follower <- pushes.Run(ctx) }()
	defer func() { end(); err = errors.Join(err, <-follower) }()
	stop, err := profile(t.CPU, t.Memory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: push.Guarded(push.Doors{
		Inner:  push.Handler(push.Options{Engine: pushes, BasePath: scimPath}),
		Tokens: func() ([]string, error) { return []string{scimToken}, nil },
		Ready:  func(context.Context) error { return nil },
		Meter:  &push.Meter{}, Log: newLog(),
	})}
	return answer(ctx, server, in, func(at string) error {
		o.At = at
		return json.NewEncoder(out).Encode(o)
	})
}

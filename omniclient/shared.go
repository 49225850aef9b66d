package omniclient

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"
)

// Shared is an allowance that several processes have together. Each of them keeps
// to its own besides.
type Shared interface {
	// Take takes one request of the API key with this digest, or tells how long it
	// is until there is one. An error tells that nobody knows.
	Take(ctx context.Context, digest string) (time.Duration, error)
}

// sharing is what a client knows of the allowance that it shares.
type sharing struct {
	with   atomic.Pointer[Shared] // nil: this process has the keys to itself
	broken atomic.Pointer[string] // why it is not shared at present
	lines  sync.Map               // by key: the line of those who wait, a chan struct{} of one
}

// Share makes the client keep to s too, from the next request on.
func (c *Client) Share(s Shared) { c.shared.with.Store(&s) }

// turn waits for the key's turn among all processes; those of this process go in
// order of arrival, so that none is overtaken until its caller gives up. Where that
// can't be known, the process goes on with its own allowance alone, and says so in
// Limits: Omni's 429 slows it down then.
func (s *sharing) turn(ctx context.Context, key string) error {
	with := s.with.Load()
	if with == nil {
		return nil
	}
	digest := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(digest[:8])
	leave, err := s.queue(ctx, name)
	if err != nil {
		return err
	}
	defer leave()
	for {
		wait, err := (*with).Take(ctx, name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			why := err.Error()
			s.broken.Store(&why)
			return nil
		}
		s.broken.Store(nil)
		if wait <= 0 {
			return nil
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// queue waits for the end of those who came before. Where the allowance is out of
// reach, to find that out may take long, and all do it at once.
func (s *sharing) queue(ctx context.Context, name string) (leave func(), err error) {
	found, _ := s.lines.LoadOrStore(name, make(chan struct{}, 1))
	line := found.(chan struct{}) //nolint:forcetypeassert // nothing else is stored
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case line <- struct{}{}:
	}
	if s.broken.Load() != nil {
		<-line
		return func() {}, nil
	}
	return func() { <-line }, nil
}

func (s *sharing) why() string {
	if b := s.broken.Load(); b != nil {
		return *b
	}
	return ""
}

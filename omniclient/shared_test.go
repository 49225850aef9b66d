package omniclient_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/omniclient"
)

// till hands out one request of all keys together every step.
type till struct {
	step   time.Duration
	broken error

	mu      sync.Mutex
	next    time.Time
	digests map[string]int
}

func (t *till) Take(_ context.Context, digest string, _ float64) (time.Duration, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.digests[digest]++
	now := time.Now()
	switch {
	case t.broken != nil:
		return 0, t.broken
	case now.Before(t.next):
		return t.next.Sub(now), nil
	}
	t.next = now.Add(t.step)
	return 0, nil
}

// sharer is a client whose requests all end in 404.
func sharer(t *testing.T, s omniclient.Shared) *omniclient.Client {
	t.Helper()
	c, err := omniclient.New(omniclient.Options{BaseURL: "http://127.0.0.1", RequestsPerMinute: 600,
		Keys: []func() (string, error){func() (string, error) { return "s3cret", nil }},
		Transport: transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody, Header: http.Header{}}, nil
		})})
	if err != nil {
		t.Fatal(err)
	}
	c.Share(s)
	return c
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Two clients take turns at what they share, and name their key by no more than
// a digest.
func TestShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &till{step: time.Second, digests: map[string]int{}}
		began := time.Now()
		var both sync.WaitGroup
		for range 2 {
			c := sharer(t, s)
			both.Go(func() {
				for range 10 {
					_, _ = c.User(t.Context(), "o-1") // not found
				}
			})
		}
		both.Wait()
		if took := time.Since(began); took < 19*time.Second || took > 25*time.Second {
			t.Errorf("20 requests took %s, want one a second", took)
		}
		if len(s.digests) != 1 {
			t.Errorf("one key has the digests %v", s.digests)
		}
		for d := range s.digests {
			if strings.Contains(d, "s3cret") || len(d) != 16 {
				t.Errorf("the key is told as %q", d)
			}
		}
	})
}

// What is shared out of reach doesn't stop anybody, and is told.
func TestShareBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &till{broken: errors.New("nobody answers"), digests: map[string]int{}}
		c := sharer(t, s)
		_, _ = c.User(t.Context(), "o-1")
		if got := c.Limits().Unshared; got != "nobody answers" {
			t.Errorf("the limits tell %q", got)
		}
		s.broken = nil
		_, _ = c.User(t.Context(), "o-1")
		if got := c.Limits().Unshared; got != "" {
			t.Errorf("after it answers again the limits tell %q", got)
		}
	})
}

// Whoever waits for a turn leaves when told to.
func TestShareEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &till{step: time.Hour, digests: map[string]int{}}
		c := sharer(t, s)
		_, _ = c.User(t.Context(), "o-1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if _, err := c.User(ctx, "o-1"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

// Those who wait for what is shared go in order of arrival: nobody is overtaken
// until the caller gives up.
func TestShareInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sharer(t, &till{step: time.Second, digests: map[string]int{}})
		var mu sync.Mutex
		var order []int
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				<-time.After(time.Duration(i) * time.Millisecond)
				_, _ = c.User(t.Context(), "o-1") // not found
				mu.Lock()
				defer mu.Unlock()
				order = append(order, i)
			})
		}
		all.Wait()
		if !slices.IsSorted(order) {
			t.Errorf("they went in the order %v", order)
		}
	})
}

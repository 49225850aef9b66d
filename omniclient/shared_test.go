package omniclient_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/identity"
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
		asked := s.digests
		for range 5 { // it isn't asked each time: to be told may take long
			_, _ = c.User(t.Context(), "o-1")
		}
		for _, n := range asked {
			if n != 1 {
				t.Errorf("in no time it was asked %d times", n)
			}
		}
		s.broken = nil
		<-time.After(5 * time.Second)
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

// Behind a crowd of joiners that waits for what is shared, a removal of the same process
// goes next, and a lane that was passed over long enough isn't passed over for ever.
func TestShareRemovalsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sharer(t, &till{step: time.Second, digests: map[string]int{}})
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var joiners, removals atomic.Int64 // one at a time, by the till
		for range 20 {
			all.Go(func() {
				for ctx.Err() == nil {
					_, _ = c.User(identity.WithLane(ctx, identity.LaneJoiner), "o-1") // not found
					joiners.Add(1)
				}
			})
		}
		for range 100 {
			<-time.After(7300 * time.Millisecond)
			asked := time.Now()
			_, _ = c.User(identity.WithLane(ctx, identity.LaneRemoval), "o-1")
			if took := time.Since(asked); took > 1100*time.Millisecond {
				t.Errorf("a removal waited %s", took)
			}
		}
		before := joiners.Load()
		busy, stop := context.WithTimeout(t.Context(), 10*time.Minute)
		defer stop()
		for range 3 {
			all.Go(func() {
				for busy.Err() == nil {
					_, _ = c.User(identity.WithLane(busy, identity.LaneRemoval), "o-1")
					removals.Add(1)
				}
			})
		}
		<-busy.Done()
		got := joiners.Load() - before
		cancel()
		all.Wait()
		if got < 600/25 || got > 600/10 || removals.Load() < 500 {
			t.Errorf("beside %d removals without end %d joiners went", removals.Load(), got)
		}
		if told := c.Limits().Lanes; told[0].Waiting+told[4].Waiting != 0 {
			t.Errorf("in the end there wait %+v", told)
		}
	})
}

// What all keys may send together is shared besides.
func TestShareTotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &till{step: time.Millisecond, digests: map[string]int{}}
		c, err := omniclient.New(omniclient.Options{BaseURL: "http://127.0.0.1", RequestsPerMinute: 60, TotalPerMinute: 90, Transport: answering(), Keys: keys("k1", "k2")})
		if err != nil {
			t.Fatal(err)
		}
		c.Share(s)
		for range 10 {
			if _, err := c.User(t.Context(), annID); err != nil {
				t.Fatal(err)
			}
		}
		if len(s.digests) != 3 || s.digests["all"] < 10 {
			t.Errorf("asked was for %v", s.digests)
		}
	})
}

// With work in all lanes without end, and other processes that take turns too, each lane
// gets about one turn in twenty.
func TestShareNoLaneStarves(t *testing.T) {
	for _, step := range []time.Duration{100 * time.Millisecond, 120 * time.Millisecond, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			c := sharer(t, &till{step: step, digests: map[string]int{}})
			ctx, cancel := context.WithTimeout(t.Context(), 3000*step)
			defer cancel()
			var all sync.WaitGroup
			var went [identity.Lanes + 1]atomic.Int64
			for lane := identity.LaneRemoval; lane <= identity.LaneName; lane++ {
				for range 3 {
					all.Go(func() {
						for ctx.Err() == nil {
							_, _ = c.User(identity.WithLane(ctx, lane), "o-1") // not found
							went[lane].Add(1)
						}
					})
				}
			}
			all.Wait()
			var list []int64
			for lane := identity.LaneRemoval; lane <= identity.LaneName; lane++ {
				list = append(list, went[lane].Load())
			}
			t.Logf("a turn each %s: by lane %v", step, list)
			if least := slices.Min(list); least < 3000/23 || list[0] < 1800 {
				t.Errorf("a turn each %s: by lane %v", step, list)
			}
		})
	}
}

package omniclient_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/omniclient"
)

// waits are how long requests waited, by lane, and in which order the lanes went.
type waits struct {
	mu    sync.Mutex
	took  map[identity.Lane][]time.Duration
	order []identity.Lane
}

// ask sends one request in the lane and notes when it was sent.
func (w *waits) ask(ctx context.Context, c *omniclient.Client, lane identity.Lane) error {
	asked := time.Now()
	_, err := c.User(identity.WithLane(ctx, lane), annID)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took[lane] = append(w.took[lane], time.Since(asked)) // Omni answers at once
	w.order = append(w.order, lane)
	return nil
}

func (w *waits) longest(lane identity.Lane) time.Duration {
	if len(w.took[lane]) == 0 {
		return 0
	}
	return slices.Max(w.took[lane])
}

// table prints what each lane waited.
func (w *waits) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-24s %8s %12s %12s\n", "lane", "sent", "median wait", "longest wait")
	for lane := identity.LaneRemoval; lane <= identity.LaneName; lane++ {
		took := slices.Sorted(slices.Values(w.took[lane]))
		if len(took) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%-24s %8d %12s %12s\n", lane, len(took), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	}
	return b.String()
}

func answering() *flight {
	return &flight{answer: func(int, *http.Request) (*http.Response, error) { return annReply() }}
}

// Promise 12, removals first: behind 10,000 joiners, at 60 requests a minute, a removal
// is sent within 2 s, and an attribute change that comes together with others within
// 5 s; all that is urgent waits for a turn or two, and the joiners still go on.
func TestPromise12RemovalsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const joiners, rounds = 10_000, 200
		c := client(t, omniclient.Options{Transport: answering(), RequestsPerMinute: 60})
		ctx, cancel := context.WithCancel(t.Context())
		w := &waits{took: map[identity.Lane][]time.Duration{}}
		var all sync.WaitGroup
		for range joiners {
			all.Go(func() { _ = w.ask(ctx, c, identity.LaneJoiner) })
		}
		synctest.Wait()
		for range rounds {
			<-time.After(20*time.Second + rand.N(10*time.Second))
			for lane := identity.LaneRemoval; lane <= identity.LaneOther; lane++ {
				all.Go(func() { _ = w.ask(ctx, c, lane) })
			}
		}
		<-time.After(time.Minute)
		cancel()
		all.Wait()
		t.Logf("behind %d joiners, one key of 60 a minute:\n%s", joiners, w.table())
		for lane, most := range map[identity.Lane]time.Duration{identity.LaneRemoval: 2 * time.Second, identity.LaneMove: 3 * time.Second,
			identity.LanePush: 4 * time.Second, identity.LaneOther: 5 * time.Second} {
			if n := len(w.took[lane]); n != rounds || w.longest(lane) > most {
				t.Errorf("%s: %d of %d were sent, the longest wait was %s", lane, n, rounds, w.longest(lane))
			}
		}
		if n := len(w.took[identity.LaneJoiner]); n < rounds*25-rounds*5 {
			t.Errorf("only %d joiners went meanwhile", n)
		}
	})
}

// Promise 12, no lane starves: with work in all lanes without end each gets at least one
// turn in twenty, the first the most; and never does it wait for two of the others in a row.
func TestPromise12NoLaneStarves(t *testing.T) {
	for _, busy := range [][]identity.Lane{
		{identity.LaneRemoval, identity.LaneMove, identity.LanePush, identity.LaneOther, identity.LaneJoiner, identity.LaneName},
		{identity.LaneRemoval, identity.LaneName},
		{identity.LanePush, identity.LaneJoiner, identity.LaneName},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := client(t, omniclient.Options{Transport: answering(), RequestsPerMinute: 60})
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
			defer cancel()
			w := &waits{took: map[identity.Lane][]time.Duration{}}
			var all sync.WaitGroup
			for _, lane := range busy {
				for range 3 {
					all.Go(func() {
						for w.ask(ctx, c, lane) == nil {
						}
					})
				}
			}
			all.Wait()
			t.Logf("with work in %d lanes without end:\n%s", len(busy), w.table())
			for i := 1; i+20 <= len(w.order); i++ { // the first went before the others had come
				for _, lane := range busy {
					if !slices.Contains(w.order[i:i+20], lane) {
						t.Fatalf("%q got none of the turns %d to %d: %v", lane, i, i+20, w.order[i:i+20])
					}
				}
			}
			for i := 2; i < len(w.order); i++ {
				if w.order[i] != busy[0] && w.order[i-1] != busy[0] {
					t.Fatalf("%q waited for two others: %v", busy[0], w.order[i-2:i+1])
				}
			}
			if n := len(w.took[busy[0]]); n < len(w.order)*7/10 {
				t.Errorf("%q got %d of %d turns", busy[0], n, len(w.order))
			}
		})
	}
}

// Who waits leaves when its caller gives up, and takes no turn along. Who waits is told
// by lane.
func TestLanesAreLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := answering()
		c := client(t, omniclient.Options{Transport: f, RequestsPerMinute: 6})
		if _, err := c.User(t.Context(), annID); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, err := c.User(identity.WithLane(ctx, identity.LaneRemoval), annID); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("it ended with %v", err)
				}
			})
		}
		all.Go(func() {
			if _, err := c.User(identity.WithLane(t.Context(), identity.LaneJoiner), annID); err != nil {
				t.Error(err)
			}
		})
		<-time.After(3 * time.Second)
		told := c.Limits().Lanes
		if told[0].Waiting != 50 || told[0].Seconds != 3 || told[4].Waiting != 1 || told[1].Waiting != 0 {
			t.Errorf("the lanes are told as %+v", told)
		}
		all.Wait()
		if gap := f.at[1].Sub(f.at[0]); len(f.at) != 2 || gap > 10200*time.Millisecond {
			t.Errorf("%d requests, the second after %s", len(f.at), gap)
		}
	})
}

// Those who wait when Omni asks for a long pause fail at once, as those who come do.
func TestLongPauseFailsThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{answer: func(int, *http.Request) (*http.Response, error) { return reply(429, "", "Retry-After", "3600") }}
		c := client(t, omniclient.Options{Transport: f, RequestsPerMinute: 60})
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if _, err := c.User(t.Context(), annID); !fault.Is(err, fault.Limited) {
					t.Error(err)
				}
			})
		}
		began := time.Now()
		all.Wait()
		if len(f.at) != 1 || time.Since(began) > time.Second {
			t.Errorf("%d requests, all over after %s", len(f.at), time.Since(began))
		}
	})
}

// All keys together keep to the total, each to its own; the keys are used alike.
func TestTotalIsKept(t *testing.T) {
	for _, tt := range []struct{ keys, total, want int }{{3, 90, 90}, {3, 0, 180}, {3, 500, 180}, {1, 20, 20}} {
		synctest.Test(t, func(t *testing.T) {
			f := answering()
			c := client(t, omniclient.Options{Transport: f, Keys: keys("k1", "k2", "k3")[:tt.keys], RequestsPerMinute: 60, TotalPerMinute: tt.total})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			throng(ctx, c, annID)
			if n := busiest(f.at); n > tt.want || len(f.at) < tt.want*10*97/100 {
				t.Errorf("%d keys, %d together: %d in the busiest minute, %d in ten", tt.keys, tt.total, n, len(f.at))
			}
			used := map[string]int{}
			for _, k := range f.keys {
				used[k]++
			}
			for k, n := range used {
				if n*tt.keys < len(f.keys)*9/10 {
					t.Errorf("%d keys, %d together: %s sent %d of %d", tt.keys, tt.total, k, n, len(f.keys))
				}
			}
			if perMinute, _ := c.Outlook(0); cmp.Compare(perMinute, omniclient.Steady(tt.want)) != 0 || c.Limits().PerMinute != tt.want {
				t.Errorf("foreseen are %.1f a minute, the limits tell %d", perMinute, c.Limits().PerMinute)
			}
		})
	}
}

// Who waits goes at once in a better lane when somebody needs it there: among 200 joiners
// of this process, and where other processes take turns too.
func TestLaneRises(t *testing.T) {
	for name, shared := range map[string]omniclient.Shared{"alone": nil, "shared": &till{step: time.Second, digests: map[string]int{}}} {
		synctest.Test(t, func(t *testing.T) {
			c := client(t, omniclient.Options{Transport: answering(), RequestsPerMinute: 120})
			if shared != nil {
				c.Share(shared)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var all sync.WaitGroup
			for range 200 {
				all.Go(func() { _, _ = c.User(identity.WithLane(ctx, identity.LaneJoiner), annID) })
			}
			<-time.After(5 * time.Second)
			waited := identity.WithLane(ctx, identity.LaneName)
			done := make(chan error, 1)
			go func() {
				_, err := c.User(waited, annID)
				done <- err
			}()
			<-time.After(1500 * time.Millisecond)
			began := time.Now()
			identity.Hurry(waited, identity.WithLane(ctx, identity.LaneRemoval))
			err := <-done
			if took := time.Since(began); err != nil || took > 2500*time.Millisecond {
				t.Errorf("%s: it went after %s, %v", name, took, err)
			}
			cancel()
			all.Wait()
		})
	}
}

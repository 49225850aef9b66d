package push_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/push"
)

// answerTime is what an answer to Okta may take.
const answerTime = 25 * time.Second

// throng is what pushes at once.
type throng struct {
	objects  int
	parallel int                  // requests in flight
	gone     func(i int) bool     // never comes back when it is sent away; nil: all come back
	late     func() time.Duration // how much later than asked one comes back; nil: exactly then
}

// outcome is what came of a throng.
type outcome struct {
	mu       sync.Mutex
	attempts []int // by object
	done     []time.Time
	longest  time.Duration // an answer
	lost     int           // objects that were not done
}

// run pushes as Okta does: it comes back exactly after Retry-After, ten times at
// most. work is one request to Omni.
func (c throng) run(t *testing.T, g *push.Gate, work func(ctx context.Context) error) *outcome {
	t.Helper()
	o := &outcome{attempts: make([]int, c.objects)}
	slots := make(chan struct{}, c.parallel)
	var all sync.WaitGroup
	for i := range c.objects {
		all.Go(func() {
			for range 10 {
				slots <- struct{}{}
				wait, ok := o.push(t.Context(), g, i, work)
				<-slots
				if ok || c.gone != nil && c.gone(i) {
					return
				}
				if wait < time.Second || wait%time.Second != 0 {
					t.Errorf("Retry-After would be %s", wait)
				}
				if c.late != nil {
					wait += c.late()
				}
				<-time.After(wait)
			}
			o.mu.Lock()
			o.lost++
			o.mu.Unlock()
		})
	}
	all.Wait()
	return o
}

// push is one request of Okta's, as an engine answers it.
func (o *outcome) push(ctx context.Context, g *push.Gate, i int, work func(ctx context.Context) error) (time.Duration, bool) {
	began := time.Now()
	wait, err := once(ctx, g, fmt.Sprint("object ", i), work)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.attempts[i]++
	o.longest = max(o.longest, time.Since(began))
	if err == nil {
		o.done = append(o.done, time.Now())
	}
	return wait, err == nil
}

func once(ctx context.Context, g *push.Gate, key string, work func(ctx context.Context) error) (time.Duration, error) {
	leave, err := g.Enter(ctx, key)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.After, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime-time.Second)
	defer cancel()
	err = work(ctx)
	leave(err)
	switch {
	case err == nil:
		return 0, nil
	case ctx.Err() != nil:
		return g.Again(key), err
	default:
		return g.Away(key), err
	}
}

// spread counts the objects by attempts.
func (o *outcome) spread() (by [11]int) {
	for _, n := range o.attempts {
		by[n]++
	}
	return by
}

// used is the share of Omni's allowance that was used between the first and the
// last that was done; perMinute tells the allowance at a time since the beginning.
func (o *outcome) used(began time.Time, perMinute func(time.Duration) float64) float64 {
	first, end := o.done[0].Sub(began), o.done[len(o.done)-1].Sub(began)
	const step = 100 * time.Millisecond
	allowed := 0.0
	for at := first; at < end; at += step {
		allowed += perMinute(at) / 60 * min(step, end-at).Seconds()
	}
	return float64(len(o.done)-1) / allowed
}

// bounds are what must hold of a throng; in any case all are done, and answered in time.
type bounds struct {
	used     float64 // of the allowance, at least
	attempts int     // of an object, at most; 0: three
}

func (o *outcome) check(t *testing.T, used float64, b bounds) {
	t.Helper()
	t.Logf("%d done in %s, %.1f%% of the allowance used, objects by attempts %v, longest answer %s", len(o.done),
		o.done[len(o.done)-1].Sub(o.done[0]).Round(time.Second), used*100, o.spread(), o.longest.Round(100*time.Millisecond))
	if o.lost > 0 {
		t.Errorf("%d objects were not done", o.lost)
	}
	if n := slices.Max(o.attempts); n > cmp.Or(b.attempts, 3) {
		t.Errorf("an object needed %d attempts", n)
	}
	if o.longest > answerTime {
		t.Errorf("an answer took %s", o.longest)
	}
	if !(used > b.used && used < 1.01) {
		t.Errorf("%.2f%% of the allowance was used", used*100)
	}
}

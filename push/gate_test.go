package push_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/push"
)

// omni is an Omni behind its pacing: each request waits for its turn, in order
// of arrival.
type fakeOmni struct {
	turn     chan struct{}
	next     time.Time // when the next turn is
	foreseen float64   // a minute, whatever is true
	takes    time.Duration
	began    time.Time
	changed  []change
	told     bool // the outlook tells the changes
}

// change is what is ours of the allowance from some moment on.
type change struct {
	at        time.Duration
	perMinute float64
}

func newFakeOmni(perMinute float64) *fakeOmni {
	return &fakeOmni{turn: make(chan struct{}, 1), foreseen: perMinute, takes: 200 * time.Millisecond, began: time.Now()}
}

func (o *fakeOmni) Outlook(n int) (float64, time.Duration) {
	if !o.told {
		return o.foreseen, 0
	}
	slower := 60/o.perMinute(time.Since(o.began)) - 60/o.foreseen
	return o.foreseen, time.Duration(float64(n) * slower * float64(time.Second))
}

// changes makes something else use a part of the allowance from some moment on.
func (o *fakeOmni) changes(at time.Duration, perMinute float64) {
	o.changed = append(o.changed, change{at, perMinute})
}

func (o *fakeOmni) perMinute(at time.Duration) float64 {
	now := o.foreseen
	for _, c := range o.changed {
		if c.at <= at {
			now = c.perMinute
		}
	}
	return now
}

func (o *fakeOmni) do(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case o.turn <- struct{}{}:
	}
	<-time.After(time.Until(o.next))
	now := time.Now()
	o.next = now.Add(time.Duration(60 / o.perMinute(now.Sub(o.began)) * float64(time.Second)))
	<-o.turn
	<-time.After(o.takes)
	return nil
}

// A burst of 5,000 objects: all are done, with three attempts at most, and
// the allowance is used.
func TestBurst(t *testing.T) {
	for _, tt := range []struct {
		name      string
		perMinute float64
		throng    throng
	}{
		{"five at once", 500, throng{objects: 5000, parallel: 5}},
		{"50 at once", 500, throng{objects: 5000, parallel: 50}},
		{"100 at once", 500, throng{objects: 5000, parallel: 100}},
		{"all at once", 500, throng{objects: 5000, parallel: 5000}},
		{"60 a minute", 60, throng{objects: 500, parallel: 500}},
		{"6 a minute", 6, throng{objects: 50, parallel: 50}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newFakeOmni(tt.perMinute)
				out := tt.throng.run(t, push.NewGate(o), o.do)
				out.check(t, out.used(o.began, o.perMinute), bounds{used: .97})
			})
		})
	}
}

// Something happens in the middle of a burst that nobody could foresee.
func TestBurstInChangingTimes(t *testing.T) {
	all := bounds{used: .97}
	for _, tt := range []struct {
		name   string
		throng throng
		omni   func(o *fakeOmni)
		bounds bounds
	}{
		{"a pull takes half and gives it back", throng{}, func(o *fakeOmni) {
			o.changes(2*time.Minute, 250)
			o.changes(6*time.Minute, 500)
		}, all},
		{"a pull takes half from the first moment on, for a while", throng{}, func(o *fakeOmni) {
			o.changes(0, 250)
			o.changes(3*time.Minute, 500)
		}, all},
		{"a pull takes half until the end", throng{}, func(o *fakeOmni) { o.changes(time.Minute, 250) }, all},
		{"a pull takes half again and again", throng{}, func(o *fakeOmni) {
			for i := range 12 {
				o.changes(time.Duration(i+1)*time.Minute, 500/float64(1+(i+1)%2))
			}
		}, bounds{.8, 7}},
		{"100 at once, and a pull takes half", throng{parallel: 100}, func(o *fakeOmni) { o.changes(time.Minute, 250) }, all},
		{"each takes two requests", throng{}, func(o *fakeOmni) { o.changes(0, 250) }, all},
		{"each takes three requests", throng{}, func(o *fakeOmni) { o.changes(0, 500./3) }, bounds{.97, 4}},
		{"answers take three seconds", throng{}, func(o *fakeOmni) { o.takes = 3 * time.Second }, all},
		{"Omni slows down to half, and says so", throng{}, func(o *fakeOmni) {
			o.told = true
			o.changes(3*time.Minute, 250)
			o.changes(6*time.Minute, 500)
		}, all},
		{"one in ten never comes back", throng{gone: func(i int) bool { return i%10 == 3 }}, func(*fakeOmni) {}, bounds{used: .89}},
		{"all come back up to five seconds late", throng{late: func() time.Duration { return rand.N(5 * time.Second) }}, func(*fakeOmni) {}, all},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newFakeOmni(500)
				tt.omni(o)
				tt.throng.objects, tt.throng.parallel = 5000, cmp.Or(tt.throng.parallel, 5000)
				out := tt.throng.run(t, push.NewGate(o), o.do)
				out.check(t, out.used(o.began, o.perMinute), tt.bounds)
			})
		})
	}
}

// What a pull took before doesn't make a burst wait after it.
func TestBurstAfterAPull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newFakeOmni(500)
		o.changes(0, 250)
		o.changes(2*time.Minute, 500)
		g := push.NewGate(o)
		throng{objects: 400, parallel: 400}.run(t, g, o.do)
		<-time.After(2 * time.Minute)
		out := throng{objects: 5000, parallel: 5000}.run(t, g, o.do)
		out.check(t, out.used(o.began, o.perMinute), bounds{used: .97})
	})
}

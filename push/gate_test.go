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
type omni struct {
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

func newOmni(perMinute float64) *omni {
	return &omni{turn: make(chan struct{}, 1), foreseen: perMinute, takes: 200 * time.Millisecond, began: time.Now()}
}

func (o *omni) Outlook(n int) (float64, time.Duration) {
	if !o.told {
		return o.foreseen, 0
	}
	slower := 60/o.perMinute(time.Since(o.began)) - 60/o.foreseen
	return o.foreseen, time.Duration(float64(n) * slower * float64(time.Second))
}

// changes makes something else use a part of the allowance from some moment on.
func (o *omni) changes(at time.Duration, perMinute float64) {
	o.changed = append(o.changed, change{at, perMinute})
}

func (o *omni) perMinute(at time.Duration) float64 {
	now := o.foreseen
	for _, c := range o.changed {
		if c.at <= at {
			now = c.perMinute
		}
	}
	return now
}

func (o *omni) do(ctx context.Context) error {
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
		crowd     crowd
	}{
		{"five at once", 500, crowd{objects: 5000, parallel: 5}},
		{"50 at once", 500, crowd{objects: 5000, parallel: 50}},
		{"100 at once", 500, crowd{objects: 5000, parallel: 100}},
		{"all at once", 500, crowd{objects: 5000, parallel: 5000}},
		{"60 a minute", 60, crowd{objects: 500, parallel: 500}},
		{"6 a minute", 6, crowd{objects: 50, parallel: 50}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOmni(tt.perMinute)
				out := tt.crowd.run(t, push.NewGate(o), o.do)
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
		crowd  crowd
		omni   func(o *omni)
		bounds bounds
	}{
		{"a pull takes half and gives it back", crowd{}, func(o *omni) {
			o.changes(2*time.Minute, 250)
			o.changes(6*time.Minute, 500)
		}, all},
		{"a pull takes half from the first moment on, for a while", crowd{}, func(o *omni) {
			o.changes(0, 250)
			o.changes(3*time.Minute, 500)
		}, all},
		{"a pull takes half until the end", crowd{}, func(o *omni) { o.changes(time.Minute, 250) }, all},
		{"a pull takes half again and again", crowd{}, func(o *omni) {
			for i := range 12 {
				o.changes(time.Duration(i+1)*time.Minute, 500/float64(1+(i+1)%2))
			}
		}, bounds{.8, 7}},
		{"100 at once, and a pull takes half", crowd{parallel: 100}, func(o *omni) { o.changes(time.Minute, 250) }, all},
		{"each takes two requests", crowd{}, func(o *omni) { o.changes(0, 250) }, all},
		{"each takes three requests", crowd{}, func(o *omni) { o.changes(0, 500./3) }, bounds{.97, 4}},
		{"answers take three seconds", crowd{}, func(o *omni) { o.takes = 3 * time.Second }, all},
		{"Omni slows down to half, and says so", crowd{}, func(o *omni) {
			o.told = true
			o.changes(3*time.Minute, 250)
			o.changes(6*time.Minute, 500)
		}, all},
		{"one in ten never comes back", crowd{gone: func(i int) bool { return i%10 == 3 }}, func(*omni) {}, bounds{used: .89}},
		{"all come back up to five seconds late", crowd{late: func() time.Duration { return rand.N(5 * time.Second) }}, func(*omni) {}, all},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOmni(500)
				tt.omni(o)
				tt.crowd.objects, tt.crowd.parallel = 5000, cmp.Or(tt.crowd.parallel, 5000)
				out := tt.crowd.run(t, push.NewGate(o), o.do)
				out.check(t, out.used(o.began, o.perMinute), tt.bounds)
			})
		})
	}
}

// What a pull took before doesn't make a burst wait after it.
func TestBurstAfterAPull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOmni(500)
		o.changes(0, 250)
		o.changes(2*time.Minute, 500)
		g := push.NewGate(o)
		crowd{objects: 400, parallel: 400}.run(t, g, o.do)
		<-time.After(2 * time.Minute)
		out := crowd{objects: 5000, parallel: 5000}.run(t, g, o.do)
		out.check(t, out.used(o.began, o.perMinute), bounds{used: .97})
	})
}

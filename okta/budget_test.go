package okta_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/okta"
)

// purse is a budget of its own: all requests, and patient ones, in one bucket.
type purse struct {
	mu     sync.Mutex
	all    []time.Time
	broken error
}

func (p *purse) Spend(_ context.Context, of ...identity.Quota) (time.Duration, error) {
	most, window := of[0].Most, of[0].Window
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for len(p.all) > 0 && !now.Before(p.all[0].Add(window)) {
		p.all = p.all[1:]
	}
	switch {
	case p.broken != nil:
		return 0, p.broken
	case len(p.all) >= most:
		return p.all[0].Add(window).Sub(now), nil
	}
	p.all = append(p.all, now)
	return 0, nil
}

// Two processes keep to one share together, each request goes once, and who waits for
// the other process is told as that.
func TestPromise12OneBudgetForAllProcesses(t *testing.T) {
	c := &crowd{meter: meter{limit: 100, latency: 50 * time.Millisecond}}
	b := &purse{}
	readers := []*okta.Reader{newReaderOver(t, c, 0.25), newReaderOver(t, c, 0.25)}
	for _, r := range readers {
		r.Share(b)
	}
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		for _, r := range readers {
			for range 3 {
				wg.Go(func() {
					for range 20 {
						members(t, r, "00ga")
					}
				})
			}
		}
		<-time.After(30 * time.Second)
		for _, r := range readers {
			if l := r.Limits()["groups/*"]; l.Waiting != 3 || !strings.Contains(l.Why, "share") {
				t.Errorf("in between it is told %+v", l)
			}
		}
		wg.Wait()
	})
	if n := len(c.sent); n != 120 || c.refused > 0 {
		t.Errorf("%d requests, %d refused", n, c.refused)
	}
	if n := c.mostInAMinute(); n != 25 {
		t.Errorf("%d requests in a minute, 25 are allowed", n)
	}
}

// A process that knows no limit yet finds it out, however much others have spent, and
// keeps to the budget from then on.
func TestBudgetOfANewProcess(t *testing.T) {
	c := &crowd{meter: meter{limit: 600, latency: 50 * time.Millisecond}}
	b := &purse{}
	r := newReaderOver(t, c, 0.25) // 150; of the least limit that Okta has it would be 25
	r.Share(b)
	synctest.Test(t, func(t *testing.T) {
		for range 140 {
			_, _ = b.Spend(t.Context(), identity.Quota{Name: "groups/*", Most: 150, Window: time.Minute})
		}
		for range 10 {
			if took := members(t, r, "00ga"); took > time.Second {
				t.Errorf("within the share a request took %s", took)
			}
		}
		if took := members(t, r, "00ga"); took < 50*time.Second {
			t.Errorf("over the share a request took %s", took)
		}
	})
}

// A budget that can't be known stops nobody, and is told.
func TestBudgetBroken(t *testing.T) {
	c := &crowd{meter: meter{limit: 100, latency: 50 * time.Millisecond}}
	b := &purse{broken: errors.New("nobody answers")}
	r := newReaderOver(t, c, 0.25)
	r.Share(b)
	synctest.Test(t, func(t *testing.T) {
		members(t, r, "00ga")
		if why := r.Unshared(); why != "nobody answers" {
			t.Errorf("it is told as %q", why)
		}
		b.broken = nil
		<-time.After(5 * time.Second)
		members(t, r, "00ga")
		if why := r.Unshared(); why != "" {
			t.Errorf("afterwards it is told as %q", why)
		}
	})
}

// Who waits for a budget leaves when its caller gives up, and leaves its place.
func TestBudgetIsLeft(t *testing.T) {
	c := &crowd{meter: meter{limit: 100, latency: 50 * time.Millisecond}}
	b := &purse{}
	r := newReaderOver(t, c, 0.04) // four
	r.Share(b)
	synctest.Test(t, func(t *testing.T) {
		members(t, r, "00ga") // the limit is known now
		for range 3 {
			_, _ = b.Spend(t.Context(), identity.Quota{Name: "groups/*", Most: 4, Window: time.Minute}) // another process
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := collect(r.Members(ctx, identity.GroupID("00gb"))); err == nil {
			t.Error("it went although the budget was spent")
		}
		if l := r.Limits()["groups/*"]; l.Waiting != 0 {
			t.Errorf("afterwards it is told %+v", l)
		}
		for range 4 {
			members(t, r, "00gc")
		}
	})
}

// What can wait goes in even steps once the first have gone, and uses its half.
func TestPatientGoesEvenly(t *testing.T) {
	c := &crowd{meter: meter{limit: 480, latency: 50 * time.Millisecond}, pages: 300}
	r := newReaderOver(t, c, 0.25) // half of it: 60 in 61 s
	synctest.Test(t, func(t *testing.T) {
		if took := members(t, r.Patiently(), "00gpatient"); took > 5*time.Minute+10*time.Second {
			t.Errorf("300 pages took %s", took)
		}
	})
	times := c.times["00gpatient"]
	for i := 20; i < len(times); i++ {
		if gap := times[i].Sub(times[i-10]); i < 60 && gap < 10*time.Second { // ten steps of a second
			t.Fatalf("requests %d to %d came within %s", i-10, i, gap)
		}
	}
	if n := most(times); n > 60 {
		t.Errorf("%d in a minute", n)
	}
}

// A limit that others use up is waited for, and told as that.
func TestDrainedByOthersIsTold(t *testing.T) {
	m := &meter{limit: 100, others: 92, latency: 100 * time.Millisecond}
	r := newReaderOver(t, inProcess{m}, 1)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		_, _ = r.Account(ctx, "00u1")
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = r.Account(ctx, "00u2") })
		synctest.Wait()
		got := r.Limits()["users/{id}"]
		if got.Waiting != 1 || !strings.Contains(got.Why, "others use this limit too: of 100 requests a minute 7 are left until 00:01:0") {
			t.Errorf("it is told %+v", got)
		}
		cancel()
		wg.Wait()
	})
}

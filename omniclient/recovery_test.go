package omniclient_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
)

// throng has four callers ask without end until ctx ends.
func throng(ctx context.Context, c *omniclient.Client, id string) {
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				_, _ = c.User(ctx, identity.OmniID(id))
			}
		})
	}
	all.Wait()
}

// minutes counts answers by the minute they came in.
type minutes struct{ let, refused []int }

func perMinute(org *simomni.Org, began time.Time) minutes {
	var m minutes
	for _, r := range org.Requests() {
		at := int(r.Time.Sub(began).Minutes())
		for len(m.let) <= at {
			m.let, m.refused = append(m.let, 0), append(m.refused, 0)
		}
		if r.Status == http.StatusTooManyRequests {
			m.refused[at]++
		} else {
			m.let[at]++
		}
	}
	return m
}

func sum(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

// Promise 12, within limits: Omni announces 60 a minute and refuses above less. From
// the fourth minute on (the fifth, where keys are refused one after the other), at most
// one refusal falls into any ten minutes and most of what Omni lets through is used; and when Omni keeps its word again, the full pace is back
// within the half hour.
func TestPromise12PaceSettlesBelowTheAnnouncement(t *testing.T) {
	const hour = 60
	for _, tt := range []struct {
		name  string
		keys  []string
		knobs simomni.Knobs
		real  int
		from  int // minute from which it has settled
	}{
		{"45, one key", []string{"k1"}, simomni.Knobs{RealLimit: 45}, 45, 3},
		{"45, one key, with Retry-After", []string{"k1"}, simomni.Knobs{RealLimit: 45, RetryAfter: true}, 45, 3},
		{"55, one key", []string{"k1"}, simomni.Knobs{RealLimit: 55}, 55, 3},
		{"45 of each, two keys", []string{"k1", "k2"}, simomni.Knobs{RealLimit: 45}, 90, 3},
		{"80 of all, two keys", []string{"k1", "k2"}, simomni.Knobs{RealLimit: 60, TotalLimit: 80}, 80, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			org := &simomni.Org{Knobs: tt.knobs}
			id := org.AddUser("ann@acme.test", "Ann")
			c := client(t, omniclient.Options{BaseURL: "http://127.0.0.1", Transport: sim.Transport(org), Keys: keys(tt.keys...), RequestsPerMinute: 60})
			began := time.Now()
			time.AfterFunc(hour*time.Minute, func() { org.SetKnobs(simomni.Knobs{RealLimit: 60}) })
			ctx, cancel := context.WithTimeout(t.Context(), 2*hour*time.Minute)
			defer cancel()
			throng(ctx, c, id)
			m := perMinute(org, began)
			t.Logf("%s: let through by minute %v, refused %v", tt.name, m.let, m.refused)
			for from := tt.from; from+10 <= hour; from++ {
				if n := sum(m.refused[from : from+10]); n > len(tt.keys) {
					t.Errorf("%s: %d refusals in the ten minutes from %d on", tt.name, n, from)
				}
				if n := sum(m.let[from : from+10]); n < tt.real*10*80/100 {
					t.Errorf("%s: %d let through in the ten minutes from %d on, Omni allows %d", tt.name, n, from, tt.real*10)
				}
			}
			if n, want := sum(m.let[hour+30:]), 60*len(tt.keys)*(len(m.let)-hour-30); n < want*96/100 {
				t.Errorf("%s: half an hour after Omni has recovered %d went through of %d", tt.name, n, want)
			}
		})
	}
}

package omniclient_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
)

// Promise 12, within limits and used to the full: two keys of 240 a minute use at least
// 97 % of what is allowed from the second minute on, without a 429, and four keys give
// at least 3.9 times what one does.
func TestPromise12KeysAddUp(t *testing.T) {
	sent := map[int]int{}
	for _, n := range []int{1, 2, 4} {
		synctest.Test(t, func(t *testing.T) {
			org := &simomni.Org{Knobs: simomni.Knobs{RealLimit: 240}}
			id := org.AddUser("ann@acme.test", "Ann")
			c := client(t, omniclient.Options{BaseURL: "http://127.0.0.1", Transport: sim.Transport(org), Keys: keys("k1", "k2", "k3", "k4")[:n], RequestsPerMinute: 240})
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 11*time.Minute)
			defer cancel()
			throng(ctx, c, id)
			m := perMinute(org, began)
			sent[n] = sum(m.let[1:11])
			t.Logf("%d keys: %d of %d from the second minute on (%.1f %%), %d refused", n, sent[n], 10*240*n, float64(sent[n])/float64(24*n), sum(m.refused))
			if sent[n] < 10*240*n*97/100 || sum(m.refused) > 0 {
				t.Errorf("%d keys: %d in ten minutes, %d refused", n, sent[n], sum(m.refused))
			}
		})
	}
	if ratio := float64(sent[4]) / float64(sent[1]); ratio < 3.9 {
		t.Errorf("four keys give %.2f times what one does", ratio)
	}
}

// oddKey is a run of 200 creations with three keys, one of which has its own ways.
type oddKey struct {
	name string
	key  func(n int, r *http.Request) (*http.Response, error) // what Omni answers to the odd key; nil: as usual
	read func(since time.Duration) (string, error)            // what is read of it; nil: its value
	most time.Duration                                        // that it takes
}

// Promise 12: a key that Omni refuses, that is slow, that goes and comes back or is
// replaced while requests run: every one of them is done, and each once.
func TestPromise12OddKeys(t *testing.T) {
	const users = 200
	away := errors.New("open odd.key: no such file")
	for _, l := range []oddKey{
		{name: "refused from the start", key: func(int, *http.Request) (*http.Response, error) { return reply(401, "") }, most: 110 * time.Second},
		{name: "refused from its 20th request on", key: func(n int, _ *http.Request) (*http.Response, error) {
			if n >= 20 {
				return reply(403, "")
			}
			return nil, nil
		}, most: 110 * time.Second},
		{name: "slow", key: func(_ int, r *http.Request) (*http.Response, error) {
			<-time.After(5 * time.Second)
			return nil, nil
		}, most: 4 * time.Minute},
		{name: "used by somebody else too", key: func(n int, _ *http.Request) (*http.Response, error) {
			if n%10 == 9 {
				return reply(429, "")
			}
			return nil, nil
		}, most: 4 * time.Minute},
		{name: "away for half a minute", read: func(since time.Duration) (string, error) {
			if since > 20*time.Second && since < 50*time.Second {
				return "", away
			}
			return "odd", nil
		}, most: 90 * time.Second},
		{name: "empty, then another", read: func(since time.Duration) (string, error) {
			switch {
			case since < 20*time.Second:
				return "odd", nil
			case since < 40*time.Second:
				return "", nil
			}
			return "new", nil
		}, most: 90 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) { l.run(t, users) })
	}
}

func (l oddKey) run(t *testing.T, users int) {
	org := &simomni.Org{}
	began := time.Now()
	var mu sync.Mutex
	odd, used := 0, map[string]int{}
	omni := sim.Transport(org)
	c := client(t, omniclient.Options{BaseURL: "http://127.0.0.1", RequestsPerMinute: 60,
		Keys: append(keys("k1", "k2"), func() (string, error) {
			if l.read == nil {
				return "odd", nil
			}
			return l.read(time.Since(began))
		}),
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			mu.Lock()
			used[key]++
			if key == "odd" {
				odd++
			}
			n := odd
			mu.Unlock()
			if key == "odd" && l.key != nil {
				if res, err := l.key(n, r); res != nil || err != nil {
					return res, err
				}
			}
			return omni.RoundTrip(r)
		})})
	todo := make(chan int)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range todo {
				name := fmt.Sprintf("user%03d@acme.test", i)
				if _, err := c.CreateUser(t.Context(), identity.User{UserName: name, DisplayName: name}); err != nil {
					t.Errorf("%s: %s: %v", l.name, name, err)
				}
			}
		})
	}
	for i := range users {
		todo <- i
	}
	close(todo)
	all.Wait()
	took := time.Since(began)
	t.Logf("%s: %d users in %s, by key %v, refused %v", l.name, len(org.Users()), took.Round(time.Second), used, c.Limits().RefusedKeys)
	if n := len(org.Users()); n != users || org.Writes() != users || took > l.most {
		t.Errorf("%s: Omni has %d users after %d writes; it took %s", l.name, n, org.Writes(), took)
	}
	if _, err := c.User(t.Context(), "missing"); !fault.Is(err, fault.NotFound) {
		t.Errorf("%s: afterwards: %v", l.name, err)
	}
}

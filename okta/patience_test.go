package okta_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/okta"
)

// crowd is an Okta with groups, whose members come one a page, that counts requests
// a minute. A group that is named after a patient reader is read by one.
type crowd struct {
	meter
	pages int // of a patient group; any other has one

	times map[string][]time.Time // when requests came, by group
}

func (c *crowd) RoundTrip(req *http.Request) (*http.Response, error) {
	return inProcess{http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		group := strings.Split(strings.TrimPrefix(req.URL.Path, "/behind/a/gateway"), "/")[4]
		c.begin(w)
		c.mu.Lock()
		if c.times == nil {
			c.times = map[string][]time.Time{}
		}
		c.times[group] = append(c.times[group], time.Now())
		page := len(c.times[group])
		c.mu.Unlock()
		<-time.After(c.latency)
		c.mu.Lock()
		c.running--
		c.mu.Unlock()
		if strings.HasPrefix(group, "00gpatient") && page < c.pages {
			w.Header().Set("Link", fmt.Sprintf(`<%s/api/v1/groups/%s/users?after=%d>; rel="next"`, org, group, page))
		}
		answer(w, 200, fmt.Sprintf(`[{"id": "00u%d"}]`, page))
	})}.RoundTrip(req)
}

// members reads a group, and tells how long that took.
func members(t *testing.T, r *okta.Reader, group identity.GroupID) time.Duration {
	t.Helper()
	begin := time.Now()
	if _, err := collect(r.Members(t.Context(), group)); err != nil {
		t.Error(err)
	}
	return time.Since(begin)
}

// most is the largest number of times within any 60 s.
func most(times []time.Time) int { return (&meter{sent: times}).mostInAMinute() }

// A long patient list uses half of the share, and what can't wait goes at once, as
// long as it uses no more than the other half.
func TestPromise12PatientLeavesHalf(t *testing.T) {
	c := &crowd{meter: meter{limit: 20, latency: time.Second}, pages: 40}
	r := newReaderOver(t, c, 0.5)
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		wg.Go(func() {
			if took := members(t, r.Patiently(), "00gpatient"); took < 7*time.Minute || took > 9*time.Minute {
				t.Errorf("40 pages took %v, 5 a minute are allowed", took)
			}
		})
		<-time.After(3*time.Minute + 30*time.Second)
		for i := range 15 {
			if took := members(t, r, "00gprompt"); took != time.Second {
				t.Errorf("prompt request %d took %v, want its own second", i, took)
			}
			<-time.After(12 * time.Second)
		}
		wg.Wait()
	})
	if n := most(c.times["00gpatient"]); n != 5 {
		t.Errorf("%d patient requests in a minute, want 5", n)
	}
	if n := c.mostInAMinute(); n > 10 || c.refused > 0 {
		t.Errorf("%d requests in a minute, %d refused", n, c.refused)
	}
}

// Where a prompt and a patient request wait for one place, the prompt one has it,
// also when it came later; where it gives up, the patient one goes.
func TestPromptGoesFirst(t *testing.T) {
	for _, gives := range []bool{false, true} {
		c := &crowd{meter: meter{limit: 20, latency: time.Second}}
		r := newReaderOver(t, c, 0.1) // two a minute, so one patient
		synctest.Test(t, func(t *testing.T) {
			members(t, r, "00ga")
			<-time.After(20 * time.Second)
			members(t, r, "00gb")
			var wg sync.WaitGroup
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			late := time.Second
			if gives {
				late = 0
			}
			wg.Go(func() {
				<-time.After(late)
				_, _ = collect(r.Members(ctx, "00gprompt"))
			})
			<-time.After(time.Second / 2)
			wg.Go(func() { members(t, r.Patiently(), "00gpatient") })
			<-time.After(time.Second)
			if gives {
				cancel()
			}
			wg.Wait()
		})
		first := c.times["00ga"][0]
		late := c.times["00gpatient"][0].Sub(first)
		if gives && (len(c.times["00gprompt"]) != 0 || late != 62*time.Second) {
			t.Errorf("nobody prompt waits: the patient request went after %v", late)
		}
		if !gives && (c.times["00gprompt"][0].Sub(first) != 62*time.Second || late != 83*time.Second) {
			t.Errorf("the prompt request went after %v, the patient one after %v", c.times["00gprompt"][0].Sub(first), late)
		}
	}
}

// Where the share is one request, a patient one takes it only when nobody used it for
// a second window: so what comes once a window finds it free.
func TestPatientWithOneRequest(t *testing.T) {
	c := &crowd{meter: meter{limit: 4, latency: time.Second}, pages: 5}
	r := newReaderOver(t, c, 0.25)
	synctest.Test(t, func(t *testing.T) {
		if took := members(t, r.Patiently(), "00gpatient"); took > 9*time.Minute {
			t.Errorf("5 pages alone took %v", took)
		}
	})
	for i, at := range c.times["00gpatient"][1:] {
		if gap := at.Sub(c.times["00gpatient"][i]); gap != 123*time.Second {
			t.Errorf("patient requests have %v between them, want two windows", gap)
		}
	}

	c = &crowd{meter: meter{limit: 4, latency: time.Second}, pages: 1}
	r = newReaderOver(t, c, 0.25)
	synctest.Test(t, func(t *testing.T) {
		members(t, r, "00gprompt")
		var wg sync.WaitGroup
		wg.Go(func() { members(t, r.Patiently(), "00gpatient") })
		for range 3 {
			<-time.After(65 * time.Second)
			if took := members(t, r, "00gprompt"); took != time.Second {
				t.Errorf("a prompt request took %v", took)
			}
		}
		wg.Wait()
	})
	if last := c.times["00gprompt"][3]; c.times["00gpatient"][0].Before(last) {
		t.Error("a patient request came between prompt ones")
	}
}

// However many prompt requests there are, a patient one comes to its turn.
func TestPatientNeverStarves(t *testing.T) {
	for _, limit := range []int{4, 16} { // one a minute, four a minute
		c := &crowd{meter: meter{limit: limit, latency: time.Second}, pages: 3}
		r := newReaderOver(t, c, 0.25)
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for i := range 6 {
				wg.Go(func() {
					for ctx.Err() == nil {
						_, _ = collect(r.Members(ctx, identity.GroupID(fmt.Sprintf("00gprompt%d", i))))
					}
				})
			}
			<-time.After(time.Minute)
			if took := members(t, r.Patiently(), "00gpatient"); took < 5*time.Minute || took > 3*8*time.Minute {
				t.Errorf("limit %d: three pages took %v", limit, took)
			}
			cancel()
			wg.Wait()
			<-time.After(c.latency) // for those that are still being answered
		})
		if n := c.mostInAMinute(); n > limit/4 || c.refused > 0 {
			t.Errorf("limit %d: %d requests in a minute, %d refused", limit, n, c.refused)
		}
	}
}

// Patient requests leave the last place in flight, and that of each bucket.
func TestPatientLeavesAPlace(t *testing.T) {
	c := &crowd{meter: meter{limit: 100_000, latency: time.Second}, pages: 100}
	r := newReaderOver(t, c, 1)
	synctest.Test(t, func(t *testing.T) {
		members(t, r, "00gprompt") // which tells the limit
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() { members(t, r.Patiently(), identity.GroupID(fmt.Sprintf("00gpatient%d", i))) })
		}
		<-time.After(10*time.Second + 500*time.Millisecond)
		for range 5 {
			if took := members(t, r, "00gprompt"); took != time.Second {
				t.Errorf("a prompt request took %v", took)
			}
		}
		wg.Wait()
	})
	if c.mostAtOnce != 3 {
		t.Errorf("%d at once, want two patient ones and a prompt one", c.mostAtOnce)
	}
}

// While others use the bucket up, patient requests stop at a fifth of it.
func TestPatientLeavesAFifth(t *testing.T) {
	c := &crowd{meter: meter{limit: 100, others: 70, latency: 100 * time.Millisecond}, pages: 30}
	r := newReaderOver(t, c, 1)
	synctest.Test(t, func(t *testing.T) { members(t, r.Patiently(), "00gpatient") })
	if c.leastLeft < 19 {
		t.Errorf("Remaining went down to %d", c.leastLeft)
	}
}

// A patient Reader is the same one: what it was refused and told, the other knows.
func TestPatientlyIsTheSameReader(t *testing.T) {
	r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Rate-Limit-Limit", "600")
		w.Header().Set("X-Rate-Limit-Remaining", "599")
		w.Header().Set("X-Rate-Limit-Reset", "946684860")
		answer(w, 403, `{"errorCode": "E0000006"}`)
	}))
	synctest.Test(t, func(t *testing.T) {
		for range 2 {
			_, err := r.Patiently().Account(t.Context(), "00u1")
			wantKind(t, err, fault.Unauthorized)
		}
		if _, err := r.Account(t.Context(), "00u1"); err == nil || !strings.Contains(err.Error(), "not tried") {
			t.Errorf("got %v", err)
		}
		if r.Limits()["users/{id}"].Limit != 600 || r.Patiently().Limits()["users/{id}"].Limit != 600 {
			t.Error("the limit that one was told, the other doesn't know")
		}
	})
}

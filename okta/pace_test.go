package okta_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/okta"
)

// meter is an Okta that counts requests a minute, each of which takes a while.
type meter struct {
	limit   int           // a minute
	others  int           // requests that somebody else sends at the beginning of each minute
	ahead   time.Duration // of Okta's clock
	latency time.Duration
	silent  bool // without any header

	mu         sync.Mutex
	sent       []time.Time
	running    int
	mostAtOnce int
	minute     int64
	left       int
	leastLeft  int
	refused    int
}

func (m *meter) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	m.begin(w)
	<-time.After(m.latency)
	m.mu.Lock()
	m.running--
	m.mu.Unlock()
	if w.Header().Get("Refused") != "" {
		answer(w, http.StatusTooManyRequests, `{"errorCode": "E0000047", "errorSummary": "too many"}`)
		return
	}
	answer(w, 200, `{"id": "`+req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:]+`", "status": "ACTIVE"}`)
}

func (m *meter) begin(w http.ResponseWriter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, time.Now())
	m.running++
	m.mostAtOnce = max(m.mostAtOnce, m.running)
	now := time.Now().Add(m.ahead)
	if minute := now.Unix() / 60; minute != m.minute {
		m.minute, m.left = minute, m.limit-m.others
	}
	if m.left == 0 {
		m.refused++
		w.Header().Set("Refused", "yes")
	} else {
		m.left--
	}
	if len(m.sent) == 1 || m.left < m.leastLeft {
		m.leastLeft = m.left
	}
	if !m.silent {
		w.Header().Set("X-Rate-Limit-Limit", strconv.Itoa(m.limit))
		w.Header().Set("X-Rate-Limit-Remaining", strconv.Itoa(m.left))
		w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt((m.minute+1)*60, 10))
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	}
}

// mostInAMinute is the largest number of requests in any 60 s, both ends included.
func (m *meter) mostInAMinute() int {
	most, first := 0, 0
	for i, at := range m.sent {
		for at.Sub(m.sent[first]) > time.Minute {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// read asks m for n accounts from eight goroutines at once.
func (m *meter) read(t *testing.T, share float64, n int) {
	t.Helper()
	r := newReaderOver(t, inProcess{m}, share)
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for i := worker; i < n; i += 8 {
					if _, err := r.Account(t.Context(), identity.OktaID("00u"+strconv.Itoa(i))); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
	if m.mostAtOnce > 4 {
		t.Errorf("%d requests at once", m.mostAtOnce)
	}
}

// TestRateShare: no 60 s carry more than the share, and the share is used.
func TestRateShare(t *testing.T) {
	for _, test := range []struct {
		limit   int
		share   float64
		latency time.Duration
		most    int
	}{
		{600, 0.25, 300 * time.Millisecond, 150},
		{100, 0.25, 10 * time.Millisecond, 25},
		{100, 1, 50 * time.Millisecond, 100},
		{20, 0.25, 2 * time.Second, 5},
		{10, 0.25, time.Second, 2},
		{2, 0.25, time.Second, 1}, // one in two minutes
	} {
		m := &meter{limit: test.limit, latency: test.latency}
		n := test.most * 4
		m.read(t, test.share, n)
		if got := m.mostInAMinute(); got > test.most {
			t.Errorf("%d of %v: %d requests in a minute, want at most %d", test.limit, test.share, got, test.most)
		}
		took := m.sent[len(m.sent)-1].Sub(m.sent[0])
		if slow := time.Duration(float64(n)/(float64(test.limit)*test.share)*float64(time.Minute)) * 3 / 2; took > slow {
			t.Errorf("%d of %v: %d requests took %v, more than %v", test.limit, test.share, n, took, slow)
		}
		if m.refused > 0 {
			t.Errorf("%d of %v: %d requests were refused", test.limit, test.share, m.refused)
		}
	}
}

// TestUnknownLimit: where no limit is announced, the smallest known one counts.
func TestUnknownLimit(t *testing.T) {
	m := &meter{limit: 1000, silent: true, latency: 10 * time.Millisecond}
	m.read(t, 0.25, 60)
	if got := m.mostInAMinute(); got != 25 {
		t.Errorf("%d requests in a minute, want a quarter of 100", got)
	}
}

// TestTenthIsLeft: with others at work, nothing is sent while Remaining is under a
// tenth of Limit, whatever Okta's clock is.
func TestTenthIsLeft(t *testing.T) {
	for _, ahead := range []time.Duration{0, 17 * time.Minute, -3 * time.Hour} {
		m := &meter{limit: 100, others: 80, ahead: ahead, latency: 100 * time.Millisecond}
		m.read(t, 1, 60)
		if m.leastLeft < 9 { // at 10 one more may go
			t.Errorf("Okta's clock ahead by %v: Remaining went down to %d", ahead, m.leastLeft)
		}
		if took := m.sent[len(m.sent)-1].Sub(m.sent[0]); took > 8*time.Minute {
			t.Errorf("Okta's clock ahead by %v: it took %v", ahead, took)
		}
	}
}

// TestWaitsForReset: a 429 is waited for until Reset, and then the answer comes.
func TestWaitsForReset(t *testing.T) {
	m := &meter{limit: 100, others: 100, latency: 100 * time.Millisecond}
	r := newReaderOver(t, inProcess{m}, 1)
	synctest.Test(t, func(t *testing.T) {
		<-time.After(42 * time.Second)
		go func() { <-time.After(time.Second); m.mu.Lock(); m.others = 0; m.mu.Unlock() }()
		if _, err := r.Account(t.Context(), "00u1"); err != nil {
			t.Error(err)
		}
	})
	if len(m.sent) != 2 {
		t.Fatalf("%d requests, want 2", len(m.sent))
	}
	if waited := m.sent[1].Sub(m.sent[0]); waited < 18*time.Second || waited > 20*time.Second {
		t.Errorf("waited %v, Reset was after 18 s", waited)
	}
}

// TestConcurrencyLimit: Limit 0 means that too much runs at once: a short wait,
// and its Reset, which is only a suggestion, stops nobody else.
func TestConcurrencyLimit(t *testing.T) {
	f := &failing{n: 3, fail: limited("0", "0", "946684860").RoundTrip}
	r := newReaderOver(t, f, 1)
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if _, err := r.App(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took < 1750*time.Millisecond || took > 3500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
	if got := r.Limits()["apps/{id}"]; got.Limit != 0 || got.Remaining != 0 || !got.Reset.IsZero() {
		t.Errorf("taken for a limit of the bucket: %+v", got)
	}
}

// TestLimitedForGood tells how long Okta asked to wait.
func TestLimitedForGood(t *testing.T) {
	for _, test := range []struct {
		limit string
		after time.Duration
	}{{"100", time.Second}, {"0", 0}} {
		r := newReaderOver(t, limited(test.limit, "0", "946684800"), 1)
		synctest.Test(t, func(t *testing.T) {
			_, err := r.App(t.Context())
			wantKind(t, err, fault.Limited)
			if e, ok := err.(*fault.Error); !ok || e.After != test.after {
				t.Errorf("got %#v, want After %v", err, test.after)
			}
		})
	}
}

// TestFarReset: a Reset beyond reason isn't waited for.
func TestFarReset(t *testing.T) {
	f := &failing{n: 1, fail: limited("100", "0", "999999999999").RoundTrip}
	r := newReaderOver(t, f, 1)
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if _, err := r.App(t.Context()); err != nil || time.Since(begin) > 6*time.Minute {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
	})
}

// TestBuckets: each question counts in Okta's own bucket for it.
func TestBuckets(t *testing.T) {
	want := map[question]string{
		"App": "apps/{id}", "Assignments": "apps/*", "Mappings": "apps/*", "Members 00g1": "groups/*", "Groups 00g1": "groups/{id}", "CountedGroups 00g1": "groups/*",
		"GroupSize 00g1": "groups/*", "GroupsOf 00u1": "other", "Assignment 00u1": "apps/*", "FindAssignment a@b.c": "apps/*", "Account 00u1": "users/{id}",
		"Departed 00u1": "logs", "Mapping gPm1": "apps/*",
		"AllGroups": "groups/*", "AppGroups": "apps/*", "AppGroup 00g1": "apps/*", "Touches": "logs",
	}
	for _, q := range questions {
		r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Rate-Limit-Limit", "600")
			w.Header().Set("X-Rate-Limit-Remaining", "599")
			w.Header().Set("X-Rate-Limit-Reset", "946684860")
			answer(w, 404, `{"errorCode": "E0000007"}`)
		}))
		_, _ = q.ask(t.Context(), r)
		announced := okta.Limit{Limit: 600, Remaining: 599, Reset: time.Unix(946684860, 0).UTC()}
		if diff := cmp.Diff(map[string]okta.Limit{want[q]: announced}, r.Limits()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", q, diff)
		}
	}
}

// TestWaitingIsTold: status shows who waits, and another bucket isn't held up.
func TestWaitingIsTold(t *testing.T) {
	r := newReaderOver(t, limited("100", "0", "946684860"), 1)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { _, _ = r.Account(ctx, "00u1") })
		}
		synctest.Wait()
		if got := r.Limits()["users/{id}"].Waiting; got != 3 {
			t.Errorf("%d wait, want 3", got)
		}
		begin := time.Now()
		other, stop := context.WithTimeout(ctx, time.Second)
		defer stop()
		_, _ = r.App(other)
		if _, asked := r.Limits()["apps/{id}"]; !asked || time.Since(begin) != time.Second {
			t.Error("another bucket was not asked")
		}
		cancel()
		wg.Wait()
		if got := r.Limits()["users/{id}"].Waiting; got != 0 {
			t.Errorf("%d wait after the end, want none", got)
		}
	})
}

// TestResetGoesBack: a Reset beyond reason doesn't hide what is announced later.
func TestResetGoesBack(t *testing.T) {
	m := &meter{limit: 600}
	n := 0
	r := newReaderOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return limited("100", "0", "999999999999").RoundTrip(req)
		}
		return inProcess{m}.RoundTrip(req)
	}), 1)
	synctest.Test(t, func(t *testing.T) {
		if _, err := r.App(t.Context()); err != nil {
			t.Error(err)
		}
		if got := r.Limits()["apps/{id}"].Limit; got != 600 {
			t.Errorf("the limit is %d, want 600", got)
		}
	})
}

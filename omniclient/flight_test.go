package omniclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/omniclient"
)

// flight is Omni inside a test's simulated time: it notes when each request came
// and lets answer decide.
type flight struct {
	mu     sync.Mutex
	at     []time.Time
	keys   []string
	answer func(n int, r *http.Request) (*http.Response, error) // n counts from 1
}

func (f *flight) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.at = append(f.at, time.Now())
	f.keys = append(f.keys, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	n := len(f.at)
	f.mu.Unlock()
	return f.answer(n, r)
}

func reply(status int, body string, header ...string) (*http.Response, error) {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func annReply() (*http.Response, error) {
	return reply(200, user(annID, "ann@acme.test", "Ann", true, ""))
}

// busiest is the most requests in any 60 s.
func busiest(at []time.Time) int {
	most := 0
	for i := range at {
		n := 0
		for _, t := range at[i:] {
			if t.Sub(at[i]) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestLimitIsKeptAndUsed(t *testing.T) {
	for _, tt := range []struct{ keys, perMinute int }{{1, 60}, {1, 7}, {1, 1}, {3, 60}} {
		synctest.Test(t, func(t *testing.T) {
			f := &flight{answer: func(int, *http.Request) (*http.Response, error) { return annReply() }}
			c := client(t, omniclient.Options{Transport: f, Keys: keys("k1", "k2", "k3")[:tt.keys], RequestsPerMinute: tt.perMinute})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			var workers sync.WaitGroup
			for range 4 {
				workers.Go(func() {
					for ctx.Err() == nil {
						_, _ = c.User(ctx, annID)
					}
				})
			}
			workers.Wait()
			allowed := tt.keys * tt.perMinute
			if n := busiest(f.at); n > allowed {
				t.Errorf("%d keys of %d: %d requests in 60 s", tt.keys, tt.perMinute, n)
			}
			if n, least := len(f.at), allowed*10*97/100; n < least {
				t.Errorf("%d keys of %d: %d requests in 10 minutes, want at least %d", tt.keys, tt.perMinute, n, least)
			}
			perKey := map[string][]time.Time{}
			for i, k := range f.keys {
				perKey[k] = append(perKey[k], f.at[i])
			}
			for k, at := range perKey {
				if n := busiest(at); n > tt.perMinute {
					t.Errorf("key %s sent %d requests in 60 s, allowed are %d", k, n, tt.perMinute)
				}
			}
		})
	}
}

// TestLimitedIsWaitedOut: the request is repeated on the same call, after what
// Omni asked, or after a growing pause, and the pace falls and recovers.
func TestLimitedIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{answer: func(n int, _ *http.Request) (*http.Response, error) {
			switch n {
			case 1:
				return reply(429, `{"error":"rate_limited","message":"slow down"}`, "Retry-After", "30")
			case 2, 3:
				return reply(429, "")
			}
			return annReply()
		}}
		c := client(t, omniclient.Options{Transport: f, RequestsPerMinute: 6000})
		if _, err := c.User(t.Context(), annID); err != nil {
			t.Fatal(err)
		}
		for i, want := range []time.Duration{30 * time.Second, 4 * time.Second, 8 * time.Second} {
			if got := f.at[i+1].Sub(f.at[i]); got < want || got > want*5/4+time.Second {
				t.Errorf("pause %d is %v, want about %v", i+1, got, want)
			}
		}
		if pace := c.Limits().Pace; pace > 0.84 || pace < 0.77 {
			t.Errorf("the pace is %v after three 429s in a row", pace)
		}
		<-time.After(20 * time.Minute)
		if got := c.Limits(); got.Pace != 1 || got.PausedSeconds != 0 || got.PerMinute != 6000 {
			t.Errorf("the limits haven't recovered: %+v", got)
		}
	})
}

func TestLimitedWithoutEnd(t *testing.T) {
	for _, tt := range []struct {
		name, after string
		requests    int
		wait        time.Duration
	}{
		{"no Retry-After", "", 8, 10 * time.Minute},
		{"longer than a call waits", "3600", 1, 0},
		{"as a date", "Sat, 01 Jan 2000 02:00:00 GMT", 1, 0}, // simulated time begins at midnight
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &flight{answer: func(int, *http.Request) (*http.Response, error) {
				return reply(429, "slow down", "Retry-After", tt.after)
			}}
			start := time.Now()
			_, err := client(t, omniclient.Options{Transport: f}).User(t.Context(), annID)
			if !fault.Is(err, fault.Limited) || len(f.at) != tt.requests || time.Since(start) > tt.wait {
				t.Errorf("%s: %d requests in %v, %v", tt.name, len(f.at), time.Since(start), err)
			}
			var e *fault.Error
			if errors.As(err, &e) && tt.after != "" && e.After < 59*time.Minute {
				t.Errorf("%s: the error tells to wait %v", tt.name, e.After)
			}
		})
	}
}

// TestLimitedKeyPausesAlone: the others go on, slower.
func TestLimitedKeyPausesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return reply(429, "", "Retry-After", "120")
			}
			return annReply()
		}}
		c := client(t, omniclient.Options{Transport: f, Keys: keys("k1", "k2"), RequestsPerMinute: 60})
		for range 20 {
			if _, err := c.User(t.Context(), annID); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(f.keys, " "); got != "k1"+strings.Repeat(" k2", 20) {
			t.Errorf("the keys were %s", got)
		}
		if c.Limits().PausedSeconds != 0 {
			t.Error("a key may send, and yet the limits tell a pause")
		}
		if gap := f.at[2].Sub(f.at[1]); gap <= time.Second {
			t.Errorf("the other key's steps stay at %v", gap)
		}
	})
}

// TestNoBurstAfterPause: those who waited for its end go one by one.
func TestNoBurstAfterPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return reply(429, "", "Retry-After", "60")
			}
			return annReply()
		}}
		c := client(t, omniclient.Options{Transport: f, RequestsPerMinute: 60})
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				if _, err := c.User(t.Context(), annID); err != nil {
					t.Error(err)
				}
			})
		}
		workers.Wait()
		for i := 2; i < len(f.at); i++ {
			if gap := f.at[i].Sub(f.at[i-1]); gap < 900*time.Millisecond {
				t.Errorf("requests %d and %d are %v apart", i, i+1, gap)
			}
		}
	})
}

func TestRepeats(t *testing.T) {
	find := func(c *omniclient.Client, ctx context.Context) error { _, err := c.User(ctx, annID); return err }
	update := func(c *omniclient.Client, ctx context.Context) error {
		_, err := c.UpdateUser(ctx, annID, identity.UserPatch{DisplayName: ptr("Ann")})
		return err
	}
	create := func(c *omniclient.Client, ctx context.Context) error {
		_, err := c.CreateUser(ctx, identity.User{UserName: "ann@acme.test", DisplayName: "Ann"})
		return err
	}
	status := func(s int, body string) func() (*http.Response, error) {
		return func() (*http.Response, error) { return reply(s, body) }
	}
	reset := func() (*http.Response, error) { return nil, errors.New("connection reset by peer") }
	cut := func() (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"id":`), brokenReader{}))}, nil
	}
	tests := []struct {
		name     string
		call     func(*omniclient.Client, context.Context) error
		fail     func() (*http.Response, error)
		times    int // how often it fails
		requests int
		kind     fault.Kind // Other: it works in the end
	}{
		{"read, 503 twice", find, status(503, ""), 2, 3, fault.Other},
		{"read, 503 for good", find, status(503, `{"message":"down"}`), 9, 4, fault.Unavailable},
		{"read, connection broken", find, reset, 3, 4, fault.Other},
		{"read, body cut", find, cut, 1, 2, fault.Other},
		{"read, page for JSON", find, status(200, "<html>Sign in</html>"), 1, 2, fault.Other},
		{"read, truncated JSON", find, status(200, `{"id":"x"`), 1, 2, fault.Other},
		{"read, 404 of a proxy is no proof", find, status(404, "404 page not found"), 9, 4, fault.Unavailable},
		{"read, gone", find, status(404, `{"message":"User not found"}`), 9, 1, fault.NotFound},
		{"read, refused", find, status(400, "bad"), 9, 1, fault.Refused},
		{"update, 500", update, status(500, ""), 3, 4, fault.Other},
		{"update, cut after the effect", update, cut, 1, 2, fault.Other},
		{"creation, connection broken", create, reset, 1, 1, fault.Unavailable},
		{"creation, 502", create, status(502, ""), 1, 1, fault.Unavailable},
		{"creation, cut after the effect", create, cut, 1, 1, fault.Unavailable},
		{"creation, 429 had no effect", create, status(429, ""), 2, 3, fault.Other},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			f := &flight{answer: func(n int, r *http.Request) (*http.Response, error) {
				if r.Body != nil {
					if b, err := io.ReadAll(r.Body); err != nil || len(b) == 0 {
						t.Errorf("%s: request %d has the body %q, %v", tt.name, n, b, err)
					}
				}
				if n <= tt.times {
					return tt.fail()
				}
				return annReply()
			}}
			err := tt.call(client(t, omniclient.Options{Transport: f}), t.Context())
			if len(f.at) != tt.requests || fault.KindOf(err) != tt.kind || (err != nil) != (tt.kind != fault.Other) {
				t.Errorf("%s: %d requests, want %d; %v", tt.name, len(f.at), tt.requests, err)
			}
		})
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestSilenceEnds: an attempt lasts 10 s, body included.
func TestSilenceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{answer: func(_ int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}}
		start := time.Now()
		_, err := client(t, omniclient.Options{Transport: f}).User(t.Context(), annID)
		took := time.Since(start)
		if !fault.Is(err, fault.Unavailable) || len(f.at) != 4 || took < 40*time.Second || took > 50*time.Second {
			t.Errorf("%d attempts in %v, %v", len(f.at), took, err)
		}
	})
}

// TestCallerEndsIt wherever a call waits: for its turn, for a pause, between two
// attempts, for the answer.
func TestCallerEndsIt(t *testing.T) {
	for name, answer := range map[string]func(int, *http.Request) (*http.Response, error){
		"pause":   func(int, *http.Request) (*http.Response, error) { return reply(429, "", "Retry-After", "60") },
		"backoff": func(int, *http.Request) (*http.Response, error) { return reply(503, "maintenance") },
		"answer": func(_ int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"turn": func(int, *http.Request) (*http.Response, error) { return annReply() },
	} {
		synctest.Test(t, func(t *testing.T) {
			c := client(t, omniclient.Options{Transport: &flight{answer: answer}, RequestsPerMinute: 1})
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			start := time.Now()
			_, err := c.User(ctx, annID)
			if name == "turn" {
				_, err = c.User(ctx, annID)
			}
			if !errors.Is(err, context.DeadlineExceeded) || !fault.Is(err, fault.Unavailable) || time.Since(start) != 3*time.Second {
				t.Errorf("%s: after %v: %v", name, time.Since(start), err)
			}
			if name == "backoff" && !strings.Contains(err.Error(), "503 maintenance") {
				t.Errorf("the reason is lost: %v", err)
			}
		})
	}
}

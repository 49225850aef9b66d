package omniclient_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/omniclient"
)

// Promise 12: an Omni that doesn't answer gets one request a minute, whatever is asked
// of the client meanwhile, which fails at once; after its first answer all go again.
func TestPromise12OmniThatIsDownIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		began := time.Now()
		f := &flight{answer: func(int, *http.Request) (*http.Response, error) {
			if time.Since(began) < day {
				return reply(503, "maintenance")
			}
			return annReply()
		}}
		c := client(t, omniclient.Options{Transport: f, RequestsPerMinute: 60})
		ctx, cancel := context.WithTimeout(t.Context(), day)
		defer cancel()
		slow, longest := 0, 0.0
		for ctx.Err() == nil {
			longest = max(longest, c.Limits().DownSeconds)
			asked := time.Now()
			_, err := c.User(ctx, annID)
			if ctx.Err() == nil && !fault.Is(err, fault.Unavailable) {
				t.Fatal(err)
			}
			if time.Since(asked) > time.Minute {
				slow++
			}
			<-time.After(10 * time.Second)
		}
		first := slices.IndexFunc(f.at, func(at time.Time) bool { return at.Sub(began) > time.Minute })
		if first > 12 {
			t.Errorf("%d requests in the first minute", first)
		}
		probes := f.at[first:]
		for i := range probes {
			if to := i + 60; to < len(probes) && probes[to].Sub(probes[i]) < time.Hour {
				t.Fatalf("61 probes within %s", probes[to].Sub(probes[i]))
			}
		}
		if n := len(probes); n < 1000 || n > 24*60 || slow > 0 {
			t.Errorf("%d probes in a day; %d calls took more than a minute", n, slow)
		}
		if longest < 40 || longest > 60 {
			t.Errorf("the limits tell to wait %v s", longest)
		}
		<-time.After(61 * time.Second)
		if sent := len(f.at); c.Away(t.Context(), false) > 0 || len(f.at) != sent+1 || c.Away(t.Context(), true) > 0 || len(f.at) != sent+1 {
			t.Errorf("it is back, but doesn't count as awake, or was asked %d times", len(f.at)-sent)
		}
		for range 20 {
			if _, err := c.User(t.Context(), annID); err != nil {
				t.Fatal(err)
			}
		}
		if down := c.Limits().DownSeconds; down != 0 {
			t.Errorf("after its answer the limits tell to wait %v s", down)
		}
	})
}

// A probe whose caller gives up is no answer, and doesn't keep others from the next.
func TestProbeThatIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		f := &flight{answer: func(_ int, r *http.Request) (*http.Response, error) {
			if down {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return annReply()
		}}
		c := client(t, omniclient.Options{Transport: f, RequestsPerMinute: 600})
		for c.Limits().DownSeconds == 0 {
			_, _ = c.User(t.Context(), annID) // not answered
		}
		<-time.After(61 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.User(ctx, annID); !fault.Is(err, fault.Unavailable) {
			t.Error(err)
		}
		down = false
		if _, err := c.User(t.Context(), annID); !fault.Is(err, fault.Unavailable) {
			t.Errorf("right after a probe: %v", err)
		}
		<-time.After(61 * time.Second)
		if _, err := c.User(t.Context(), annID); err != nil {
			t.Errorf("a minute after a probe that was given up: %v", err)
		}
	})
}

// Who wants to know whether Omni is back has it asked at once, and not a minute later.
func TestOmniIsAskedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		f := &flight{answer: func(int, *http.Request) (*http.Response, error) {
			if down {
				return reply(503, "maintenance")
			}
			return annReply()
		}}
		c := client(t, omniclient.Options{Transport: f, RequestsPerMinute: 600})
		for c.Limits().DownSeconds == 0 {
			_, _ = c.User(t.Context(), annID) // not answered
		}
		if sent := len(f.at); c.Away(t.Context(), true) < 50*time.Second || len(f.at) != sent+1 {
			t.Errorf("it is still down, and was asked %d times", len(f.at)-sent)
		}
		down = false
		if c.Away(t.Context(), true) > 0 {
			t.Error("it is back, and doesn't count as that")
		}
		if _, err := c.User(t.Context(), annID); err != nil {
			t.Error(err)
		}
	})
}

// One object that Omni answers with 500 for ever doesn't make it count as down, in a row
// or over hours.
func TestOneObjectIsNotOmni(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{answer: func(_ int, r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/odd") {
				return reply(500, "what")
			}
			return annReply()
		}}
		c := client(t, omniclient.Options{Transport: f, RequestsPerMinute: 60})
		for range 20 {
			if _, err := c.User(t.Context(), "odd"); !fault.Is(err, fault.Unavailable) || errors.Is(err, fault.ErrUnsent) {
				t.Fatal(err)
			}
			<-time.After(10 * time.Minute)
		}
		if down := c.Limits().DownSeconds; down > 0 {
			t.Errorf("Omni counts as down for %v s", down)
		}
	})
}

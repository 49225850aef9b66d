package omniclient_test

import (
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/omniclient"
)

// What the outlook foresees is what the requests then take: at the full pace, and
// after answers of 429, in the pause and while the pace recovers.
func TestOutlookComesTrue(t *testing.T) {
	for _, tt := range []struct {
		name     string
		keys     int
		limited  int // answers of 429 at first
		requests int
	}{
		{"full pace", 1, 0, 60},
		{"three keys", 3, 0, 180},
		{"after one 429", 1, 1, 200},
		{"after four, until it has recovered", 1, 4, 600},
		{"after four, before it has", 1, 4, 40},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &flight{answer: func(n int, _ *http.Request) (*http.Response, error) {
				if n <= tt.limited {
					return reply(429, `{}`)
				}
				return annReply()
			}}
			c := client(t, omniclient.Options{Transport: f, Keys: keys("k1", "k2", "k3")[:tt.keys], RequestsPerMinute: 60})
			if _, err := c.User(t.Context(), annID); err != nil {
				t.Fatal(err)
			}
			perMinute, lost := c.Outlook(tt.requests)
			foreseen := time.Duration(float64(tt.requests)/perMinute*float64(time.Minute)) + lost
			began := time.Now()
			for range tt.requests {
				if _, err := c.User(t.Context(), annID); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(began); math.Abs(took.Seconds()/foreseen.Seconds()-1) > .03 {
				t.Errorf("%s: %d requests took %s, foreseen %s", tt.name, tt.requests, took, foreseen)
			}
		})
	}
}

func TestOutlookDuringAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return reply(429, `{}`, "Retry-After", "40")
			}
			return annReply()
		}}
		c := client(t, omniclient.Options{Transport: f, Keys: keys("k1"), RequestsPerMinute: 60})
		go func() { _, _ = c.User(t.Context(), annID) }()
		synctest.Wait()
		if _, lost := c.Outlook(1); lost < 40*time.Second || lost > 51*time.Second {
			t.Errorf("a pause of 40 s is foreseen to cost %s", lost)
		}
		if _, lost := c.Outlook(0); lost != 0 {
			t.Errorf("nothing to send is foreseen to cost %s", lost)
		}
		<-time.After(time.Minute)
	})
}

// A key that Omni refuses sends nothing.
func TestOutlookWithoutARefusedKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flight{answer: func(_ int, r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") == "Bearer k1" {
				return reply(401, `{}`)
			}
			return annReply()
		}}
		c := client(t, omniclient.Options{Transport: f, Keys: keys("k1", "k2"), RequestsPerMinute: 60})
		before, _ := c.Outlook(1)
		if _, err := c.User(t.Context(), annID); err != nil {
			t.Fatal(err)
		}
		after, _ := c.Outlook(1)
		if math.Abs(before-118.2) > .1 || math.Abs(after-59.1) > .1 {
			t.Errorf("%.1f a minute with both keys, %.1f with one", before, after)
		}
	})
}

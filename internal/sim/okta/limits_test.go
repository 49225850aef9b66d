package okta_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

func limits(a answer) string {
	return fmt.Sprintf("%d %s/%s", a.status, a.header.Get("X-Rate-Limit-Remaining"), a.header.Get("X-Rate-Limit-Limit"))
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inBubble(t, &simokta.Org{Knobs: simokta.Knobs{Limits: map[simokta.Bucket]int{simokta.BucketApps: 2}}})
		list := h.app() + "/users"
		<-time.After(25*time.Second + 300*time.Millisecond) // not at the start of a minute, nor of a second
		for i, want := range []string{"200 1/2", "200 0/2", "429 0/2"} {
			a := h.ask(list)
			if limits(a) != want {
				t.Errorf("request %d: %s, want %s", i, limits(a), want)
			}
			if i == 2 {
				wantFailure(t, a, http.StatusTooManyRequests, "E0000047")
			}
		}
		a := h.ask(list)
		reset, err := strconv.ParseInt(a.header.Get("X-Rate-Limit-Reset"), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		wait := time.Until(time.Unix(reset, 0))
		if wait <= 59*time.Second || wait > time.Minute {
			t.Errorf("the window ends in %s, want a minute after its first request", wait)
		}
		if other := h.ask("/api/v1/logs"); other.status != http.StatusOK {
			t.Errorf("another bucket: %s", limits(other))
		}
		<-time.After(wait - time.Millisecond)
		if a := h.ask(list); a.status != http.StatusTooManyRequests {
			t.Errorf("just before the reset: %s", limits(a))
		}
		<-time.After(time.Millisecond)
		if a := h.ask(list); limits(a) != "200 1/2" {
			t.Errorf("at the reset: %s", limits(a))
		}
	})
}

func TestBuckets(t *testing.T) {
	h := serve(t, &simokta.Org{Knobs: simokta.Knobs{Limits: map[simokta.Bucket]int{simokta.BucketRest: -1}}})
	for path, want := range map[string]string{
		h.app():                          "500",
		h.app() + "/users":               "100",
		h.app() + "/users/00ux":          "100",
		h.app() + "/group-push/mappings": "100",
		"/api/v1/groups":                 "500",
		"/api/v1/groups/00gx":            "1000",
		"/api/v1/groups/00gx/users":      "500",
		"/api/v1/users":                  "600",
		"/api/v1/users/00ux":             "2000",
		"/api/v1/users/00ux/groups":      "1000000",
		"/api/v1/logs":                   "120",
	} {
		a := h.ask(path)
		if got := a.header.Get("X-Rate-Limit-Limit"); got != want {
			t.Errorf("%s: limit %s, want %s", path, got, want)
		}
		if _, err := http.ParseTime(a.header.Get("Date")); err != nil || a.header.Get("X-Okta-Request-Id") == "" {
			t.Errorf("%s: header %v", path, a.header)
		}
	}
}

func TestConcurrencyLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inBubble(t, &simokta.Org{Knobs: simokta.Knobs{Concurrency: 2, Latency: time.Second}})
		answers := make(chan answer, 3)
		for range 3 {
			go func() { answers <- h.ask("/api/v1/groups") }()
		}
		seen := map[string]int{}
		for range 3 {
			seen[limits(<-answers)]++
		}
		if seen["429 0/0"] != 1 || len(seen) != 3 { // the two that were let through see different remainders
			t.Errorf("answers = %v", seen)
		}
		if a := h.ask("/api/v1/groups"); a.status != http.StatusOK {
			t.Errorf("afterwards: %s", limits(a))
		}
	})
}

func TestLatencyEndsWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inBubble(t, &simokta.Org{Knobs: simokta.Knobs{Concurrency: 1, Latency: time.Hour}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "GET", h.url+"/api/v1/groups", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.client.Do(req); err == nil {
			t.Error("an answer after the request had ended")
		}
		h.SetKnobs(func(k *simokta.Knobs) { k.Latency = 0 })
		if a := h.ask("/api/v1/groups"); a.status != http.StatusOK {
			t.Errorf("the request that was given up still counts: %s", limits(a))
		}
	})
}

func TestToken(t *testing.T) {
	h := serve(t, &simokta.Org{Token: "secret"})
	if a := h.ask("/api/v1/groups"); a.status != http.StatusOK {
		t.Errorf("SSWS: status %d", a.status)
	}
	for _, header := range []string{"", "SSWS other", "secret", "Basic secret", "Bearer secret"} {
		req, err := http.NewRequest("GET", h.url+h.app()+"/group-push/mappings", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", header)
		resp, err := h.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		want := http.StatusUnauthorized
		if header == "Bearer secret" {
			want = http.StatusOK
		}
		if resp.StatusCode != want {
			t.Errorf("%q: status %d, want %d", header, resp.StatusCode, want)
		}
		if want == http.StatusUnauthorized {
			wantFailure(t, answer{status: resp.StatusCode, body: string(body)}, want, "E0000011")
		}
	}
}

func TestWithoutATokenEveryoneIsLetIn(t *testing.T) {
	h := serve(t, &simokta.Org{})
	if a := h.ask("/api/v1/groups"); a.status != http.StatusOK {
		t.Errorf("status %d", a.status)
	}
}

func TestLimitsOfAFreeOrg(t *testing.T) {
	h := serve(t, &simokta.Org{Knobs: simokta.Knobs{Limits: simokta.FreeLimits()}})
	users, g := company(h)
	for path, want := range map[string]string{
		h.app(): "200 99/100", h.app() + "/users": "200 19/20", "/api/v1/groups/" + g: "200 99/100",
		"/api/v1/groups/" + g + "/users": "200 99/100", "/api/v1/users": "200 99/100", "/api/v1/users/" + users[0]: "200 99/100",
		"/api/v1/users/" + users[0] + "/groups": "200 99/100", "/api/v1/logs": "200 19/20",
	} {
		if got := limits(h.ask(path)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

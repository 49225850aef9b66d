package sim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
)

// counter answers with how often it ran and what it got.
type counter struct{ ran atomic.Int32 }

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	run := c.ran.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(w, "run %d%s", run, body)
}

func TestFaultMatches(t *testing.T) {
	hit := sim.Status(418, "", nil)
	for _, tc := range []struct {
		fault  sim.Fault
		target string // "METHOD path?query"
		want   int
	}{
		{sim.Fault{}, "GET /anything", 418},
		{sim.Fault{Method: "GET"}, "GET /a", 418},
		{sim.Fault{Method: "GET"}, "POST /a", 200},
		{sim.Fault{Path: "/api/users"}, "GET /api/users/7", 418},
		{sim.Fault{Path: "/api/users"}, "GET /api/groups", 200},
		{sim.Fault{Path: "/api/*/users"}, "GET /api/7/users", 418},
		{sim.Fault{Path: "/api/*/users"}, "GET /api/7/users/8", 200},
		{sim.Fault{Path: "/api/g?"}, "GET /api/g1", 418},
		{sim.Fault{Query: `eq "a@b.c"`}, "GET /a?filter=userName%20eq%20%22a%40b.c%22", 418},
		{sim.Fault{Query: "startIndex=101"}, "GET /a?startIndex=101&count=100", 418},
		{sim.Fault{Query: "startIndex=101"}, "GET /a?startIndex=1", 200},
		{sim.Fault{Method: "GET", Path: "/a", Query: "x"}, "GET /a", 200},
	} {
		t.Run(fmt.Sprintf("%+v on %s", tc.fault, tc.target), func(t *testing.T) {
			var faults sim.Faults
			tc.fault.Do = hit
			faults.Add(tc.fault)
			method, url, _ := strings.Cut(tc.target, " ")
			req, err := http.NewRequest(method, "http://acme.example"+url, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := sim.Transport(faults.Wrap(&counter{})).RoundTrip(req)
			if err != nil || resp.StatusCode != tc.want {
				t.Errorf("status %v, error %v, want %d", resp, err, tc.want)
			}
		})
	}
}

func TestFaultSkipsAndEnds(t *testing.T) {
	var faults sim.Faults
	client := &http.Client{Transport: sim.Transport(faults.Wrap(&counter{}))}
	p := faults.Add(sim.Fault{Skip: 1, Times: 2, Do: sim.Status(503, "", nil)})
	var got []int
	for range 5 {
		status, _, err := get(t, client, "http://acme.example/")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, status)
	}
	if want := "[200 503 503 200 200]"; fmt.Sprint(got) != want || p.Fired() != 2 {
		t.Errorf("statuses %v, fired %d; want %s and 2", got, p.Fired(), want)
	}
}

func TestFaultsAreRemoved(t *testing.T) {
	var faults sim.Faults
	client := &http.Client{Transport: sim.Transport(faults.Wrap(&counter{}))}
	first := faults.Add(sim.Fault{Path: "/a", Do: sim.Status(501, "", nil)})
	second := faults.Add(sim.Fault{Path: "/b", Do: sim.Status(502, "", nil)})
	expect := func(path string, want int) {
		t.Helper()
		if status, _, err := get(t, client, "http://acme.example"+path); err != nil || status != want {
			t.Errorf("%s: status %d, error %v, want %d", path, status, err, want)
		}
	}
	expect("/a", 501)
	first.Remove()
	first.Remove()
	expect("/a", 200)
	expect("/b", 502)
	faults.Clear()
	expect("/b", 200)
	if first.Fired() != 1 || second.Fired() != 1 {
		t.Errorf("fired %d and %d, want once each", first.Fired(), second.Fired())
	}
}

func TestFaultsApplyTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var faults sim.Faults
		client := &http.Client{Transport: sim.Transport(faults.Wrap(&counter{}))}
		faults.Add(sim.Fault{Do: sim.Delay(3 * time.Second)})
		faults.Add(sim.Fault{Do: sim.Status(500, "slow", nil)})
		start := time.Now()
		status, body, err := get(t, client, "http://acme.example/")
		if err != nil || status != 500 || body != "slow" || time.Since(start) != 3*time.Second {
			t.Errorf("status %d, body %q, error %v after %s", status, body, err, time.Since(start))
		}
	})
}

func TestFaultMistakesPanic(t *testing.T) {
	for want, add := range map[string]func(*sim.Faults){
		"has no effect: set Do": func(f *sim.Faults) { f.Add(sim.Fault{}) },
		`bad path pattern "[a"`: func(f *sim.Faults) { f.Add(sim.Fault{Path: "[a", Do: sim.Twice()}) },
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, want) {
					t.Errorf("panic %q, want %q in it", p, want)
				}
			}()
			add(new(sim.Faults))
		})
	}
}

func TestEffects(t *testing.T) {
	for _, tc := range []struct {
		name   string
		do     sim.Effect
		status int
		kind   string
		body   string
		broken bool
		ran    int32
	}{
		{"status", sim.Status(429, `{"a":1}`, http.Header{"Retry-After": {"7"}}), 429, "application/json", `{"a":1}`, false, 0},
		{"status with a type", sim.Status(502, "<p>", http.Header{"Content-Type": {"text/html"}}), 502, "text/html", "<p>", false, 0},
		{"body", sim.Body(200, "application/json", "[]"), 200, "application/json", "[]", false, 0},
		{"cut before", sim.CutBefore(), 0, "", "", true, 0},
		{"cut after", sim.CutAfter(), 0, "", "", true, 1},
		{"truncated", sim.Truncate(3), 200, "text/plain; charset=utf-8", "run", true, 1},
		{"not long enough to truncate", sim.Truncate(11), 200, "text/plain; charset=utf-8", "run 1 hello", false, 1},
		{"twice", sim.Twice(), 200, "text/plain; charset=utf-8", "run 2 hello", false, 2},
	} {
		for _, way := range []string{"network", "in process"} {
			t.Run(tc.name+"/"+way, func(t *testing.T) {
				var faults sim.Faults
				behind := &counter{}
				p := faults.Add(sim.Fault{Do: tc.do})
				req, err := http.NewRequest("POST", "http://acme.example/", strings.NewReader(" hello"))
				if err != nil {
					t.Fatal(err)
				}
				resp, err := servers(t, faults.Wrap(behind))[way].Do(req)
				if (err != nil) != (tc.status == 0) || p.Fired() != 1 {
					t.Fatalf("error %v, fired %d", err, p.Fired())
				}
				if behind.ran.Load() != tc.ran {
					t.Errorf("the handler ran %d times, want %d", behind.ran.Load(), tc.ran)
				}
				if err != nil {
					return
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if string(body) != tc.body || (err != nil) != tc.broken {
					t.Errorf("body %q, error %v", body, err)
				}
				if resp.StatusCode != tc.status || resp.Header.Get("Content-Type") != tc.kind {
					t.Errorf("status %d, type %q", resp.StatusCode, resp.Header.Get("Content-Type"))
				}
				if tc.name == "status" && resp.Header.Get("Retry-After") != "7" {
					t.Errorf("header = %v", resp.Header)
				}
			})
		}
	}
}

func TestDelayEndsWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var faults sim.Faults
		behind := &counter{}
		faults.Add(sim.Fault{Do: sim.Delay(time.Hour)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "GET", "http://acme.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = sim.Transport(faults.Wrap(behind)).RoundTrip(req)
		if !errors.Is(err, context.DeadlineExceeded) || behind.ran.Load() != 0 {
			t.Errorf("error %v, the handler ran %d times", err, behind.ran.Load())
		}
	})
}

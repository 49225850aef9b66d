package sim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
)

func TestRequestsAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var faults sim.Faults
		var requests sim.Requests
		client := &http.Client{Transport: sim.Transport(requests.Wrap(faults.Wrap(&counter{})))}
		faults.Add(sim.Fault{Path: "/busy", Do: sim.Status(429, "", nil)})
		faults.Add(sim.Fault{Path: "/cut", Do: sim.CutAfter()})
		start := time.Now()
		for _, path := range []string{"/a?x=%20", "/busy", "/cut"} {
			get(t, client, "http://acme.example"+path)
			<-time.After(time.Second) // the bubble's clock
		}
		want := []sim.Request{
			{Method: "GET", Path: "/a", Query: "x=%20", Status: 200, At: start},
			{Method: "GET", Path: "/busy", Status: 429, At: start.Add(time.Second)},
			{Method: "GET", Path: "/cut", Status: 0, At: start.Add(2 * time.Second)},
		}
		if got := requests.All(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("log = %v\nwant  %v", got, want)
		}
	})
}

func TestRequestsWithoutABodyCountAs200(t *testing.T) {
	var requests sim.Requests
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	get(t, &http.Client{Transport: sim.Transport(requests.Wrap(nothing))}, "http://acme.example/")
	if got := requests.All(); len(got) != 1 || got[0].Status != 200 {
		t.Errorf("log = %v", got)
	}
}

func TestRequestsAreCounted(t *testing.T) {
	var requests sim.Requests
	client := &http.Client{Transport: sim.Transport(requests.Wrap(&counter{}))}
	for _, path := range []string{"/users", "/users/1", "/users/2?x=1", "/groups"} {
		get(t, client, "http://acme.example"+path)
	}
	resp, err := client.Post("http://acme.example/users", "", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for _, tc := range []struct {
		method, path string
		want         int
	}{
		{"", "", 5},
		{"GET", "", 4},
		{"", "/users", 2},
		{"POST", "/users", 1},
		{"GET", "/users/*", 2},
		{"GET", "/nobody", 0},
	} {
		if got := requests.Count(tc.method, tc.path); got != tc.want {
			t.Errorf("Count(%q, %q) = %d, want %d", tc.method, tc.path, got, tc.want)
		}
	}
	requests.Reset()
	if got := requests.Count("", ""); got != 0 {
		t.Errorf("%d requests after Reset", got)
	}
}

func TestRequestsRefuseABadPattern(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a pattern that matches nothing by mistake counts 0 in silence")
		}
	}()
	new(sim.Requests).Count("", "[a")
}

func TestRequestsAreBounded(t *testing.T) {
	var requests sim.Requests
	h := requests.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r, err := http.NewRequest("GET", "http://acme.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	for range 250_000 {
		h.ServeHTTP(w, r)
	}
	if got := requests.Count("", ""); got < 100_000 || got > 200_000 {
		t.Errorf("%d requests are kept", got)
	}
}

func TestEverythingIsSafeForManyGoroutines(t *testing.T) {
	var faults sim.Faults
	var requests sim.Requests
	handler := requests.Wrap(faults.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	client := &http.Client{Transport: sim.Transport(handler)}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				p := faults.Add(sim.Fault{Do: sim.Status(503, "", nil)})
				get(t, client, "http://acme.example/")
				p.Remove()
				if p.Fired() == 0 {
					t.Error("a fault in place didn't fire")
				}
				requests.Count("GET", "/")
			}
		})
	}
	group.Wait()
	if got := requests.Count("GET", "/"); got != 400 {
		t.Errorf("%d requests, want 400", got)
	}
}

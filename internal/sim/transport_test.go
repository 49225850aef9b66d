package sim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
)

// echo answers with what it saw of the request.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("X-Seen", r.Header.Get("X-Sent"))
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, "%s %s %s %q tls=%t", r.Method, r.Host, r.RequestURI, body, r.TLS != nil)
})

// servers are the two ways to reach a handler: they must look the same to a client.
func servers(t *testing.T, h http.Handler) map[string]*http.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	network := server.Client()
	network.Transport = rewrite{server.Listener.Addr().String(), network.Transport}
	return map[string]*http.Client{
		"network":    network,
		"in process": {Transport: sim.Transport(h)},
	}
}

// rewrite sends requests for any host to one address.
type rewrite struct {
	addr string
	next http.RoundTripper
}

func (r rewrite) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Host, out.URL.Host = req.URL.Host, r.addr
	return r.next.RoundTrip(out)
}

func get(t *testing.T, c *http.Client, url string) (status int, body string, err error) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

func TestTransportLooksLikeTheNetwork(t *testing.T) {
	for name, client := range servers(t, echo) {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequest("POST", "http://acme.example/a%20b/c?x=1&y=%22", strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Sent", "yes")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if want := `POST acme.example /a%20b/c?x=1&y=%22 "hello" tls=false`; string(body) != want {
				t.Errorf("body = %s, want %s", body, want)
			}
			if resp.StatusCode != 201 || resp.Status != "201 Created" || resp.ContentLength != int64(len(body)) {
				t.Errorf("status %q, length %d", resp.Status, resp.ContentLength)
			}
			if resp.Header.Get("X-Seen") != "yes" || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("header = %v", resp.Header)
			}
			if _, err := http.ParseTime(resp.Header.Get("Date")); err != nil {
				t.Errorf("Date: %v", err)
			}
		})
	}
}

func TestTransportTellsHTTPS(t *testing.T) {
	_, body, err := get(t, &http.Client{Transport: sim.Transport(echo)}, "https://acme.example/")
	if err != nil || !strings.HasSuffix(body, "tls=true") {
		t.Errorf("body = %s, error %v", body, err)
	}
}

func TestTransportHeadHasNoBody(t *testing.T) {
	resp, err := (&http.Client{Transport: sim.Transport(echo)}).Head("http://acme.example/")
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || len(body) > 0 {
		t.Errorf("body = %q, error %v", body, err)
	}
}

func TestTransportAborts(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for _, tc := range []struct {
		name    string
		handler http.HandlerFunc
		body    string // what still arrives; the error is either in the round trip or after it
	}{
		{"at once", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ""},
		{"written, not sent", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "lost")
			panic(http.ErrAbortHandler)
		}, ""},
		{"sent in part", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "kept")
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "kept"},
		{"less than announced", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "20000")
			io.WriteString(w, long)
		}, long},
	} {
		for name, client := range servers(t, tc.handler) {
			t.Run(tc.name+"/"+name, func(t *testing.T) {
				_, body, err := get(t, client, "http://acme.example/")
				if body != tc.body {
					t.Errorf("body = %.20q, want %.20q", body, tc.body)
				}
				if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
					t.Errorf("error = %v, want a broken connection", err)
				}
			})
		}
	}
}

func TestTransportPassesOtherPanicsOn(t *testing.T) {
	client := &http.Client{Transport: sim.Transport(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("bug") }))}
	defer func() {
		if p := recover(); p != "bug" {
			t.Errorf("recovered %v, want the handler's panic", p)
		}
	}()
	get(t, client, "http://acme.example/")
}

func TestTransportHonoursTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		client := &http.Client{Transport: sim.Transport(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			calls++
			<-r.Context().Done()
		}))}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for range 2 { // the second begins with a context that has ended
			req, err := http.NewRequestWithContext(ctx, "GET", "http://acme.example/", nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Do(req); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error = %v, want the deadline", err)
			}
		}
		if calls != 1 {
			t.Errorf("the handler ran %d times, want once", calls)
		}
	})
}

func TestTransportReportsABrokenRequestBody(t *testing.T) {
	req, err := http.NewRequest("POST", "http://acme.example/", io.MultiReader(strings.NewReader("a"), failing{}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Transport(echo).RoundTrip(req); err == nil || !strings.Contains(err.Error(), "read the request's body: disk full") {
		t.Errorf("error = %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("disk full") }

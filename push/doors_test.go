package push_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
)

func TestStandbyTurnsPushesAway(t *testing.T) {
	tests := []struct {
		err            error
		retry          string
		ready, readyIs string
	}{
		{nil, "", "200", "ready"},
		{&fault.Error{Kind: fault.Fenced, Op: "lead"}, "2", "503", "not leading"},
		{errors.New("connection refused by redis.acme.co"), "60", "503", "ledger not reachable"},
	}
	for _, tt := range tests {
		g := newGate(hello)
		g.ready = tt.err
		h := g.handler()
		a := ask(h, request("POST", "/scim/v2/Users", nil))
		if tt.err == nil && a.StatusCode != http.StatusOK {
			t.Errorf("a leader answers %d", a.StatusCode)
		}
		if tt.err != nil {
			refused(t, tt.readyIs, a, http.StatusTooManyRequests, "Okta repeats this by itself in "+tt.retry+" seconds")
		}
		if got := a.Header.Get("Retry-After"); got != tt.retry {
			t.Errorf("%v: Retry-After %q, want %q", tt.err, got, tt.retry)
		}
		for path, want := range map[string]string{"/readyz": tt.readyIs, "/healthz": "alive"} {
			r := request("GET", path, nil)
			r.Header.Del("Authorization")
			a := ask(h, r)
			body, _ := io.ReadAll(a.Body)
			if string(body) != `{"state":"`+want+"\"}\n" || path == "/readyz" && a.Status[:3] != tt.ready || path == "/healthz" && a.StatusCode != http.StatusOK {
				t.Errorf("%s: %s %s, want %s", path, a.Status, body, want)
			}
		}
		refused(t, "a post to a check", ask(h, request("POST", "/readyz", nil)), http.StatusMethodNotAllowed, "GET")
		if c := g.Meter.Counts(); c.Answered[2]+c.Answered[4] != 1 {
			t.Errorf("checks are counted: %+v", c)
		}
	}
}

func TestOnlyTheAllowedCall(t *testing.T) {
	const okta = "203.0.113.9"
	tests := []struct {
		name, from string
		proxy      bool
		forwarded  []string
		allowed    bool
	}{
		{"allowed", okta + ":1", false, nil, true},
		{"as IPv6", "[::ffff:" + okta + "]:1", false, nil, true},
		{"the other network", "[2001:db8::5]:1", false, nil, true},
		{"a stranger", "198.51.100.1:1", false, nil, false},
		{"a stranger who says otherwise", "198.51.100.1:1", false, []string{okta}, false},
		{"by the proxy", "10.0.0.1:1", true, []string{okta}, true},
		{"by the proxy, with a port", "10.0.0.1:1", true, []string{okta + ":443"}, true},
		{"in brackets", "10.0.0.1:1", true, []string{"[2001:db8::5]:443"}, true},
		{"last of several", "10.0.0.1:1", true, []string{"192.0.2.1, 192.0.2.2,  " + okta}, true},
		{"last of several lines", "10.0.0.1:1", true, []string{"192.0.2.1", okta}, true},
		{"a stranger who writes first", "10.0.0.1:1", true, []string{okta + ", 198.51.100.1"}, false},
		{"a stranger who writes a line", "10.0.0.1:1", true, []string{okta, "198.51.100.1"}, false},
		{"nonsense at the end", okta + ":1", true, []string{okta + ", unknown"}, false},
		{"nothing at the end", okta + ":1", true, []string{okta + ","}, false},
		{"not through the proxy", "198.51.100.1:1", true, nil, false},
	}
	for _, tt := range tests {
		g := newGate(hello)
		g.Allow = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")}
		g.BehindProxy = tt.proxy
		r := request("GET", "/scim/v2/Users", nil)
		r.RemoteAddr = tt.from
		if tt.forwarded != nil {
			r.Header["X-Forwarded-For"] = tt.forwarded
		}
		a := ask(g.handler(), r)
		switch {
		case tt.allowed && a.StatusCode != http.StatusOK:
			t.Errorf("%s: answered %d", tt.name, a.StatusCode)
		case !tt.allowed:
			refused(t, tt.name, a, http.StatusForbidden, "scim.allow")
			if g.Meter.Counts().Forbidden != 1 {
				t.Errorf("%s: counted %+v", tt.name, g.Meter.Counts())
			}
		}
	}
}

// TestAnswerComesInTime: a handler that takes its time is answered for, and what
// it writes afterwards goes nowhere.
func TestAnswerComesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan error, 1)
		g := newGate(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			<-time.After(2 * time.Second) // more than it is left to answer itself
			w.Header().Set("X-Late", "yes")
			w.WriteHeader(http.StatusCreated)
			_, err := w.Write([]byte("late"))
			late <- err
		})
		begun := time.Now()
		a := ask(g.handler(), request("POST", "/scim/v2/Users", nil))
		if d := time.Since(begun); d != 24*time.Second {
			t.Errorf("the answer took %v, want 24s", d)
		}
		if err := <-late; !errors.Is(err, http.ErrHandlerTimeout) {
			t.Errorf("a late write: %v", err)
		}
		refused(t, "a slow handler", a, http.StatusTooManyRequests, "wasn't done in time")
		if a.Header.Get("Retry-After") != "30" || a.Header.Get("X-Late") != "" {
			t.Errorf("headers %v", a.Header)
		}
	})
}

// TestBegunAnswerEnds: what was begun in time is no longer cut by the deadline.
func TestBegunAnswerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Kept", "yes")
			w.WriteHeader(http.StatusCreated)
			<-r.Context().Done()
			_, _ = io.WriteString(w, "done")
		})
		a := ask(g.handler(), request("POST", "/scim/v2/Users", nil))
		body, err := io.ReadAll(a.Body)
		if a.StatusCode != http.StatusCreated || string(body) != "done" || a.Header.Get("X-Kept") != "yes" || err != nil {
			t.Errorf("%d %q %v", a.StatusCode, body, a.Header)
		}
	})
}

func TestPanicIsAnswered(t *testing.T) {
	g := newGate(func(http.ResponseWriter, *http.Request) { panic("the index is out of range") })
	a := ask(g.handler(), request("GET", "/scim/v2/Users", nil))
	refused(t, "a panic", a, http.StatusTooManyRequests, "made a mistake")
	if a.Header.Get("Retry-After") != "60" || g.Meter.Counts().Panics != 1 {
		t.Errorf("%v, counted %+v", a.Header, g.Meter.Counts())
	}
	lines := g.seen.FilterMessage("panic in the SCIM endpoint").All()
	if len(lines) != 1 {
		t.Fatalf("%d lines tell the panic", len(lines))
	}
	fields := lines[0].ContextMap()
	stack, _ := fields["stack"].(string)
	if fields["panic"] != "the index is out of range" || !strings.Contains(stack, "TestPanicIsAnswered") || fields["id"] != a.Header.Get("X-Request-Id") {
		t.Errorf("the log tells %v", fields)
	}
}

func TestNothingWrittenIsAnAnswer(t *testing.T) {
	a := ask(newGate(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("ETag", "x") }).handler(), request("GET", "/scim/v2/Users", nil))
	if a.StatusCode != http.StatusOK || a.Header.Get("ETag") != "x" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
}

// TestPlacesAreBounded fills every place; the next one waits, and is let in when
// one ends, or told to come again.
func TestPlacesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		g := newGate(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		})
		h := g.handler()
		done := make(chan int, 600)
		begin := func(method, path string) {
			go func() { done <- ask(h, request(method, path, nil)).StatusCode }()
		}
		for range 512 - 16 {
			begin("GET", "/scim/v2/Users")
		}
		synctest.Wait()
		chunked := request("PATCH", "/scim/v2/Groups/g1", io.NopCloser(strings.NewReader("{}")))
		chunked.ContentLength = -1 // takes what a group may
		go func() { done <- ask(h, chunked).StatusCode }()
		synctest.Wait()
		begun := time.Now()
		a := ask(h, request("GET", "/scim/v2/Users", nil))
		refused(t, "one too many", a, http.StatusTooManyRequests, "as many requests as it can")
		if time.Since(begun) != 10*time.Second || a.Header.Get("Retry-After") != "5" || g.Meter.Counts().Limited != 1 {
			t.Errorf("after %v: %v, counted %+v", time.Since(begun), a.Header, g.Meter.Counts())
		}
		begin("GET", "/scim/v2/Users")
		synctest.Wait()
		close(release)
		for range 512 - 16 + 2 {
			if status := <-done; status != http.StatusOK {
				t.Fatalf("one with a place is answered %d", status)
			}
		}
	})
}

// TestPlaceOfAnAbandonedRequest is free only when its handler has ended.
func TestPlaceOfAnAbandonedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := newGate(func(http.ResponseWriter, *http.Request) { <-release }).handler()
		done := make(chan int, 512)
		for range cap(done) {
			go func() { done <- ask(h, request("GET", "/scim/v2/Users", nil)).StatusCode }()
		}
		for range cap(done) {
			if status := <-done; status != http.StatusTooManyRequests {
				t.Fatalf("a handler that doesn't end is answered %d", status)
			}
		}
		refused(t, "while they go on", ask(h, request("GET", "/scim/v2/Users", nil)), http.StatusTooManyRequests, "as many requests as it can")
		close(release)
		synctest.Wait()
		if a := ask(h, request("GET", "/scim/v2/Users", nil)); a.StatusCode != http.StatusOK {
			t.Errorf("afterwards: %d", a.StatusCode)
		}
	})
}

func TestBodiesAreBounded(t *testing.T) {
	const mib = 1 << 20
	tests := []struct {
		method, path string
		size         int64
		fits         bool
	}{
		{"POST", "/scim/v2/Users", mib, true},
		{"POST", "/scim/v2/Users", mib + 1, false},
		{"PUT", "/scim/v2/Users/Groups", mib + 1, true}, // odd, and harmless
		{"PATCH", "/scim/v2/Groups/g1", 16 * mib, true},
		{"PATCH", "/scim/v2/Groups/g1", 16*mib + 1, false},
		{"POST", "/scim/v2/Groups", 16 * mib, true},
		{"GET", "/scim/v2/Groups", 65 << 10, false},
	}
	for _, tt := range tests {
		for _, told := range []bool{true, false} {
			g := newGate(func(w http.ResponseWriter, r *http.Request) {
				n, err := io.Copy(io.Discard, r.Body)
				if over, is := errors.AsType[*http.MaxBytesError](err); is && n <= over.Limit {
					w.WriteHeader(http.StatusRequestEntityTooLarge)
				}
			})
			r := request(tt.method, tt.path, io.LimitReader(zeros{}, tt.size))
			r.ContentLength = -1
			if told {
				r.ContentLength = tt.size
			}
			want := http.StatusOK
			if !tt.fits {
				want = http.StatusRequestEntityTooLarge
			}
			a := ask(g.handler(), r)
			if a.StatusCode != want {
				t.Errorf("%s %s of %d bytes, told: %v: %d, want %d", tt.method, tt.path, tt.size, told, a.StatusCode, want)
			}
			if !tt.fits && told {
				refused(t, "a large body", a, want, "larger than Omnisync takes")
			}
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// TestHandlerLearnsThatTheCallerWent: work for nobody can end.
func TestHandlerLearnsThatTheCallerWent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan struct{})
		h := newGate(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done(); close(ended) }).handler()
		ctx, leave := context.WithCancel(t.Context())
		go ask(h, request("GET", "/scim/v2/Users", nil).WithContext(ctx))
		synctest.Wait()
		leave()
		<-ended
	})
}

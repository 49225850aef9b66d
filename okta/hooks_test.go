package okta_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/omnisync/omnisync/okta"
)

const (
	hookSecret = "s3cret-of-the-event-hooks"
	hookAt     = "/okta/events"
	challenge  = "X-Okta-Verification-Challenge"
)

func newHooks(read func() (string, error)) (*okta.HookReceiver, *observer.ObservedLogs) {
	core, seen := observer.New(zap.DebugLevel)
	return okta.NewHookReceiver(okta.HookOptions{Path: hookAt, Secret: read, Log: zap.New(core)}), seen
}

func knownSecret() (string, error) { return hookSecret, nil }

// sent asks h for the path with these headers, in pairs.
func sent(h http.Handler, method, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, path, strings.NewReader(`{"data":{"events":[]}}`))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestHookIsAnswered(t *testing.T) {
	const auth = "Authorization"
	tests := []struct {
		name, method, path string
		headers            []string
		status             int
		taken, refused     uint64
	}{
		{"the secret", "POST", hookAt, []string{auth, hookSecret}, 204, 1, 0},
		{"with its word", "POST", hookAt, []string{auth, "Bearer " + hookSecret}, 204, 1, 0},
		{"with blanks", "POST", hookAt + "?x=y", []string{auth, " bearer  " + hookSecret + " "}, 204, 1, 0},
		{"none", "POST", hookAt, nil, 401, 0, 1},
		{"an empty one", "POST", hookAt, []string{auth, ""}, 401, 0, 1},
		{"a part of it", "POST", hookAt, []string{auth, hookSecret[:10]}, 401, 0, 1},
		{"more than it", "POST", hookAt, []string{auth, hookSecret + "x"}, 401, 0, 1},
		{"another scheme", "POST", hookAt, []string{auth, "Basic " + hookSecret}, 401, 0, 1},
		{"twice", "POST", hookAt, []string{auth, hookSecret, auth, hookSecret}, 401, 0, 1},
		{"in another header", "POST", hookAt, []string{"X-Secret", hookSecret}, 401, 0, 1},
		{"a challenge in place of it", "POST", hookAt, []string{challenge, "x"}, 401, 0, 1},
		{"asking whether it is right", "GET", hookAt, []string{auth, hookSecret}, 204, 0, 0},
		{"asking with a wrong one", "GET", hookAt, nil, 401, 0, 1},
		{"an empty challenge", "GET", hookAt, []string{challenge, ""}, 400, 0, 0},
		{"two challenges", "GET", hookAt, []string{challenge, "a", challenge, "b"}, 400, 0, 0},
		{"a long challenge", "GET", hookAt, []string{challenge, strings.Repeat("a", 513)}, 400, 0, 0},
		{"another path", "POST", hookAt + "/x", []string{auth, hookSecret}, 404, 0, 0},
		{"the path above", "GET", "/okta", []string{challenge, "x"}, 404, 0, 0},
		{"another method", "PUT", hookAt, []string{auth, hookSecret}, 405, 0, 0},
		{"only the head", "HEAD", hookAt, nil, 405, 0, 0},
	}
	for _, tt := range tests {
		h, _ := newHooks(knownSecret)
		a := sent(h, tt.method, tt.path, tt.headers...)
		body, _ := io.ReadAll(a.Body)
		if a.StatusCode != tt.status || tt.status == 204 && len(body) > 0 || tt.status == 405 && a.Header.Get("Allow") != "GET, POST" {
			t.Errorf("%s: %d %v %q, want %d", tt.name, a.StatusCode, a.Header, body, tt.status)
		}
		if c := h.Counts(); c.Taken != tt.taken || c.Refused != tt.refused || c.Newest.IsZero() != (tt.taken == 0) {
			t.Errorf("%s: counted %+v", tt.name, c)
		}
		if strings.Contains(string(body), hookSecret) {
			t.Errorf("%s: %q tells the secret", tt.name, body)
		}
	}
}

// TestHookIsVerified gives back what Okta sends, as JSON.
func TestHookIsVerified(t *testing.T) {
	h, _ := newHooks(func() (string, error) { return "", errors.New("not needed") })
	for _, value := range []string{"hZl9QMn_4DnKiOuBi6P2", `"></script><script>alert(1)</script>`, strings.Repeat("a", 512), "é"} {
		a := sent(h, "GET", hookAt, challenge, value)
		body, _ := io.ReadAll(a.Body)
		var told map[string]string
		if err := json.Unmarshal(body, &told); err != nil || a.StatusCode != 200 || len(told) != 1 || told["verification"] != value {
			t.Errorf("%q is answered %d %q: %v", value, a.StatusCode, body, err)
		}
		if a.Header.Get("Content-Type") != "application/json" || a.Header.Get("X-Content-Type-Options") != "nosniff" || strings.Contains(string(body), "<") {
			t.Errorf("%q is answered %v %q", value, a.Header, body)
		}
	}
}

// TestHookSecretIsReadAgain, and while there is none nobody is let in.
func TestHookSecretIsReadAgain(t *testing.T) {
	secret, broken := hookSecret, error(nil)
	h, seen := newHooks(func() (string, error) { return secret, broken })
	status := func() int { return sent(h, "POST", hookAt, "Authorization", hookSecret).StatusCode }
	for _, step := range []struct {
		secret string
		broken error
		want   int
	}{{hookSecret, nil, 204}, {"another-secret-of-the-hooks", nil, 401}, {"", nil, 503}, {hookSecret, errors.New("no such file"), 503}, {hookSecret, nil, 204}} {
		secret, broken = step.secret, step.broken
		if got := status(); got != step.want {
			t.Errorf("with %q, %v it is answered %d, want %d", secret, broken, got, step.want)
		}
	}
	if seen.Len() != 1 {
		t.Errorf("logged: %v", seen.All())
	}
}

// TestRefusalsAreLoggedOnceAMinute with their number.
func TestRefusalsAreLoggedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, seen := newHooks(knownSecret)
		for range 180 { // three a second
			sent(h, "POST", hookAt, "Authorization", "wrong-secret-of-a-stranger")
			<-time.After(time.Second / 3)
		}
		<-time.After(time.Minute)
		sent(h, "POST", hookAt)
		lines := seen.All()
		if len(lines) != 2 || lines[0].ContextMap()["requests"] != uint64(1) || lines[1].ContextMap()["requests"] != uint64(180) {
			t.Errorf("logged: %+v", lines)
		}
		if text := fmt.Sprint(lines); strings.Contains(text, "stranger") || strings.Contains(text, hookSecret) {
			t.Errorf("the log tells a secret: %s", text)
		}
	})
}

// TestHooksAreGathered: the rows are when hooks come, and when we are woken.
func TestHooksAreGathered(t *testing.T) {
	ms := func(list ...int) []time.Duration {
		var out []time.Duration
		for _, n := range list {
			out = append(out, time.Duration(n)*time.Millisecond)
		}
		return out
	}
	var flood []int
	for at := 0; at <= 2000; at += 3 {
		flood = append(flood, at)
	}
	tests := []struct {
		name        string
		come, woken []time.Duration
		takes       time.Duration // how long a wake takes
	}{
		{"one", ms(100), ms(600), 0},
		{"two far apart", ms(0, 3000), ms(500, 3500), 0},
		{"a burst", ms(0, 1, 2, 499), ms(500), 0},
		{"one just after", ms(0, 501), ms(500, 1001), 0},
		{"a flood", ms(flood...), ms(500, 1001, 1502, 2003), 0},
		{"one while a wake takes long", ms(0, 700, 900), ms(500, 2000), time.Second},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			h, _ := newHooks(knownSecret)
			ctx, cancel := context.WithCancel(t.Context())
			begun := time.Now()
			var woken []time.Duration
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				h.Run(ctx, func(context.Context) {
					woken = append(woken, time.Since(begun))
					<-time.After(tt.takes)
				})
			}()
			for _, at := range tt.come {
				<-time.After(at - time.Since(begun))
				sent(h, "POST", hookAt, "Authorization", hookSecret)
			}
			<-time.After(10 * time.Second)
			cancel()
			<-ended
			if fmt.Sprint(woken) != fmt.Sprint(tt.woken) {
				t.Errorf("%s: woken at %v, want %v", tt.name, woken, tt.woken)
			}
		})
	}
}

// TestHookBeforeAnybodyListens is passed on when somebody does.
func TestHookBeforeAnybodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := newHooks(knownSecret)
		sent(h, "POST", hookAt, "Authorization", hookSecret)
		ctx, cancel := context.WithCancel(t.Context())
		woken := 0
		h.Run(ctx, func(context.Context) { woken++; cancel() })
		if woken != 1 {
			t.Errorf("woken %d times", woken)
		}
	})
}

// ceaseless is a body that somebody goes on sending.
type ceaseless struct{ read int }

func (e *ceaseless) Read(b []byte) (int, error) { e.read += len(b); return len(b), nil }

func TestHookBodyIsBounded(t *testing.T) {
	for secret, most := range map[string]int{hookSecret: 2 << 20, "wrong": 0} {
		h, _ := newHooks(knownSecret)
		body := &ceaseless{}
		r := httptest.NewRequest("POST", hookAt, body)
		r.Header.Set("Authorization", secret)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if body.read > most {
			t.Errorf("%s: %d bytes were read", secret, body.read)
		}
		if closes := w.Header().Get("Connection") == "close"; closes != (secret == "wrong") {
			t.Errorf("%s: %v", secret, w.Header())
		}
	}
}

// TestHookCostsLittle measures the CPU time of client and server together, over real
// connections that are kept.
func TestHookCostsLittle(t *testing.T) {
	h, _ := newHooks(knownSecret)
	server := httptest.NewServer(h)
	defer server.Close()
	body := strings.Repeat(`{"uuid":"a","eventType":"user.account.update_profile"}`, 100)
	for secret, want := range map[string]int{hookSecret: 204, "wrong": 401} {
		ask := func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+hookAt, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", secret)
			a, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, a.Body)
			_ = a.Body.Close()
			if a.StatusCode != want {
				t.Fatalf("%s: %d", secret, a.StatusCode)
			}
		}
		ask()
		const n = 1000
		before := cpu(t)
		for range n {
			ask()
		}
		each := (cpu(t) - before) / n
		t.Logf("%d: %v of CPU time", want, each)
		if each > time.Millisecond {
			t.Errorf("a request that is answered %d takes %v of CPU time", want, each)
		}
	}
}

// cpu is what this process has used so far.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// FuzzHook sends any header. Only the secret lets in, bare or after its word, and what is
// given back of a challenge is that challenge.
func FuzzHook(f *testing.F) {
	for _, seed := range []string{"", hookSecret, "Bearer " + hookSecret, "bearer\t" + hookSecret, hookSecret + " ", "Bearer Bearer " + hookSecret, "\x00", "ü", "a\"b\\c</"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, _ := newHooks(knownSecret)
		status := sent(h, "POST", hookAt, "Authorization", text).StatusCode
		words := strings.Fields(text)
		if let := status == 204; let && (len(words) == 0 || words[len(words)-1] != hookSecret || len(words) > 2) || text == hookSecret && !let {
			t.Errorf("%q is answered %d", text, status)
		}
		a := sent(h, "GET", hookAt, challenge, text)
		body, _ := io.ReadAll(a.Body)
		var told struct{ Verification string }
		if a.StatusCode == 200 && (json.Unmarshal(body, &told) != nil || told.Verification != strings.ToValidUTF8(text, "\uFFFD") && strings.ToValidUTF8(text, "") == text) {
			t.Errorf("%q is given back as %q", text, body)
		}
	})
}

package push_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/omnisync/omnisync/push"
)

const (
	token = "s3cret-token-of-the-connector"
	peer  = "198.51.100.7:4711"
)

// gate is a pair of doors, with what a test changes behind them.
type gate struct {
	push.Doors
	seen *observer.ObservedLogs

	mu     sync.Mutex
	tokens []string
	broken error // of tokens
	ready  error
}

// newGate lets requests through to inner.
func newGate(inner http.HandlerFunc) *gate {
	core, seen := observer.New(zap.DebugLevel)
	g := &gate{tokens: []string{"s3cret-token-of-yesterday", token}, seen: seen}
	g.Doors = push.Doors{
		Inner: inner, Meter: &push.Meter{}, Log: zap.New(core),
		Tokens: func() ([]string, error) {
			g.mu.Lock()
			defer g.mu.Unlock()
			return slices.Clone(g.tokens), g.broken
		},
		Ready: func(context.Context) error {
			g.mu.Lock()
			defer g.mu.Unlock()
			return g.ready
		},
	}
	return g
}

func (g *gate) set(change func(*gate)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change(g)
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

// request makes a call with the right token.
func request(method, target string, body io.Reader) *http.Request {
	r := httptest.NewRequest(method, target, body)
	r.RemoteAddr = peer
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func ask(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// refused fails unless the answer is an error in SCIM's form with this status.
func refused(t *testing.T, what string, a *http.Response, status int, detail string) {
	t.Helper()
	raw, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		Schemas        []string
		Status, Detail string
	}
	if err := json.Unmarshal(raw, &told); err != nil {
		t.Fatalf("%s: %d %q is not JSON: %v", what, a.StatusCode, raw, err)
	}
	form := a.Header.Get("Content-Type") == "application/scim+json" &&
		slices.Equal(told.Schemas, []string{"urn:ietf:params:scim:api:messages:2.0:Error"}) && told.Status == strconv.Itoa(a.StatusCode)
	if a.StatusCode != status || !form || !strings.Contains(told.Detail, detail) || told.Detail == "" {
		t.Errorf("%s: %d %v %s, want %d with %q in SCIM's form", what, a.StatusCode, a.Header, raw, status, detail)
	}
}

// handler puts the doors before what is behind them.
func (g *gate) handler() http.Handler { return push.Guarded(g.Doors) }

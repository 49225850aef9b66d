package okta_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
)

const appJSON = `{"id": "0oa1", "status": "ACTIVE"}`

// failing fails its first n requests, each by fail, and notes when they came.
type failing struct {
	n    int
	fail func(*http.Request) (*http.Response, error)
	sent []time.Time
}

func (f *failing) RoundTrip(req *http.Request) (*http.Response, error) {
	f.sent = append(f.sent, time.Now())
	if len(f.sent) <= f.n {
		return f.fail(req)
	}
	return inProcess{always(200, appJSON)}.RoundTrip(req)
}

// the ways in which a connection, or a server, breaks.
var breaks = map[string]func(*http.Request) (*http.Response, error){
	"500": inProcess{always(500, `{}`)}.RoundTrip,
	"503": inProcess{always(503, ``)}.RoundTrip,
	"408": inProcess{always(408, ``)}.RoundTrip,
	"refused": func(*http.Request) (*http.Response, error) {
		return nil, errors.New("connection refused")
	},
	"EOF, which the SDK would repeat without end": func(*http.Request) (*http.Response, error) { return nil, io.EOF },
	"silence": func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	},
	"a body that breaks off": func(req *http.Request) (*http.Response, error) {
		body := io.MultiReader(strings.NewReader(`{"id":`), brokenReader{})
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body), Request: req}, nil
	},
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestFourTries(t *testing.T) {
	for name, fail := range breaks {
		t.Run(name, func(t *testing.T) {
			for failures := range 6 {
				f := &failing{n: failures, fail: fail}
				r := newReaderOver(t, f, 1)
				synctest.Test(t, func(t *testing.T) {
					begin := time.Now()
					_, err := r.App(t.Context())
					if took := time.Since(begin); took > time.Minute {
						t.Errorf("it took %v", took)
					}
					if failures < 4 && err != nil {
						t.Errorf("after %d failures: %v", failures, err)
					}
					if failures >= 4 {
						wantKind(t, err, fault.Unavailable)
					}
				})
				if want := min(failures+1, 4); len(f.sent) != want {
					t.Errorf("after %d failures: %d tries, want %d", failures, len(f.sent), want)
				}
			}
		})
	}
}

// TestBackoffGrows: tries are further and further apart, and not in step.
func TestBackoffGrows(t *testing.T) {
	gaps := map[time.Duration]bool{}
	for range 10 {
		f := &failing{n: 9, fail: breaks["500"]}
		r := newReaderOver(t, f, 1)
		synctest.Test(t, func(t *testing.T) { _, _ = r.App(t.Context()) })
		for i, base := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second} {
			gap := f.sent[i+1].Sub(f.sent[i])
			if gap < base/2 || gap > base*3/2 {
				t.Errorf("try %d came after %v, want about %v", i+2, gap, base)
			}
			gaps[gap] = true
		}
	}
	if len(gaps) < 10 {
		t.Error("the times between tries aren't random")
	}
}

// TestNotTriedAgain: an answer that says what it says is final.
func TestNotTriedAgain(t *testing.T) {
	for _, status := range []int{204, 302, 400, 401, 403, 404, 410} {
		f := &failing{n: 9, fail: inProcess{always(status, `{}`)}.RoundTrip}
		r := newReaderOver(t, f, 1)
		if _, err := r.App(t.Context()); err == nil || len(f.sent) != 1 {
			t.Errorf("%d: %d tries, %v", status, len(f.sent), err)
		}
	}
}

// TestTooLarge: a body without an end is neither kept nor asked for again.
func TestTooLarge(t *testing.T) {
	f := &failing{n: 9, fail: func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(endless{}), Request: req}, nil
	}}
	r := newReaderOver(t, f, 1)
	_, err := r.App(t.Context())
	wantKind(t, err, fault.Doubt)
	if len(f.sent) != 1 {
		t.Errorf("%d tries", len(f.sent))
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// TestCallersContext: whatever the Reader waits for, the caller's context ends it,
// with its cause, and it isn't taken for a failure of Okta.
func TestCallersContext(t *testing.T) {
	cause := errors.New("the daemon stops")
	waits := map[string]http.RoundTripper{
		"for an answer":     roundTrip(breaks["silence"]),
		"after a 500":       roundTrip(breaks["500"]),
		"after a 429":       limited("100", "0", "946684860"),
		"after another 429": limited("0", "0", "946684860"),
	}
	for name, transport := range waits {
		t.Run(name, func(t *testing.T) {
			for _, q := range questions {
				r := newReaderOver(t, transport, 1)
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(t.Context())
					time.AfterFunc(100*time.Millisecond, func() { cancel(cause) })
					begin := time.Now()
					_, err := q.ask(ctx, r)
					if !errors.Is(err, cause) || fault.KindOf(err) != fault.Other {
						t.Errorf("%s: got %v (%v)", q, err, fault.KindOf(err))
					}
					if took := time.Since(begin); took != 100*time.Millisecond {
						t.Errorf("%s: ended after %v", q, took)
					}
				})
			}
		})
	}
}

// limited answers 429 with these headers, at the beginning of simulated time.
func limited(limit, remaining, reset string) http.RoundTripper {
	return inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Rate-Limit-Limit", limit)
		w.Header().Set("X-Rate-Limit-Remaining", remaining)
		w.Header().Set("X-Rate-Limit-Reset", reset)
		answer(w, http.StatusTooManyRequests, `{"errorCode": "E0000047", "errorSummary": "API call exceeded rate limit"}`)
	})}
}

// TestBreaker: after two requests of a kind failed for good the rest of the kind
// isn't tried, other kinds are, and App begins anew.
func TestBreaker(t *testing.T) {
	for _, status := range []int{500, 401, 204} {
		for _, q := range questions {
			if q == "App" || q == "Touches" { // with these a run begins
				continue
			}
			var tries int
			r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				tries++
				answer(w, status, `{}`)
			}))
			ask := func(t *testing.T, q question) (sent int, err error) {
				tries = 0
				_, err = q.ask(t.Context(), r)
				return tries, err
			}
			synctest.Test(t, func(t *testing.T) {
				var texts []string
				for i := range 4 {
					sent, err := ask(t, q)
					if err == nil || (sent > 0) != (i < 2) {
						t.Errorf("%s, answered %d, question %d: sent %d, %v", q, status, i+1, sent, err)
					}
					texts = append(texts, err.Error())
				}
				if texts[2] != texts[3] || !strings.Contains(texts[2], "not tried") {
					t.Errorf("got %q, then %q", texts[2], texts[3])
				}
				if sent, _ := ask(t, "App"); sent == 0 {
					t.Error("the application isn't asked for")
				}
				if sent, _ := ask(t, q); sent == 0 {
					t.Errorf("%s isn't tried in the next run", q)
				}
			})
		}
	}
}

// TestBreakerCountsFailuresOfTheKind: what is true of one object says nothing
// about the others.
func TestBreakerCountsFailuresOfTheKind(t *testing.T) {
	for status, body := range map[int]string{404: `{"errorCode": "E0000007"}`, 400: `{"errorCode": "E0000001"}`} {
		var sent int
		r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			sent++
			answer(w, status, body)
		}))
		for range 5 {
			if _, err := r.Assignment(t.Context(), "00u1"); err == nil {
				t.Error("no error")
			}
		}
		if sent != 5 {
			t.Errorf("%d: sent %d, want 5", status, sent)
		}
	}
}

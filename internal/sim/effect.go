package sim

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Effect is what a fault does to a request: a handler around the real one.
type Effect func(next http.Handler) http.Handler

// Status answers in place of the handler, which doesn't run. The header's values replace the default ones; a nil
// header means JSON.
func Status(code int, body string, header http.Header) Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			maps.Copy(w.Header(), header)
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body) // a client that went away is the only cause, and needs no answer
		})
	}
}

// Body answers with a text of the given type in place of the handler, which doesn't run: a 200 with `[]`, a
// proxy's page, JSON that calls itself HTML.
func Body(code int, contentType, text string) Effect {
	return Status(code, text, http.Header{"Content-Type": {contentType}})
}

// Delay waits before the handler runs. A request that is given up meanwhile never reaches it.
func Delay(d time.Duration) Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-timer.C:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
				panic(http.ErrAbortHandler)
			}
		})
	}
}

// CutBefore drops the connection before the handler runs: nothing happened. Over a real network, net/http's client
// repeats a GET by itself when a connection that was used before is dropped without an answer, so it may fire twice.
func CutBefore() Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		})
	}
}

// CutAfter lets the handler run and drops the connection instead of answering: it happened, and nobody was told.
// Of repetition, the same is true as of CutBefore.
func CutAfter() Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(newAnswer(), r)
			panic(http.ErrAbortHandler)
		})
	}
}

// Truncate lets the handler run, announces its whole body, sends the first n bytes and drops the connection. An
// answer of at most n bytes isn't touched.
func Truncate(n int) Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := newAnswer()
			next.ServeHTTP(a, r)
			if a.body.Len() <= n {
				a.copyTo(w)
				return
			}
			w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
			a.body.Truncate(n)
			a.copyTo(w)
			_ = http.NewResponseController(w).Flush() // a writer that can't flush loses the part as well: still a cut
			panic(http.ErrAbortHandler)
		})
	}
}

// Twice runs the handler twice with the same request, as a network that repeats it does. The client gets the
// second answer.
func Twice() Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			for _, to := range []http.ResponseWriter{newAnswer(), w} {
				again := r.Clone(r.Context())
				again.Body = io.NopCloser(bytes.NewReader(body))
				next.ServeHTTP(to, again)
			}
		})
	}
}

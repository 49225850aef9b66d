package sim

import (
	"net/http"
	"path"
	"sync"
	"time"
)

// maxRequests bounds the log: a benchmark that sends millions of requests keeps the newest.
const maxRequests = 100_000

// Request is one request that came in.
type Request struct {
	Method string
	Path   string
	Query  string // as sent, escaped
	ID     string // that the answer has in X-Okta-Request-Id; "" where it has none
	Status int    // 0 while there is no answer, and for ever when the connection was cut before any
	At     time.Time
}

// Requests is the log of what came in, in that order. It keeps at least the newest 100,000.
type Requests struct {
	mu   sync.Mutex
	list []*Request
}

// Wrap records each request that next gets. Put it around Faults, so that it sees what the client sees.
func (q *Requests) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entry := &Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, At: time.Now()}
		q.add(entry)
		seen := &statusWriter{ResponseWriter: w, answered: func(status int) { q.answered(entry, status, w.Header().Get("X-Okta-Request-Id")) }}
		next.ServeHTTP(seen, r)
		seen.tell(http.StatusOK) // what net/http answers for a handler that wrote nothing
	})
}

func (q *Requests) add(entry *Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) >= 2*maxRequests {
		q.list = append([]*Request(nil), q.list[maxRequests:]...)
	}
	q.list = append(q.list, entry)
}

func (q *Requests) answered(entry *Request, status int, id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	entry.Status, entry.ID = status, id
}

// All is a copy of the log, oldest first.
func (q *Requests) All() []Request {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]Request, 0, len(q.list))
	for _, entry := range q.list {
		list = append(list, *entry)
	}
	return list
}

// Count is how many requests had this method and a path that path.Match finds equal to the pattern, so without
// * ? [ exactly this path. An empty method or pattern counts all. A pattern that path.Match refuses panics.
func (q *Requests) Count(method, pathGlob string) int {
	mustPattern(pathGlob)
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, entry := range q.list {
		ok, _ := path.Match(pathGlob, entry.Path) // the pattern is sound: see above
		if (method == "" || method == entry.Method) && (pathGlob == "" || ok) {
			n++
		}
	}
	return n
}

// Reset empties the log.
func (q *Requests) Reset() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = nil
}

// statusWriter tells the status before it goes out, so that the log knows it no later than the client.
type statusWriter struct {
	http.ResponseWriter
	answered func(status int) // nil once it was told
}

func (w *statusWriter) tell(status int) {
	if w.answered != nil && status >= 200 {
		w.answered(status)
		w.answered = nil
	}
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(code int) {
	w.tell(code)
	w.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(p []byte) (int, error) {
	w.tell(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the writer beneath.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

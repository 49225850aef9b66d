package push

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"
)

// timely answers in time, whatever happens behind it. Who would have to wait
// longer than answerWithin is told to come again; what is written later goes
// nowhere. A panic is a fault of ours, which the caller can only wait out.
func (s *doors) timely(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, end := context.WithTimeout(r.Context(), answerWithin)
		defer end()
		work, stop := context.WithTimeout(ctx, workWithin)
		defer stop()
		a := &answer{w: w, header: w.Header().Clone()}
		ended := make(chan any, 1) // what it panicked with
		go func() {
			defer func() { ended <- s.caught(recover(), r) }()
			next.ServeHTTP(a, r.WithContext(work))
		}()
		select {
		case p := <-ended:
			a.finish(p)
			return
		case <-ctx.Done():
		}
		if !a.close(afterSlow, "Omnisync wasn't done in time") {
			a.finish(<-ended) // the answer is on its way already
		}
	})
}

// caught logs a panic.
func (s *doors) caught(p any, r *http.Request) any {
	if p != nil {
		s.Meter.panics.Add(1)
		s.Log.Error("panic in the SCIM endpoint", zap.String("panic", fmt.Sprint(p)),
			zap.String("id", r.Header.Get(RequestIDHeader)), zap.ByteString("stack", debug.Stack()))
	}
	return p
}

// answer is written once: by the handler, or when its time is over.
type answer struct {
	mu     sync.Mutex
	w      http.ResponseWriter
	header http.Header // the handler's own until it begins
	begun  bool
	closed bool // nothing more gets through
}

// Header gives the headers of the answer, which count until it begins.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader begins the answer.
func (a *answer) WriteHeader(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begin(status)
}

// Write goes on with the answer, and fails where the time is over.
func (a *answer) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begin(http.StatusOK)
	if a.closed {
		return 0, http.ErrHandlerTimeout
	}
	return a.w.Write(b)
}

func (a *answer) begin(status int) {
	if a.begun || a.closed {
		return
	}
	a.begun = true
	maps.Copy(a.w.Header(), a.header)
	a.w.WriteHeader(status)
}

// close tells the caller to come again, unless the answer was begun.
func (a *answer) close(after time.Duration, detail string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.begun {
		return false
	}
	a.closed = true
	later(a.w, after, detail)
	return true
}

// finish ends the answer of a handler that has ended. One that broke off must not
// look whole: the connection is cut.
func (a *answer) finish(panicked any) {
	switch {
	case panicked == nil:
		a.WriteHeader(http.StatusOK) // where nothing was written
	case !a.close(afterFault, "Omnisync made a mistake: its log tells more"):
		panic(http.ErrAbortHandler)
	}
}

// deny answers with an error in SCIM's form (RFC 7644, section 3.12).
func deny(w http.ResponseWriter, status int, detail string) {
	writeDoor(w, status, struct {
		Schemas []string `json:"schemas"`
		Status  string   `json:"status"`
		Detail  string   `json:"detail"`
	}{[]string{"urn:ietf:params:scim:api:messages:2.0:Error"}, strconv.Itoa(status), detail})
}

// later tells the caller when to come again. Okta takes whole seconds alone.
func later(w http.ResponseWriter, after time.Duration, detail string) {
	seconds := int(after / time.Second)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	deny(w, http.StatusTooManyRequests, fmt.Sprintf("%s; Okta repeats this by itself in %d seconds", detail, seconds))
}

// healthIs answers a health check.
func healthIs(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/json")
	writeDoor(w, status, map[string]string{"state": word})
}

func writeDoor(w http.ResponseWriter, status int, body any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", mediaType)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a caller who is gone is told nothing
}

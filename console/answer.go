package console

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/omnisync/omnisync/fault"
)

// patience is how long one line may take to reach a client. A run doesn't wait
// for a client that has stopped reading: it goes on without telling it.
const patience = 5 * time.Second

// statusError is an error with an HTTP status of its own.
type statusError struct {
	status int
	error
}

func (e *statusError) Unwrap() error { return e.error }

// statusOf gives the HTTP status of an error: the client's fault (4xx) only for
// what the client can mend.
func statusOf(err error) int {
	if e, ok := err.(*statusError); ok { //nolint:errorlint // it is made here and never wrapped
		return e.status
	}
	switch fault.KindOf(err) {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Refused:
		return http.StatusBadRequest
	case fault.Unavailable, fault.Limited, fault.Fenced:
		return http.StatusServiceUnavailable
	case fault.Unauthorized, fault.Doubt:
		return http.StatusBadGateway // Okta's or Omni's word, not about the client's token
	default:
		return http.StatusInternalServerError
	}
}

func writeError(w http.ResponseWriter, err error) {
	writeJSON(w, statusOf(err), Line{Error: FailureOf(err)})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	head(w, "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that left needs no answer
}

func head(w http.ResponseWriter, contentType string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// lines writes a stream of JSON lines, each as soon as it is known.
type lines struct {
	w       http.ResponseWriter
	control *http.ResponseController
	lost    bool // the client left, or stopped reading
}

func newLines(w http.ResponseWriter) *lines {
	l := &lines{w: w, control: http.NewResponseController(w)}
	_ = l.control.SetReadDeadline(time.Time{}) // a run may take longer than reading its request
	head(w, "application/x-ndjson")
	return l
}

func (l *lines) write(v Line) {
	if l.lost {
		return
	}
	_ = l.control.SetWriteDeadline(time.Now().Add(patience))
	err := json.NewEncoder(l.w).Encode(v)
	if err == nil {
		err = l.control.Flush()
	}
	l.lost = err != nil
}

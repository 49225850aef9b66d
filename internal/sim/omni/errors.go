package omni

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// reply is an answer: a status, and a body that becomes JSON, or nil.
type reply struct {
	status int
	body   any
	after  int // Retry-After in seconds; 0 is no header
}

// failure is why a request is declined.
type failure struct {
	status  int
	message string
}

func declined(status int, format string, args ...any) *failure {
	return &failure{status: status, message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *failure {
	return declined(http.StatusBadRequest, format, args...)
}

// The two shapes of errors: SCIM and the limiter have one, the rest another.
type (
	scimError struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	v1Error struct {
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}
)

func (f *failure) reply(path string) reply {
	if strings.HasPrefix(path, "/api/v1/") && f.status != http.StatusTooManyRequests {
		return reply{status: f.status, body: v1Error{f.status, f.message}}
	}
	return reply{status: f.status, body: scimError{http.StatusText(f.status), f.message}}
}

func (a reply) write(w http.ResponseWriter) {
	if a.after > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(a.after))
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	text, err := json.Marshal(a.body)
	if err != nil {
		panic(fmt.Sprintf("simomni: answer of %T: %v", a.body, err)) // only plain values are answered
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	w.Write(text) // the status is sent, and a client that went away needs no answer
}

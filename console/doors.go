package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"go.uber.org/zap"
)

// connectionHeader names the connection that a client means, so that a command
// never acts on another connection's daemon that listens where it looked.
const connectionHeader = "Omnisync-Connection"

// health answers the checks of supervisors and balancers, who have no token and
// call by any name. They learn the state and no more.
func (a *api) health(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		check := r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
		switch {
		case check && r.Method != http.MethodGet && r.Method != http.MethodHead:
			wrongMethod(http.MethodGet)(w, r)
		case r.URL.Path == "/healthz":
			writeJSON(w, http.StatusOK, map[string]string{"state": "alive"})
		case r.URL.Path == "/readyz":
			a.readyz(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (a *api) readyz(w http.ResponseWriter, r *http.Request) {
	err := a.Ready(r.Context())
	switch {
	case err == nil:
		writeJSON(w, http.StatusOK, map[string]string{"state": "ready"})
	case fault.Is(err, fault.Fenced):
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"state": "not leading"})
	default:
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"state": "ledger not reachable"})
	}
}

// addressed refuses requests under a foreign name: a web page whose name was
// made to point at this address (DNS rebinding) comes with its own name.
func (a *api) addressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.knows(r.Host) {
			writeError(w, &statusError{http.StatusForbidden,
				refusal("check the Host header", "the console is not called by this name", "call it by a loopback address, by the host of console.listen, or by that of console.url")})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *api) knows(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	public, err := url.Parse(a.URL)
	return loopback(host) || a.Host != "" && strings.EqualFold(host, a.Host) ||
		err == nil && public.Host != "" && strings.EqualFold(host, public.Hostname())
}

// sameOrigin refuses what another web site makes a browser send.
func sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, &statusError{http.StatusForbidden,
			refusal("check the origin", "the request comes from another web site", "")})
	}))
	return p.Handler(next)
}

func (a *api) meant(r *http.Request) bool {
	name := r.Header.Get(connectionHeader)
	return name == "" || name == a.Name
}

// same compares digests, so that the time taken tells nothing, not even a length.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// recovered turns a panic into an error for the client and a line in the log.
// A stream that was begun gets the error as its last line: the form is the same.
func (a *api) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &tracked{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			a.panicked(p)
			err := &fault.Error{Op: "the daemon made a mistake", Hint: "its log tells more"}
			if t.begun {
				newLines(w).write(Line{Error: FailureOf(err)})
				return
			}
			writeError(w, err)
		}()
		next.ServeHTTP(t, r)
	})
}

func (a *api) panicked(p any) {
	a.Log.Error("panic in the console", zap.String("panic", fmt.Sprint(p)), zap.ByteString("stack", debug.Stack()))
}

// tracked remembers whether an answer was begun.
type tracked struct {
	http.ResponseWriter
	begun bool
}

func (t *tracked) WriteHeader(status int) {
	t.begun = true
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracked) Write(b []byte) (int, error) {
	t.begun = true
	return t.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach deadlines and flushing.
func (t *tracked) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func wrongMethod(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allowed)
		writeError(w, &statusError{http.StatusMethodNotAllowed,
			refusal(r.URL.Path, r.Method+" is not understood here", "use "+allowed)})
	}
}

func (a *api) unknownPath(w http.ResponseWriter, r *http.Request) {
	a.refuse(w, r, &fault.Error{Kind: fault.NotFound, Op: r.URL.Path, Detail: "there is nothing here"})
}

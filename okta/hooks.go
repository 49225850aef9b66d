package okta

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// HookOptions say where event hooks come in, and what they must bring.
type HookOptions struct {
	Path string // the one path that is answered, such as /okta/events

	// Secret gives what Okta sends in the Authorization header. It is called for each
	// request, so that one that was read again counts at once.
	Secret func() (string, error)
	Log    *zap.Logger
}

// HookReceiver takes Okta's event hooks. A hook carries no truth: what it says is
// not even read, so that a forged one makes us look, and no more.
type HookReceiver struct {
	options HookOptions
	came    chan struct{} // capacity 1: one that waits stands for all that follow

	taken, refused atomic.Uint64
	newest         atomic.Int64 // when one was taken, in Unix nanoseconds; 0 for never
	told           atomic.Int64 // when a refusal was logged
	untold         atomic.Uint64
}

// HookCounts tell what came in since the process began.
type HookCounts struct {
	Taken   uint64    // with the right secret
	Refused uint64    // without
	Newest  time.Time // when one was taken; zero for never
}

const (
	// gatherFor is how long a burst is gathered before it is passed on as one, and
	// so the least time between two that are.
	gatherFor = 500 * time.Millisecond
	// tellAgain is the least time between two lines of the log about refusals.
	tellAgain = time.Minute
	// mostChallenge bounds what is given back of a verification, in bytes; Okta's are some 40.
	mostChallenge = 512
	// mostSkipped is what is read, and dropped, of a hook's body. Closing the connection on
	// what is left could take the answer with it.
	mostSkipped = 1 << 20
	// mostOfStrangers is the same for who doesn't know the secret.
	mostOfStrangers = 64 << 10
)

// challengeHeader marks the one request by which Okta asks whether the address is
// ours.
const challengeHeader = "X-Okta-Verification-Challenge"

// NewHookReceiver makes a receiver. What it takes reaches nobody before Run.
func NewHookReceiver(o HookOptions) *HookReceiver {
	return &HookReceiver{options: o, came: make(chan struct{}, 1)}
}

// Counts tells what came in so far.
func (h *HookReceiver) Counts() HookCounts {
	c := HookCounts{Taken: h.taken.Load(), Refused: h.refused.Load()}
	if at := h.newest.Load(); at > 0 {
		c.Newest = time.Unix(0, at).UTC()
	}
	return c
}

// Run calls wake for what is taken until ctx ends: half a second after the first
// hook of a quiet time, then at most once each half second, and always once after
// the last. It calls once at a time.
func (h *HookReceiver) Run(ctx context.Context, wake func(context.Context)) {
	for {
		select {
		case <-h.came:
		case <-ctx.Done():
			return
		}
		if sleep(ctx, gatherFor) != nil {
			return
		}
		select { // whoever came meanwhile is covered by this one
		case <-h.came:
		default:
		}
		wake(ctx)
	}
}

// ServeHTTP answers at once, whatever follows from it. Okta waits 3 seconds, and
// repeats once what was answered 5xx, nothing else.
func (h *HookReceiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != h.options.Path:
		refuseHook(w, http.StatusNotFound, "nothing is here")
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, POST")
		refuseHook(w, http.StatusMethodNotAllowed, "use POST")
	case r.Method == http.MethodGet && len(r.Header.Values(challengeHeader)) > 0:
		verify(w, r.Header.Values(challengeHeader))
	case h.lets(w, r):
		if r.Method == http.MethodPost {
			h.take(w, r)
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// verify gives back what Okta sent, as JSON and nothing else.
func verify(w http.ResponseWriter, sent []string) {
	if len(sent) != 1 || sent[0] == "" || len(sent[0]) > mostChallenge {
		refuseHook(w, http.StatusBadRequest, "the header "+challengeHeader+" has no value, several, or one that is too long")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(struct { // a caller who is gone is told nothing
		Verification string `json:"verification"`
	}{sent[0]})
}

// lets reports whether the caller knows the secret. Who doesn't is answered, and is
// neither waited for nor logged one by one.
func (h *HookReceiver) lets(w http.ResponseWriter, r *http.Request) bool {
	secret, err := h.options.Secret()
	if err != nil || secret == "" {
		h.tell("the secret of event hooks can't be read: nobody is let in; see hooks.secret", zap.Error(err))
		refuseHook(w, http.StatusServiceUnavailable, "Omnisync can't read its own secret: see hooks.secret in its configuration")
		return false
	}
	if sentSecret(r.Header.Values("Authorization"), secret) {
		return true
	}
	h.refused.Add(1)
	h.tell("event hooks without the right secret are refused; if they are Okta's, see hooks.secret and syncd hooks register")
	if r.ContentLength < 0 || r.ContentLength > mostOfStrangers {
		w.Header().Set("Connection", "close") // else the server reads what a stranger sends
	}
	refuseHook(w, http.StatusUnauthorized, "the secret is missing or wrong")
	return false
}

// take notes that Okta has something to look at.
func (h *HookReceiver) take(w http.ResponseWriter, r *http.Request) {
	h.taken.Add(1)
	h.newest.Store(time.Now().UnixNano())
	select {
	case h.came <- struct{}{}:
	default:
	}
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, mostSkipped)) // it was taken, whole or not
}

// sentSecret compares digests, so that the time taken tells nothing of the secret. Okta
// sends what it was given as it stands; a person may have written Bearer before it.
func sentSecret(sent []string, secret string) bool {
	if len(sent) != 1 {
		return false
	}
	given := strings.TrimSpace(sent[0])
	if scheme, rest, found := strings.Cut(given, " "); found && strings.EqualFold(scheme, "Bearer") {
		given = strings.TrimSpace(rest)
	}
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// tell logs at most once a minute, with the number of requests that a line is about.
func (h *HookReceiver) tell(message string, fields ...zap.Field) {
	h.untold.Add(1)
	now, last := time.Now().UnixNano(), h.told.Load()
	if last != 0 && now-last < int64(tellAgain) || !h.told.CompareAndSwap(last, now) {
		return
	}
	h.options.Log.Warn(message, append(fields, zap.Uint64("requests", h.untold.Swap(0)))...)
}

// refuseHook answers in plain text. Okta shows it in the System Log's event_hook.delivery.
func refuseHook(w http.ResponseWriter, status int, why string) {
	http.Error(w, why, status)
}

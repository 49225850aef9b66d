package identity

import "context"

// Answer is what one request to Omni met, as the provisioning log keeps it.
type Answer struct {
	Method  string  `json:"method"`
	Path    string  `json:"path"`             // below /api/scim/v2
	Status  int     `json:"status,omitempty"` // 0: no answer came
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"` // why it is no success
}

// Came reports whether the other side was there to answer, whatever it said: neither
// silence, nor a server's own failure (5xx), nor a refusal to serve so much (429).
func (a Answer) Came() bool { return a.Status > 0 && a.Status < 500 && a.Status != 429 }

// Reads reports whether it was only asked to tell something.
func (a Answer) Reads() bool { return a.Method == "GET" }

type answersKey struct{}

// WithAnswers gives a context under which every answer is told to hear, one
// after the other where the requests are.
func WithAnswers(ctx context.Context, hear func(Answer)) context.Context {
	return context.WithValue(ctx, answersKey{}, hear)
}

// Answered tells an answer to whoever WithAnswers named.
func Answered(ctx context.Context, a Answer) {
	if hear, ok := ctx.Value(answersKey{}).(func(Answer)); ok {
		hear(a)
	}
}

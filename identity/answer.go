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

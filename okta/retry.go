package okta

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/omnisync/omnisync/fault"
)

const (
	maxTries   = 4  // of one request, for 5xx and broken connections
	maxLimited = 10 // 429s of one request in a row; each of them waited for
)

// retry asks again: after 5xx and broken connections up to maxTries in all, after
// a 429 up to maxLimited times. The caller's context ends either.
type retry struct {
	policy retrypolicy.RetryPolicy[*http.Response]
	next   http.RoundTripper
}

func newRetry(next http.RoundTripper) *retry {
	return &retry{next: next, policy: retrypolicy.NewBuilder[*http.Response]().
		HandleIf(isTemporary).
		WithMaxAttempts(maxTries).
		WithBackoff(500*time.Millisecond, 4*time.Second).
		WithJitterFactor(0.5).
		ReturnLastFailure().
		Build()}
}

// isTemporary tells what may be different a moment later. Our own refusals, which
// are faults already, stay.
func isTemporary(resp *http.Response, err error) bool {
	if err != nil {
		_, ours := errors.AsType[*fault.Error](err)
		return !ours
	}
	return resp.StatusCode == http.StatusRequestTimeout || resp.StatusCode >= 500
}

func (t *retry) RoundTrip(req *http.Request) (*http.Response, error) {
	return failsafe.With(t.policy).WithContext(req.Context()).Get(func() (*http.Response, error) {
		return t.patiently(req)
	})
}

// patiently repeats a request that is answered 429. Where the answer tells a
// Reset, pace holds the repetition until then. Where it doesn't, or where Okta
// means that too many requests run at once (Limit 0, whose Reset is only a
// suggestion), a short time of random length lets others go first.
func (t *retry) patiently(req *http.Request) (*http.Response, error) {
	for n := range maxLimited {
		resp, err := t.next.RoundTrip(req)
		if err != nil || resp.StatusCode != http.StatusTooManyRequests {
			return resp, err
		}
		if readRate(resp.Header).known() {
			continue
		}
		if err := sleep(req.Context(), backoff(n)); err != nil {
			return nil, err
		}
	}
	return t.next.RoundTrip(req)
}

// backoff is half a second, doubled n times, at most 8 s, of which up to a half
// is left out at random.
func backoff(n int) time.Duration {
	d := min(500*time.Millisecond<<n, 8*time.Second)
	return d - rand.N(d/2)
}

package pusher

import (
	"fmt"
	"strconv"
	"time"
)

// MaxAttempts is how often Okta tries a task that is answered with 429 before it fails: ten in all, the first
// among them. Okta's text leaves open whether the first one counts; this is the stricter reading.
const MaxAttempts = 10

// FirstWait is how long Okta waits after a 429 without a Retry-After in whole seconds; each further such wait is
// twice as long.
const FirstWait = 5 * time.Minute

// throttled is a 429: the only answer after which a task is tried again without a person.
type throttled struct {
	after string // Retry-After, as it came
	said  error  // how the answer reads once there are no attempts left
}

func (t *throttled) Error() string { return t.said.Error() }
func (t *throttled) Unwrap() error { return t.said }

// pause is how long to wait after a 429, and whether the answer said so. Vague is how many of the task's earlier
// answers didn't. Only digits count: a date, a sign or a fraction is as good as nothing.
func pause(retryAfter string, vague int) (d time.Duration, told bool) {
	if seconds, err := strconv.ParseUint(retryAfter, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	return FirstWait << vague, false
}

// remote is an answer that is no success, as Okta shows it.
type remote struct {
	status int
	detail string
}

func (r *remote) Error() string {
	return fmt.Sprintf("%s. Errors reported by remote server: %s", statusText(r.status), r.detail)
}

// shown is an error in the words of Okta's pages, before its cause where there is one.
func shown(cause error, words string, args ...any) error {
	return &wording{fmt.Sprintf(words, args...), cause}
}

type wording struct {
	words string
	cause error
}

func (w *wording) Error() string {
	if w.cause == nil {
		return w.words
	}
	return w.words + ": " + w.cause.Error()
}

func (w *wording) Unwrap() error { return w.cause }

package okta

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// defaultConcurrency is how many requests a Workforce org answers at once.
const defaultConcurrency = 75

// window counts the requests of one bucket. It begins with a request, not with the minute of the clock.
type window struct {
	reset time.Time
	used  int
}

// admit counts the request in its bucket and tells the allowance in the headers. A request too many, in the
// minute or at once, is declined; what was declined at once is told by a limit of 0. done ends an admitted request.
func (o *Org) admit(header http.Header, path string) (done func(), declined *failure) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	most := o.Knobs.Concurrency
	if most == 0 {
		most = defaultConcurrency
	}
	if most > 0 && o.inFlight >= most {
		allowance(header, 0, 0, now.Add(time.Second))
		return nil, tooMany()
	}
	bucket := BucketOf(path)
	limit := o.Knobs.limit(bucket)
	w := o.windows[bucket]
	if w == nil {
		w = &window{}
		o.windows[bucket] = w
	}
	if !now.Before(w.reset) {
		*w = window{reset: now.Truncate(time.Second).Add(time.Minute)}
	}
	w.used++
	allowance(header, limit, max(0, limit-w.used), w.reset)
	if w.used > limit {
		return nil, tooMany()
	}
	o.inFlight++
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.inFlight--
	}, nil
}

func allowance(header http.Header, limit, remaining int, reset time.Time) {
	header.Set("X-Rate-Limit-Limit", strconv.Itoa(limit))
	header.Set("X-Rate-Limit-Remaining", strconv.Itoa(remaining))
	header.Set("X-Rate-Limit-Reset", strconv.FormatInt(reset.Unix(), 10))
}

// BucketOf is the bucket that a request for the path counts for.
func BucketOf(path string) Bucket {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(path, "/api/v1"), "/"), "/")
	switch kind, one := parts[0], len(parts) == 2; {
	case kind == "apps" && one:
		return BucketApp
	case kind == "apps":
		return BucketApps
	case kind == "groups" && one:
		return BucketGroup
	case kind == "groups":
		return BucketGroups
	case kind == "users" && one:
		return BucketUser
	case kind == "users" && len(parts) == 1:
		return BucketUsers
	case kind == "logs":
		return BucketLogs
	}
	return BucketRest
}

package omni

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// publishedLimit is how many requests a minute Omni's documents promise a key.
const publishedLimit = 60

// windows remember when requests were let through, per key; "" is all keys together.
type windows map[string][]time.Time

// full tells how long to wait until one more request fits into the 60 s before
// now; 0 when it fits already, or when limit, which is never 0, is negative. It forgets what is older.
func (w windows) full(key string, limit int, now time.Time) time.Duration {
	if limit < 0 {
		return 0
	}
	start := now.Add(-time.Minute)
	fresh := w[key]
	for len(fresh) > 0 && !fresh[0].After(start) {
		fresh = fresh[1:]
	}
	w[key] = fresh
	if len(fresh) < limit {
		return 0
	}
	return fresh[len(fresh)-limit].Sub(start)
}

// admit counts the request, or declines it. What is declined isn't counted.
func (o *Org) admit(key string, now time.Time) (time.Duration, *failure) {
	limit, total := o.Knobs.RealLimit, o.Knobs.TotalLimit
	if limit == 0 {
		limit = publishedLimit
	}
	if total == 0 {
		total = -1
	}
	wait := max(o.windows.full(key, limit, now), o.windows.full("", total, now))
	if wait > 0 {
		return wait, declined(http.StatusTooManyRequests, "Rate limit exceeded")
	}
	if limit > 0 {
		o.windows[key] = append(o.windows[key], now)
	}
	if total > 0 {
		o.windows[""] = append(o.windows[""], now)
	}
	return 0, nil
}

// scope is what a key may do.
type scope string

const (
	organizationKey scope = "organization"
	userKey         scope = "user"
)

// authenticate finds the key of a request and its scope.
func (o *Org) authenticate(r *http.Request) (string, scope, *failure) {
	kind, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	bad := declined(orElse(o.Knobs.BadKeyStatus, http.StatusUnauthorized), "Invalid bearer token")
	if !strings.EqualFold(kind, "Bearer") || key == "" {
		return "", "", bad
	}
	if slices.Contains(o.Knobs.UserKeys, key) {
		if strings.HasPrefix(r.URL.Path, "/api/scim/") {
			return key, userKey, declined(http.StatusForbidden, "User-scoped API keys are not allowed to access the SCIM API")
		}
		return key, userKey, nil
	}
	if slices.Contains(o.Knobs.ForeignKeys, key) {
		return key, organizationKey, nil
	}
	if len(o.Knobs.Keys) > 0 && !slices.Contains(o.Knobs.Keys, key) {
		return "", "", bad
	}
	return key, organizationKey, nil
}

package push

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	scim "github.com/elimity-com/scim/errors"
	"github.com/omnisync/omnisync/fault"
)

// How long Okta is asked to wait: where nobody said, and at most. The longest is
// the last step of the ladder while Omni is away.
const (
	usualWait = 30 * time.Second
	mostWait  = 8 * time.Hour
)

// problem is a request that can't be served. Okta shows the detail to the admin,
// so it says what is wrong, where, and how to mend it.
type problem struct {
	status int
	kind   scim.ScimType
	detail string
	allow  string        // of a 405
	after  time.Duration // of a 429
}

func (p *problem) Error() string { return p.detail }

func malformed(format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, kind: scim.ScimTypeInvalidSyntax, detail: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, kind: scim.ScimTypeInvalidValue, detail: fmt.Sprintf(format, args...)}
}

func badPath(format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, kind: scim.ScimTypeInvalidPath, detail: fmt.Sprintf(format, args...)}
}

func noTarget(format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, kind: scim.ScimTypeNoTarget, detail: fmt.Sprintf(format, args...)}
}

func badFilter(format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, kind: scim.ScimTypeInvalidFilter, detail: fmt.Sprintf(format, args...)}
}

func nowhere() error {
	return &problem{status: http.StatusNotFound,
		detail: "nothing is served here: the endpoint has /Users, /Groups, /ServiceProviderConfig, /Schemas and /ResourceTypes; check the connector's base URL"}
}

func notAllowed(method string, known methods) error {
	allow := strings.Join(slices.Sorted(maps.Keys(known)), ", ")
	return &problem{status: http.StatusMethodNotAllowed, detail: method + " isn't served here, only " + allow, allow: allow}
}

func notImplemented(call) (reply, error) {
	return reply{}, &problem{status: http.StatusNotImplemented, detail: "/Me, /Bulk and /.search aren't served: ask for users and groups one by one, or with a filter"}
}

// problemOf gives any error the form of a problem. What isn't classified is never
// told: it may name addresses of ours.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &problem{status: http.StatusRequestEntityTooLarge,
			detail: fmt.Sprintf("the body is larger than %d bytes: push fewer members at once", tooLarge.Limit)}
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		f = &fault.Error{}
	}
	switch f.Kind {
	case fault.NotFound:
		return &problem{status: http.StatusNotFound, detail: told(f, "no such resource: unassign and assign the user, or unlink and push the group again")}
	case fault.Conflict:
		return &problem{status: http.StatusConflict, kind: scim.ScimTypeUniqueness, detail: told(f, "the name is taken")}
	case fault.Declined:
		return &problem{status: http.StatusForbidden, detail: told(f, "the policy of Omnisync declines this")}
	case fault.Refused:
		return &problem{status: http.StatusBadRequest, kind: scim.ScimTypeInvalidValue, detail: told(f, "Omni refuses this input")}
	default:
		return busy(f)
	}
}

// passing is why something can't be done just now, where it is known.
var passing = map[fault.Kind]string{
	fault.Unavailable:  "Omni can't be reached just now",
	fault.Limited:      "Omni takes no more requests just now",
	fault.Unauthorized: "Omni refuses the key of Omnisync (syncd check tells more)",
	fault.Fenced:       "another process of Omnisync leads just now",
}

// busy is whatever will pass: 429 is the one status that Okta repeats by itself,
// and it wants a whole number of seconds.
func busy(f *fault.Error) *problem {
	after := f.After
	if after <= 0 {
		after = usualWait
	}
	after = min(max((after+time.Second-1).Truncate(time.Second), time.Second), mostWait)
	why, ok := passing[f.Kind]
	if !ok {
		why = "Omnisync can't do this just now"
	}
	if f.Kind == fault.Limited && f.Hint != "" { // it waits for a person, not for Omni
		why = told(f, why)
	}
	return &problem{status: http.StatusTooManyRequests, after: after, detail: fmt.Sprintf("%s; Okta repeats it by itself in %s", why, after)}
}

// told is what the fault says and advises.
func told(f *fault.Error, otherwise string) string {
	detail := f.Detail
	if detail == "" {
		detail = otherwise
	}
	if f.Hint != "" {
		detail += ": " + f.Hint
	}
	return detail
}

// refuse is the answer to a request that failed.
func refuse(err error) reply {
	p := problemOf(err)
	header := map[string]string{}
	if p.allow != "" {
		header["Allow"] = p.allow
	}
	if p.after > 0 {
		header["Retry-After"] = strconv.Itoa(int(p.after / time.Second))
	}
	return reply{status: p.status, header: header, body: scim.ScimError{Status: p.status, ScimType: p.kind, Detail: p.detail}}
}

package okta

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/omnisync/omnisync/fault"
)

// codeNotFound is Okta's "Resource not found". Another 404 comes from a proxy, a
// wrong address or a feature that is off, and says nothing about the object.
const codeNotFound = "E0000007"

// check classifies what isn't a 200, or the 204 of a deletion.
func check(c call, a *answer) error {
	if a.status == http.StatusOK || a.status == http.StatusNoContent && c.method == http.MethodDelete {
		return nil
	}
	told := toldBy(a)
	e := &fault.Error{Op: c.op, Detail: describe(a, told)}
	switch status := a.status; {
	case status == http.StatusNotFound && told.Code == codeNotFound:
		e.Kind = fault.NotFound
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Kind, e.Hint = fault.Unauthorized, hintFor(c, status, told.Code)
	case status == http.StatusTooManyRequests:
		e.Kind, e.Hint = fault.Limited, "something else uses Okta's limits up: see Reports > Rate Limits in the Okta admin console"
		if r := readRate(a.header); r.known() {
			e.After = r.untilReset(time.Now())
		}
	case status == http.StatusNotFound:
		e.Kind, e.Hint = fault.Unavailable, "this isn't Okta's answer for a missing object: check okta.org_url, and proxies on the way"
	case status >= 500, status == http.StatusRequestTimeout:
		e.Kind, e.Hint = fault.Unavailable, "Okta's state is shown at https://status.okta.com"
	case status >= 400:
		e.Kind = fault.Refused
	case status >= 300:
		e.Kind, e.Hint = fault.Unavailable, "redirects aren't followed: set okta.org_url to the address that Okta answers at"
	default:
		e.Kind = fault.Doubt
	}
	return e
}

// toldBy is what Okta says about a failure; what isn't Okta's has no code.
func toldBy(a *answer) errorRecord {
	var told errorRecord
	_ = json.Unmarshal(a.body, &told)
	return told
}

// describe gives status, and what Okta says, or where a redirect points.
func describe(a *answer, told errorRecord) string {
	var s strings.Builder
	s.WriteString(fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)))
	switch location, err := url.Parse(a.header.Get("Location")); {
	case told.Code != "":
		s.WriteString(fmt.Sprintf(" (%s: %s)", told.Code, told.Summary))
		for _, cause := range told.Causes {
			s.WriteString("; " + cause.Summary)
		}
	case err == nil && location.Host != "": // its query may hold a secret
		s.WriteString(" to " + location.Host)
	case len(a.body) > 0:
		s.WriteString(", not in Okta's form" + contentType(a))
	}
	return clip(s.String())
}

func contentType(a *answer) string {
	if ct := a.header.Get("Content-Type"); ct != "" {
		return " (" + ct + ")"
	}
	return ""
}

// clip keeps a foreign text short enough for a log line.
func clip(s string) string {
	const most = 500
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}

func hintFor(c call, status int, code string) string {
	switch {
	case code == "":
		return "this isn't Okta's own refusal: a proxy, a network zone or a firewall may stand between"
	case status == http.StatusUnauthorized:
		return "the API token is wrong, expired or revoked, or its admin was deactivated: create one under Security > API > Tokens and set okta.auth.api_token"
	case code == "E0000015":
		return "the organization lacks the feature, or the token's admin may not use it"
	default:
		return "the token's admin needs the Read-only Administrator role, or a custom role with " + c.needs
	}
}

// doubt is an answer that can't be believed.
func doubt(c call, format string, args ...any) error {
	return &fault.Error{Kind: fault.Doubt, Op: c.op, Detail: clip(fmt.Sprintf(format, args...)),
		Hint: "what Okta, or a proxy in its place, answered isn't what its API describes; nothing is concluded from it"}
}

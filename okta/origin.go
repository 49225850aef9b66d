package okta

import (
	"strings"

	"github.com/omnisync/omnisync/identity"
)

// maxRequestID is how long an id may be to be kept.
const maxRequestID = 100

// origin names the request that a answers, by Okta's id of it and by what it asked
// for; "" where there is no answer. A header that Okta wouldn't send names nothing.
func origin(c call, a *answer) identity.Origin {
	if a == nil {
		return ""
	}
	id := a.header.Get("X-Okta-Request-Id")
	odd := func(r rune) bool { return r <= ' ' || r > '~' || r == '(' || r == ')' }
	if id == "" || len(id) > maxRequestID || strings.ContainsFunc(id, odd) {
		id = "without an id"
	}
	return identity.Origin("okta request " + id + " (" + c.kind + ")")
}

// origin names the event.
func (r eventRecord) origin() identity.Origin {
	return identity.Origin("okta event " + clip(r.ID) + " " + clip(r.Type))
}

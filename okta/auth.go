package okta

import (
	"net/http"
	"strings"

	"github.com/omnisync/omnisync/fault"
)

// auth puts the API token on each request, as Okta's SSWS scheme wants it, and
// on none to another host.
type auth struct {
	host  string
	token func() (string, error)
	next  http.RoundTripper
}

func (a *auth) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != a.host {
		return nil, &fault.Error{Kind: fault.Refused, Detail: "the API token is for " + a.host + ", not for " + req.URL.Host}
	}
	token, err := a.token()
	token = strings.TrimSpace(token) // files end with a newline
	if err != nil || token == "" {
		return nil, &fault.Error{Kind: fault.Unauthorized, Detail: "the Okta API token can't be read or is empty",
			Hint: "check what okta.auth.api_token points to", Err: err}
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "SSWS "+token)
	return a.next.RoundTrip(req)
}

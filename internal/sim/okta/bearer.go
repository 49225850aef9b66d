package okta

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// authorize looks at a request's credential: the API token, or an access token of the app, with its proof where it is
// bound to a key, its end, and the scopes that Okta's description asks for.
func (o *Org) authorize(header http.Header, r *http.Request) *failure {
	defer o.lock()()
	got := r.Header.Get("Authorization")
	if o.Token == "" && o.ClientID == "" || o.Token != "" && (got == "SSWS "+o.Token || got == "Bearer "+o.Token) {
		return o.checkOwner(r.URL.Path)
	}
	scheme, text, _ := strings.Cut(got, " ")
	t := o.oauth.tokens[text]
	switch {
	case t == nil || !o.now().Before(t.ends), (scheme == "DPoP") != (t.jkt != ""), scheme != "DPoP" && scheme != "Bearer":
		header.Set("WWW-Authenticate", scheme+` error="invalid_token", error_description="The access token is invalid."`)
		return badToken()
	case t.jkt != "":
		if failed := o.checkBound(header, r, t, text); failed != nil {
			return failed
		}
	}
	for _, scope := range needed(r.Method, r.URL.Path) {
		if !slices.Contains(t.scopes, scope) { // as a support article of Okta shows it
			header.Set("WWW-Authenticate", fmt.Sprintf(`%s authorization_uri="%[2]s/oauth2/v1/authorize", realm="%[2]s", scope="%[3]s", error="insufficient_scope", `+
				`error_description="The access token provided does not contain the required scopes.", resource="%[4]s"`, scheme, o.base(r), scope, r.URL.Path))
			return denied()
		}
	}
	return nil
}

// checkBound answers a bad proof as RFC 9449, sections 7.1 and 9, has it.
func (o *Org) checkBound(header http.Header, r *http.Request, t *issued, text string) *failure {
	want := wanted{url: o.base(r) + r.URL.EscapedPath(), token: text, jkt: t.jkt}
	if o.Knobs.APINonce {
		want.nonces = o.oauth.nonces["api"]
	}
	_, failed := o.checkProof(r, want)
	if want.nonces != nil {
		header.Set("DPoP-Nonce", want.nonces.newest(o.now(), o.Knobs.NonceEvery))
	}
	if failed == nil {
		return nil
	}
	header.Set("WWW-Authenticate", fmt.Sprintf(`DPoP error=%q, error_description=%q`, failed.Code, failed.Description))
	return badToken()
}

// checkOwner refuses event hooks to an API token whose owner isn't a super admin: nobody else sees or changes them.
func (o *Org) checkOwner(path string) *failure {
	if o.Token != "" && strings.HasPrefix(path, "/api/v1/eventHooks") && !slices.Contains(o.Knobs.owner().Roles, "SUPER_ADMIN") {
		return denied()
	}
	return nil
}

// needed are the scopes of a request.
func needed(method, path string) []string {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/"), "/")
	switch {
	case kind == "apps" && strings.Contains(rest, "/group-push/"):
		return []string{"okta.apps.read", "okta.groups.read"}
	case kind == "apps", kind == "groups", kind == "logs", kind == "users":
		return []string{"okta." + kind + ".read"}
	case kind == "eventHooks" && method == http.MethodGet:
		return []string{"okta.eventHooks.read"}
	case kind == "eventHooks":
		return []string{"okta.eventHooks.manage"}
	default:
		return nil
	}
}

package okta

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/omnisync/omnisync/fault"
)

const opToken = "get an access token"

// atApp is where an admin finds the app that syncd signs in as.
const atApp = "in the Okta admin console under Applications > Applications > the API Services app > "

// refusal is what the token endpoint says: in OAuth's form (RFC 6749, section
// 5.2), or in that of Okta's API.
type refusal struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Code        string `json:"errorCode"`
	Summary     string `json:"errorSummary"`
}

func readRefusal(a *answer) refusal {
	var told refusal
	_ = json.Unmarshal(a.body, &told) // what isn't Okta's has no code
	return told
}

func (r refusal) code() string {
	if r.Error != "" {
		return r.Error
	}
	return r.Code
}

// long is what an assertion, a proof or a token looks like, and words don't.
var long = regexp.MustCompile(`[\w.~+=-]{40,}`)

// String gives what is said, without what may be a secret.
func (r refusal) String() string {
	s := r.code()
	if said := r.Description + r.Summary; said != "" {
		s += ": " + said
	}
	return clip(long.ReplaceAllString(s, "..."))
}

// refused classifies what isn't a token.
func (g *grant) refused(a *answer, told refusal) error {
	if a.status == http.StatusTooManyRequests || a.status >= 500 || a.status < 400 || told.code() == "" {
		return check(call{op: opToken}, a)
	}
	return &fault.Error{Kind: fault.Unauthorized, Op: opToken, Hint: g.remedy(told),
		Detail: fmt.Sprintf("Okta refuses %s: %d %s", g.who(), a.status, told)}
}

// who names the client, and the key that it signed with.
func (g *grant) who() string {
	s := "client " + g.oauth.ClientID
	if k, err := parseKey(g.sign.used.key); err == nil {
		s += " with a key of type " + k.method.Alg()
		if id := g.sign.keyID(k); id != "" {
			s += " and id " + clip(id)
		} else {
			s += " and without an id"
		}
	}
	return s
}

// remedy tells what to click.
func (g *grant) remedy(told refusal) string {
	switch told.code() {
	case "invalid_client":
		return g.clientRemedy(told)
	case "invalid_scope":
		return "grant all of " + scopesOf(g.oauth.Scopes) + " " + atApp + "Okta API Scopes (a super administrator can); where one is missing, Okta refuses all"
	case "unauthorized_client", "unsupported_grant_type":
		return "okta.auth.oauth.client_id must be an app of type API Services, with the grant type Client Credentials ticked " + atApp + "General; make one with Create App Integration > API Services"
	case "access_denied":
		return "see that the app is active, that no policy keeps it out, and that it has an administrator role: " + atApp + "Admin roles"
	case badProof, needNonce:
		if g.oauth.DPoP == dpopNever {
			return "the app requires DPoP, and okta.auth.oauth.dpop is never: set it to auto, or untick \"Require Demonstrating Proof of Possession (DPoP) header in token requests\" " + atApp + "General"
		}
		return "okta.org_url must be the address that Okta itself uses, without a gateway on the way that changes it, and the clock of this machine must be right"
	default:
		return "compare okta.auth.oauth with the app's settings " + atApp + "General"
	}
}

func (g *grant) clientRemedy(told refusal) string {
	where := atApp + "General > Client Credentials"
	k, err := parseKey(g.sign.used.key)
	switch {
	case strings.Contains(strings.ToLower(told.String()), "client_id"):
		return "okta.auth.oauth.client_id must be the Client ID that is shown " + where
	case err == nil && g.sign.keyID(k) == "":
		return "set okta.auth.oauth.key_id to the KID that is shown for the key " + where + " > Public Keys: an app with several keys needs it. If it has one, see that it is active and belongs to okta.auth.oauth.private_key"
	default:
		return "see " + where + " that the Client ID is okta.auth.oauth.client_id, that \"Public key / Private key\" is chosen, and that the key with that KID is active and belongs to okta.auth.oauth.private_key"
	}
}

// explained tells, in place of a 401 or 403, what the app lacks: the words for an
// API token, which errors.go has, don't help it.
type explained struct {
	app  string
	next http.RoundTripper
}

func (e *explained) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := e.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusForbidden {
		return resp, err
	}
	defer resp.Body.Close()
	body, err := readBody(resp)
	if err != nil {
		return nil, err
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: body}
	var told errorRecord
	_ = json.Unmarshal(body, &told) // what isn't Okta's has no code
	if hint := e.hint(a, told); hint != "" {
		return nil, &fault.Error{Kind: fault.Unauthorized, Detail: describe(a, told), Hint: hint}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

var (
	lacksScope = regexp.MustCompile(`\berror="insufficient_scope"`) // RFC 6750, section 3.1
	scopeAsked = regexp.MustCompile(`\bscope="([\w. ]+)"`)
)

// hint is "" for what isn't the app's matter.
func (e *explained) hint(a *answer, told errorRecord) string {
	line := strings.Join(a.header.Values("WWW-Authenticate"), ", ")
	switch {
	case a.status == http.StatusForbidden && lacksScope.MatchString(line):
		scopes := "what it lacks"
		if m := scopeAsked.FindStringSubmatch(line); m != nil {
			scopes = m[1]
		}
		return fmt.Sprintf("grant the app %s %s %sOkta API Scopes (a super administrator can)", e.app, scopes, atApp)
	case a.status == http.StatusForbidden && told.Code == "E0000006":
		return fmt.Sprintf("give the app %s the Read-only Administrator role %sAdmin roles, or a custom role whose resources include what is read here", e.app, atApp)
	case a.status == http.StatusUnauthorized && (told.Code != "" || line != ""):
		return fmt.Sprintf("Okta refuses a token that it has just given out: see that the app %s is active, and that okta.org_url is the address that Okta itself uses", e.app)
	default:
		return ""
	}
}

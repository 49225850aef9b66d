package okta

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/omnisync/omnisync/fault"
)

// The schemes of access tokens in the Authorization header (RFC 6750, RFC 9449).
const (
	schemeBearer = "Bearer"
	schemeDPoP   = "DPoP"
)

// grant gets access tokens. Only one fetch runs at a time: session sees to it.
type grant struct {
	oauth OAuth
	url   string
	sign  *signed
	chain http.RoundTripper // retry -> obedient -> pace -> whole -> sign -> network
}

// newGrant gives the token endpoint a pace of its own, because Okta counts it by
// itself, and a few requests an hour need no share of it.
func newGrant(o OAuth, org *url.URL, p *prover, network http.RoundTripper) *grant {
	endpoint := org.JoinPath("/oauth2/v1/token")
	s := &signed{oauth: o, prover: p, dpop: o.DPoP == dpopAlways, next: network}
	return &grant{oauth: o, url: endpoint.String(), sign: s, chain: newRetry(&obedient{newPace(org.Path, 1, &whole{s})})}
}

// healing is what a fetch has already tried to get past a refusal.
type healing struct {
	nonces     int
	clock, key bool
}

// fetch asks for a token until Okta gives one or its refusal is final.
func (g *grant) fetch(ctx context.Context) (accessToken, error) {
	for h := new(healing); ; {
		a, err := g.ask(ctx)
		if err != nil {
			return accessToken{}, err
		}
		if a.status == http.StatusOK {
			return g.accept(a)
		}
		told := readRefusal(a)
		if !g.heal(h, told) {
			return accessToken{}, g.refused(a, told)
		}
	}
}

// heal reports whether a next request may be answered otherwise.
func (g *grant) heal(h *healing, told refusal) bool {
	switch told.code() {
	case needNonce, badProof:
		if g.oauth.DPoP == dpopNever {
			return false
		}
		if !g.sign.dpop { // from now on
			g.sign.dpop = true
			return true
		}
		if told.code() == needNonce && h.nonces < maxNonces {
			h.nonces++
			return true
		}
		return g.clockMoved(h)
	case "invalid_client":
		return g.clockMoved(h) || g.keyChanged(h)
	default:
		return false
	}
}

// clockMoved reports, once, whether the refusal told another time than the one
// that was signed with.
func (g *grant) clockMoved(h *healing) bool {
	moved := g.sign.prover.clock.now().Sub(time.Now().Add(g.sign.used.behind)).Abs()
	if h.clock || moved <= time.Second {
		return false
	}
	h.clock = true
	return true
}

// keyChanged reports, once, whether the private key is another one by now.
func (g *grant) keyChanged(h *healing) bool {
	if h.key {
		return false
	}
	h.key = true
	text, err := g.oauth.PrivateKey()
	return err == nil && strings.TrimSpace(text) != g.sign.used.key
}

// ask sends one request. A failure is a *fault.Error, or the end of ctx.
func (g *grant) ask(ctx context.Context) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "omnisync")
	a := (&handover{g.chain}).ask(req)
	if a.err == nil {
		return a, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if e, ok := errors.AsType[*fault.Error](a.err); ok {
		return nil, e
	}
	return nil, &fault.Error{Kind: fault.Unavailable, Op: opToken, Detail: "Okta can't be reached", Err: a.err,
		Hint: "check okta.org_url, the network, and the proxy variables of the environment"}
}

// granted is Okta's answer (RFC 6749, section 5.1).
type granted struct {
	Token string `json:"access_token"`
	Type  string `json:"token_type"`
	Lasts int    `json:"expires_in"` // seconds
	Scope string `json:"scope"`      // space between; left out where all that was asked for is granted
}

// tokenForm is what may stand in an Authorization header (RFC 6750, section 2.1).
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// usualLife is how long Okta's own tokens last.
const usualLife = time.Hour

// accept reads a token. It is renewed when a tenth of its life is left, at most 5
// minutes.
func (g *grant) accept(a *answer) (accessToken, error) {
	var got granted
	scheme := ""
	switch {
	case json.Unmarshal(a.body, &got) != nil: // its text may hold a part of the token
		return accessToken{}, doubt(call{op: opToken}, "the answer%s isn't what a token endpoint answers", contentType(a))
	case !tokenForm.MatchString(got.Token):
		return accessToken{}, doubt(call{op: opToken}, "the answer has no access token")
	case strings.EqualFold(got.Type, schemeDPoP) && g.sign.dpop:
		scheme = schemeDPoP
	case strings.EqualFold(got.Type, schemeBearer) && g.oauth.DPoP != dpopAlways:
		scheme = schemeBearer
	case strings.EqualFold(got.Type, schemeBearer):
		return accessToken{}, &fault.Error{Kind: fault.Unauthorized, Op: opToken, Detail: "Okta gave a token that isn't bound to our key, and okta.auth.oauth.dpop is always",
			Hint: "tick \"Require Demonstrating Proof of Possession (DPoP) header in token requests\" on the app's General tab, or set okta.auth.oauth.dpop to auto"}
	default:
		return accessToken{}, doubt(call{op: opToken}, "the token's type is neither Bearer nor what was asked for")
	}
	life := time.Duration(got.Lasts) * time.Second
	if life <= 0 || life > 24*usualLife {
		life = usualLife
	}
	end := g.sign.used.at.Add(life)
	scopes := strings.Fields(got.Scope)
	if len(scopes) == 0 {
		scopes = g.oauth.Scopes
	}
	return accessToken{header: scheme + " " + got.Token, end: end, renew: end.Add(-min(life/10, 5*time.Minute)), scopes: scopes}, nil
}

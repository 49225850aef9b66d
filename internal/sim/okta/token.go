package okta

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	tokenPath = "/oauth2/v1/token"
	tolerance = 5 * time.Second // by which clocks may differ; Okta doesn't tell its own
)

// oauthFailure is an answer in OAuth's form of an error (RFC 6749, section 5.2).
type oauthFailure struct {
	status      int
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func refuse(code, format string, args ...any) *oauthFailure {
	f := &oauthFailure{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
	if code == "invalid_client" {
		f.status = http.StatusUnauthorized
	}
	return f
}

// tokenJSON is RFC 6749, section 5.1.
type tokenJSON struct {
	Type   string `json:"token_type"`
	Lasts  int    `json:"expires_in"`
	Token  string `json:"access_token"`
	Scopes string `json:"scope"`
}

// giveToken is the token endpoint, for the one grant and the one way in which an app gets okta.* scopes. The client is
// checked before the proof, and the proof before the scopes.
func (o *Org) giveToken(w http.ResponseWriter, r *http.Request) {
	defer o.lock()()
	form, failed := readForm(r)
	if failed == nil {
		failed = o.checkAssertion(form["client_assertion"], o.base(r)+tokenPath)
	}
	jkt := ""
	if failed == nil && (o.Knobs.RequireDPoP || len(r.Header.Values("DPoP")) > 0) {
		jkt, failed = o.checkProof(r, wanted{url: o.base(r) + tokenPath, nonces: o.oauth.nonces["token"]})
		w.Header().Set("DPoP-Nonce", o.oauth.nonces["token"].newest(o.now(), o.Knobs.NonceEvery))
	}
	scopes := o.scopesFor(form["scope"])
	if failed == nil {
		failed = o.checkScopes(form["scope"], scopes)
	}
	if failed != nil {
		write(w, failed.status, failed)
		return
	}
	write(w, http.StatusOK, o.issue(scopes, jkt))
}

// readForm takes each parameter once, and none of them from the address, where it would be written into logs.
func readForm(r *http.Request) (map[string]string, *oauthFailure) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, refuse("invalid_request", "The content type must be application/x-www-form-urlencoded.")
	}
	if err := r.ParseForm(); err != nil || r.URL.RawQuery != "" {
		return nil, refuse("invalid_request", "The parameters must be in the body.")
	}
	form := map[string]string{}
	for name, values := range r.PostForm {
		if len(values) != 1 {
			return nil, refuse("invalid_request", "The parameter %s is repeated.", name)
		}
		form[name] = values[0]
	}
	if form["grant_type"] != "client_credentials" {
		return nil, refuse("unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
	}
	if form["client_assertion_type"] != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return nil, refuse("invalid_client", "The client_assertion_type is invalid.")
	}
	return form, nil
}

// assertionJSON has the claims of RFC 7523, section 3.
type assertionJSON struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
	Issued   int64  `json:"iat"`
	ID       string `json:"jti"`
}

// checkAssertion authenticates the client by a JWT that one of its keys signed.
func (o *Org) checkAssertion(assertion, audience string) *oauthFailure {
	signed, err := jose.ParseSignedCompact(assertion, o.oauth.algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return refuse("invalid_client", "The client_assertion is no JWT that is signed with one of the supported algorithms.")
	}
	var claims assertionJSON
	if json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &claims) != nil || o.ClientID == "" || claims.Issuer != o.ClientID || claims.Subject != o.ClientID {
		return refuse("invalid_client", "Invalid value for 'client_id' parameter.")
	}
	k, failed := o.keyOf(signed.Signatures[0].Protected.KeyID)
	if failed != nil {
		return failed
	}
	if _, err := signed.Verify(k); err != nil {
		return refuse("invalid_client", "The client_assertion signature is invalid.")
	}
	now := o.now()
	switch expires, issued := time.Unix(claims.Expires, 0), time.Unix(claims.Issued, 0); {
	case claims.Audience != audience:
		return refuse("invalid_client", "The audience claim for client_assertion must be the endpoint invoked for the request.")
	case !expires.After(now.Add(-tolerance)):
		return refuse("invalid_client", "The client_assertion token is expired.")
	case expires.After(now.Add(time.Hour + tolerance)):
		return refuse("invalid_client", "The client_assertion token has an expiration too far into the future.")
	case claims.Issued != 0 && issued.After(now.Add(tolerance)):
		return refuse("invalid_client", "The client_assertion token was issued in the future.")
	case claims.ID != "" && !o.oauth.once("assertion "+claims.ID, now, expires.Add(tolerance)):
		return refuse("invalid_client", "The client_assertion token was used before.")
	}
	return nil
}

// keyOf finds the registered key. An app with several wants to be told which one.
func (o *Org) keyOf(kid string) (jose.JSONWebKey, *oauthFailure) {
	keys := o.oauth.keys
	if len(keys) == 0 {
		return jose.JSONWebKey{}, refuse("invalid_client", "The client does not have a JWKSet configured, but the client_assertion requires one.")
	}
	if kid == "" && len(keys) == 1 {
		return keys[0], nil
	}
	i := slices.IndexFunc(keys, func(k jose.JSONWebKey) bool { return kid != "" && k.KeyID == kid })
	if i < 0 {
		return jose.JSONWebKey{}, refuse("invalid_client", "The client_assertion JWT kid is invalid.")
	}
	return keys[i], nil
}

// scopesFor are those of the asked scopes that are granted.
func (o *Org) scopesFor(asked string) []string {
	granted := o.Knobs.Granted
	if granted == nil {
		granted = readScopes()
	}
	return slices.DeleteFunc(strings.Fields(asked), func(scope string) bool { return !slices.Contains(granted, scope) })
}

// checkScopes refuses all where one isn't granted.
func (o *Org) checkScopes(asked string, granted []string) *oauthFailure {
	switch {
	case asked == "":
		return refuse("invalid_scope", "The scope parameter is missing.")
	case len(granted) == 0, len(granted) < len(strings.Fields(asked)) && !o.Knobs.GrantsFewer:
		return refuse("invalid_scope", "One or more scopes are not allowed for the client application.")
	}
	return nil
}

func (o *Org) issue(scopes []string, jkt string) tokenJSON {
	t := &issued{scopes: scopes, jkt: jkt, ends: o.now().Add(cmp.Or(o.Knobs.TokenLife, time.Hour))}
	text := rand.Text()
	if !o.Knobs.OpaqueTokens {
		text = o.signToken(t)
	}
	o.oauth.tokens[text] = t
	answer := tokenJSON{Type: "Bearer", Token: text, Scopes: strings.Join(scopes, " "), Lasts: int(t.ends.Sub(o.now()).Seconds())}
	if jkt != "" {
		answer.Type = "DPoP"
	}
	return answer
}

// signToken makes a JWT that looks like Okta's own.
func (o *Org) signToken(t *issued) string {
	if o.oauth.signer == nil {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		o.oauth.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: private}, nil)
		must(err)
	}
	claims := map[string]any{"jti": "AT." + rand.Text(), "cid": o.ClientID, "sub": o.ClientID, "scp": t.scopes, "exp": t.ends.Unix()}
	if t.jkt != "" {
		claims["cnf"] = map[string]string{"jkt": t.jkt}
	}
	payload, err := json.Marshal(claims)
	must(err)
	signed, err := o.oauth.signer.Sign(payload)
	must(err)
	text, err := signed.CompactSerialize()
	must(err)
	return text
}

// must is for what can't fail with sound arguments.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("okta stand-in: %v", err))
	}
}

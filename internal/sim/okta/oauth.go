package okta

import (
	"crypto"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// readScopes are what an API Services app is granted where Knobs.Granted is nil.
func readScopes() []string {
	return []string{"okta.apps.read", "okta.groups.read", "okta.logs.read", "okta.users.read"}
}

// oauth is what the org knows about its API Services app, Org.ClientID.
type oauth struct {
	keys       []jose.JSONWebKey         // public
	seen       map[string]time.Time      // the jti of assertions and proofs, and until when they are remembered
	tokens     map[string]*issued        // by the token
	signer     jose.Signer               // of access tokens; nil until the first
	nonces     map[string]*nonceIssuer   // by server: "token", "api"
	algorithms []jose.SignatureAlgorithm // that Okta takes
}

// issued is an access token.
type issued struct {
	scopes []string
	jkt    string // thumbprint of the key that it is bound to; "" for a bearer token
	ends   time.Time
}

func newOAuth() oauth {
	return oauth{
		seen: map[string]time.Time{}, tokens: map[string]*issued{},
		nonces:     map[string]*nonceIssuer{"token": {}, "api": {}},
		algorithms: []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512},
	}
}

// AddKey registers the public half of a key at the app ClientID, under the id kid, which may be "".
func (o *Org) AddKey(kid string, public crypto.PublicKey) {
	defer o.lock()()
	k := jose.JSONWebKey{Key: public, KeyID: kid, Use: "sig"}
	if !k.Valid() || !k.IsPublic() {
		panic(fmt.Sprintf("okta stand-in: %T isn't a public key", public))
	}
	o.oauth.keys = append(o.oauth.keys, k)
}

// RemoveKey takes the keys with that id away. Tokens that they got stay good, as at Okta: see RevokeTokens.
func (o *Org) RemoveKey(kid string) {
	defer o.lock()()
	o.oauth.keys = slices.DeleteFunc(o.oauth.keys, func(k jose.JSONWebKey) bool { return k.KeyID == kid })
}

// RevokeTokens ends every access token that was given out.
func (o *Org) RevokeTokens() {
	defer o.lock()()
	clear(o.oauth.tokens)
}

// nonceIssuer gives out the nonces that one server wants in proofs.
type nonceIssuer struct {
	number int // of the newest
	uses   int // of the newest
	born   time.Time
}

func (n *nonceIssuer) text(number int) string { return "nonce-" + strconv.Itoa(number) }

// newest is the nonce that is told. It changes after so many uses, with every 0 after a day.
func (n *nonceIssuer) newest(now time.Time, every int) string {
	if n.number == 0 || every > 0 && n.uses >= every || every <= 0 && now.Sub(n.born) >= 24*time.Hour {
		n.number, n.uses, n.born = n.number+1, 0, now
	}
	return n.text(n.number)
}

// take tells whether a nonce is good, and counts it. Okta takes those of the last three days as well; where they
// change after so many uses none but the newest is taken, so that a client has to follow.
func (n *nonceIssuer) take(nonce string, now time.Time, every int) bool {
	if nonce == n.newest(now, every) {
		n.uses++
		return true
	}
	for number := n.number - 1; every <= 0 && number > 0 && number >= n.number-3; number-- {
		if nonce == n.text(number) {
			return true
		}
	}
	return false
}

// once tells whether a jti is seen for the first time. It is remembered for as long as what carries it is good.
func (a *oauth) once(jti string, now, until time.Time) bool {
	for id, end := range a.seen {
		if end.Before(now) {
			delete(a.seen, id)
		}
	}
	if _, ok := a.seen[jti]; ok {
		return false
	}
	a.seen[jti] = until
	return true
}

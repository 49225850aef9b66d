package okta

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// proofWindow is how old a DPoP proof may be. Okta doesn't tell its own.
const proofWindow = time.Minute

// wanted is what a proof must be for.
type wanted struct {
	url    string       // without query
	token  string       // the access token that comes with it; "" at the token endpoint
	jkt    string       // the key that the token is bound to
	nonces *nonceIssuer // nil: no nonce is needed
}

// proofJSON has the claims of RFC 9449, section 4.2.
type proofJSON struct {
	ID     string `json:"jti"`
	Method string `json:"htm"`
	URL    string `json:"htu"`
	Issued int64  `json:"iat"`
	Hash   string `json:"ath"`
	Nonce  string `json:"nonce"`
}

// checkProof does what RFC 9449, section 4.3, lists, and gives the thumbprint of the key.
func (o *Org) checkProof(r *http.Request, want wanted) (jkt string, failed *oauthFailure) {
	wrong := func(format string, args ...any) (string, *oauthFailure) {
		return "", refuse("invalid_dpop_proof", format, args...)
	}
	headers := r.Header.Values("DPoP")
	if len(headers) == 0 {
		return wrong("The DPoP proof JWT header is missing.")
	}
	signed, err := jose.ParseSignedCompact(headers[0], o.oauth.algorithms)
	if err != nil || len(headers) > 1 || len(signed.Signatures) != 1 {
		return wrong("The DPoP proof JWT header isn't one JWT that is signed with one of the supported algorithms.")
	}
	header := signed.Signatures[0].Protected
	if typ := header.ExtraHeaders["typ"]; typ != "dpop+jwt" {
		return wrong("The DPoP proof has the type %v.", typ)
	}
	k := header.JSONWebKey
	if k == nil || !k.Valid() || !k.IsPublic() {
		return wrong("The DPoP proof has no public key.")
	}
	payload, err := signed.Verify(k)
	if err != nil {
		return wrong("The DPoP proof has a wrong signature.")
	}
	thumb, err := k.Thumbprint(crypto.SHA256)
	must(err)
	jkt = base64.RawURLEncoding.EncodeToString(thumb)
	if want.jkt != "" && jkt != want.jkt {
		return wrong("The access token is bound to another key.")
	}
	var claims proofJSON
	if err := json.Unmarshal(payload, &claims); err != nil {
		return wrong("The DPoP proof can't be read: %v", err)
	}
	return jkt, o.checkClaims(r.Method, claims, want)
}

func (o *Org) checkClaims(method string, claims proofJSON, want wanted) *oauthFailure {
	hash := ""
	if want.token != "" {
		sum := sha256.Sum256([]byte(want.token))
		hash = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	now, issued := o.now(), time.Unix(claims.Issued, 0)
	switch {
	case claims.Method != method:
		return refuse("invalid_dpop_proof", "The 'htm' claim in the DPoP proof JWT is invalid.")
	case claims.URL != want.url:
		return refuse("invalid_dpop_proof", "The 'htu' claim in the DPoP proof JWT is invalid.")
	case claims.Hash != hash:
		return refuse("invalid_dpop_proof", "The 'ath' claim in the DPoP proof JWT is invalid.")
	case issued.After(now.Add(tolerance)), issued.Before(now.Add(-proofWindow)):
		return refuse("invalid_dpop_proof", "The 'iat' claim in the DPoP proof JWT is invalid.")
	case want.nonces != nil && !want.nonces.take(claims.Nonce, now, o.Knobs.NonceEvery):
		return refuse("use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
	case claims.ID == "", !o.oauth.once("proof "+claims.ID, now, now.Add(proofWindow+tolerance)):
		return refuse("invalid_dpop_proof", "The 'jti' claim in the DPoP proof JWT is missing, or was used before.")
	}
	return nil
}

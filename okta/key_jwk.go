package okta

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"math/big"

	"github.com/go-json-experiment/json"
)

// jwk has the members of a private JSON Web Key (RFC 7518, sections 6.2 and 6.3).
type jwk struct {
	Type  string `json:"kty"`
	ID    string `json:"kid"`
	Curve string `json:"crv"`
	X     octets `json:"x"`
	Y     octets `json:"y"`
	N     octets `json:"n"`
	E     octets `json:"e"`
	D     octets `json:"d"`
	P     octets `json:"p"`
	Q     octets `json:"q"`
}

// octets are bytes in unpadded base64url.
type octets []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = base64.RawURLEncoding.DecodeString(string(text))
	return err
}

func (o octets) number() *big.Int { return new(big.Int).SetBytes(o) }

// parseJWK reads the form that Okta's admin console shows as JSON.
func parseJWK(text string) (key, error) {
	var k jwk
	if json.Unmarshal([]byte(text), &k) != nil { // its text may hold a part of the key
		return key{}, badKey("it begins like JSON, and isn't a JWK")
	}
	switch {
	case k.Type == "":
		return key{}, badKey(`the JSON has no "kty": copy the one key, not a set of them`)
	case len(k.D) == 0:
		return key{}, badKey("it is the public half")
	case k.Type == "RSA":
		return k.rsa()
	case k.Type == "EC":
		return k.ec()
	default:
		return key{}, badKey("it is neither RSA nor EC")
	}
}

func (k jwk) rsa() (key, error) {
	e := k.E.number()
	if len(k.P) == 0 || len(k.Q) == 0 || !e.IsInt64() || e.BitLen() > 31 {
		return key{}, badKey("the JWK lacks one of n, e, d, p and q")
	}
	private := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: k.N.number(), E: int(e.Int64())},
		D:         k.D.number(), Primes: []*big.Int{k.P.number(), k.Q.number()},
	}
	checked, err := newKey(private, k.ID) // its length first: checking a huge one takes long
	if err == nil && private.Validate() != nil {
		err = badKey("the numbers of the JWK don't belong together")
	}
	if err != nil {
		return key{}, err
	}
	private.Precompute()
	return checked, nil
}

func (k jwk) ec() (key, error) {
	curve, ok := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[k.Curve]
	if !ok {
		return key{}, badKey("its curve isn't P-256, P-384 or P-521")
	}
	private, err := ecdsa.ParseRawPrivateKey(curve, k.D)
	if err != nil {
		return key{}, badKey("the numbers of the JWK don't belong together")
	}
	point, err := private.PublicKey.Bytes() // 4, x, y
	if err != nil || len(k.X)+len(k.Y) > 0 && string(point[1:]) != string(k.X)+string(k.Y) {
		return key{}, badKey("the numbers of the JWK don't belong together")
	}
	return newKey(private, k.ID)
}

package okta

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/omnisync/omnisync/fault"
)

const (
	minRSA = 2048 // bits: the smallest RSA key that may sign (RFC 7518, section 3.3)
	maxRSA = 8192 // beyond it only signing gets slower
)

// key is the private key of an API Services app, with the algorithm that goes
// with it.
type key struct {
	private crypto.PrivateKey
	method  jwt.SigningMethod
	id      string // the kid that a JWK tells; "" where the form has none
}

// keyHint tells where a key comes from.
const keyHint = "okta.auth.oauth.private_key must point to the private key that Okta showed when it was made (Applications > Applications > the API Services app > " +
	"General > Client Credentials > Public Keys), RSA or EC, in PEM form or as JSON (JWK)"

// parseKey reads a private key: PEM with PKCS#1, PKCS#8 or SEC 1 in it, or a JWK
// (RFC 7517). No error of it repeats anything of the text.
func parseKey(text string) (key, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		return parseJWK(text)
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, `\n`, "\n") // as variables and .env files often hold it
	}
	for rest := []byte(text); ; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return key{}, badKey("there is no PEM block in it")
		}
		if block.Type != "EC PARAMETERS" { // openssl puts it before the key
			return parseBlock(block)
		}
	}
}

func parseBlock(block *pem.Block) (key, error) {
	if block.Headers["DEK-Info"] != "" || block.Type == "ENCRYPTED PRIVATE KEY" {
		return key{}, &fault.Error{Kind: fault.Unauthorized, Detail: "the private key is encrypted with a passphrase",
			Hint: "write it without one, readable for syncd's user alone: openssl pkey -in key.pem -out plain.pem"}
	}
	var private any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		private, err = x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE":
		return key{}, badKey("it is the public half")
	case "OPENSSH PRIVATE KEY":
		return key{}, badKey("it is in OpenSSH's own form")
	default:
		return key{}, badKey("its PEM block isn't a private key")
	}
	if err != nil { // its text may hold a part of the key
		return key{}, badKey("its " + block.Type + " block is damaged")
	}
	return newKey(private, "")
}

// newKey picks the algorithm (RFC 7518, section 3.1).
func newKey(private any, id string) (key, error) {
	switch p := private.(type) {
	case *rsa.PrivateKey:
		if n := p.N.BitLen(); n < minRSA || n > maxRSA {
			return key{}, badKey(fmt.Sprintf("an RSA key has %d to %d bits, and it has %d", minRSA, maxRSA, n))
		}
		return key{p, jwt.SigningMethodRS256, id}, nil
	case *ecdsa.PrivateKey:
		switch p.Curve {
		case elliptic.P256():
			return key{p, jwt.SigningMethodES256, id}, nil
		case elliptic.P384():
			return key{p, jwt.SigningMethodES384, id}, nil
		case elliptic.P521():
			return key{p, jwt.SigningMethodES512, id}, nil
		}
		return key{}, badKey("its curve isn't P-256, P-384 or P-521")
	default:
		return key{}, badKey("it is neither RSA nor EC")
	}
}

func badKey(why string) error {
	return &fault.Error{Kind: fault.Unauthorized, Detail: "the private key can't be used: " + why, Hint: keyHint}
}

// sign makes a compact JWT (RFC 7515) of claims.
func (k key) sign(header map[string]any, claims jwt.Claims) (string, error) {
	t := jwt.NewWithClaims(k.method, claims)
	maps.Copy(t.Header, header)
	return t.SignedString(k.private)
}

package okta

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// prover makes DPoP proofs (RFC 9449, section 4.2): a JWT for one request, which
// shows that whoever sends an access token has the key that it was given to. The
// key is made anew for each Reader and kept nowhere.
type prover struct {
	key    key
	public map[string]string // the JWK of its public half
	clock  *clock
}

func newProver(c *clock) (*prover, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key for DPoP: %w", err)
	}
	point, err := private.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, fmt.Errorf("make a key for DPoP: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString
	return &prover{clock: c, key: key{private: private, method: jwt.SigningMethodES256}, public: map[string]string{
		"kty": "EC", "crv": "P-256", "x": text(point[1:33]), "y": text(point[33:]),
	}}, nil
}

// proofClaims are jti and iat, and what the proof is good for.
type proofClaims struct {
	jwt.RegisteredClaims
	Method string `json:"htm"`
	URL    string `json:"htu"`
	Token  string `json:"ath,omitempty"` // hash of the access token
	Nonce  string `json:"nonce,omitempty"`
}

// prove puts a new proof on req, with the newest nonce, for an access token ("":
// for none, at the token endpoint).
func (p *prover) prove(req *http.Request, nonce, token string) error {
	claims := proofClaims{
		RegisteredClaims: jwt.RegisteredClaims{ID: rand.Text(), IssuedAt: jwt.NewNumericDate(p.clock.now())},
		Method:           req.Method, URL: bare(req.URL), Nonce: nonce,
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims.Token = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	proof, err := p.key.sign(map[string]any{"typ": "dpop+jwt", "jwk": p.public}, claims)
	if err != nil {
		return fmt.Errorf("sign a DPoP proof: %w", err)
	}
	req.Header.Set("DPoP", proof)
	return nil
}

// bare is the address without query and fragment, in the form that both sides
// compare (RFC 9449, section 4.3; RFC 3986, section 6.2.3).
func bare(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host + u.EscapedPath()
}

// nonce is what one of Okta's servers wants to see in the next proof (RFC 9449,
// section 8.2). Any answer may bring a new one.
type nonce struct {
	mu    sync.Mutex
	value string
}

func (n *nonce) get() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.value
}

func (n *nonce) read(h http.Header) {
	if v := h.Get("DPoP-Nonce"); v != "" {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.value = v
	}
}

// proven is the innermost round tripper: it puts a proof on each request that
// carries a DPoP-bound token. It sees each attempt, so that each has a proof of
// its own.
type proven struct {
	prover *prover
	nonce  nonce
	next   http.RoundTripper
}

func (p *proven) RoundTrip(req *http.Request) (*http.Response, error) {
	if token, ok := strings.CutPrefix(req.Header.Get("Authorization"), schemeDPoP+" "); ok {
		req = req.Clone(req.Context())
		if err := p.prover.prove(req, p.nonce.get(), token); err != nil {
			return nil, err
		}
	}
	resp, err := p.next.RoundTrip(req)
	if err == nil {
		p.prover.clock.read(resp.Header)
		p.nonce.read(resp.Header)
	}
	return resp, err
}

const (
	needNonce = "use_dpop_nonce"     // RFC 9449, section 8
	badProof  = "invalid_dpop_proof" // RFC 9449, section 5
)

var dpopChallenge = regexp.MustCompile(`(?i)\bDPoP\b.*\berror="(use_dpop_nonce|invalid_dpop_proof)"`)

// challenge tells why a proof wasn't good enough, "" where that isn't the matter
// (RFC 9449, sections 7.1 and 9).
func challenge(resp *http.Response) string {
	if resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusBadRequest {
		return ""
	}
	for _, line := range resp.Header.Values("WWW-Authenticate") {
		if m := dpopChallenge.FindStringSubmatch(line); m != nil {
			return strings.ToLower(m[1])
		}
	}
	return ""
}

// maxNonces is how often in a row a request follows a new nonce.
const maxNonces = 3

// challenged repeats a request whose proof wasn't good enough: with the nonce
// that came with the refusal, or, once, with the time that came with it.
type challenged struct{ next http.RoundTripper }

func (c *challenged) RoundTrip(req *http.Request) (*http.Response, error) {
	again := map[string]int{needNonce: maxNonces, badProof: 1}
	for {
		resp, err := c.next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		why := challenge(resp)
		if again[why] == 0 {
			return resp, nil
		}
		again[why]--
		resp.Body.Close()
	}
}

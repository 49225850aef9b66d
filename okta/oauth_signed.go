package okta

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/omnisync/omnisync/fault"
)

// assertionLife is how long a client assertion is good: longer than any request.
const assertionLife = 5 * time.Minute

// signed is the innermost round tripper of the token endpoint: it writes the
// form, with an assertion (RFC 7523, sections 2.2 and 3) and a proof that no
// attempt before had. Okta takes each only once.
type signed struct {
	oauth  OAuth
	prover *prover
	dpop   bool // whether proofs are sent
	nonce  nonce
	next   http.RoundTripper

	used struct { // by the newest attempt
		key    string
		at     time.Time
		behind time.Duration // what our clock was taken to be behind Okta's
	}
}

func (s *signed) RoundTrip(req *http.Request) (*http.Response, error) {
	form, err := s.form(bare(req.URL))
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Body, req.ContentLength = io.NopCloser(strings.NewReader(form)), int64(len(form)) // without GetBody, net/http sends it no second time
	if s.dpop {
		if err := s.prover.prove(req, s.nonce.get(), ""); err != nil {
			return nil, err
		}
	}
	resp, err := s.next.RoundTrip(req)
	if err == nil {
		s.prover.clock.read(resp.Header)
		s.nonce.read(resp.Header)
	}
	return resp, err
}

// form is the request for a token (RFC 6749, section 4.4).
func (s *signed) form(endpoint string) (string, error) {
	text, err := s.oauth.PrivateKey()
	if err != nil {
		return "", &fault.Error{Kind: fault.Unauthorized, Op: opToken, Detail: "the private key can't be read", Hint: "check what okta.auth.oauth.private_key points to", Err: err}
	}
	s.used.key, s.used.at = strings.TrimSpace(text), time.Now()
	k, err := parseKey(s.used.key)
	if err != nil {
		return "", err
	}
	now := s.prover.clock.now()
	s.used.behind = now.Sub(s.used.at)
	assertion, err := s.assert(k, endpoint, now)
	if err != nil {
		return "", &fault.Error{Kind: fault.Unauthorized, Op: opToken, Detail: "the private key signs nothing", Hint: keyHint}
	}
	return url.Values{
		"grant_type":            {"client_credentials"},
		"scope":                 {strings.Join(s.oauth.Scopes, " ")},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}.Encode(), nil
}

// assertionClaims has one audience, which is written without a list.
type assertionClaims struct {
	jwt.RegisteredClaims
	Audience string `json:"aud"`
}

func (s *signed) assert(k key, endpoint string, now time.Time) (string, error) {
	header := map[string]any{}
	if id := s.keyID(k); id != "" {
		header["kid"] = id
	}
	return k.sign(header, assertionClaims{Audience: endpoint, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: s.oauth.ClientID, Subject: s.oauth.ClientID, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(assertionLife)),
	}})
}

func (s *signed) keyID(k key) string {
	if k.id != "" {
		return k.id
	}
	return s.oauth.KeyID
}

// obedient waits as long as Retry-After says (RFC 9110, section 10.2.3), before
// the layer above tries again.
type obedient struct{ next http.RoundTripper }

func (o *obedient) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return resp, err
	}
	if wait := retryAfter(resp.Header); wait > 0 {
		if err := sleep(req.Context(), min(wait, longestWait)); err != nil {
			resp.Body.Close()
			return nil, err
		}
	}
	return resp, nil
}

// retryAfter reads seconds, or a date, which is Okta's.
func retryAfter(h http.Header) time.Duration {
	told := h.Get("Retry-After")
	if n, err := strconv.ParseUint(told, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	until, err := http.ParseTime(told)
	if err != nil {
		return 0
	}
	if now, err := http.ParseTime(h.Get("Date")); err == nil {
		return until.Sub(now)
	}
	return time.Until(until)
}

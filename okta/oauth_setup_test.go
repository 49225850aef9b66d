package okta_test

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/okta"
)

const (
	client    = "0oa2hm6qw3cSYrTlX0g4"
	tokenPath = "/oauth2/v1/token"
)

// makeRSA and the others make one key for all tests: it takes a while.
var (
	makeRSA   = sync.OnceValue(func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	makeOther = sync.OnceValue(func() crypto.Signer { return makeEC(elliptic.P256()) })
	makeP256  = sync.OnceValue(func() crypto.Signer { return makeEC(elliptic.P256()) })
)

func makeEC(curve elliptic.Curve) crypto.Signer { return must(ecdsa.GenerateKey(curve, rand.Reader)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func pkcs1(k crypto.Signer) string {
	return block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k.(*rsa.PrivateKey)))
}

func pkcs8(k crypto.Signer) string {
	return block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(k)))
}

func sec1(k crypto.Signer) string {
	return block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(k.(*ecdsa.PrivateKey))))
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// asJWK is what the admin console shows as JSON.
func asJWK(kid string) func(crypto.Signer) string {
	return func(k crypto.Signer) string {
		return string(must(json.Marshal(jose.JSONWebKey{Key: k, KeyID: kid, Use: "sig"})))
	}
}

// signedIn is a stand-in with one assigned person, and a Reader that signs in as an app.
type signedIn struct {
	*simokta.Org
	faults sim.Faults
	reader *okta.Reader
	wire   *wire
}

// signIn registers the public halves of keys, by their kid, at a stand-in, and
// gives a Reader that signs in as o says.
func signIn(t *testing.T, o okta.OAuth, keys map[string]crypto.Signer) *signedIn {
	t.Helper()
	s := &signedIn{Org: &simokta.Org{ClientID: client}}
	for _, kid := range slices.Sorted(maps.Keys(keys)) {
		s.AddKey(kid, keys[kid].Public())
	}
	s.wire = &wire{t: t, next: sim.Transport(s.faults.Wrap(s.Org)), ids: map[string]bool{}}
	o.ClientID = cmp.Or(o.ClientID, client)
	reader, err := okta.New(okta.Options{OrgURL: "http://127.0.0.1", AppID: s.ID(), OAuth: &o, RateShare: 1, Transport: s.wire})
	if err != nil {
		t.Fatal(err)
	}
	s.reader = reader
	return s
}

// read asks for the app, which is one question.
func (s *signedIn) read() error {
	_, err := s.reader.App(s.wire.t.Context())
	return err
}

// tokens is how many token requests were sent.
func (s *signedIn) tokens() int {
	s.wire.mu.Lock()
	defer s.wire.mu.Unlock()
	return len(s.wire.forms)
}

func keyText(text string) func() (string, error) { return func() (string, error) { return text, nil } }

// wire is what goes over the line: it holds what must be true of every request.
type wire struct {
	t     *testing.T
	next  http.RoundTripper
	lose  func(*http.Request) bool // answers that get lost on the way back; nil is none
	mu    sync.Mutex
	ids   map[string]bool // jti of all proofs and assertions
	forms []url.Values
	sent  []*http.Request
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.note(req)
	resp, err := w.next.RoundTrip(req)
	if err == nil && w.lose != nil && w.lose(req) {
		resp.Body.Close()
		return nil, errBroken
	}
	return resp, err
}

// errBroken is a connection that broke.
var errBroken = errors.New("connection reset by peer")

func (w *wire) note(req *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, req.Clone(req.Context()))
	if proof := req.Header.Get("DPoP"); proof != "" {
		w.fresh(proof)
	}
	if req.URL.Path != tokenPath {
		if scheme, value, _ := strings.Cut(req.Header.Get("Authorization"), " "); len(value) < 20 || (scheme == "DPoP") != (req.Header.Get("DPoP") != "") {
			w.t.Errorf("%s: sent with the scheme %q, %d characters, and the proof %t", req.URL, scheme, len(value), req.Header.Get("DPoP") != "")
		}
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		w.t.Error(err)
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil || req.URL.RawQuery != "" {
		w.t.Errorf("form %q, query %q, %v", body, req.URL.RawQuery, err)
	}
	w.forms = append(w.forms, form)
	w.fresh(form.Get("client_assertion"))
}

// fresh fails the test where a jti is missing or sent twice.
func (w *wire) fresh(token string) {
	var claims struct {
		ID string `json:"jti"`
	}
	if err := json.Unmarshal(unverified(w.t, token), &claims); err != nil || claims.ID == "" || w.ids[claims.ID] {
		w.t.Errorf("jti %q is missing or was sent before, %v", claims.ID, err)
	}
	w.ids[claims.ID] = true
}

func unverified(t *testing.T, token string) []byte {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.ES384, jose.ES512})
	if err != nil {
		t.Error(err)
		return nil
	}
	return signed.UnsafePayloadWithoutVerification()
}

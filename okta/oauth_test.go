package okta_test

import (
	"context"
	"crypto"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/okta"
)

// Every form of key that Okta or openssl gives signs in, and the stand-in, which
// verifies with another library, takes what it signs.
func TestEveryFormOfKeySignsIn(t *testing.T) {
	p384, p521 := makeEC(elliptic.P384()), makeEC(elliptic.P521())
	for _, row := range []struct {
		name string
		key  crypto.Signer
		form func(crypto.Signer) string
		alg  jose.SignatureAlgorithm
		kid  string // that the form itself carries
	}{
		{"PKCS#1", makeRSA(), pkcs1, jose.RS256, ""},
		{"PKCS#8 RSA", makeRSA(), pkcs8, jose.RS256, ""},
		{"PKCS#8 P-256", makeP256(), pkcs8, jose.ES256, ""},
		{"PKCS#8 P-384", p384, pkcs8, jose.ES384, ""},
		{"PKCS#8 P-521", p521, pkcs8, jose.ES512, ""},
		{"SEC 1 P-256", makeP256(), sec1, jose.ES256, ""},
		{"SEC 1 with its parameters", makeP256(), func(k crypto.Signer) string { return block("EC PARAMETERS", []byte{6, 0}) + sec1(k) }, jose.ES256, ""},
		{"JWK RSA", makeRSA(), asJWK("k7"), jose.RS256, "k7"},
		{"JWK P-256", makeP256(), asJWK("k7"), jose.ES256, "k7"},
		{"in one line", makeRSA(), func(k crypto.Signer) string { return strings.ReplaceAll(pkcs8(k), "\n", `\n`) }, jose.RS256, ""},
	} {
		for _, dpop := range []bool{false, true} {
			kid := row.kid
			if kid == "" {
				kid = "k1"
			}
			s := signIn(t, okta.OAuth{PrivateKey: keyText(row.form(row.key)), KeyID: "k1"},
				map[string]crypto.Signer{kid: row.key, "other": makeOther()})
			s.SetKnobs(func(k *simokta.Knobs) { k.RequireDPoP = dpop })
			if err := s.read(); err != nil {
				t.Errorf("%s, DPoP %t: %v", row.name, dpop, err)
				continue
			}
			checkAssertion(t, s, row.key, row.alg, kid)
		}
	}
}

// checkAssertion verifies the newest assertion by RFC 7523, section 3.
func checkAssertion(t *testing.T, s *signedIn, key crypto.Signer, alg jose.SignatureAlgorithm, kid string) {
	t.Helper()
	form := s.wire.forms[len(s.wire.forms)-1]
	signed, err := jose.ParseSignedCompact(form.Get("client_assertion"), []jose.SignatureAlgorithm{alg})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := signed.Verify(key.Public())
	if err != nil || signed.Signatures[0].Header.KeyID != kid {
		t.Errorf("signed by key %q: %v", signed.Signatures[0].Header.KeyID, err)
	}
	var claims struct {
		Iss, Sub, Aud string
		Exp, Iat      int64
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Iss != client || claims.Sub != client || claims.Aud != "http://127.0.0.1"+tokenPath ||
		claims.Exp <= claims.Iat || claims.Exp > claims.Iat+300 {
		t.Errorf("claims %+v", claims)
	}
}

// What changes on Okta's side in the middle of a run is followed without an error.
func TestRunGoesOnWhen(t *testing.T) {
	for _, row := range []struct {
		name   string
		knobs  func(*simokta.Knobs)
		change func(*signedIn, func(string)) // between two questions; the func puts another key into the file
		tokens int                           // requests for tokens after the change, at most
	}{
		{"nothing changes", nil, func(*signedIn, func(string)) {}, 0},
		{"the tokens are revoked", nil, func(s *signedIn, _ func(string)) { s.RevokeTokens() }, 1},
		{"the key is rotated", nil, rotate, 1},
		{"the key is rotated a moment before the file", nil, func(s *signedIn, write func(string)) {
			rotate(s, func(string) {})
			_ = s.read() // refused
			write(pkcs8(makeOther()))
		}, 4},
		{"DPoP is switched on", nil, func(s *signedIn, _ func(string)) {
			s.SetKnobs(func(k *simokta.Knobs) { k.RequireDPoP = true })
			s.RevokeTokens()
		}, 3},
		{"DPoP is switched off", func(k *simokta.Knobs) { k.RequireDPoP = true }, func(s *signedIn, _ func(string)) {
			s.SetKnobs(func(k *simokta.Knobs) { k.RequireDPoP = false })
			s.RevokeTokens()
		}, 2},
		{"each proof brings a new nonce", func(k *simokta.Knobs) { k.RequireDPoP, k.NonceEvery = true, 1 },
			func(s *signedIn, _ func(string)) { s.RevokeTokens() }, 2},
		{"the API wants a nonce too, each time another", func(k *simokta.Knobs) { k.RequireDPoP, k.APINonce, k.NonceEvery = true, true, 1 },
			func(s *signedIn, _ func(string)) { s.RevokeTokens() }, 2},
		{"tokens are opaque", func(k *simokta.Knobs) { k.OpaqueTokens = true }, func(s *signedIn, _ func(string)) { s.RevokeTokens() }, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := pkcs8(makeP256())
			s := signIn(t, okta.OAuth{PrivateKey: func() (string, error) { return text, nil }}, map[string]crypto.Signer{"k1": makeP256()})
			if row.knobs != nil {
				s.SetKnobs(row.knobs)
			}
			if err := s.read(); err != nil {
				t.Fatal(err)
			}
			before := s.tokens()
			row.change(s, func(other string) { text = other })
			for range 3 {
				if err := s.read(); err != nil {
					t.Fatal(err)
				}
			}
			if n := s.tokens() - before; n > row.tokens {
				t.Errorf("%d token requests, want at most %d", n, row.tokens)
			}
		})
	}
}

// rotate puts another key in place of the one that is used, and ends its tokens.
func rotate(s *signedIn, write func(string)) {
	s.AddKey("k2", makeOther().Public())
	s.RemoveKey("k1")
	s.RevokeTokens()
	write(pkcs8(makeOther()))
}

// Okta judges times by its own clock, so what is signed carries that.
func TestClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{0, 90 * time.Second, -90 * time.Second, 3 * time.Hour, -3 * time.Hour} {
		for _, dpop := range []bool{false, true} {
			s := signIn(t, okta.OAuth{PrivateKey: keyText(pkcs8(makeP256()))}, map[string]crypto.Signer{"": makeP256()})
			s.SetKnobs(func(k *simokta.Knobs) { k.Skew, k.RequireDPoP = skew, dpop })
			for range 3 {
				if err := s.read(); err != nil {
					t.Errorf("Okta's clock is %s ahead, DPoP %t: %v", skew, dpop, err)
				}
			}
			if n := s.tokens(); n > 4 { // without a proof, without a nonce, with the wrong time, and right
				t.Errorf("Okta's clock is %s ahead, DPoP %t: %d token requests", skew, dpop, n)
			}
		}
	}
}

// A token is renewed before it ends: no question is ever sent with one that has.
func TestTokenIsRenewedBeforeItEnds(t *testing.T) {
	s := signIn(t, okta.OAuth{PrivateKey: keyText(pkcs8(makeP256()))}, map[string]crypto.Signer{"": makeP256()})
	refused := 0
	s.wire.next = counting(s.wire.next, &refused)
	synctest.Test(t, func(t *testing.T) {
		s.wire.t = t
		for range 24 * 6 { // a day, a question each ten minutes
			if err := s.read(); err != nil {
				t.Fatal(err)
			}
			<-time.After(10 * time.Minute)
		}
	})
	if n := s.tokens(); refused > 0 || n < 24 || n > 30 {
		t.Errorf("%d tokens in a day, %d questions with one that had ended", n, refused)
	}
}

// counting counts the answers that refuse a credential.
func counting(next http.RoundTripper, refused *int) http.RoundTripper {
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil && resp.StatusCode == http.StatusUnauthorized {
			*refused++
		}
		return resp, err
	})
}

// The token endpoint is busy, broken, or cut off for a while: the question waits
// and is answered, and no request goes out without its credential (wire sees to that).
func TestTokenEndpointHasTrouble(t *testing.T) {
	for _, row := range []struct {
		name string
		do   sim.Effect
	}{
		{"429 with Retry-After", sim.Status(429, `{"errorCode":"E0000047"}`, http.Header{"Retry-After": {"7"}})},
		{"429 without", sim.Status(429, `{"errorCode":"E0000047"}`, nil)},
		{"500", sim.Body(500, "application/json", `{}`)},
		{"502 with a page", sim.Body(502, "text/html", "<html>Bad Gateway")},
		{"a broken connection", sim.CutBefore()},
		{"an answer that is lost", sim.CutAfter()},
		{"an answer that breaks off", sim.Truncate(10)},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := signIn(t, okta.OAuth{PrivateKey: keyText(pkcs8(makeP256()))}, map[string]crypto.Signer{"": makeP256()})
			planted := s.faults.Add(sim.Fault{Path: tokenPath, Times: 2, Do: row.do})
			synctest.Test(t, func(t *testing.T) {
				s.wire.t = t
				if err := s.read(); err != nil {
					t.Error(err)
				}
			})
			if planted.Fired() == 0 {
				t.Error("the fault never came")
			}
		})
	}
}

// Twenty who ask at once share one token request; one of them who leaves takes
// nobody along.
func TestOneTokenForAll(t *testing.T) {
	s := signIn(t, okta.OAuth{PrivateKey: keyText(pkcs8(makeP256()))}, map[string]crypto.Signer{"": makeP256()})
	s.faults.Add(sim.Fault{Path: tokenPath, Do: sim.Delay(5 * time.Second)})
	synctest.Test(t, func(t *testing.T) {
		s.wire.t = t
		leaving, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := s.reader.App(leaving); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("who left got %v", err)
			}
		})
		synctest.Wait() // who leaves is the one who fetches
		for range 20 {
			all.Go(func() {
				if err := s.read(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
	if n := s.tokens(); n > 2 {
		t.Errorf("%d token requests, want the one that was left and one more", n)
	}
}

// What a token grants is told with each one: what was asked for where Okta doesn't say,
// and less once it gives less. A token that is spent is remembered until the next.
func TestScopesOfATokenAreTold(t *testing.T) {
	s := signIn(t, okta.OAuth{PrivateKey: keyText(pkcs8(makeP256()))}, map[string]crypto.Signer{"": makeP256()})
	all := strings.Join(okta.DefaultScopes(), " ")
	tells := func(when, want string) {
		t.Helper()
		if granted, told := s.reader.Scopes(); strings.Join(granted, " ") != want || told != (want != "") {
			t.Errorf("%s: the token grants %v, %t; want %q", when, granted, told, want)
		}
	}
	tells("before the first request", "")
	if err := s.read(); err != nil {
		t.Fatal(err)
	}
	tells("with the first token", all)
	s.SetKnobs(func(k *simokta.Knobs) {
		k.GrantsFewer, k.Granted = true, []string{"okta.apps.read", "okta.logs.read", "okta.eventHooks.manage"}
	})
	s.RevokeTokens()
	if err := s.read(); err != nil {
		t.Fatal(err)
	}
	tells("with the second", "okta.apps.read okta.logs.read")
	s.SetKnobs(func(k *simokta.Knobs) { k.GrantsFewer, k.Granted = false, nil })
	s.faults.Add(sim.Fault{Path: tokenPath, Times: 1, Do: scopeless})
	s.RevokeTokens()
	if err := s.read(); err != nil {
		t.Fatal(err)
	}
	tells("where Okta doesn't say", all)
	if granted, told := newReader(t, always(200, `{"id": "0oa1"}`)).Scopes(); told || granted != nil {
		t.Errorf("an API token has the scopes %v", granted)
	}
}

// scopeless leaves the scopes out of the answer, as RFC 6749 allows where all are granted.
func scopeless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := httptest.NewRecorder()
		next.ServeHTTP(a, r)
		var body map[string]any
		_ = json.Unmarshal(a.Body.Bytes(), &body)
		delete(body, "scope")
		maps.Copy(w.Header(), a.Header())
		w.WriteHeader(a.Code)
		_ = json.NewEncoder(w).Encode(body)
	})
}

// Each refusal says what to do, and repeats nothing secret (promise 13).
func TestRefusedApps(t *testing.T) {
	for _, row := range []struct {
		name  string
		oauth okta.OAuth
		kid   string
		knobs func(*simokta.Knobs)
		want  []string
	}{
		{"a wrong client id", okta.OAuth{ClientID: "0oa9someoneelse00000"}, "k1", nil, []string{"0oa9someoneelse00000", "Client ID"}},
		{"a key that isn't registered", okta.OAuth{PrivateKey: keyText(pkcs8(makeOther()))}, "k1", nil, []string{"invalid_client", "Public Keys"}},
		{"a kid that isn't there", okta.OAuth{KeyID: "k9"}, "k1", nil, []string{"k9", "KID"}},
		{"scopes that aren't granted", okta.OAuth{}, "k1", func(k *simokta.Knobs) { k.Granted = []string{"okta.users.read"} },
			[]string{"invalid_scope", "okta.apps.read, okta.groups.read", "Okta API Scopes"}},
		{"DPoP is required and never done", okta.OAuth{DPoP: "never"}, "k1", func(k *simokta.Knobs) { k.RequireDPoP = true },
			[]string{"okta.auth.oauth.dpop is never", "Demonstrating Proof of Possession"}},
		{"no admin role", okta.OAuth{}, "k1", func(k *simokta.Knobs) { k.Denied = simokta.DeniedError }, []string{"Admin roles"}},
		{"no key", okta.OAuth{PrivateKey: keyText("")}, "k1", nil, []string{"okta.auth.oauth.private_key"}},
		{"a public key", okta.OAuth{PrivateKey: keyText("-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n")}, "k1", nil, []string{"private_key"}},
		{"a key that can't be read", okta.OAuth{PrivateKey: func() (string, error) { return "", errors.New("permission denied") }}, "k1", nil,
			[]string{"permission denied", "okta.auth.oauth.private_key"}},
	} {
		if row.oauth.PrivateKey == nil {
			row.oauth.PrivateKey = keyText(pkcs8(makeP256()))
		}
		s := signIn(t, row.oauth, map[string]crypto.Signer{row.kid: makeP256()})
		if row.knobs != nil {
			s.SetKnobs(row.knobs)
		}
		err := s.read()
		if !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: %v is no refusal of the credential", row.name, err)
			continue
		}
		told := err.Error() + " | " + fault.HintOf(err)
		for _, part := range row.want {
			if !strings.Contains(told, part) {
				t.Errorf("%s: %q isn't in %q", row.name, part, told)
			}
		}
		if text, err := row.oauth.PrivateKey(); err == nil && len(text) > 40 && strings.Contains(told, text[30:40]) || strings.Contains(told, "eyJ") {
			t.Errorf("%s: a secret is in %q", row.name, told)
		}
	}
}

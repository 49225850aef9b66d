package okta

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// OAuth is an API Services app of the Okta org, which gets its access tokens with
// a private key: private_key_jwt (RFC 7523) in the client credentials grant, the
// one way that Okta grants okta.* scopes to an app.
type OAuth struct {
	ClientID string // such as 0oa2hm6qw3cSYrTlX0g4

	// PrivateKey gives the key: PEM with PKCS#1, PKCS#8 or SEC 1 in it, or a JWK;
	// RSA, or EC on P-256, P-384 or P-521. It is called for each token request, and
	// again when Okta refuses the key or a token, so that a rotated one is used.
	PrivateKey func() (string, error)

	// KeyID is the key's id (kid) at the app, needed where the app has several
	// keys. The kid that a JWK carries goes before it.
	KeyID string

	// DPoP says whether requests prove that the token is ours (RFC 9449): always,
	// never, or, with auto or "", as soon as Okta asks for it.
	DPoP string

	Scopes []string // nil means DefaultScopes
}

// DefaultScopes are what reading needs. Okta grants all that a request asks for,
// or none.
func DefaultScopes() []string {
	return []string{"okta.apps.read", "okta.groups.read", "okta.logs.read", "okta.users.read"}
}

// The values of OAuth.DPoP.
const (
	dpopAuto   = "auto"
	dpopAlways = "always"
	dpopNever  = "never"
)

// checked gives o with its defaults, or what is wrong with it.
func (o OAuth) checked() (OAuth, error) {
	if o.DPoP == "" {
		o.DPoP = dpopAuto
	}
	if len(o.Scopes) == 0 {
		o.Scopes = DefaultScopes()
	}
	switch {
	case !isID(o.ClientID):
		return o, fmt.Errorf("okta.auth.oauth.client_id %q is not an id: copy the Client ID from the app's General tab, it begins with 0oa", o.ClientID)
	case o.PrivateKey == nil:
		return o, errors.New("no private key: set okta.auth.oauth.private_key")
	case !slices.Contains([]string{dpopAuto, dpopAlways, dpopNever}, o.DPoP):
		return o, fmt.Errorf("okta.auth.oauth.dpop %q is none of auto, always and never", o.DPoP)
	}
	return o, nil
}

// authenticate puts what authenticates around a way to Okta: paced adds the
// waiting and the reading to the innermost part of it. It sends nothing.
//
//	explained -> auth -> challenged -> paced(proven -> network)
//	               \-> session -> grant, where a token is needed
func (o OAuth) authenticate(org *url.URL, network http.RoundTripper, paced func(http.RoundTripper) http.RoundTripper) (http.RoundTripper, *session, error) {
	o, err := o.checked()
	if err != nil {
		return nil, nil, err
	}
	p, err := newProver(&clock{})
	if err != nil {
		return nil, nil, err
	}
	tokens := &session{fetch: newGrant(o, org, p, network).fetch}
	way := &challenged{paced(&proven{prover: p, next: network})}
	return &explained{app: o.ClientID, next: &auth{host: org.Host, credential: tokens, next: way}}, tokens, nil
}

// session keeps the access token. One caller at a time fetches one, under its own
// context, and the others wait for it.
type session struct {
	fetch func(context.Context) (accessToken, error)

	mu      sync.Mutex
	token   accessToken
	flight  *flight
	granted []string // with the newest token, also once that is spent; nil before the first
}

// accessToken is a token as it goes into the Authorization header. The zero value
// is none.
type accessToken struct {
	header string
	renew  time.Time // when to fetch the next one
	end    time.Time
	scopes []string // that it grants
}

// renewAfterFailure is how long a token in its last minutes is used on before
// fetching another is tried again.
const renewAfterFailure = 30 * time.Second

// flight is one fetching. The results are set before done is closed.
type flight struct {
	done  chan struct{}
	value string
	err   error
	left  bool // whether its caller's context ended, which says nothing to the others
}

func (s *session) header(ctx context.Context) (string, error) {
	for {
		value, f, mine := s.board()
		if f == nil {
			return value, nil
		}
		if mine {
			s.fly(ctx, f)
			return f.value, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
		if !f.left {
			return f.value, f.err
		}
	}
}

// board gives a token that is good, or the fetching to wait for, which the caller
// has to do where it is mine.
func (s *session) board() (value string, f *flight, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.token.header != "" && time.Now().Before(s.token.renew):
		return s.token.header, nil, false
	case s.flight != nil:
		return "", s.flight, false
	default:
		s.flight = &flight{done: make(chan struct{})}
		return "", s.flight, true
	}
}

// fly fetches. Where that fails, a token that hasn't ended yet serves on.
func (s *session) fly(ctx context.Context, f *flight) {
	fetched, err := s.fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch left := ctx.Err() != nil; {
	case err == nil:
		s.token, s.granted = fetched, fetched.scopes
		f.value = fetched.header
	case !left && s.token.header != "" && now.Before(s.token.end):
		s.token.renew = now.Add(renewAfterFailure)
		f.value = s.token.header
	default:
		f.err, f.left = err, left
	}
	s.flight = nil
	close(f.done)
}

// spent forgets the token, unless another caller already has a new one.
func (s *session) spent(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token.header == value {
		s.token = accessToken{}
	}
}

// Scopes tells what the newest token grants. An API token has no scopes, and an app
// none that are known before its first request: then there is nothing told.
func (r *Reader) Scopes() (granted []string, told bool) {
	if r.tokens == nil {
		return nil, false
	}
	r.tokens.mu.Lock()
	defer r.tokens.mu.Unlock()
	return slices.Clone(r.tokens.granted), r.tokens.granted != nil
}

// scopesOf tells scopes as a person reads them.
func scopesOf(scopes []string) string { return strings.Join(scopes, ", ") }

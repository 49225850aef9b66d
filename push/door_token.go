package push

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"
)

// authorized lets only those in who send a known token. Who doesn't waits for the
// answer, the longer the more often; who does never waits, whoever else calls from
// the same address.
func (s *doors) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens, err := s.Tokens()
		if err != nil || len(tokens) == 0 {
			s.Log.Error("the tokens of the SCIM endpoint can't be read: nobody is let in; see scim.bearer_tokens", zap.Error(err))
			later(w, afterFault, "Omnisync can't read its own tokens: see scim.bearer_tokens in its configuration")
			return
		}
		given, wrong := bearer(r.Header.Values("Authorization"))
		if wrong == "" && !knows(tokens, given) {
			wrong = "the token is wrong: put one of scim.bearer_tokens into the connector of the Okta app"
		}
		if wrong == "" {
			next.ServeHTTP(w, r)
			return
		}
		s.Meter.unauthorized.Add(1)
		s.slow.hold(r.Context(), s.source(r))
		w.Header().Set("WWW-Authenticate", `Bearer realm="Omnisync"`)
		deny(w, http.StatusUnauthorized, wrong)
	})
}

// bearer gives the token that was sent, or what is wrong with how it was sent.
// Okta's connectors send it with the word Bearer or bare, as the integration was
// set up.
func bearer(sent []string) (token, wrong string) {
	const form = ": send Authorization: Bearer TOKEN"
	switch len(sent) {
	case 0:
		return "", "no token was sent" + form
	case 1:
	default:
		return "", "more than one Authorization header was sent" + form
	}
	token = strings.TrimSpace(sent[0])
	if scheme, rest, found := strings.Cut(token, " "); found && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	switch {
	case token == "", strings.EqualFold(token, "Bearer"):
		return "", "no token was sent" + form
	case strings.ContainsAny(token, " \t"):
		return "", "what was sent is no bearer token" + form
	}
	return token, ""
}

// knows compares digests, and always all of them, so that the time taken tells
// nothing: no length, no beginning, and not which token it was.
func knows(tokens []string, given string) bool {
	digest, found := sha256.Sum256([]byte(given)), 0
	for _, t := range tokens {
		known := sha256.Sum256([]byte(t))
		found |= subtle.ConstantTimeCompare(known[:], digest[:])
	}
	return found == 1
}

// wait ends after d, or with ctx.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

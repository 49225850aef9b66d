package okta_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// accessToken signs in as the API Services app.
func (h *harness) accessToken(private *ecdsa.PrivateKey, scopes string) string {
	h.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: private}, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	endpoint := h.url + "/oauth2/v1/token"
	signed, err := signer.Sign(fmt.Appendf(nil, `{"iss":%q,"sub":%[1]q,"aud":%q,"exp":%d}`, h.ClientID, endpoint, time.Now().Add(time.Minute).Unix()))
	if err != nil {
		h.t.Fatal(err)
	}
	assertion, err := signed.CompactSerialize()
	if err != nil {
		h.t.Fatal(err)
	}
	resp, err := h.client.PostForm(endpoint, url.Values{
		"grant_type": {"client_credentials"}, "scope": {scopes}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		h.t.Fatalf("no token: status %d, error %v", resp.StatusCode, err)
	}
	return answer.Token
}

func TestScopesOfHooks(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const read, manage = "okta.eventHooks.read", "okta.eventHooks.manage"
	h := serve(t, &simokta.Org{ClientID: "0oaservice", Knobs: simokta.Knobs{Granted: []string{"okta.users.read", read, manage}}})
	h.AddKey("k", private.Public())
	body := hookBody("https://hooks.example.com", "user.lifecycle.create")
	for _, tc := range []struct {
		scopes, method string
		want           int
	}{
		{"okta.users.read", "GET", http.StatusForbidden},
		{"okta.users.read", "POST", http.StatusForbidden},
		{read, "GET", http.StatusOK},
		{read, "POST", http.StatusForbidden},
		{manage, "GET", http.StatusForbidden},
		{manage, "POST", http.StatusOK},
	} {
		req, err := http.NewRequest(tc.method, h.url+allHooks, strings.NewReader(map[string]string{"POST": body}[tc.method]))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+h.accessToken(private, tc.scopes))
		resp, err := h.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != tc.want {
			t.Errorf("%s with %s: status %d, want %d", tc.method, tc.scopes, resp.StatusCode, tc.want)
		}
	}
}

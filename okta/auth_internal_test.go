package okta

import (
	"net/http"
	"testing"

	"github.com/omnisync/omnisync/fault"
)

// TestTokenStaysWithItsHost: whatever a layer above asks for, another host gets no request.
func TestTokenStaysWithItsHost(t *testing.T) {
	a := &auth{host: "acme.okta.test", credential: apiToken(func() (string, error) { return "s3cret", nil }), next: nil}
	for _, url := range []string{"https://evil.test/", "https://acme.okta.test.evil.test/", "https://acme.okta.test:8443/"} {
		req, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.RoundTrip(req); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: got %v, want a refusal", url, err)
		}
	}
}

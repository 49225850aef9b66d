package omniclient_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/omniclient"
)

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, base string
		keys       int
		perMinute  int
		want       string
	}{
		{"no address", "", 1, 60, "no address: give the login URL"},
		{"no host", "acme.omniapp.co", 1, 60, "no address: give the login URL"},
		{"http", "http://acme.omniapp.co", 1, 60, "use https"},
		{"looks like loopback", "http://localhost.evil.test", 1, 60, "use https"},
		{"other scheme", "ftp://acme.omniapp.co", 1, 60, `scheme "ftp"`},
		{"with api", "https://acme.omniapp.co/api/", 1, 60, "leave that away"},
		{"with password", "https://u:hidden@acme.omniapp.co", 1, 60, "login URL alone"},
		{"with query", "https://acme.omniapp.co?x=1", 1, 60, "login URL alone"},
		{"no keys", "https://acme.omniapp.co", 0, 60, "no Omni API key"},
		{"no rate", "https://acme.omniapp.co", 1, 0, "give a number from 1 on"},
	} {
		_, err := omniclient.New(omniclient.Options{BaseURL: tt.base, Keys: keys("k")[:tt.keys], RequestsPerMinute: tt.perMinute})
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestNewTakes(t *testing.T) {
	for _, base := range []string{"https://acme.omniapp.co", "https://acme.omniapp.co/", " https://acme.omniapp.co/a/b ", "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"} {
		if _, err := omniclient.New(omniclient.Options{BaseURL: base, Keys: keys("k"), RequestsPerMinute: 60}); err != nil {
			t.Errorf("%q: %v", base, err)
		}
	}
}

// TestRedirectIsNotFollowed: the key must not reach another host.
func TestRedirectIsNotFollowed(t *testing.T) {
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	c := client(t, omniclient.Options{BaseURL: server.URL})
	_, err := c.CreateTeam(t.Context(), "A", nil)
	wantFault(t, err, fault.Unavailable, "307, a redirect")
	if reached || !strings.Contains(fault.HintOf(err), "omni.base_url") {
		t.Errorf("the other host was reached: %v; hint %q", reached, fault.HintOf(err))
	}
}

func TestServerThatIsAway(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := client(t, omniclient.Options{BaseURL: server.URL}).CreateTeam(t.Context(), "A", nil)
	wantFault(t, err, fault.Unavailable, "no complete answer from Omni")
	if strings.Contains(err.Error(), secret) {
		t.Error("the error holds the key")
	}
}

// FuzzUser: whatever a user's JSON holds, it is an error or an account under the
// id that was asked for, with canonical values and without system attributes.
func FuzzUser(f *testing.F) {
	f.Add([]byte(user(annID, "ann@acme.test", "Ann", true, `"a":[1,"x",null],"omni_x":1`)))
	f.Add([]byte(`{"id":"` + annID + `","userName":"a","active":"TRUE","urn:omni:params:1.0:UserAttribute":{"o":{"p":[]},"n":1e400}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if !json.Valid(body) {
			return // is asked for again, which takes time
		}
		c := client(t, omniclient.Options{Transport: &flight{answer: func(int, *http.Request) (*http.Response, error) { return reply(200, string(body)) }}})
		a, err := c.User(t.Context(), annID)
		if err != nil {
			if !fault.Is(err, fault.Doubt) {
				t.Errorf("%q is %v", body, err)
			}
			return
		}
		if a.ID != annID || a.UserName == "" {
			t.Errorf("%q gives %+v", body, a)
		}
		for name, v := range a.Attributes {
			if v == "" || strings.HasPrefix(name, "omni_") {
				t.Errorf("%q gives %s = %q", body, name, v)
			}
		}
	})
}

package sync_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// A userName that is no address is refused with what to click: Okta shows the
// admin nothing else.
func TestPushRefusesOtherUserNames(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		p.client.Assign(people(1)[0])
		p.drain()
		id := p.client.ExternalID(people(1)[0].OktaID)
		for _, asked := range [][2]string{{http.MethodPost, "/Users"}, {http.MethodPut, "/Users/" + id}} {
			r, err := http.NewRequestWithContext(p.t.Context(), asked[0], p.server.BaseURL+asked[1], strings.NewReader(`{"userName":"ada"}`))
			if err != nil {
				p.t.Fatal(err)
			}
			r.Header.Set("Authorization", p.server.Auth)
			a, err := p.server.HTTP.Do(r)
			if err != nil {
				p.t.Fatal(err)
			}
			text, err := io.ReadAll(a.Body)
			if err != nil || a.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), "Application username format") {
				p.t.Errorf("%s %s is answered %d %s, %v", asked[0], asked[1], a.StatusCode, text, err)
			}
		}
	})
}

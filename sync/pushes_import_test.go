package sync_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim/pusher"
)

// An import of Okta's sees who is managed and who stands in Omni besides, each once,
// under ids that stay; one of Omni's own whom Okta links then is adopted under its id.
func TestPushImport(t *testing.T) {
	c := newCompanyOn(t, lenient(), embedded(t), 600)
	simulatedOn(t, c, func(c *company) {
		ids := map[string]string{}
		for i := range 250 {
			name := fmt.Sprintf("own%03d@acme.co", i)
			ids[name] = c.omni.AddUser(name, "Own")
		}
		p := c.withPush(false)
		defer p.stop()
		crew := people(3)
		for _, who := range crew {
			p.client.Assign(who)
		}
		p.drain()
		for _, who := range crew {
			ids[who.UserName] = p.client.ExternalID(who.OktaID)
		}
		for range 2 { // the second time from the list that the first one read
			p.client.ImportUsers()
			p.drain()
			imported := p.client.ImportedUsers()
			for _, r := range imported {
				name := fmt.Sprint(r["userName"])
				if ids[name] == "" || ids[name] != r["id"] {
					c.t.Errorf("%s is imported as %v, want %s", name, r["id"], ids[name])
				}
			}
			if len(imported) != len(ids) {
				c.t.Errorf("%d are imported, want %d", len(imported), len(ids))
			}
		}
		linked := pusher.Person{OktaID: oktaID(77), UserName: "own007@acme.co", GivenName: "Own", FamilyName: "Seven"}
		p.client.Assign(linked)
		p.drain()
		if got := p.client.ExternalID(linked.OktaID); got != ids[linked.UserName] || active(c) != len(ids) {
			c.t.Errorf("who was linked is known as %s, want %s; %d are active", got, ids[linked.UserName], active(c))
		}
		<-time.After(time.Hour)
		if n := len(c.omni.Users()); n != len(ids) {
			c.t.Errorf("Omni has %d users, want %d", n, len(ids))
		}
	})
}

package sync_test

import (
	"fmt"
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Who leaves by a push is inactive for Okta at once, and hands over before the
// membership ends; who is pushed again meanwhile stays.
func TestPushedLeaverHandsOver(t *testing.T) {
	for mode, pull := range map[string]bool{"push alone": false, "pull too": true} {
		t.Run(mode, func(t *testing.T) {
			c := newCompanyOn(t, handsOver(state.Transfer, state.LeaveAlone), embedded(t), 60)
			c.rules.Candidates = []string{"person001@acme.co"}
			simulatedOn(t, c, func(c *company) {
				crew := people(4)
				if pull {
					for i, id := range c.join(staff(4)...) {
						crew[i].OktaID = id
					}
				}
				p := c.withPush(pull)
				defer p.stop()
				for _, who := range crew {
					p.client.Assign(who)
				}
				p.drain()
				<-time.After(10 * time.Minute)
				ann, bob := c.omniID(crew[0].UserName), c.omniID(crew[2].UserName)
				for i := range 30 {
					c.omni.AddSchedule(ann, fmt.Sprint("Ann's ", i))
				}
				secret := c.omni.AddDocument(bob, "Secret")
				c.omni.EditDocument(secret, func(d *simomni.Document) { d.Viewers = []string{bob} })
				c.omni.PlaceSchedule(simomni.Schedule{Owner: bob, Name: "Bob's", Dashboard: secret})
				for _, i := range []int{0, 2} {
					p.client.Unassign(crew[i].OktaID)
					if pull {
						c.okta.Unassign(crew[i].OktaID)
					}
				}
				p.drain()
				if got := p.ask("GET", "/Users/"+ann, nil); got.body["active"] != false || !omniUser(c, crew[0].UserName).Active {
					c.t.Errorf("Okta is told %v", got.body)
				}
				<-time.After(10 * time.Minute)
				if omniUser(c, crew[0].UserName).Active || !omniUser(c, crew[2].UserName).Active || c.ownerOf("Ann's 29") != crew[1].UserName || len(c.omni.Lost()) > 0 {
					c.t.Errorf("Ann is active: %t, Bob: %t; the owner is %s, lost %v", omniUser(c, crew[0].UserName).Active, omniUser(c, crew[2].UserName).Active,
						c.ownerOf("Ann's 29"), c.omni.Lost())
				}
				p.client.Assign(crew[2])
				if pull {
					c.okta.Assign(crew[2].OktaID, simokta.AssignOptions{})
				}
				p.drain()
				<-time.After(2 * time.Hour)
				c.want(c.run(sync.Reconcile), sync.Done)
				if !omniUser(c, crew[2].UserName).Active || len(c.leavers()) > 0 {
					c.t.Errorf("Bob isn't there any more, or still on the way: %v", c.leavers())
				}
			})
		})
	}
}

// A handover is cut into slices by deltas, which aren't held up by it.
func TestDeltasHandOverInSlices(t *testing.T) {
	c := newCompany(t, handsOver(state.Transfer, state.LeaveAlone))
	c.rules.Candidates = []string{"person001@acme.co"}
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(4)...)
		c.want(c.run(sync.Full), sync.Done)
		ann := c.omniID("person000@acme.co")
		for i := range 40 {
			c.omni.AddSchedule(ann, fmt.Sprint("Ann's ", i))
		}
		c.watch()
		c.okta.Unassign(ids[0])
		began, longest := time.Now(), time.Duration(0)
		for omniUser(c, "person000@acme.co").Active {
			if time.Since(began) > 20*time.Minute {
				c.t.Fatalf("not over: %v", c.leavers())
			}
			at := time.Now()
			c.watch()
			longest = max(longest, time.Since(at))
			<-time.After(30*time.Second - min(30*time.Second, time.Since(at)))
		}
		if longest > 25*time.Second || c.ownerOf("Ann's 39") != "person001@acme.co" || len(c.omni.Lost()) > 0 {
			c.t.Errorf("a delta took %s; the owner is %s; lost %v", longest, c.ownerOf("Ann's 39"), c.omni.Lost())
		}
		c.t.Logf("over after %s, the longest delta took %s", time.Since(began), longest)
	})
}

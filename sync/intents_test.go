package sync_test

import (
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/sync"
)

// A group that is let go while its creation is only intended is deleted where it
// stands in Omni with nobody but ours in it; anything else of its name is a stranger's.
func TestIntendedGroupIsDeletedUnlessAStrangerIsIn(t *testing.T) {
	for _, stranger := range []bool{false, true} {
		p := lenient()
		p.OnUnpush = "delete"
		simulated(t, p, func(c *company) {
			ids := c.join(staff(3)...)
			c.push("Ops", ids[0])
			c.run(sync.Full)
			cut := c.omniFaults.Add(sim.Fault{Method: "POST", Path: "/api/scim/v2/Groups", Do: sim.CutBefore()})
			_, mapping := c.push("Sales", ids...)
			c.want(c.run(sync.Full), sync.Failing)
			cut.Remove()
			members := []string{omniUser(c, "person000@acme.co").ID}
			if stranger {
				members = append(members, c.omni.AddUser("bot@acme.co", "The Bot"))
			}
			c.omni.AddGroup("Sales", members...)
			c.okta.Unpush(mapping)
			c.want(c.pass(sync.Request{Kind: sync.Full, Insist: true}), sync.Done)
			if _, there := c.omni.Group("Sales"); there != stranger {
				c.t.Errorf("with a stranger in it %t, Sales stands in Omni: %t", stranger, there)
			}
			c.silent()
		})
	}
}

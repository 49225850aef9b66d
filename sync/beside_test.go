package sync_test

import (
	"testing"
	"time"

	"github.com/omnisync/omnisync/sync"
)

// beside lets a first load go on at Omni's pace, deltas beside it, while things change;
// no full run comes after it. It gives the ids of those who are being made.
func beside(t *testing.T, change func(c *company, ids []string, group string)) {
	t.Helper()
	policy := lenient()
	policy.Settle = 0
	simulatedOn(t, newCompanyOn(t, policy, embedded(t), 6), func(c *company) {
		ids := c.join(staff(30)...)
		group, _ := c.push("Sales", ids[:20]...)
		<-time.After(time.Minute)
		l := c.loop(sync.Schedule{Delta: "@every 30s"})
		l.Wake(sync.Full)
		c.during(l, func() {
			<-time.After(50 * time.Second)
			change(c, ids, group)
			<-time.After(time.Hour)
		})
		c.inStep()
	})
}

// What a first load is about to do when a delta reads something newer is neither done
// twice nor undone, and nothing is forgotten.
func TestDeltaBesideAFirstLoad(t *testing.T) {
	each := func(do func(c *company, id string)) func(*company, []string, string) {
		return func(c *company, ids []string, _ string) {
			for _, id := range ids {
				do(c, id)
				<-time.After(7 * time.Second)
			}
		}
	}
	for name, change := range map[string]func(c *company, ids []string, group string){
		"everybody is renamed": each(func(c *company, id string) { c.okta.SetUserName(id, id+"@acme.co") }),
		"some leave": func(c *company, ids []string, g string) {
			each(func(c *company, id string) { c.okta.Unassign(id) })(c, ids[12:18], g)
		},
		"all join the group": func(c *company, ids []string, g string) {
			each(func(c *company, id string) { c.okta.AddMember(g, id) })(c, ids, g)
		},
		"the group is renamed":                     func(c *company, _ []string, g string) { c.okta.RenameGroup(g, "Vendors") },
		"the group is let go of before it is made": func(c *company, _ []string, g string) { c.okta.Unpush(c.okta.Push(g)) },
	} {
		t.Run(name, func(t *testing.T) { beside(t, change) })
	}
}

package sync_test

import (
	"testing"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/sync"
)

// The first load of U users and G groups costs U + G writes, the second run none.
func TestFirstLoad(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		ids := c.join(staff(30)...)
		c.push("Sales", ids[:20]...)
		c.push("Ops", ids[10:]...)
		c.push("Empty")
		report := c.run(sync.Full)
		c.want(report, sync.Done)
		if got, want := c.omni.Writes(), 30+3; got != want {
			c.t.Errorf("the first load wrote %d times, want %d\n%s", got, want, printed(report))
		}
		c.inStep()
	})
}

// After the load each change costs one write: for a user, and for a group
// whatever the number of its members.
func TestOneWriteAChange(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(30)...)
		sales, _ := c.push("Sales", ids[:20]...)
		c.run(sync.Full)
		for _, step := range []struct {
			name   string
			do     func()
			writes int
		}{
			{"a user's department", func() { c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"}) }, 1},
			{"a username", func() { c.okta.SetUserName(ids[1], "renamed@acme.co") }, 1},
			{"a cleared value", func() { c.okta.UpdateProfile(ids[0], map[string]any{"department": nil}) }, 1},
			{"five joiners of a group", func() { c.okta.AddMembers(sales, ids[20:25]...) }, 1},
			{"some come, some go", func() { c.okta.AddMembers(sales, ids[25:]...); c.okta.RemoveMember(sales, ids[3]) }, 1},
			{"a renamed group", func() { c.okta.RenameGroup(sales, "Sales EMEA") }, 1},
			{"a renamed group and a member", func() { c.okta.RenameGroup(sales, "Sales"); c.okta.RemoveMember(sales, ids[4]) }, 1},
			{"a leaver", func() { c.okta.Unassign(ids[5]) }, 1},
			{"the leaver comes back", func() { c.okta.Assign(ids[5], simokta.AssignOptions{}) }, 2}, // the user, and the group
			{"a joiner in a group", func() { c.okta.AddMember(sales, c.join("new@acme.co")[0]) }, 2},
			{"nothing", func() {}, 0},
		} {
			c.omni.ResetLog()
			step.do()
			report := c.run(sync.Full)
			c.want(report, sync.Done)
			if got := c.omni.Writes(); got != step.writes {
				c.t.Errorf("%s: %d writes, want %d\n%s", step.name, got, step.writes, printed(report))
			}
			c.converged()
		}
		c.inStep()
	})
}

// In a load that takes longer, a group doesn't wait for its last joiner: who is
// there after a quarter of an hour is in it then.
func TestLongLoadWritesGroupsOnTheWay(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		c.push("Everybody", c.join(staff(950)...)...)
		c.want(c.run(sync.Full), sync.Done)
		if got, want := c.omni.Writes(), 950+2; got != want {
			c.t.Errorf("%d writes, want the users, the group after 15 minutes, and once more at its end: %d", got, want)
		}
		c.converged()
	})
}

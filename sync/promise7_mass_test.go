//go:build !race

package sync_test

import (
	"fmt"
	"testing"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Okta loses the assignments of 30 % of 10,000 users at once: nobody goes, no
// membership is lost, whoever comes is provisioned. Approved, exactly those go who are
// unassigned still.
func TestPromise7MassUnassignment(t *testing.T) {
	const people, gone, groups, back = 10_000, 3_000, 20, 100
	c := newCompanyOn(t, defaults(), embedded(t), 600_000)
	c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(people)...)
		for g := range groups {
			c.push(fmt.Sprintf("G%02d", g), ids[g*people/groups:(g+1)*people/groups]...)
		}
		c.run(sync.Full)
		members := func() (n int) {
			for g := range groups {
				n += len(c.teamOf(fmt.Sprintf("G%02d", g)))
			}
			return n
		}
		if n, m := active(c), members(); n != people || m != people {
			t.Fatalf("%d users are active after the load, %d are members", n, m)
		}
		for i := range gone {
			c.okta.Unassign(ids[i*3])
		}
		c.join("joiner@acme.co")
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		if n, m := active(c), members(); n != people+1 || m != people {
			t.Errorf("%d users are active, want %d; %d are members, want %d", n, people+1, m, people)
		}
		if s := c.status(); len(s.Held) != 1 || s.Held[0].Count != gone || s.State != sync.Waiting {
			t.Errorf("%s, held %d times", s.State, len(s.Held))
		}
		for i := range back {
			c.okta.Assign(ids[i*3], simokta.AssignOptions{})
		}
		if d := c.says(sync.Verdict{Run: report.Run, Decision: state.Approved}); len(d.Decided) != gone {
			t.Errorf("%d were approved", len(d.Decided))
		}
		c.want(c.run(sync.Full), sync.Done)
		if n := active(c); n != people+1-gone+back {
			t.Errorf("%d users are active after the approval, want %d", n, people+1-gone+back)
		}
		for i := range gone {
			if u := omniUser(c, fmt.Sprintf("person%03d@acme.co", i*3)); u.Active != (i < back) {
				t.Fatalf("person%03d is active: %t", i*3, u.Active)
			}
		}
		c.want(c.run(sync.Full), sync.Done)
	})
}

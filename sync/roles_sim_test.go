package sync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// reasonOf gives the reason of the report's change of a group.
func reasonOf(r sync.Report, group string) string {
	for _, c := range r.Changes {
		if c.Group == group {
			return c.Reason
		}
	}
	return ""
}

// Who would get model roles by an adoption, and what ends with a group, is told in
// the plan and in the log.
func TestModelRolesOfGroupsAreTold(t *testing.T) {
	const gains, keep, lose = "; who is in it has its model roles (MODELER, QUERIER)", "; its members keep its model roles (MODELER, QUERIER)", "; its members lose its model roles (MODELER, QUERIER)"
	for _, row := range []struct {
		name, unpush string
		kind         sync.RunKind
		adopts, ends string
	}{
		{"found in Omni's list, released", "keep", sync.Reconcile, "Omni has this group already" + gains, "no longer pushed in Okta; stays in Omni, no longer managed" + keep},
		{"found by a refused creation, deleted", "delete", sync.Full, gains, "no longer pushed in Okta" + lose},
	} {
		t.Run(row.name, func(t *testing.T) {
			policy := lenient()
			policy.OnUnpush = row.unpush
			simulated(t, policy, func(c *company) {
				ids := c.join(staff(2)...)
				group := c.omni.AddGroup("Crew")
				c.omni.AddModelRole(group, "QUERIER")
				c.omni.AddModelRole(group, "MODELER")
				_, mapping := c.push("Crew", ids...)
				r := c.run(row.kind)
				c.want(r, sync.Done)
				if got := reasonOf(r, "Crew"); !strings.HasSuffix(got, row.adopts) {
					t.Errorf("the adoption says %q, want %q", got, row.adopts)
				}
				c.silent()
				c.okta.Unpush(mapping)
				c.push("Other", ids...)
				r = c.run(row.kind)
				if got := reasonOf(r, "Crew"); !strings.HasPrefix(got, row.ends) {
					t.Errorf("the end says %q, want %q", got, row.ends)
				}
			})
		})
	}
}

// A reconcile tells which managed groups have roles. It asks about 20 groups at most,
// those first that it hasn't asked about for longest.
func TestModelRolesInAReconcile(t *testing.T) {
	simulatedOn(t, newCompanyOn(t, lenient(), newMemory(), 600), func(c *company) {
		ids := c.join(staff(2)...)
		for i := range 30 {
			c.push(fmt.Sprintf("Group %02d", i), ids...)
		}
		c.want(c.run(sync.Full), sync.Done)
		c.omni.AddModelRole(team(c, "Group 00").ID, "QUERIER")
		c.omni.AddModelRole(team(c, "Group 29").ID, "VIEWER")
		asked := func(kind sync.RunKind) sync.Report {
			t.Helper()
			c.omni.ResetLog()
			<-time.After(time.Minute)
			r := c.run(kind)
			c.want(r, sync.Done)
			want := 20
			if kind == sync.Full {
				want = 0
			}
			if n := c.omni.Count(simomni.ListGroupRoles); n != want {
				t.Errorf("a %s run asked %d times, want %d", kind, n, want)
			}
			return r
		}
		asked(sync.Full)
		asked(sync.Reconcile)
		r := asked(sync.Reconcile)
		tells(t, r.Notes, "model roles that members of managed groups get, read and never written: 2 groups (Group 00: QUERIER, Group 29: VIEWER)")
		if strings.Contains(strings.Join(r.Notes, "\n"), "so far") {
			t.Errorf("all groups were asked about, and it says %q", r.Notes)
		}
	})
}

// Roles that can't be read are a note, and stop nothing: one request is spent on it.
func TestModelRolesUnread(t *testing.T) {
	for _, status := range []int{403, 401, 404, 500} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				ids := c.join(staff(2)...)
				c.omniFaults.Add(sim.Fault{Path: "/api/v1/user-groups/*/model-roles", Do: sim.Status(status, "{}", nil)})
				c.omni.AddGroup("Crew")
				for _, name := range []string{"Crew", "Ops", "Sales"} {
					c.push(name, ids...)
				}
				c.want(c.run(sync.Reconcile), sync.Done)
				r := c.run(sync.Reconcile)
				c.want(r, sync.Done)
				c.inStep()
				if status != 404 {
					tells(t, r.Notes, "the model roles of groups could not be read in Omni, so they aren't told")
				}
			})
		})
	}
}

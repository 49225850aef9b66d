package sync_test

import (
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// grouped founds a company whose users get their region by the groups that they are
// in: EMEA has the first five of ten.
func grouped(t *testing.T, play func(c *company, ids []string, emea string)) {
	t.Helper()
	policy := lenient()
	policy.Settle = 0
	c := newCompany(t, policy)
	c.omni.DefineAttribute(simomni.Definition{Reference: "region"})
	c.rules.Attributes["region"] = `groups.exists(g, g == "EMEA") ? "emea" : "other"`
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(10)...)
		emea, _ := c.push("EMEA", ids[:5]...)
		c.push("All", ids...)
		c.okta.AddMembers(c.okta.AddGroup("Everyone", "BUILT_IN"), ids...)
		<-time.After(time.Minute)
		c.want(c.run(sync.Reconcile), sync.Done)
		c.regions(ids, 5)
		c.silent()
		c.watch()
		<-time.After(time.Minute)
		play(c, ids, emea)
	})
}

// regions fails unless the first n have the region emea, and the others haven't.
func (c *company) regions(ids []string, n int) {
	c.t.Helper()
	for i, name := range staff(len(ids)) {
		want := "other"
		if i < n {
			want = "emea"
		}
		if got := strings.Join(omniUser(c, name).Attributes["region"], " "); got != want {
			c.t.Errorf("%s has the region %v, want %s", name, got, want)
		}
	}
}

// Whoever joins or leaves a group is mapped anew, by whatever reading finds it.
func TestMappingByGroups(t *testing.T) {
	for name, read := range map[string]func(c *company){
		"delta":     func(c *company) { c.want(*c.watch().Report, sync.Done) },
		"full":      func(c *company) { c.want(c.run(sync.Full), sync.Done) },
		"reconcile": func(c *company) { c.want(c.run(sync.Reconcile), sync.Done) },
	} {
		t.Run(name, func(t *testing.T) {
			grouped(t, func(c *company, ids []string, emea string) {
				c.okta.AddMember(emea, ids[5])
				<-time.After(time.Minute)
				read(c)
				c.regions(ids, 6)
				c.okta.RemoveMember(emea, ids[5])
				<-time.After(time.Minute)
				read(c)
				c.regions(ids, 5)
				c.silent()
			})
		})
	}
}

// A joiner's values go by the groups from the first write on: nobody is created with
// the rights of somebody in no group.
func TestJoinerMappedByGroups(t *testing.T) {
	for name, read := range map[string]func(c *company){
		"delta": func(c *company) { c.want(*c.watch().Report, sync.Done) },
		"full":  func(c *company) { c.want(c.run(sync.Full), sync.Done) },
	} {
		t.Run(name, func(t *testing.T) {
			grouped(t, func(c *company, _ []string, emea string) {
				id := c.join("new@acme.co")[0]
				c.okta.AddMember(emea, id)
				<-time.After(time.Minute)
				c.omni.ResetLog()
				read(c)
				if got := strings.Join(omniUser(c, "new@acme.co").Attributes["region"], " "); got != "emea" {
					t.Errorf("the joiner has the region %v", got)
				}
				if n := c.omni.Writes(); n != 2 {
					t.Errorf("it took %d writes, want the user and the group", n)
				}
				c.silent()
			})
		})
	}
}

// A renamed group touches everybody in it: a delta renames it, and asks for a full run
// that maps its members.
func TestGroupRenamedUnderAMapping(t *testing.T) {
	grouped(t, func(c *company, ids []string, emea string) {
		c.okta.RenameGroup(emea, "Europe")
		<-time.After(time.Minute)
		w := c.watch()
		if w.Wider != sync.Full || !strings.Contains(w.Why, "which groups users are in") {
			t.Fatalf("the delta asks for %q because %q", w.Wider, w.Why)
		}
		c.want(c.run(sync.Full), sync.Done)
		c.regions(ids, 0)
		c.silent()
	})
}

// While the groups can't be read whole nobody's values are decided: neither of those
// who are in Omni nor of who comes.
func TestDoubtfulGroupsMapNobody(t *testing.T) {
	grouped(t, func(c *company, ids []string, emea string) {
		c.okta.RemoveMember(emea, ids[0])
		c.join("new@acme.co")
		<-time.After(time.Minute)
		before := snapshot(c)
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/groups/*/users", Do: sim.Status(500, "{}", nil)})
		r := c.run(sync.Full)
		if after := snapshot(c); after != before {
			t.Errorf("it ended %s, and Omni was\n%s and is\n%s", r.Outcome, before, after)
		}
		c.oktaFaults.Clear()
		<-time.After(5 * time.Minute)
		c.want(c.run(sync.Full), sync.Done)
		c.regions(ids[:1], 0)
		c.silent()
	})
}

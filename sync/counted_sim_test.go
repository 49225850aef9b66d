package sync_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/sync"
)

// The places where Okta tells who is in a group.
const (
	membersOf = "/api/v1/groups/*/users"
	groupsOf  = "/api/v1/users/*/groups"
)

// short founds a company of 20 in the group Sales, of whom the credential sees five no
// longer as members.
func short(t *testing.T, uncounted []string, play func(c *company, ids []string, sales string)) {
	t.Helper()
	p := lenient()
	p.Settle, p.AdoptGroups, p.Uncounted = 0, "auto", uncounted
	simulated(t, p, func(c *company) {
		ids := c.join(staff(20)...)
		sales, _ := c.push("Sales", ids...)
		c.push("Ops", ids[10:]...)
		c.okta.AddMembers(c.okta.AddGroup("Everyone", "BUILT_IN"), ids...)
		<-time.After(time.Minute)
		c.want(c.run(sync.Reconcile), sync.Done)
		c.watch()
		<-time.After(time.Minute)
		c.hide(ids[:5], membersOf, groupsOf)
		play(c, ids, sales)
	})
}

// Promise 2: members who are hidden look as if they had left, to the list and to each
// of them. Okta counts them, so a reconcile takes none of them away, says why with both
// figures, and adds whoever joins; the full runs after it keep to that.
func TestPromise2CountedMembersStay(t *testing.T) {
	short(t, nil, func(c *company, ids []string, sales string) {
		c.okta.AddMember(sales, c.join("joiner@acme.co")[0])
		report := c.run(sync.Reconcile)
		c.want(report, sync.Doubtful)
		if n := len(c.teamOf("Sales")); n != 21 {
			c.t.Fatalf("Sales has %d members\n%s", n, printed(report))
		}
		if told := strings.Join(report.Doubts, "\n"); !strings.Contains(told, `group "Sales"`) || !strings.Contains(told, "Okta lists 16 members and counts 21") ||
			!strings.Contains(told, "groups.uncounted") {
			c.t.Errorf("the doubts are %s", told)
		}
		c.oktaAsked.Reset()
		c.want(c.run(sync.Full), sync.Doubtful) // nothing moved: it is compared once, told again, and nothing taken
		if n := c.oktaAsked.Count("", "/api/v1/groups/"+sales+"/users"); n != 1 {
			c.t.Errorf("figures that are as before were read %d times", n)
		}
		c.okta.AddMember(sales, c.join("second@acme.co")[0])
		<-time.After(time.Minute)
		c.want(c.run(sync.Full), sync.Doubtful)
		if n := len(c.teamOf("Sales")); n != 22 {
			c.t.Fatalf("a full run left %d members", n)
		}
		x, err := c.engine.Explain(c.t.Context(), "Sales")
		if err != nil || x.Group.Listed == nil || *x.Group.Listed != 17 || !strings.Contains(x.Cause, "Okta lists 17 members, and counts 22") {
			c.t.Errorf("explained as %+v, %v", x, err)
		}
		c.hide(nil)
		c.want(c.run(sync.Reconcile), sync.Done)
		c.inStep()
		if x, err := c.engine.Explain(c.t.Context(), "Sales"); err != nil || x.Group.Listed != nil {
			c.t.Errorf("it is over, and explained as %+v, %v", x, err)
		}
	})
}

// Without a count the same five would go: this is what the count is for.
func TestUncountedMembersGo(t *testing.T) {
	for _, uncounted := range [][]string{{"Sales"}, {"*"}} {
		short(t, uncounted, func(c *company, ids []string, _ string) {
			c.canary = sync.Canary{User: identity.OktaID(ids[19])} // whom the credential sees
			c.start()
			c.want(c.run(sync.Reconcile), sync.Done)
			if n := len(c.teamOf("Sales")); n != 15 {
				c.t.Errorf("%v: Sales has %d members", uncounted, n)
			}
		})
	}
}

// The way out: a group that is named stops being compared, also where nothing else of it moves.
func TestAGroupIsNamedAsUncounted(t *testing.T) {
	short(t, nil, func(c *company, ids []string, _ string) {
		c.want(c.run(sync.Reconcile), sync.Doubtful)
		c.policy.Uncounted, c.canary = []string{"Sa*"}, sync.Canary{User: identity.OktaID(ids[19])}
		c.start()
		c.want(c.run(sync.Reconcile), sync.Done)
		if n := len(c.teamOf("Sales")); n != 15 {
			c.t.Errorf("Sales has %d members", n)
		}
	})
}

// Who leaves a group whose list is short leaves by their event, in a delta, one or many
// at once, also where Omni fails at first; who was never listed and stands in Omni stays.
func TestLeavingAShortGroup(t *testing.T) {
	for _, n := range []int{1, 8} {
		short(t, nil, func(c *company, ids []string, sales string) {
			stranger := c.okta.AddUser(simokta.User{Login: "hidden@acme.co"})
			c.okta.Assign(stranger, simokta.AssignOptions{})
			c.okta.SetKnobs(func(k *simokta.Knobs) { k.Hidden = append(k.Hidden, stranger) })
			c.okta.AddMember(sales, stranger)
			<-time.After(time.Minute)
			c.want(c.run(sync.Reconcile), sync.Doubtful)
			c.omni.EditGroup(team(c, "Sales").ID, "Sales", append(c.memberIDs("Sales"), omniUser(c, "hidden@acme.co").ID)...) // somebody helps by hand
			c.want(c.run(sync.Reconcile), sync.Doubtful)
			c.watch()
			for _, id := range ids[10 : 10+n] {
				c.okta.RemoveMember(sales, id)
			}
			<-time.After(time.Minute)
			c.omniFaults.Add(sim.Fault{Path: "/api/scim/v2/groups/*", Method: "PATCH", Times: 8, Do: sim.Status(500, "{}", nil)})
			c.watch()
			<-time.After(time.Hour)
			c.omniFaults.Clear()
			c.watch()
			c.want(c.run(sync.Full), sync.Doubtful)
			if in := c.teamOf("Sales"); len(in) != 21-n || in[0] != "hidden@acme.co" {
				c.t.Errorf("%d left, and Sales has %v", n, in)
			}
			c.hide(nil)
			<-time.After(time.Minute)
			c.want(c.run(sync.Reconcile), sync.Done)
			c.inStep()
		})
	}
}

// A count that lags behind, lower or higher, for a moment: the list is read again.
// A list with more than Okta counts takes nothing from anybody who is on it, and is believed.
func TestCountsThatLag(t *testing.T) {
	for name, row := range map[string]struct {
		body    string
		times   int
		outcome sync.Outcome
	}{
		"higher for two looks": {`"usersCount":99`, 2, sync.Done},
		"higher for good":      {`"usersCount":99`, 0, sync.Doubtful},
		"lower for good":       {`"usersCount":3`, 0, sync.Done},
		"not told":             {`"other":3`, 0, sync.Done},
		"nonsense":             {`"usersCount":-7`, 0, sync.Done},
	} {
		p := lenient()
		simulated(t, p, func(c *company) {
			ids := c.join(staff(6)...)
			sales, _ := c.push("Sales", ids...)
			<-time.After(time.Minute)
			c.want(c.run(sync.Reconcile), sync.Done)
			c.okta.RemoveMember(sales, ids[0])
			c.oktaFaults.Add(sim.Fault{Path: "/api/v1/group[s]", Times: row.times, Do: edited(func(items []json.RawMessage) []json.RawMessage {
				for i, item := range items {
					items[i] = bytes.ReplaceAll(item, []byte(`"usersCount":5`), []byte(row.body))
				}
				return items
			})})
			report := c.run(sync.Reconcile)
			c.want(report, row.outcome)
			want := 5
			if row.outcome == sync.Doubtful {
				want = 6
			}
			if n := len(c.teamOf("Sales")); n != want {
				c.t.Errorf("%s: Sales has %d members, want %d: %v", name, n, want, report.Doubts)
			}
		})
	}
}

// Counting costs no request: few groups and many.
func TestCountingCostsNothing(t *testing.T) {
	for _, n := range []int{3, 25} {
		var asked [2]int
		for i, uncounted := range [][]string{nil, {"*"}} {
			p := lenient()
			p.Uncounted = uncounted
			simulated(t, p, func(c *company) {
				ids := c.join(staff(3)...)
				for g := range n {
					c.push(staff(n)[g], ids...)
				}
				c.want(c.run(sync.Full), sync.Done)
				c.oktaAsked.Reset()
				c.want(c.run(sync.Reconcile), sync.Done)
				asked[i] = len(c.oktaAsked.All())
			})
		}
		if asked[0] != asked[1] {
			t.Errorf("%d groups: a reconcile asks %d times, and %d without counting", n, asked[0], asked[1])
		}
	}
}

// A group that is short for good stops nothing else: people are mapped by their groups
// all the same, and a ledger that was lost counts as built again, with everybody in place.
func TestAShortGroupStopsNothingElse(t *testing.T) {
	grouped(t, func(c *company, ids []string, _ string) {
		c.hide(ids[:1], membersOf, groupsOf)
		c.want(c.run(sync.Reconcile), sync.Doubtful)
		c.okta.UpdateProfile(ids[1], map[string]any{"department": "Ops"})
		c.want(c.run(sync.Reconcile), sync.Doubtful)
		if got := omniUser(c, "person001@acme.co").Attributes["department"]; len(got) != 1 || got[0] != "Ops" {
			c.t.Errorf("the department is %v", got)
		}
		c.regions(ids, 5)
	})
	p := lenient()
	p.AdoptGroups = "auto"
	losing(t, p, func(c *company, lose func()) {
		c.archived()
		ids := c.join(staff(12)...)
		sales, _ := c.push("Sales", ids...)
		c.okta.AddMembers(c.okta.AddGroup("Everyone", "BUILT_IN"), ids...)
		<-time.After(time.Minute)
		c.want(c.run(sync.Reconcile), sync.Done)
		c.hide(ids[:3], membersOf, groupsOf)
		lose()
		for range 2 {
			<-time.After(time.Minute)
			c.want(c.run(sync.Reconcile), sync.Doubtful)
		}
		if n := len(c.teamOf("Sales")); n != 12 {
			c.t.Errorf("Sales has %d members", n)
		}
		c.watch()
		c.okta.RemoveMember(sales, ids[5])
		<-time.After(time.Minute)
		if w := c.watch(); w.Report == nil || len(c.teamOf("Sales")) != 11 {
			c.t.Errorf("no delta does anything: %+v, %v", w, c.teamOf("Sales"))
		}
	})
}

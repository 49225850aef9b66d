package sync_test

import (
	"slices"
	"testing"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// sparedIn gives who is kept in groups, with the reason, in the order of the report.
func sparedIn(r sync.Report) []string {
	var list []string
	for _, c := range r.Changes {
		if c.Group != "" && c.State == state.Kept {
			for _, name := range c.Before.Members {
				list = append(list, c.Group+" "+name+": "+c.Reason)
			}
		}
	}
	return list
}

// Who is protected is in no group removed: told in each run, never done, until the
// protection or the difference ends.
func TestProtectedUsersStayInGroups(t *testing.T) {
	policy := lenient()
	policy.Protected = []string{"PERSON001@*", "person00[23]@acme.co", "*@elsewhere.co"}
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(6)...)
		sales, _ := c.push("Sales", ids...)
		c.want(c.run(sync.Full), sync.Done)
		for _, id := range ids[:4] {
			c.okta.RemoveMember(sales, id)
		}
		want := []string{
			`Sales person001@acme.co: protected by users.protected "PERSON001@*"`,
			`Sales person002@acme.co: protected by users.protected "person00[23]@acme.co"`,
			`Sales person003@acme.co: protected by users.protected "person00[23]@acme.co"`,
		}
		for _, kind := range []sync.RunKind{sync.Full, sync.Full, sync.Reconcile, sync.Full} {
			r := c.run(kind)
			c.want(r, sync.Done)
			if got := sparedIn(r); !slices.Equal(got, want) {
				t.Errorf("%s: kept are %q, want %q", kind, got, want)
			}
			c.wantNames("the members", c.teamOf("Sales"), staff(6)[1:]...)
		}
		c.silent()
		c.okta.AddMember(sales, ids[1])
		c.policy.Protected = []string{"person002@acme.co"}
		c.start()
		c.want(c.run(sync.Full), sync.Done)
		c.wantNames("the members", c.teamOf("Sales"), "person001@acme.co", "person002@acme.co", "person004@acme.co", "person005@acme.co")
	})
}

// The old name protects as the new one does.
func TestProtectionByEitherName(t *testing.T) {
	for _, glob := range []string{"person000@acme.co", "boss@acme.co"} {
		policy := lenient()
		policy.Protected = []string{glob}
		simulated(t, policy, func(c *company) {
			ids := c.join(staff(3)...)
			sales, _ := c.push("Sales", ids...)
			c.run(sync.Full)
			c.okta.SetUserName(ids[0], "boss@acme.co")
			c.okta.RemoveMember(sales, ids[0])
			c.run(sync.Full)
			if n := len(team(c, "Sales").Members); n != 3 {
				t.Errorf("protected by %s: %d members are left of 3", glob, n)
			}
		})
	}
}

package sync_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

func sortedText(list []string) []string { return slices.Sorted(slices.Values(list)) }

func unlimitedOkta(k *simokta.Knobs) {
	k.Limits = map[simokta.Bucket]int{simokta.BucketApp: -1, simokta.BucketApps: -1, simokta.BucketGroup: -1,
		simokta.BucketGroups: -1, simokta.BucketUser: -1, simokta.BucketUsers: -1, simokta.BucketLogs: -1, simokta.BucketRest: -1}
}

// links are the Omni ids of everybody in the ledger, by Okta id.
func (c *company) links() map[string]identity.OmniID {
	c.t.Helper()
	found := map[string]identity.OmniID{}
	for u, err := range state.All[state.User](c.t.Context(), c.store, state.Users) {
		if err != nil {
			c.t.Fatal(err)
		}
		found[u.Key] = u.Value.Omni
	}
	return found
}

// losing is a company whose ledger can be lost: the second one is new.
func losing(t *testing.T, policy sync.Policy, play func(c *company, lose func())) {
	t.Helper()
	other := embedded(t)
	simulated(t, policy, func(c *company) {
		play(c, func() {
			c.loses(other)
		})
	})
}

// Promise 8, the ledger is a cache: when it is lost, a run links everybody and
// every group again and writes nothing where both sides agree.
func TestPromise8LostLedgerIsBuiltAgain(t *testing.T) {
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		for _, n := range []int{12, 45} { // below and above where a full run reads Omni's list
			losing(t, defaults(), func(c *company, lose func()) {
				ids := c.join(staff(n)...)
				c.push("Sales", ids[:n/2]...)
				c.push("Ops", ids[n/3:]...)
				c.push("Empty")
				c.want(c.run(sync.Full), sync.Done)
				before, links := snapshot(c), c.links()
				lose()
				c.omni.ResetLog()
				report := c.run(kind)
				c.want(report, sync.Done)
				if writes := c.omni.Writes(); writes != 0 {
					c.t.Errorf("%s, %d users: a lost ledger led to %d writes\n%s", kind, n, writes, printed(report))
				}
				if after := snapshot(c); after != before {
					c.t.Errorf("%s, %d users: Omni changed\nfrom %s\nto   %s", kind, n, before, after)
				}
				again := c.links()
				for id, omni := range links {
					if again[id] != omni {
						c.t.Errorf("%s: %s is linked to %s, was %s", kind, id, again[id], omni)
					}
				}
				c.inStep()
			})
		}
	}
}

// Nobody is removed because the ledger was lost: neither who left meanwhile nor
// groups that are no longer pushed. They are told.
func TestPromise8LostLedgerRemovesNobody(t *testing.T) {
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		losing(t, lenient(), func(c *company, lose func()) {
			ids := c.join(staff(30)...)
			c.push("Sales", ids...)
			_, law := c.push("Law", ids[:3]...)
			c.want(c.run(sync.Full), sync.Done)
			c.okta.Unassign(ids[0])
			c.okta.Unpush(law)
			c.okta.UpdateProfile(ids[2], map[string]any{"department": "Legal"})
			lose()
			c.run(kind)
			report := c.run(sync.Reconcile)
			c.want(report, sync.Done)
			if n := active(c); n != 30 {
				c.t.Errorf("%s: %d users are active, want all 30\n%s", kind, n, printed(report))
			}
			if n := len(c.teamOf("Sales")); n != 30 {
				c.t.Errorf("%s: Sales has %d members, want all 30", kind, n)
			}
			if n := len(c.teamOf("Law")); n != 3 {
				c.t.Errorf("%s: Law has %d members, want all 3", kind, n)
			}
			if got := omniUser(c, "person002@acme.co").Attributes["department"]; len(got) != 1 || got[0] != "Legal" {
				c.t.Errorf("%s: what differs isn't brought in line: %v", kind, got)
			}
			told := strings.Join(report.Notes, "\n")
			if !strings.Contains(told, "person000@acme.co") || !strings.Contains(told, "Law") {
				c.t.Errorf("%s: who left and what was un-pushed isn't told: %s", kind, told)
			}
		})
	}
}

// A ledger that is lost while accounts are made: what the lost intents left
// behind is adopted, not doubled.
func TestPromise8LostInALoad(t *testing.T) {
	losing(t, defaults(), func(c *company, lose func()) {
		c.push("Sales", c.join(staff(40)...)...)
		c.omni.AddUser("person007@acme.co", "First person007")
		stop := c.stopAfter(25)
		if report, err := c.engine.Pass(stop, sync.Request{Kind: sync.Full}); err == nil {
			c.t.Fatalf("the load wasn't stopped: %s", printed(report))
		}
		made := len(c.omni.Users())
		if made < 10 || made > 39 {
			c.t.Fatalf("%d accounts are made when the load is stopped", made)
		}
		lose()
		c.want(c.run(sync.Full), sync.Done)
		if n := len(c.omni.Users()); n != 40 {
			c.t.Errorf("Omni has %d users, want 40", n)
		}
		c.inStep()
	})
}

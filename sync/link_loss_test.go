package sync_test

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Promise 8: a ledger that is built again knows from the archive what people said about
// links: it links to the account that somebody named, not by name, and not whom somebody
// unlinked.
func TestPromise8LinksByHandComeBack(t *testing.T) {
	c := newCompany(t, lenient())
	empty := embedded(t)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		ids := c.join("ada@acme.co", "bob@acme.co", "cat@acme.co", "dan@acme.co")
		c.push("Sales", ids...)
		c.want(c.run(sync.Full), sync.Done)
		wrong := c.omniID("ada@acme.co")
		right := c.omni.AddUser("ada.lovelace@acme.co", "Countess")
		other := c.omni.AddUser("other@acme.co", "Other")
		c.ties(sync.LinkOrder{Subject: "ada@acme.co", OmniID: other}, fault.Other)
		c.ties(sync.LinkOrder{Subject: "ada@acme.co", OmniID: right}, fault.Other)
		c.ties(sync.LinkOrder{Subject: "bob@acme.co"}, fault.Other)
		c.ties(sync.LinkOrder{Subject: "cat@acme.co"}, fault.Other)
		c.ties(sync.LinkOrder{Subject: "cat@acme.co", OmniID: c.omniID("cat@acme.co")}, fault.Other)
		c.run(sync.Full) // ada's account can't have the name yet
		before := c.tied("")

		c.loses(empty)
		c.run(sync.Reconcile)
		c.run(sync.Full)
		links := c.tied("")
		for _, want := range []string{"ada.lovelace@acme.co by_hand eve", "unlinked eve", "cat@acme.co by_hand eve", "dan@acme.co adopted"} {
			if !strings.Contains(links, want) {
				t.Errorf("%q isn't among the links: %s\nbefore: %s", want, links, before)
			}
		}
		if u := c.record(ids[0]); string(u.Omni) != right || !u.Active {
			t.Errorf("ada is linked as %+v", u)
		}
		if u := c.record(ids[1]); u.Omni != "" {
			t.Errorf("bob is linked as %+v", u)
		}
		c.wantActive("ada.lovelace@acme.co", "ada@acme.co", "bob@acme.co", "cat@acme.co", "dan@acme.co", "other@acme.co")

		c.omni.EditUser(wrong, func(u *simomni.User) { u.UserName = "ada.old@acme.co" })
		c.run(sync.Reconcile)
		c.omni.ResetLog()
		for range 3 {
			c.decideAll(state.Approved) // bob, and what was held of ada's name
			c.run(sync.Reconcile)
			if len(c.status().Held) == 0 {
				break
			}
		}
		if u := omniUser(c, "ada@acme.co"); u.ID != right {
			t.Errorf("ada has %+v", u)
		}
		c.silent()
	})
}

// An older copy of the ledger gets what was said since; what it knows of later stays.
func TestLinksByHandSinceACopy(t *testing.T) {
	first := newMemory()
	c := newCompanyOn(t, lenient(), first, 60)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		ids := c.join("ada@acme.co", "bob@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		right := c.omni.AddUser("ada.lovelace@acme.co", "Countess")
		old := first.copied()
		c.ties(sync.LinkOrder{Subject: "ada@acme.co", OmniID: right}, fault.Other)
		c.ties(sync.LinkOrder{Subject: "bob@acme.co"}, fault.Other)
		c.loses(old)
		c.run(sync.Reconcile)
		if u := c.record(ids[0]); string(u.Omni) != right || u.Link != state.LinkedByHand {
			t.Errorf("ada is linked as %+v", u)
		}
		if u := c.record(ids[1]); u.Omni != "" {
			t.Errorf("bob is linked as %+v", u)
		}
	})
}

// Once the account of a link by hand was given to a newcomer, the archive's word is over.
func TestLinkByHandEndsWithATakeover(t *testing.T) {
	policy := lenient()
	policy.OnRecycled = "adopt"
	c := newCompany(t, policy)
	empty := embedded(t)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		ids := c.join("ada@acme.co", "bob@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		account := c.omniID("ada@acme.co")
		c.ties(sync.LinkOrder{Subject: "ada@acme.co"}, fault.Other)
		c.ties(sync.LinkOrder{Subject: "ada@acme.co", OmniID: account}, fault.Other)
		c.okta.Unassign(ids[0])
		c.run(sync.Full)
		c.wantActive("bob@acme.co")
		c.okta.Delete(ids[0])
		heir := c.join("ada@acme.co")[0]
		c.run(sync.Full)
		if u := c.record(heir); string(u.Omni) != account || !u.Active {
			t.Fatalf("the newcomer has %+v", u)
		}
		c.loses(empty)
		c.run(sync.Reconcile)
		if u := c.record(ids[0]); u.Link == state.LinkedByHand {
			t.Errorf("who left has it by the archive's word: %+v", u)
		}
	})
}

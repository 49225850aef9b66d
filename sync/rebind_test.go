package sync_test

import (
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// rebinds binds the ledger to the sides that the engine names.
func (c *company) rebinds(dry bool) sync.Rebound {
	c.t.Helper()
	r, err := c.engine.Rebind(c.t.Context(), sync.RebindOrder{By: "eve", DryRun: dry})
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// moved has the configuration name other sides from now on.
func (c *company) moved(to sync.Identity) {
	c.t.Helper()
	c.sides = to
	c.start()
}

// The Omni of a company is replaced by another one, in which most of the people are already:
// they are linked by userName and name. Who isn't there is made within the guard; nobody is
// deactivated on either, and a decision about whom only the old side knew is over.
func TestRebindToAnotherOmni(t *testing.T) {
	policy := defaults()
	policy.Guard.Creations = sync.Limit{Count: 1, Percent: 100}
	c := newCompany(t, policy)
	next := newCompany(t, policy)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		ids := c.join("ada@acme.co", "bob@acme.co", "cat@acme.co", "dan@acme.co")
		c.push("Sales", ids...)
		c.push("Law", ids[0])
		c.want(c.run(sync.Full), sync.Done)
		c.ties(sync.LinkOrder{Subject: "bob@acme.co"}, fault.Other)
		c.ties(sync.LinkOrder{Subject: "bob@acme.co", OmniID: c.omniID("bob@acme.co")}, fault.Other)
		c.want(c.run(sync.Full), sync.Done)
		was := c.omni
		stands := snapshot(c)

		c.omni, c.target = next.omni, next.target
		next.omni.AddUser("ADA@acme.co", "Ada")
		bob := next.omni.AddUser("bob@acme.co", "Bob")
		next.omni.AddUser("eve@acme.co", "Eve")
		next.omni.AddGroup("sales", bob)
		c.moved(sync.Identity{Name: "acme", Org: "http://127.0.0.1", App: c.okta.ID(), Omni: "http://other"})
		if _, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Full}); !fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), "syncd links rebind") {
			t.Errorf("before: %v (%s)", err, fault.HintOf(err))
		}
		before := c.ledger()
		seen := c.rebinds(true)
		if c.ledger() != before {
			t.Error("a dry run has changed the ledger")
		}
		if seen.Stay || seen.Users.Linked != 4 || seen.Users.Carry != 2 || strings.Join(seen.Users.Missing, " ") != "cat@acme.co dan@acme.co" ||
			seen.Groups.Carry != 1 || strings.Join(seen.Groups.Missing, " ") != "Law" {
			t.Errorf("seen first: %+v", seen)
		}
		next.omni.ResetLog()
		c.rebinds(false)
		if _, err := c.engine.Rebind(c.t.Context(), sync.RebindOrder{By: "eve"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("once more: %v", err)
		}
		if n := next.omni.Writes(); n != 0 || c.tied("") != "" {
			t.Errorf("%d writes; linked: %s", n, c.tied(""))
		}
		r := c.run(sync.Full)
		if r.Kind != sync.Reconcile || !strings.Contains(r.Notes[0], "the ledger was bound to other sides by eve on 2000-01-01") {
			t.Errorf("the next run: %+v", r)
		}
		toldOf(c.t, "held", c.status().Held[0].Changes, "create cat@acme.co held", "create dan@acme.co held")
		c.approved()
		c.run(sync.Full)
		c.want(c.run(sync.Full), sync.Done)
		if got := c.tied("ada@acme.co"); !strings.HasPrefix(got, "ADA@acme.co adopted ") {
			t.Errorf("ada: %s", got)
		}
		c.wantActive("ADA@acme.co", "bob@acme.co", "cat@acme.co", "dan@acme.co", "eve@acme.co")
		c.silent()
		c.omni = was
		if now := snapshot(c); now != stands {
			t.Errorf("the old Omni has\n%s\nand had\n%s", now, stands)
		}
		if !strings.Contains(strings.Join(c.logged(), "\n"), "rebind  applied the ledger of Okta") {
			t.Errorf("the log: %q", c.logged())
		}
	})
}

// Only the app is another: all ids are the same, and so are the links. Who isn't assigned in
// the new one isn't deactivated unasked.
func TestRebindToAnotherApp(t *testing.T) {
	c := newCompany(t, lenient())
	next := newCompany(t, lenient())
	simulatedOn(t, c, func(c *company) {
		ids := c.join("ada@acme.co", "bob@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		right := c.omni.AddUser("ada.lovelace@acme.co", "Countess")
		c.ties(sync.LinkOrder{Subject: ids[0], OmniID: right}, fault.Other)
		c.okta, c.source = next.okta, next.source
		if again := c.join("ada@acme.co"); again[0] != ids[0] {
			t.Fatalf("the org is another: %s, %s", again, ids)
		}
		c.moved(sync.Identity{Name: "acme", Org: "http://127.0.0.1", App: "another", Omni: "http://127.0.0.1"})
		if r := c.rebinds(false); !r.Stay || r.Users.Linked != 2 {
			t.Errorf("it tells %+v", r)
		}
		if u := c.record(ids[0]); string(u.Omni) != right || u.Link != state.LinkedByHand {
			t.Errorf("ada is linked as %+v", u)
		}
		<-time.After(48 * time.Hour)
		c.run(sync.Full)
		held := c.status().Held
		if len(held) == 0 || omniUser(c, "bob@acme.co").Active == false {
			t.Errorf("held: %+v", held)
		}
	})
}

// A side that can't be read whole is doubt, and an app that isn't there is refused: nothing
// is done.
func TestRebindOnDoubt(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.join("ada@acme.co", "bob@acme.co")
		if _, err := c.engine.Rebind(c.t.Context(), sync.RebindOrder{By: "eve"}); !fault.Is(err, fault.Refused) {
			t.Errorf("an empty ledger: %v", err)
		}
		c.want(c.run(sync.Full), sync.Done)
		if _, err := c.engine.Rebind(c.t.Context(), sync.RebindOrder{By: "eve"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("the same sides: %v", err)
		}
		c.moved(sync.Identity{Name: "acme", Org: "http://127.0.0.1", App: c.okta.ID(), Omni: "http://other"})
		before := c.ledger()
		for _, path := range []string{"/api/v1/apps/" + c.okta.ID() + "/users", "/api/scim/v2/Users", "/api/scim/v2/Groups", "/api/v1/apps/" + c.okta.ID()} {
			faults := &c.omniFaults
			if strings.HasPrefix(path, "/api/v1") {
				faults = &c.oktaFaults
			}
			planted := faults.Add(sim.Fault{Path: path, Do: sim.Status(404, `{}`, nil)})
			if _, err := c.engine.Rebind(c.t.Context(), sync.RebindOrder{By: "eve"}); err == nil {
				t.Errorf("%s fails, and it was done", path)
			}
			planted.Remove()
		}
		if c.ledger() != before {
			t.Error("the ledger was changed")
		}
	})
}

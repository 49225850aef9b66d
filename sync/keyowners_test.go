package sync_test

import (
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// keyedBy founds a company of which Omni, or the configuration, says that person000 made
// the key. alerts counts the lines that tell of the key.
func keyedBy(t *testing.T, policy sync.Policy, omniTells bool, play func(c *company, id string, alerts func() int)) {
	t.Helper()
	simulated(t, policy, func(c *company) {
		core, seen := observer.New(zap.WarnLevel)
		c.logs = zap.New(core)
		ids := c.join(staff(4)...)
		c.start()
		c.want(c.run(sync.Full), sync.Done)
		if omniTells {
			c.keyIsOf("person000@acme.co")
		} else {
			c.keyOwners = []string{"Person000@acme.co"}
		}
		c.start()
		play(c, ids[0], func() int { return seen.FilterMessage("the owner of an API key leaves").Len() })
	})
}

func (c *company) keyIsOf(name string) {
	c.t.Helper()
	c.omni.SetKnobs(simomni.Knobs{KeyOwners: map[string]string{"key": omniUser(c, name).ID}})
}

// whoAmI counts how often Omni was asked whose the key is.
func (c *company) whoAmI() int {
	n := 0
	for _, r := range c.omni.Requests() {
		if r.Kind == simomni.WhoAmI {
			n++
		}
	}
	return n
}

// wantKeys wants the status to name the owner of the key, "" for no key to replace.
func (c *company) wantKeys(owner string) {
	c.t.Helper()
	keys := c.status().Keys
	switch {
	case owner == "" && len(keys) > 0, owner != "" && len(keys) != 1:
		c.t.Fatalf("the status tells of %+v, want the key of %q", keys, owner)
	case owner != "" && (keys[0].Owner != owner || keys[0].Key != "omni.api_keys[0]" || keys[0].Since.IsZero() || !strings.Contains(keys[0].Hint, "under omni.api_keys[0]")):
		c.t.Fatalf("%+v, want the key of %s", keys[0], owner)
	}
}

// TestOwnerOfAKeyLeaves: a person is told daily, and Omni asked daily, until the owner
// is assigned again.
func TestOwnerOfAKeyLeaves(t *testing.T) {
	for _, omniTells := range []bool{true, false} {
		keyedBy(t, lenient(), omniTells, func(c *company, id string, alerts func() int) {
			c.run(sync.Full)
			c.omni.ResetLog()
			c.wantKeys("")
			c.okta.Unassign(id)
			r := c.run(sync.Full)
			if told := strings.Join(r.Notes, "\n"); alerts() != 1 || !strings.Contains(told, "the API key at omni.api_keys[0] was made by person000@acme.co, who is no longer assigned in Okta") {
				t.Errorf("%d alerts; notes %q", alerts(), r.Notes)
			}
			for hour := range 72 {
				c.wantKeys("person000@acme.co")
				<-time.After(time.Hour)
				if r = c.run(sync.Full); len(r.Notes) > 0 != ((hour+1)%23 == 0) { // an hour before the day is over
					t.Errorf("hour %d: notes %q", hour+1, r.Notes)
				}
			}
			if n := c.whoAmI(); alerts() != 4 || n < 3 || n > 4 {
				t.Errorf("%d alerts in three days; Omni was asked %d times", alerts(), n)
			}
			c.okta.Assign(id, simokta.AssignOptions{})
			c.run(sync.Full)
			c.wantKeys("")
			<-time.After(25 * time.Hour)
			c.run(sync.Full)
			if alerts() != 4 {
				t.Errorf("%d alerts, after the owner came back", alerts())
			}
		})
	}
}

// TestAnotherKey: with a key that somebody else made, nothing is left to do.
func TestAnotherKey(t *testing.T) {
	keyedBy(t, lenient(), true, func(c *company, id string, alerts func() int) {
		c.okta.Unassign(id)
		c.run(sync.Full)
		c.wantKeys("person000@acme.co")
		c.keyIsOf("person002@acme.co")
		c.run(sync.Full)
		c.wantKeys("person000@acme.co") // not asked again before the day is over
		c.start()
		c.run(sync.Reconcile)
		c.wantKeys("")
		if alerts() != 1 {
			t.Errorf("%d alerts", alerts())
		}
	})
}

// TestOwnerIsForgotten: who is deleted by a delta is nobody in the ledger any more, and
// the alert stays.
func TestOwnerIsForgotten(t *testing.T) {
	policy := lenient()
	policy.Action, policy.Settle = "delete", 0
	keyedBy(t, policy, true, func(c *company, id string, alerts func() int) {
		c.run(sync.Full)
		<-time.After(time.Minute)
		c.watch()
		c.okta.Unassign(id)
		<-time.After(time.Minute)
		c.watch()
		if _, there := c.omni.User("person000@acme.co"); there || alerts() != 1 {
			t.Fatalf("still there: %t; %d alerts", there, alerts())
		}
		c.start()
		for range 3 {
			<-time.After(24 * time.Hour)
			c.run(sync.Full)
			c.wantKeys("person000@acme.co")
		}
		if alerts() != 4 {
			t.Errorf("%d alerts in four days", alerts())
		}
	})
}

// TestNoAlarmAboutKeys: whoever isn't ours, a question that fails, and a list that can't
// be believed raise none.
func TestNoAlarmAboutKeys(t *testing.T) {
	for name, row := range map[string]struct {
		answer sim.Effect // to the question; nil: the stand-in's
		asked  int        // in two days of hourly runs, at most
	}{
		"an owner who isn't ours": {nil, 3},
		"an older Omni":           {sim.Status(404, `{"detail": "Not found"}`, nil), 3},
		"refused":                 {sim.Status(403, `{"detail": "no"}`, nil), 3},
		"no answer to it":         {sim.Status(200, `{}`, nil), 3},
		"Omni fails at it":        {sim.Status(500, `{}`, nil), 3 * 4},
	} {
		t.Run(name, func(t *testing.T) {
			keyedBy(t, lenient(), true, func(c *company, id string, alerts func() int) {
				c.omni.SetKnobs(simomni.Knobs{KeyOwners: map[string]string{"key": c.omni.AddUser("admin@acme.co", "Admin")}})
				c.okta.Unassign(id)
				c.omni.ResetLog()
				asked := c.whoAmI
				if row.answer != nil {
					asked = c.omniFaults.Add(sim.Fault{Path: "/api/v1/whoami", Do: row.answer}).Fired
				}
				for range 48 {
					c.want(c.run(sync.Full), sync.Done)
					<-time.After(time.Hour)
				}
				c.wantKeys("")
				if n := asked(); alerts() != 0 || n == 0 || n > row.asked {
					t.Errorf("%d alerts; Omni was asked %d times", alerts(), n)
				}
			})
		})
	}
	keyedBy(t, lenient(), true, func(c *company, id string, alerts func() int) {
		c.run(sync.Full)
		c.okta.Unassign(id)
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/*/users", Do: sim.Status(200, `[]`, nil)})
		if r := c.run(sync.Full); len(r.Doubts) == 0 || alerts() != 0 {
			t.Errorf("%d alerts in a run with the doubts %q", alerts(), r.Doubts)
		}
		c.wantKeys("")
	})
}

// TestKeyOfDryRuns: they ask nobody and keep nothing.
func TestKeyOfDryRuns(t *testing.T) {
	keyedBy(t, lenient(), true, func(c *company, id string, alerts func() int) {
		c.okta.Unassign(id)
		c.omni.ResetLog()
		c.pass(sync.Request{Kind: sync.Full, DryRun: true})
		c.wantKeys("")
		if n := c.whoAmI(); n != 0 || alerts() != 0 {
			t.Errorf("asked %d times, %d alerts", n, alerts())
		}
	})
}

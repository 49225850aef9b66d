package sync_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// saved is what is kept of somebody, as JSON.
func (c *company) saved(who string) string {
	c.t.Helper()
	list, err := c.engine.Saved(c.t.Context(), who)
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := json.Marshal(list)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// What was saved comes back from the archive when the ledger is lost, set back or
// replaced, and what was restored isn't restored once more.
func TestSavedOutlivesTheLedger(t *testing.T) {
	for _, how := range []string{"gone", "older", "before it was restored"} {
		first := newMemory()
		c := newCompanyOn(t, lenient(), first, 60)
		simulatedOn(t, c, func(c *company) {
			c.archived()
			ids := c.join(adaMail, bobMail, cydMail)
			c.want(c.run(sync.Full), sync.Done)
			next := first.copied()
			c.owns(adaMail)
			c.leaves(adaMail, ids[0])
			if how == "before it was restored" {
				next = first.copied()
			}
			c.restore(sync.RestoreRequest{Who: adaMail, To: bobMail, Only: []string{"Hook"}})
			want := c.saved(adaMail)
			if how == "gone" {
				next = newMemory()
			}
			c.loses(next)
			if _, err := c.engine.Restore(c.t.Context(), sync.RestoreRequest{Who: adaMail, To: cydMail}); err == nil || !strings.Contains(err.Error(), "what was saved isn't known now") {
				t.Errorf("%s: restored before a run: %v", how, err)
			}
			if report := c.run(sync.Full); report.Kind != sync.Reconcile {
				t.Errorf("%s: it isn't noticed", how)
			}
			if got := c.saved(adaMail); got != want || len(want) < 500 {
				t.Errorf("%s: saved is\n%s\nwant\n%s", how, got, want)
			}
			report := c.restore(sync.RestoreRequest{Who: adaMail, To: cydMail})
			if want := "done:, Alarm restored cyd@acme.co, Hook before bob@acme.co, Weekly & <all> restored cyd@acme.co"; became(report) != want {
				t.Errorf("%s: %s", how, became(report))
			}
		})
	}
}

// What is no longer kept is neither listed nor restored. The next run that reads all of
// Okta, and no other, forgets it, and no loss brings it back.
func TestSavedIsForgotten(t *testing.T) {
	c := newCompany(t, lenient())
	empty := embedded(t)
	simulatedOn(t, c, func(c *company) {
		c.archived()
		ids := c.join(adaMail, bobMail, cydMail)
		c.want(c.run(sync.Full), sync.Done)
		c.owns(adaMail)
		c.leaves(adaMail, ids[0])
		<-time.After(24 * time.Hour)
		c.owns(cydMail)
		c.leaves(cydMail, ids[2])
		<-time.After(90*24*time.Hour - 12*time.Hour)
		count := func() (n int) {
			for _, err := range state.All[state.Saved](c.t.Context(), c.store, state.Saves) {
				if n++; err != nil {
					t.Fatal(err)
				}
			}
			return n
		}
		if _, err := c.engine.Restore(c.t.Context(), sync.RestoreRequest{Who: adaMail, To: bobMail}); err == nil || c.saved(adaMail) != "[]" || c.saved(cydMail) == "[]" {
			t.Errorf("ada's is over, cyd's isn't: %v", err)
		}
		if c.pass(sync.Request{Kind: sync.Full, DryRun: true}); count() != 8 {
			t.Errorf("after a dry run there are %d", count())
		}
		if c.run(sync.Full); count() != 4 {
			t.Errorf("after a run there are %d", count())
		}
		c.loses(empty)
		if c.run(sync.Full); count() != 4 || c.saved(adaMail) != "[]" {
			t.Errorf("after a loss there are %d", count())
		}
	})
}

// Whose it was is found by any of their names and ids, and by nobody else's.
func TestSavedIsFound(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(adaMail, bobMail)
		c.want(c.run(sync.Full), sync.Done)
		owner := identity.OmniID(omniUser(c, adaMail).ID)
		c.okta.SetUserName(ids[0], "ada@new.co")
		c.want(c.run(sync.Full), sync.Done)
		now := time.Now()
		k := sync.Keeping{Okta: identity.OktaID(ids[0]), Omni: owner, UserName: "ada@new.co", Run: "r", Now: now, Until: now.Add(time.Hour)}
		if err := c.engine.Keep(c.t.Context(), k, []identity.Schedule{{ID: "s1", Name: "Weekly"}}, nil); err != nil {
			t.Fatal(err)
		}
		for who, found := range map[string]bool{"ADA@new.co": true, "Ada@acme.co ": true, ids[0]: true, string(owner): true, bobMail: false, "": false, "ada": false, "s1": false} {
			if got := c.saved(who) != "[]"; got != found {
				t.Errorf("%q finds %s", who, c.saved(who))
			}
		}
	})
}

package sync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// unlinkedAda is a company in which ada was unlinked from her account.
func unlinkedAda(c *company) (ids []string, account string) {
	c.t.Helper()
	ids = c.join("ada@acme.co", "bob@acme.co")
	c.push("Sales", ids...)
	c.want(c.run(sync.Full), sync.Done)
	account = c.omniID("ada@acme.co")
	c.omni.ResetLog()
	answer := c.ties(sync.LinkOrder{Subject: "ada@acme.co"}, fault.Other)
	if answer.Was.OmniID != account || answer.Account != nil || !strings.Contains(strings.Join(answer.Notes, "\n"), "keeps its access and its groups until somebody decides in Omni") {
		c.t.Errorf("unlinked: %+v", answer)
	}
	return ids, account
}

// wantsHeld fails unless what waits is ada's account alone, after runs of all kinds, and
// nothing was written to Omni.
func (c *company) wantsHeld(says string) {
	c.t.Helper()
	for range 2 {
		for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
			c.run(kind)
		}
		c.user("ada@acme.co")
	}
	if n := c.omni.Writes(); n != 0 {
		c.t.Errorf("%d writes", n)
	}
	s := c.status()
	if len(s.Held) != 1 || s.Held[0].Count != 1 || s.Held[0].Kind != "unlinked" || !strings.Contains(s.Held[0].Changes[0].Reason, says) {
		c.t.Errorf("held: %+v", s.Held)
	}
}

// Whoever was unlinked gets no account by itself: not the one of before by name, and none
// besides. The account stays as it is, in its groups too.
func TestUnlinkHoldsTheNextLink(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids, account := unlinkedAda(c)
		c.wantsHeld("unlinked from Omni's account " + account + " by eve on 2000-01-01; once approved")
		if u := omniUser(c, "ada@acme.co"); !u.Active || fmt.Sprint(u.Groups) != "[Sales]" {
			t.Errorf("the account is %+v", u)
		}
		if got := c.tied("ada@acme.co"); !strings.HasPrefix(got, "ada@acme.co unlinked eve ") {
			t.Errorf("it tells %s", got)
		}
		c.ties(sync.LinkOrder{Subject: ids[0]}, fault.Refused)
		lines := strings.Join(c.logged(), "\n")
		if strings.Count(lines, "unlink ada@acme.co applied unlinked by eve from Omni's account "+account) != 1 || strings.Count(lines, "create ada@acme.co held") != 1 {
			t.Errorf("the log:\n%s", lines)
		}
	})
}

// What ends it: an approval, after which they are adopted by name as anybody; a link to
// another account; the end of the assignment, with which nothing is done to the account.
func TestUnlinkEnds(t *testing.T) {
	t.Run("approved", func(t *testing.T) {
		simulated(t, lenient(), func(c *company) {
			_, account := unlinkedAda(c)
			c.wantsHeld("unlinked")
			c.decide(state.Approved)
			c.want(c.run(sync.Full), sync.Done)
			if got := c.omniID("ada@acme.co"); got != account {
				t.Errorf("the account is %s, was %s", got, account)
			}
			if got := c.tied("ada@acme.co"); !strings.HasPrefix(got, "ada@acme.co adopted ") {
				t.Errorf("it tells %s", got)
			}
			c.inStep()
		})
	})
	t.Run("rejected", func(t *testing.T) {
		simulated(t, lenient(), func(c *company) {
			unlinkedAda(c)
			c.wantsHeld("unlinked")
			c.decide(state.Rejected)
			r := c.run(sync.Full)
			c.want(r, sync.Done)
			toldOf(c.t, "rejected", r.Changes, "create ada@acme.co kept")
			c.ties(sync.LinkOrder{Subject: "ada@acme.co", OmniID: c.omniID("ada@acme.co")}, fault.Other)
			c.want(c.run(sync.Full), sync.Done)
			c.inStep()
		})
	})
	t.Run("linked", func(t *testing.T) {
		simulated(t, lenient(), func(c *company) {
			ids, account := unlinkedAda(c)
			c.wantsHeld("unlinked")
			c.ties(sync.LinkOrder{Subject: ids[0], OmniID: account}, fault.Other)
			c.want(c.run(sync.Full), sync.Done)
			if s := c.status(); len(s.Held) != 0 {
				t.Errorf("held: %+v", s.Held)
			}
			c.inStep()
		})
	})
	t.Run("unassigned", func(t *testing.T) {
		simulated(t, lenient(), func(c *company) {
			ids, account := unlinkedAda(c)
			c.wantsHeld("unlinked")
			c.okta.Unassign(ids[0])
			c.want(c.run(sync.Full), sync.Done)
			if got := c.tied(""); strings.Contains(got, "ada@acme.co") {
				t.Errorf("it tells %s", got)
			}
			if u := omniUser(c, "ada@acme.co"); !u.Active || u.ID != account {
				t.Errorf("the account is %+v", u)
			}
			c.okta.Assign(ids[0], simokta.AssignOptions{})
			c.want(c.run(sync.Full), sync.Done)
			c.inStep()
		})
	})
}

// An empty list, or one of which Okta takes back what it said, ends nothing that a person
// said.
func TestUnlinkOutlivesAWrongList(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		unlinkedAda(c)
		c.wantsHeld("unlinked")
		path := "/api/v1/apps/" + c.okta.ID() + "/users"
		planted := c.oktaFaults.Add(sim.Fault{Path: path, Do: sim.Status(200, `[]`, nil)})
		c.run(sync.Full)
		planted.Remove()
		c.wantsHeld("unlinked")
	})
}

// Who is leaving is linked to the wrong account: unlinked in time, it isn't deactivated.
func TestUnlinkSavesAnAccountFromALeaver(t *testing.T) {
	simulated(t, graceful(), func(c *company) {
		ids := c.join("ada@acme.co", "bob@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Unassign(ids[0])
		c.run(sync.Full)
		notes := strings.Join(c.ties(sync.LinkOrder{Subject: "ada@acme.co", DryRun: true}, fault.Other).Notes, "\n")
		if !strings.Contains(notes, "the account would have been deactivated, and isn't now") || strings.Contains(notes, "approves") {
			t.Errorf("seen first: %s", notes)
		}
		c.ties(sync.LinkOrder{Subject: "ada@acme.co"}, fault.Other)
		<-time.After(48 * time.Hour)
		c.run(sync.Full)
		c.run(sync.Reconcile)
		if u := omniUser(c, "ada@acme.co"); !u.Active || c.out() != "" {
			t.Errorf("the account is %+v, on the way out: %s", u, c.out())
		}
		c.ties(sync.LinkOrder{Subject: "bob@acme.co", OmniID: c.omniID("ada@acme.co"), DryRun: true}, fault.Other)
	})
}

// A full run that was planned before does nothing to anybody's account on the strength of the
// link of before: it makes none, and changes none.
func TestLinkWhileARunIsUnderWay(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		early := c.join(staff(20)...)
		ids := c.join("zada@acme.co", "zcat@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		cat := c.omniID("zcat@acme.co")
		right, dan := c.omni.AddUser("zada.lovelace@acme.co", "Countess"), c.omni.AddUser("zdan.old@acme.co", "Dan")
		ids = append(ids, c.join("zdan@acme.co")...)
		for _, id := range append(early, ids[:2]...) {
			c.okta.UpdateProfile(id, map[string]any{"department": "Law"})
		}
		c.omniFaults.Add(sim.Fault{Method: "PATCH", Do: sim.Delay(8 * time.Second)})
		c.omni.ResetLog()
		ended := make(chan sync.Report, 1)
		go func() { ended <- c.run(sync.Full) }()
		for c.omni.Writes() == 0 { // the plan is made
			<-time.After(time.Second)
		}
		c.ties(sync.LinkOrder{Subject: "zada@acme.co", OmniID: right}, fault.Other)
		c.ties(sync.LinkOrder{Subject: "zcat@acme.co"}, fault.Other)
		c.ties(sync.LinkOrder{Subject: "zdan@acme.co", OmniID: dan}, fault.Other)
		r := <-ended
		var left []string
		for _, change := range r.Changes {
			if change.State == state.Kept && strings.Contains(change.Reason, "something newer") {
				left = append(left, change.UserName)
			}
		}
		if got := strings.Join(left, " "); got != "zada@acme.co zcat@acme.co zdan@acme.co" {
			t.Errorf("left to the next run: %s\n%s", got, printed(r))
		}
		for _, id := range []string{ids[0], ids[2]} {
			if u := c.record(id); u.Link != state.LinkedByHand {
				t.Errorf("%s is linked as %+v", id, u)
			}
		}
		if n := len(c.omni.Users()); n != 24 || c.record(ids[1]).Omni != "" || c.omniID("zcat@acme.co") != cat {
			t.Errorf("Omni has %d accounts, cat is linked as %+v", n, c.record(ids[1]))
		}
	})
}

// An account that a run is about to adopt for one is another's by a person's word: it is
// adopted no more.
func TestLinkBeforeAnAdoption(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		early := c.join(staff(20)...)
		ada := c.join("ada@acme.co")[0]
		c.want(c.run(sync.Full), sync.Done)
		account := c.omni.AddUser("zoe@acme.co", "Zoe")
		zoe := c.join("zoe@acme.co")[0]
		for _, id := range early {
			c.okta.UpdateProfile(id, map[string]any{"department": "Law"})
		}
		c.omniFaults.Add(sim.Fault{Method: "PATCH", Do: sim.Delay(8 * time.Second)})
		c.omni.ResetLog()
		ended := make(chan sync.Report, 1)
		go func() { ended <- c.run(sync.Reconcile) }()
		for c.omni.Writes() == 0 {
			<-time.After(time.Second)
		}
		c.ties(sync.LinkOrder{Subject: "ada@acme.co", OmniID: account}, fault.Other)
		r := <-ended
		if a, z := c.record(ada), c.record(zoe); string(a.Omni) != account || z.Omni == a.Omni {
			t.Errorf("ada has %s, zoe %s\n%s", a.Omni, z.Omni, printed(r))
		}
	})
}

// The id that Okta's push knows stays the same, and points to the account that a person named;
// while somebody is unlinked, a push waits.
func TestPushFollowsALinkByHand(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		p := c.withPush(true)
		defer p.stop()
		ids := c.join(newcomer(0).UserName)
		comes := newcomer(0)
		comes.External = ids[0]
		u := p.enrolled(comes)
		c.want(c.run(sync.Full), sync.Done)
		if got := c.tied(ids[0]); !strings.HasPrefix(got, "person000@acme.co pushed push ") {
			t.Errorf("it tells %s", got)
		}
		right := c.omni.AddUser("right@acme.co", "Right")
		c.ties(sync.LinkOrder{Subject: ids[0]}, fault.Other)
		err := func() error {
			_, err := p.pushes.EditUser(c.t.Context(), "push test", u.ID, func(u identity.PushedUser) (identity.PushedUser, error) { u.Title = "Dr"; return u, nil })
			return err
		}()
		if !fault.Is(err, fault.Limited) || !strings.Contains(fault.HintOf(err), "syncd approve") {
			t.Errorf("a push of somebody unlinked: %v (%s)", err, fault.HintOf(err))
		}
		c.ties(sync.LinkOrder{Subject: ids[0], OmniID: right}, fault.Other)
		p.altered(u.ID, func(u *identity.PushedUser) { u.UserName = "renamed@acme.co" })
		got, err := p.pushes.User(c.t.Context(), u.ID)
		if err != nil || got.ID != u.ID || got.UserName != "renamed@acme.co" || omniUser(c, "renamed@acme.co").ID != right {
			t.Errorf("the resource is %+v, %v", got, err)
		}
		if u := omniUser(c, newcomer(0).UserName); !u.Active {
			t.Error("the account of before was changed")
		}
	})
}

// Who was unlinked and left can be forgotten: what was said of them names them no more, in
// the ledger and the archive.
func TestUnlinkedIsForgotten(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.archived()
		ids, _ := unlinkedAda(c)
		c.okta.Unassign(ids[0]) // nobody has read it yet, so that the ledger keeps what was said
		if _, err := c.engine.Forget(c.t.Context(), sync.Forgetting{Subject: ids[0], By: "grace"}); err != nil {
			t.Fatal(err)
		}
		for e, err := range c.store.Scan(c.t.Context(), state.Unlinks) {
			if err != nil || strings.Contains(string(e.Value), "ada@") || !strings.Contains(string(e.Value), "forgotten-") {
				t.Errorf("the ledger keeps %s, %v", e.Value, err)
			}
		}
		for r, err := range c.archive.Records() {
			if err != nil || strings.Contains(string(r.Record), "ada@acme.co") {
				t.Errorf("the archive keeps %s, %v", r.Record, err)
			}
		}
	})
}

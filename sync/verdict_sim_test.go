package sync_test

import (
	"context"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// slowLog is an Okta whose System Log takes a while: meanwhile something happens.
type slowLog struct {
	sync.Okta
	meanwhile func()
}

func (o *slowLog) Deeds(ctx context.Context, since time.Time) (identity.Chapter, error) {
	if do := o.meanwhile; do != nil {
		o.meanwhile = nil
		do()
	}
	return o.Okta.Deeds(ctx, since)
}

// What a person decides while a run looks for causes stands.
func TestVerdictMeanwhileStands(t *testing.T) {
	for _, said := range []state.Decision{state.Rejected, state.Approved} {
		simulated(t, defaults(), func(c *company) {
			okta := &slowLog{Okta: c.source}
			c.restartOn(okta)
			ids := c.join(staff(40)...)
			c.want(c.run(sync.Full), sync.Done)
			c.okta.SetKnobs(func(k *simokta.Knobs) { k.Quiet = true })
			for _, id := range ids[:10] {
				c.okta.Unassign(id)
			}
			report := c.run(sync.Full)
			c.want(report, sync.Holding)
			<-time.After(time.Minute)
			okta.meanwhile = func() { c.says(sync.Verdict{Run: report.Run, Decision: said}) }
			c.run(sync.Full)
			if s := c.status(); len(s.Held) != 0 {
				t.Errorf("%s of all 10 during the second look; waits still: %d, rejected: %d", said, s.Held[0].Count, len(s.Rejected))
			}
		})
	}
}

// A star in a name stands for slashes too, so that --except leaves out all that it names.
func TestVerdictStarsTakeSlashes(t *testing.T) {
	policy := lenient()
	policy.Guard.MemberRemovals = sync.Limit{Count: 1, Percent: 100}
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(12)...)
		a, _ := c.push("Sales", ids...)
		b, _ := c.push("Sales/EMEA", ids...)
		d, _ := c.push("Ops", ids...)
		c.want(c.run(sync.Full), sync.Done)
		for _, g := range []string{a, b, d} {
			for _, id := range ids[:3] {
				c.okta.RemoveMember(g, id)
			}
		}
		r := c.run(sync.Full)
		c.want(r, sync.Holding)
		c.says(sync.Verdict{Run: r.Run, Decision: state.Approved, Except: []string{"Sales*"}})
		c.run(sync.Full)
		t.Log(len(c.teamOf("Sales")), len(c.teamOf("Sales/EMEA")), len(c.teamOf("Ops")))
		if n := len(c.teamOf("Sales/EMEA")); n != 12 {
			t.Errorf("approved with --except 'Sales*': Sales/EMEA has %d of 12", n)
		}
	})
}

// A no to the loss of a value stands while an edit of the mapping is held, approved or not.
func TestVerdictOutlivesAnEdit(t *testing.T) {
	for _, th := range threats {
		if th.guard != "attribute_losses" {
			continue
		}
		th.on(t, "bolt", func(c *company, v *victim) {
			v.strikes(0, guardLimit+1)
			r := c.run(sync.Full)
			c.want(r, sync.Holding)
			c.says(sync.Verdict{Run: r.Run, Decision: state.Rejected, Only: v.names[:2]})
			c.says(sync.Verdict{Run: r.Run, Decision: state.Approved})
			c.run(sync.Full)
			v.wantGone(c, guardLimit-1, "two rejected")
			if n := len(c.status().Rejected); n != 2 {
				t.Fatal(n)
			}
			was, rules := c.policy, c.rules
			c.policy.Fingerprint, c.policy.Guard.PolicyChange = "edited", sync.Limit{Count: 1, Percent: 100}
			c.rules.DisplayName = `"x " + app.userName`
			c.rules.DisplayName = `"x " + user.email`
			c.start()
			edited := c.run(sync.Full)
			t.Log(edited.Counts, c.status().Held[0].Count, "rejected now", len(c.status().Rejected))
			_, _ = was, rules
			if n := len(c.status().Rejected); n != 2 {
				t.Errorf("the edit is held, and %d are rejected, want 2", n)
			}
			c.says(sync.Verdict{Run: edited.Run, Decision: state.Approved})
			c.run(sync.Full)
			v.wantGone(c, guardLimit-1, "the edit is approved")
		})
	}
}

// The weekly recall brings back no rejection that Okta has made an end of.
func TestRecallLeavesWhatIsOver(t *testing.T) {
	for _, th := range threats {
		if th.guard == "creations" {
			continue
		}
		t.Run(th.name, func(t *testing.T) {
			th.on(t, "bolt", func(c *company, v *victim) {
				v.strikes(0, guardLimit+1)
				r := c.run(sync.Full)
				c.want(r, sync.Holding)
				c.says(sync.Verdict{Run: r.Run, Decision: state.Rejected})
				c.run(sync.Full)
				<-time.After(7*24*time.Hour + time.Minute)
				v.heal(0)
				c.run(sync.Full)
				n := 0
				for _, r := range c.status().Rejected {
					n++
					if r.Before != nil && len(r.Before.Members) > 0 { // those of one group are one
						n += len(r.Before.Members) - 1
					}
				}
				if n != guardLimit {
					t.Errorf("%d rejected, want %d: one was put right", n, guardLimit)
				}
				<-time.After(30 * time.Minute)
				v.strike(0)
				c.run(sync.Full)
				v.wantGone(c, 1, "put right and taken away once more")
			})
		})
	}
}

// An approval of a new username ends as others do.
func TestApprovalOfARenameEnds(t *testing.T) {
	policy := lenient()
	policy.OnUsername = "hold"
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(3)...)
		c.want(c.run(sync.Full), sync.Done)
		c.okta.SetUserName(ids[0], "new@acme.co")
		r := c.run(sync.Full)
		c.want(r, sync.Holding)
		c.says(sync.Verdict{Run: r.Run, Decision: state.Approved})
		<-time.After(48 * time.Hour)
		t.Log("status before", c.status().Held)
		r = c.run(sync.Full)
		t.Log(r.Outcome, r.Counts)
		if r.Outcome != sync.Holding {
			t.Errorf("an approval 48 h old was acted upon")
		}
	})
}

// A removal of a member is named by the member's id too.
func TestVerdictByID(t *testing.T) {
	policy := lenient()
	policy.Guard.MemberRemovals = sync.Limit{Count: 1, Percent: 100}
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(12)...)
		g, _ := c.push("Sales", ids...)
		c.want(c.run(sync.Full), sync.Done)
		for _, id := range ids[:3] {
			c.okta.RemoveMember(g, id)
		}
		r := c.run(sync.Full)
		c.want(r, sync.Holding)
		for _, word := range []string{ids[0], staff(1)[0]} {
			d, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: r.Run, Decision: state.Rejected, By: "ada", Only: []string{word}})
			if err != nil || len(d.Decided)+len(d.Already) != 1 {
				t.Errorf("by %s: %+v, %v", word, d, err)
			}
		}
	})
}

// A no to a deactivation is a no to a deletion.
func TestVerdictOutlivesAnotherAction(t *testing.T) {
	policy := lenient()
	policy.Guard.Deactivations = sync.Limit{Count: 3, Percent: 100}
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(12)...)
		c.want(c.run(sync.Full), sync.Done)
		for _, id := range ids[:4] {
			c.okta.Unassign(id)
		}
		r := c.run(sync.Full)
		c.want(r, sync.Holding)
		c.says(sync.Verdict{Run: r.Run, Decision: state.Rejected, Only: staff(2)})
		c.says(sync.Verdict{Run: r.Run, Decision: state.Approved})
		c.run(sync.Full)
		if n := active(c); n != 10 {
			t.Fatal(n)
		}
		c.policy.Action = "delete"
		c.start()
		c.run(sync.Full)
		if n := active(c); n != 10 {
			t.Errorf("%d are there, want 10: the two who were rejected are deleted", n)
		}
	})
}

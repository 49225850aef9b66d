package sync_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Pushes that come at once are measured together: eight groups lose eight of their ten
// members each, and no more than the limit are gone.
func TestPushGuardCountsAtOnce(t *testing.T) {
	const groups, each, leave, limit = 8, 10, 8, 8 // 10 % of 80
	c := newCompanyOn(t, defaults(), embedded(t), 600)
	simulatedOn(t, c, func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		var ids [groups]string
		var members [groups][]string
		for g := range groups {
			for k := range each {
				members[g] = append(members[g], p.enrolled(newcomer(g*each+k)).ID)
			}
			ids[g] = p.gathered(fmt.Sprint("G", g), members[g]...)
		}
		<-time.After(time.Minute)
		c.omniFaults.Add(sim.Fault{Method: "PATCH", Do: sim.Delay(time.Second)})
		answers := make(chan error, groups)
		for g := range groups {
			go func() { answers <- p.without(ids[g], members[g][:leave]...) }()
		}
		for range groups {
			if err := <-answers; err != nil {
				c.t.Errorf("a removal isn't accepted: %v", err)
			}
		}
		<-time.After(time.Hour)
		left, held := 0, 0
		for g := range groups {
			left += len(c.teamOf(fmt.Sprint("G", g)))
		}
		for _, n := range c.waits() {
			held += n
		}
		gone := groups*each - left
		if gone > limit || gone == 0 || held != groups*leave-gone {
			c.t.Errorf("%d members are gone and %d wait, of %d; the limit is %d", gone, held, groups*leave, limit)
		}
	})
}

// What a person rejects while a pushed removal is being confirmed stays rejected.
func TestPushKeepsDecisions(t *testing.T) {
	policy := defaults()
	policy.Guard.Deactivations = sync.Limit{Count: 3, Percent: 100}
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(20)...)
		okta := &watchedOkta{Okta: c.source}
		p := c.pushesOn(okta, nil, true)
		defer p.stop()
		c.want(c.run(sync.Full), sync.Done)
		for _, id := range ids[:5] {
			c.okta.Unassign(id)
		}
		wave := c.run(sync.Full)
		c.want(wave, sync.Holding)
		<-time.After(25 * time.Hour) // the window is over
		var decided atomic.Int64
		reject := func(id identity.OktaID) {
			if string(id) != ids[10] || decided.Load() > 0 {
				return
			}
			d, err := c.engine.Decide(context.Background(), sync.Verdict{Run: wave.Run, Decision: state.Rejected, By: "ada"})
			if err != nil {
				c.t.Error(err)
			}
			decided.Store(int64(len(d.Decided)))
		}
		okta.then.Store(&reject)
		c.okta.Unassign(ids[10])
		p.altered(p.of(staff(20)[10]), goes)
		<-time.After(time.Minute)
		if decided.Load() != 5 {
			c.t.Fatalf("%d were rejected meanwhile", decided.Load())
		}
		for _, id := range ids[:5] {
			h, known, err := state.Read[state.Hold](c.t.Context(), c.store, state.Holds, "deactivate:"+id)
			if err != nil || !known || h.Decision != state.Rejected {
				c.t.Errorf("the ledger has %+v, %t, %v of %s", h, known, err, id)
			}
		}
		if n := active(c); n != 19 {
			c.t.Errorf("%d are active", n)
		}
	})
}

// watchful is a policy under which a single creation within the window is let through.
func watchful() sync.Policy {
	policy := defaults()
	policy.Guard.Creations = sync.Limit{Count: 1, Percent: 1e9}
	return policy
}

// A creation that waits, of somebody without an Okta id, waits once however often Okta
// tries, and one approval lets it through.
func TestPushHoldsACreationOnce(t *testing.T) {
	simulated(t, watchful(), func(c *company) {
		c.join(staff(1)...)
		p := c.withPush(true)
		defer p.stop()
		c.want(c.run(sync.Full), sync.Done) // the first load, which no guard holds
		p.enrolled(nameless(1))
		for range 4 {
			if _, err := p.pushes.CreateUser(c.t.Context(), "push", nameless(2)); !fault.Is(err, fault.Limited) {
				c.t.Fatalf("a creation over the limit is answered %v", err)
			}
			<-time.After(time.Minute)
		}
		if held := c.waits(); len(held) != 1 || total(held) != 1 {
			c.t.Fatalf("what waits is %v", held)
		}
		c.approved()
		if _, err := p.pushes.CreateUser(c.t.Context(), "push", nameless(2)); err != nil {
			c.t.Fatalf("after the approval: %v", err)
		}
		if held := c.waits(); len(held) != 0 || active(c) != 3 {
			c.t.Errorf("%v wait, %d are active", held, active(c))
		}
	})
}

func total(counts map[string]int) (n int) {
	for _, k := range counts {
		n += k
	}
	return n
}

// The run that a refused creation says to approve is one that waits, for each of a wave.
func TestPushHintNamesWhatWaits(t *testing.T) {
	simulated(t, watchful(), func(c *company) {
		c.join(staff(1)...)
		p := c.withPush(true)
		defer p.stop()
		c.want(c.run(sync.Full), sync.Done) // the first load, which no guard holds
		p.enrolled(newcomer(1))
		for i := range 3 {
			_, err := p.pushes.CreateUser(c.t.Context(), "push", newcomer(2+i))
			said := strings.Fields(fault.HintOf(err))
			if len(said) < 3 || said[1] != "approve" {
				c.t.Fatalf("creation %d: %v, hint %q", i, err, said)
			}
			if held := c.waits(); len(held) != 1 || held[said[2]] != i+1 {
				c.t.Errorf("creation %d: %s is to be approved, and %v wait", i, said[2], held)
			}
			<-time.After(time.Minute)
		}
	})
}

// The first that Okta says of a group which Omni has is who goes. Of members whom
// nobody assigned it is refused, and says who; of others it is done, or asked about.
func TestPushFirstRemoval(t *testing.T) {
	for name, adopt := range map[string]string{"ask": "ask", "auto": "auto", "strangers": "ask"} {
		t.Run(name, func(t *testing.T) {
			policy := lenient()
			policy.AdoptGroups = adopt
			simulated(t, policy, func(c *company) {
				x, y := c.omni.AddUser("x@acme.co", "X"), c.omni.AddUser("y@acme.co", "Y")
				g := c.omni.AddGroup("G", x, y)
				p := c.withPush(false)
				defer p.stop()
				if name == "strangers" {
					err := p.without(g, x)
					if !fault.Is(err, fault.Declined) || !strings.Contains(err.Error(), x) || strings.Contains(err.Error(), y) {
						c.t.Errorf("it is answered %v", err)
					}
					<-time.After(3 * time.Hour)
					c.stays("G", "x@acme.co", "y@acme.co")
					return
				}
				for i, id := range []string{x, y} {
					p.altered(id, func(u *identity.PushedUser) { u.External = oktaID(7 + i) })
				}
				if err := p.without(g, x); err != nil {
					c.t.Fatalf("it is answered %v", err)
				}
				<-time.After(3 * time.Hour)
				if adopt == "ask" {
					c.stays("G", "x@acme.co", "y@acme.co")
					if held := c.waits(); total(held) != 1 {
						c.t.Fatalf("what waits is %v", held)
					}
					c.approved()
					<-time.After(time.Minute)
				}
				c.stays("G", "y@acme.co")
				c.want(c.run(sync.Reconcile), sync.Done)
				c.stays("G", "y@acme.co")
			})
		})
	}
}

// stays fails unless the group has exactly these active members.
func (c *company) stays(group string, want ...string) {
	c.t.Helper()
	if got := c.teamOf(group); fmt.Sprint(got) != fmt.Sprint(want) {
		c.t.Errorf("%s has %v, want %v", group, got, want)
	}
}

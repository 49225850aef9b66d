package sync_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// tooLong is a name that Omni doesn't take.
const tooLong = "a name of more than sixty-four characters, which Omni doesn't take at all"

// amount fails unless the group has so many active members.
func (c *company) amount(when, group string, want int) {
	c.t.Helper()
	if in := c.teamOf(group); len(in) != want {
		c.t.Errorf("%s %s has %d members, want %d: %v", when, group, len(in), want, in)
	}
}

// Okta begins a push of a group with an empty one. Where a reading made it, its members
// stay.
func TestPushOfAnEmptyGroupTakesNobody(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(20)...)
		c.push("Sales", ids[:10]...)
		p := c.withPush(true)
		defer p.stop()
		c.want(c.run(sync.Full), sync.Done)
		<-time.After(10 * time.Minute)
		p.gathered("Sales")
		c.amount("after the push", "Sales", 10)
		<-time.After(10 * time.Minute)
		for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
			c.want(c.run(kind), sync.Done)
			c.amount("after a "+string(kind)+" run", "Sales", 10)
		}
		c.silent()
	})
}

// The same while the ledger doesn't know the members yet: the answer to the creation
// of the group was lost, and Omni wasn't there to be looked at.
func TestPushOfAnEmptyGroupWhoseCreationIsUnclear(t *testing.T) {
	for name, silent := range map[string]bool{"looked at": false, "not looked at": true} {
		t.Run(name, func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				ids := c.join(staff(10)...)
				p := c.withPush(true)
				defer p.stop()
				c.want(c.run(sync.Full), sync.Done)
				c.push("Sales", ids...)
				cut := c.omniFaults.Add(sim.Fault{Method: "POST", Path: "/api/scim/v2/Groups", Do: sim.CutAfter()})
				if silent {
					c.omniFaults.Add(sim.Fault{Method: "GET", Path: "/api/scim/v2/Groups", Do: sim.CutBefore()})
				}
				c.run(sync.Full)
				if cut.Fired() == 0 {
					c.t.Fatal("no answer was lost")
				}
				c.omniFaults.Clear()
				c.amount("before the push", "Sales", 10)
				<-time.After(6 * time.Minute)
				p.gathered("Sales")
				c.amount("after the push", "Sales", 10)
				<-time.After(10 * time.Minute)
				for range 2 {
					c.want(c.run(sync.Full), sync.Done)
					c.amount("after a full run", "Sales", 10)
				}
			})
		})
	}
}

// Who gets an account doesn't come into a group whose pushing is paused in Okta, and
// does when it goes on.
func TestPushLeavesAPausedGroup(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(2)...)
		late := c.okta.AddUser(simokta.User{Login: "late@acme.co", Email: "late@acme.co", FirstName: "L", LastName: "L"})
		_, mapping := c.push("Sales", append(ids, late)...)
		p := c.withPush(true)
		defer p.stop()
		c.want(c.run(sync.Full), sync.Done)
		c.okta.SetMappingStatus(mapping, "INACTIVE", "")
		c.want(c.run(sync.Full), sync.Done)
		<-time.After(10 * time.Minute)
		c.okta.Assign(late, simokta.AssignOptions{})
		p.enrolled(identity.PushedUser{UserName: "late@acme.co", External: late, Active: true})
		<-time.After(time.Hour)
		if !omniUser(c, "late@acme.co").Active {
			c.t.Fatal("the newcomer has no account")
		}
		c.stays("Sales", staff(2)...)
		c.okta.SetMappingStatus(mapping, "ACTIVE", "")
		c.want(c.run(sync.Full), sync.Done)
		c.stays("Sales", append([]string{"late@acme.co"}, staff(2)...)...)
	})
}

// Members come and go under the old name where Omni doesn't take the new one, and the
// answer tells it.
func TestPushMovesMembersUnderARefusedName(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		a, b := p.enrolled(newcomer(0)), p.enrolled(newcomer(1))
		g := p.gathered("G", a.ID, b.ID)
		name := tooLong
		_, err := p.pushes.EditGroup(c.t.Context(), "push", g, identity.GroupEdit{DisplayName: &name, Members: []identity.MemberEdit{{All: true, IDs: []string{a.ID}}}})
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "64") || !strings.Contains(err.Error(), "old name") {
			c.t.Errorf("it is answered %v", err)
		}
		c.stays("G", a.UserName)
		got, err := p.pushes.Group(c.t.Context(), g, true)
		if err != nil || got.DisplayName != "G" || len(got.Members) != 1 {
			c.t.Errorf("Okta is told %+v, %v", got, err)
		}
	})
}

// readStore counts how often the ledger is read.
type readStore struct {
	store
	reads atomic.Int64
}

func (s *readStore) Get(ctx context.Context, b state.Bucket, key string) ([]byte, bool, error) {
	s.reads.Add(1)
	return s.store.Get(ctx, b, key)
}

// A group that Omni doesn't take isn't tried, or read, all day long for the sake of
// somebody who belongs in it.
func TestPushLeavesARefusedGroupAlone(t *testing.T) {
	s := &readStore{store: embedded(t)}
	c := newCompanyOn(t, lenient(), s, 60)
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(3)...)
		c.push(tooLong, ids...)
		p := c.withPush(true)
		defer p.stop()
		c.want(c.run(sync.Full), sync.Failing)
		<-time.After(10 * time.Minute)
		id := p.of(staff(3)[0])
		c.okta.Unassign(ids[0])
		p.altered(id, goes)
		<-time.After(time.Hour)
		p.altered(id, comesBack)
		<-time.After(time.Hour)
		c.omni.ResetLog()
		s.reads.Store(0)
		<-time.After(24 * time.Hour)
		if reads := s.reads.Load(); reads > 100 || len(c.omni.Requests()) > 0 {
			c.t.Errorf("in a day of nothing the ledger was read %d times, Omni %d", reads, len(c.omni.Requests()))
		}
	})
}

// Okta names in a group somebody whom it knows from before and nobody is linked to. A
// run that reads meanwhile links the account, and leaves the group to its push: who was
// waited for is in the group a moment later, not at the next run.
func TestPushOfAGroupWhoseMemberARunLinks(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ada := c.omni.AddUser("ada@acme.co", "Ada")
		ids := c.join("ada@acme.co")
		c.push("Sales", ids...)
		p := c.withPush(true)
		defer p.stop()
		<-time.After(10 * time.Minute)
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.Latency = time.Second / 2 })
		c.omniFaults.Add(sim.Fault{Do: sim.Delay(5 * time.Second)}) // the push ends when the run has planned
		ended := make(chan sync.Report, 1)
		go func() { ended <- c.run(sync.Full) }()
		<-time.After(500 * time.Millisecond)
		p.gathered("Sales", ada)
		c.stays("Sales")
		c.want(<-ended, sync.Done)
		<-time.After(time.Minute)
		c.stays("Sales", "ada@acme.co")
	})
}

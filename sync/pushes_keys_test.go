package sync_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// slowReads is a store that takes its time to say what was pushed of a user.
type slowReads struct {
	store
	armed atomic.Bool
}

func (s *slowReads) Get(ctx context.Context, b state.Bucket, key string) ([]byte, bool, error) {
	if b == state.PushedUsers && s.armed.Load() {
		<-time.After(5 * time.Second)
	}
	return s.store.Get(ctx, b, key)
}

// A group's push that waits for the turn on a member is told Okta's id of the member
// meanwhile: the membership stands under that, and not under the key from before.
func TestPushOfAMemberWhoGetsAnotherKey(t *testing.T) {
	s := &slowReads{store: embedded(t)}
	simulatedOn(t, newCompanyOn(t, lenient(), s, 60), func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		who, group := p.enrolled(nameless(0)), p.gathered("Sales")
		<-time.After(time.Hour)
		s.armed.Store(true)
		ended := make(chan error, 1)
		go func() { ended <- p.tried(who.ID, func(u *identity.PushedUser) { u.External = oktaID(0) }) }()
		<-time.After(8 * time.Second) // it has found the user, and the turn is its own
		if err := p.edits(group, identity.MemberEdit{IDs: []string{who.ID}}); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		c.stays("Sales", who.UserName)
		told, err := p.pushes.Group(c.t.Context(), group, true)
		if err != nil || len(told.Members) != 1 || told.Members[0].ID != who.ID {
			t.Errorf("Okta is told of the members %v, %v", told.Members, err)
		}
	})
}

// A group that Okta pushed before, and deleted, is made by a run as its push comes
// again: that is one group, and the push succeeds.
func TestPushOfAGroupThatARunMakesAgain(t *testing.T) {
	policy := lenient()
	policy.OnUnpush = "delete"
	simulated(t, policy, func(c *company) {
		p := c.withPush(true)
		defer p.stop()
		ids := c.join(staff(3)...)
		c.want(c.run(sync.Full), sync.Done)
		if err := p.pushes.DeleteGroup(c.t.Context(), "push test", p.gathered("Sales")); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Hour)
		c.push("Sales", ids...)
		<-time.After(10 * time.Minute)
		c.omniFaults.Add(sim.Fault{Method: http.MethodPost, Do: sim.Delay(5 * time.Second)})
		ended := make(chan sync.Report, 1)
		go func() { ended <- c.run(sync.Full) }()
		<-time.After(2 * time.Second)
		group := p.gathered("Sales")
		c.want(<-ended, sync.Done)
		c.stays("Sales", staff(3)...)
		if _, err := p.pushes.Group(c.t.Context(), group, false); err != nil {
			t.Error(err)
		}
		<-time.After(10 * time.Minute)
		c.want(c.run(sync.Reconcile), sync.Done)
		c.inStep()
	})
}

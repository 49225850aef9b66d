package sync_test

import (
	"context"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// counted is a store that notes which buckets are read.
type counted struct {
	store
	mu   mutex
	read map[state.Bucket]int
}

func (s *counted) count(b state.Bucket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read[b]++
}

func (s *counted) Get(ctx context.Context, b state.Bucket, key string) ([]byte, bool, error) {
	s.count(b)
	return s.store.Get(ctx, b, key)
}

func (s *counted) Scan(ctx context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	s.count(b)
	return s.store.Scan(ctx, b)
}

// members counts the readings of any group's members.
func (s *counted) members() int {
	n := 0
	for b, times := range s.read {
		if strings.HasPrefix(string(b), string(state.Members(""))) {
			n += times
		}
	}
	return n
}

// A full run with nothing changed reads of the ledger the index and the groups,
// of Okta no members, and maps nobody.
func TestFullRunReadsWhatMatters(t *testing.T) {
	s := &counted{store: embedded(t), read: map[state.Bucket]int{}}
	c := newCompanyOn(t, defaults(), s, 6000)
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(40)...)
		c.push("Sales", ids[:20]...)
		c.push("Ops", ids[10:]...)
		c.want(c.run(sync.Full), sync.Done)
		for _, step := range []struct {
			name           string
			do             func()
			users, members int
		}{
			{"nothing", func() {}, 0, 0},
			{"a user's department", func() { c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"}) }, 1, 0},
			{"nothing again", func() {}, 0, 0},
			{"an attribute that nothing maps", func() { c.okta.UpdateProfile(ids[0], map[string]any{"shoeSize": "44"}) }, 1, 0},
		} {
			s.read = map[state.Bucket]int{}
			step.do()
			c.want(c.run(sync.Full), sync.Done)
			if got := s.read[state.Users]; got != step.users {
				t.Errorf("%s: users' records were read %d times, want %d", step.name, got, step.users)
			}
			if got := s.members(); got != step.members {
				t.Errorf("%s: members were read %d times, want %d", step.name, got, step.members)
			}
		}
		c.inStep()
	})
}

// An account that was deleted in Omni by hand is made anew when Okta next changes
// it, and comes back into its groups, without reading Omni whole.
func TestAccountGoneFromOmniComesBackWithItsGroups(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		ids := c.join(staff(12)...)
		c.push("Sales", ids...)
		c.run(sync.Full)
		c.omni.RemoveUser(omniUser(c, staff(1)[0]).ID)
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"})
		c.run(sync.Full)
		c.run(sync.Full)
		c.inStep()
	})
}

// A group that was deleted in Omni by hand is made anew with everybody when one
// more joins it.
func TestGroupGoneFromOmniComesBackWhole(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		ids := c.join(staff(12)...)
		sales, _ := c.push("Sales", ids[:11]...)
		c.run(sync.Full)
		g, _ := c.omni.Group("Sales")
		c.omni.RemoveGroup(g.ID)
		c.okta.AddMember(sales, ids[11])
		c.want(c.run(sync.Full), sync.Done)
		c.inStep()
	})
}

// Nothing of a group that was let go stays in the ledger.
func TestReleasedGroupIsForgotten(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(12)...)
		sales, mapping := c.push("Sales", ids...)
		c.run(sync.Full)
		c.okta.Unpush(mapping)
		c.want(c.run(sync.Full), sync.Done)
		for e, err := range c.store.Scan(t.Context(), state.Members(identity.GroupID(sales))) {
			t.Errorf("%s is still a member of the group that was let go (%v)", e.Key, err)
		}
	})
}

// Who is reassigned within the grace stays as they were, and is looked at again
// only while something is open.
func TestReassignedWithinGrace(t *testing.T) {
	policy := defaults()
	policy.Grace = 24 * time.Hour
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(12)...)
		c.push("Sales", ids...)
		c.run(sync.Full)
		c.okta.Unassign(ids[3])
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Assign(ids[3], simokta.AssignOptions{})
		c.omni.ResetLog()
		c.want(c.run(sync.Full), sync.Done)
		<-time.After(48 * time.Hour)
		c.want(c.run(sync.Full), sync.Done)
		if n := c.omni.Writes(); n != 0 {
			t.Errorf("%d writes about somebody who is assigned again", n)
		}
		c.inStep()
	})
}

package sync_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Who was waited for as a member, and became known right before the process ended, is
// in the group after the restart.
func TestPushWhoComesLateOverARestart(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		x := c.omni.AddUser("late@acme.co", "Late")
		p := c.withPush(false)
		a := p.enrolled(newcomer(0))
		p.gathered("G", a.ID, x)
		c.stays("G", a.UserName)
		p.stop()
		p.altered(x, func(u *identity.PushedUser) { u.External, u.DisplayName = oktaID(7), "Late" })
		p = c.withPush(false)
		defer p.stop()
		<-time.After(10 * time.Minute)
		c.stays("G", "late@acme.co", a.UserName)
		c.silent()
	})
}

// unclear is a store whose connection breaks: the first batch is written, and its
// answer lost; nothing is written after it.
type unclear struct {
	store
	away, written atomic.Bool
}

func (s *unclear) Apply(ctx context.Context, f state.Fence, b state.Batch) error {
	if !s.away.Load() || b.Empty() {
		return s.store.Apply(ctx, f, b)
	}
	if s.written.CompareAndSwap(false, true) {
		if err := s.store.Apply(ctx, f, b); err != nil {
			return err
		}
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "the connection broke"}
}

// A removal that stands in the ledger, although its answer was lost, ends.
func TestPushEndsWhoseRecordWasUnclear(t *testing.T) {
	for name, again := range map[string]bool{"Okta comes again": true, "the next run sees to it": false} {
		t.Run(name, func(t *testing.T) {
			s := &unclear{store: embedded(t)}
			simulatedOn(t, newCompanyOn(t, lenient(), s, 60), func(c *company) {
				p := c.withPush(false)
				defer p.stop()
				a := p.enrolled(newcomer(0))
				<-time.After(time.Minute)
				s.away.Store(true)
				ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
				_, err := p.pushes.EditUser(ctx, "push", a.ID, func(u identity.PushedUser) (identity.PushedUser, error) {
					goes(&u)
					return u, nil
				})
				cancel()
				if err == nil || !s.written.Load() {
					c.t.Fatalf("the record is clear: %v", err)
				}
				s.away.Store(false)
				if again {
					p.altered(a.ID, goes)
				} else {
					<-time.After(time.Hour)
					c.run(sync.Full)
				}
				<-time.After(3 * time.Hour)
				if omniUser(c, a.UserName).Active {
					c.t.Errorf("who left is still there: %s", snapshot(c))
				}
			})
		})
	}
}

// A creation that was done when Okta waited no longer is no conflict when it comes
// again; once more, it is.
func TestPushCreationThatWasDoneTooLate(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		slow := c.omniFaults.Add(sim.Fault{Method: "POST", Do: sim.Delay(5 * time.Second)})
		ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
		_, err := p.pushes.CreateUser(ctx, "push", newcomer(0))
		cancel()
		if err == nil {
			c.t.Fatal("it was done in time")
		}
		slow.Remove()
		<-time.After(time.Minute)
		got, err := p.pushes.CreateUser(c.t.Context(), "push", newcomer(0))
		if err != nil || got.ID == "" || got.ID != omniUser(c, got.UserName).ID || len(c.omni.Users()) != 1 {
			c.t.Fatalf("the second try gives %+v, %v; Omni has %s", got, err, snapshot(c))
		}
		if _, err := p.pushes.CreateUser(c.t.Context(), "push", newcomer(0)); !fault.Is(err, fault.Conflict) {
			c.t.Errorf("a third one gives %v", err)
		}
		c.want(c.run(sync.Full), sync.Done)
	})
}

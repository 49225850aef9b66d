package sync_test

import (
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/push"
	"github.com/omnisync/omnisync/sync"
)

// Who leaves, and gets a new name in the same push, is gone in the end although somebody
// else takes the name meanwhile.
func TestPushLeaverWhoseNameIsTaken(t *testing.T) {
	policy := lenient()
	policy.Grace = 24 * time.Hour
	simulated(t, policy, func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		a, b := p.enrolled(newcomer(0)), p.enrolled(newcomer(1))
		p.altered(a.ID, func(u *identity.PushedUser) { u.Active, u.UserName = false, "new@acme.co" })
		<-time.After(time.Minute)
		p.altered(b.ID, func(u *identity.PushedUser) { u.UserName = "new@acme.co" })
		<-time.After(72 * time.Hour)
		for _, u := range c.omni.Users() {
			if stays := u.ID == b.ID; u.Active != stays || stays && u.UserName != "new@acme.co" {
				c.t.Errorf("Omni has %s", snapshot(c))
			}
		}
		c.silent()
	})
}

// Somebody returns at the moment at which their removal is being confirmed. They stay,
// and the next who leaves goes.
func TestPushReturnWhileTheEndIsConfirmed(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		okta := &watchedOkta{Okta: sync.Accepted{Store: c.store}}
		gate := &heldGate{Gate: push.NewGate(c.target), in: make(chan struct{}), open: make(chan struct{})}
		p := c.pushesOn(okta, gate, false)
		defer p.stop()
		a, b := p.enrolled(newcomer(0)), p.enrolled(newcomer(1))
		<-time.After(time.Minute)
		p.altered(a.ID, goes)
		<-time.After(9 * time.Second) // it is done after ten
		gate.armed.Store(true)
		returned := make(chan error, 1)
		go func() {
			returned <- p.tried(a.ID, func(u *identity.PushedUser) { u.Active, u.DisplayName = true, "Other" })
		}()
		<-gate.in
		c.omniFaults.Add(sim.Fault{Method: "PATCH", Do: sim.Delay(5 * time.Second)})
		c.omniFaults.Add(sim.Fault{Method: "PUT", Do: sim.Delay(5 * time.Second)})
		opened := make(chan struct{}, 1)
		opened <- struct{}{}
		meanwhile := func(identity.OktaID) {
			select {
			case <-opened:
				close(gate.open)
				<-time.After(2 * time.Second)
			default:
			}
		}
		okta.then.Store(&meanwhile)
		select {
		case err := <-returned:
			if err != nil {
				c.t.Fatal(err)
			}
		case <-time.After(time.Hour):
			c.t.Fatal("the return is never answered")
		}
		<-time.After(time.Minute)
		if !omniUser(c, a.UserName).Active {
			c.t.Errorf("who returned is gone: %s", snapshot(c))
		}
		p.altered(b.ID, goes)
		<-time.After(10 * time.Minute)
		if omniUser(c, b.UserName).Active || !omniUser(c, a.UserName).Active {
			c.t.Errorf("who left next is still there: %s", snapshot(c))
		}
	})
}

// Okta is asked about those in grace now and then, not once more for each push.
func TestPushAsksLittleAboutThoseInGrace(t *testing.T) {
	const inGrace, most = 20, 60
	policy := lenient()
	policy.Grace = 24 * time.Hour
	simulatedOn(t, newCompanyOn(t, policy, embedded(t), 600), func(c *company) {
		ids := c.join(staff(inGrace)...)
		okta := &watchedOkta{Okta: c.source}
		p := c.pushesOn(okta, nil, true)
		defer p.stop()
		c.want(c.run(sync.Full), sync.Done)
		for i := range inGrace {
			c.okta.Unassign(ids[i])
			p.altered(p.of(staff(inGrace)[i]), goes)
		}
		<-time.After(time.Hour)
		okta.asked.Store(0)
		for i := range 50 {
			p.enrolled(newcomer(100 + i))
			<-time.After(10 * time.Second)
		}
		if n := okta.asked.Load(); n > most {
			c.t.Errorf("Okta was asked %d times", n)
		}
		<-time.After(24 * time.Hour)
		if n := active(c); n != 50 {
			c.t.Errorf("%d are active when grace is over", n)
		}
	})
}

// A person's word ends the grace of somebody who was pushed, too, within moments, and a
// push that brings them back ends the word.
func TestPushLeaveAtOnce(t *testing.T) {
	simulated(t, graceful(), func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		a := p.enrolled(newcomer(0))
		p.altered(a.ID, goes)
		<-time.After(2 * time.Hour)
		if got := c.out(); got != a.UserName+": grace" || !omniUser(c, a.UserName).Active {
			c.t.Fatalf("out: %q, %s", got, snapshot(c))
		}
		c.endsGrace(sync.AtOnce{Subject: a.UserName, Confirm: a.UserName, By: "eve"}, fault.Other)
		<-time.After(time.Minute)
		if got := c.out(); got != "" || omniUser(c, a.UserName).Active {
			c.t.Fatalf("out: %q, %s", got, snapshot(c))
		}
		p.altered(a.ID, func(u *identity.PushedUser) { u.Active = true })
		p.altered(a.ID, goes)
		<-time.After(2 * time.Hour)
		if got := c.out(); got != a.UserName+": grace" {
			c.t.Errorf("pushed out once more: %q, %s", got, snapshot(c))
		}
	})
}

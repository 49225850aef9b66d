package sync_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/push"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Pushes without a protocol between, for what happens between two of the engine's steps.

// newcomer is the i-th user, as Okta pushes them.
func newcomer(i int) identity.PushedUser {
	return identity.PushedUser{UserName: staff(i + 1)[i], External: oktaID(i), Active: true}
}

// nameless is newcomer without Okta's id.
func nameless(i int) identity.PushedUser {
	u := newcomer(i)
	u.External = ""
	return u
}

// patient does something again as often as Okta would, and gives its last error: nil,
// or one that doesn't pass within a minute.
func patient(do func() error) error {
	for {
		err := do()
		f, ok := err.(*fault.Error)
		if !ok || f.After == 0 || f.After > time.Minute {
			return err
		}
		<-time.After(f.After)
	}
}

// enrolled creates the user.
func (p *pushed) enrolled(u identity.PushedUser) (got identity.PushedUser) {
	p.t.Helper()
	err := patient(func() (err error) {
		got, err = p.pushes.CreateUser(p.t.Context(), "push test", u)
		return err
	})
	if err != nil {
		p.t.Fatalf("%s isn't created: %v", u.UserName, err)
	}
	return got
}

// altered edits the user, and fails where that isn't accepted.
func (p *pushed) altered(id string, edit func(u *identity.PushedUser)) {
	p.t.Helper()
	if err := p.tried(id, edit); err != nil {
		p.t.Fatalf("the edit of %s: %v", id, err)
	}
}

// tried is altered, and gives the error.
func (p *pushed) tried(id string, edit func(u *identity.PushedUser)) error {
	return patient(func() error {
		_, err := p.pushes.EditUser(p.t.Context(), "push test", id, func(u identity.PushedUser) (identity.PushedUser, error) {
			edit(&u)
			return u, nil
		})
		return err
	})
}

func goes(u *identity.PushedUser)      { u.Active = false }
func comesBack(u *identity.PushedUser) { u.Active = true }

// of finds the SCIM id of a user.
func (p *pushed) of(userName string) string {
	p.t.Helper()
	u, err := p.pushes.FindUser(p.t.Context(), "name", userName)
	if err != nil {
		p.t.Fatalf("%s: %v", userName, err)
	}
	return u.ID
}

// gathered creates a group with these members, and gives its SCIM id.
func (p *pushed) gathered(name string, ids ...string) string {
	p.t.Helper()
	var id string
	err := patient(func() error {
		g, err := p.pushes.CreateGroup(p.t.Context(), "push test", identity.PushedGroup{DisplayName: name, Members: refs(ids)})
		id = g.ID
		return err
	})
	if err != nil {
		p.t.Fatalf("the group %s isn't created: %v", name, err)
	}
	return id
}

func refs(ids []string) []identity.Ref {
	list := make([]identity.Ref, len(ids))
	for i, id := range ids {
		list[i] = identity.Ref{ID: id}
	}
	return list
}

// edits changes the members of a group.
func (p *pushed) edits(group string, steps ...identity.MemberEdit) error {
	return patient(func() error {
		_, err := p.pushes.EditGroup(p.t.Context(), "push test", group, identity.GroupEdit{Members: steps})
		return err
	})
}

// without takes members out of a group.
func (p *pushed) without(group string, ids ...string) error {
	return p.edits(group, identity.MemberEdit{Remove: true, IDs: ids})
}

// waits gives by run how many changes wait for a person.
func (c *company) waits() map[string]int {
	c.t.Helper()
	s, err := c.engine.Status(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	held := map[string]int{}
	for _, h := range s.Held {
		held[h.Run] += h.Count
	}
	return held
}

// approved lets through what waits, by one approval for each run.
func (c *company) approved() {
	c.t.Helper()
	for run := range c.waits() {
		if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: run, Decision: state.Approved, By: "ada"}); err != nil {
			c.t.Fatal(err)
		}
	}
}

// pushesOn opens the endpoint over another Okta and gate; nil is the usual gate.
func (c *company) pushesOn(okta sync.Okta, gate sync.Gate, pull bool) *pushed {
	c.t.Helper()
	c.restartOn(okta)
	if gate == nil {
		gate = push.NewGate(c.target)
	}
	pushes, err := c.engine.Pushes(c.t.Context(), sync.PushOptions{Gate: gate, Pull: pull})
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(c.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pushes.Run(ctx) }()
	return &pushed{company: c, pushes: pushes, stop: func() {
		cancel()
		<-ended
	}}
}

// watchedOkta counts the questions about single users, and does something in the
// middle of them.
type watchedOkta struct {
	sync.Okta
	asked atomic.Int64
	then  atomic.Pointer[func(identity.OktaID)]
}

func (o *watchedOkta) Assignment(ctx context.Context, id identity.OktaID) (identity.Assignment, error) {
	o.asked.Add(1)
	a, err := o.Okta.Assignment(ctx, id)
	if then := o.then.Load(); then != nil {
		(*then)(id)
	}
	return a, err
}

// heldGate keeps the next request, once it is armed, until it is opened.
type heldGate struct {
	sync.Gate
	armed    atomic.Bool
	in, open chan struct{}
}

func (g *heldGate) Enter(ctx context.Context, key string) (func(error), error) {
	if g.armed.CompareAndSwap(true, false) {
		close(g.in)
		<-g.open
	}
	return g.Gate.Enter(ctx, key)
}

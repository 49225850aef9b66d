package sync_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/internal/sim/pusher"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Each captured exchange comes to its right end over both stores: in the answers, and
// in Omni, where a run then finds nothing to do.
func TestPushFlowsOnBothStores(t *testing.T) {
	for _, flow := range pusher.Flows() {
		t.Run(flow.Name, func(t *testing.T) {
			onBoth(t, func(c *company) {
				p := c.withPush(false)
				defer p.stop()
				for _, f := range flow.Replay(p.t.Context(), p.server) {
					p.t.Error(f)
				}
				p.until(time.Minute, p.mirrored)
				c.silent()
			})
		})
	}
}

// A process that begins anew knows the same users and groups, under the same ids, and
// finishes what the one before had accepted: somebody who leaves, and a member who
// isn't there yet.
func TestPushRestart(t *testing.T) {
	onBoth(t, func(c *company) {
		p := c.withPush(false)
		ada := p.wants(201, "POST", "/Users", created("ada@acme.co", oktaID(1)))
		bob := p.wants(201, "POST", "/Users", created("bob@acme.co", oktaID(2)))
		crew := p.wants(201, "POST", "/Groups", map[string]any{"displayName": "Crew", "members": values(ada.id(), bob.id(), "a-stranger")})
		p.wants(200, "PATCH", "/Users/"+bob.id(), deactivated)
		before := p.resources()
		p = p.restarted(false)
		defer func() { p.stop() }()
		if after := p.resources(); after != before {
			c.t.Errorf("before the restart\n%s\nand after it\n%s", before, after)
		}
		p.until(time.Minute, func() string {
			if omniUser(c, "bob@acme.co").Active {
				return "who left before the restart is active"
			}
			return ""
		})
		p = p.restarted(false)
		if got := p.wants(200, "GET", "/Groups/"+crew.id(), nil); len(members(got)) != 3 {
			c.t.Errorf("the group has %s", got.text)
		}
		if got := p.wants(200, "PATCH", "/Users/"+bob.id(), patched(map[string]any{"op": "replace", "value": map[string]any{"active": true}})); got.id() != bob.id() {
			c.t.Errorf("who came back is %s, was %s", got.id(), bob.id())
		}
		p.until(time.Minute, p.mirrored)
		c.silent()
	})
}

// resources is all that the endpoint shows.
func (p *pushed) resources() string {
	p.t.Helper()
	var all []string
	for _, path := range []string{"/Users", "/Groups"} {
		list, _ := p.wants(200, "GET", path+"?startIndex=1&count=40", nil).body["Resources"].([]any)
		for _, r := range list {
			all = append(all, fmt.Sprint(r))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func members(s said) []any {
	list, _ := s.body["members"].([]any) // none: no members
	return list
}

// Whoever was a member before they had an account joins when they arrive, also in a
// process that begins anew in between.
func TestPushUnknownMembersJoin(t *testing.T) {
	onBoth(t, func(c *company) {
		bob := c.omni.AddUser("bob@acme.co", "Bob") // nobody has linked him
		p := c.withPush(false)
		ada := p.wants(201, "POST", "/Users", created("ada@acme.co", oktaID(1)))
		crew := p.wants(201, "POST", "/Groups", map[string]any{"displayName": "Crew", "members": values(ada.id())})
		p.wants(200, "PATCH", "/Groups/"+crew.id(), patched(map[string]any{"op": "add", "path": "members", "value": values("nobody", bob)}))
		if got := c.teamOf("Crew"); len(got) != 1 {
			c.t.Errorf("unknown members spoiled the rest: %v", got)
		}
		p = p.restarted(false)
		defer p.stop()
		p.wants(200, "PUT", "/Users/"+bob, created("bob@acme.co", oktaID(2)))
		p.until(time.Minute, func() string {
			if got := fmt.Sprint(c.teamOf("Crew")); got != "[ada@acme.co bob@acme.co]" {
				return "Crew has " + got
			}
			return ""
		})
	})
}

// mortal is the ledger of a process that ends before it records an account.
type mortal struct{ store }

// Apply implements state.Store.
func (m mortal) Apply(ctx context.Context, f state.Fence, b state.Batch) error {
	for _, w := range b.Writes {
		if w.Bucket != state.Users || w.Value == nil {
			continue
		}
		u, err := state.Decode[state.User](state.Entry{Key: w.Key, Value: w.Value}, w.Bucket)
		if err != nil || u.Omni != "" {
			return &fault.Error{Kind: fault.Fenced, Op: "write ledger", Err: err, Detail: "the process ended"}
		}
	}
	return m.store.Apply(ctx, f, b)
}

// linkOf is how the account with this id came to be linked.
func (c *company) linkOf(omni string) state.Link {
	c.t.Helper()
	for u, err := range state.All[state.User](c.t.Context(), c.store, state.Users) {
		if err != nil {
			c.t.Fatal(err)
		}
		if string(u.Value.Omni) == omni {
			return u.Value.Link
		}
	}
	return ""
}

// The process ends after Omni made an account, and before that is recorded. Okta
// repeats, and is given the account that is there.
func TestPushCrashAfterCreation(t *testing.T) {
	for name, pull := range map[string]bool{"push alone": false, "pull too": true} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(c *company) {
				id := oktaID(1)
				if pull {
					id = c.join("ada@acme.co")[0]
				}
				kept := c.store
				c.store = mortal{kept}
				c.start()
				p := c.withPush(pull)
				if got := p.ask("POST", "/Users", created("ada@acme.co", id)); got.status != 429 {
					c.t.Fatalf("what wasn't recorded is answered %d %s", got.status, got.text)
				}
				if n := len(c.omni.Users()); n != 1 {
					c.t.Fatalf("Omni has %d accounts", n)
				}
				c.store = kept
				p = p.restarted(pull)
				defer p.stop()
				got := p.wants(201, "POST", "/Users", created("ada@acme.co", id))
				if n := len(c.omni.Users()); n != 1 || got.id() != omniUser(c, "ada@acme.co").ID {
					c.t.Errorf("Omni has %d accounts, and Okta knows %s", n, got.id())
				}
				if link := c.linkOf(got.id()); link != state.Recognised {
					c.t.Errorf("the account is %s", link)
				}
				c.want(c.run(sync.Full), sync.Done)
				c.silent()
			})
		})
	}
}

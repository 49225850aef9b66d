package sync_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// forgotten has somebody forgotten.
func (c *company) forgotten(subject string) sync.Forgotten {
	c.t.Helper()
	told, err := c.engine.Forget(c.t.Context(), sync.Forgetting{Subject: subject, By: "grace"})
	if err != nil {
		c.t.Fatalf("%s: %v", subject, err)
	}
	if told.Already || told.Pseudonym == "" {
		c.t.Fatalf("%s: %+v", subject, told)
	}
	return told
}

// The address of somebody who was forgotten is a recycled one when another person has it, as
// if the ledger knew it still.
func TestForgottenAddressIsRecycled(t *testing.T) {
	for _, policy := range []string{"hold", "adopt"} {
		for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile, sync.Delta} {
			t.Run(policy+"/"+string(kind), func(t *testing.T) {
				p := lenient()
				p.OnRecycled = policy
				simulated(t, p, func(c *company) {
					omni := recycling(c, true, func(string) {
						c.run(sync.Full)
						c.forgotten("ada@acme.co")
						c.start()
					})
					if kind == sync.Delta {
						<-time.After(time.Minute)
						if w := c.watch(); w.Report == nil && w.Wider != "" {
							c.run(w.Wider)
						}
					} else {
						c.run(kind)
					}
					if policy == "hold" {
						heirless(c, omni)
						c.decide(state.Approved)
						c.want(c.run(sync.Full), sync.Done)
					}
					inherited(c, omni)
					c.silent()
				})
			})
		}
	}
}

// The same by Okta's push, which creates the newcomer, or takes the former one's resource.
func TestForgottenAddressIsRecycledByPush(t *testing.T) {
	for _, method := range []string{"POST", "PUT"} {
		t.Run(method, func(t *testing.T) {
			pushing(t, lenient(), false, func(p *pushed) {
				ids := p.left()
				found := p.wants(200, "GET", "/Users?filter=userName+eq+%22person000@acme.co%22", nil)
				if !strings.Contains(found.text, ids[0]) || !strings.Contains(found.text, `"userName":"person000@acme.co"`) {
					t.Errorf("Okta finds %s", found.text)
				}
				path, status := "/Users", 201
				if method == "PUT" {
					path, status = "/Users/"+ids[0], 200
				}
				p.refusedPush(method, path, "person000@acme.co", oktaID(92), ids[0])
				p.decide(state.Approved)
				if got := p.wants(status, method, path, created("person000@acme.co", oktaID(92))); got.id() != ids[0] {
					t.Errorf("answered with the id %s, want %s", got.id(), ids[0])
				}
				if u := omniUser(p.company, "person000@acme.co"); !u.Active || u.ID != ids[0] {
					t.Errorf("the newcomer has %+v", u)
				}
			})
		})
	}
}

// left is two whom Okta pushed, of whom the first has left, was forgotten and owns a document.
func (p *pushed) left() (ids []string) {
	p.t.Helper()
	ids = p.hired(2)
	p.omni.AddDocument(ids[0], "Salaries")
	p.wants(200, "PATCH", "/Users/"+ids[0], deactivated)
	p.until(time.Minute, func() string {
		if omniUser(p.company, "person000@acme.co").Active {
			return "still active"
		}
		return ""
	})
	p.forgotten("person000@acme.co")
	return ids
}

// Who is pushed again after they were forgotten has their account back, with the name that
// Okta tells, or that Omni has where Okta tells none. A push about somebody who is gone
// leaves no name.
func TestForgottenIsPushedAgain(t *testing.T) {
	again := patched(map[string]any{"op": "replace", "value": map[string]any{"active": true}})
	for name, back := range map[string]func(p *pushed, id string){
		"PATCH": func(p *pushed, id string) { p.wants(200, "PATCH", "/Users/"+id, again) },
		"PUT":   func(p *pushed, id string) { p.wants(200, "PUT", "/Users/"+id, created("person000@acme.co", oktaID(0))) },
		"POST":  func(p *pushed, _ string) { p.wants(201, "POST", "/Users", created("person000@acme.co", oktaID(0))) },
	} {
		t.Run(name, func(t *testing.T) {
			pushing(t, lenient(), false, func(p *pushed) {
				ids := p.left()
				gone := created("person000@acme.co", oktaID(0))
				gone["active"] = false
				if got := p.wants(200, "PUT", "/Users/"+ids[0], gone); got.id() != ids[0] {
					t.Errorf("answered %s", got.text)
				}
				kept, _, err := state.Read[state.PushedUser](p.t.Context(), p.store, state.PushedUsers, oktaID(0))
				if err != nil || strings.Contains(kept.UserName, "person000") || kept.DisplayName == "" || len(kept.Emails) > 0 {
					t.Errorf("kept is %+v, %v", kept, err)
				}
				back(p, ids[0])
				u := omniUser(p.company, "person000@acme.co")
				if !u.Active || u.ID != ids[0] {
					t.Errorf("the account is %+v", u)
				}
				if got := p.wants(200, "GET", "/Users/"+ids[0], nil); !strings.Contains(got.text, "person000@acme.co") || strings.Contains(got.text, "forgotten") {
					t.Errorf("Okta reads %s", got.text)
				}
				if rec := p.record(oktaID(0)); rec.Forgotten || rec.UserName != "person000@acme.co" {
					t.Errorf("the record is %+v", rec)
				}
			})
		})
	}
}

// Who is assigned again has their account back as anybody has: Okta tells the names anew.
func TestForgottenComesBack(t *testing.T) {
	for _, policy := range []string{"rename", "hold"} {
		for _, action := range []string{"deactivate", "delete"} {
			t.Run(policy+"/"+action, func(t *testing.T) {
				p := lenient()
				p.OnUsername, p.Action = policy, action
				simulated(t, p, func(c *company) {
					ids := c.join("ada@acme.co", "bob@acme.co")
					c.push("Board", ids...)
					c.want(c.run(sync.Full), sync.Done)
					c.okta.Unassign(ids[0])
					c.want(c.run(sync.Full), sync.Done)
					told := c.forgotten("ada@acme.co")
					c.want(c.run(sync.Reconcile), sync.Done)
					c.okta.Assign(ids[0], simokta.AssignOptions{})
					c.want(c.run(sync.Full), sync.Done)
					if rec := c.record(ids[0]); rec.Forgotten || !rec.Active || rec.UserName != "ada@acme.co" || rec.DisplayName != "First ada" {
						t.Errorf("the record is %+v", rec)
					}
					c.inStep()
					if _, err := c.engine.Forget(c.t.Context(), sync.Forgetting{Subject: ids[0], By: "grace"}); err == nil {
						t.Error("who is back was forgotten")
					}
					c.okta.Unassign(ids[0])
					c.want(c.run(sync.Full), sync.Done)
					if again := c.forgotten("ada@acme.co"); again.Pseudonym != told.Pseudonym {
						t.Errorf("forgotten twice as %s and %s", told.Pseudonym, again.Pseudonym)
					}
				})
			})
		}
	}
}

// Whom Omni doesn't tell of when they come back: nothing is decided about them meanwhile.
func TestForgottenComesBackUnread(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join("ada@acme.co", "bob@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Unassign(ids[0])
		c.want(c.run(sync.Full), sync.Done)
		c.forgotten("ada@acme.co")
		c.okta.Assign(ids[0], simokta.AssignOptions{})
		c.omniFaults.Add(sim.Fault{Method: "GET", Path: "/api/scim/v2/Users/" + string(c.record(ids[0]).Omni), Do: sim.Status(500, "{}", nil)})
		r := c.run(sync.Full)
		if told := printed(r); !strings.Contains(told, "under a pseudonym") {
			t.Errorf("the run tells\n%s", told)
		}
		c.omniFaults.Clear()
		c.want(c.run(sync.Full), sync.Done)
		c.inStep()
	})
}

// A ledger that is lost and built again from the archive knows who was forgotten, and not
// what they were called.
func TestForgottenLedgerLost(t *testing.T) {
	s, bytes := oblivions["bolt"](t)
	o := newOblivion(t, s, bytes)
	if _, err := o.forget(markNow); err != nil {
		t.Fatal(err)
	}
	fresh, bytes := oblivions["bolt"](t)
	o.loses(fresh)
	o.run(sync.Reconcile)
	rec, there, err := state.Read[state.Forgotten](t.Context(), fresh, state.Forgets, o.mark)
	if err != nil || !there || rec.By != "grace" || rec.Open != nil || rec.Name == "" {
		t.Errorf("the ledger knows %+v, %v", rec, err)
	}
	if all := strings.ToLower(bytes()); strings.Contains(all, marks) {
		at := strings.Index(all, marks)
		t.Errorf("the ledger holds %q", all[at-100:at+100])
	}
}

// A forgetting waits for the run that is under way, and none begins meanwhile; who asks may
// leave before.
func TestForgetWaitsForARun(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join("ada@acme.co", "bob@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Unassign(ids[0])
		c.want(c.run(sync.Full), sync.Done)
		l := c.loop(sync.Schedule{})
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/" + c.okta.ID() + "/users", Do: sim.Delay(5 * time.Second)})
		ended := make(chan time.Time, 1)
		go func() {
			_, _ = l.Do(c.t.Context(), sync.Request{Kind: sync.Full, Cause: "test"})
			ended <- time.Now()
		}()
		<-time.After(time.Second)
		gone, leave := context.WithTimeout(c.t.Context(), time.Second)
		defer leave()
		if _, err := l.Forget(gone, sync.Forgetting{Subject: "ada@acme.co"}); err == nil {
			c.t.Error("it didn't wait")
		}
		told, err := l.Forget(c.t.Context(), sync.Forgetting{Subject: "ada@acme.co", By: "grace"})
		if err != nil || told.Already {
			c.t.Errorf("%+v, %v", told, err)
		}
		if over := <-ended; told.At.Before(over) {
			c.t.Errorf("forgotten at %s, while a run was under way until %s", told.At, over)
		}
	})
}

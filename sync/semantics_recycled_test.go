package sync_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// recycling is a company in which Ada left: her account is inactive, was in two
// groups, and has an attribute that the configuration doesn't name. A newcomer
// arrives under her address.
//
// known: the ledger still links the account to her; else it has been lost to a
// stranger's, who has a document.
func recycling(c *company, known bool, leaves func(omni string)) (omni string) {
	c.omni.DefineAttribute(simomni.Definition{Reference: "region"})
	bob := c.join("bob@acme.co")[0]
	if known {
		ada := c.join("ada@acme.co")[0]
		board, _ := c.push("Board", ada, bob)
		c.want(c.run(sync.Full), sync.Done)
		omni = omniUser(c, "ada@acme.co").ID
		c.omni.EditUser(omni, func(u *simomni.User) {
			u.Attributes = map[string][]string{"region": {"emea"}, "department": {"Sales"}}
		})
		c.okta.Unassign(ada)
		c.want(c.run(sync.Full), sync.Done)
		c.okta.RemoveMember(board, ada)
		c.okta.Delete(ada)
		<-time.After(time.Minute) // until the System Log tells it
	} else {
		omni = c.omni.AddUser("ada@acme.co", "Ada")
		c.omni.EditUser(omni, func(u *simomni.User) {
			u.Attributes = map[string][]string{"region": {"emea"}}
			u.Active = false
		})
		c.omni.AddDocument(omni, "Salaries")
		c.push("Board", bob)
		c.want(c.run(sync.Full), sync.Done)
	}
	if leaves != nil {
		leaves(omni)
	}
	c.join("Ada@acme.co")
	return omni
}

// heirless fails unless the account is as its former owner left it.
func heirless(c *company, omni string) {
	c.t.Helper()
	if u := omniUser(c, "ada@acme.co"); u.Active || u.ID != omni || len(u.Attributes["region"]) == 0 {
		c.t.Errorf("somebody has the account: %+v", u)
	}
}

// inherited fails unless the newcomer has the account, and nothing of what came with it.
func inherited(c *company, omni string) {
	c.t.Helper()
	u := omniUser(c, "ada@acme.co")
	if !u.Active || u.ID != omni || u.DisplayName != "First Ada" {
		c.t.Errorf("the account is %+v, want it active with id %s", u, omni)
	}
	if got := u.Attributes; len(got["region"]) != 0 || len(got["department"]) != 1 {
		c.t.Errorf("its attributes are %v", got)
	}
	if got := strings.Join(c.teamOf("Board"), " "); got != "bob@acme.co" {
		c.t.Errorf("Board has %s", got)
	}
}

// decide approves or rejects the only run that holds something.
func (c *company) decide(decision state.Decision) sync.Decided {
	c.t.Helper()
	status, err := c.engine.Status(c.t.Context())
	if err != nil || len(status.Held) != 1 {
		c.t.Fatalf("held: %+v, %v", status.Held, err)
	}
	answer, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: status.Held[0].Run, Decision: decision, By: "grace"})
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// decideAll decides about whatever any run holds.
func (c *company) decideAll(decision state.Decision) {
	c.t.Helper()
	status, err := c.engine.Status(c.t.Context())
	if err != nil || len(status.Held) == 0 {
		c.t.Fatalf("held: %+v, %v", status.Held, err)
	}
	for _, held := range status.Held {
		if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: held.Run, Decision: decision, By: "grace"}); err != nil {
			c.t.Fatal(err)
		}
	}
}

func TestSemanticsRecycledAddress(t *testing.T) {
	for _, row := range []struct {
		name   string
		policy string
		leaves func(c *company, omni string)
		says   string // "": taken over unasked; else why it is held
		never  bool   // no approval helps
	}{
		{name: "hold asks", policy: "hold", says: "syncd"},
		{name: "adopt takes over after clearing groups and attributes", policy: "adopt"},
		{name: "a schedule is told, not passed on unseen", policy: "hold", says: "1 schedule",
			leaves: func(c *company, omni string) { c.omni.AddSchedule(omni, "Weekly", "bob@acme.co") }},
		{name: "an org admin's is never taken over", policy: "adopt", says: "organization admin", never: true,
			leaves: func(c *company, omni string) { c.omni.EditUser(omni, func(u *simomni.User) { u.OrgAdmin = true }) }},
		{name: "one that holds a model role is never taken over", policy: "adopt", says: "MODELER", never: true,
			leaves: func(c *company, omni string) { c.omni.AddModelRole(omni, "MODELER") }},
		{name: "one in a group that isn't managed isn't taken over", policy: "adopt", says: "not managed", never: true,
			leaves: func(c *company, omni string) { c.omni.AddGroup("Secret", omni) }},
		{name: "one whose belongings can't be read isn't taken over", policy: "adopt", says: "could not be read", never: true,
			leaves: func(c *company, _ string) {
				c.omniFaults.Add(sim.Fault{Path: "/api/v1/schedules", Do: sim.Status(403, `{"status":403,"detail":"no"}`, nil)})
			}},
	} {
		for name, known := range map[string]bool{"linked before": true, "inactive with documents": false} {
			for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
				t.Run(row.name+"/"+name+"/"+string(kind), func(t *testing.T) {
					p := lenient()
					p.OnRecycled = row.policy
					simulated(t, p, func(c *company) {
						omni := recycling(c, known, func(omni string) {
							if row.leaves != nil {
								row.leaves(c, omni)
							}
						})
						if row.says == "" {
							c.want(c.run(kind), sync.Done)
							inherited(c, omni)
							c.silent()
							return
						}
						for range 2 { // it goes on waiting
							r := c.run(kind)
							c.want(r, sync.Holding)
							if told := printed(r); row.says != "syncd" && !strings.Contains(told, row.says) {
								c.t.Errorf("%q isn't told:\n%s", row.says, told)
							}
							heirless(c, omni)
						}
						answer := c.decide(state.Approved)
						if approved := len(answer.Decided) == 1; approved == row.never {
							c.t.Fatalf("approving gave %+v", answer)
						}
						r := c.run(kind)
						if row.never {
							c.want(r, sync.Holding)
							heirless(c, omni)
							return
						}
						c.want(r, sync.Done)
						inherited(c, omni)
						c.silent()
					})
				})
			}
		}
	}
}

// Who was rejected doesn't get the account, and isn't asked about again.
func TestSemanticsRecycledAddressRejected(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		omni := recycling(c, true, nil)
		c.want(c.run(sync.Full), sync.Holding)
		c.decide(state.Rejected)
		for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
			if r := c.run(kind); r.Counts[string(state.Held)] != 0 || !strings.Contains(printed(r), "rejected by grace") {
				c.t.Errorf("it says\n%s", printed(r))
			}
			heirless(c, omni)
		}
	})
}

// A takeover that breaks off anywhere leaves nothing of the former person's to the
// newcomer, and is ended by the next run, also where another process goes on.
func TestSemanticsRecycledAddressBrokenOff(t *testing.T) {
	for name, effect := range map[string]sim.Effect{"not done": sim.CutBefore(), "done, and the answer lost": sim.CutAfter()} {
		for _, known := range []bool{true, false} {
			for stop := range 8 {
				p := lenient()
				p.OnRecycled = "adopt"
				simulated(t, p, func(c *company) {
					omni := recycling(c, known, nil)
					c.omniFaults.Add(sim.Fault{Path: "/api/", Skip: stop, Do: effect})
					_, _ = c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Full, Cause: "test"})
					if u := omniUser(c, "ada@acme.co"); u.Active && len(u.Attributes["region"]) != 0 {
						t.Errorf("%s, %d: the newcomer has %+v", name, stop, u)
					}
					c.omniFaults.Clear()
					c.start()
					c.want(c.pass(sync.Request{Kind: sync.Reconcile, Cause: "test", Insist: true}), sync.Done)
					inherited(c, omni)
					c.silent()
				})
			}
		}
	}
}

// refusedPush fails unless a push of the newcomer is answered 409 with the command
// that decides it, and passes nothing on.
func (p *pushed) refusedPush(method, path, name, oktaID, omni string) {
	p.t.Helper()
	got := p.wants(409, method, path, created(name, oktaID))
	for _, text := range []string{"uniqueness", "syncd approve ", "1 document"} {
		if !strings.Contains(got.text, text) {
			p.t.Errorf("it is answered without %q: %s", text, got.text)
		}
	}
	if u, ok := p.omni.User(name); !ok || u.Active || u.ID != omni {
		p.t.Errorf("the newcomer has %+v", u)
	}
}

// The same address by Okta's push: what approves it is told, and after that Okta's
// next try has the account without what came with it. Okta creates the newcomer, or
// finds the former one's resource by its userName and takes that.
func TestSemanticsRecycledAddressPushed(t *testing.T) {
	for _, method := range []string{"POST", "PUT"} {
		t.Run(method, func(t *testing.T) { recycledByPush(t, method) })
	}
}

func recycledByPush(t *testing.T, method string) {
	t.Helper()
	pushing(t, lenient(), false, func(p *pushed) {
		p.omni.DefineAttribute(simomni.Definition{Reference: "region"})
		ids := p.hired(2)
		crew := p.wants(201, "POST", "/Groups", map[string]any{"displayName": "Crew", "members": values(ids[0], ids[1])})
		p.omni.EditUser(ids[0], func(u *simomni.User) { u.Attributes = map[string][]string{"region": {"emea"}} })
		p.omni.AddDocument(ids[0], "Salaries")
		p.wants(200, "PATCH", "/Users/"+ids[0], deactivated)
		p.until(time.Minute, func() string {
			if omniUser(p.company, "person000@acme.co").Active {
				return "still active"
			}
			return ""
		})
		path, status := "/Users", 201
		if method == "PUT" {
			path, status = "/Users/"+ids[0], 200
		}
		for range 2 {
			p.refusedPush(method, path, "person000@acme.co", oktaID(92), ids[0])
		}
		p.decide(state.Approved)
		if got := p.wants(status, method, path, created("person000@acme.co", oktaID(92))); got.id() != ids[0] {
			t.Errorf("answered with the id %s, want %s", got.id(), ids[0])
		}
		u := omniUser(p.company, "person000@acme.co")
		if !u.Active || u.ID != ids[0] || len(u.Attributes["region"]) != 0 || slices.Contains(p.teamOf("Crew"), "person000@acme.co") {
			t.Errorf("the newcomer has %+v, the group %v", u, p.teamOf("Crew"))
		}
		if got := p.wants(200, "GET", "/Groups/"+crew.id(), nil); strings.Contains(got.text, ids[0]) {
			t.Errorf("the group is told as %s", got.text)
		}
	})
}

// Where Okta is read too, the push and the runs ask for one decision, and act on it.
func TestSemanticsRecycledAddressPushedAndPulled(t *testing.T) {
	for name, first := range map[string]string{"the push is first": "push", "a run is first": "run"} {
		t.Run(name, func(t *testing.T) {
			pushing(t, lenient(), true, func(p *pushed) {
				omni := recycling(p.company, true, func(omni string) { p.omni.AddDocument(omni, "Salaries") })
				var newcomer string
				for id, name := range p.okta.Assigned() {
					if name == "Ada@acme.co" {
						newcomer = id
					}
				}
				if first == "run" {
					p.want(p.run(sync.Full), sync.Holding)
				}
				p.refusedPush("POST", "/Users", "Ada@acme.co", newcomer, omni)
				p.decide(state.Approved)
				if first == "run" {
					p.wants(201, "POST", "/Users", created("Ada@acme.co", newcomer))
				} else {
					p.want(p.run(sync.Full), sync.Done)
				}
				u := omniUser(p.company, "ada@acme.co")
				if !u.Active || u.ID != omni || len(u.Attributes["region"]) != 0 || slices.Contains(p.teamOf("Board"), "ada@acme.co") {
					t.Errorf("the newcomer has %+v, the group %v", u, p.teamOf("Board"))
				}
			})
		})
	}
}

// A delta holds the address as every other reading does.
func TestSemanticsRecycledAddressByDelta(t *testing.T) {
	for name, known := range map[string]bool{"linked before": true, "inactive with documents": false} {
		t.Run(name, func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				omni := recycling(c, known, nil)
				<-time.After(time.Minute)
				w := c.watch()
				if w.Report == nil {
					t.Fatalf("no delta was made: %+v", w)
				}
				c.want(*w.Report, sync.Holding)
				heirless(c, omni)
				c.decide(state.Approved)
				c.want(c.run(sync.Full), sync.Done)
				inherited(c, omni)
				c.silent()
			})
		})
	}
}

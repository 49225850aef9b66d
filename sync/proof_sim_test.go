package sync_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/sync"
)

// watchedOver founds a company of 20, with the groups Sales and Ops, and a canary that is
// used where it is wanted.
func watchedOver(t *testing.T, canary bool, from string, play func(c *company, ids []string, groups []string)) {
	t.Helper()
	p := lenient()
	p.Settle, p.OnUnpush = 0, "delete"
	if p.Groups.From = from; from == "match" {
		p.Groups.Match = []string{"Sales", "Ops*"}
	}
	simulated(t, p, func(c *company) {
		ids := c.join(staff(20)...)
		sales, _ := c.push("Sales", ids...)
		ops, _ := c.push("Ops", ids[:5]...)
		everyone := c.okta.AddGroup("Everyone", "BUILT_IN")
		c.okta.AddMembers(everyone, ids...)
		if canary {
			c.canary = sync.Canary{User: identity.OktaID(ids[0]), Group: identity.GroupID(everyone)}
		}
		c.start()
		<-time.After(time.Minute)
		c.want(c.run(sync.Reconcile), sync.Done)
		c.watch()
		<-time.After(time.Minute)
		play(c, ids, []string{sales, ops, everyone})
	})
}

// hide lets the credential's role lose sight of users and groups.
func (c *company) hide(ids []string, paths ...string) {
	c.okta.SetKnobs(func(k *simokta.Knobs) { k.Hidden, k.HiddenPaths = ids, paths })
}

const listOfUsers, userOfApp = "/api/v1/apps/*/users", "/api/v1/apps/*/users/*"

// Promise 2: what the credential's role hides looks gone, in lists that are whole and
// not empty and in answers by id alike. With a canary nothing is taken away, by any kind
// of run, and all goes on once it can be seen again. Without one it would be: these
// losses of sight are none that anything else notices.
func TestPromise2WhatIsHiddenStays(t *testing.T) {
	for _, row := range []struct {
		name, from string
		hide       func(c *company, ids, groups []string)
		doubt      string
	}{
		{"users", "push_mappings", func(c *company, ids, _ []string) { c.hide(ids[:8], listOfUsers, userOfApp) }, "okta.canary.user"},
		{"pushed groups", "push_mappings", func(c *company, _, groups []string) { c.hide(groups[1:]) }, "okta.canary.group"},
		{"matched groups", "match", func(c *company, _, groups []string) { c.hide(groups[1:]) }, "okta.canary.group"},
	} {
		for _, canary := range []bool{true, false} {
			for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile, sync.Delta} {
				t.Run(fmt.Sprintf("%s/%s/canary %t", row.name, kind, canary), func(t *testing.T) {
					watchedOver(t, canary, row.from, func(c *company, ids, groups []string) {
						before := snapshot(c)
						row.hide(c, ids, groups)
						c.okta.UpdateProfile(ids[1], map[string]any{"shoeSize": 43}) // has a delta look
						c.okta.SetKnobs(func(k *simokta.Knobs) { k.Quiet = true })
						c.okta.RenameGroup(groups[1], "Ops again")
						c.okta.RenameGroup(groups[1], "Ops")
						c.okta.Emit(simokta.Event{Type: "group.profile.update", Targets: []simokta.Target{{ID: groups[1], Type: "UserGroup"}}})
						<-time.After(time.Minute)
						report := c.anyRun(kind)
						if changed := snapshot(c) != before; changed == canary {
							c.t.Fatalf("with a canary %t Omni changed %t\n%s\n%v", canary, changed, printed(report), report.Doubts)
						}
						if !canary {
							return
						}
						c.want(report, sync.Doubtful)
						if told := strings.Join(report.Doubts, "\n"); !strings.Contains(told, row.doubt) {
							c.t.Errorf("the doubts don't name %s: %s", row.doubt, told)
						}
						c.hide(nil)
						<-time.After(time.Hour)
						c.want(c.run(sync.Reconcile), sync.Done)
						if after := snapshot(c); after != before {
							c.t.Errorf("Omni changed\nfrom %s\nto   %s", before, after)
						}
					})
				})
			}
		}
	}
}

// anyRun does a run of the kind, deltas too.
func (c *company) anyRun(kind sync.RunKind) sync.Report {
	c.t.Helper()
	if kind != sync.Delta {
		return c.run(kind)
	}
	w := c.watch()
	if w.Report == nil {
		c.t.Fatalf("no delta: %+v", w)
	}
	return *w.Report
}

// A doubtful reading adds: a joiner comes although the canary can't be seen. And a canary
// that can be seen keeps nobody who leaves.
func TestCanaryKeepsNobodyElse(t *testing.T) {
	for _, kind := range []sync.RunKind{sync.Full, sync.Delta} {
		watchedOver(t, true, "push_mappings", func(c *company, ids, groups []string) {
			c.hide(ids[:1], listOfUsers, userOfApp)
			c.okta.Unassign(ids[1])
			c.okta.RemoveMember(groups[0], ids[2])
			c.okta.AddMember(groups[0], c.join("joiner@acme.co")[0])
			<-time.After(time.Minute)
			c.want(c.anyRun(kind), sync.Doubtful)
			if n, in := active(c), len(c.teamOf("Sales")); n != 21 || in != 21 {
				c.t.Errorf("%s: %d are active, %d in Sales", kind, n, in)
			}
			c.hide(nil)
			<-time.After(time.Hour)
			if kind == sync.Delta {
				c.want(c.anyRun(kind), sync.Done)
			} else {
				c.want(c.run(sync.Full), sync.Done)
			}
			c.converged()
		})
	}
}

// Right before a membership ends the canary is asked for once more: a credential that
// loses sight between the reading and the end takes nobody's access.
func TestCanaryBeforeTheEnd(t *testing.T) {
	watchedOver(t, true, "push_mappings", func(c *company, ids, _ []string) {
		c.okta.Unassign(ids[1])
		c.oktaFaults.Add(sim.Fault{Path: userOfApp, Do: sim.Status(404, `{"errorCode":"E0000007"}`, nil)})
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/*/group-push/mappings", Times: 1, Do: sim.Delay(provenFor + time.Second)})
		report := c.run(sync.Full)
		c.want(report, sync.Doubtful)
		if told := strings.Join(report.Doubts, "\n"); active(c) != 20 || !strings.Contains(told, "okta.canary.user") {
			c.t.Errorf("%d are active: %s", active(c), told)
		}
	})
}

// provenFor is how long the engine goes by the newest look at the canary.
const provenFor = 10 * time.Second

// The canary costs a delta nothing while nothing would be taken away, and one request
// where somebody's access would end; two where a member goes, who may be hidden from the role
// itself or with the group.
func TestCanaryCosts(t *testing.T) {
	for name, row := range map[string]struct {
		do   func(c *company, id, group string)
		asks int // besides the log
	}{
		"nothing":    {func(*company, string, string) {}, 0},
		"profile":    {func(c *company, id, _ string) { c.okta.UpdateProfile(id, map[string]any{"department": "Ops"}) }, 1},
		"unassigned": {func(c *company, id, _ string) { c.okta.Unassign(id) }, 4 + 1},
		"left":       {func(c *company, id, group string) { c.okta.RemoveMember(group, id) }, 1 + 2},
	} {
		watchedOver(t, true, "push_mappings", func(c *company, ids, groups []string) {
			c.oktaAsked.Reset()
			row.do(c, ids[1], groups[0])
			<-time.After(time.Minute)
			c.watch()
			if n := c.asked(); n != row.asks {
				c.t.Errorf("%s: it asked Okta %d times besides the log, want %d: %v", name, n, row.asks, c.oktaAsked.All())
			}
			c.converged()
		})
	}
	watchedOver(t, true, "push_mappings", func(c *company, ids, _ []string) {
		c.okta.Unassign(ids[1])
		<-time.After(time.Minute)
		c.watch()
		c.oktaAsked.Reset()
		c.okta.UpdateProfile(ids[1], map[string]any{"department": "Ops"})
		<-time.After(time.Minute)
		c.watch()
		if n := c.asked(); n != 1 {
			c.t.Errorf("who has left already costs %d requests, want 1: %v", n, c.oktaAsked.All())
		}
	})
	watchedOver(t, true, "push_mappings", func(c *company, _, groups []string) {
		c.oktaAsked.Reset()
		c.want(c.run(sync.Full), sync.Done)
		if n := c.oktaAsked.Count("", "/api/v1/groups/"+groups[2]); n != 1 {
			c.t.Errorf("a canary that isn't synced was asked for %d times, want once", n)
		}
		if n := c.oktaAsked.Count("", userOfApp); n != 0 {
			c.t.Errorf("the user on the list was asked for %d times", n)
		}
	})
}

// A run about one person asks for the canary too, before it takes the person's access.
func TestCanaryOfOnePerson(t *testing.T) {
	for _, hidden := range []bool{true, false} {
		watchedOver(t, true, "push_mappings", func(c *company, ids, _ []string) {
			want := 19
			if hidden {
				c.hide(ids[:3], listOfUsers, userOfApp)
				want = 20
			} else {
				c.okta.Unassign(ids[1])
			}
			report := c.pass(sync.Request{Kind: sync.User, Subject: "person001@acme.co", Insist: true})
			if told := strings.Contains(strings.Join(report.Doubts, "\n"), "okta.canary.user"); told != hidden || active(c) != want {
				c.t.Errorf("hidden %t: %d are active, %v\n%s", hidden, active(c), report.Doubts, printed(report))
			}
		})
	}
}

// A canary that can't be asked for proves nothing.
func TestCanaryOutOfReach(t *testing.T) {
	watchedOver(t, true, "push_mappings", func(c *company, _, groups []string) {
		before := snapshot(c)
		c.hide(groups[:2])
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/groups/" + groups[2], Do: sim.Status(500, "{}", nil)})
		report := c.run(sync.Full)
		c.want(report, sync.Doubtful)
		if told := strings.Join(report.Doubts, "\n"); snapshot(c) != before || !strings.Contains(told, "could not be asked for") {
			c.t.Errorf("%s\n%s", told, printed(report))
		}
	})
}

// asApp lets the company's engine sign in as an app, and grants it scopes from now on.
func (c *company) asApp() (grant func(fewer bool, scopes ...string)) {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		c.t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	c.okta.ClientID = "0oa2hm6qw3cSYrTlX0g4"
	c.okta.AddKey("k1", key.Public())
	c.source, err = okta.New(okta.Options{OrgURL: "http://127.0.0.1", AppID: c.okta.ID(), RateShare: 1, Transport: sim.Transport(c.oktaFaults.Wrap(c.okta)),
		OAuth: &okta.OAuth{ClientID: c.okta.ClientID, KeyID: "k1", PrivateKey: func() (string, error) { return text, nil }}})
	if err != nil {
		c.t.Fatal(err)
	}
	return func(fewer bool, scopes ...string) {
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.GrantsFewer, k.Granted = fewer, scopes })
		c.okta.RevokeTokens()
	}
}

// Promise 2: a scope that is lost in the middle of a life takes nobody's access, whether
// Okta refuses the token or gives one that grants less; and what was missed is done once
// the scope is there again.
func TestPromise2LostScope(t *testing.T) {
	all := okta.DefaultScopes()
	for _, lost := range []string{"okta.users.read", "okta.groups.read", "okta.apps.read"} {
		for _, fewer := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/fewer %t", lost, fewer), func(t *testing.T) {
				c := newCompany(t, lenient())
				grant := c.asApp()
				simulatedOn(t, c, func(c *company) {
					ids := c.join(staff(10)...)
					c.push("Sales", ids...)
					c.want(c.run(sync.Reconcile), sync.Done)
					before := snapshot(c)
					grant(fewer, slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == lost })...)
					c.okta.Unassign(ids[0])
					report, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Reconcile})
					if snapshot(c) != before || err == nil && report.Outcome != sync.Doubtful {
						c.t.Fatalf("it ended %q, %v\n%s", report.Outcome, err, printed(report))
					}
					if told := strings.Join(report.Doubts, "\n") + fmt.Sprint(err) + fault.HintOf(err); !strings.Contains(told, lost) && !strings.Contains(told, "invalid_scope") {
						c.t.Errorf("nothing tells of %s: %s", lost, told)
					}
					grant(false, all...)
					<-time.After(time.Minute)
					c.want(c.run(sync.Reconcile), sync.Done)
					c.converged()
				})
			})
		}
	}
}

// Where no group is synced, nothing rests on groups.
func TestScopeThatIsNotNeeded(t *testing.T) {
	p := lenient()
	p.Groups = sync.Selection{From: "match"}
	c := newCompany(t, p)
	grant := c.asApp()
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(10)...)
		grant(true, "okta.apps.read", "okta.users.read", "okta.logs.read")
		c.canary.Group = "00gnobody"
		c.start()
		c.want(c.run(sync.Reconcile), sync.Done)
		c.okta.Unassign(ids[0])
		<-time.After(time.Minute)
		c.want(c.run(sync.Full), sync.Done)
		c.converged()
	})
}

// Promise 2: whom the role hides everywhere is missing from the members of every group, and
// unknown by id. A delta that reads such a list because somebody else moved removes none of them,
// with a canary or without one.
func TestPromise2HiddenMembersStay(t *testing.T) {
	for _, canary := range []bool{true, false} {
		for name, moved := range map[string]func(ids []string) []string{
			"one of them":    func(ids []string) []string { return ids[3:4] },
			"many others":    func(ids []string) []string { return ids[8:16] },
			"one who leaves": func(ids []string) []string { return ids[19:] },
		} {
			watchedOver(t, canary, "push_mappings", func(c *company, ids, groups []string) {
				c.hide(ids[:8])
				for _, id := range moved(ids) {
					c.okta.RemoveMember(groups[0], id)
					if name != "one who leaves" {
						c.okta.AddMember(groups[0], id)
					}
				}
				<-time.After(time.Minute)
				report := c.anyRun(sync.Delta)
				want := 20
				if name == "one who leaves" && !canary { // by the event, and by their own groups
					want = 19
				}
				if n := len(c.teamOf("Sales")); n != want {
					c.t.Errorf("%s, canary %t: Sales has %d members, want %d, after %s %v\n%s", name, canary, n, want, report.Outcome, report.Doubts, printed(report))
				}
				if want == 20 {
					c.want(report, sync.Doubtful)
				}
				c.hide(nil)
				<-time.After(time.Hour)
				c.want(c.run(sync.Reconcile), sync.Done)
				c.inStep()
			})
		}
	}
}

// Promise 2: where the list of users broke off nobody has looked for the canary on it, and the
// few members whom a full run asks for one by one needn't be those who are hidden.
func TestPromise2HiddenAmongManyLeavers(t *testing.T) {
	p := lenient()
	p.Settle = 0
	simulated(t, p, func(c *company) {
		ids := c.join(staff(151)...)
		sales, _ := c.push("Sales", ids...)
		c.okta.AddMembers(c.okta.AddGroup("Everyone", "BUILT_IN"), ids...)
		c.canary = sync.Canary{User: identity.OktaID(ids[0])}
		c.start()
		<-time.After(time.Minute)
		c.want(c.run(sync.Reconcile), sync.Done)
		for _, id := range ids[1:] {
			c.okta.RemoveMember(sales, id)
		}
		c.okta.AddMember(sales, c.join("joiner@acme.co")[0])
		c.hide(ids[:1])
		c.oktaFaults.Add(sim.Fault{Path: listOfUsers, Do: sim.Status(500, "{}", nil)})
		<-time.After(time.Minute)
		c.want(c.run(sync.Full), sync.Doubtful)
		c.hide(nil)
		c.oktaFaults.Clear()
		c.want(c.run(sync.Full), sync.Done)
		if in := c.teamOf("Sales"); len(in) != 2 {
			c.t.Errorf("Sales has %v", in)
		}
	})
}

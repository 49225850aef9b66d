package sync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// shortNames takes omni- off the names of groups.
const shortNames = `group.name.startsWith("omni-") ? group.name.substring(5) : group.name`

// called is a company whose groups go by the expression.
func called(t *testing.T, policy sync.Policy, expression string, play func(c *company)) {
	t.Helper()
	c := newCompanyOn(t, policy, newMemory(), 600)
	c.rules.GroupName = expression
	simulatedOn(t, c, func(c *company) {
		c.okta.SetKnobs(unlimitedOkta)
		c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
		play(c)
	})
}

// Names that an expression makes, by runs.
func TestGroupNamesByExpression(t *testing.T) {
	long := "omni-" + strings.Repeat("x", 65)
	for _, row := range []struct {
		name, expression string
		play             func(c *company, ids []string)
	}{
		{"a group of the mapped name is adopted", shortNames, func(c *company, ids []string) {
			id := c.omni.AddGroup("crew")
			c.push("omni-Crew", ids...)
			c.want(c.run(sync.Reconcile), sync.Done)
			if got := team(c, "Crew"); got.ID != id || len(got.Members) != 2 {
				c.t.Errorf("Omni has %+v", got)
			}
			c.wantNames("Omni's groups", teams(c), "Crew")
		}},
		{"an edit renames, and keeps the group", "", func(c *company, ids []string) {
			c.push("omni-Crew", ids...)
			c.want(c.run(sync.Full), sync.Done)
			id := team(c, "omni-Crew").ID
			c.rules.GroupName = shortNames
			c.start()
			c.want(c.run(sync.Full), sync.Done)
			if got := team(c, "Crew"); got.ID != id {
				c.t.Errorf("Omni has %+v", got)
			}
		}},
		{"two of one name are refused, and both told", shortNames, func(c *company, ids []string) {
			c.push("omni-Crew", ids...)
			c.push("Crew", ids...)
			c.push("Ops", ids...)
			r := c.run(sync.Full)
			c.want(r, sync.Failing)
			for group, other := range map[string]string{"omni-Crew": "1 other (Crew)", "Crew": "1 other (omni-Crew)"} {
				if got := reasonOf(r, group); !strings.Contains(got, `several groups are to be called "Crew" in Omni, this one and `+other) {
					c.t.Errorf("of %s it says %q", group, got)
				}
			}
			c.wantNames("Omni's groups", teams(c), "Ops")
		}},
		{"the linked one keeps the name", shortNames, func(c *company, ids []string) {
			c.push("omni-Crew", ids...)
			c.want(c.run(sync.Full), sync.Done)
			id := team(c, "Crew").ID
			c.push("Crew", ids...)
			c.want(c.run(sync.Full), sync.Failing)
			if got := team(c, "Crew"); got.ID != id || len(c.omni.Groups()) != 1 {
				c.t.Errorf("Omni has %+v", c.omni.Groups())
			}
		}},
		{"one that is too long is refused with what helps", shortNames, func(c *company, ids []string) {
			c.push(long, ids...)
			c.push("omni-Ops", ids...)
			r := c.run(sync.Full)
			c.want(r, sync.Failing)
			if got := reasonOf(r, long); !strings.Contains(got, "has 65 characters, Omni takes 64: shorten it in Okta, or set groups.name: cut(group.name, 64)") {
				c.t.Errorf("it says %q", got)
			}
			c.wantNames("Omni's groups", teams(c), "Ops")
			c.rules.GroupName = "cut(" + "group.name" + ", 64)"
			c.start()
			c.want(c.run(sync.Full), sync.Done)
			c.wantNames("Omni's groups", teams(c), "omni-Ops", long[:64])
		}},
		{"one whose expression fails isn't made, and the others are", `group.name.split("-")[1]`, func(c *company, ids []string) {
			c.push("plain", ids...)
			c.push("omni-Ops", ids...)
			r := c.run(sync.Full)
			c.want(r, sync.Failing)
			if got := reasonOf(r, "plain"); !strings.Contains(got, "groups.name") {
				c.t.Errorf("it says %q", got)
			}
			c.wantNames("Omni's groups", teams(c), "Ops")
		}},
		{"one whose expression fails stays as it is, and its members go on", "", func(c *company, ids []string) {
			group, _ := c.push("plain", ids[0])
			c.push("omni-Ops", ids...)
			c.want(c.run(sync.Full), sync.Done)
			c.rules.GroupName = `group.name.split("-")[1]`
			c.start()
			c.okta.AddMembers(group, ids[1])
			for range 2 {
				r := c.run(sync.Full)
				c.want(r, sync.Failing)
				if !strings.Contains(printed(r), "groups.name") {
					c.t.Errorf("it says\n%s", printed(r))
				}
			}
			c.wantNames("Omni's groups", teams(c), "Ops", "plain")
			if got := c.teamOf("plain"); len(got) != 2 {
				c.t.Errorf("plain has %v", got)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			called(t, lenient(), row.expression, func(c *company) {
				row.play(c, c.join(staff(2)...))
				c.omni.ResetLog()
				for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
					if c.run(kind); c.omni.Writes() > 0 {
						t.Errorf("one more %s run wrote", kind)
					}
				}
			})
		})
	}
}

// Okta pushes groups under its own names, and sees them; Omni has the mapped ones.
func TestPushedGroupNamesByExpression(t *testing.T) {
	for unpush, left := range map[string][]string{"keep": {"Ops", "Sales"}, "delete": {}} {
		t.Run(unpush, func(t *testing.T) {
			policy := lenient()
			policy.OnUnpush = unpush
			called(t, policy, shortNames, func(c *company) {
				p := c.withPush(false)
				defer p.stop()
				ids := p.hired(2)
				own := c.omni.AddGroup("Sales")
				find := func(name, want string) said {
					t.Helper()
					got := p.wants(200, "GET", `/Groups?filter=displayName%20eq%20%22`+name+`%22`, nil)
					if strings.Contains(got.text, `"displayName":"`+want+`"`) != (want != "") {
						t.Errorf("looking for %s, Okta sees %s, want %q", name, got.text, want)
					}
					return got
				}
				find("omni-Sales", "omni-Sales")
				sales := p.wants(201, "POST", "/Groups", map[string]any{"displayName": "omni-Sales", "members": values(ids[0])})
				crew := p.wants(201, "POST", "/Groups", map[string]any{"displayName": "omni-Crew", "members": values(ids...)})
				c.wantNames("Omni's groups", teams(c), "Crew", "Sales")
				if got := team(c, "Sales"); got.ID != own || fmt.Sprint(got.Members) != "[person000@acme.co]" {
					t.Errorf("Omni's own group is %+v", got)
				}
				find("omni-Crew", "omni-Crew")
				p.wants(200, "PATCH", "/Groups/"+crew.id(), patched(map[string]any{"op": "replace", "value": map[string]any{"displayName": "omni-Ops"}}))
				c.wantNames("Omni's groups", teams(c), "Ops", "Sales")
				if got := p.wants(200, "GET", "/Groups/"+crew.id(), nil); got.body["displayName"] != "omni-Ops" {
					t.Errorf("Okta sees %s", got.text)
				}
				if got := p.ask("POST", "/Groups", map[string]any{"displayName": "Ops"}); got.status < 400 {
					t.Errorf("a second group of the name in Omni is answered %d %s", got.status, got.text)
				}
				c.wantNames("Omni's groups", teams(c), "Ops", "Sales")
				for _, id := range []string{sales.id(), crew.id()} {
					p.wants(204, "DELETE", "/Groups/"+id, nil)
				}
				<-time.After(time.Minute)
				c.wantNames("Omni's groups", teams(c), left...)
			})
		})
	}
}

// Whoever comes first, push and pull make one group under the mapped name.
func TestPushAndPullAgreeOnAMappedName(t *testing.T) {
	for _, first := range []string{"push", "pull"} {
		t.Run(first, func(t *testing.T) {
			called(t, lenient(), shortNames, func(c *company) {
				p := c.withPush(true)
				defer p.stop()
				id := c.join("ada@acme.co")[0]
				g, _ := c.push("omni-Crew", id)
				if first == "pull" {
					c.want(c.run(sync.Full), sync.Done)
				}
				p.client.Assign(person("ada@acme.co", id))
				p.drain()
				p.client.PushGroup(pushedGroup(g, "omni-Crew", id))
				p.drain()
				<-time.After(10 * time.Minute)
				c.want(c.run(sync.Full), sync.Done)
				c.want(c.run(sync.Reconcile), sync.Done)
				c.wantNames("Omni's groups", teams(c), "Crew")
				if got := p.wants(200, "GET", "/Groups/"+p.client.GroupID(g), nil); got.body["displayName"] != "omni-Crew" {
					t.Errorf("Okta sees %s", got.text)
				}
				c.omni.ResetLog()
				p.client.PushNow(g)
				p.drain()
				if n := c.omni.Writes(); n > 0 {
					t.Errorf("a push of the same wrote %d times", n)
				}
				c.silent()
			})
		})
	}
}

// departmentOf is the user's in Omni, joined.
func departmentOf(c *company, name string) string {
	return strings.Join(omniUser(c, name).Attributes["department"], ",")
}

// Who is moved by a push is mapped anew: without a reading of Okta by the full run
// that the push asks for, beside one by what the System Log leads to.
func TestPushedIntoAGroupThatTheMappingReads(t *testing.T) {
	for _, pull := range []bool{false, true} {
		t.Run(fmt.Sprintf("pull %t", pull), func(t *testing.T) {
			c := newCompanyOn(t, lenient(), newMemory(), 600)
			c.rules.Attributes = map[string]string{"department": `"Crew" in groups ? "in" : "out"`}
			simulatedOn(t, c, func(c *company) {
				c.okta.SetKnobs(unlimitedOkta)
				c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
				name := staff(1)[0]
				var id, group string
				if pull {
					ids := c.join(staff(20)...)
					id = ids[0]
					group, _ = c.push("Crew")
					c.okta.AddMembers(c.okta.AddGroup("Everyone", "BUILT_IN"), ids...)
					<-time.After(time.Minute)
				}
				p := c.withPush(pull)
				defer p.stop()
				look := func() {
					<-time.After(time.Minute)
					if pull {
						c.follows()
					} else {
						c.want(c.run(sync.Full), sync.Done)
					}
				}
				if pull {
					c.want(c.run(sync.Full), sync.Done)
					<-time.After(time.Minute)
					c.watch()
				} else {
					id = oktaID(0)
				}
				who := omniIDOf(p, name, id, pull)
				if got := departmentOf(c, name); got != "out" {
					t.Fatalf("at first it is %q", got)
				}
				if pull {
					c.okta.AddMember(group, id)
				}
				crew := p.wants(201, "POST", "/Groups", map[string]any{"displayName": "Crew", "members": values(who)})
				look()
				if got := departmentOf(c, name); got != "in" {
					t.Errorf("in the group it is %q", got)
				}
				if pull {
					c.okta.RemoveMember(group, id)
				}
				p.wants(200, "PATCH", "/Groups/"+crew.id(), patched(map[string]any{"op": "remove", "path": `members[value eq "` + who + `"]`}))
				look()
				if got := departmentOf(c, name); got != "out" {
					t.Errorf("out of the group it is %q", got)
				}
				c.silent()
			})
		})
	}
}

// follows looks at the System Log, and does what it asks for: in so small a company
// that may be a full run.
func (c *company) follows() {
	c.t.Helper()
	w := c.watch()
	switch {
	case w.Report != nil:
		c.want(*w.Report, sync.Done)
	case w.Wider != "":
		c.want(c.run(w.Wider), sync.Done)
	default:
		c.t.Error("nothing of what was pushed is looked at")
	}
}

// omniIDOf is the SCIM id of the user, who is pushed where no reading has made them.
func omniIDOf(p *pushed, name, id string, pull bool) string {
	if pull {
		return omniUser(p.company, name).ID
	}
	return p.wants(201, "POST", "/Users", created(name, id)).id()
}

// Who leaves the group that the scope reads leaves Omni, once Okta was asked: never
// while it doesn't tell which groups they are in.
func TestScopeByGroups(t *testing.T) {
	policy := lenient()
	policy.Settle = 0
	c := newCompanyOn(t, policy, newMemory(), 600)
	c.rules.Scope = `"Crew" in groups`
	simulatedOn(t, c, func(c *company) {
		c.okta.SetKnobs(unlimitedOkta)
		ids := c.join(staff(3)...)
		crew, _ := c.push("Crew", ids[:2]...)
		c.want(c.run(sync.Reconcile), sync.Done)
		c.wantActive(staff(2)...)
		c.watch()
		<-time.After(time.Minute)
		c.okta.RemoveMember(crew, ids[0])
		<-time.After(time.Minute)
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/users/*/groups", Do: sim.Status(500, "{}", nil)})
		for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
			c.run(kind)
			c.wantActive(staff(2)...)
		}
		c.watch()
		c.wantActive(staff(2)...)
		c.oktaFaults.Clear()
		<-time.After(5 * time.Minute)
		c.run(sync.Full)
		c.wantActive(staff(2)[1])
		c.okta.AddMember(crew, ids[0])
		<-time.After(time.Minute)
		c.run(sync.Full)
		c.wantActive(staff(2)...)
	})
}

package sync_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// edit is one edit of the mapping, and what it changes for whoever is in Law.
type edit struct {
	name   string
	rules  func(r *mapping.Rules)
	was    string // what a change tells before, in the form of sideOf
	is     string
	held   string // by which guard, where it is too much
	groups bool   // it touches the groups named law-00 and so on, not the users
}

var edits = []edit{
	{name: "attribute", held: "policy_change", was: `department "Law"`, is: `department "Legal"`,
		rules: func(r *mapping.Rules) {
			r.Attributes["department"] = `user.department == "Law" ? "Legal" : user.department`
		}},
	{name: "attribute that is cleared", held: "policy_change", was: `department "Law"`, is: `department none`,
		rules: func(r *mapping.Rules) {
			r.Attributes["department"] = `user.department == "Law" ? null : user.department`
		}},
	{name: "attribute by groups", held: "policy_change", was: `department "Law"`, is: `department "Legal"`,
		rules: func(r *mapping.Rules) {
			r.Attributes["department"] = `groups.exists(g, g.startsWith("law-")) ? "Legal" : user.department`
		}},
	{name: "display name", held: "policy_change", was: "name First person", is: "name Esq. person",
		rules: func(r *mapping.Rules) {
			r.DisplayName = `user.department == "Law" ? "Esq. " + user.lastName : null`
		}},
	{name: "scope", held: "deactivations", was: "active true", is: "active false",
		rules: func(r *mapping.Rules) { r.Scope = `user.department != "Law"` }},
	{name: "name of groups", held: "policy_change", was: "name law-", is: "name lex-", groups: true,
		rules: func(r *mapping.Rules) {
			r.GroupName = `group.name.startsWith("law-") ? "lex-" + group.name.substring(4) : group.name`
		}},
}

// afterEdit is a company of forty, of whom the first n are in Law, each in a group of
// their own, whose mapping is then edited. The limit of policy_change is two.
func afterEdit(t *testing.T, e edit, n int, play func(c *company, ids []string)) {
	t.Helper()
	policy := defaults()
	policy.Settle = 0
	policy.Guard.Creations = sync.Limit{Count: 1000, Percent: 1e9}
	c := newCompanyOn(t, policy, newMemory(), 600)
	simulatedOn(t, c, func(c *company) {
		c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
		ids := c.join(staff(40)...)
		for i, id := range ids[:n] {
			c.okta.UpdateProfile(id, map[string]any{"department": "Law"})
			c.push(fmt.Sprintf("law-%02d", i), id)
		}
		c.want(c.run(sync.Reconcile), sync.Done)
		c.silent()
		<-time.After(time.Minute)
		c.watch()
		e.rules(&c.rules)
		c.start()
		c.omni.ResetLog()
		play(c, ids)
	})
}

// touches fails unless the report tells the edit of exactly the first n, old value and
// new, before everything else.
func (c *company) touches(r sync.Report, e edit, n int, s state.ChangeState) {
	c.t.Helper()
	var got []string
	for i, change := range r.Changes {
		name := change.UserName + change.Group
		if change.Before == nil || !strings.HasPrefix(sideOf(change.Before), e.was) || !strings.HasPrefix(sideOf(change.After), e.is) || change.State != s || i >= n {
			c.t.Errorf("%s %s: %s -> %s, %s", name, change.Kind, sideOf(change.Before), sideOf(change.After), change.State)
		}
		got = append(got, name)
	}
	slices.Sort(got)
	want := staff(n)
	if e.groups {
		for i := range want {
			want[i] = fmt.Sprintf("law-%02d", i)
		}
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("it touches %v, want %v", got, want)
	}
}

// sideOf tells one side of a change.
func sideOf(f *state.Facts) string {
	var words []string
	if f.DisplayName != "" {
		words = append(words, "name "+f.DisplayName)
	}
	if f.Active != nil {
		words = append(words, fmt.Sprintf("active %t", *f.Active))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Attributes)) {
		value := "none"
		if v := f.Attributes[name]; v != nil {
			value = string(*v)
		}
		words = append(words, name+" "+value)
	}
	return strings.Join(words, ", ")
}

// wrote fails unless exactly the first n users, or as many groups, were written since
// the last ResetLog, once each.
func (c *company) wrote(n int) {
	c.t.Helper()
	seen := map[string]bool{}
	for _, r := range c.omni.Requests() {
		if r.Write() {
			seen[r.Path] = true
		}
	}
	if len(seen) != n || c.omni.Writes() != n {
		c.t.Errorf("%d writes to %v, want one each to %d", c.omni.Writes(), sorted(seen), n)
	}
}

// A run whose only change is an edit of the mapping writes exactly those whose result
// changed, within the guard at once.
func TestEditOfTheMappingWithinTheGuard(t *testing.T) {
	for _, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			afterEdit(t, e, 2, func(c *company, _ []string) {
				c.touches(c.pass(sync.Request{Kind: sync.Full, DryRun: true}), e, 2, state.Planned)
				c.wrote(0)
				r := c.run(sync.Full)
				c.want(r, sync.Done)
				c.touches(r, e, 2, state.Applied)
				c.wrote(2)
				c.silent()
			})
		})
	}
}

// Beyond the guard it writes nothing, in whatever run; approved, it writes exactly
// those; rejected, nothing ever.
func TestEditOfTheMappingBeyondTheGuard(t *testing.T) {
	for _, e := range edits {
		for _, decision := range []state.Decision{state.Approved, state.Rejected} {
			t.Run(e.name+" "+string(decision), func(t *testing.T) {
				afterEdit(t, e, 3, func(c *company, _ []string) {
					c.touches(c.pass(sync.Request{Kind: sync.Full, DryRun: true}), e, 3, state.Held)
					for _, kind := range []sync.RunKind{sync.Full, sync.Full, sync.Reconcile} {
						r := c.run(kind)
						c.want(r, sync.Holding)
						c.touches(r, e, 3, state.Held)
					}
					c.wrote(0)
					c.heldBy(e.held, 3)
					c.decide(decision)
					r := c.run(sync.Full)
					c.want(r, sync.Done)
					want, s := 3, state.Applied
					if decision == state.Rejected {
						want, s = 0, state.Kept
					}
					c.touches(r, e, 3, s)
					c.wrote(want)
					c.silent()
				})
			})
		}
	}
}

// heldBy fails unless one run's changes wait, so many, and because of the guard.
func (c *company) heldBy(guard string, n int) {
	c.t.Helper()
	status, err := c.engine.Status(c.t.Context())
	if err != nil || len(status.Held) != 1 || status.Held[0].Kind != guard || status.Held[0].Count != n {
		c.t.Fatalf("held: %+v, %v, want %d by %s", status.Held, err, n, guard)
	}
}

// An edit that is taken back before anybody approved it leaves nothing behind.
func TestEditOfTheMappingTakenBack(t *testing.T) {
	for _, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			afterEdit(t, e, 3, func(c *company, _ []string) {
				c.want(c.run(sync.Full), sync.Holding)
				c.rules = mapping.Rules{Scope: "true", Attributes: map[string]string{"department": "user.department"}}
				c.start()
				c.want(c.run(sync.Full), sync.Done)
				c.wrote(0)
				c.silent()
			})
		})
	}
}

// While a name of groups waits, members come and go under the old one, by a full run
// and by a delta.
func TestMembersUnderAHeldName(t *testing.T) {
	e := edits[len(edits)-1]
	afterEdit(t, e, 3, func(c *company, ids []string) {
		c.want(c.run(sync.Full), sync.Holding)
		c.watch()
		<-time.After(time.Minute)
		groups := map[string]string{}
		for id := range c.okta.Pushed() {
			groups[c.okta.Groups()[id]] = id
		}
		c.okta.AddMember(groups["law-00"], ids[5])
		<-time.After(time.Minute)
		w := c.watch()
		if w.Report == nil {
			c.t.Fatalf("the delta read nothing: %+v", w)
		}
		c.okta.AddMember(groups["law-01"], ids[6])
		c.okta.RemoveMember(groups["law-01"], ids[1])
		<-time.After(time.Minute)
		c.want(c.run(sync.Full), sync.Holding)
		for name, want := range map[string]string{"law-00": "[person000@acme.co person005@acme.co]", "law-01": "[person006@acme.co]"} {
			if got := fmt.Sprint(c.teamOf(name)); got != want {
				t.Errorf("%s has %s, want %s", name, got, want)
			}
		}
		c.decide(state.Approved)
		c.want(c.run(sync.Full), sync.Done)
		c.wantNames("Omni's groups", teams(c), "lex-00", "lex-01", "lex-02")
		c.silent()
	})
}

// Whoever Okta touches while an edit waits: the edit stays held for those whom it
// concerns, and everybody else's changes go on.
func TestDeltaUnderAHeldEdit(t *testing.T) {
	afterEdit(t, edits[0], 3, func(c *company, ids []string) {
		c.want(c.run(sync.Full), sync.Holding)
		c.watch()
		<-time.After(time.Minute)
		c.okta.UpdateProfile(ids[0], map[string]any{"displayName": "Held"})
		c.okta.UpdateProfile(ids[9], map[string]any{"displayName": "Free"})
		<-time.After(time.Minute)
		c.want(*c.watch().Report, sync.Holding)
		if got := omniUser(c, "person009@acme.co").DisplayName; got != "Free" {
			t.Errorf("who isn't concerned is called %q", got)
		}
		if u := omniUser(c, "person000@acme.co"); u.DisplayName == "Held" || u.Attributes["department"][0] != "Law" {
			t.Errorf("who is concerned was written: %+v", u)
		}
		c.okta.Unassign(ids[1])
		<-time.After(time.Minute)
		c.watch()
		if omniUser(c, "person001@acme.co").Active {
			t.Error("who leaves stays because an edit is held")
		}
		first, err := c.engine.Status(c.t.Context())
		if err != nil || len(first.Held) != 2 {
			t.Fatalf("what was shown before and what the delta made of it aren't two: %+v, %v", first.Held, err)
		}
		if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: first.Held[0].Run, Decision: state.Approved, By: "grace"}); err != nil {
			t.Fatal(err)
		}
		c.want(c.run(sync.Full), sync.Holding)
		if u := omniUser(c, "person000@acme.co"); u.DisplayName == "Held" {
			t.Errorf("approved as it was shown before, they are %+v", u)
		}
		c.decideAll(state.Approved)
		c.want(c.run(sync.Full), sync.Done)
		if u := omniUser(c, "person000@acme.co"); u.DisplayName != "Held" || u.Attributes["department"][0] != "Legal" {
			t.Errorf("after approval they are %+v", u)
		}
		c.inStep()
	})
}

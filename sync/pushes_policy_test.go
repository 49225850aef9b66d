package sync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// pushing is a small company in simulated time whose Okta pushes.
func pushing(t *testing.T, policy sync.Policy, pull bool, play func(p *pushed)) {
	t.Helper()
	simulatedOn(t, newCompanyOn(t, policy, newMemory(), 600), func(c *company) {
		c.okta.SetKnobs(unlimitedOkta)
		c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
		p := c.withPush(pull)
		defer func() { p.stop() }()
		play(p)
	})
}

// hired are n whom Okta has pushed, with their SCIM ids.
func (p *pushed) hired(n int) []string {
	p.t.Helper()
	var ids []string
	for _, who := range people(n) {
		ids = append(ids, p.wants(201, "POST", "/Users", created(who.UserName, who.OktaID)).id())
	}
	return ids
}

// A wave of deactivations is more than the guard lets through: Okta is told that they
// are inactive, and nobody is, until a person says so.
func TestPushWaveIsHeld(t *testing.T) {
	for _, decision := range []state.Decision{state.Approved, state.Rejected} {
		t.Run(string(decision), func(t *testing.T) {
			policy := defaults()
			policy.Guard.Creations = sync.Limit{Count: 1000, Percent: 1e9}
			pushing(t, policy, false, func(p *pushed) {
				ids := p.hired(400)
				for _, id := range ids[:200] {
					if got := p.wants(200, "PATCH", "/Users/"+id, deactivated); got.body["active"] != false {
						t.Fatalf("Okta is told %s", got.text)
					}
				}
				<-time.After(10 * time.Minute)
				if n := active(p.company); n < 400-20 {
					t.Fatalf("%d are active, want 380 at least", n)
				}
				status, err := p.engine.Status(t.Context())
				if err != nil || len(status.Held) == 0 {
					t.Fatalf("nothing is held: %v", err)
				}
				before := active(p.company)
				for _, held := range status.Held {
					if _, err := p.engine.Decide(t.Context(), sync.Verdict{Run: held.Run, Decision: decision, By: "ada"}); err != nil {
						t.Fatal(err)
					}
				}
				<-time.After(time.Minute)
				want := 200
				if decision == state.Rejected {
					want = before
				}
				if n := active(p.company); n != want {
					t.Errorf("a minute after the decision %d are active, want %d", n, want)
				}
			})
		})
	}
}

// Who is unassigned keeps the account as long as grace lasts, unless the Okta account
// is gone too. Who returns within it was never away.
func TestPushGrace(t *testing.T) {
	policy := lenient()
	policy.Grace = 24 * time.Hour
	pushing(t, policy, true, func(p *pushed) {
		names := staff(4)
		ids := p.join(names...)
		p.want(p.run(sync.Full), sync.Done)
		scim := map[string]string{}
		for _, name := range names {
			scim[name] = omniUser(p.company, name).ID
		}
		p.okta.Unassign(ids[0])
		p.okta.SetStatus(ids[1], "DEPROVISIONED")
		p.okta.Unassign(ids[2])
		for _, name := range names[:3] {
			p.wants(200, "PATCH", "/Users/"+scim[name], deactivated)
		}
		p.omni.ResetLog()
		<-time.After(time.Minute)
		if !omniUser(p.company, names[0]).Active || omniUser(p.company, names[1]).Active {
			t.Errorf("after a minute: %s", snapshot(p.company))
		}
		p.okta.Assign(ids[2], simokta.AssignOptions{})
		writes := p.omni.Writes()
		p.wants(200, "PATCH", "/Users/"+scim[names[2]], patched(map[string]any{"op": "replace", "value": map[string]any{"active": true}}))
		if p.omni.Writes() != writes {
			t.Error("Omni was told of somebody who returned within grace")
		}
		<-time.After(23 * time.Hour)
		if !omniUser(p.company, names[0]).Active {
			t.Error("grace was not waited for")
		}
		<-time.After(2 * time.Hour)
		if omniUser(p.company, names[0]).Active || !omniUser(p.company, names[2]).Active {
			t.Errorf("after grace: %s", snapshot(p.company))
		}
		p.inStep()
	})
}

// What the policy says no to, and how Okta is told.
func TestPushRefusals(t *testing.T) {
	policy := lenient()
	policy.Protected = []string{"boss@*"}
	c := newCompanyOn(t, policy, newMemory(), 600)
	c.rules.Scope = `user.lastName != "Outside"`
	simulatedOn(t, c, func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		refused := func(status int, says string, got said) {
			t.Helper()
			if got.status != status || !strings.Contains(got.text, says) {
				t.Errorf("answered %d %s, want %d with %q", got.status, got.text, status, says)
			}
		}
		ids := p.hired(2)
		boss := p.wants(201, "POST", "/Users", created("boss@acme.co", oktaID(90)))
		crew := p.wants(201, "POST", "/Groups", map[string]any{"displayName": "Crew", "members": values(ids[0], ids[1], boss.id())})
		p.wants(201, "POST", "/Groups", map[string]any{"displayName": "Board"})

		refused(403, "protected", p.ask("PATCH", "/Users/"+boss.id(), deactivated))
		refused(403, "protected", p.ask("PATCH", "/Groups/"+crew.id(), patched(map[string]any{"op": "remove", "path": "members", "value": values(boss.id(), ids[1])})))
		if got := fmt.Sprint(c.teamOf("Crew")); got != "[boss@acme.co person000@acme.co]" {
			t.Errorf("Crew has %s", got)
		}
		refused(409, "uniqueness", p.ask("PATCH", "/Groups/"+crew.id(), patched(map[string]any{"op": "replace", "value": map[string]any{"displayName": "Board"}})))
		refused(409, "uniqueness", p.ask("POST", "/Users", created("PERSON000@acme.co", oktaID(0))))

		outside := created("out@acme.co", oktaID(91))
		outside["name"] = map[string]any{"givenName": "Out", "familyName": "Outside"}
		refused(403, "scope", p.ask("POST", "/Users", outside))
		moved := created("person001@acme.co", oktaID(1))
		moved["name"] = outside["name"]
		p.wants(200, "PUT", "/Users/"+ids[1], moved)
		<-time.After(time.Minute)
		if omniUser(c, "person001@acme.co").Active {
			t.Error("who moved outside the scope stays")
		}
		p.wants(200, "PATCH", "/Users/"+ids[0], deactivated)
		<-time.After(time.Minute)
		refused(409, "uniqueness", p.ask("POST", "/Users", created("person000@acme.co", oktaID(92))))
		if n := len(c.omni.Users()); n != 3 {
			t.Errorf("Omni has %d accounts", n)
		}
	})
}

// Two changes of one group at once lose nobody, in whatever way they are written, and
// who is removed by value is removed alone.
func TestPushTwoAtOnce(t *testing.T) {
	pushing(t, lenient(), false, func(p *pushed) {
		ids := p.hired(12)
		crew := p.wants(201, "POST", "/Groups", map[string]any{"displayName": "Crew", "members": values(ids[0], ids[1])})
		answered := make(chan int, len(ids))
		for i := 2; i < len(ids); i++ {
			go func() {
				answered <- p.ask("PATCH", "/Groups/"+crew.id(), patched(map[string]any{"op": "Add", "path": "members", "value": values(ids[i])})).status
			}()
		}
		for range ids[2:] {
			if status := <-answered; status != 200 {
				t.Errorf("answered %d", status)
			}
		}
		p.wants(200, "PATCH", "/Groups/"+crew.id(), patched(map[string]any{"op": "Remove", "path": "members", "value": values(ids[0], ids[5])}))
		want := slices.Delete(slices.Delete(staff(12), 5, 6), 0, 1)
		if got := p.teamOf("Crew"); !slices.Equal(got, want) {
			t.Errorf("Crew has %v, want %v", got, want)
		}
		p.until(time.Minute, p.mirrored)
		p.silent()
	})
}

// The mapping makes of a user something else than Okta pushes. Both ways end at the
// mapping's result and stay there, and Okta sees its own names.
func TestPushAndMappingAgree(t *testing.T) {
	c := newCompanyOn(t, lenient(), newMemory(), 600)
	c.rules.DisplayName = `user.lastName + ", " + user.firstName`
	c.rules.Attributes = map[string]string{"department": `"D-" + user.department`}
	simulatedOn(t, c, func(c *company) {
		c.okta.SetKnobs(unlimitedOkta)
		p := c.withPush(true)
		defer p.stop()
		id := c.join("ada@acme.co")[0]
		g, _ := c.push("Crew", id)
		ada := person("ada@acme.co", id)
		ada.FamilyName, ada.DisplayName = "ada", "Ada as Okta pushes her"
		p.client.Assign(ada)
		p.drain()
		p.client.PushGroup(pushedGroup(g, "Crew", id))
		p.drain()
		for range 3 {
			<-time.After(10 * time.Minute)
			c.want(c.run(sync.Full), sync.Done)
			p.client.Update(ada)
			p.client.PushNow(g)
			p.drain()
			u := omniUser(c, "ada@acme.co")
			if u.DisplayName != "ada, First" || fmt.Sprint(u.Attributes["department"]) != "[D-Sales]" {
				t.Fatalf("Omni has %q %v", u.DisplayName, u.Attributes)
			}
			team(c, "Crew")
			got := p.wants(200, "GET", "/Users/"+u.ID, nil)
			if got.body["displayName"] != ada.DisplayName {
				t.Fatalf("Okta sees %s", got.text)
			}
			if got := p.wants(200, "GET", "/Groups/"+p.client.GroupID(g), nil); got.body["displayName"] != "Crew" {
				t.Fatalf("Okta sees %s", got.text)
			}
		}
		c.omni.ResetLog()
		p.client.Update(ada)
		p.client.PushNow(g)
		p.drain()
		if n := c.omni.Writes(); n > 0 {
			t.Errorf("a push of the same wrote %d times", n)
		}
		c.silent()
	})
}

// Somebody is pushed whom Okta doesn't show as assigned: somebody else has the token.
func TestPushOfAStrangerIsTold(t *testing.T) {
	pushing(t, lenient(), true, func(p *pushed) {
		p.join(staff(3)...)
		p.want(p.run(sync.Full), sync.Done)
		p.wants(201, "POST", "/Users", created("mallory@acme.co", oktaID(99)))
		for _, external := range []string{"", "not-an-okta-id"} {
			p.wants(201, "POST", "/Users", created("eve"+external+"@acme.co", external))
		}
		<-time.After(10 * time.Minute)
		r := p.run(sync.Full)
		told := strings.Join(r.Notes, "\n")
		for _, name := range []string{"mallory@acme.co", "eve@acme.co", "evenot-an-okta-id@acme.co"} {
			if !strings.Contains(told, name) || !strings.Contains(told, "SCIM token") {
				t.Errorf("%s isn't told of: %q", name, told)
			}
			if !omniUser(p.company, name).Active && identity.FoldUserName(name) != "mallory@acme.co" {
				t.Errorf("%s is gone, without Okta having said so", name)
			}
		}
	})
}

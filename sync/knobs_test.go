package sync_test

import (
	"fmt"
	"testing"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// knobs are the positions of everything about Omni that nobody knows: the
// engine must do right in each.
var knobs = map[string]simomni.Knobs{
	"as documented":                   {},
	"revoked is gone":                 {Revoked: simomni.Gone},
	"revoked loses memberships":       {MembershipsDropped: true},
	"unknown attributes refused":      {UnknownAttributesRefused: true},
	"filters mind case":               {FilterCaseSensitive: true},
	"429 below the published limit":   {RealLimit: 40},
	"429 with Retry-After":            {RealLimit: 40, RetryAfter: true},
	"PATCH answers 204":               {UserPatch204: true, GroupPatch204: true},
	"writes answer bare":              {BareWrites: true},
	"small pages":                     {PageMax: 7},
	"unknown members are 404":         {UnknownMemberStatus: 404},
	"booleans stay":                   {BooleansKept: true},
	"defaults are shown":              {DefaultsShown: true},
	"system keys hidden":              {SystemKeys: simomni.SystemHidden},
	"system keys as words":            {SystemKeys: simomni.SystemWords},
	"everything at its worst at once": {Revoked: simomni.Gone, FilterCaseSensitive: true, UserPatch204: true, GroupPatch204: true, BareWrites: true, PageMax: 5, RealLimit: 40},
}

// A year in short: load, adoption, change, rename, leaver, return, group
// changes. Whatever Omni is like, it ends in step, with everything a returner had.
func TestEveryKnob(t *testing.T) {
	for name, k := range knobs {
		for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
			t.Run(name+"/"+string(kind), func(t *testing.T) {
				simulated(t, lenient(), func(c *company) {
					c.omni.SetKnobs(k)
					c.omni.AddUser("Person001@acme.co", "Before")
					ids := c.join(staff(24)...)
					sales, _ := c.push("Sales", ids[:12]...)
					c.push("Ops", ids[8:]...)
					c.want(c.run(kind), sync.Done)
					c.converged()
					c.okta.UpdateProfile(ids[2], map[string]any{"department": "Legal"})
					c.okta.SetUserName(ids[3], "renamed@acme.co")
					c.okta.RemoveMember(sales, ids[4])
					c.okta.AddMember(sales, ids[20])
					c.okta.Unassign(ids[0])
					c.okta.Unassign(ids[9])
					c.want(c.run(kind), sync.Done)
					c.converged()
					c.okta.RemoveMember(sales, ids[9]) // while away
					c.okta.AddMember(sales, ids[21])
					c.want(c.run(kind), sync.Done)
					c.okta.Assign(ids[0], simokta.AssignOptions{})
					c.okta.Assign(ids[9], simokta.AssignOptions{})
					c.want(c.run(kind), sync.Done)
					c.converged()
					if got := omniUser(c, "person000@acme.co").Attributes["department"]; len(got) != 1 || got[0] != "Sales" {
						c.t.Errorf("the returner's department is %v", got)
					}
					c.inStep()
				})
			})
		}
	}
}

// A rename that Omni refuses, loudly or in silence, is held; everything else of
// the same user goes on.
func TestRefusedRenameIsHeld(t *testing.T) {
	for _, renames := range []simomni.Renames{simomni.RenamesRefused, simomni.RenamesIgnored} {
		t.Run(fmt.Sprint(renames), func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				ids := c.join(staff(3)...)
				c.run(sync.Full)
				c.omni.SetKnobs(simomni.Knobs{Renames: renames})
				c.okta.SetUserName(ids[0], "renamed@acme.co")
				c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"})
				c.want(c.run(sync.Full), sync.Holding)
				u := omniUser(c, "person000@acme.co")
				if got := u.Attributes["department"]; len(got) != 1 || got[0] != "Legal" {
					c.t.Errorf("department is %v: the rest of the change is lost", got)
				}
				c.omni.ResetLog()
				c.want(c.run(sync.Full), sync.Holding)
				if n := c.omni.Writes(); n != 0 {
					c.t.Errorf("a held rename was tried %d times", n)
				}
			})
		})
	}
}

// A bad key, answered 401 or 403, ends the run before anything is counted as failing.
func TestBadKey(t *testing.T) {
	for _, status := range []int{401, 403} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				c.join(staff(3)...)
				c.omni.SetKnobs(simomni.Knobs{Keys: []string{"another"}, BadKeyStatus: status})
				for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
					if report, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: kind}); err == nil {
						c.t.Errorf("a %s run with a refused key ended %q\n%s", kind, report.Outcome, printed(report))
					}
				}
				c.omni.SetKnobs(simomni.Knobs{})
				c.want(c.run(sync.Reconcile), sync.Done)
				c.inStep()
			})
		})
	}
}

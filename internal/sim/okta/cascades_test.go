package okta_test

import (
	"strings"
	"testing"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// wrote tells an event in words: what, by whom, in which transaction of those seen, by which rule.
type wrote struct {
	EventType   string
	Actor       target
	Target      []target
	Transaction struct{ Type, ID string }
	Debug       struct {
		Data map[string]string `json:"debugData"`
	} `json:"debugContext"`
}

func (h *harness) wrote() []wrote {
	events, _ := all[wrote](h, "/api/v1/logs?limit=1000", 1)
	return events
}

func (w wrote) about(kind string) string {
	for _, t := range w.Target {
		if t.Type == kind {
			return t.ID
		}
	}
	return ""
}

// sales founds an org with people in Sales by a rule, whom Sales assigns to the app, and gives the place of the next event.
func sales(h *harness, people int) (ids []string, group, rule string, from int) {
	ids, group = h.staff(people), h.AddGroup("Sales", "")
	for _, id := range ids {
		h.UpdateProfile(id, map[string]any{"region": "EMEA"})
	}
	h.AssignGroup(group)
	rule = h.AddRule("Region", group, "region", "EMEA")
	if n := len(h.Assigned()); n != people {
		h.t.Fatalf("%d are assigned", n)
	}
	return ids, group, rule, len(h.wrote())
}

func TestAnImportCascades(t *testing.T) {
	h := serve(t, &simokta.Org{})
	ids, group, rule, from := sales(h, 3)
	i := h.Import("Workday")
	i.Update(ids[0], map[string]any{"region": "APAC"})
	if i.Update(ids[0], map[string]any{"region": "APAC"}) {
		t.Error("what is so already was changed")
	}
	i.Deactivate(ids[1])
	i.End()
	var kinds []string
	for _, e := range h.wrote()[from:] {
		kinds = append(kinds, e.EventType)
		own := strings.HasPrefix(e.EventType, "system.import.") || strings.HasPrefix(e.EventType, "user.")
		if e.Actor.Type != "SystemPrincipal" || e.Transaction.Type != "JOB" || strings.HasPrefix(e.Transaction.ID, "imp") != (own || e.about("User") == ids[1]) {
			t.Errorf("%s by %s in %+v", e.EventType, e.Actor.Type, e.Transaction)
		}
		if (e.Debug.Data["triggeredByGroupRuleId"] == rule) != (e.EventType == "group.user_membership.remove") {
			t.Errorf("%s has %v", e.EventType, e.Debug.Data)
		}
		if e.EventType == "application.user_membership.remove" && e.about("User") == ids[0] && e.Transaction.ID != "gam"+group[3:] {
			t.Errorf("the assignment ended in %+v", e.Transaction)
		}
	}
	want := "system.import.start user.account.update_profile group.user_membership.remove application.user_membership.remove " +
		"user.lifecycle.deactivate application.user_membership.remove system.import.complete"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("events %s\nwant   %s", got, want)
	}
	if got := h.MembersOf(group); len(got) != 2 { // the deactivated one stays in it, as at Okta
		t.Errorf("members %v", got)
	}
}

func TestRules(t *testing.T) {
	h := serve(t, &simokta.Org{})
	ids, group, rule, from := sales(h, 4)
	h.UpdateProfile(ids[3], map[string]any{"region": "APAC"})
	h.AddMember(group, ids[3]) // by hand: no rule takes such a member out
	if !h.DeactivateRule(rule) || h.DeactivateRule(rule) {
		t.Error("DeactivateRule must switch the rule off once")
	}
	h.UpdateProfile(ids[0], map[string]any{"region": "APAC"})
	if n := len(h.MembersOf(group)); n != 4 {
		t.Errorf("%d members after the rule was switched off", n)
	}
	h.As(simokta.Target{Type: "User", ID: "00u1simbob0000000001", AlternateID: "bob@example.com", DisplayName: "Bob"}, func() { h.EditRule(rule, "LATAM") })
	if got := h.MembersOf(group); len(got) != 1 || got[0] != ids[3] {
		t.Errorf("members %v after the rule was changed", got)
	}
	byBob := 0
	for _, e := range h.wrote()[from:] {
		if e.Actor.DisplayName == "Bob" {
			byBob++
			if e.EventType != "group.user_membership.rule.deactivated" || e.about("GroupRule") != rule {
				t.Errorf("Bob did %s to %v", e.EventType, e.Target)
			}
		}
	}
	if byBob != 1 {
		t.Errorf("Bob did %d things", byBob)
	}
	for _, id := range ids[:2] {
		h.UpdateProfile(id, map[string]any{"region": "LATAM"})
	}
	h.RemoveMember(group, ids[0])
	h.UpdateProfile(ids[0], map[string]any{"title": "x"})
	if got := h.MembersOf(group); len(got) != 2 {
		t.Errorf("members %v: who was taken out by hand is excluded", got)
	}
}

// One act has one transaction, unless nothing says which events belong together.
func TestTransactions(t *testing.T) {
	for _, lone := range []bool{false, true} {
		h := serve(t, &simokta.Org{Knobs: simokta.Knobs{LoneEvents: lone}})
		_, group, _, from := sales(h, 3)
		h.UnassignGroup(group)
		ids, ties := map[string]bool{}, 0
		for _, e := range h.wrote()[from:] {
			ids[e.Transaction.ID] = true
			if e.Debug.Data["groupAppAssignmentId"] == "gam"+group[3:] {
				ties++
			}
		}
		if want := map[bool]int{false: 2, true: 4}[lone]; len(ids) != want || (ties == 1) == lone {
			t.Errorf("lone %t: %d transactions %v, %d ties", lone, len(ids), ids, ties)
		}
	}
}

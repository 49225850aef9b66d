package okta_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

func TestMembershipMovesItsTimeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock stands still, and the time moves all the same
		h := inBubble(t, &simokta.Org{})
		id := h.staff(1)[0]
		g := h.AddGroup("Sales", "")
		see := func() object { return decode[object](t, h.ask("/api/v1/groups/"+g)) }
		for _, step := range []struct {
			name           string
			do             func() bool
			changes, moves bool
		}{
			{"add", func() bool { return h.AddMember(g, id) }, true, true},
			{"add again", func() bool { return h.AddMember(g, id) }, false, false},
			{"profile of a member", func() bool { return h.UpdateProfile(id, map[string]any{"title": "x"}) }, true, false},
			{"rename", func() bool { return h.RenameGroup(g, "Sales EMEA") }, true, false},
			{"rename again", func() bool { return h.RenameGroup(g, "Sales EMEA") }, false, false},
			{"deactivate a member", func() bool { return h.SetStatus(id, "DEPROVISIONED") }, true, false},
			{"remove", func() bool { return h.RemoveMember(g, id) }, true, true},
			{"remove again", func() bool { return h.RemoveMember(g, id) }, false, false},
		} {
			before := see()
			if got := step.do(); got != step.changes {
				t.Errorf("%s: changed = %t", step.name, got)
			}
			after := see()
			if moved := after.Membership > before.Membership; moved != step.moves {
				t.Errorf("%s: lastMembershipUpdated %s -> %s", step.name, before.Membership, after.Membership)
			}
		}
		if got := see().Profile["name"]; got != "Sales EMEA" {
			t.Errorf("name = %v", got)
		}
	})
}

func TestGroupStats(t *testing.T) {
	h := serve(t, &simokta.Org{})
	users := h.staff(3)
	g := h.AddGroup("Sales", "")
	h.AddMembers(g, users...)
	h.SetStatus(users[0], "DEPROVISIONED")
	h.RemoveMember(g, users[1])
	h.AssignGroup(g)
	h.Push(g)
	got := decode[[]object](t, h.ask(`/api/v1/groups?expand=stats&filter=id eq "`+g+`"`))[0].Embedded.Stats
	if got.UsersCount != 2 || got.AppsCount != 1 || got.GroupPushMappingsCount != 1 {
		t.Errorf("stats = %+v: a deactivated user counts, one who left doesn't", got)
	}
}

func TestGroupsOfAUser(t *testing.T) {
	h := serve(t, &simokta.Org{})
	id := h.staff(1)[0]
	a, b, c := h.AddGroup("A", ""), h.AddGroup("B", ""), h.AddGroup("C", "")
	for _, g := range []string{a, b, c} {
		h.AddMember(g, id)
	}
	h.RemoveMember(b, id)
	wantIDs(t, ids(decode[[]object](t, h.ask("/api/v1/users/"+id+"/groups"))), []string{a, c})
	h.DeleteGroup(a)
	wantIDs(t, ids(decode[[]object](t, h.ask("/api/v1/users/"+id+"/groups"))), []string{c})
	wantFailure(t, h.ask("/api/v1/groups/"+a+"/users"), http.StatusNotFound, "E0000007")
}

func TestAssignedGroupsAssignTheirMembers(t *testing.T) {
	h := serve(t, &simokta.Org{})
	users := h.staff(4)
	direct, both, late, leaver := users[0], users[1], users[2], users[3]
	h.Assign(direct, simokta.AssignOptions{})
	a, b := h.AddGroup("A", ""), h.AddGroup("B", "")
	h.AddMembers(a, direct, both, leaver)
	h.AddMember(b, both)
	if !h.AssignGroup(a) || h.AssignGroup(a) {
		t.Error("AssignGroup must assign once")
	}
	h.AssignGroup(b)
	h.AddMember(a, late)
	h.RemoveMember(a, leaver)
	scopes := func() map[string]string {
		got := map[string]string{}
		for _, o := range decode[[]object](t, h.ask(h.app()+"/users")) {
			got[o.ID] = o.Scope
		}
		return got
	}
	got := scopes()
	if len(got) != 3 || got[direct] != "USER" || got[both] != "GROUP" || got[late] != "GROUP" {
		t.Errorf("assigned = %v", got)
	}
	h.UnassignGroup(a)
	if got := scopes(); len(got) != 2 || got[direct] != "USER" || got[both] != "GROUP" {
		t.Errorf("after UnassignGroup: %v", got)
	}
	h.DeleteGroup(b)
	if got := scopes(); len(got) != 1 {
		t.Errorf("after DeleteGroup: %v", got)
	}
	if h.UnassignGroup(a) {
		t.Error("UnassignGroup ended what wasn't")
	}
}

func TestAppGroups(t *testing.T) {
	h := serve(t, &simokta.Org{})
	want := []string{}
	for range 30 {
		g := h.AddGroup("G", "")
		h.AssignGroup(g)
		want = append(want, g)
	}
	got, pages := all[object](h, h.app()+"/groups?expand=group", 5)
	wantIDs(t, ids(got), want)
	if pages != 2 || got[0].Embedded.Group == nil || got[0].Embedded.Group.ID != want[0] {
		t.Errorf("%d pages; first %+v", pages, got[0])
	}
	if one := decode[object](t, h.ask(h.app()+"/groups/"+want[3])); one.ID != want[3] {
		t.Errorf("one = %+v", one)
	}
}

// Okta tells which app brought a group; of its own groups it tells none.
func TestGroupsTellTheirSource(t *testing.T) {
	h := serve(t, &simokta.Org{})
	own, pushed := h.ImportGroup("Own"), h.AddGroup("Pushed", "")
	mapping := decode[object](t, h.ask(h.app()+"/group-push/mappings/"+h.Push(pushed)))
	other := h.AddGroup("Other", "APP_GROUP")
	h.AssignGroup(other)
	source := func(o object) string {
		if o.Links.Source == nil {
			return ""
		}
		return o.Links.Source.Href
	}
	for _, o := range decode[[]object](t, h.ask("/api/v1/groups")) {
		single := decode[object](t, h.ask("/api/v1/groups/"+o.ID))
		if source(single) != source(o) {
			t.Errorf("group %s: the list tells the source %q, by id it is %q", o.ID, source(o), source(single))
		}
		switch got := source(o); o.ID {
		case own, mapping.TargetGroupID:
			if got != h.url+h.app() || o.Type != "APP_GROUP" {
				t.Errorf("the app's own group is a %v of %q", o.Type, got)
			}
		case other:
			if got == "" || got == h.url+h.app() || o.Type != "APP_GROUP" {
				t.Errorf("another app's group is a %v of %q", o.Type, got)
			}
		default:
			if got != "" {
				t.Errorf("Okta's own group has the source %q", got)
			}
		}
	}
	embedded := decode[[]object](t, h.ask(h.app()+"/groups?expand=group"))[0].Embedded.Group
	if embedded == nil || source(*embedded) == "" {
		t.Errorf("the embedded group is %+v", embedded)
	}
}

func TestMappings(t *testing.T) {
	h := serve(t, &simokta.Org{})
	a, b := h.AddGroup("A", ""), h.AddGroup("B", "")
	ma, mb := h.Push(a), h.Push(b)
	if h.Push(a) != ma {
		t.Error("a second Push made a second mapping")
	}
	if !h.SetMappingStatus(mb, "ERROR", "Linked group is missing") || h.SetMappingStatus(mb, "ERROR", "Linked group is missing") {
		t.Error("SetMappingStatus must change a status once")
	}
	for query, want := range map[string][]string{
		"":                                      {ma, mb},
		"?limit=1":                              {ma},
		"?status=ERROR":                         {mb},
		"?sourceGroupId=" + a:                   {ma},
		"?lastUpdated=2000-01-01T00:00:00Z":     {ma, mb},
		"?lastUpdated=2999-01-01T00:00:00Z":     {},
		"?sourceGroupId=" + a + "&status=ERROR": {},
	} {
		wantIDs(t, ids(decode[[]object](t, h.ask(h.app()+"/group-push/mappings"+query))), want)
	}
	wantFailure(t, h.ask(h.app()+"/group-push/mappings?lastUpdated=yesterday"), http.StatusBadRequest, "E0000001")
	one := decode[object](t, h.ask(h.app()+"/group-push/mappings/"+mb))
	if one.SourceGroupID != b || one.Status != "ERROR" || one.ErrorSummary != "Linked group is missing" {
		t.Errorf("mapping = %+v", one)
	}
	target := decode[object](t, h.ask("/api/v1/groups/"+one.TargetGroupID))
	if target.Type != "APP_GROUP" || target.Links.Source == nil || target.Links.Source.Href != h.url+h.app() {
		t.Errorf("the app group = %+v", target)
	}
	if got := h.Pushed(); len(got) != 2 || got[a] != "ACTIVE" || got[b] != "ERROR" {
		t.Errorf("pushed = %v", got)
	}
	h.Unpush(ma)
	h.DeleteGroup(b)
	wantIDs(t, ids(decode[[]object](t, h.ask(h.app()+"/group-push/mappings"))), []string{})
	wantFailure(t, h.ask(h.app()+"/group-push/mappings/"+ma), http.StatusNotFound, "E0000007")
	if _, there := h.Groups()[a]; !there {
		t.Error("Unpush removed the group itself")
	}
}

func TestMemberListsLagBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inBubble(t, &simokta.Org{})
		users := h.staff(3)
		g := h.AddGroup("Sales", "")
		h.AddMembers(g, users[0], users[1])
		<-time.After(time.Hour) // the bubble's clock
		h.SetKnobs(func(k *simokta.Knobs) { k.MemberLag = time.Minute })
		h.RemoveMember(g, users[0])
		h.AddMember(g, users[2])
		listed := func() []string { return ids(decode[[]object](t, h.ask("/api/v1/groups/"+g+"/users"))) }
		wantIDs(t, listed(), users[:2])
		wantIDs(t, h.MembersOf(g), users[1:])
		<-time.After(time.Minute + time.Second)
		wantIDs(t, listed(), users[1:])
		h.RemoveMember(g, users[1]) // forgets who left long ago
		wantIDs(t, listed(), users[1:])
		h.SetKnobs(func(k *simokta.Knobs) { k.MemberLag = 0 })
		wantIDs(t, listed(), users[2:])
	})
}

package okta_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

func types(events []object) []string {
	list := []string{}
	for _, e := range events {
		list = append(list, e.EventType)
	}
	return list
}

// poll follows a polling link and returns what came and the next link.
func (h *harness) poll(link string) ([]object, string) {
	h.t.Helper()
	a := h.ask(link)
	if a.next == "" {
		h.t.Fatal("a polling answer without a next link")
	}
	return decode[[]object](h.t, a), a.next
}

func TestEveryChangeIsLogged(t *testing.T) {
	h := serve(t, &simokta.Org{})
	id := h.AddUser(simokta.User{Email: "ada@example.com", FirstName: "Ada", LastName: "Berg", Status: "STAGED"})
	second := h.staff(1)[0]
	var g, m string
	_, link := h.poll("/api/v1/logs?limit=1000")
	for _, step := range []struct {
		do   func()
		want string // the types of the events, with J: for a job's
	}{
		{func() { h.SetStatus(id, "ACTIVE") }, "user.lifecycle.activate"},
		{func() { h.SetStatus(id, "ACTIVE") }, ""},
		{func() { h.Assign(id, simokta.AssignOptions{}) }, "application.user_membership.add"},
		{func() { h.Assign(id, simokta.AssignOptions{}) }, ""},
		{func() { h.Assign(second, simokta.AssignOptions{Scope: "GROUP"}) }, "J:application.user_membership.add"},
		{func() { h.SetUserName(id, "x@example.com") }, "application.user_membership.change_username"},
		{func() { h.SetAppProfile(id, map[string]any{}) }, "application.user_membership.update"},
		{func() { h.SetAppStatus(id, "APPROVED") }, "application.user_membership.approve"},
		{func() { h.SetAppStatus(id, "PROVISIONED") }, "application.user_membership.provision"},
		{func() { h.SetAppStatus(id, "REVOKED") }, "application.user_membership.revoke"},
		{func() { h.SetAppStatus(id, "DEPROVISIONED") }, "application.user_membership.deprovision"},
		{func() { h.UpdateProfile(id, map[string]any{"title": "x"}) }, "user.account.update_profile"},
		{func() { h.Unassign(id) }, "application.user_membership.remove"},
		{func() { h.SetStatus(second, "SUSPENDED") }, "user.lifecycle.suspend"},
		{func() { h.SetStatus(second, "ACTIVE") }, "user.lifecycle.unsuspend"},
		{func() { h.SetStatus(second, "LOCKED_OUT") }, "user.account.lock"},
		{func() { h.SetStatus(second, "ACTIVE") }, "user.account.unlock"},
		{func() { h.SetStatus(second, "PROVISIONED") }, "user.lifecycle.activate"},
		{func() { h.SetStatus(second, "ACTIVE") }, "user.lifecycle.reactivate"},
		{func() { h.SetStatus(second, "PASSWORD_EXPIRED") }, "user.account.expire_password"},
		{func() { h.SetStatus(second, "RECOVERY") }, "user.account.reset_password"},
		{func() { g = h.AddGroup("Sales", "") }, "group.lifecycle.create"},
		{func() { h.AddMembers(g, id, second) }, "group.user_membership.add group.user_membership.add"},
		{func() { h.RemoveMember(g, id) }, "group.user_membership.remove"},
		{func() { h.RenameGroup(g, "S") }, "group.profile.update"},
		{func() { m = h.Push(g) }, "J:group.lifecycle.create application.provision.group_push.mapping.created J:application.provision.group_push.pushed"},
		{func() { h.SetMappingStatus(m, "INACTIVE", "") }, "application.provision.group_push.deactivate_mapping"},
		{func() { h.SetMappingStatus(m, "ACTIVE", "") }, "application.provision.group_push.activate_mapping J:application.provision.group_push.push_memberships"},
		{func() { h.AddMember(g, id) }, "group.user_membership.add J:application.provision.group_push.push_memberships"},
		{func() { h.RemoveMember(g, id) }, "group.user_membership.remove J:application.provision.group_push.push_memberships"},
		{func() { h.RenameGroup(g, "Sales") }, "group.profile.update J:application.provision.group_push.mapping.app.group.renamed"},
		{func() { h.SetMappingStatus(m, "ERROR", "x") }, "J:application.provision.group_push.mapping.update.or.delete.failed.with.error"},
		{func() { h.Unpush(m) }, "application.provision.group_push.removed"},
		{func() { h.AssignGroup(g) }, "group.application_assignment.add"},
		{func() { h.AddMember(g, id) }, "group.user_membership.add J:application.user_membership.add"},
		{func() { h.SetAppGroupPriority(g, 3) }, "group.application_assignment.update"},
		{func() { h.SetAppGroupPriority(g, 3) }, ""},
		{func() { h.UnassignGroup(g) }, "group.application_assignment.remove J:application.user_membership.remove J:application.user_membership.remove"},
		{func() { h.DeleteGroup(g) }, "group.lifecycle.delete"},
		{func() { h.Assign(second, simokta.AssignOptions{}) }, "application.user_membership.add"},
		{func() { h.SetStatus(second, "DEPROVISIONED") }, "user.lifecycle.deactivate J:application.user_membership.remove"},
		{func() { h.Delete(second) }, "user.lifecycle.delete.initiated J:user.lifecycle.delete.completed"},
		{func() { h.DeactivateApp() }, "application.lifecycle.deactivate"},
		{func() { h.DeactivateApp() }, ""},
		{func() { h.ActivateApp() }, "application.lifecycle.activate"},
		{func() { h.UpdateApp(func(k *simokta.Knobs) { k.Features = []string{} }) }, "application.lifecycle.update"},
		{func() { h.DeleteApp() }, "application.lifecycle.delete"},
	} {
		step.do()
		var events []object
		events, link = h.poll(link)
		got := []string{}
		for _, e := range events {
			job := ""
			if e.Transaction.Type == "JOB" {
				job = "J:"
			}
			got = append(got, job+e.EventType)
		}
		if strings.Join(got, " ") != step.want {
			t.Errorf("events = %s\nwant   %s", strings.Join(got, " "), step.want)
		}
	}
}

func TestAnAssignmentNamesItsThreeTargets(t *testing.T) {
	h := serve(t, &simokta.Org{})
	id := h.staff(1)[0]
	h.Assign(id, simokta.AssignOptions{UserName: "x@example.com"})
	events, _ := h.poll(`/api/v1/logs?filter=target.id eq "` + id + `" and eventType eq "application.user_membership.add"`)
	if len(events) != 1 || len(events[0].Target) != 3 {
		t.Fatalf("events = %+v", events)
	}
	e := events[0]
	if e.Target[0].Type != "AppUser" || !strings.HasPrefix(e.Target[0].ID, "0ua") || e.Target[0].AlternateID != "x@example.com" {
		t.Errorf("first target %+v", e.Target[0])
	}
	if e.Target[1] != (target{"AppInstance", h.ID(), "Omni", "Omni"}) || e.Target[2] != (target{"User", id, "user0@example.com", "User No0"}) {
		t.Errorf("other targets %+v", e.Target[1:])
	}
	if e.Actor.Type != "User" || e.Actor.ID == "" || len(e.UUID) != 36 || e.Outcome.Result != "SUCCESS" {
		t.Errorf("event = %+v", e)
	}
}

func TestPollingIsEndlessAndExact(t *testing.T) {
	h := serve(t, &simokta.Org{})
	events, link := h.poll("/api/v1/logs?sortOrder=ASCENDING&limit=2")
	if len(events) != 0 {
		t.Fatalf("events = %v", types(events))
	}
	h.AddGroup("A", "")
	h.AddGroup("B", "")
	h.AddGroup("C", "")
	first, link := h.poll(link)
	second, link := h.poll(link)
	third, link := h.poll(link)
	if len(first) != 2 || len(second) != 1 || len(third) != 0 || first[0].UUID == second[0].UUID {
		t.Errorf("pages of %d, %d, %d", len(first), len(second), len(third))
	}
	h.AddGroup("D", "")
	if fourth, _ := h.poll(link); len(fourth) != 1 {
		t.Errorf("after an empty page: %v", types(fourth))
	}
	if none, _ := h.poll("/api/v1/logs?limit=0"); len(none) != 0 {
		t.Errorf("limit=0 gave %d", len(none))
	}
}

func TestPollingMovesOnOverWhatTheFilterLeavesOut(t *testing.T) {
	h := serve(t, &simokta.Org{})
	h.staff(3)
	query := "/api/v1/logs?filter=" + url.QueryEscape(`eventType eq "group.lifecycle.create" or eventType eq "group.lifecycle.delete"`)
	_, link := h.poll(query)
	g := h.AddGroup("A", "")
	h.staff(3)
	h.DeleteGroup(g)
	events, _ := h.poll(link)
	if fmt.Sprint(types(events)) != "[group.lifecycle.create group.lifecycle.delete]" {
		t.Errorf("events = %v", types(events))
	}
}

func TestLateEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inBubble(t, &simokta.Org{})
		start := time.Now().UTC()
		at := func(d time.Duration) string { return start.Add(d).Format("2006-01-02T15:04:05.000Z") }
		<-time.After(10 * time.Minute) // the bubble's clock
		h.Emit(simokta.Event{Type: "prompt"})
		_, link := h.poll("/api/v1/logs")
		h.Emit(simokta.Event{Type: "late", Published: start.Add(time.Minute)})

		events, _ := h.poll(link)
		if fmt.Sprint(types(events)) != "[late]" || events[0].Published != at(time.Minute) {
			t.Errorf("polling: %v, published %s: what came late must come", types(events), events[0].Published)
		}
		events, _ = h.poll("/api/v1/logs?since=" + at(5*time.Minute))
		if fmt.Sprint(types(events)) != "[prompt late]" {
			t.Errorf("polling since: %v: since is about persistence", types(events))
		}
		for query, want := range map[string]string{
			"until=" + at(time.Hour):                                            "[late prompt]",
			"sortOrder=DESCENDING":                                              "[prompt late]",
			"since=" + at(5*time.Minute) + "&until=" + at(time.Hour):            "[prompt]",
			"since=" + at(time.Minute) + "&until=" + at(time.Hour):              "[prompt]", // since is exclusive
			"since=" + at(0) + "&until=" + at(2*time.Minute):                    "[late]",
			"since=" + at(-time.Hour) + "&sortOrder=DESCENDING&limit=1":         "[prompt late]",
			"since=" + at(-time.Hour) + "&until=" + at(time.Hour) + "&limit=1":  "[late prompt]",
			"since=" + at(20*time.Minute) + "&until=" + at(30*time.Minute) + "": "[]",
		} {
			got, _ := all[object](h, "/api/v1/logs?"+query, 5)
			if fmt.Sprint(types(got)) != want {
				t.Errorf("%s: %v, want %s", query, types(got), want)
			}
		}
		if a := h.ask("/api/v1/logs?until=" + at(time.Hour)); a.next != "" {
			t.Error("a bounded query has no end")
		}
	})
}

func TestLogLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inBubble(t, &simokta.Org{Knobs: simokta.Knobs{LogLag: 30 * time.Second}})
		g := h.AddGroup("A", "")
		events, link := h.poll("/api/v1/logs")
		if len(events) != 0 {
			t.Errorf("at once: %v", types(events))
		}
		h.SetKnobs(func(k *simokta.Knobs) { k.LogLag = 0 })
		h.RenameGroup(g, "B") // doesn't overtake
		events, link = h.poll(link)
		if len(events) != 0 {
			t.Errorf("an event overtook: %v", types(events))
		}
		<-time.After(30 * time.Second)
		events, _ = h.poll(link)
		if len(events) != 2 {
			t.Errorf("after the lag: %v", types(events))
		}
	})
}

func TestBadLogQueries(t *testing.T) {
	h := serve(t, &simokta.Org{})
	for _, query := range []string{
		"limit=1001", "limit=-1", "limit=x", "since=yesterday", "until=x", "sortOrder=UP", "after=x", "after=eF95",
		"since=2001-01-01T00:00:00Z", `filter=published gt "2020-01-01T00:00:00Z"`, "filter=eventType",
	} {
		a := h.ask("/api/v1/logs?" + query)
		if a.status != http.StatusBadRequest || !strings.Contains(a.body, "E0000053") {
			t.Errorf("%s: status %d, %s", query, a.status, a.body)
		}
	}
}

func TestLogFilters(t *testing.T) {
	h := serve(t, &simokta.Org{})
	g := h.AddGroup("A", "")
	h.Emit(simokta.Event{Type: "app.failed", Job: true, Outcome: "FAILURE", Reason: "Conflict", Targets: []simokta.Target{{Type: "AppInstance", ID: "0oaother"}}})
	first := decode[[]object](t, h.ask("/api/v1/logs"))[0]
	for filter, want := range map[string]string{
		`target.id eq "` + g + `"`:              "[group.lifecycle.create]",
		`target.type eq "AppInstance"`:          "[app.failed]",
		`outcome.result eq "FAILURE"`:           "[app.failed]",
		`outcome.result ne "FAILURE"`:           "[group.lifecycle.create]",
		`transaction.type eq "JOB"`:             "[app.failed]",
		`actor.id eq "` + first.Actor.ID + `"`:  "[group.lifecycle.create]",
		`uuid eq "` + first.UUID + `"`:          "[group.lifecycle.create]",
		`eventType sw "group."`:                 "[group.lifecycle.create]",
		`eventType ew "failed"`:                 "[app.failed]",
		`eventType co "."`:                      "[group.lifecycle.create app.failed]",
		`eventType ge "b" and eventType le "z"`: "[group.lifecycle.create]",
	} {
		events, _ := h.poll("/api/v1/logs?filter=" + url.QueryEscape(filter))
		if fmt.Sprint(types(events)) != want {
			t.Errorf("%s: %v, want %s", filter, types(events), want)
		}
	}
}

func TestQuietWritesNothing(t *testing.T) {
	h := serve(t, &simokta.Org{Knobs: simokta.Knobs{Quiet: true}})
	h.assignAll(h.staff(3))
	if events, _ := h.poll("/api/v1/logs"); len(events) != 0 {
		t.Errorf("events = %v", types(events))
	}
}

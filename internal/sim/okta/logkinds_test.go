package okta_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// Every event names what it is about, by the type of the target.
func TestEventsNameTheirTargets(t *testing.T) {
	h := serve(t, &simokta.Org{})
	id := h.staff(1)[0]
	g := h.AddGroup("Sales", "")
	h.Assign(id, simokta.AssignOptions{})
	h.SetUserName(id, "x@example.com")
	h.SetAppProfile(id, map[string]any{"role": "x"})
	h.UpdateProfile(id, map[string]any{"title": "x"})
	h.AddMember(g, id)
	m := h.Push(g)
	h.RenameGroup(g, "S")
	h.SetMappingStatus(m, "INACTIVE", "")
	h.SetMappingStatus(m, "ACTIVE", "")
	h.Unpush(m)
	h.AssignGroup(g)
	h.SetAppGroupPriority(g, 7)
	h.UnassignGroup(g)
	h.RemoveMember(g, id)
	h.Unassign(id)
	for _, status := range []string{"SUSPENDED", "ACTIVE"} {
		h.SetStatus(id, status)
	}
	h.Delete(id)
	h.DeleteGroup(g)
	h.DeactivateApp()
	h.ActivateApp()
	h.UpdateApp(func(k *simokta.Knobs) { k.ImplicitAssignment = true })

	kinds := map[string]string{
		"application.user_membership": "AppUser AppInstance:app User:user", "application.lifecycle": "AppInstance:app",
		"application.provision": "GroupPushMapping AppInstance:app UserGroup:group",
		"group.user_membership": "User:user UserGroup:group", "group.application_assignment": "UserGroup:group AppInstance:app",
		"user.lifecycle": "User:user", "user.account": "User:user",
	}
	events, _ := h.poll("/api/v1/logs?limit=1000")
	seen := map[string]bool{}
	for _, e := range events {
		family := strings.Join(strings.Split(e.EventType, ".")[:2], ".")
		want, listed := kinds[family]
		if !listed {
			continue
		}
		seen[family] = true
		got := []string{}
		for _, target := range e.Target {
			name := map[string]string{h.ID(): ":app", id: ":user", g: ":group"}[target.ID]
			got = append(got, target.Type+name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is about %s, want %s", e.EventType, strings.Join(got, " "), want)
		}
	}
	if len(seen) != len(kinds) {
		t.Errorf("of the kinds of events only %v came", seen)
	}
}

func TestTheAppMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inBubble(t, &simokta.Org{})
		before := decode[object](t, h.ask(h.app()))
		<-time.After(time.Hour) // the bubble's clock
		if !h.DeactivateApp() || h.DeactivateApp() {
			t.Error("DeactivateApp must change the status once")
		}
		after := decode[object](t, h.ask(h.app()))
		if after.Status != "INACTIVE" || after.LastUpdated <= before.LastUpdated {
			t.Errorf("app = %+v, before %+v", after, before)
		}
		if !h.ActivateApp() || !h.DeleteApp() {
			t.Error("ActivateApp and DeleteApp must change the status")
		}
		wantFailure(t, h.ask(h.app()), 404, "E0000007")
	})
}

func TestARenamedGroupIsRenamedInTheAppWhileItsMappingIsActive(t *testing.T) {
	h := serve(t, &simokta.Org{})
	g := h.AddGroup("Sales", "")
	m := h.Push(g)
	target := decode[object](t, h.ask(h.app()+"/group-push/mappings/"+m)).TargetGroupID
	for _, step := range []struct{ status, name, want string }{{"ACTIVE", "EMEA", "EMEA"}, {"INACTIVE", "APAC", "EMEA"}} {
		h.SetMappingStatus(m, step.status, "")
		h.RenameGroup(g, step.name)
		if got := h.Groups()[target]; got != step.want {
			t.Errorf("%s: the app's group is called %q, want %q", step.status, got, step.want)
		}
	}
}

func TestNoiseNamesTheAppAndChangesNothing(t *testing.T) {
	h := serve(t, &simokta.Org{Knobs: simokta.Knobs{Quiet: true}})
	users := h.staff(2)
	h.assignAll(users)
	h.Unassign(users[0])
	assigned, groups := fmt.Sprint(h.Assigned()), fmt.Sprint(h.Groups())
	h.Noise()
	if fmt.Sprint(h.Assigned()) != assigned || fmt.Sprint(h.Groups()) != groups || len(h.Users()) != 2 {
		t.Error("noise changed something")
	}
	for filter, want := range map[string]string{
		`target.id eq "` + h.ID() + `"`: "[policy.evaluate_sign_on user.authentication.sso]",
		`target.id eq "` + h.ID() + `" and not (eventType eq "user.authentication.sso" or eventType sw "policy.")`: "[]",
		`actor.id eq "` + users[1] + `"`: "[user.session.start policy.evaluate_sign_on user.authentication.sso]",
		`eventType sw "application."`:    "[application.user_membership.add application.user_membership.remove application.lifecycle.update]",
	} {
		if events, _ := h.poll("/api/v1/logs?filter=" + url.QueryEscape(filter)); fmt.Sprint(types(events)) != want {
			t.Errorf("%s: %v, want %s", filter, types(events), want)
		}
	}
}

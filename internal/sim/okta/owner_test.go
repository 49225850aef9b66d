package okta_test

import (
	"strings"
	"testing"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

func TestOwnerOfTheToken(t *testing.T) {
	h := serve(t, &simokta.Org{Token: "t"})
	me := decode[object](t, h.ask("/api/v1/users/me"))
	if me.ID == "" || me.Profile["login"] != "svc-omnisync@example.com" {
		t.Errorf("me = %+v", me)
	}
	roles := "/api/v1/users/" + me.ID + "/roles"
	if got := decode[[]object](t, h.ask(roles)); len(got) != 1 || got[0].Type != "READ_ONLY_ADMIN" {
		t.Errorf("roles = %+v", got)
	}
	h.SetKnobs(func(k *simokta.Knobs) {
		k.Owner = simokta.Owner{Login: "ada@example.com", FirstName: "Ada", LastName: "Admin", Roles: []string{"SUPER_ADMIN", "Omni reader"}}
	})
	if got := decode[object](t, h.ask("/api/v1/users/me")); got.Profile["firstName"] != "Ada" {
		t.Errorf("me = %+v", got)
	}
	if got := decode[[]object](t, h.ask(roles)); len(got) != 2 || got[0].Type != "SUPER_ADMIN" || got[1].Type != "CUSTOM" {
		t.Errorf("roles = %+v", got)
	}
	other := h.staff(1)[0]
	if got := decode[[]object](t, h.ask("/api/v1/users/"+other+"/roles")); len(got) != 0 {
		t.Errorf("roles of somebody = %+v", got)
	}
	wantFailure(t, h.ask("/api/v1/users/nobody/roles"), 404, "E0000007")
}

func TestWhatIsLeftOut(t *testing.T) {
	h := serve(t, &simokta.Org{})
	_, g := company(h)
	app, users, group := h.app(), h.app()+"/users?expand=user", "/api/v1/groups?expand=stats&filter=id eq \""+g+"\""
	if body := h.ask(app).body; !strings.Contains(body, `"template":"${source.email}"`) {
		t.Errorf("app = %s", body)
	}
	h.SetKnobs(func(k *simokta.Knobs) { k.UserNames, k.Unembedded, k.Uncounted = "${source.login}", true, true })
	for path, without := range map[string]string{app: "source.email", users: "_embedded", group: "usersCount"} {
		if a := h.ask(path); a.status != 200 || strings.Contains(a.body, without) || a.body == "[]" {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

package omniclient_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/omniclient"
)

// ann is what user(annID, ...) becomes.
func ann(change func(*identity.Account)) identity.Account {
	a := identity.Account{
		ID: annID, Active: true, Groups: []identity.OmniGroupID{"g1"},
		User: identity.User{UserName: "ann@acme.test", DisplayName: "Ann", Attributes: map[string]identity.Value{}},
	}
	if change != nil {
		change(&a)
	}
	return a
}

// wantFault checks the kind of err, and that its text holds detail.
func wantFault(t *testing.T, err error, kind fault.Kind, detail string) {
	t.Helper()
	if err == nil || !fault.Is(err, kind) || !strings.Contains(err.Error(), detail) {
		t.Errorf("the error is %v (%v), want %v with %q", err, fault.KindOf(err), kind, detail)
	}
}

func TestUserConversion(t *testing.T) {
	tests := []struct {
		name, answer string
		want         identity.Account
	}{
		{"as documented", user(annID, "ann@acme.test", "Ann", true, `"region":"emea"`),
			ann(func(a *identity.Account) { a.Attributes["region"] = `"emea"` })},
		{"inactive", user(annID, "ann@acme.test", "Ann", false, ``), ann(func(a *identity.Account) { a.Active = false })},
		{"admin as boolean, system attributes dropped", user(annID, "ann@acme.test", "Ann", true, `"omni_is_org_admin":true,"omni_user_name":"Ann"`),
			ann(func(a *identity.Account) { a.OrgAdmin = true })},
		{"admin as text", user(annID, "ann@acme.test", "Ann", true, `"omni_is_org_admin":"True"`),
			ann(func(a *identity.Account) { a.OrgAdmin = true })},
		{"no admin", user(annID, "ann@acme.test", "Ann", true, `"omni_is_org_admin":false`), ann(nil)},
		{"values of all forms", user(annID, "ann@acme.test", "Ann", true, `"n":3,"b":true,"l":["b","a"],"none":null,"empty":[],"odd":{"x": 1}`),
			ann(func(a *identity.Account) {
				a.Attributes = map[string]identity.Value{"n": "3", "b": `"true"`, "l": `["a","b"]`, "odd": `{"x":1}`}
			})},
		{"without extension, groups and active", `{"id":"` + annID + `","userName":"ann@acme.test","displayName":"Ann"}`,
			ann(func(a *identity.Account) { a.Groups = nil })},
		{"active as text, no groups", `{"id":"` + annID + `","userName":"ann@acme.test","displayName":"Ann","active":"false","groups":[]}`,
			ann(func(a *identity.Account) { a.Active, a.Groups = false, []identity.OmniGroupID{} })},
		{"nulls", `{"id":"` + annID + `","userName":"ann@acme.test","displayName":null,"active":null,"groups":null,"urn:omni:params:1.0:UserAttribute":null}`,
			ann(func(a *identity.Account) { a.DisplayName, a.Groups = "", nil })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := play(t, step{ask: "GET /Users/" + annID, status: 200, answer: tt.answer})
			got, err := c.User(t.Context(), annID)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestUserThatIsNone(t *testing.T) {
	for answer, detail := range map[string]string{
		`{}`: "another user", `null`: "another user", ``: "another user",
		user(bobID, "bob@acme.test", "Bob", true, ""): "another user",
		`{"id":"` + annID + `"}`:                      "without id or userName",
		`{"id":7}`:                                    "another form",
		`[]`:                                          "another form",
	} {
		c := play(t, step{ask: "GET /Users/" + annID, status: 200, answer: answer})
		_, err := c.User(t.Context(), annID)
		wantFault(t, err, fault.Doubt, detail)
	}
}

func TestCreateUser(t *testing.T) {
	const ext = `"urn:omni:params:1.0:UserAttribute"`
	const full = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:omni:params:1.0:UserAttribute"],
		"userName":"ann@acme.test","displayName":"Ann","active":true,` + ext + `:{"region":"emea"}}`
	u := ann(func(a *identity.Account) { a.Attributes["region"] = `"emea"` })
	post := func(status int, answer string) step {
		return step{ask: "POST /Users", body: full, status: status, answer: answer}
	}
	get := step{ask: "GET /Users/" + annID, status: 200, answer: user(annID, "ann@acme.test", "Ann", true, `"region":"emea"`)}
	byPath := step{ask: "PATCH /Users/" + annID, status: 200,
		body: operations(`{"op":"replace","path":"urn:omni:params:1.0:UserAttribute:region","value":"emea"}`)}
	with := func(s step, answer string) step { s.answer = answer; return s }
	tests := []struct {
		name   string
		steps  []step
		want   identity.Account
		kind   fault.Kind
		detail string // "" for no error
	}{
		{"one request", []step{post(201, user(annID, "ann@acme.test", "Ann", true, `"region":"emea"`))}, u, 0, ""},
		{"answer without extension is read back", []step{post(201, bare(annID, "ann@acme.test", "Ann")), get}, u, 0, ""},
		{"answer without body is looked up", []step{post(201, ""),
			{ask: `GET /Users?count=100&filter=userName eq "ann@acme.test"&startIndex=1`, status: 200, answer: list("1", bare(annID, "ann@acme.test", "Ann"))}, get}, u, 0, ""},
		{"ignored attribute is taken in the other form", []step{post(201, user(annID, "ann@acme.test", "Ann", true, ``)),
			with(byPath, user(annID, "ann@acme.test", "Ann", true, `"region":"emea"`))}, u, 0, ""},
		{"ignored in both forms", []step{post(201, user(annID, "ann@acme.test", "Ann", true, ``)),
			with(byPath, user(annID, "ann@acme.test", "Ann", true, ``))}, ann(nil), fault.Refused, "attribute region (it has no value)"},
		{"taken", []step{post(409, `{"error":"conflict","message":"User with this email already exists"}`)}, identity.Account{}, fault.Conflict, "User with this email already exists"},
		{"invalid", []step{post(400, `{"error":"Bad Request","message":"displayName: Required"}`)}, identity.Account{}, fault.Refused, "displayName: Required"},
		{"answer in a form that can't be read", []step{post(201, `{"id":7}`)}, identity.Account{}, fault.Unavailable, "what was made can't be read"},
		{"made, and not shown yet", []step{post(201, bare(annID, "ann@acme.test", "Ann")), {ask: get.ask, status: 404}}, identity.Account{}, fault.Unavailable, "what was made can't be read"},
		{"made, but refused afterwards", []step{post(201, user(annID, "ann@acme.test", "Ann", true, ``)), {ask: byPath.ask, body: byPath.body, status: 403}}, ann(nil), fault.Unauthorized, "403"},
		{"revived as inactive", []step{post(201, user(annID, "ann@acme.test", "Ann", false, `"region":"emea"`)),
			{ask: "PATCH /Users/" + annID, status: 200, body: operations(`{"op":"replace","value":{"active":true}}`), answer: user(annID, "ann@acme.test", "Ann", true, `"region":"emea"`)}}, u, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := play(t, tt.steps...).CreateUser(t.Context(), u.User)
			checkAccount(t, got, tt.want)
			if tt.detail != "" {
				wantFault(t, err, tt.kind, tt.detail)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func checkAccount(t *testing.T, got, want identity.Account) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestUpdateUser plays one exchange for each way in which Omni takes, or doesn't
// take, a PATCH.
func TestUpdateUser(t *testing.T) {
	patch := func(status int, answer string, ops ...string) step {
		return step{ask: "PATCH /Users/" + annID, body: operations(ops...), status: status, answer: answer}
	}
	get := func(answer string) step { return step{ask: "GET /Users/" + annID, status: 200, answer: answer} }
	name := identity.UserPatch{DisplayName: ptr("Anna")}
	region := identity.UserPatch{Attributes: map[string]*identity.Value{"region": ptr(identity.Value(`"emea"`)), "old": nil}}
	const (
		nameOp    = `{"op":"replace","value":{"displayName":"Anna"}}`
		regionOp  = `{"op":"replace","value":{"urn:omni:params:1.0:UserAttribute":{"region":"emea","old":null}}}`
		byPath    = `{"op":"replace","path":"urn:omni:params:1.0:UserAttribute:region","value":"emea"}`
		oldByPath = `{"op":"remove","path":"urn:omni:params:1.0:UserAttribute:old","value":null}`
		inactive  = `{"op":"replace","path":"active","value":false}`
	)
	anna := func(ext string) string { return user(annID, "ann@acme.test", "Anna", true, ext) }
	old := func(ext string) string { return user(annID, "ann@acme.test", "Ann", true, ext) }
	named := ann(func(a *identity.Account) { a.DisplayName = "Anna" })
	emea := ann(func(a *identity.Account) { a.Attributes["region"] = `"emea"` })
	tests := []struct {
		name   string
		patch  identity.UserPatch
		steps  []step
		want   identity.Account
		kind   fault.Kind
		detail string
	}{
		{"nothing to change is a read", identity.UserPatch{}, []step{get(old(""))}, ann(nil), 0, ""},
		{"name, 200 with user", name, []step{patch(200, anna(""), nameOp)}, named, 0, ""},
		{"name, 204", name, []step{patch(204, "", nameOp), get(anna(""))}, named, 0, ""},
		{"name, 200 without body", name, []step{patch(200, "", nameOp), get(anna(""))}, named, 0, ""},
		{"name, 200 with something else", name, []step{patch(200, `{"success":true}`, nameOp), get(anna(""))}, named, 0, ""},
		{"name, 200 without extensions is believed", name, []step{patch(200, bare(annID, "ann@acme.test", "Anna"), nameOp)},
			ann(func(a *identity.Account) { a.DisplayName, a.Groups = "Anna", nil }), 0, ""},
		{"attributes, 200 without extensions", region, []step{patch(200, bare(annID, "ann@acme.test", "Ann"), regionOp), get(old(`"region":"emea"`))}, emea, 0, ""},
		{"attributes ignored, path form works", region, []step{patch(200, old(`"old":"x"`), regionOp), patch(200, old(`"region":"emea"`), oldByPath, byPath)}, emea, 0, ""},
		{"unknown attribute ignored in both forms", region, []step{patch(200, old(``), regionOp), patch(200, old(``), byPath)},
			ann(nil), fault.Refused, "Omni ignored attribute region (it has no value)"},
		{"unknown attribute refused in the second form", region, []step{patch(200, old(``), regionOp), patch(400, `{"message":"no such attribute"}`, byPath)},
			ann(nil), fault.Refused, "no such attribute"},
		{"not cleared", region, []step{patch(200, old(`"region":"emea","old":"all"`), regionOp), patch(200, old(`"region":"emea","old":"all"`), oldByPath)},
			ann(func(a *identity.Account) {
				a.Attributes = map[string]identity.Value{"region": `"emea"`, "old": `"all"`}
			}), fault.Refused, `attribute old (it is "all")`},
		{"cleared to nothing as text", region, []step{patch(200, old(`"region":["emea"],"old":""`), regionOp)},
			ann(func(a *identity.Account) {
				a.Attributes = map[string]identity.Value{"region": `["emea"]`, "old": `""`}
			}), 0, ""},
		{"first form refused, second taken", region, []step{patch(400, `{"detail":"path is required"}`, regionOp), patch(200, old(`"region":"emea"`), oldByPath, byPath)}, emea, 0, ""},
		{"both forms refused", region, []step{patch(400, `{"detail":"unknown attribute region"}`, regionOp), patch(422, `{"error":"other"}`, oldByPath, byPath)},
			identity.Account{}, fault.Refused, "unknown attribute region"},
		{"gone", name, []step{patch(404, `{"message":"User not found"}`, nameOp)}, identity.Account{}, fault.NotFound, "User not found"},
		{"deactivated", identity.UserPatch{Active: ptr(false)}, []step{patch(200, user(annID, "ann@acme.test", "Ann", false, ``), inactive)},
			ann(func(a *identity.Account) { a.Active = false }), 0, ""},
		{"deactivated means gone", identity.UserPatch{Active: ptr(false)}, []step{patch(204, "", inactive),
			{ask: "GET /Users/" + annID, status: 404, answer: `{"message":"User not found"}`}}, identity.Account{}, fault.NotFound, "User not found"},
		{"reactivation ignored", identity.UserPatch{Active: ptr(true)}, []step{
			patch(200, user(annID, "ann@acme.test", "Ann", false, ``), `{"op":"replace","path":"active","value":true}`),
			patch(204, "", `{"op":"replace","value":{"active":true}}`), get(user(annID, "ann@acme.test", "Ann", false, ``))},
			ann(func(a *identity.Account) { a.Active = false }), fault.Refused, "active (it is false)"},
		{"rename ignored", identity.UserPatch{UserName: ptr("new@acme.test")}, []step{
			patch(200, old(``), `{"op":"replace","value":{"userName":"new@acme.test"}}`), patch(200, old(``), `{"op":"replace","path":"userName","value":"new@acme.test"}`)},
			ann(nil), fault.Refused, `userName (it is "ann@acme.test")`},
		{"rename onto a taken name", identity.UserPatch{UserName: ptr("bob@acme.test")}, []step{
			patch(409, `{"message":"taken"}`, `{"op":"replace","value":{"userName":"bob@acme.test"}}`)}, identity.Account{}, fault.Conflict, "taken"},
		{"rename taken in other letter case", identity.UserPatch{UserName: ptr("ANN@acme.test")}, []step{
			patch(200, old(``), `{"op":"replace","value":{"userName":"ANN@acme.test"}}`)}, ann(nil), 0, ""},
		{"all in one request, activation first", identity.UserPatch{UserName: ptr("ann@acme.test"), DisplayName: ptr("Anna"), Active: ptr(true), Attributes: region.Attributes},
			[]step{patch(200, anna(`"region":"emea"`), `{"op":"replace","path":"active","value":true}`,
				`{"op":"replace","value":{"displayName":"Anna","userName":"ann@acme.test"}}`, regionOp)},
			ann(func(a *identity.Account) { a.DisplayName, a.Attributes["region"] = "Anna", `"emea"` }), 0, ""},
		{"only what was ignored is sent again", identity.UserPatch{DisplayName: ptr("Anna"), Active: ptr(false), Attributes: region.Attributes}, []step{
			patch(200, user(annID, "ann@acme.test", "Ann", false, `"region":"emea"`), nameOp, regionOp, inactive),
			patch(200, user(annID, "ann@acme.test", "Anna", false, `"region":"emea"`), `{"op":"replace","path":"displayName","value":"Anna"}`)},
			ann(func(a *identity.Account) {
				a.DisplayName, a.Active, a.Attributes["region"] = "Anna", false, `"emea"`
			}), 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := play(t, tt.steps...).UpdateUser(t.Context(), annID, tt.patch)
			checkAccount(t, got, tt.want)
			if tt.detail != "" {
				wantFault(t, err, tt.kind, tt.detail)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestValuesAsOmniTakesThem(t *testing.T) {
	for value, want := range map[identity.Value]string{
		`"x"`: `"x"`, `3`: `3`, `2.5`: `2.5`, `["a","b"]`: `["a","b"]`, `[1,2]`: `[1,2]`,
		`9007199254740991`: `9007199254740991`, `9007199254740993`: `"9007199254740993"`, `-9007199254740993`: `"-9007199254740993"`,
		`["a",1]`: `["a","1"]`, `[1,9007199254740993]`: `["1","9007199254740993"]`,
	} {
		c := play(t, step{ask: "PATCH /Users/" + annID, status: 200, answer: user(annID, "a@acme.test", "A", true, `"x":`+want),
			body: operations(`{"op":"replace","value":{"urn:omni:params:1.0:UserAttribute":{"x":` + want + `}}}`)})
		if _, err := c.UpdateUser(t.Context(), annID, identity.UserPatch{Attributes: map[string]*identity.Value{"x": &value}}); err != nil {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// A deletion that is answered with anything but 204 is believed once the object is gone.
func TestDeletionIsProven(t *testing.T) {
	const page = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}`
	for path, remove := range map[string]func(*omniclient.Client) error{
		"/Users/" + annID: func(c *omniclient.Client) error { return c.DeleteUser(t.Context(), annID) },
		"/Groups/g1":      func(c *omniclient.Client) error { return c.DeleteTeam(t.Context(), "g1") },
	} {
		for _, status := range []int{200, 202} {
			for _, body := range []string{page, `{"id":"x"}`, ""} {
				deleted := step{ask: "DELETE " + path, status: status, answer: body}
				if err := remove(play(t, deleted, step{ask: "GET " + path, status: 404, answer: `{"message":"not found"}`})); err != nil {
					t.Errorf("%d %s, and it is gone: %v", status, body, err)
				}
				err := remove(play(t, deleted, step{ask: "GET " + path, status: 200, answer: page}))
				wantFault(t, err, fault.Unavailable, "still there")
				err = remove(play(t, deleted, step{ask: "GET " + path, status: 400, answer: `{"message":"no"}`}))
				wantFault(t, err, fault.Refused, "no")
			}
		}
	}
}

func TestDeleteUser(t *testing.T) {
	for _, s := range []step{{status: 204}, {status: 404, answer: `{"message":"User not found"}`}, {status: 404}} {
		s.ask = "DELETE /Users/" + annID
		if err := play(t, s).DeleteUser(t.Context(), annID); err != nil {
			t.Errorf("%d %s: %v", s.status, s.answer, err)
		}
	}
	c := play(t, step{ask: "DELETE /Users/" + annID, status: 400, answer: `{"error":"cannot delete the last admin"}`})
	wantFault(t, c.DeleteUser(t.Context(), annID), fault.Refused, "cannot delete the last admin")
}

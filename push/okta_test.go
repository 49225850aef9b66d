package push_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
)

// TestOktasWays replays what Okta's clients are known to send, each way by its
// name. after looks at what the engine was left with.
func TestOktasWays(t *testing.T) {
	const core = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`
	type step struct {
		method, path, body string
		status             int
	}
	tests := []struct {
		name  string
		steps []step // {id} is the id of whatever was created first, {group} of the first group
		after func(*testing.T, *world)
	}{
		{"the connection test needs nobody", []step{{"GET", "/Users?startIndex=1&count=2", "", 200}, {"GET", "/Groups?startIndex=1&count=100", "", 200}}, nil},
		{"create with a password, and groups empty", []step{{"GET", "/Users?filter=userName+eq+%22ada%40acme.co%22", "", 200}, {"POST", "/Users", ada, 201}},
			func(t *testing.T, w *world) {
				if u := w.engine.users[0]; u.External != "00u1gjh63g214q0Hq0g4" || !u.Active || u.Locale != "en-US" || strings.Contains(w.engine.state(), "hunter2") {
					t.Errorf("%s", w.engine.state())
				}
			}},
		{"the classic wizard deactivates by PUT", []step{{"POST", "/Users", ada, 201}, {"GET", "/Users/{id}", "", 200}, {"PUT", "/Users/{id}", strings.Replace(ada, "true}", "false}", 1), 200}},
			func(t *testing.T, w *world) {
				if w.engine.users[0].Active {
					t.Error("still active")
				}
			}},
		{"catalogue apps deactivate by PATCH without a path", []step{{"POST", "/Users", ada, 201}, {"PATCH", "/Users/{id}", patch(`{"op":"replace","value":{"active":false}}`), 200}},
			func(t *testing.T, w *world) {
				if u := w.engine.users[0]; u.Active || u.Name.Given != "Ada" {
					t.Errorf("%+v", u)
				}
			}},
		{"password sync alone changes nothing", []step{{"POST", "/Users", ada, 201}, {"PATCH", "/Users/{id}", patch(`{"op":"replace","value":{"password":"hunter3"}}`), 200}},
			func(t *testing.T, w *world) {
				if len(w.engine.causes) != 1 {
					t.Errorf("the engine was asked: %q", w.engine.causes)
				}
			}},
		{"our own attributes come back in a PUT", []step{{"POST", "/Users", ada, 201}, {"PUT", "/Users/{id}",
			`{"id":"other","meta":{"created":"x","location":7,"resourceType":"User"},"groups":[{"value":"g"}],"urn:omni:params:scim:schemas:extension:user:2.0":{"lastLogin":null},` + core + `,"userName":"ada@acme.co","active":true}`, 200}},
			func(t *testing.T, w *world) {
				if u := w.engine.users[0]; u.ID != "omni-1" || u.Created != created || u.External != "00u1gjh63g214q0Hq0g4" || u.Name.Given != "" {
					t.Errorf("%+v", u)
				}
			}},
		{"a stale name.formatted doesn't outlive its parts", []step{{"POST", "/Users", ada, 201}, {"PUT", "/Users/{id}",
			`{` + core + `,"userName":"ada@acme.co","name":{"formatted":"Ada Lovelace","givenName":"Ada","familyName":"King"},"active":true}`, 200}},
			func(t *testing.T, w *world) {
				if got := w.do("GET", "/Users/omni-1", "").at("name", "formatted"); got != "Ada King" || w.engine.users[0].Name.Formatted != "" {
					t.Errorf("formatted is %v", got)
				}
			}},
		{"a name.formatted of Okta's own stays", []step{{"POST", "/Users", strings.Replace(ada, `"name":{`, `"name":{"formatted":"Countess Ada",`, 1), 201}},
			func(t *testing.T, w *world) {
				if got := w.do("GET", "/Users/omni-1", "").at("name", "formatted"); got != "Countess Ada" {
					t.Errorf("formatted is %v", got)
				}
			}},
		{"a PUT that doesn't say active brings nobody back", []step{{"POST", "/Users", strings.Replace(ada, "true}", "false}", 1), 201}, {"PUT", "/Users/{id}", `{` + core + `,"userName":"ada@acme.co"}`, 200}},
			func(t *testing.T, w *world) {
				if w.engine.users[0].Active {
					t.Error("active by silence")
				}
			}},
		{"booleans as words", []step{{"POST", "/Users", `{` + core + `,"userName":"ada@acme.co","active":"True","emails":[{"value":"a@x.co","primary":"true"}]}`, 201}},
			func(t *testing.T, w *world) {
				if u := w.engine.users[0]; !u.Active || !u.Emails[0].Primary {
					t.Errorf("%+v", u)
				}
			}},
		{"null for what isn't mapped", []step{{"POST", "/Users", `{` + core + `,"userName":"ada@acme.co","title":null,"name":{"givenName":null},"emails":null,"` + enterprise + `":null,"` + omni + `":{"region":null}}`, 201}},
			func(t *testing.T, w *world) {
				if u := w.engine.users[0]; !u.Active || len(u.Omni) != 0 || u.Emails != nil {
					t.Errorf("%+v", u)
				}
			}},
		{"an active user of that name", []step{{"POST", "/Users", ada, 201}, {"POST", "/Users", ada, 409}}, nil},
		{"an inactive user is revived, same id", []step{{"POST", "/Users", ada, 201}, {"PUT", "/Users/{id}", strings.Replace(ada, "true}", "false}", 1), 200}, {"POST", "/Users", ada, 201}},
			func(t *testing.T, w *world) {
				if len(w.engine.users) != 1 || !w.engine.users[0].Active {
					t.Errorf("%s", w.engine.state())
				}
			}},
		{"unassigned and assigned within a second, in order", []step{{"POST", "/Users", ada, 201}, {"PUT", "/Users/{id}", strings.Replace(ada, "true}", "false}", 1), 200}, {"PUT", "/Users/{id}", ada, 200}},
			func(t *testing.T, w *world) {
				if !w.engine.users[0].Active || len(w.engine.causes) != 3 {
					t.Errorf("%s", w.engine.state())
				}
			}},
		{"a changed userName", []step{{"POST", "/Users", ada, 201}, {"PUT", "/Users/{id}", strings.Replace(ada, "ada@acme.co", "al@acme.co", 1), 200}, {"GET", "/Users?filter=userName+eq+%22al%40acme.co%22", "", 200}},
			func(t *testing.T, w *world) {
				if u := w.engine.users[0]; u.UserName != "al@acme.co" {
					t.Errorf("%+v", u)
				}
			}},
		{"an address made of the old userName doesn't outlive it", []step{{"POST", "/Users", `{"userName":"ada@acme.co"}`, 201},
			{"PUT", "/Users/{id}", `{"userName":"al@acme.co","emails":[{"value":"ada@acme.co","type":"work","primary":true}]}`, 200}},
			func(t *testing.T, w *world) {
				if got := w.do("GET", "/Users/omni-1", "").at("emails", 0, "value"); got != "al@acme.co" {
					t.Errorf("the address is %v", got)
				}
			}},
		{"granular deprovisioning deletes", []step{{"POST", "/Users", ada, 201}, {"DELETE", "/Users/{id}", "", 204}, {"DELETE", "/Users/{id}", "", 404}}, nil},
		{"the classic wizard pushes a group", []step{{"POST", "/Groups", `{"displayName":"Sales","members":[]}`, 201}, {"GET", "/Groups/{group}", "", 200},
			{"PUT", "/Groups/{group}", `{"id":"{group}","displayName":"Sales","members":[{"value":"u1","display":null}]}`, 200}}, wantMembers("u1")},
		{"the same rename with each change of members", []step{{"POST", "/Groups", `{"displayName":"Sales"}`, 201},
			{"PATCH", "/Groups/{group}", patch(`{"op":"replace","value":{"id":"{group}","displayName":"Sales"}}`, `{"op":"add","path":"members","value":[{"value":"u1","display":"Ada"}]}`), 200}}, wantMembers("u1")},
		{"an empty group pushed now", []step{{"POST", "/Groups", `{"displayName":"Sales","members":[{"value":"u1"}]}`, 201}, {"PATCH", "/Groups/{group}", patch(`{"op":"replace","path":"members","value":[]}`), 200}}, wantMembers()},
		{"members inside the value, emptied", []step{{"POST", "/Groups", `{"displayName":"Sales","members":[{"value":"u1"}]}`, 201},
			{"PATCH", "/Groups/{group}", `{"Operations":[{"op":"replace","value":{"members":[],"id":"{group}","displayName":"Sales"}}]}`, 200}}, wantMembers()},
		{"a rename without members empties nothing", []step{{"POST", "/Groups", `{"displayName":"Sales","members":[{"value":"u1"}]}`, 201},
			{"PATCH", "/Groups/{group}", patch(`{"op":"replace","value":{"id":"{group}","displayName":"West"}}`), 200}}, wantMembers("u1")},
		{"a member added twice", []step{{"POST", "/Groups", `{"displayName":"Sales","members":[{"value":"u1"}]}`, 201}, {"PATCH", "/Groups/{group}", patch(`{"op":"add","path":"members","value":[{"value":"u1"}]}`), 200}}, wantMembers("u1")},
		{"unknown members don't spoil the rest", []step{{"POST", "/Groups", `{"displayName":"Sales","members":[]}`, 201}, {"PATCH", "/Groups/{group}", patch(`{"op":"add","path":"members","value":[{"value":"nobody"},{"value":"u1"}]}`), 200}}, wantMembers("nobody", "u1")},
		{"Entra's removal ends only those it names", []step{{"POST", "/Groups", `{"displayName":"Sales","members":[{"value":"u1"},{"value":"u2"}]}`, 201},
			{"PATCH", "/Groups/{group}", patch(`{"op":"Remove","path":"members","value":[{"value":"u1"}]}`), 200}}, wantMembers("u2")},
		{"a group that was deleted here is told", []step{{"PATCH", "/Groups/gone", patch(`{"op":"replace","value":{"displayName":"x"}}`), 404}, {"GET", "/Groups/gone", "", 404}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			for _, s := range tt.steps {
				w.must(s.status, s.method, w.named(s.path), w.named(s.body))
			}
			if tt.after != nil {
				tt.after(t, w)
			}
		})
	}
}

// named fills in the ids that the fake gave.
func (w *world) named(s string) string {
	if len(w.engine.users) > 0 {
		s = strings.ReplaceAll(s, "{id}", w.engine.users[0].ID)
	}
	if len(w.engine.groups) > 0 {
		s = strings.ReplaceAll(s, "{group}", w.engine.groups[0].ID)
	}
	return s
}

func wantMembers(ids ...string) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		var got []string
		for _, m := range w.engine.groups[0].Members {
			got = append(got, m.ID)
		}
		if fmt.Sprint(got) != fmt.Sprint(ids) {
			t.Errorf("the members are %q, want %q", got, ids)
		}
	}
}

// Both media types are taken, and Okta's own headers.
func TestOktasHeaders(t *testing.T) {
	w := newWorld(t)
	for i, kind := range []string{"application/json", "application/scim+json; charset=utf-8", ""} {
		r := httptest.NewRequest("POST", "/scim/v2/Users", strings.NewReader(fmt.Sprintf(`{"userName":"a%d@x.co"}`, i)))
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Accept", "application/scim+json")
		r.Header.Set("Accept-Charset", "utf-8")
		r.Header.Set("User-Agent", "Okta SCIM Client 1.0.0")
		if a := w.send(r); a.status != 201 {
			t.Errorf("%q is answered %d", kind, a.status)
		}
	}
}

// TestOktasSpecification goes the steps of Okta's published test of SCIM 2.0 servers,
// but for the one on tokens, which the doors answer.
func TestOktasSpecification(t *testing.T) {
	w := newWorld(t)
	w.engine.seed(identity.PushedUser{UserName: "old@acme.co", Active: true})
	a := w.must(200, "GET", "/Users?count=1&startIndex=1", "")
	for _, keys := range [][]any{{"id"}, {"name", "familyName"}, {"name", "givenName"}, {"userName"}, {"active"}, {"emails", 0, "value"}} {
		if v := a.at(append([]any{"Resources", 0}, keys...)...); v == nil || v == "" {
			t.Errorf("%v is empty in %s", keys, a.text)
		}
	}
	for _, number := range []string{"itemsPerPage", "startIndex", "totalResults"} {
		if _, ok := a.at(number).(float64); !ok {
			t.Errorf("%s is %v", number, a.at(number))
		}
	}
	if a.at("schemas", 0) != "urn:ietf:params:scim:api:messages:2.0:ListResponse" {
		t.Errorf("schemas is %v", a.at("schemas"))
	}
	id, _ := a.at("Resources", 0, "id").(string)
	if a := w.must(200, "GET", "/Users/"+id, ""); a.at("id") != id || a.at("emails", 0, "value") != "old@acme.co" {
		t.Errorf("%s", a.text)
	}
	if a := w.must(200, "GET", "/Users"+query(`userName eq "abcdefgh@atko.com"`), ""); a.at("totalResults") != 0.0 {
		t.Errorf("%s", a.text)
	}
	w.must(404, "GET", "/Users/010101001010101011001010101011", "")
	body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"Runscope300@atko.com","name":{"givenName":"Runscope","familyName":"Test"},
		"emails":[{"primary":true,"value":"Runscope300@atko.com","type":"work"}],"displayName":"Runscope Test","active":true}`
	a = w.must(201, "POST", "/Users", body)
	if a.at("active") != true || a.at("name", "familyName") != "Test" || a.at("userName") != "Runscope300@atko.com" || a.at("schemas", 0) != "urn:ietf:params:scim:schemas:core:2.0:User" {
		t.Errorf("%s", a.text)
	}
	id, _ = a.at("id").(string)
	if a := w.must(200, "GET", "/Users/"+id, ""); a.at("name", "givenName") != "Runscope" {
		t.Errorf("%s", a.text)
	}
	w.must(409, "POST", "/Users", body)
	if a := w.must(200, "GET", "/Users"+query(`userName eq "RUNSCOPE300@ATKO.COM"`), ""); a.at("totalResults") != 1.0 {
		t.Errorf("%s", a.text)
	}
	w.must(200, "GET", "/Groups", "")
	w.must(404, "GET", "/Users/00919288221112222", "")
}

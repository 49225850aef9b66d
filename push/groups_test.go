package push_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/identity"
)

func ptr(s string) *string { return &s }

// Each way to say what becomes of a group is one edit, with the steps in order.
func TestPatchGroup(t *testing.T) {
	step := func(all, gone bool, ids ...string) identity.MemberEdit {
		return identity.MemberEdit{All: all, Remove: gone, IDs: append([]string{}, ids...)}
	}
	tests := []struct {
		name, ops string
		want      identity.GroupEdit
	}{
		{"Okta's delta", `{"op":"remove","path":"members[value eq \"u1\"]"},{"op":"add","path":"members","value":[{"value":"u2","display":"Al"},{"value":"u3","display":null}]}`,
			identity.GroupEdit{Members: []identity.MemberEdit{step(false, true, "u1"), step(false, false, "u2", "u3")}}},
		{"Okta's rename with each change", `{"op":"replace","value":{"id":"g","displayName":"Sales"}},{"op":"add","path":"members","value":[{"value":"u2"}]}`,
			identity.GroupEdit{DisplayName: ptr("Sales"), Members: []identity.MemberEdit{step(false, false, "u2")}}},
		{"Okta's full list", `{"op":"replace","path":"members","value":[{"value":"u1"},{"value":"u1"}]}`,
			identity.GroupEdit{Members: []identity.MemberEdit{step(true, false, "u1")}}},
		{"an empty list", `{"op":"replace","path":"members","value":[]}`, identity.GroupEdit{Members: []identity.MemberEdit{step(true, false)}}},
		{"members beside the name", `{"op":"replace","value":{"members":[],"id":"g","displayName":"Sales"}}`,
			identity.GroupEdit{DisplayName: ptr("Sales"), Members: []identity.MemberEdit{step(true, false)}}},
		{"members added beside the name", `{"op":"add","value":{"members":["u1"],"displayName":"Sales"}}`,
			identity.GroupEdit{DisplayName: ptr("Sales"), Members: []identity.MemberEdit{step(false, false, "u1")}}},
		{"null beside the name", `{"op":"replace","value":{"members":null,"displayName":"Sales"}}`, identity.GroupEdit{DisplayName: ptr("Sales")}},
		{"everyone gone", `{"op":"remove","path":"members"}`, identity.GroupEdit{Members: []identity.MemberEdit{step(true, false)}}},
		{"Entra's removal", `{"op":"Remove","path":"members","value":[{"value":"u1"},{"value":"u2"}]}`,
			identity.GroupEdit{Members: []identity.MemberEdit{step(false, true, "u1", "u2")}}},
		{"Entra's removal of one", `{"op":"Remove","path":"members","value":{"value":"u1"}}`, identity.GroupEdit{Members: []identity.MemberEdit{step(false, true, "u1")}}},
		{"Entra's removal of none", `{"op":"Remove","path":"members","value":[]},{"op":"replace","path":"externalId","value":"x"}`, identity.GroupEdit{External: ptr("x")}},
		{"several at once", `{"op":"remove","path":"members[value eq \"u1\" or value eq \"u2\" or value eq \"u3\"]"}`,
			identity.GroupEdit{Members: []identity.MemberEdit{step(false, true, "u1", "u2", "u3")}}},
		{"ids with quotes and brackets", `{"op":"remove","path":"members[value eq \"u\\\"]\"]"}`, identity.GroupEdit{Members: []identity.MemberEdit{step(false, true, `u"]`)}}},
		{"bare ids", `{"op":"add","path":"Members","value":"u1"}`, identity.GroupEdit{Members: []identity.MemberEdit{step(false, false, "u1")}}},
		{"the name", `{"op":"replace","path":"displayName","value":"West"}`, identity.GroupEdit{DisplayName: ptr("West")}},
		{"no external id", `{"op":"remove","path":"externalId"}`, identity.GroupEdit{External: ptr("")}},
		{"by the schema's name", `{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members","value":["u1"]}`, identity.GroupEdit{Members: []identity.MemberEdit{step(false, false, "u1")}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			id, _ := w.must(201, "POST", "/Groups", `{"displayName":"Sales"}`).at("id").(string)
			a := w.must(200, "PATCH", "/Groups/"+id, patch(tt.ops))
			if diff := cmp.Diff([]identity.GroupEdit{tt.want}, w.engine.edits); diff != "" {
				t.Errorf("-want +got: %s", diff)
			}
			if _, told := a.doc["members"]; told || a.at("id") != id {
				t.Errorf("the answer is %s", a.text)
			}
		})
	}
}

// What can't be meant of a group is refused, and an operation that names nothing is
// answered with the group as it is.
func TestPatchGroupRefused(t *testing.T) {
	for _, tt := range []struct{ op, kind string }{
		{`{"op":"replace","path":"members","value":null}`, "invalidValue"},
		{`{"op":"add","path":"members","value":[{"display":"nobody"}]}`, "invalidValue"},
		{`{"op":"replace","path":"members","value":[{"value":""}]}`, "invalidValue"},
		{`{"op":"replace","path":"members","value":[null]}`, "invalidValue"},
		{`{"op":"replace","path":"members","value":[[]]}`, "invalidValue"},
		{`{"op":"replace","path":"members[value eq \"u1\"]","value":{"value":"u2"}}`, "invalidPath"},
		{`{"op":"remove","path":"members[value eq \"u1\" and value eq \"u2\"]"}`, "invalidPath"},
		{`{"op":"remove","path":"members[display eq \"u1\"]"}`, "invalidPath"},
		{`{"op":"remove","path":"members[value ne \"u1\"]"}`, "invalidPath"},
		{`{"op":"remove","path":"members[value eq \"u1\"].display"}`, "invalidPath"},
		{`{"op":"remove","path":"members[value eq \"\"]"}`, "invalidPath"},
		{`{"op":"remove","path":"members.value"}`, "invalidPath"},
		{`{"op":"remove","path":"displayName"}`, "invalidValue"},
		{`{"op":"replace","value":{"displayName":" "}}`, "invalidValue"},
		{`{"op":"replace","path":"userName","value":"x"}`, "invalidPath"},
	} {
		w := newWorld(t)
		id, _ := w.must(201, "POST", "/Groups", `{"displayName":"Sales","members":[{"value":"u1"}]}`).at("id").(string)
		a := w.must(400, "PATCH", "/Groups/"+id, patch(`{"op":"replace","value":{"displayName":"West"}}`, tt.op))
		if a.at("scimType") != tt.kind || len(w.engine.edits) != 0 {
			t.Errorf("%s: %s, %d edits", tt.op, a.text, len(w.engine.edits))
		}
		if a := w.must(200, "PATCH", "/Groups/"+id, patch(`{"op":"replace","value":{"id":"x"}}`)); a.at("displayName") != "Sales" || len(w.engine.edits) != 0 {
			t.Errorf("nothing asked: %s", a.text)
		}
	}
}

// A group's life, by the calls of Okta's classic wizard: looked for, created, read,
// replaced with the full list.
func TestGroupLife(t *testing.T) {
	w := newWorld(t)
	if a := w.must(200, "GET", "/Groups"+query(`displayName eq "Sales"`)+"&startIndex=1&count=100", ""); a.at("totalResults") != 0.0 {
		t.Errorf("nothing is found as %s", a.text)
	}
	a := w.must(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Sales","members":[{"value":"u1","display":"Ada"}]}`)
	id, _ := a.at("id").(string)
	if a.header.Get("Location") != "https://scim.acme.co/scim/v2/Groups/"+id || a.at("meta", "resourceType") != "Group" {
		t.Errorf("created as %s", a.text)
	}
	if a := w.must(200, "GET", "/Groups/"+id, ""); a.at("members", 0, "value") != "u1" {
		t.Errorf("read as %s", a.text)
	}
	for _, path := range []string{"/Groups" + query(`displayName eq "sales"`), "/Groups"} {
		if a := w.must(200, "GET", path, ""); a.at("Resources", 0, "members", 0, "value") != "u1" || a.at("totalResults") != 1.0 {
			t.Errorf("%s: %s", path, a.text)
		}
		sign := "?"
		if strings.Contains(path, "?") {
			sign = "&"
		}
		for _, without := range []string{"excludedAttributes=members", "attributes=displayName"} {
			if a := w.must(200, "GET", path+sign+without, ""); a.at("Resources", 0, "members") != nil || a.at("Resources", 0, "displayName") != "Sales" {
				t.Errorf("%s %s: %s", path, without, a.text)
			}
		}
	}
	put := func(body string) { w.must(200, "PUT", "/Groups/"+id, body) }
	put(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"` + id + `","displayName":"Sales","members":[{"value":"u2","display":null},{"value":"u3"}]}`)
	put(`{"displayName":"West"}`)
	put(`{"displayName":"West","members":null}`)
	if g := w.engine.groups[0]; fmt.Sprint(g.Members) != "[{u2 } {u3 }]" || g.DisplayName != "West" {
		t.Errorf("a list that is left out changes the members: %+v", g)
	}
	put(`{"displayName":"West","members":[]}`)
	if a := w.must(200, "GET", "/Groups/"+id, ""); a.at("members") == nil || len(w.engine.groups[0].Members) != 0 {
		t.Errorf("emptied: %s", a.text)
	}
	for _, bad := range []string{`{}`, `{"displayName":""}`, `{"displayName":7}`, `{"displayName":"x","members":[{}]}`, `{"displayName":"x","members":7}`} {
		w.must(400, "PUT", "/Groups/"+id, bad)
		w.must(400, "POST", "/Groups", bad)
	}
	w.must(204, "DELETE", "/Groups/"+id, "")
	for _, method := range []string{"GET", "DELETE"} {
		w.must(404, method, "/Groups/"+id, "")
	}
	w.must(404, "PUT", "/Groups/"+id, `{"displayName":"x"}`)
}

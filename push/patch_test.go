package push_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/identity"
)

const (
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	omni       = "urn:omni:params:1.0:UserAttribute"
)

// person is who the operations of TestPatchUser are applied to.
func person() identity.PushedUser {
	return identity.PushedUser{UserName: "ada@acme.co", External: "00u1gjh63g214q0Hq0g4", Active: true, Profile: identity.Profile{
		Name: identity.Name{Given: "Ada", Family: "Lovelace"}, Title: "Countess",
		Emails:     []identity.Contact{{Value: "ada@acme.co", Type: "work", Primary: true}, {Value: "ada@home.example", Type: "home"}},
		Enterprise: identity.Enterprise{Department: "Engines", ManagerID: "7"},
		Omni:       map[string]identity.Value{"region": `"emea"`},
	}}
}

// Each operation, in each of the forms that clients use, changes this and nothing
// else.
func TestPatchUser(t *testing.T) {
	tests := []struct {
		name, ops string
		change    func(*identity.PushedUser)
	}{
		{"one value", `{"op":"replace","path":"title","value":"Dr."}`, func(u *identity.PushedUser) { u.Title = "Dr." }},
		{"in any letter case", `{"Op":"Replace","Path":"TITLE","Value":"Dr."}`, func(u *identity.PushedUser) { u.Title = "Dr." }},
		{"added to one value", `{"op":"Add","path":"title","value":"Dr."}`, func(u *identity.PushedUser) { u.Title = "Dr." }},
		{"null takes away", `{"op":"replace","path":"title","value":null}`, func(u *identity.PushedUser) { u.Title = "" }},
		{"so does an empty text", `{"op":"replace","path":"title","value":""}`, func(u *identity.PushedUser) { u.Title = "" }},
		{"removed", `{"op":"remove","path":"title"}`, func(u *identity.PushedUser) { u.Title = "" }},
		{"without a path", `{"op":"replace","value":{"title":null,"id":"x","schemas":[],"meta":{},"groups":[],"password":"p","nope":{"a":1},"bad[":1,"active":null}}`,
			func(u *identity.PushedUser) { u.Title = "" }},
		{"an empty path", `{"op":"add","path":"","value":{"title":"Dr."}}`, func(u *identity.PushedUser) { u.Title = "Dr." }},
		{"booleans as words", `{"op":"Replace","path":"active","value":"False"}`, func(u *identity.PushedUser) { u.Active = false }},
		{"booleans as words without a path", `{"op":"replace","value":{"active":"fAlse"}}`, func(u *identity.PushedUser) { u.Active = false }},
		{"a part", `{"op":"replace","path":"name.givenName","value":"Augusta"}`, func(u *identity.PushedUser) { u.Name.Given = "Augusta" }},
		{"a part as a key", `{"op":"replace","value":{"name.givenName":"Augusta"}}`, func(u *identity.PushedUser) { u.Name.Given = "Augusta" }},
		{"parts leave the others", `{"op":"replace","path":"name","value":{"givenName":"Augusta","nope":1}}`, func(u *identity.PushedUser) { u.Name.Given = "Augusta" }},
		{"a part to null", `{"op":"replace","path":"name","value":{"familyName":null}}`, func(u *identity.PushedUser) { u.Name.Family = "" }},
		{"nothing of it", `{"op":"replace","path":"name","value":{}}`, func(*identity.PushedUser) {}},
		{"the whole", `{"op":"remove","path":"name"}`, func(u *identity.PushedUser) { u.Name = identity.Name{} }},
		{"the core schema's name before it", `{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:title","value":"Dr."}`, func(u *identity.PushedUser) { u.Title = "Dr." }},
		{"an extension by path", `{"op":"replace","path":"` + enterprise + `:department","value":"R&D"}`, func(u *identity.PushedUser) { u.Enterprise.Department = "R&D" }},
		{"an extension by key", `{"op":"replace","value":{"` + enterprise + `:department":"R&D"}}`, func(u *identity.PushedUser) { u.Enterprise.Department = "R&D" }},
		{"an extension as an object", `{"op":"replace","value":{"` + enterprise + `":{"department":null,"division":"x","nope":1}}}`,
			func(u *identity.PushedUser) { u.Enterprise.Department, u.Enterprise.Division = "", "x" }},
		{"an extension at its path", `{"op":"add","path":"` + enterprise + `","value":{"division":"x"}}`, func(u *identity.PushedUser) { u.Enterprise.Division = "x" }},
		{"an extension removed", `{"op":"remove","path":"` + enterprise + `"}`, func(u *identity.PushedUser) { u.Enterprise = identity.Enterprise{} }},
		{"an extension to null", `{"op":"replace","value":{"` + enterprise + `":null}}`, func(u *identity.PushedUser) { u.Enterprise = identity.Enterprise{} }},
		{"a manager as a bare id", `{"op":"replace","path":"` + enterprise + `:manager","value":"8"}`, func(u *identity.PushedUser) { u.Enterprise.ManagerID = "8" }},
		{"a manager by part", `{"op":"replace","path":"` + enterprise + `:manager.displayName","value":"B"}`, func(u *identity.PushedUser) { u.Enterprise.Manager = "B" }},
		{"no manager", `{"op":"remove","path":"` + enterprise + `:manager"}`, func(u *identity.PushedUser) { u.Enterprise.ManagerID = "" }},
		{"Omni's attributes by path", `{"op":"replace","path":"` + omni + `:Region.x","value":[3,"a"]}`, func(u *identity.PushedUser) {
			u.Omni = map[string]identity.Value{"region": `"emea"`, "Region.x": `["a",3]`}
		}},
		{"Omni's attributes as an object", `{"op":"replace","value":{"` + omni + `":{"region":null,"level":7}}}`, func(u *identity.PushedUser) {
			u.Omni = map[string]identity.Value{"level": "7"}
		}},
		{"Omni's attributes removed", `{"op":"remove","path":"` + omni + `"}`, func(u *identity.PushedUser) { u.Omni = nil }},
		{"some of a list", `{"op":"replace","path":"emails[type eq \"work\"].value","value":"al@acme.co"}`, func(u *identity.PushedUser) { u.Emails[0].Value = "al@acme.co" }},
		{"some of a list as a key", `{"op":"replace","value":{"emails[type eq \"WORK\"].value":"al@acme.co"}}`, func(u *identity.PushedUser) { u.Emails[0].Value = "al@acme.co" }},
		{"some of a list, several terms", `{"op":"replace","path":"emails[type eq \"home\" and primary ne true and value co \"@\"].value","value":"al@acme.co"}`,
			func(u *identity.PushedUser) { u.Emails[1].Value = "al@acme.co" }},
		{"some of a list, by not", `{"op":"remove","path":"emails[not (type eq \"work\")]"}`, func(u *identity.PushedUser) { u.Emails = u.Emails[:1] }},
		{"some of a list, by others", `{"op":"remove","path":"emails[value sw \"x\" or value ew \"example\" and type pr]"}`, func(u *identity.PushedUser) { u.Emails = u.Emails[:1] }},
		{"the first of a list", `{"op":"add","path":"phoneNumbers[type eq \"work\"].value","value":"123"}`, func(u *identity.PushedUser) {
			u.Phones = []identity.Contact{{Value: "123", Type: "work"}}
		}},
		{"the primary one of none", `{"op":"replace","path":"phoneNumbers[type eq \"work\" and primary eq true].value","value":"123"}`, func(u *identity.PushedUser) {
			u.Phones = []identity.Contact{{Value: "123", Type: "work", Primary: true}}
		}},
		{"a value gone from one of a list", `{"op":"remove","path":"emails[type eq \"home\"].value"}`, func(u *identity.PushedUser) { u.Emails = u.Emails[:1] }},
		{"one object in place of a list", `{"op":"replace","path":"emails","value":{"value":"x@acme.co","primary":"True"}}`, func(u *identity.PushedUser) {
			u.Emails = []identity.Contact{{Value: "x@acme.co", Primary: true}}
		}},
		{"added to a list", `{"op":"add","path":"emails","value":[{"value":"x@acme.co","primary":true},{"value":"ada@home.example","type":"home"}]}`, func(u *identity.PushedUser) {
			u.Emails[0].Primary = false
			u.Emails = append(u.Emails, identity.Contact{Value: "x@acme.co", Primary: true})
		}},
		{"made primary", `{"op":"replace","path":"emails[type eq \"home\"].primary","value":"true"}`, func(u *identity.PushedUser) {
			u.Emails[0].Primary, u.Emails[1].Primary = false, true
		}},
		{"an empty list", `{"op":"replace","path":"emails","value":[]}`, func(u *identity.PushedUser) { u.Emails = nil }},
		{"some values of a list", `{"op":"remove","path":"emails","value":[{"value":"ADA@home.example"}]}`, func(u *identity.PushedUser) { u.Emails = u.Emails[:1] }},
		{"a list", `{"op":"remove","path":"emails"}`, func(u *identity.PushedUser) { u.Emails = nil }},
		{"the link to Okta", `{"op":"remove","path":"externalId"}`, func(u *identity.PushedUser) { u.External = "" }},
		{"an address of nothing", `{"op":"add","path":"addresses","value":[{},{"locality":"London"}]}`, func(u *identity.PushedUser) {
			u.Addresses = []identity.Address{{Locality: "London"}}
		}},
		{"in order", `{"op":"remove","path":"title"},{"op":"add","path":"title","value":"x"},{"op":"replace","path":"title","value":"y"}`, func(u *identity.PushedUser) { u.Title = "y" }},
		{"the name that people sign in by", `{"op":"replace","path":"userName","value":"al@acme.co"}`, func(u *identity.PushedUser) { u.UserName = "al@acme.co" }},
		{"what isn't kept", `{"op":"replace","path":"password","value":"hunter2"},{"op":"add","path":"roles","value":[1]},{"op":"remove","path":"groups"},{"op":"replace","path":"meta.created","value":1}`,
			func(*identity.PushedUser) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.engine.seed(person())
			want := w.engine.users[0]
			want.Emails = append([]identity.Contact(nil), want.Emails...)
			tt.change(&want)
			w.must(200, "PATCH", "/Users/"+id, patch(tt.ops))
			if diff := cmp.Diff(want, w.engine.users[0]); diff != "" {
				t.Errorf("-want +got: %s", diff)
			}
		})
	}
}

// What can't be meant is refused, saying where and why, and changes nothing.
func TestPatchRefused(t *testing.T) {
	for _, tt := range []struct{ ops, kind, detail string }{
		{`{"op":"remove","path":"userName"}`, "invalidValue", "userName can't be removed"},
		{`{"op":"replace","path":"userName","value":null}`, "invalidValue", "userName"},
		{`{"op":"replace","value":{"userName":""}}`, "invalidValue", "userName is missing or empty"},
		{`{"op":"remove","path":"active"}`, "invalidValue", "true or false"},
		{`{"op":"replace","path":"active","value":"yes"}`, "invalidValue", "active"},
		{`{"op":"replace","path":"active","value":1}`, "invalidValue", "a number"},
		{`{"op":"replace","path":"title","value":["a"]}`, "invalidValue", "title: a string is wanted, not a list"},
		{`{"op":"replace","path":"title"}`, "invalidValue", "title"},
		{`{"op":"replace","path":"name","value":"Ada"}`, "invalidValue", "name"},
		{`{"op":"replace","path":"emails","value":[null]}`, "invalidValue", "emails"},
		{`{"op":"replace","path":"emails","value":[7]}`, "invalidValue", "emails"},
		{`{"op":"replace","path":"nope","value":1}`, "invalidPath", "nope"},
		{`{"op":"replace","path":"name.nope","value":"1"}`, "invalidPath", "name.nope"},
		{`{"op":"replace","path":"urn:nope:1.0:User:x","value":"1"}`, "invalidPath", "urn:nope"},
		{`{"op":"replace","path":"` + enterprise + `:nope","value":"1"}`, "invalidPath", "nope"},
		{`{"op":"replace","path":"` + omni + `:","value":"1"}`, "invalidPath", "attribute"},
		{`{"op":"replace","path":"` + omni + `:x","value":{"a":1}}`, "invalidValue", "x: Omni keeps text"},
		{`{"op":"replace","path":"` + omni + `","value":"x"}`, "invalidValue", omni},
		{`{"op":"replace","path":"title[type eq \"x\"]","value":"1"}`, "invalidPath", "one value"},
		{`{"op":"replace","path":"emails[type eq","value":"1"}`, "invalidPath", "["},
		{`{"op":"replace","path":"emails[]","value":"1"}`, "invalidPath", "["},
		{`{"op":"replace","path":"emails[type eq \"a\"]x","value":"1"}`, "invalidPath", "]"},
		{`{"op":"replace","path":"emails[type zz \"a\"].value","value":"1"}`, "invalidPath", "[...]"},
		{`{"op":"replace","path":"emails[type gt \"a\"].value","value":"1"}`, "invalidPath", "gt"},
		{`{"op":"replace","path":"emails[value eq 7].value","value":"1"}`, "invalidPath", "number"},
		{`{"op":"replace","path":"emails[value eq \"nobody\"].value","value":"1"}`, "noTarget", "emails"},
		{`{"op":"replace","path":"emails[type eq \"x\" or type eq \"y\"].value","value":"1"}`, "noTarget", "emails"},
		{`{"op":"replace","path":"emails[` + strings.Repeat("type pr and ", 400) + `type pr].value","value":"1"}`, "invalidPath", "several operations"},
		{`{"op":"remove"}`, "noTarget", "path"},
		{`{"op":"replace","value":null}`, "invalidValue", "object"},
		{`{"op":"replace","path":7,"value":null}`, "invalidPath", "path"},
		{`{"op":"move","path":"title"}`, "invalidSyntax", "op"},
		{`{"path":"title"}`, "invalidSyntax", "op"},
		{`7`, "invalidSyntax", "Operations"},
		{``, "invalidSyntax", "Operations"},
		{strings.Repeat(`{"op":"remove","path":"title"},`, 5000) + `{"op":"remove","path":"title"}`, "invalidSyntax", "5000"},
	} {
		w := newWorld(t)
		id := w.engine.seed(person())
		before := w.engine.state()
		// The first operation alone would be fine: all are done, or none.
		ops := `{"op":"replace","path":"title","value":"Dr."},` + tt.ops
		if tt.ops == "" {
			ops = ""
		}
		a := w.must(400, "PATCH", "/Users/"+id, patch(ops))
		if detail, _ := a.at("detail").(string); a.at("scimType") != tt.kind || !strings.Contains(detail, tt.detail) {
			t.Errorf("%.80s: %s", tt.ops, a.text)
		}
		if w.engine.state() != before {
			t.Errorf("%.80s: the user has changed", tt.ops)
		}
	}
}

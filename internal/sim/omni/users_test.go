package omni_test

import (
	"fmt"
	"testing"
	"time"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

func TestCreatedUserIsAnswered(t *testing.T) {
	o := &simomni.Org{}
	o.DefineAttribute(simomni.Definition{Reference: "region"})
	c := start(t, o)
	b := c.want(201, "POST", users, `{"schemas":["x"],"active":true,"emails":[],"userName":"Ann@b.co","displayName":"Ann","`+attributes+`":{"region":"emea"}}`)
	equal(t, "userName", b["userName"], "Ann@b.co")
	equal(t, "active", b["active"], true)
	equal(t, "emails", b.list("emails", "value"), "Ann@b.co")
	equal(t, "region", b.object(attributes)["region"], "emea")
	equal(t, "type", b.object("meta")["resourceType"], "User")
	if _, err := time.Parse(time.RFC3339, c.text(b.object("meta"), "created")); err != nil {
		t.Error(err)
	}
	login, told := b.object(extension)["lastLogin"]
	equal(t, "last login", fmt.Sprint(login, told), "<nil> true")
	again := c.want(200, "GET", users+"/"+c.text(b, "id"), "")
	equal(t, "read back", again, b)
}

func TestLastLoginIsTold(t *testing.T) {
	o := &simomni.Org{}
	id := o.AddUser("a@b.co", "A")
	o.EditUser(id, func(u *simomni.User) { u.LastLogin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) })
	c := start(t, o)
	equal(t, "last login", c.want(200, "GET", users+"/"+id, "").object(extension)["lastLogin"], "2026-01-02T03:04:05.000Z")
}

func TestBadUserBodiesAreRefused(t *testing.T) {
	o := &simomni.Org{}
	c := start(t, o)
	id := c.create("a@b.co")
	for _, text := range []string{
		``, `null`, `[]`, `{`, `{}`, `{"displayName":"x"}`, `{"userName":"x@b.co"}`,
		`{"userName":"ann","displayName":"x"}`, `{"userName":"Ann <x@b.co>","displayName":"x"}`,
		`{"userName":"x@b.co","displayName":5}`, `{"userName":"x@b.co","displayName":"x","` + attributes + `":[]}`,
	} {
		c.want(400, "POST", users, text)
	}
	for _, text := range []string{``, `null`, `{}`, `{"displayName":"x"}`, `{"userName":"x@b.co","active":"true"}`} {
		c.want(400, "PUT", users+"/"+id, text)
	}
	equal(t, "users", len(o.Users()), 1)
	equal(t, "name", o.Users()[0].UserName, "a@b.co")
}

func TestUserNameIsUniqueInAnyCaseAndWhetherActiveOrNot(t *testing.T) {
	o := &simomni.Org{}
	c := start(t, o)
	one, two := c.create("one@b.co"), c.create("two@b.co")
	c.want(409, "POST", users, `{"userName":"ONE@b.co","displayName":"x"}`)
	c.want(200, "PATCH", users+"/"+one, patch(`{"op":"replace","path":"active","value":false}`))
	c.want(409, "POST", users, `{"userName":"One@b.co","displayName":"x"}`)
	rename := patch(`{"op":"replace","value":{"userName":"oNe@b.co","displayName":"x"}}`)
	equal(t, "message", c.want(409, "PATCH", users+"/"+two, rename)["message"], "User with this email already exists")
	equal(t, "displayName after the refusal", o.Users()[1].DisplayName, "Someone")
	c.want(200, "PATCH", users+"/"+one, patch(`{"op":"replace","value":{"userName":"ONE@b.co"}}`))
	o.SetKnobs(simomni.Knobs{RealLimit: -1, RenameConflictStatus: 400})
	c.want(400, "PATCH", users+"/"+two, rename)
}

func TestRenamedUserIsFoundUnderTheNewNameOnly(t *testing.T) {
	c := start(t, &simomni.Org{})
	id := c.create("old@b.co")
	c.want(200, "PATCH", users+"/"+id, patch(`{"op":"replace","value":{"userName":"new@b.co"}}`))
	equal(t, "new", c.want(200, "GET", users+"?filter=userName+eq+%22new@b.co%22", "").list("Resources", "id"), id)
	equal(t, "old", c.want(200, "GET", users+"?filter=userName+eq+%22old@b.co%22", "")["totalResults"], 0)
	c.create("old@b.co")
}

func TestRenamesByKnob(t *testing.T) {
	for _, tt := range []struct {
		renames        simomni.Renames
		status         int
		name, nickname string
	}{
		{simomni.RenamesAllowed, 200, "new@b.co", "New"},
		{simomni.RenamesRefused, 400, "old@b.co", "Someone"},
		{simomni.RenamesIgnored, 200, "old@b.co", "New"},
	} {
		t.Run(fmt.Sprint(tt.renames), func(t *testing.T) {
			o := &simomni.Org{Knobs: simomni.Knobs{Renames: tt.renames}}
			c := start(t, o)
			id := c.create("old@b.co")
			b := c.want(tt.status, "PATCH", users+"/"+id, patch(`{"op":"replace","value":{"displayName":"New","userName":"new@b.co"}}`))
			if tt.status == 200 {
				equal(t, "answered", b["userName"], tt.name)
			}
			equal(t, "userName", o.Users()[0].UserName, tt.name)
			equal(t, "displayName", o.Users()[0].DisplayName, tt.nickname)
		})
	}
}

func TestPutResetsWhatItOmitsAndReactivates(t *testing.T) {
	o := &simomni.Org{}
	o.DefineAttribute(simomni.Definition{Reference: "region"})
	o.DefineAttribute(simomni.Definition{Reference: "team"})
	c := start(t, o)
	b := c.want(201, "POST", users, `{"userName":"a@b.co","displayName":"Ann","`+attributes+`":{"region":"x","team":"y"}}`)
	one := users + "/" + c.text(b, "id")
	c.want(200, "PATCH", one, patch(`{"op":"replace","path":"active","value":false}`))
	b = c.want(200, "PUT", one, `{"userName":"a@b.co","`+attributes+`":{"team":"z"}}`)
	equal(t, "active", b["active"], true)
	equal(t, "displayName", b["displayName"], "a@b.co")
	equal(t, "attributes", b.object(attributes), body{"omni_is_org_admin": false, "team": "z"})
	b = c.want(200, "PUT", one, `{"userName":"a@b.co","displayName":"Ann","active":false}`)
	equal(t, "active", b["active"], false)
	equal(t, "attributes", o.Users()[0].Attributes, "map[]")
}

func TestWriteAnswersByKnob(t *testing.T) {
	for _, tt := range []struct {
		name       string
		knobs      simomni.Knobs
		status     int
		extensions bool
	}{
		{"with the user", simomni.Knobs{}, 200, true},
		{"204", simomni.Knobs{UserPatch204: true}, 204, false},
		{"without extensions", simomni.Knobs{BareWrites: true}, 200, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, &simomni.Org{Knobs: tt.knobs})
			one := users + "/" + c.create("a@b.co")
			b := c.want(tt.status, "PATCH", one, patch(`{"op":"replace","path":"displayName","value":"x"}`))
			equal(t, "attributes told", b.object(attributes) != nil, tt.extensions)
			equal(t, "extension told", b.object(extension) != nil, tt.extensions)
			read := c.want(200, "GET", one, "")
			equal(t, "read", read["displayName"], "x")
			equal(t, "read with attributes", read.object(attributes) != nil, true)
		})
	}
}

func TestModifiedMovesOnlyWithAChange(t *testing.T) {
	o := &simomni.Org{}
	c := start(t, o)
	one := users + "/" + c.create("a@b.co")
	before := c.want(200, "GET", one, "").object("meta")["lastModified"]
	c.want(200, "PATCH", one, patch(`{"op":"replace","path":"displayName","value":"Someone"}`))
	equal(t, "after nothing", c.want(200, "GET", one, "").object("meta")["lastModified"], before)
}

func TestEmbedUsersStandApart(t *testing.T) {
	o := &simomni.Org{}
	o.AddUser("a@b.co", "A")
	id := o.AddEmbedUser("embed@b.co", "E")
	c := start(t, o)
	equal(t, "users", c.want(200, "GET", users, "").list("Resources", "userName"), "a@b.co")
	equal(t, "embed users", c.want(200, "GET", embedUsers, "").list("Resources", "userName"), "embed@b.co")
	equal(t, "found", c.want(200, "GET", embedUsers+"?filter=userName+eq+%22EMBED@b.co%22", "").list("Resources", "id"), id)
	c.want(404, "GET", users+"/"+id, "")
	c.want(404, "POST", embedUsers, `{"userName":"x@b.co","displayName":"x"}`)
	c.want(201, "POST", users, `{"userName":"embed@b.co","displayName":"x"}`)
	c.want(204, "DELETE", embedUsers+"/"+id, "")
	equal(t, "embed users", c.want(200, "GET", embedUsers, "")["totalResults"], 0)
}

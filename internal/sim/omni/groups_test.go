package omni_test

import (
	"fmt"
	"strings"
	"testing"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// teams serves three users, the first of them in the group Sales.
func teams(t *testing.T, knobs simomni.Knobs) (o *simomni.Org, c client, group string, ids [3]string) {
	t.Helper()
	o = &simomni.Org{Knobs: knobs}
	for i, name := range []string{"a@b.co", "b@b.co", "c@b.co"} {
		ids[i] = o.AddUser(name, name)
	}
	group = groups + "/" + o.AddGroup("Sales", ids[0])
	return o, start(t, o), group, ids
}

// fill writes ids for $0, $1 and $2.
func fill(text string, ids [3]string) string {
	return strings.NewReplacer("$0", ids[0], "$1", ids[1], "$2", ids[2]).Replace(text)
}

const stranger = "11111111-1111-4111-8111-111111111111"

func TestGroupIsAnsweredWithAndWithoutMembers(t *testing.T) {
	_, c, group, ids := teams(t, simomni.Knobs{})
	b := c.want(200, "GET", group, "")
	equal(t, "displayName", b["displayName"], "Sales")
	equal(t, "members", b.list("members", "value")+b.list("members", "display"), ids[0]+"a@b.co")
	equal(t, "type", b.object("meta")["resourceType"], "Group")
	for _, path := range []string{group, groups} {
		if text := c.do("GET", path+"?excludedAttributes=members", "").text; strings.Contains(text, "members") {
			t.Errorf("%s tells members: %s", path, text)
		}
	}
	c.want(400, "GET", group+"?excludedAttributes=meta", "")
	c.want(400, "GET", groups+"?excludedAttributes=meta", "")
	equal(t, "groups of the user", c.want(200, "GET", users+"/"+ids[0], "").list("groups", "display"), "Sales")
}

func TestGroupPatchForms(t *testing.T) {
	for _, tt := range []struct{ name, operations, want string }{
		{"add several", `{"op":"add","path":"members","value":[{"value":"$1"},{"value":"$2"}]}`, "Sales [a@b.co b@b.co c@b.co]"},
		{"add who is there", `{"op":"Add","path":"members","value":[{"value":"$0"},{"value":"$1","display":"x"}]}`, "Sales [a@b.co b@b.co]"},
		{"remove the last", `{"op":"Remove","path":"members[value eq \"$0\"]"}`, "Sales []"},
		{"add and remove", `{"op":"ADD","path":"members","value":[{"value":"$1"}]},{"op":"REMOVE","path":"members[value eq \"$0\"]"}`, "Sales [b@b.co]"},
		{"replace the list", `{"op":"replace","path":"members","value":[{"value":"$1"},{"value":"$2"}]}`, "Sales [b@b.co c@b.co]"},
		{"replace by nobody", `{"op":"replace","path":"members","value":[]}`, "Sales []"},
		{"rename by path", `{"op":"replace","path":"displayName","value":"Selling"}`, "Selling [a@b.co]"},
		{"rename without path", `{"op":"Replace","value":{"id":"x","displayName":"Selling"}}`, "Selling [a@b.co]"},
		{"letter case of the name", `{"op":"replace","value":{"displayName":"SALES"}}`, "SALES [a@b.co]"},
		{"all at once", `{"op":"replace","path":"displayName","value":"S"},{"op":"add","path":"members","value":[{"value":"$2"}]},{"op":"remove","path":"members[value eq \"$0\"]"}`, "S [c@b.co]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, c, group, ids := teams(t, simomni.Knobs{})
			text := fill(patch(tt.operations), ids)
			b := c.want(200, "PATCH", group, text)
			g := o.Groups()[0]
			equal(t, "group", fmt.Sprint(g.DisplayName, " ", g.Members), tt.want)
			equal(t, "answered", fmt.Sprintf("%v [%s]", b["displayName"], b.list("members", "display")), tt.want)
			equal(t, "changed", o.Requests()[0].Changed, true)
			c.want(200, "PATCH", group, text)
			equal(t, "changed by the same again", o.Requests()[1].Changed, false)
		})
	}
}

func TestRemovingWhoIsNoMemberChangesNothing(t *testing.T) {
	o, c, group, ids := teams(t, simomni.Knobs{})
	for _, id := range []string{ids[1], stranger} {
		c.want(200, "PATCH", group, patch(`{"op":"remove","path":"members[value eq \"`+id+`\"]"}`))
	}
	equal(t, "members", members(o), "[a@b.co]")
	equal(t, "changed", o.Requests()[1].Changed, false)
}

func TestGroupWritesThatAreRefused(t *testing.T) {
	o, c, group, ids := teams(t, simomni.Knobs{})
	other := groups + "/" + o.AddGroup("Other")
	embed := o.AddEmbedUser("e@b.co", "E")
	long := strings.Repeat("ü", 65)
	before := o.Groups()
	for _, tt := range []struct {
		status             int
		method, path, text string
	}{
		{400, "POST", groups, ``},
		{400, "POST", groups, `{"members":[]}`},
		{400, "POST", groups, `{"displayName":" "}`},
		{400, "POST", groups, `{"displayName":"` + long + `"}`},
		{400, "POST", groups, `{"displayName":"New","members":[{"value":"$1"},{"value":"` + stranger + `"}]}`},
		{400, "POST", groups, `{"displayName":"New","members":[{"value":"` + embed + `"}]}`},
		{409, "POST", groups, `{"displayName":"sALES"}`},
		{400, "PUT", group, `{"displayName":"Sales"}`},
		{400, "PUT", group, `{"members":[]}`},
		{400, "PUT", group, `{"displayName":"Sales","members":[{"value":"$1"}]}`},
		{400, "PUT", group, `{"displayName":"Sales","members":[{"display":"","value":"` + stranger + `"}]}`},
		{409, "PUT", group, `{"displayName":"other","members":[]}`},
		{409, "PATCH", group, patch(`{"op":"replace","path":"displayName","value":"other"}`)},
		{400, "PATCH", group, patch(`{"op":"replace","value":{"displayName":"` + long + `"}}`)},
		{400, "PATCH", group, patch(`{"op":"replace","value":{"members":[]}}`)},
		{400, "PATCH", group, patch(`{"op":"replace","path":"displayName"}`)},
		{400, "PATCH", group, patch(`{"op":"replace","path":"displayName","value":5}`)},
		{400, "PATCH", group, patch(`{"op":"add","path":"members","value":[{"value":"$1"}]}`, `{"op":"add","path":"members","value":[{"value":"`+stranger+`"}]}`)},
		{400, "PATCH", group, patch(`{"op":"add","path":"members"}`)},
		{400, "PATCH", group, patch(`{"op":"add","value":{"members":[{"value":"$1"}]}}`)},
		{400, "PATCH", group, patch(`{"op":"remove","path":"members","value":[{"value":"$0"}]}`)},
		{400, "PATCH", group, patch(`{"op":"remove","path":"members[value eq \"x\"]"}`)},
		{400, "PATCH", group, patch()},
		{400, "PATCH", group, `{"Operations":[{"op":"replace","path":"members","value":[]}]}`},
		{404, "PATCH", groups + "/nothing", patch(`{"op":"replace","path":"members","value":[]}`)},
		{404, "PUT", groups + "/nothing", `{"displayName":"x","members":[]}`},
		{404, "DELETE", groups + "/nothing", ``},
	} {
		c.want(tt.status, tt.method, tt.path, fill(tt.text, ids))
	}
	equal(t, "groups", o.Groups(), before)
	c.want(200, "PATCH", other, patch(`{"op":"replace","path":"displayName","value":"`+long[:128]+`"}`))
}

func TestUnknownMembersAndTooManyByKnob(t *testing.T) {
	o, c, group, ids := teams(t, simomni.Knobs{UnknownMemberStatus: 404, MembersMax: 2})
	c.want(404, "PATCH", group, fill(patch(`{"op":"add","path":"members","value":[{"value":"$1"},{"value":"`+stranger+`"}]}`), ids))
	c.want(404, "POST", groups, `{"displayName":"New","members":[{"value":"`+stranger+`"}]}`)
	c.want(400, "PATCH", group, fill(patch(`{"op":"add","path":"members","value":[{"value":"$0"},{"value":"$1"},{"value":"$2"}]}`), ids))
	equal(t, "members", members(o), "[a@b.co]")
	c.want(200, "PATCH", group, fill(patch(`{"op":"add","path":"members","value":[{"value":"$1"},{"value":"$2"}]}`), ids))
	equal(t, "members", members(o), "[a@b.co b@b.co c@b.co]")
}

func TestGroupPatch204(t *testing.T) {
	o, c, group, _ := teams(t, simomni.Knobs{GroupPatch204: true})
	equal(t, "body", c.want(204, "PATCH", group, patch(`{"op":"replace","path":"members","value":[]}`)), body(nil))
	equal(t, "members", members(o), "[]")
}

func TestGroupPutReplacesTheMembers(t *testing.T) {
	o, c, group, ids := teams(t, simomni.Knobs{})
	c.want(200, "PUT", group, fill(`{"displayName":"Selling","members":[{"display":"","value":"$1"}]}`, ids))
	equal(t, "group", o.Groups()[0].DisplayName+fmt.Sprint(members(o)), "Selling[b@b.co]")
}

func TestDeletedGroupLeavesItsMembersAndItsName(t *testing.T) {
	o, c, group, ids := teams(t, simomni.Knobs{})
	c.want(204, "DELETE", group, "")
	c.want(404, "GET", group, "")
	equal(t, "users", len(o.Users()), 3)
	equal(t, "groups of the user", c.want(200, "GET", users+"/"+ids[0], "").list("groups", "display"), "")
	again := c.want(201, "POST", groups, `{"displayName":"Sales"}`)
	if groups+"/"+c.text(again, "id") == group {
		t.Error("the old id came back")
	}
}

func TestRenamedGroupFreesItsName(t *testing.T) {
	_, c, group, _ := teams(t, simomni.Knobs{})
	c.want(200, "PATCH", group, patch(`{"op":"replace","path":"displayName","value":"Selling"}`))
	c.want(201, "POST", groups, `{"displayName":"Sales"}`)
	c.want(409, "POST", groups, `{"displayName":"selling"}`)
}

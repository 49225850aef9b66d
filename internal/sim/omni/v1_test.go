package omni_test

import (
	"fmt"
	"strings"
	"testing"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

func TestAttributeDefinitions(t *testing.T) {
	o := &simomni.Org{}
	o.DefineAttribute(simomni.Definition{Reference: "region"})
	o.DefineAttribute(simomni.Definition{Reference: "levels", Number: true, Multiple: true, Default: []string{"1"}})
	o.DefineAttribute(simomni.Definition{Reference: "region", Default: []string{"all"}})
	c := start(t, o)
	var own []string
	system := 0
	for _, a := range c.elements(c.want(200, "GET", "/api/v1/user-attributes", ""), "records") {
		if a["system"] == true {
			system++
			continue
		}
		own = append(own, fmt.Sprint(a["name"], " ", a["type"], " ", a["multiple_values"], " ", a["default_value"]))
	}
	equal(t, "own", own, "[region String false all levels Number true [1]]")
	equal(t, "system", system, 8)
}

// library serves two owners, the first with three schedules and documents.
func library(t *testing.T) (client, string) {
	t.Helper()
	o := &simomni.Org{}
	ann, bob := o.AddUser("a@b.co", "Ann"), o.AddUser("b@b.co", "Bob")
	for _, name := range []string{"b", "c", "a"} {
		o.AddSchedule(ann, name, "x@y.co", "z@y.co")
		o.AddDocument(ann, name)
	}
	o.AddSchedule(bob, "d")
	o.AddDocument(bob, "d")
	return start(t, o), ann
}

func TestSchedulesAndDocumentsArePaged(t *testing.T) {
	c, ann := library(t)
	for _, tt := range []struct{ query, names, next string }{
		{"schedules", "d c b a", "<nil>"},
		{"schedules?ownerId=" + ann, "c b a", "<nil>"},
		{"schedules?pageSize=2&ownerId=" + ann, "c b", "2"},
		{"schedules?pageSize=2&cursor=2&ownerId=" + ann, "a", "<nil>"},
		{"schedules?pageSize=2&sortDirection=asc&ownerId=" + ann, "a b", "2"},
		{"schedules?scheduleType=alert", "", "<nil>"},
		{"documents?cursor=9", "", "<nil>"},
		{"documents", "a b c d", "<nil>"},
		{"documents?creatorId=" + ann, "a b c", "<nil>"},
		{"documents?pageSize=1&cursor=2&creatorId=" + ann, "b", "3"},
		{"documents?sortDirection=desc&pageSize=150", "d c b a", "<nil>"},
	} {
		b := c.want(200, "GET", "/api/v1/"+tt.query, "")
		equal(t, tt.query, b.list("records", "name"), tt.names)
		equal(t, tt.query+" next", b.object("pageInfo")["nextCursor"], tt.next)
		equal(t, tt.query+" has next", b.object("pageInfo")["hasNextPage"], tt.next != "<nil>")
	}
	for _, query := range []string{
		"schedules?pageSize=101", "schedules?pageSize=0", "schedules?cursor=x", "schedules?cursor=0",
		"documents?pageSize=x", "documents?pageSize=-1", "documents?cursor=x", "schedules?ownerId=nobody",
		"schedules?cursor=2", "schedules?pageSize=2&cursor=3", // past the last page
	} {
		c.want(400, "GET", "/api/v1/"+query, "")
	}
	c.want(404, "GET", "/api/v1/schedules?ownerId="+stranger, "")
}

func TestPageSizesWhenNobodySaysOne(t *testing.T) {
	o := &simomni.Org{}
	ann := o.AddUser("a@b.co", "Ann")
	for i := range 60 {
		o.AddSchedule(ann, fmt.Sprint(i))
		o.AddDocument(ann, fmt.Sprint(i))
	}
	c := start(t, o)
	equal(t, "schedules", len(c.elements(c.want(200, "GET", "/api/v1/schedules", ""), "records")), 20)
	equal(t, "documents", len(c.elements(c.want(200, "GET", "/api/v1/documents", ""), "records")), 50)
	o.SetKnobs(simomni.Knobs{RealLimit: -1, PageMax: 7})
	short := c.want(200, "GET", "/api/v1/schedules?pageSize=100&cursor=9", "")
	equal(t, "the last of nine short pages", len(c.elements(short, "records")), 4)
	equal(t, "after it", short.object("pageInfo")["hasNextPage"], false)
}

func TestScheduleTellsOwnerAndRecipients(t *testing.T) {
	c, ann := library(t)
	records := c.want(200, "GET", "/api/v1/schedules?ownerId="+ann, "")
	equal(t, "owner", records.list("records", "ownerId"), ann+" "+ann+" "+ann)
	equal(t, "owner's name", records.list("records", "ownerName"), "Ann Ann Ann")
	equal(t, "recipients", records.list("records", "recipientCount"), "2 2 2")
}

func TestModelRoles(t *testing.T) {
	o := &simomni.Org{}
	id := o.AddUser("a@b.co", "A")
	c := start(t, o)
	path := "/api/v1/users/" + id + "/model-roles"
	b := c.want(200, "GET", path, "")
	equal(t, "without roles", len(c.elements(b, "results")), 0)
	o.AddModelRole(id, "QUERIER")
	o.AddModelRole(id, "VIEWER")
	b = c.want(200, "GET", path, "")
	equal(t, "membership", b["membershipId"], id)
	equal(t, "roles", b.list("results", "roleName"), "QUERIER VIEWER")
	equal(t, "origins", b.list("results", "from"), "map[type:USER] map[type:USER]")
	o.SetKnobs(simomni.Knobs{RealLimit: -1, RolesSpelledOut: true})
	c.spec = nil // what live services answer isn't what is described
	equal(t, "origins", c.want(200, "GET", path, "").list("results", "from"), "map[type:User Role] map[type:User Role]")
	c.want(404, "GET", "/api/v1/users/"+stranger+"/model-roles", "")
}

func TestModelRolesOfAGroup(t *testing.T) {
	o := &simomni.Org{}
	id := o.AddGroup("Sales")
	c := start(t, o)
	path := "/api/v1/user-groups/" + id + "/model-roles"
	b := c.want(200, "GET", path, "")
	equal(t, "without roles", len(c.elements(b, "results")), 0)
	o.AddModelRole(id, "QUERIER")
	o.AddModelRole(id, "VIEWER")
	b = c.want(200, "GET", path, "")
	equal(t, "group", b["userGroupId"], id)
	equal(t, "roles", b.list("results", "roleName"), "QUERIER VIEWER")
	from := "map[depth:0 miniUuid:" + id + " name:Sales type:GROUP]"
	equal(t, "origins", b.list("results", "from"), from+" "+from)
	o.SetKnobs(simomni.Knobs{RealLimit: -1, RolesSpelledOut: true})
	c.spec = nil // what live services answer isn't what is described
	equal(t, "origins", c.want(200, "GET", path, "").list("results", "from"), strings.ReplaceAll(from+" "+from, "GROUP", "Group Role"))
	c.want(404, "GET", "/api/v1/user-groups/nobody/model-roles", "")
}

package omni_test

import (
	"testing"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

const (
	deactivate = `{"op":"replace","path":"active","value":false}`
	reactivate = `{"op":"replace","path":"active","value":true}`
)

// leaver serves an organization with one user in one group who owns a schedule,
// a document and a role, and one more who owns a schedule.
func leaver(t *testing.T, knobs simomni.Knobs) (o *simomni.Org, c client, id string) {
	t.Helper()
	o = &simomni.Org{Knobs: knobs}
	c = start(t, o)
	id = c.create("ann@b.co")
	other := c.create("bob@b.co")
	o.AddGroup("Sales", id, other)
	o.AddSchedule(id, "hers", "x@y.co")
	o.AddSchedule(other, "his", "x@y.co")
	o.AddDocument(id, "sheet")
	return o, c, id
}

func members(o *simomni.Org) []string { return o.Groups()[0].Members }

func schedules(o *simomni.Org) []string {
	var names []string
	for _, s := range o.Schedules() {
		names = append(names, s.Name)
	}
	return names
}

func TestDeactivatedStaysInactive(t *testing.T) {
	o, c, id := leaver(t, simomni.Knobs{})
	equal(t, "answered", c.want(200, "PATCH", users+"/"+id, patch(deactivate))["active"], false)
	equal(t, "schedules", schedules(o), "[his]")
	equal(t, "members", members(o), "[ann@b.co bob@b.co]")
	equal(t, "listed", c.want(200, "GET", users, "").list("Resources", "active"), "false true")
	c.want(200, "GET", users+"/"+id, "")
	equal(t, "again", c.want(200, "PATCH", users+"/"+id, patch(reactivate))["active"], true)
	equal(t, "schedules after the return", schedules(o), "[his]")
}

func TestDeactivatedIsGone(t *testing.T) {
	o, c, id := leaver(t, simomni.Knobs{Revoked: simomni.Gone})
	equal(t, "answered", c.want(200, "PATCH", users+"/"+id, patch(deactivate))["active"], false)
	c.want(404, "GET", users+"/"+id, "")
	c.want(404, "PATCH", users+"/"+id, patch(reactivate))
	equal(t, "found", c.want(200, "GET", users+"?filter=userName+eq+%22ann@b.co%22", "")["totalResults"], 0)
	equal(t, "members", members(o), "[bob@b.co]")
	equal(t, "schedules", schedules(o), "[his]")
	if c.create("ann@b.co") == id {
		t.Error("the old id came back")
	}
	equal(t, "members after the return", members(o), "[bob@b.co]")
}

func TestDeactivatedCannotBeReactivated(t *testing.T) {
	o, c, id := leaver(t, simomni.Knobs{Revoked: simomni.InactiveNotReactivable})
	c.want(200, "PATCH", users+"/"+id, patch(deactivate))
	c.want(400, "PATCH", users+"/"+id, patch(`{"op":"replace","path":"displayName","value":"x"}`, reactivate))
	c.want(400, "PUT", users+"/"+id, `{"userName":"ann@b.co"}`)
	equal(t, "user", o.Users()[0].DisplayName, "Someone")
	equal(t, "active", o.Users()[0].Active, false)
	c.want(409, "POST", users, `{"userName":"ann@b.co","displayName":"x"}`)
	c.want(204, "DELETE", users+"/"+id, "")
	c.create("ann@b.co")
}

func TestDeactivatedIgnoresReactivation(t *testing.T) {
	o, c, id := leaver(t, simomni.Knobs{Revoked: simomni.InactiveForGood})
	c.want(200, "PATCH", users+"/"+id, patch(deactivate))
	b := c.want(200, "PATCH", users+"/"+id, patch(reactivate, `{"op":"replace","path":"displayName","value":"x"}`))
	equal(t, "active", b["active"], false)
	equal(t, "the rest", o.Users()[0].DisplayName, "x")
}

func TestMembershipsDroppedByKnob(t *testing.T) {
	o, c, id := leaver(t, simomni.Knobs{MembershipsDropped: true})
	c.want(200, "PATCH", users+"/"+id, patch(deactivate))
	equal(t, "members", members(o), "[bob@b.co]")
	c.want(200, "PATCH", users+"/"+id, patch(reactivate))
	equal(t, "members after the return", members(o), "[bob@b.co]")
}

func TestSchedulesKeptByKnobUntilDelete(t *testing.T) {
	o, c, id := leaver(t, simomni.Knobs{SchedulesKept: true})
	c.want(200, "PATCH", users+"/"+id, patch(deactivate))
	equal(t, "schedules", schedules(o), "[hers his]")
	c.want(204, "DELETE", users+"/"+id, "")
	equal(t, "schedules after the end", schedules(o), "[his]")
}

func TestDeleteEndsTheMembership(t *testing.T) {
	o, c, id := leaver(t, simomni.Knobs{})
	c.want(204, "DELETE", users+"/"+id, "")
	c.want(404, "GET", users+"/"+id, "")
	c.want(404, "DELETE", users+"/"+id, "")
	equal(t, "found", c.want(200, "GET", users+"?filter=userName+eq+%22ann@b.co%22", "")["totalResults"], 0)
	equal(t, "members", members(o), "[bob@b.co]")
	equal(t, "schedules", schedules(o), "[his]")
	equal(t, "documents", c.want(200, "GET", "/api/v1/documents?creatorId="+id, "").list("records", "name"), "sheet")
	if c.create("ann@b.co") == id {
		t.Error("the old id came back")
	}
}

func TestHiddenConflictsByKnob(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		status := 201
		if hidden {
			status = 409
		}
		o, c, id := leaver(t, simomni.Knobs{HiddenConflicts: hidden})
		o.AddEmbedUser("embed@b.co", "E")
		o.AddInvitation("invited@b.co")
		c.want(204, "DELETE", users+"/"+id, "")
		for _, name := range []string{"Ann@b.co", "Embed@b.co", "Invited@b.co"} {
			equal(t, name, c.want(200, "GET", users+"?filter=userName+eq+%22"+name+"%22", "")["totalResults"], 0)
			c.want(status, "POST", users, `{"userName":"`+name+`","displayName":"x"}`)
		}
		c.want(201, "POST", users, `{"userName":"free@b.co","displayName":"x"}`)
	}
}

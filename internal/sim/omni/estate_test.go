package omni_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// house serves two users and one who is inactive; ann owns a document.
func house(t *testing.T, knobs simomni.Knobs) (o *simomni.Org, c client, ids idsOf) {
	t.Helper()
	o = &simomni.Org{Knobs: knobs}
	ids = idsOf{"stranger": stranger}
	for _, name := range []string{"ann", "bob", "cid", "off"} {
		ids[name] = o.AddUser(name+"@b.co", name)
	}
	ids["sheet"] = o.AddDocument(ids["ann"], "Sheet")
	o.EditUser(ids["off"], func(u *simomni.User) { u.Active = false })
	return o, start(t, o), ids
}

func (c client) transfer(status int, what, id, to string) string {
	c.t.Helper()
	return fmt.Sprint(c.want(status, "PUT", "/api/v1/"+what+"/"+id+"/transfer-ownership", `{"userId":"`+to+`"}`)["detail"])
}

func TestScheduleIsTransferredToWhoMaySeeIt(t *testing.T) {
	o, c, ids := house(t, simomni.Knobs{})
	o.EditDocument(ids["sheet"], func(d *simomni.Document) { d.Viewers = []string{ids["bob"]} })
	id := o.PlaceSchedule(simomni.Schedule{Owner: ids["ann"], Name: "Weekly", Dashboard: ids["sheet"]})
	for to, want := range map[string]string{"cid": "403 permission to view", "ann": "400 already the owner", "off": "404 does not exist", "stranger": "404 does not exist"} {
		status, words, _ := strings.Cut(want, " ")
		got := c.do("PUT", "/api/v1/schedules/"+id+"/transfer-ownership", `{"userId":"`+ids[to]+`"}`)
		if fmt.Sprint(got.status) != status || !strings.Contains(got.text, words) {
			t.Errorf("to %s: %d %s", to, got.status, got.text)
		}
	}
	c.transfer(400, "schedules", id, "nobody")
	c.transfer(400, "schedules", "nobody", ids["bob"])
	c.transfer(404, "schedules", stranger, ids["bob"])
	equal(t, "writes", o.Writes(), 0)
	c.transfer(200, "schedules", id, ids["bob"])
	equal(t, "owner", o.Schedules()[0].Owner, ids["bob"])
	c.want(403, "GET", "/api/v1/schedules/"+id+"?userId="+ids["cid"], "")
	c.want(200, "GET", "/api/v1/schedules/"+id+"?userId="+ids["bob"], "")
}

func TestDocumentIsTransferredToWhoHasAPermit(t *testing.T) {
	for _, status := range []int{400, 403} {
		o, c, ids := house(t, simomni.Knobs{NoPermitStatus: status})
		o.EditDocument(ids["sheet"], func(d *simomni.Document) { d.Viewers = []string{ids["bob"]} })
		c.transfer(status, "documents", ids["sheet"], ids["cid"])
		c.transfer(404, "documents", ids["sheet"], ids["off"])
		c.transfer(404, "documents", "none", ids["bob"])
		c.transfer(200, "documents", ids["sheet"], ids["ann"]) // who owns it already
		equal(t, "owner", o.Documents()[0].Owner, ids["ann"])
		c.transfer(200, "documents", ids["sheet"], ids["bob"])
		equal(t, "owner", o.Documents()[0].Owner, ids["bob"])
		equal(t, "permits", o.Documents()[0].Viewers, "["+ids["ann"]+"]")
		o.EditDocument(ids["sheet"], func(d *simomni.Document) { d.Deleted = true })
		c.transfer(404, "documents", ids["sheet"], ids["bob"])
		equal(t, "listed", c.want(200, "GET", "/api/v1/documents", "").list("records", "name"), "")
		equal(t, "there", o.EditDocument(ids["sheet"], nil), false)
	}
}

func TestDocumentsOfWhoMadeThemByKnob(t *testing.T) {
	for _, kept := range []bool{false, true} {
		_, c, ids := house(t, simomni.Knobs{CreatorsKept: kept})
		c.transfer(200, "documents", ids["sheet"], ids["bob"])
		want := map[bool]string{true: "Sheet", false: ""}
		equal(t, "ann's", c.want(200, "GET", "/api/v1/documents?creatorId="+ids["ann"], "").list("records", "name"), want[kept])
		equal(t, "bob's", c.want(200, "GET", "/api/v1/documents?creatorId="+ids["bob"], "").list("records", "name"), want[!kept])
	}
}

// What ends with its owner is lost; what is deleted, or was handed over, isn't.
func TestLostSchedules(t *testing.T) {
	o, c, ids := house(t, simomni.Knobs{})
	for _, name := range []string{"b", "a", "handed", "deleted"} {
		id := o.AddSchedule(ids["ann"], name)
		switch name {
		case "handed":
			c.transfer(200, "schedules", id, ids["cid"])
		case "deleted":
			c.want(200, "DELETE", "/api/v1/schedules/"+id, "")
			c.want(404, "DELETE", "/api/v1/schedules/"+id, "")
		}
	}
	o.AddSchedule(ids["bob"], "c")
	c.want(200, "PATCH", users+"/"+ids["ann"], patch(deactivate))
	c.want(204, "DELETE", users+"/"+ids["bob"], "")
	names := ""
	for _, s := range o.Lost() {
		names += s.Name + " "
	}
	equal(t, "lost", names, "a b c ")
	equal(t, "left", schedules(o), "[handed]")
}

// idsOf are the ids of who and what there is.
type idsOf map[string]string

// body is what makes a schedule of the document.
func (ids idsOf) body(extra string) string {
	return `{"name":"N","identifier":"` + ids["sheet"] + `","schedule":"0 9 ? * MON *","timezone":"UTC","format":"pdf","destinationType":"email","recipients":[{"email":"x@b.co"}]` + extra + `}`
}

func TestSchedulesAreCreated(t *testing.T) {
	o, c, ids := house(t, simomni.Knobs{UserKeys: []string{"personal"}, KeyOwners: map[string]string{"omni_osk_test": "", "personal": ""}})
	o.EditDocument(ids["sheet"], func(d *simomni.Document) {
		d.Viewers, d.Queries, d.FilterKeys = []string{ids["bob"]}, []string{"q1"}, []string{"region"}
	})
	path := "/api/v1/schedules?userId=" + ids["bob"]
	for extra, want := range map[string]string{
		`,"schedule":"daily"`:                "invalid cron",
		`,"timezone":""`:                     "timezone: Required",
		`,"conditionType":"RESULTS_PRESENT"`: "together",
		`,"conditionType":"RESULTS_PRESENT","conditionQueryMapKey":"gone"`:       "query presentation for key: gone",
		`,"filterConfig":{"city":1}`:                                             "Invalid filter keys",
		`,"filterConfig":3`:                                                      "Expected object",
		`,"format":"csv","hideTitle":true`:                                       "hideTitle",
		`,"recipients":["x@b.co"]`:                                               "array of objects",
		`,"recipients":[{"email":"x"}]`:                                          "Invalid email",
		`,"destinationType":"google_sheets"`:                                     "Invalid enum",
		`,"destinationType":"webhook"`:                                           "url",
		`,"destinationType":"sftp","address":"a","port":22`:                      "username: Required",
		`,"destinationType":"s3","bucketName":"abc"`:                             "region: Required",
		`,"destinationType":"slack","recipients":"C1"`:                           "slackRecipientType",
		`,"destinationType":"slack","slackRecipientType":"users","recipients":3`: "recipients: Required",
	} {
		if got := c.do("POST", path, ids.body(extra)); got.status != 400 || !strings.Contains(got.text, want) {
			t.Errorf("%s: %d %s", extra, got.status, got.text)
		}
	}
	c.want(404, "POST", path, ids.body(`,"identifier":"none"`))
	c.want(403, "POST", "/api/v1/schedules?userId="+ids["cid"], ids.body(""))
	c.want(404, "POST", "/api/v1/schedules?userId="+ids["off"], ids.body(""))
	c.want(400, "POST", "/api/v1/schedules", ids.body("")) // nobody acts here
	equal(t, "made", len(o.Schedules()), 0)
	c.want(200, "POST", path, ids.body(`,"conditionType":"RESULTS_PRESENT","conditionQueryMapKey":"q1","filterConfig":{"region":{"kind":"EQ"}},"fanOut":true,"hideTitle":true,"nonsense":1`))
	s := o.Schedules()[0]
	equal(t, "made", fmt.Sprint(s.Owner, s.Condition, s.Query, string(s.Filters), s.FanOut, s.Options, s.Recipients),
		ids["bob"]+`RESULTS_PRESENTq1{"region":{"kind":"EQ"}}true map[hideTitle:true subject:N] [x@b.co]`)
	personal := c
	personal.key = "personal"
	personal.want(403, "POST", path, ids.body(""))
}

func TestSchedulesAreCreatedByKnob(t *testing.T) {
	o, c, ids := house(t, simomni.Knobs{})
	o.SetKnobs(simomni.Knobs{RealLimit: -1, PlainRecipients: true, OwnersIgnored: true, ConditionsIgnored: true, KeyOwners: map[string]string{c.key: ids["cid"]}})
	path := "/api/v1/schedules?userId=" + ids["bob"]
	c.want(400, "POST", path, ids.body(`,"subject":"S"`))
	c.want(400, "POST", path, ids.body(`,"recipients":["x@b.co"]`))
	c.want(200, "POST", path, ids.body(`,"subject":"S","recipients":["x@b.co","X@b.co"],"conditionType":"RESULTS_PRESENT","conditionQueryMapKey":"q1"`))
	c.want(200, "POST", path, ids.body(`,"destinationType":"webhook","url":"https://x.co/h"`))
	s := o.Schedules()
	equal(t, "made", fmt.Sprint(s[0].Owner, s[0].Condition, s[0].Recipients, s[1].Target), ids["cid"]+"[x@b.co] map[url:https://x.co/h]")
	who := c.want(200, "GET", "/api/v1/whoami", "")
	equal(t, "acts", fmt.Sprint(who["orgRole"], who.object("user")["membershipId"]), "ORG_ADMIN"+ids["cid"])
}

// The replacement of a schedule makes of an alert a plain delivery, as in Omni.
func TestReplacingDropsTheAlertCondition(t *testing.T) {
	o, c, ids := house(t, simomni.Knobs{})
	id := o.PlaceSchedule(simomni.Schedule{Owner: ids["ann"], Name: "N", Dashboard: ids["sheet"], Condition: "RESULTS_PRESENT", Query: "q1", Paused: true})
	c.want(400, "PUT", "/api/v1/schedules/"+id, `{}`)
	c.want(404, "PUT", "/api/v1/schedules/"+stranger, ids.body(""))
	c.want(200, "PUT", "/api/v1/schedules/"+id, ids.body(`,"conditionType":"RESULTS_PRESENT","conditionQueryMapKey":"q1"`))
	s := o.Schedules()[0]
	equal(t, "replaced", fmt.Sprint(s.ID, s.Owner, s.Condition, s.Paused, s.Recipients), id+ids["ann"]+"true [x@b.co]")
}

func TestPauseAndRecipients(t *testing.T) {
	o, c, ids := house(t, simomni.Knobs{})
	team := o.AddGroup("Team", ids["bob"], ids["cid"])
	one := "/api/v1/schedules/" + o.AddSchedule(ids["ann"], "N", "x@b.co")
	hook := "/api/v1/schedules/" + o.PlaceSchedule(simomni.Schedule{Owner: ids["ann"], Name: "Hook", Destination: "webhook", Target: map[string]any{"url": "https://x.co/h"}})
	o.PlaceSchedule(simomni.Schedule{Owner: ids["ann"], Name: "O", Groups: []string{team}})
	for _, step := range []struct {
		status int
		path   string
	}{{400, one + "/resume"}, {200, one + "/pause"}, {400, one + "/pause"}, {200, one + "/resume"}, {404, "/api/v1/schedules/" + stranger + "/pause"}} {
		c.want(step.status, "PUT", step.path, "")
	}
	groups := c.elements(c.want(200, "GET", "/api/v1/schedules?ownerId="+ids["ann"], ""), "records")
	equal(t, "counted", groups[0]["recipientCount"], 2) // Bob and Cid, by the group
	equal(t, "by hook", groups[2]["destinationType"], "webhook")
	asked := c.elements(c.want(200, "GET", "/api/v1/schedules/"+c.text(groups[0], "id")+"/recipients", ""), "userGroupRecipients")
	c.want(200, "PUT", one+"/add-recipients", `{"emails":["X@b.co"],"userIds":["`+ids["bob"]+`"],"userGroupIds":["`+c.text(asked[0], "id")+`"]}`)
	c.want(400, "PUT", one+"/add-recipients", `{"userGroupIds":["`+stranger+`"]}`)
	c.want(400, "PUT", one+"/add-recipients", `{"userIds":["`+stranger+`"]}`)
	c.want(400, "PUT", hook+"/add-recipients", `{"emails":["y@b.co"]}`)
	got := c.want(200, "GET", one+"/recipients", "")
	equal(t, "recipients", got.list("recipients", "email")+" "+got.list("userGroupRecipients", "name"), "x@b.co bob@b.co Team")
	o.RemoveGroup(team)
	equal(t, "without the group", c.want(200, "GET", one+"/recipients", "").list("userGroupRecipients", "name"), "")
}

// A definition tells everything that was placed, in Omni's shape.
func TestDefinitionOfASchedule(t *testing.T) {
	for _, other := range []bool{false, true} {
		o, c, ids := house(t, simomni.Knobs{EntityIDs: other})
		id := o.PlaceSchedule(simomni.Schedule{Owner: ids["ann"], Name: "N", Dashboard: ids["sheet"], Destination: "slack", Recipients: []string{"C1"}, Filters: json.RawMessage(`{"a":1}`),
			Condition: "RESULTS_PRESENT", Query: "q1", Options: map[string]any{"slackRecipientType": "channel", "textBody": "Hi", "paperFormat": "a4", "queryIdentifierMapKey": "q2"}})
		d := c.want(200, "GET", "/api/v1/schedules/"+id, "")
		equal(t, "entity", d["entityId"] == ids["sheet"], !other)
		equal(t, "alert", fmt.Sprint(d["conditionType"], d["conditionQueryMapKey"], d["filterConfig"]), "RESULTS_PRESENTq1map[a:1]")
		equal(t, "options", fmt.Sprint(d["metadata"], " ", d.list("destinations", "metadata")), "map[paperFormat:a4 queryIdentifierMapKey:q2 slackRecipientType:channel] map[textBody:Hi type:slack]")
		c.spec = nil // which knows no recipients of Slack, as the documents do
		equal(t, "to", c.want(200, "GET", "/api/v1/schedules/"+id+"/recipients", "").list("recipients", "slackId"), "C1")
		listed := c.want(200, "GET", "/api/v1/schedules", "")
		equal(t, "content", listed.list("records", "content")+listed.list("records", "identifier"), "single tile"+ids["sheet"])
	}
}

package pusher_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/internal/sim/pusher"
)

var (
	ada = pusher.Person{OktaID: "00uada", UserName: "ada@example.com", GivenName: "Ada", FamilyName: "Lovelace", DisplayName: "Ada Lovelace"}
	bob = pusher.Person{OktaID: "00ubob", UserName: "bob@example.com", GivenName: "Bob", FamilyName: "Stone"}
)

// run drains the queue and fails for each task that failed.
func run(t *testing.T, c *pusher.Client) {
	t.Helper()
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, task := range c.Failed() {
		t.Fatalf("task %d (%s %s) failed: %s", task.ID, task.Action, task.Object, task.Error)
	}
}

// asked are the requests since the last time, without the query of a look-up.
func asked(c *pusher.Client) []string {
	var list []string
	for _, x := range c.Exchanges() {
		path, query, _ := strings.Cut(x.Path, "?")
		if strings.HasPrefix(query, "filter") {
			path += "?"
		}
		list = append(list, fmt.Sprintf("%s %s %d", x.Method, path, x.Status))
	}
	c.ResetLog()
	return list
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestClassicLifeOfAUser(t *testing.T) {
	e := newEndpoint(t)
	okta := e.okta(pusher.Classic())

	okta.Assign(ada)
	run(t, okta)
	same(t, "assignment", asked(okta), []string{"GET /Users? 200", "POST /Users 201"})
	id := okta.ExternalID("00uada")
	if id == "" || e.user("ada@example.com")["externalId"] != "00uada" {
		t.Errorf("linked to %q, the endpoint has %v", id, e.user("ada@example.com"))
	}

	renamed := ada
	renamed.UserName, renamed.FamilyName = "ada@example.org", "King"
	okta.Update(renamed)
	run(t, okta)
	same(t, "update", asked(okta), []string{"GET /Users/" + id + " 200", "PUT /Users/" + id + " 200"})
	same(t, "name", e.user("ada@example.org")["name"], any(map[string]any{"givenName": "Ada", "familyName": "King"}))

	okta.Unassign("00uada")
	run(t, okta)
	same(t, "unassignment", asked(okta), []string{"GET /Users/" + id + " 200", "PUT /Users/" + id + " 200"})
	if e.user("ada@example.org")["active"] != false {
		t.Error("still active")
	}

	okta.Update(renamed) // a profile push doesn't send the status again
	run(t, okta)
	if e.user("ada@example.org")["active"] != false {
		t.Error("a profile push activated")
	}
	asked(okta)

	okta.Assign(renamed)
	run(t, okta)
	same(t, "reassignment", asked(okta), []string{"GET /Users/" + id + " 200", "PUT /Users/" + id + " 200"})
	if e.user("ada@example.org")["active"] != true {
		t.Error("still inactive")
	}

	okta.SetPassword("00uada", "pa55")
	okta.DeleteUser("00uada")
	run(t, okta)
	same(t, "password, deletion", asked(okta), []string{"GET /Users/" + id + " 200", "PUT /Users/" + id + " 200", "DELETE /Users/" + id + " 204"})
	if okta.ExternalID("00uada") != "" || e.user("ada@example.org") != nil {
		t.Error("the user is there still, or its link")
	}
}

func TestCatalogLifeOfAUser(t *testing.T) {
	e := newEndpoint(t)
	okta := e.okta(pusher.Catalog())
	okta.Assign(ada)
	okta.Unassign("00uada")
	okta.Assign(ada)
	okta.SetPassword("00uada", "pa55")
	run(t, okta)
	id := okta.ExternalID("00uada")
	same(t, "requests", asked(okta), []string{
		"GET /Users? 200", "POST /Users 201",
		"PATCH /Users/" + id + " 200",
		"PATCH /Users/" + id + " 200", "GET /Users/" + id + " 200", "PUT /Users/" + id + " 200",
		"PATCH /Users/" + id + " 200",
	})
	if u := e.user("ada@example.com"); u["active"] != true || u["password"] != "pa55" {
		t.Errorf("the endpoint has %v", u)
	}
}

func TestWhoIsFoundIsLinked(t *testing.T) {
	e := newEndpoint(t)
	first := e.okta(pusher.Classic())
	first.Assign(ada)
	first.Unassign("00uada")
	run(t, first)

	second := e.okta(pusher.Classic())
	second.Assign(ada)
	run(t, second)
	id := second.ExternalID("00uada")
	same(t, "requests", asked(second), []string{"GET /Users? 200", "GET /Users/" + id + " 200", "PUT /Users/" + id + " 200"})
	if id != first.ExternalID("00uada") || e.user("ada@example.com")["active"] != true {
		t.Errorf("linked to %q, the endpoint has %v", id, e.user("ada@example.com"))
	}
}

// styles are all forms in which groups are pushed.
func styles() map[string]pusher.Style {
	all := map[string]pusher.Style{"classic": pusher.Classic(), "entra": pusher.Entra()}
	for name, form := range map[string]pusher.MembersForm{
		"by filter": pusher.MembersByFilter, "by value": pusher.MembersByValue, "pathless": pusher.MembersPathless,
		"whole": pusher.MembersWhole, "in value": pusher.MembersInValue,
	} {
		s := pusher.Catalog()
		s.Members = form
		all[name] = s
		s.OneRequest, s.NullDisplay, s.Capitals = true, true, true
		all[name+", together"] = s
	}
	return all
}

func TestLifeOfAGroupInEachStyle(t *testing.T) {
	for name, style := range styles() {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t)
			okta := e.okta(style)
			okta.Assign(ada)
			okta.Assign(bob)
			run(t, okta)
			okta.PushGroup(pusher.Group{OktaID: "00gcrew", Name: "Crew"})
			run(t, okta)
			same(t, "empty group", e.crew("Crew"), []string{})
			okta.SetMembers("00gcrew", "00uada", "00ubob", "00unobody")
			run(t, okta)
			same(t, "both", e.crew("Crew"), []string{"ada@example.com", "bob@example.com"})
			okta.SetMembers("00gcrew", "00ubob")
			run(t, okta)
			same(t, "one left", e.crew("Crew"), []string{"bob@example.com"})
			okta.RenameGroup("00gcrew", "Team")
			run(t, okta)
			same(t, "renamed", e.crew("Team"), []string{"bob@example.com"})
			okta.SetMembers("00gcrew", "00uada")
			run(t, okta)
			same(t, "exchanged", e.crew("Team"), []string{"ada@example.com"})
			okta.SetMembers("00gcrew")
			okta.PushNow("00gcrew")
			run(t, okta)
			same(t, "emptied", e.crew("Team"), []string{})
			okta.DeleteGroup("00gcrew")
			run(t, okta)
			if e.crew("Team") != nil {
				t.Error("the group is there still")
			}
		})
	}
}

func TestGroupRequests(t *testing.T) {
	for name, tc := range map[string]struct {
		style         pusher.Style
		first, change []string
	}{
		"classic": {
			pusher.Classic(),
			[]string{"GET /Groups? 200", "POST /Groups 201", "GET /Groups/displayName-1 200", "PUT /Groups/displayName-1 200"},
			[]string{"GET /Groups/displayName-1 200", "PUT /Groups/displayName-1 200"},
		},
		"catalog": {
			pusher.Catalog(),
			[]string{"GET /Groups? 200", "POST /Groups 201", "GET /Groups/displayName-1 200", "PATCH /Groups/displayName-1 200", "PATCH /Groups/displayName-1 200"},
			[]string{"PATCH /Groups/displayName-1 200", "PATCH /Groups/displayName-1 200"}, // the name, the member
		},
	} {
		t.Run(name, func(t *testing.T) {
			okta := newEndpoint(t).okta(tc.style)
			okta.Assign(ada)
			run(t, okta)
			asked(okta)
			okta.PushGroup(pusher.Group{OktaID: "00gcrew", Name: "Crew"})
			run(t, okta)
			same(t, "push", asked(okta), tc.first)
			okta.SetMembers("00gcrew", "00uada")
			run(t, okta)
			same(t, "change", asked(okta), tc.change)
			okta.SetMembers("00gcrew", "00uada", "00ubob") // who isn't assigned isn't pushed
			run(t, okta)
			same(t, "nothing", asked(okta), []string(nil))
		})
	}
}

// bodies are the bodies of the requests with this method.
func bodies(t *testing.T, c *pusher.Client, method string) []any {
	t.Helper()
	var list []any
	for _, x := range c.Exchanges() {
		var body any
		if x.Method != method {
			continue
		}
		if err := json.Unmarshal([]byte(x.Body), &body); err != nil {
			t.Fatal(err)
		}
		list = append(list, body)
	}
	return list
}

func value(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFormsOfMembers(t *testing.T) {
	const head = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}`
	const name = `{"op":"replace","value":{"id":"g1","displayName":"Crew"}}`
	together := pusher.Catalog()
	together.OneRequest = true
	for form, want := range map[pusher.MembersForm]string{
		pusher.MembersByFilter: name + `,{"op":"remove","path":"members[value eq \"u1\"]"},{"op":"add","path":"members","value":[{"value":"u2","display":"bob@example.com"}]}`,
		pusher.MembersByValue:  name + `,{"op":"remove","path":"members","value":[{"value":"u1"}]},{"op":"add","path":"members","value":[{"value":"u2","display":"bob@example.com"}]}`,
		pusher.MembersPathless: name + `,{"op":"remove","path":"members[value eq \"u1\"]"},{"op":"add","value":{"members":[{"value":"u2","display":"bob@example.com"}]}}`,
		pusher.MembersWhole:    name + `,{"op":"replace","path":"members","value":[{"value":"u2","display":"bob@example.com"}]}`,
		pusher.MembersInValue:  `{"op":"replace","value":{"id":"g1","displayName":"Crew","members":[{"value":"u2","display":"bob@example.com"}]}}`,
	} {
		okta := newEndpoint(t).okta(together)
		together.Members = form
		okta.SetStyle(together)
		okta.Link(ada, "u1")
		okta.Link(bob, "u2")
		okta.LinkGroup(pusher.Group{OktaID: "00gcrew", Name: "Crew", Members: []string{"00uada"}}, "g1")
		okta.SetMembers("00gcrew", "00ubob")
		if err := okta.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprint("form ", form), bodies(t, okta, "PATCH"), []any{value(t, fmt.Sprintf(head, want))})
		if failed := okta.Failed(); len(failed) != 1 || !strings.Contains(failed[0].Error, "Linked group is missing") {
			t.Errorf("failed: %v, want one for the group that isn't there", failed)
		}
	}
}

func TestWhoIsProvisionedLaterJoinsLater(t *testing.T) {
	for late, want := range map[bool][]string{false: {}, true: {"ada@example.com"}} {
		e := newEndpoint(t)
		style := pusher.Catalog()
		style.LateMembers = late
		okta := e.okta(style)
		okta.PushGroup(pusher.Group{OktaID: "00gcrew", Name: "Crew", Members: []string{"00uada"}})
		run(t, okta)
		okta.Assign(ada)
		run(t, okta)
		same(t, fmt.Sprint("members, late: ", late), e.crew("Crew"), want)
		okta.PushNow("00gcrew")
		run(t, okta)
		same(t, "members after Push now", e.crew("Crew"), []string{"ada@example.com"})
	}
}

func TestPausedGroupsWait(t *testing.T) {
	e := newEndpoint(t)
	okta := e.okta(pusher.Catalog())
	okta.Assign(ada)
	okta.PushGroup(pusher.Group{OktaID: "00gcrew", Name: "Crew"})
	run(t, okta)
	okta.PauseGroup("00gcrew")
	okta.SetMembers("00gcrew", "00uada")
	okta.PushNow("00gcrew")
	run(t, okta)
	same(t, "members of the paused group", e.crew("Crew"), []string{})
	okta.ResumeGroup("00gcrew")
	run(t, okta)
	same(t, "members", e.crew("Crew"), []string{"ada@example.com"})
}

func TestHeadersAreTheCapturedOnes(t *testing.T) {
	okta := newEndpoint(t).okta(pusher.Classic())
	okta.Assign(ada)
	run(t, okta)
	log := okta.Exchanges()
	want := map[string][]string{
		"Accept": {"application/scim+json"}, "Accept-Charset": {"utf-8"}, "Accept-Encoding": {"gzip,deflate"},
		"Authorization": {"Bearer s3cret"}, "Connection": {"close"}, "User-Agent": {"Okta SCIM Client 1.0.0"},
	}
	same(t, "GET", map[string][]string(log[0].Header), want)
	want["Content-Type"] = []string{"application/scim+json; charset=utf-8"}
	same(t, "POST", map[string][]string(log[1].Header), want)
	if want := "/Users?filter=userName%20eq%20%22ada%40example.com%22&startIndex=1&count=100"; log[0].Path != want {
		t.Errorf("path = %s, want %s", log[0].Path, want)
	}
	body := value(t, log[1].Body).(map[string]any)
	if body["password"] == "" {
		t.Error("no password")
	}
	delete(body, "password")
	same(t, "creation", any(body), value(t, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com",
		"name":{"givenName":"Ada","familyName":"Lovelace"},"emails":[{"primary":true,"value":"ada@example.com","type":"work"}],
		"displayName":"Ada Lovelace","locale":"en-US","externalId":"00uada","groups":[],"active":true}`))
}

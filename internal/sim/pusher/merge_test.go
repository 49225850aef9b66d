package pusher_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/internal/sim/pusher"
)

// stored is what an endpoint shows of a user: more than Okta knows of.
const stored = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u1","userName":"ada@example.com","active":true,
	"name":{"formatted":"Ada Byron","givenName":"Ada","familyName":"Byron"},"nickName":"Countess","title":"Dr","x":12345678901234567890,
	"meta":{"resourceType":"User","created":"2026-01-02T03:04:05Z","location":"/Users/u1"},"groups":[{"value":"g1"}]}`

// echo shows the stored user, and answers each write with it.
func echo(style pusher.Style) *pusher.Client {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, stored) })
	return &pusher.Client{BaseURL: base, Style: style, HTTP: &http.Client{Transport: sim.Transport(answer)}}
}

func TestAPutCarriesWhatTheGetReturned(t *testing.T) {
	okta := echo(pusher.Classic())
	department := ada
	department.Attributes = map[string]any{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": map[string]any{"department": "Engines"}}
	okta.Link(ada, "u1")
	okta.Update(department)
	run(t, okta)
	same(t, "body", bodies(t, okta, "PUT"), []any{value(t, `{
		"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"id":"u1","userName":"ada@example.com","active":true,"externalId":"00uada","displayName":"Ada Lovelace","locale":"en-US",
		"name":{"formatted":"Ada Byron","givenName":"Ada","familyName":"Lovelace"},"nickName":"Countess","title":"Dr","x":12345678901234567890,
		"emails":[{"primary":true,"type":"work","value":"ada@example.com"}],"groups":[{"value":"g1"}],
		"meta":{"resourceType":"User","created":"2026-01-02T03:04:05Z","location":"/Users/u1"},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engines"}}`)})
}

func TestADeactivationByPutChangesNothingElse(t *testing.T) {
	okta := echo(pusher.Classic())
	okta.Link(ada, "u1")
	okta.Unassign("00uada")
	run(t, okta)
	want := value(t, stored).(map[string]any)
	want["active"] = false
	same(t, "body", bodies(t, okta, "PUT"), []any{want})
}

func TestClearing(t *testing.T) {
	for clears, want := range map[pusher.Clearing]any{pusher.ClearOmits: "absent", pusher.ClearNull: nil, pusher.ClearEmpty: ""} {
		okta := echo(pusher.Style{Clears: clears})
		doctor := ada
		doctor.Attributes = map[string]any{"title": "Dr"}
		okta.Link(doctor, "u1")
		okta.Update(ada)
		run(t, okta)
		title, has := bodies(t, okta, "PUT")[0].(map[string]any)["title"]
		if !has {
			title = "absent"
		}
		same(t, fmt.Sprint("title, with clearing ", clears), title, want)
	}
}

func TestFormsOfActivation(t *testing.T) {
	const head = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}`
	for name, tc := range map[string]struct {
		style pusher.Style
		want  string
	}{
		"catalog": {pusher.Catalog(), `{"op":"replace","value":{"active":false}}`},
		"entra":   {pusher.Entra(), `{"op":"Replace","path":"active","value":"False"}`},
		"text":    {pusher.Style{PatchUsers: true, TextBooleans: true}, `{"op":"replace","value":{"active":"False"}}`},
	} {
		okta := echo(tc.style)
		okta.Link(ada, "u1")
		okta.Unassign("00uada")
		run(t, okta)
		same(t, name, bodies(t, okta, "PATCH"), []any{value(t, fmt.Sprintf(head, tc.want))})
	}
}

func TestReassignmentsThatLookUp(t *testing.T) {
	renamed := ada
	renamed.UserName = "ada@example.org"

	e := newEndpoint(t)
	okta := e.okta(pusher.Style{ForgetsLink: true})
	okta.Assign(ada)
	okta.Unassign("00uada")
	okta.Assign(ada)
	run(t, okta)
	same(t, "requests", asked(okta)[4:], []string{"GET /Users? 200", "GET /Users/userName-1 200", "PUT /Users/userName-1 200"})

	okta.SetStyle(pusher.Style{ForgetsLink: true, AsksOldName: true})
	okta.Update(renamed)
	okta.Unassign("00uada")
	again := renamed
	again.UserName = "ada@example.net"
	okta.Assign(again)
	run(t, okta)
	if e.user("ada@example.net") == nil || okta.ExternalID("00uada") != "userName-1" {
		t.Errorf("the old name wasn't asked for: %v", asked(okta))
	}

	e.users.Delete(nil, "userName-1")
	okta.Unassign("00uada")
	okta.SetStyle(pusher.Style{AsksOldName: true})
	if err := okta.Run(t.Context()); err != nil || len(okta.Failed()) != 1 {
		t.Errorf("error %v, failed %v, want the deactivation of nobody", err, okta.Failed())
	}
}

func TestMovingToAnotherEndpointKeepsTheLinks(t *testing.T) {
	okta := newEndpoint(t).okta(pusher.Classic())
	okta.Assign(ada)
	run(t, okta)
	okta.Point("https://elsewhere.example/scim", "other")
	okta.Unassign("00uada")
	if err := okta.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := okta.Exchanges()[2]
	if last.Path != "/Users/"+okta.ExternalID("00uada") || last.Header.Get("Authorization") != "Bearer other" {
		t.Errorf("asked %s as %s", last.Path, last.Header.Get("Authorization"))
	}
}

func TestABareToken(t *testing.T) {
	okta := newEndpoint(t).okta(pusher.Style{Auth: pusher.AuthBare, KeepAlive: true})
	if err := okta.TestConnection(t.Context()); err != nil {
		t.Fatal(err)
	}
	header := okta.Exchanges()[0].Header
	if header.Get("Authorization") != token || header.Get("Connection") != "Keep-Alive" {
		t.Errorf("header = %v", header)
	}
}

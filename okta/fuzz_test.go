package okta_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/mapping"
)

// FuzzAssignments reads any answer as the page of assignments. What is read
// without an error is a JSON list of objects, each with an id of its own.
func FuzzAssignments(f *testing.F) {
	for _, seed := range []string{
		`[]`, `[{"id":"00u1","status":"ACTIVE","_embedded":{"user":{"id":"00u1","status":"ACTIVE","profile":{"login":"a"}}}}]`,
		`[{"id":"00u1","profile":{"n":9007199254740993,"l":[1,null,{"x":[]}]}}]`, `[null]`, `{"id":1}`, ` [`, "[\"\x00\"]", `[{"id":"a"},{"id":"a"}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newReader(t, always(200, string(body)))
		got, err := collect(r.Assignments(t.Context()))
		seen := map[string]bool{}
		for _, a := range got {
			if a.ID == "" || seen[string(a.ID)] {
				t.Fatalf("the id %q is empty or came twice", a.ID)
			}
			seen[string(a.ID)] = true
		}
		var plain []map[string]any
		if err == nil && json.Unmarshal(body, &plain) != nil {
			t.Fatalf("took %q for a list", body)
		}
	})
}

// FuzzProfiles reads any text as the two profiles of an app user. What is read has
// the fields and values that the text has, and can be mapped.
func FuzzProfiles(f *testing.F) {
	for _, seed := range [][2]string{
		{`{}`, `{"login":"a"}`}, {`null`, `null`}, {`[]`, `1`}, {`{"n":9007199254740993,"f":1.5,"e":1e400,"z":-0}`, `{"a":{"b":[null,{"c":[]}]}}`},
		{`{"a":1,"a":2}`, `{"\ud83d\ude00":"\u0000\ud800"}`}, {`{"a":"` + "\x80" + `"}`, `{"a":`},
	} {
		f.Add(seed[0], seed[1])
	}
	m, problems := mapping.Compile(mapping.Rules{Scope: "true", Attributes: map[string]string{
		"a": "user.a", "b": "user.a.b.c", "n": "or(user.n, okta.profile.f)", "keys": "user.map(k, k)", "login": "okta.login"}})
	if len(problems) > 0 {
		f.Fatal(problems)
	}
	f.Fuzz(func(t *testing.T, app, profile string) {
		body := fmt.Sprintf(`{"id":"00u1","status":"ACTIVE","credentials":{"userName":"a@b.c"},"profile":%s,"_embedded":{"user":{"id":"00u1","status":"ACTIVE","profile":%s}}}`, app, profile)
		a, err := newReader(t, always(200, body)).Assignment(t.Context(), "00u1")
		if err != nil {
			if !fault.Is(err, fault.Doubt) {
				t.Fatalf("%v", err)
			}
			return
		}
		var plain struct {
			Profile  map[string]any
			Embedded struct {
				User struct{ Profile map[string]any }
			} `json:"_embedded"`
		}
		if err := json.Unmarshal([]byte(body), &plain); err != nil {
			t.Fatalf("took what isn't JSON, or has no such number: %v", err)
		}
		if len(plain.Profile) != len(a.App) || len(plain.Embedded.User.Profile) != len(a.Profile) {
			t.Fatalf("read %v and %v of %s", a.App, a.Profile, body)
		}
		if _, _, err := m.Map(a); err != nil && !fault.Is(err, fault.Doubt) {
			t.Fatalf("Map: %v", err)
		}
	})
}

// FuzzLink reads a page with any Link header. No request leaves the organization's
// address, and a header that names no readable next page isn't followed.
func FuzzLink(f *testing.F) {
	next := "<" + org + `/api/v1/groups/00g1/users?after=1>; rel="next"`
	for _, seed := range []string{
		"", next, next + `, <x>; rel="self"`, `<>; rel="next"`, "<", ">", ",,;;", `<https://evil.test/>; rel=next`, `<//evil.test/behind/a/gateway/>; rel=next`,
		`<https://acme.okta.test@evil.test/behind/a/gateway/>; rel="next"`, `<` + org + `/../../x>; REL="prev NEXT"`, `<a>; title=">, <b"; rel=next`, "<\x00>; rel=next",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, link string) {
		var sent int
		r := newReaderOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if sent++; !strings.HasPrefix(req.URL.String(), org+"/") || req.Host != "acme.okta.test" && req.Host != "" {
				t.Errorf("asked %q of %q", req.URL, req.Host)
			}
			resp, err := inProcess{always(200, `[]`)}.RoundTrip(req)
			if sent == 1 {
				resp.Header["Link"] = []string{link}
			}
			return resp, err
		}), 1)
		_, err := collect(r.Members(t.Context(), "00g1"))
		if err == nil && sent != 1 && !strings.Contains(strings.ToLower(link), "next") {
			t.Errorf("%q was followed", link)
		}
	})
}

// FuzzTouches reads any answer as a page of the System Log. What is read without an
// error is a JSON list; each touch names ids that may stand in a path, has an event,
// and says where to look; the next reading can begin.
func FuzzTouches(f *testing.F) {
	for _, seed := range []string{
		`[]`, `[null]`, `{}`, `[{"uuid":"e1"}]`, "[\"\x00\"]", `[{"uuid":"e1","target":null,"outcome":null,"published":null,"eventType":null}]`,
		`[{"uuid":"e1","eventType":"user.lifecycle.suspend","published":"2000-01-01T00:00:00.000Z","outcome":{"result":"SUCCESS"},"target":[{"id":"00u1","type":"User","alternateId":null}]}]`,
		`[{"uuid":"e1","eventType":"x","target":[{"id":"00u1","type":"User"},{"id":"00g1","type":"UserGroup"},{"id":"0oa1","type":"AppInstance"}]}]`,
		`[{"uuid":"e1","eventType":"group.user_membership.add","target":[{"id":"../apps","type":"User"},{"id":"00g1","type":"UserGroup"}]}]`,
		`[{"uuid":"e1","eventType":"application.provision.group_push.removed","outcome":{"result":"FAILURE"},"target":[{"id":"0oa1","type":"AppInstance"}]}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := logOf(t, string(body)).Touches(t.Context(), beginning)
		var plain []map[string]any
		if err == nil && json.Unmarshal(body, &plain) != nil {
			t.Fatalf("took %q for a list", body)
		}
		if err != nil && (len(page.Touches) > 0 || page.Place.Next != "") || err == nil && page.Place.Next != "/api/v1/logs?after=1" {
			t.Fatalf("%+v, %v", page, err)
		}
		for _, touch := range page.Touches {
			ids := []string{}
			for _, id := range touch.Users {
				ids = append(ids, string(id))
			}
			for _, id := range touch.Groups {
				ids = append(ids, string(id))
			}
			wide := touch.Kind == identity.TouchApp || touch.Kind == identity.TouchSelection
			if touch.Event == "" || len(ids) == 0 && !wide || strings.ContainsAny(strings.Join(ids, ""), "/?#. \"") {
				t.Fatalf("%+v of %q", touch, body)
			}
		}
	})
}

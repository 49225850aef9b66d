package push_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
)

const ada = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@acme.co","externalId":"00u1gjh63g214q0Hq0g4",
	"name":{"givenName":"Ada","familyName":"Lovelace"},"emails":[{"primary":true,"value":"ada@acme.co","type":"work"}],
	"displayName":"Ada Lovelace","locale":"en-US","groups":[],"password":"hunter2","active":true}`

func query(filter string) string { return "?filter=" + url.QueryEscape(filter) }

// A user's life: looked for, created, read, replaced, patched, deleted.
func TestUserLife(t *testing.T) {
	w := newWorld(t)
	if a := w.must(200, "GET", "/Users"+query(`userName eq "ada@acme.co"`)+"&startIndex=1&count=100", ""); a.at("totalResults") != 0.0 || strings.Contains(a.text, "null") {
		t.Errorf("nobody is found as %s", a.text)
	}
	a := w.must(201, "POST", "/Users", ada)
	id, _ := a.at("id").(string)
	if where := "https://scim.acme.co/scim/v2/Users/" + id; a.header.Get("Location") != where || a.at("meta", "location") != where {
		t.Errorf("it is at %q, %v", a.header.Get("Location"), a.at("meta", "location"))
	}
	if strings.Contains(a.text, "hunter2") || strings.Contains(a.text, "password") || strings.Contains(w.engine.state(), "hunter2") {
		t.Errorf("the password is kept: %s", a.text)
	}
	if a.at("name", "givenName") != "Ada" || a.at("active") != true || a.at("externalId") != "00u1gjh63g214q0Hq0g4" || a.at("locale") != "en-US" {
		t.Errorf("created as %s", a.text)
	}
	w.must(409, "POST", "/Users", ada)
	for _, filter := range []string{`userName eq "ADA@acme.co"`, `externalId eq "00u1gjh63g214q0Hq0g4"`, `id eq "` + id + `"`,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada@acme.co"`, `USERNAME EQ "ada@acme.co"`, `userName eq "ada\u0040acme.co"`} {
		if a := w.must(200, "GET", "/Users"+query(filter), ""); a.at("totalResults") != 1.0 || a.at("Resources", 0, "id") != id {
			t.Errorf("%s finds %s", filter, a.text)
		}
	}
	a = w.must(200, "PUT", "/Users/"+id, strings.Replace(ada, `"Lovelace"`, `"King"`, 1))
	if a.at("name", "familyName") != "King" || a.at("id") != id {
		t.Errorf("replaced as %s", a.text)
	}
	a = w.must(200, "PATCH", "/Users/"+id, patch(`{"op":"replace","value":{"active":false}}`))
	if a.at("active") != false || a.at("name", "familyName") != "King" {
		t.Errorf("patched as %s", a.text)
	}
	w.must(204, "DELETE", "/Users/"+id, "")
	w.must(404, "GET", "/Users/"+id, "")
	if want := []string{"push POST /Users request r1", "push PUT /Users/" + id + " request r1"}; w.engine.causes[0] != want[0] || w.engine.causes[2] != want[1] {
		t.Errorf("the causes are %q", w.engine.causes)
	}
}

func patch(ops ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(ops, ",") + `]}`
}

// Whom Omni had before, without name parts and addresses, is shown with both: Okta
// takes no user without them. What is shown so isn't stored.
func TestShownFromLittle(t *testing.T) {
	for _, tt := range []struct{ display, userName, given, family string }{
		{"Ada Lovelace", "ada@acme.co", "Ada", "Lovelace"},
		{"Ada King Lovelace", "ada@acme.co", "Ada King", "Lovelace"},
		{"Ada", "ada@acme.co", "Ada", "Ada"},
		{"", "ada@acme.co", "ada", "ada"},
		{" ", "@x", "@x", "@x"},
	} {
		w := newWorld(t)
		id := w.engine.seed(identity.PushedUser{UserName: tt.userName, Active: true, Profile: identity.Profile{DisplayName: tt.display}})
		a := w.must(200, "GET", "/Users/"+id, "")
		if a.at("name", "givenName") != tt.given || a.at("name", "familyName") != tt.family || a.at("emails", 0, "value") != tt.userName {
			t.Errorf("%q is shown as %s", tt.display, a.text)
		}
		w.must(200, "PATCH", "/Users/"+id, patch(`{"op":"replace","path":"title","value":"Countess"}`))
		if u := w.engine.users[0]; u.Name != (identity.Name{}) || u.Emails != nil || u.Title != "Countess" {
			t.Errorf("stored as %+v", u)
		}
	}
}

// Lists are paged as asked, within the limits, with numbers as numbers.
func TestPages(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		w.engine.seed(identity.PushedUser{UserName: name + "@acme.co", Active: true})
	}
	for _, tt := range []struct {
		query        string
		start, count float64
		first        any
	}{
		{"", 1, 5, "a@acme.co"},
		{"?startIndex=2&count=2", 2, 2, "b@acme.co"},
		{"?startIndex=5&count=2", 5, 1, "e@acme.co"},
		{"?startIndex=6&count=2", 6, 0, nil},
		{"?startIndex=0&count=0", 1, 0, nil},
		{"?startIndex=-3&count=-1", 1, 0, nil},
		{"?count=100000", 1, 5, "a@acme.co"},
		{query(`userName eq "c@acme.co"`) + "&startIndex=2", 2, 0, nil},
	} {
		a := w.must(200, "GET", "/Users"+tt.query, "")
		total := 5.0
		if strings.Contains(tt.query, "filter") {
			total = 1
		}
		list, ok := a.at("Resources").([]any)
		if !ok || a.at("totalResults") != total || a.at("startIndex") != tt.start || a.at("itemsPerPage") != tt.count || len(list) != int(tt.count) ||
			a.at("Resources", 0, "userName") != tt.first {
			t.Errorf("%q: %s", tt.query, a.text)
		}
	}
	for _, bad := range []string{"?count=x", "?startIndex=1.5", "?count=99999999999999999999", "?startIndex=9223372036854775807", "?filter=userName+eq+%zz", "?filter=a;b"} {
		w.must(400, "GET", "/Users"+bad, "")
	}
}

// An answer shows the attributes that were asked for; id and schemas always.
func TestViews(t *testing.T) {
	w := newWorld(t)
	id, _ := w.must(201, "POST", "/Users", strings.Replace(ada, `"active"`, `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D","division":"x"},"active"`, 1)).at("id").(string)
	const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	for _, tt := range []struct {
		query string
		keys  string
		inner string
	}{
		{"?attributes=userName", "id schemas userName", ""},
		{"?attributes=USERNAME,urn:ietf:params:scim:schemas:core:2.0:User:active", "active id schemas userName", ""},
		{"?attributes=name.givenName", "id name schemas", "givenName"},
		{"?attributes=name", "id name schemas", "familyName formatted givenName"},
		{"?attributes=" + enterprise + ":department", "id schemas " + enterprise, ""},
		{"?excludedAttributes=name,emails,meta,externalId,locale,displayName,id," + enterprise, "active id schemas userName", ""},
		{"?excludedAttributes=name.formatted", "", "familyName givenName"},
	} {
		a := w.must(200, "GET", "/Users/"+id+tt.query, "")
		if tt.keys != "" && keys(a.doc) != tt.keys {
			t.Errorf("%s shows %q, want %q", tt.query, keys(a.doc), tt.keys)
		}
		if name, _ := a.at("name").(map[string]any); tt.inner != "" && keys(name) != tt.inner {
			t.Errorf("%s shows name %q, want %q", tt.query, keys(name), tt.inner)
		}
	}
	a := w.must(200, "GET", "/Users"+query(`userName eq "ada@acme.co"`)+"&attributes="+enterprise+":department", "")
	if inner, _ := a.at("Resources", 0, enterprise).(map[string]any); keys(inner) != "department" {
		t.Errorf("a list shows %s", a.text)
	}
	if !strings.Contains(a.text, "R&D") {
		t.Errorf("text is escaped: %s", a.text)
	}
}

// schemas names the extensions that a user has, and no others.
func TestSchemasOfUser(t *testing.T) {
	w := newWorld(t)
	a := w.must(201, "POST", "/Users", ada)
	if list, _ := a.at("schemas").([]any); len(list) != 1 {
		t.Errorf("schemas %v", list)
	}
	id, _ := a.at("id").(string)
	a = w.must(200, "PATCH", "/Users/"+id, patch(`{"op":"add","value":{"urn:omni:params:1.0:UserAttribute":{"region":"emea","levels":[2,1]}}}`))
	if list, _ := a.at("schemas").([]any); len(list) != 2 || a.at("urn:omni:params:1.0:UserAttribute", "region") != "emea" {
		t.Errorf("%s", a.text)
	}
	if got := w.engine.users[0].Omni["levels"]; got != "[1,2]" {
		t.Errorf("levels is kept as %s", got)
	}
}

// The base is taken off; without one, and without a told address, the request's own
// is what resources are at.
func TestAddresses(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/scim/v2x/Users", "/Users", "/scim/v2/users2", "/scim/v2/Users/1/2", "/scim/v2", "/scim/v2/", "/"} {
		r, _ := http.NewRequest("GET", "http://x"+path, nil)
		if a := w.send(r); a.status != 404 {
			t.Errorf("%s is answered %d", path, a.status)
		}
	}
	w.must(200, "GET", "//Users/", "")
}

func keys(object map[string]any) string { return strings.Join(slices.Sorted(maps.Keys(object)), " ") }

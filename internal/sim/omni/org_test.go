package omni_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

const (
	attributes = "urn:omni:params:1.0:UserAttribute"
	extension  = "urn:omni:params:scim:schemas:extension:user:2.0"
	users      = "/api/scim/v2/Users"
	groups     = "/api/scim/v2/Groups"
	embedUsers = "/api/scim/v2/embed/Users"
)

// client asks one Org over real HTTP. Where the vendor's description is at
// hand, every answer is held to it.
type client struct {
	t    *testing.T
	http *http.Client
	base string
	key  string
	spec *contract
}

// start serves o without a rate limit, unless o says its own.
func start(t *testing.T, o *simomni.Org) client {
	t.Helper()
	if o.Knobs.RealLimit == 0 {
		o.Knobs.RealLimit = -1
	}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	return client{t: t, http: server.Client(), base: server.URL, key: "omni_osk_test", spec: loadContract(t)}
}

// answer is a status with a decoded body.
type answer struct {
	status int
	header http.Header
	body   body
	text   string
}

// body is decoded JSON.
type body map[string]any

func (b body) object(key string) body {
	m, _ := b[key].(map[string]any)
	return m
}

// text is a field that must be text.
func (c client) text(b body, key string) string {
	c.t.Helper()
	s, ok := b[key].(string)
	if !ok {
		c.t.Fatalf("%s is %v, want text", key, b[key])
	}
	return s
}

// elements are the objects of a field that must be a list.
func (c client) elements(b body, key string) []body {
	c.t.Helper()
	list, ok := b[key].([]any)
	if !ok {
		c.t.Fatalf("%s is %v, want a list", key, b[key])
	}
	objects := make([]body, len(list))
	for i, e := range list {
		object, ok := e.(map[string]any)
		if !ok {
			c.t.Fatalf("%s[%d] is %v, want an object", key, i, e)
		}
		objects[i] = object
	}
	return objects
}

// list gives one field of each element, as text and joined.
func (b body) list(key, field string) string {
	var fields []string
	elements, _ := b[key].([]any)
	for _, e := range elements {
		if object, ok := e.(map[string]any); ok {
			fields = append(fields, fmt.Sprint(object[field]))
		}
	}
	return strings.Join(fields, " ")
}

func (c client) do(method, path, text string) answer {
	c.t.Helper()
	request, err := http.NewRequest(method, c.base+path, strings.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.key)
	response, err := c.http.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, text: string(raw)}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &a.body); err != nil {
			c.t.Fatalf("%s %s: body %q: %v", method, path, raw, err)
		}
	}
	if c.spec != nil {
		c.spec.check(c.t, request, []byte(text), response, bytes.Clone(raw))
	}
	return a
}

// want asks and demands a status.
func (c client) want(status int, method, path, text string) body {
	c.t.Helper()
	a := c.do(method, path, text)
	if a.status != status {
		c.t.Fatalf("%s %s %s: status %d, want %d: %s", method, path, text, a.status, status, a.text)
	}
	return a.body
}

// create makes a user and gives its id.
func (c client) create(userName string) string {
	c.t.Helper()
	b := c.want(http.StatusCreated, "POST", users, fmt.Sprintf(`{"userName":%q,"displayName":"Someone"}`, userName))
	return c.text(b, "id")
}

// patch wraps operations in a PATCH body.
func patch(operations ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(operations, ",") + `]}`
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func TestZeroValueServesBothCasings(t *testing.T) {
	var o simomni.Org
	c := start(t, &o)
	id := c.create("a@b.co")
	for _, path := range []string{users, strings.ToLower(users)} {
		equal(t, path, c.want(200, "GET", path, "").list("Resources", "id"), id)
		equal(t, path, c.want(200, "GET", path+"/"+id, "")["userName"], "a@b.co")
	}
	for _, path := range []string{groups, strings.ToLower(groups), embedUsers, strings.ToLower(embedUsers)} {
		equal(t, path, c.want(200, "GET", path, "")["totalResults"], 0)
	}
}

func TestUnknownPathsAreNotFound(t *testing.T) {
	c := start(t, &simomni.Org{})
	for _, path := range []string{"/", "/api", "/scim/v2/Users", "/api/scim/v2/ServiceProviderConfig", "/api/v1/nothing"} {
		c.want(404, "GET", path, "")
	}
	c.want(404, "PATCH", users, patch(`{"op":"replace","path":"active","value":true}`))
}

func TestErrorsHaveTheShapeOfTheirAPI(t *testing.T) {
	c := start(t, &simomni.Org{})
	scim := c.want(404, "GET", users+"/nobody", "")
	equal(t, "scim error", scim["error"], "Not Found")
	equal(t, "scim message", scim["message"], "User not found")
	v1 := c.want(404, "GET", "/api/v1/users/nobody/model-roles", "")
	equal(t, "v1 status", v1["status"], 404)
	equal(t, "v1 detail", v1["detail"], "User not found")
}

func TestLogTellsKindsWritesAndEffect(t *testing.T) {
	o := &simomni.Org{}
	c := start(t, o)
	id := c.create("a@b.co")
	c.want(409, "POST", users, `{"userName":"A@B.co","displayName":"x"}`)
	same := patch(`{"op":"replace","value":{"displayName":"Someone"}}`)
	c.want(200, "PATCH", users+"/"+id, same)
	c.want(200, "GET", users, "")
	equal(t, "writes", o.Writes(), 2)
	equal(t, "creations asked for", o.Count(simomni.CreateUser), 2)
	var told []string
	for _, r := range o.Requests() {
		told = append(told, fmt.Sprint(r.Kind, " ", r.Status, " ", r.Changed))
	}
	equal(t, "log", strings.Join(told, ", "),
		"create user 201 true, create user 409 false, patch user 200 false, list users 200 false")
	o.ResetLog()
	equal(t, "writes after the reset", o.Writes(), 0)
	equal(t, "users after the reset", len(o.Users()), 1)
}

func TestHandsInOmniCountAsNoWrites(t *testing.T) {
	o := &simomni.Org{}
	ann := o.AddUser("ann@b.co", "Ann")
	bob := o.AddUser("bob@b.co", "Bob")
	team := o.AddGroup("Sales", ann)
	o.AddSchedule(ann, "daily", "x@y.co")
	o.EditUser(ann, func(u *simomni.User) {
		u.UserName, u.DisplayName, u.OrgAdmin = "anne@b.co", "Anne", true
	})
	o.EditGroup(team, "Selling", ann, bob)
	equal(t, "groups", o.Groups(), []simomni.Group{{ID: team, DisplayName: "Selling", Members: []string{"anne@b.co", "bob@b.co"}}})
	o.EditUser(ann, func(u *simomni.User) { u.Active = false })
	equal(t, "schedules", len(o.Schedules()), 0)
	o.RemoveUser(bob)
	equal(t, "members", o.Groups()[0].Members, "[anne@b.co]")
	equal(t, "users", o.Users(), []simomni.User{{
		ID: ann, UserName: "anne@b.co", DisplayName: "Anne", OrgAdmin: true, Groups: []string{"Selling"},
	}})
	o.RemoveGroup(team)
	equal(t, "groups", len(o.Groups()), 0)
	equal(t, "groups of a user", len(o.Users()[0].Groups), 0)
	equal(t, "writes", o.Writes(), 0)
	if o.EditUser(bob, nil) || o.RemoveUser(bob) || o.EditGroup(team, "") || o.RemoveGroup(team) {
		t.Error("what is gone can still be edited")
	}
}

// Who is restored has the id that they had, and nobody who comes gets it again.
func TestRestore(t *testing.T) {
	before := &simomni.Org{}
	before.DefineAttribute(simomni.Definition{Reference: "region"})
	ann := before.AddUser("ann@b.co", "Ann")
	before.AddUser("bob@b.co", "Bob")
	before.EditUser(ann, func(u *simomni.User) { u.OrgAdmin, u.Attributes = true, map[string][]string{"region": {"emea"}} })
	o := &simomni.Org{}
	o.Restore(before.Users())
	equal(t, "users", o.Users(), before.Users())
	equal(t, "writes", o.Writes(), 0)
	if !o.EditUser(ann, func(u *simomni.User) { u.DisplayName = "Anne" }) {
		t.Error("nobody has Ann's id")
	}
	o.AddUser("cat@b.co", "Cat")
	equal(t, "users with one more", len(o.Users()), 3)
	if cat, _ := o.User("cat@b.co"); cat.ID == ann || len(cat.ID) != len(ann) {
		t.Errorf("Cat has the id %q", cat.ID)
	}
	if u, _ := o.User("ann@b.co"); u.DisplayName != "Anne" {
		t.Errorf("Ann is %+v", u)
	}
}

func TestContradictorySetUpPanics(t *testing.T) {
	for name, wrong := range map[string]func(*simomni.Org){
		"user twice":      func(o *simomni.Org) { o.AddUser("A@b.co", "") },
		"restored twice":  func(o *simomni.Org) { o.Restore(o.Users()) },
		"group twice":     func(o *simomni.Org) { o.AddGroup("sales") },
		"unknown member":  func(o *simomni.Org) { o.AddGroup("New", "nobody") },
		"unknown owner":   func(o *simomni.Org) { o.AddSchedule("nobody", "daily") },
		"unknown creator": func(o *simomni.Org) { o.AddDocument("nobody", "sheet") },
		"unknown role":    func(o *simomni.Org) { o.AddModelRole("nobody", "QUERIER") },
	} {
		t.Run(name, func(t *testing.T) {
			o := &simomni.Org{}
			o.AddUser("a@b.co", "")
			o.AddGroup("Sales")
			defer func() {
				if recover() == nil {
					t.Error("it was accepted")
				}
			}()
			wrong(o)
		})
	}
}

func TestLookUpsTakeAnyLetterCase(t *testing.T) {
	o := &simomni.Org{}
	ann := o.AddUser("Ann@b.co", "Ann")
	team := o.AddGroup("Sales", ann)
	u, known := o.User("ann@B.co")
	equal(t, "user", fmt.Sprint(u.ID, u.Groups, known), ann+"[Sales] true")
	g, known := o.Group("SALES")
	equal(t, "group", fmt.Sprint(g.ID, g.Members, known), team+"[Ann@b.co] true")
	if _, known := o.User("bob@b.co"); known {
		t.Error("a user is found who isn't there")
	}
	if _, known := o.Group("Other"); known {
		t.Error("a group is found that isn't there")
	}
}

func TestSnapshotsAreCopies(t *testing.T) {
	o := &simomni.Org{}
	id := o.AddUser("a@b.co", "A")
	o.EditUser(id, func(u *simomni.User) { u.Attributes["region"] = []string{"x"} })
	u, _ := o.User("a@b.co")
	u.Attributes["region"][0] = "y"
	u, _ = o.User("a@b.co")
	equal(t, "region", u.Attributes["region"], "[x]")
}

func TestIdsAreAlikeInEveryRunAndNeverRepeat(t *testing.T) {
	seen := map[string]bool{}
	one, two := &simomni.Org{}, &simomni.Org{}
	for i := range 500 {
		name := fmt.Sprintf("u%d@b.co", i)
		user, team := one.AddUser(name, ""), one.AddGroup(name)
		equal(t, name, two.AddUser(name, "")+two.AddGroup(name), user+team)
		seen[user], seen[team] = true, true
	}
	equal(t, "ids", len(seen), 1000)
}

// brokenBody fails when it is read.
type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestBodyThatBreaksOffChangesNothing(t *testing.T) {
	o := &simomni.Org{}
	r := httptest.NewRequest("POST", users, brokenBody{})
	r.Header.Set("Authorization", "Bearer key")
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	equal(t, "status", w.Code, 400)
	equal(t, "users", len(o.Users()), 0)
	equal(t, "asked", o.Count(simomni.CreateUser), 1)
	equal(t, "writes", o.Writes(), 0)
}

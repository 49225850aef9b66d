package push_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/push"
)

// fakeEngine keeps users and groups in memory, and accepts what it is asked.
type fakeEngine struct {
	mu      sync.Mutex
	next    int
	users   []identity.PushedUser
	byID    map[string]int // into users
	byName  map[string]int
	groups  []identity.PushedGroup
	causes  []string
	edits   []identity.GroupEdit
	asked   []string // what users were looked up by
	failing error    // of every call, where it is set
}

var created = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

func newFake() *fakeEngine {
	return &fakeEngine{byID: map[string]int{}, byName: map[string]int{}}
}

// forget empties it.
func (f *fakeEngine) forget() {
	f.next, f.users, f.groups, f.causes, f.edits, f.asked, f.failing = 0, nil, nil, nil, nil, nil, nil
	f.byID, f.byName = map[string]int{}, map[string]int{}
}

func (f *fakeEngine) absent() error { return &fault.Error{Kind: fault.NotFound, Op: "look up"} }

func (f *fakeEngine) enter() (func(), error) {
	f.mu.Lock()
	return f.mu.Unlock, f.failing
}

func (f *fakeEngine) id() string {
	f.next++
	return fmt.Sprintf("omni-%d", f.next)
}

func (f *fakeEngine) seed(u identity.PushedUser) string {
	u.ID, u.Created, u.Changed = f.id(), created, created
	f.users = append(f.users, u)
	f.byID[u.ID] = len(f.users) - 1
	f.byName[strings.ToLower(u.UserName)] = len(f.users) - 1
	return u.ID
}

func (f *fakeEngine) User(_ context.Context, id string) (identity.PushedUser, error) {
	f.mu.Lock()
	f.asked = append(f.asked, id)
	f.mu.Unlock()
	return f.get(id)
}

func (f *fakeEngine) get(id string) (identity.PushedUser, error) {
	done, err := f.enter()
	defer done()
	i, ok := f.byID[id]
	if err != nil || !ok {
		return identity.PushedUser{}, cmpErr(err, f.absent())
	}
	return f.withGroups(f.users[i]), nil
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func (f *fakeEngine) withGroups(u identity.PushedUser) identity.PushedUser {
	for _, g := range f.groups {
		if slices.ContainsFunc(g.Members, func(r identity.Ref) bool { return r.ID == u.ID }) {
			u.Groups = append(u.Groups, identity.Ref{ID: g.ID, Display: g.DisplayName})
		}
	}
	return u
}

func (f *fakeEngine) FindUser(_ context.Context, by push.Key, value string) (identity.PushedUser, error) {
	f.mu.Lock()
	f.asked = append(f.asked, value)
	i, ok := f.byName[strings.ToLower(value)]
	if by == push.ByExternal {
		i = slices.IndexFunc(f.users, func(u identity.PushedUser) bool { return u.External == value })
		ok = i >= 0
	}
	id := ""
	if ok {
		id = f.users[i].ID
	}
	f.mu.Unlock()
	return f.get(id)
}

func (f *fakeEngine) Users(_ context.Context, start, count int) ([]identity.PushedUser, int, error) {
	done, err := f.enter()
	defer done()
	first := min(start-1, len(f.users))
	return f.users[first:min(first+count, len(f.users))], len(f.users), err
}

func (f *fakeEngine) CreateUser(_ context.Context, cause string, u identity.PushedUser) (identity.PushedUser, error) {
	done, err := f.enter()
	defer done()
	f.causes = append(f.causes, cause)
	if i, taken := f.byName[strings.ToLower(u.UserName)]; taken && err == nil {
		if f.users[i].Active {
			return u, &fault.Error{Kind: fault.Conflict, Detail: "a user with this userName exists"}
		}
		u.ID, u.Created, u.Changed = f.users[i].ID, created, created
		f.users[i] = u
		return u, nil
	}
	if err != nil {
		return u, err
	}
	id := f.seed(u)
	return f.users[f.byID[id]], nil
}

func (f *fakeEngine) EditUser(_ context.Context, cause, id string, edit func(identity.PushedUser) (identity.PushedUser, error)) (identity.PushedUser, error) {
	done, err := f.enter()
	defer done()
	f.causes = append(f.causes, cause)
	i, ok := f.byID[id]
	if err != nil || !ok {
		return identity.PushedUser{}, cmpErr(err, f.absent())
	}
	before := f.users[i]
	if _, err := edit(f.withGroups(before)); err != nil { // it may be called more than once
		return identity.PushedUser{}, fmt.Errorf("edit: %w", err)
	}
	now, err := edit(f.withGroups(before))
	if err != nil {
		return now, err
	}
	delete(f.byName, strings.ToLower(before.UserName))
	f.byName[strings.ToLower(now.UserName)] = i
	now.Groups = nil
	f.users[i] = now
	return f.withGroups(now), nil
}

func (f *fakeEngine) DeleteUser(_ context.Context, cause, id string) error {
	done, err := f.enter()
	defer done()
	f.causes = append(f.causes, cause)
	i, ok := f.byID[id]
	if err != nil || !ok {
		return cmpErr(err, f.absent())
	}
	delete(f.byID, id)
	delete(f.byName, strings.ToLower(f.users[i].UserName))
	f.users[i].UserName = ""
	return nil
}

func (f *fakeEngine) group(id string) int {
	return slices.IndexFunc(f.groups, func(g identity.PushedGroup) bool { return g.ID == id })
}

func (f *fakeEngine) told(i int, members bool) (identity.PushedGroup, error) {
	if i < 0 {
		return identity.PushedGroup{}, f.absent()
	}
	g := f.groups[i]
	g.Members = slices.Clone(g.Members)
	if !members {
		g.Members = nil
	}
	return g, nil
}

func (f *fakeEngine) Group(_ context.Context, id string, members bool) (identity.PushedGroup, error) {
	done, err := f.enter()
	defer done()
	if err != nil {
		return identity.PushedGroup{}, err
	}
	return f.told(f.group(id), members)
}

func (f *fakeEngine) FindGroup(_ context.Context, by push.Key, value string, members bool) (identity.PushedGroup, error) {
	done, err := f.enter()
	defer done()
	if err != nil {
		return identity.PushedGroup{}, err
	}
	return f.told(slices.IndexFunc(f.groups, func(g identity.PushedGroup) bool {
		return by == push.ByName && strings.EqualFold(g.DisplayName, value) || by == push.ByExternal && g.External == value
	}), members)
}

func (f *fakeEngine) Groups(_ context.Context, start, count int, members bool) ([]identity.PushedGroup, int, error) {
	done, err := f.enter()
	defer done()
	var list []identity.PushedGroup
	for i := min(start-1, len(f.groups)); i < min(start-1+count, len(f.groups)); i++ {
		g, _ := f.told(i, members)
		list = append(list, g)
	}
	return list, len(f.groups), err
}

func (f *fakeEngine) CreateGroup(_ context.Context, cause string, g identity.PushedGroup) (identity.PushedGroup, error) {
	done, err := f.enter()
	defer done()
	f.causes = append(f.causes, cause)
	if err != nil {
		return g, err
	}
	g.ID, g.Created, g.Changed = f.id(), created, created
	f.groups = append(f.groups, g)
	return f.told(len(f.groups)-1, false)
}

func (f *fakeEngine) EditGroup(_ context.Context, cause, id string, edit identity.GroupEdit) (identity.PushedGroup, error) {
	done, err := f.enter()
	defer done()
	f.causes, f.edits = append(f.causes, cause), append(f.edits, edit)
	i := f.group(id)
	if err != nil || i < 0 {
		return identity.PushedGroup{}, cmpErr(err, f.absent())
	}
	g := &f.groups[i]
	if edit.DisplayName != nil {
		g.DisplayName = *edit.DisplayName
	}
	if edit.External != nil {
		g.External = *edit.External
	}
	for _, step := range edit.Members {
		if step.All {
			g.Members = nil
		}
		g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(r identity.Ref) bool { return slices.Contains(step.IDs, r.ID) })
		for _, id := range step.IDs {
			if !step.Remove {
				g.Members = append(g.Members, identity.Ref{ID: id})
			}
		}
	}
	return f.told(i, false)
}

func (f *fakeEngine) DeleteGroup(_ context.Context, cause, id string) error {
	done, err := f.enter()
	defer done()
	f.causes = append(f.causes, cause)
	i := f.group(id)
	if err != nil || i < 0 {
		return cmpErr(err, f.absent())
	}
	f.groups = slices.Delete(f.groups, i, i+1)
	return nil
}

// state prints all that the fake keeps.
func (f *fakeEngine) state() string {
	text, _ := json.Marshal([]any{f.users, f.groups, slices.Sorted(maps.Keys(f.byID)), f.next})
	for _, g := range f.groups {
		text = fmt.Append(text, g.Members)
	}
	return string(text)
}

// world is an endpoint over a fake engine.
type world struct {
	t       testing.TB
	engine  *fakeEngine
	handler http.Handler
}

func newWorld(t testing.TB) *world {
	engine := newFake()
	return &world{t: t, engine: engine, handler: push.Handler(push.Options{
		Engine: engine, BasePath: "/scim/v2", BaseURL: func(*http.Request) string { return "https://scim.acme.co" }})}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	doc    map[string]any
}

// do sends a request; what comes back must be SCIM, whatever it is.
func (w *world) do(method, path, body string) answer {
	w.t.Helper()
	var r *http.Request
	if body == "" {
		r = httptest.NewRequest(method, "/scim/v2"+path, nil)
	} else {
		r = httptest.NewRequest(method, "/scim/v2"+path, io.NopCloser(bytes.NewReader([]byte(body))))
	}
	r.Header.Set(push.RequestIDHeader, "r1")
	return w.send(r)
}

func (w *world) send(r *http.Request) answer {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Header(), text: rec.Body.String()}
	if got := rec.Header().Get("Content-Type"); got != "application/scim+json" {
		w.t.Errorf("%s %s: the answer is of type %q", r.Method, r.URL, got)
	}
	if a.status == http.StatusNoContent {
		if a.text != "" {
			w.t.Errorf("%s %s: 204 with a body: %s", r.Method, r.URL, a.text)
		}
		return a
	}
	if err := json.Unmarshal([]byte(a.text), &a.doc); err != nil {
		w.t.Fatalf("%s %s: %d isn't JSON: %v: %s", r.Method, r.URL, a.status, err, a.text)
	}
	if a.status >= 400 {
		w.wantProblem(a)
	}
	return a
}

// wantProblem checks the form of an error (RFC 7644, section 3.12).
func (w *world) wantProblem(a answer) {
	w.t.Helper()
	schemas, _ := a.doc["schemas"].([]any)
	detail, _ := a.doc["detail"].(string)
	if len(schemas) != 1 || schemas[0] != "urn:ietf:params:scim:api:messages:2.0:Error" || a.doc["status"] != fmt.Sprint(a.status) || detail == "" {
		w.t.Errorf("%d isn't a SCIM error: %s", a.status, a.text)
	}
}

// must is do for what has to succeed in one way.
func (w *world) must(status int, method, path, body string) answer {
	w.t.Helper()
	a := w.do(method, path, body)
	if a.status != status {
		w.t.Fatalf("%s %s is answered %d, want %d: %s", method, path, a.status, status, a.text)
	}
	return a
}

// at finds a value in an answer, by keys and places: emails.0.value; keys with
// dots stand in one argument.
func (a answer) at(keys ...any) any {
	var v any = a.doc
	for _, key := range keys {
		switch key := key.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[key]
		case int:
			list, _ := v.([]any)
			if key >= len(list) {
				return nil
			}
			v = list[key]
		}
	}
	return v
}

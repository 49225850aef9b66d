package okta_test

import (
	"context"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/okta"
)

// hookOrg is the part of Okta that keeps event hooks.
type hookOrg struct {
	mu    sync.Mutex
	hooks []map[string]any
	seen  []string // requests, as method and path
	next  int

	refuse map[string]int // status by request
	lose   map[string]int // answers of requests that are done and never arrive, so often
	denied bool           // the credential may not
}

func (o *hookOrg) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	what := r.Method + " " + r.URL.Path
	o.seen = append(o.seen, what)
	if status := o.refuse[what]; status != 0 {
		answer(w, status, `{"errorCode":"E0000001","errorSummary":"Api validation failed","errorCauses":[{"errorSummary":"no answer from the address"}]}`)
		return
	}
	if o.denied {
		answer(w, 403, `{"errorCode":"E0000006","errorSummary":"You do not have permission to perform the requested action"}`)
		return
	}
	status, told := o.act(r)
	if o.lose[what] > 0 {
		o.lose[what]--
		answer(w, 502, "<html>")
		return
	}
	body, err := json.Marshal(told)
	if err != nil {
		panic(err)
	}
	answer(w, status, string(body))
}

// act does what is asked, as the description of Okta's API says it.
func (o *hookOrg) act(r *http.Request) (int, any) {
	id, verb, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/v1/eventHooks"), "/"), "/lifecycle/")
	i := slices.IndexFunc(o.hooks, func(h map[string]any) bool { return h["id"] == id })
	gone := map[string]any{"errorCode": "E0000007", "errorSummary": "Not found"}
	switch {
	case r.Method == http.MethodGet && id == "":
		return 200, append([]map[string]any{}, o.hooks...)
	case r.Method == http.MethodPost && id == "":
		o.next++
		h := o.read(r)
		h["id"], h["status"], h["verificationStatus"] = fmt.Sprintf("who%d", o.next), "ACTIVE", "UNVERIFIED"
		o.hooks = append(o.hooks, h)
		return 200, hidden(h)
	case i < 0:
		return 404, gone
	case r.Method == http.MethodPut:
		h := o.read(r)
		h["id"], h["status"], h["verificationStatus"] = id, o.hooks[i]["status"], "UNVERIFIED"
		o.hooks[i] = h
	case r.Method == http.MethodDelete && o.hooks[i]["status"] != "INACTIVE":
		return 400, map[string]any{"errorCode": "E0000001", "errorSummary": "active"}
	case r.Method == http.MethodDelete:
		o.hooks = slices.Delete(o.hooks, i, i+1)
		return 204, nil
	case verb == "verify":
		o.hooks[i]["verificationStatus"] = "VERIFIED"
	case verb == "activate":
		o.hooks[i]["status"] = "ACTIVE"
	case verb == "deactivate":
		o.hooks[i]["status"] = "INACTIVE"
	}
	return 200, hidden(o.hooks[i])
}

func (o *hookOrg) read(r *http.Request) map[string]any {
	var h map[string]any
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(raw, &h)
	}
	if err != nil || r.Header.Get("Content-Type") != "application/json" {
		panic(fmt.Sprintf("%v: %q as %s", err, raw, r.Header.Get("Content-Type")))
	}
	return h
}

// hidden is what Okta answers: all but the secret.
func hidden(h map[string]any) map[string]any {
	raw, _ := json.Marshal(h)
	var told map[string]any
	_ = json.Unmarshal(raw, &told)
	delete(told["channel"].(map[string]any)["config"].(map[string]any)["authScheme"].(map[string]any), "value")
	return told
}

func (o *hookOrg) asked() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := o.seen
	o.seen = nil
	return seen
}

// admin asks o.
func (o *hookOrg) admin(t *testing.T) *okta.HookAdmin {
	t.Helper()
	h, err := okta.NewHookAdmin(okta.Options{OrgURL: org, AppID: app, Token: token,
		Transport: inProcess{http.StripPrefix("/behind/a/gateway", o)}}, true)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

var spec = okta.HookSpec{Name: "Omnisync acme", URI: "https://hooks.acme.example/okta/events", Secret: hookSecret}

const (
	listing, creating        = "GET /api/v1/eventHooks", "POST /api/v1/eventHooks"
	updating, verifying      = "PUT /api/v1/eventHooks/who1", "POST /api/v1/eventHooks/who1/lifecycle/verify"
	activating, deactivating = "POST /api/v1/eventHooks/who1/lifecycle/activate", "POST /api/v1/eventHooks/who1/lifecycle/deactivate"
	deleting                 = "DELETE /api/v1/eventHooks/who1"
)

func TestHookIsRegistered(t *testing.T) {
	o := &hookOrg{}
	h, err := o.admin(t).Register(t.Context(), spec)
	if err != nil || !h.Complete() || h.ID != "who1" || h.Name != spec.Name || h.URI != spec.URI {
		t.Fatalf("%+v, %v", h, err)
	}
	if diff := cmp.Diff([]string{listing, creating, verifying}, o.asked()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	events := []any{}
	for _, kind := range okta.HookEvents() {
		events = append(events, kind)
	}
	want := map[string]any{"id": "who1", "name": spec.Name, "status": "ACTIVE", "verificationStatus": "VERIFIED",
		"events": map[string]any{"type": "EVENT_TYPE", "items": events},
		"channel": map[string]any{"type": "HTTP", "version": "1.0.0", "config": map[string]any{"uri": spec.URI,
			"authScheme": map[string]any{"type": "HEADER", "key": "Authorization", "value": hookSecret}}}}
	if diff := cmp.Diff(want, o.hooks[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestHookIsNeverDoubled: whatever is there already, and whatever answer gets lost, one
// hook is there in the end, with what it needs.
func TestHookIsNeverDoubled(t *testing.T) {
	with := func(change func(h map[string]any)) func(*hookOrg) {
		return func(o *hookOrg) {
			if _, err := o.admin(t).Register(t.Context(), spec); err != nil {
				t.Fatal(err)
			}
			o.asked()
			change(o.hooks[0])
		}
	}
	config := func(h map[string]any) map[string]any { return h["channel"].(map[string]any)["config"].(map[string]any) }
	lost := func(what string) func(*hookOrg) { return func(o *hookOrg) { o.lose = map[string]int{what: 1} } }
	tests := map[string]struct {
		before func(*hookOrg)
		want   []string
	}{
		"the same":        {with(func(map[string]any) {}), []string{listing, updating, verifying}},
		"another address": {with(func(h map[string]any) { config(h)["uri"] = "https://old.acme.example/x" }), []string{listing, updating, verifying}},
		"another name":    {with(func(h map[string]any) { h["name"] = "by hand" }), []string{listing, updating, verifying}},
		"too few events":  {with(func(h map[string]any) { h["events"] = map[string]any{"items": []any{"user.account.update_profile"}} }), []string{listing, updating, verifying}},
		"inactive":        {with(func(h map[string]any) { h["status"] = "INACTIVE" }), []string{listing, updating, activating, verifying}},
		"a lost creation": {lost(creating), []string{listing, creating, listing, updating, verifying}},
		"a lost list":     {lost(listing), []string{listing, listing, creating, verifying}},
		"a lost check":    {lost(verifying), []string{listing, creating, verifying, verifying}},
	}
	for name, tt := range tests {
		o := &hookOrg{}
		tt.before(o)
		admin := o.admin(t)
		synctest.Test(t, func(t *testing.T) { // some wait before they ask again
			h, err := admin.Register(t.Context(), spec)
			if err != nil || !h.Complete() || len(o.hooks) != 1 || h.Name != spec.Name || h.URI != spec.URI {
				t.Errorf("%s: %+v, %v; there are %v", name, h, err, o.hooks)
			}
			if diff := cmp.Diff(tt.want, o.asked()); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", name, diff)
			}
		})
	}
}

// TestForeignHookIsLeftAlone: one with another name and address.
func TestForeignHookIsLeftAlone(t *testing.T) {
	o := &hookOrg{}
	other := okta.HookSpec{Name: "Payroll", URI: "https://payroll.acme.example", Secret: "x"}
	for _, s := range []okta.HookSpec{other, spec} {
		if _, err := o.admin(t).Register(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.admin(t).Unregister(t.Context(), spec.Name, ""); err != nil || len(o.hooks) != 1 || o.hooks[0]["name"] != "Payroll" {
		t.Errorf("%v: %v", err, o.hooks)
	}
}

func TestFailuresOfRegistering(t *testing.T) {
	tests := map[string]struct {
		org  *hookOrg
		kind fault.Kind
		told string // in the error or its hint
		id   string // of the hook that is there
	}{
		"not allowed":       {&hookOrg{denied: true}, fault.Unauthorized, "may manage event hooks", ""},
		"refused":           {&hookOrg{refuse: map[string]int{creating: 400}}, fault.Refused, "no answer from the address", ""},
		"down":              {&hookOrg{refuse: map[string]int{creating: 503}}, fault.Unavailable, "create event hook", ""},
		"too many requests": {&hookOrg{refuse: map[string]int{creating: 429}}, fault.Limited, "create event hook", ""},
		"unverified":        {&hookOrg{refuse: map[string]int{verifying: 400}}, fault.Refused, "no answer from the address", "who1"},
	}
	for name, tt := range tests {
		h, err := tt.org.admin(t).Register(t.Context(), spec)
		wantKind(t, err, tt.kind)
		if text := fmt.Sprint(err, fault.HintOf(err)); !strings.Contains(text, tt.told) || strings.Contains(text, hookSecret) || h.ID != tt.id {
			t.Errorf("%s: %s (%+v)", name, text, h)
		}
		if n := strings.Count(strings.Join(tt.org.asked(), ","), creating+","); n > 1 {
			t.Errorf("%s: created %d times", name, n)
		}
	}
}

func TestHookIsUnregistered(t *testing.T) {
	for name, tt := range map[string]struct {
		lose, status string
		want         []string
	}{
		"active":          {"", "ACTIVE", []string{listing, deactivating, deleting}},
		"inactive":        {"", "INACTIVE", []string{listing, deleting}},
		"a lost deletion": {deleting, "INACTIVE", []string{listing, deleting, deleting}},
	} {
		o := &hookOrg{}
		admin := o.admin(t)
		synctest.Test(t, func(t *testing.T) {
			if _, err := admin.Register(t.Context(), spec); err != nil {
				t.Fatal(err)
			}
			o.asked()
			o.hooks[0]["status"], o.lose = tt.status, map[string]int{tt.lose: 1}
			if h, err := admin.Unregister(t.Context(), spec.Name, ""); err != nil || h.ID != "who1" || len(o.hooks) != 0 {
				t.Errorf("%s: %+v, %v: %v", name, h, err, o.hooks)
			}
			if diff := cmp.Diff(tt.want, o.asked()); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", name, diff)
			}
			_, err := admin.Unregister(t.Context(), spec.Name, "")
			wantKind(t, err, fault.NotFound)
		})
	}
}

func TestHookIsFound(t *testing.T) {
	o := &hookOrg{}
	if _, err := o.admin(t).Register(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	o.hooks[0]["events"] = map[string]any{"items": okta.HookEvents()[2:]}
	o.hooks[0]["verificationStatus"] = "UNVERIFIED"
	h, err := o.admin(t).Find(t.Context(), spec.Name, "")
	if err != nil || h.Complete() || h.Verified || !h.Active || !slices.Equal(h.Missing, okta.HookEvents()[:2]) {
		t.Errorf("%+v, %v", h, err)
	}
}

// TestHooksOfAnApp asks for a token with the scopes of event hooks, and for no other.
func TestHooksOfAnApp(t *testing.T) {
	for write, want := range map[bool]string{true: "okta.eventHooks.manage okta.eventHooks.read", false: "okta.eventHooks.read"} {
		var scope string
		transport := inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/behind/a/gateway/oauth2/v1/token" {
				scope = r.FormValue("scope")
				answer(w, 400, `{"error":"invalid_scope","error_description":"not granted"}`)
			}
		})}
		h, err := okta.NewHookAdmin(okta.Options{OrgURL: org, AppID: app, Transport: transport,
			OAuth: &okta.OAuth{ClientID: "0oa2", PrivateKey: func() (string, error) { return pkcs8(makeEC(elliptic.P256())), nil }}}, write)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Find(t.Context(), "x", "")
		wantKind(t, err, fault.Unauthorized)
		if scope != want || !strings.Contains(fault.HintOf(err), "grant the app okta.eventHooks.manage, okta.eventHooks.read") {
			t.Errorf("asked for %q: %v; %s", scope, err, fault.HintOf(err))
		}
	}
}

// TestHookRequestsMeetOktasDescription: Okta's own description allows each request; it
// leaves activating and deactivating out.
func TestHookRequestsMeetOktasDescription(t *testing.T) {
	dir := os.Getenv("OMNISYNC_SPECS")
	if dir == "" {
		t.Skip("OMNISYNC_SPECS names no folder with okta-management-openapi.json: the vendor's description isn't part of this repository")
	}
	described := loadDescription(t, filepath.Join(dir, "okta-management-openapi.json"))
	o, sent := &hookOrg{}, 0
	checked := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "activate") {
			sent++
			raw, _ := io.ReadAll(r.Body)
			again, _ := http.NewRequestWithContext(context.Background(), r.Method, r.URL.Path, strings.NewReader(string(raw)))
			again.Header = r.Header
			if err := meets(described, again); err != nil {
				t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
			}
			r.Body = io.NopCloser(strings.NewReader(string(raw)))
		}
		o.ServeHTTP(w, r)
	})
	server := httptest.NewServer(checked)
	defer server.Close()
	h, err := okta.NewHookAdmin(okta.Options{OrgURL: server.URL, AppID: app, Token: token, Transport: server.Client().Transport}, true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for range 2 {
		if _, err := h.Register(ctx, spec); err != nil {
			t.Error(err)
		}
	}
	if _, err := h.Unregister(ctx, spec.Name, ""); err != nil || sent != 8 {
		t.Errorf("%v after %d requests", err, sent)
	}
}

func TestHookEventsAreDistinct(t *testing.T) {
	list := okta.HookEvents()
	if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) || len(list) > 300 {
		t.Errorf("%d types, which Okta takes 300 of: %v", len(list), list)
	}
}

package okta_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

const allHooks = "/api/v1/eventHooks"

// hookBody is what a client says of a hook with a secret.
func hookBody(uri string, kinds ...string) string {
	items, err := json.Marshal(kinds)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"name":"Omnisync","events":{"type":"EVENT_TYPE","items":%s},"channel":{"type":"HTTP","version":"1.0.0","config":{"uri":%q,`+
		`"headers":[{"key":"X-From","value":"okta"}],"authScheme":{"type":"HEADER","key":"Authorization","value":"s3cret"}}}}`, items, uri)
}

func (h *harness) hook(uri string, kinds ...string) string {
	h.t.Helper()
	return decode[object](h.t, h.send("POST", allHooks, hookBody(uri, kinds...))).ID
}

// echo is a service that verifies itself.
func echo(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		_, _ = fmt.Fprintf(w, `{"verification":%q}`, r.Header.Get("X-Okta-Verification-Challenge"))
	}
}

func TestLifeOfAHook(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(service.Close)
	h := serve(t, &simokta.Org{HookClient: service.Client()})
	path := allHooks + "/" + h.hook(service.URL, "user.lifecycle.create")
	is := func(a answer, status, verification string) {
		t.Helper()
		if got := decode[object](t, a); got.Status != status || got.Verification != verification {
			t.Errorf("the hook is %s and %s, want %s and %s", got.Status, got.Verification, status, verification)
		}
		if strings.Contains(a.body, "s3cret") {
			t.Errorf("the secret is told: %s", a.body)
		}
	}
	is(h.ask(path), "ACTIVE", "UNVERIFIED")
	is(h.send("POST", path+"/lifecycle/verify", ""), "ACTIVE", "VERIFIED")
	is(h.send("PUT", path, hookBody(service.URL, "user.lifecycle.suspend")), "ACTIVE", "VERIFIED")
	is(h.send("PUT", path, hookBody(service.URL+"/other", "user.lifecycle.suspend")), "ACTIVE", "UNVERIFIED")
	wantFailure(t, h.send("DELETE", path, ""), http.StatusForbidden, "E0000006")
	is(h.send("POST", path+"/lifecycle/deactivate", ""), "INACTIVE", "UNVERIFIED")
	is(h.send("POST", path+"/lifecycle/activate", ""), "ACTIVE", "UNVERIFIED")
	is(h.send("POST", path+"/lifecycle/deactivate", ""), "INACTIVE", "UNVERIFIED")
	if got := decode[[]object](t, h.ask(allHooks)); len(got) != 1 {
		t.Errorf("hooks = %+v", got)
	}
	if a := h.send("DELETE", path, ""); a.status != http.StatusNoContent || a.body != "" {
		t.Errorf("DELETE: status %d, body %q", a.status, a.body)
	}
	if got := decode[[]object](t, h.ask(allHooks)); len(got) != 0 {
		t.Errorf("hooks = %+v", got)
	}
	for _, method := range []string{"GET", "DELETE"} {
		wantFailure(t, h.send(method, path, ""), http.StatusNotFound, "E0000007")
	}
	wantFailure(t, h.send("PUT", path, hookBody(service.URL, "user.lifecycle.suspend")), http.StatusNotFound, "E0000007")
	for _, act := range []string{"verify", "activate", "deactivate"} {
		wantFailure(t, h.send("POST", path+"/lifecycle/"+act, ""), http.StatusNotFound, "E0000007")
	}
	events, _ := h.poll("/api/v1/logs?filter=" + `eventType%20sw%20%22event_hook.%22`)
	if got := strings.Join(types(events), " "); got != "event_hook.created event_hook.verified event_hook.updated event_hook.updated "+
		"event_hook.deactivated event_hook.activated event_hook.deactivated event_hook.deleted" {
		t.Errorf("events = %s", got)
	}
}

func TestHooksThatAreRefused(t *testing.T) {
	org := &simokta.Org{}
	h := inBubble(t, org) // requests that break the description
	many := []string{}
	for range 301 {
		many = append(many, "user.lifecycle.create")
	}
	good := hookBody("https://hooks.example.com", "user.lifecycle.create")
	bad := map[string]string{
		"no name":        strings.Replace(good, "Omnisync", "", 1),
		"no types":       hookBody("https://hooks.example.com"),
		"301 types":      hookBody("https://hooks.example.com", many...),
		"type of events": strings.Replace(good, "EVENT_TYPE", "ALL", 1),
		"channel":        strings.Replace(good, `"HTTP"`, `"SMTP"`, 1),
		"version":        strings.Replace(good, "1.0.0", "2.0.0", 1),
		"auth scheme":    strings.Replace(good, `"HEADER"`, `"BASIC"`, 1),
		"http":           hookBody("http://hooks.example.com", "user.lifecycle.create"),
		"no URL":         hookBody("hooks", "user.lifecycle.create"),
	}
	for _, kind := range []string{
		"application.user_membership.change_username", "user.account.update_primary_email", "user.lifecycle.delete.completed",
		"application.provision.group_push.mapping.created", "application.provision.group_push.removed", "no.such.type",
	} {
		bad[kind] = hookBody("https://hooks.example.com", "user.lifecycle.create", kind)
	}
	path := allHooks + "/" + decode[object](t, h.send("POST", allHooks, good)).ID
	for name, text := range bad {
		for method, to := range map[string]string{"POST": allHooks, "PUT": path} {
			if a := h.send(method, to, text); a.status != http.StatusBadRequest || !strings.Contains(a.body, "E0000001") {
				t.Errorf("%s of %s: status %d, %s", method, name, a.status, a.body)
			}
		}
	}
	wantFailure(t, h.send("POST", allHooks, "{"), http.StatusBadRequest, "E0000003")
	filtered := strings.Replace(good, `"items"`, `"filter":{"eventFilterMap":[]},"items"`, 1)
	wantFailure(t, h.send("POST", allHooks, filtered), http.StatusNotImplemented, "E0000060")
	wantFailure(t, h.send("PUT", allHooks, good), http.StatusMethodNotAllowed, "E0000022")
	if a := h.send("PUT", path, hookBody("https://hooks.example.com", many[:300]...)); a.status != http.StatusOK {
		t.Errorf("300 types: status %d, %s", a.status, a.body)
	}
	for range 24 {
		if a := h.send("POST", allHooks, good); a.status != http.StatusOK {
			t.Fatalf("status %d, %s", a.status, a.body)
		}
	}
	wantFailure(t, h.send("POST", allHooks, good), http.StatusBadRequest, "E0000001")
}

func TestWhoMayHaveHooks(t *testing.T) {
	h := serve(t, &simokta.Org{Token: "t"})
	good := hookBody("https://hooks.example.com", "user.lifecycle.create")
	wantFailure(t, h.ask(allHooks), http.StatusForbidden, "E0000006")
	wantFailure(t, h.send("POST", allHooks, good), http.StatusForbidden, "E0000006")
	h.SetKnobs(func(k *simokta.Knobs) { k.Owner.Roles = []string{"SUPER_ADMIN"} })
	path := allHooks + "/" + h.hook("https://hooks.example.com", "user.lifecycle.create")
	h.SetKnobs(func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedSilence, allHooks+"*" })
	wantFailure(t, h.send("POST", allHooks, good), http.StatusForbidden, "E0000006")
	if a := h.ask(allHooks); a.body != "[]" {
		t.Errorf("hooks = %s", a.body)
	}
	h.SetKnobs(func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedError, "" })
	for method, to := range map[string]string{"GET": path, "DELETE": path, "POST": path + "/lifecycle/deactivate"} {
		wantFailure(t, h.send(method, to, ""), http.StatusForbidden, "E0000006")
	}
	h.SetKnobs(func(k *simokta.Knobs) { k.Denied = simokta.NotDenied })
	if got := decode[[]object](t, h.ask(allHooks)); len(got) != 1 || got[0].Status != "ACTIVE" {
		t.Errorf("a refused request changed something: %+v", got)
	}
}

func TestVerificationThatFails(t *testing.T) {
	asked := 0
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch r.URL.Path {
		case "/wrong":
			_, _ = w.Write([]byte(`{"verification":"no"}`))
		case "/text":
			_, _ = w.Write([]byte("ok"))
		case "/refused":
			w.WriteHeader(http.StatusUnauthorized)
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(service.Close)
	h := serve(t, &simokta.Org{HookClient: service.Client()})
	for path, want := range map[string]int{"/wrong": 1, "/text": 1, "/refused": 1, "/broken": 2} {
		asked = 0
		id := h.hook(service.URL+path, "user.lifecycle.create")
		wantFailure(t, h.send("POST", allHooks+"/"+id+"/lifecycle/verify", ""), http.StatusBadRequest, "E0000001")
		if got := decode[object](t, h.ask(allHooks+"/"+id)); asked != want || got.Verification != "UNVERIFIED" {
			t.Errorf("%s: asked %d times, want %d; the hook is %s", path, asked, want, got.Verification)
		}
	}
	alone := serve(t, &simokta.Org{})
	id := alone.hook(service.URL, "user.lifecycle.create")
	wantFailure(t, alone.send("POST", allHooks+"/"+id+"/lifecycle/verify", ""), http.StatusBadRequest, "E0000001")
}

func TestHooksOverARealNetwork(t *testing.T) {
	got := make(chan string, 10)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		echo(w, r)
		if r.Method == http.MethodPost {
			got <- r.Header.Get("Authorization") + " " + r.Header.Get("X-From") + " " + r.Header.Get("Content-Type")
		}
	}))
	t.Cleanup(service.Close)
	h := serve(t, &simokta.Org{HookClient: service.Client()})
	h.send("POST", allHooks+"/"+h.hook(service.URL, "user.lifecycle.create")+"/lifecycle/verify", "")
	h.staff(1) // nobody delivers yet
	stop := h.DeliverHooks()
	h.staff(1)
	select {
	case header := <-got:
		if header != "s3cret okta application/json" {
			t.Errorf("header = %s", header)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was delivered")
	}
	stop()
	if len(got) != 0 {
		t.Error("what happened while nobody delivered was delivered")
	}
}

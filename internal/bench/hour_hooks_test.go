//go:build !race

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/sync"
)

// hear has the stand-in's event hooks wake the loop, where the way has any; quiet ends it.
func (o *org) hear(t *testing.T, w way, loop *sync.Loop) (quiet func()) {
	t.Helper()
	if !w.schedule.Hooks {
		return func() {}
	}
	receiver := okta.NewHookReceiver(okta.HookOptions{Path: "/okta/events", Secret: func() (string, error) { return "bench", nil }, Log: zap.NewNop()})
	o.okta.HookClient = &http.Client{Transport: sim.Transport(receiver)}
	events, err := json.Marshal(okta.HookEvents())
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"name":"bench","events":{"type":"EVENT_TYPE","items":%s},"channel":{"type":"HTTP","version":"1.0.0","config":{"uri":"http://127.0.0.1/okta/events",`+
		`"authScheme":{"type":"HEADER","key":"Authorization","value":"bench"}}}}`, events)
	_, rest, _ := strings.Cut(o.call(t, "", body), `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	if told := o.call(t, "/"+id+"/lifecycle/verify", ""); !strings.Contains(told, `"VERIFIED"`) {
		t.Fatalf("the event hook isn't verified: %s", told)
	}
	silent := o.okta.DeliverHooks()
	ctx, stop := context.WithCancel(t.Context())
	go receiver.Run(ctx, func(context.Context) { loop.Ask(sync.Request{Kind: sync.Delta, Cause: sync.CauseHook}) })
	return func() {
		silent()
		stop()
	}
}

// call posts to the org's event hooks.
func (o *org) call(t *testing.T, path, body string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/eventHooks"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "SSWS bench")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	o.okta.ServeHTTP(w, r)
	if w.Code/100 != 2 {
		t.Fatalf("event hooks: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

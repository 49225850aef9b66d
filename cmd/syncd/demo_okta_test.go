package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim/pusher"
)

// Requests are told without ids and values, those of one sort together.
func TestExchanged(t *testing.T) {
	later := http.Header{toldWait: {"30"}}
	for name, c := range map[string]struct {
		list []pusher.Exchange
		want string
	}{
		"none": {nil, ""},
		"a creation": {[]pusher.Exchange{
			{Method: "GET", Path: "/Users?filter=userName%20eq%20%22a%40b.c%22&startIndex=1&count=100", Status: 200},
			{Method: "POST", Path: "/Users", Status: 201},
		}, "GET /Users?filter (200), POST /Users (201)"},
		"those of one sort": {[]pusher.Exchange{
			{Method: "PATCH", Path: "/Users/u1", Status: 200}, {Method: "PATCH", Path: "/Groups/g1", Status: 204}, {Method: "PATCH", Path: "/Users/u2", Status: 200},
		}, "2 PATCH /Users/ID (200), PATCH /Groups/ID (204)"},
		"later": {[]pusher.Exchange{
			{Method: "POST", Path: "/Users", Status: 429, Replied: later}, {Method: "POST", Path: "/Users", Status: 201},
		}, "POST /Users (429: come again in 30 s), POST /Users (201)"},
		"no answer": {[]pusher.Exchange{{Method: "GET", Path: "/Users?startIndex=1&count=2", Err: "connection refused"}}, "GET /Users (no answer)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := exchanged(c.list); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Wrong clicks, each undone at once, leave nothing that waits for a decision.
func TestPromise6ClicksUndone(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	a := &app{shell: shell{Out: &out, Err: &errs}, ran: true}
	d := demonstration{company: found(), scenes: shortWeek(func(w *week) {
		w.okta.switchOn()
		if err := w.okta.push(t.Context()); err != nil {
			t.Error(err)
		}
		for range 30 {
			w.company.okta.UnassignGroup(w.company.groups[supportTeam])
			clicked := firstOf(w.okta.push(t.Context()), w.heldAre(t.Context(), len(w.company.staff(supportTeam))))
			w.company.okta.AssignGroup(w.company.groups[supportTeam])
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			undone := firstOf(w.okta.push(ctx), w.heldAre(ctx, 0))
			cancel()
			if err := firstOf(clicked, undone); err != nil {
				t.Error(err)
				return
			}
		}
	})}
	if status := a.end(a.demo(t.Context(), d)); status != exitDone {
		t.Errorf("exit status %d:\n%s\n%s", status, out.String(), errs.String())
	}
}

// An account that isn't the one that Okta knows is found in the end.
func TestDemoFindsAnotherID(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	a := &app{shell: shell{Out: &out, Err: &errs}, ran: true}
	d := demonstration{company: found(), scenes: shortWeek(func(w *week) {
		w.okta.switchOn()
		if err := w.okta.push(t.Context()); err != nil {
			t.Error(err)
		}
		u, _ := w.company.omni.User(w.company.people[1].userName)
		w.company.omni.RemoveUser(u.ID)
	})}
	want := "FAILED what Okta pushed is there, under the ids that Okta knows: " + d.company.people[1].userName
	if status := a.end(a.demo(t.Context(), d)); status != exitFailed || !strings.Contains(out.String(), want) {
		t.Errorf("exit status %d, and %q in:\n%s\n%s", status, want, out.String(), errs.String())
	}
}

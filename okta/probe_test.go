package okta_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/okta"
)

func newProbe(t *testing.T, h http.Handler) *okta.Probe {
	t.Helper()
	p, err := okta.NewProbe(okta.Options{OrgURL: org, AppID: app, Token: token, Transport: inProcess{http.StripPrefix("/behind/a/gateway", h)}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// probes asks everything that a Probe can.
func probes(ctx context.Context, p *okta.Probe) map[string]error {
	_, _, signIn := p.SignIn(ctx)
	_, roles := p.Roles(ctx, "00u1")
	_, app := p.App(ctx)
	_, account := p.Account(ctx, "00u1")
	_, assignment := p.Assignment(ctx, "00u1")
	_, size := p.GroupSize(ctx, "00g1")
	_, group := p.Group(ctx, "00g1")
	_, _, assigned := p.Assigned(ctx)
	_, _, mappings := p.Mappings(ctx)
	_, _, appGroups := p.AppGroups(ctx)
	_, _, groups := p.Groups(ctx)
	_, _, members := p.Members(ctx, "00g1")
	_, groupsOf := p.GroupsOf(ctx, "00u1")
	_, _, log := p.LastEvent(ctx, time.Hour)
	_, _, events := p.LastEvent(ctx, time.Hour, "user.lifecycle.create", "application.provision.user.")
	return map[string]error{"sign in": signIn, "roles": roles, "app": app, "account": account, "assignment": assignment, "size": size, "group": group,
		"assigned": assigned, "mappings": mappings, "app groups": appGroups, "groups": groups, "members": members, "groups of": groupsOf, "log": log, "events": events}
}

// TestProbesMeetOktasDescription: all but the roles, which the description at hand
// leaves out.
func TestProbesMeetOktasDescription(t *testing.T) {
	dir := os.Getenv("OMNISYNC_SPECS")
	if dir == "" {
		t.Skip("OMNISYNC_SPECS names no folder with okta-management-openapi.json: the vendor's description isn't part of this repository")
	}
	described := loadDescription(t, filepath.Join(dir, "okta-management-openapi.json"))
	p := newProbe(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := meets(described, req); err != nil && !strings.HasSuffix(req.URL.Path, "/roles") {
			t.Errorf("sends %s: %v", req.URL, err)
		}
		answer(w, 404, `{"errorCode": "E0000007"}`)
	}))
	asked := probes(t.Context(), p)
	if p.Sent() != len(asked) {
		t.Errorf("%d requests for %d questions", p.Sent(), len(asked))
	}
}

// Each probe is one page of the stand-in, and nothing else.
func TestProbeReadsOnePage(t *testing.T) {
	c := newCompany(t, simokta.Knobs{Skew: time.Hour})
	p, err := okta.NewProbe(okta.Options{OrgURL: "https://acme.okta.com", AppID: simokta.DefaultAppID, Token: token, Transport: sim.Transport(c.Org)})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		c.fill()
		id, profile, err := p.SignIn(t.Context())
		if err != nil || id == "" || profile["login"] != "svc-omnisync@example.com" {
			t.Errorf("%s, %v, %v", id, profile, err)
		}
		if roles, err := p.Roles(t.Context(), id); err != nil || !slices.Equal(roles, []string{"READ_ONLY_ADMIN"}) {
			t.Errorf("%v, %v", roles, err)
		}
		facts, err := p.App(t.Context())
		if err != nil || facts.Label != "Omni" || facts.UserNames != "${source.email}" || facts.Home != "https://acme.okta.com" {
			t.Errorf("%+v, %v", facts, err)
		}
		people, more, err := p.Assigned(t.Context())
		if err != nil || len(people) != 500 || !more || people[0].Account != "ACTIVE" {
			t.Errorf("%d app users, %t, %v", len(people), more, err)
		}
		members, more, err := p.Members(t.Context(), "00g1sim0000000000001")
		if err != nil || len(members) != 10 || !more {
			t.Errorf("%d members, %t, %v", len(members), more, err)
		}
		kind, at, err := p.LastEvent(t.Context(), 24*time.Hour, "application.user_membership.", "nothing.like.it")
		if err != nil || kind != "application.user_membership.add" || at.IsZero() {
			t.Errorf("%q, %v, %v", kind, at, err)
		}
		if kind, _, err := p.LastEvent(t.Context(), 24*time.Hour, "application.user_membership.remove"); err != nil || kind != "" {
			t.Errorf("%q, %v", kind, err)
		}
		if kind, _, err := p.LastEvent(t.Context(), 24*time.Hour); err != nil || kind == "" {
			t.Errorf("%q, %v", kind, err)
		}
		if skew := p.Skew(); skew < -time.Hour || skew > 2*time.Second-time.Hour {
			t.Errorf("skew: %v", skew)
		}
		if bucket, left, limit := p.Left(); bucket != "logs" || left != 117 || limit != 120 {
			t.Errorf("%s: %d of %d", bucket, left, limit)
		}
		if !p.Reached() || p.Sent() != 8 || len(c.Requests.All()) != 8 {
			t.Errorf("%d requests counted, %d sent", p.Sent(), len(c.Requests.All()))
		}
	})
}

func TestWhatSignInTells(t *testing.T) {
	okta := http.Header{"X-Okta-Request-Id": {"r1"}}
	for _, tt := range []struct {
		name    string
		status  int
		header  http.Header
		body    string
		kind    fault.Kind // Other: none
		reached bool
	}{
		{"taken", 200, okta, `{"id": "00u1", "profile": {"login": "a"}}`, fault.Other, true},
		{"taken, and may not see itself", 403, okta, `{"errorCode": "E0000006"}`, fault.Other, true},
		{"taken, and is nobody", 404, okta, `{"errorCode": "E0000007"}`, fault.Other, true},
		{"refused", 401, okta, `{"errorCode": "E0000011"}`, fault.Unauthorized, true},
		{"refused by a proxy", 403, nil, `<html>`, fault.Unauthorized, false},
		{"a login page", 200, nil, `<html>`, fault.Doubt, false},
		{"a redirect", 302, http.Header{"Location": {"https://x.test/"}}, ``, fault.Unavailable, false},
	} {
		p := newProbe(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			maps.Copy(w.Header(), tt.header)
			answer(w, tt.status, tt.body)
		}))
		_, _, err := p.SignIn(t.Context())
		if fault.KindOf(err) != tt.kind || (err != nil) != (tt.kind != fault.Other) || p.Reached() != tt.reached {
			t.Errorf("%s: %v, reached %t", tt.name, err, p.Reached())
		}
		if strings.Contains(fmt.Sprint(err), "s3cret") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// A probe is tried twice at most, and waits for a limit only where that is soon over.
func TestProbeTriesOnceMore(t *testing.T) {
	limited := func(reset time.Duration) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("X-Rate-Limit-Limit", "100")
			w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(time.Now().Add(reset).Unix(), 10))
			answer(w, 429, `{"errorCode": "E0000047"}`)
		}
	}
	failing := func(w http.ResponseWriter) { answer(w, 503, `{}`) }
	fine := func(w http.ResponseWriter) { answer(w, 200, `[]`) }
	for _, tt := range []struct {
		name    string
		answers []func(http.ResponseWriter)
		kind    fault.Kind
		took    time.Duration
	}{
		{"fine", []func(http.ResponseWriter){fine}, fault.Other, 0},
		{"failing once", []func(http.ResponseWriter){failing, fine}, fault.Other, time.Second},
		{"failing", []func(http.ResponseWriter){failing, failing}, fault.Unavailable, time.Second},
		{"limited for a moment", []func(http.ResponseWriter){limited(8 * time.Second), fine}, fault.Other, 9 * time.Second},
		{"limited", []func(http.ResponseWriter){limited(40 * time.Second)}, fault.Limited, 0},
	} {
		left := tt.answers
		p := newProbe(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if len(left) == 0 {
				t.Errorf("%s: one request too many", tt.name)
				return
			}
			now := left[0]
			left = left[1:]
			now(w)
		}))
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_, _, err := p.Groups(t.Context())
			if fault.KindOf(err) != tt.kind || (err != nil) != (tt.kind != fault.Other) || time.Since(began) != tt.took || len(left) > 0 {
				t.Errorf("%s: %v after %s, %d answers left", tt.name, err, time.Since(began), len(left))
			}
		})
	}
}

func TestProbeRefusesWhatIsNoID(t *testing.T) {
	p := newProbe(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
	_, roles := p.Roles(t.Context(), "../x")
	_, group := p.Group(t.Context(), "a/b")
	_, _, members := p.Members(t.Context(), "?")
	for _, err := range []error{roles, group, members} {
		wantKind(t, err, fault.Refused)
	}
}

// What can't be a list isn't one.
func TestProbeDoubts(t *testing.T) {
	for _, body := range []string{`{}`, `[{"type": "x"}]`, `null`, ``} {
		p := newProbe(t, always(200, body))
		if _, _, err := p.Groups(t.Context()); !fault.Is(err, fault.Doubt) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

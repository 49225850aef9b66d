package omniclient_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
)

// newProbe asks h in process, with the named keys.
func newProbe(t *testing.T, h http.Handler, keys ...string) *omniclient.Probe {
	t.Helper()
	o := omniclient.Options{BaseURL: "https://acme.omniapp.co" + prefix, RequestsPerMinute: 60,
		Transport: sim.Transport(http.StripPrefix(prefix, h))}
	for _, key := range keys {
		o.Keys = append(o.Keys, func() (string, error) {
			if key == "" {
				return "", errors.New("the file isn't there")
			}
			return key, nil
		})
	}
	p, err := omniclient.NewProbe(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A probe asks with the key that is meant, and reads what the stand-in has.
func TestProbe(t *testing.T) {
	omni := &simomni.Org{Knobs: simomni.Knobs{Keys: []string{"k1"}, UserKeys: []string{"k2"}, ForeignKeys: []string{"k3"}}}
	for _, name := range []string{"ann", "bob", "cat"} {
		omni.AddUser(name+"@example.com", name)
	}
	omni.AddGroup("Sales")
	omni.DefineAttribute(simomni.Definition{Reference: "level", Number: true, Multiple: true})
	omni.DefineAttribute(simomni.Definition{Reference: "region", Default: []string{"all"}})
	p := newProbe(t, omni, "k1", "k2", "k3", "k4", "")
	whose := map[string]string{}
	for key := 1; key <= p.Keys(); key++ {
		scope, organization, err := p.WhoAmI(t.Context(), key)
		if (err != nil) != (key > 3) || key > 3 && !fault.Is(err, fault.Unauthorized) {
			t.Errorf("key %d: %v", key, err)
		}
		whose[scope] += organization
	}
	if len(whose["user"]) != 36 || len(whose["organization"]) != 72 {
		t.Errorf("whose: %v", whose)
	}
	total, accounts, err := p.Users(t.Context(), 1, 2)
	if err != nil || total != 3 || len(accounts) != 2 || accounts[0].UserName != "ann@example.com" {
		t.Errorf("%d users, %+v, %v", total, accounts, err)
	}
	if _, _, err := p.Users(t.Context(), 2, 1); !fault.Is(err, fault.Unauthorized) || !strings.Contains(err.Error(), "User-scoped") {
		t.Errorf("a personal key: %v", err)
	}
	if n, err := p.Groups(t.Context(), 1); err != nil || n != 1 {
		t.Errorf("%d groups, %v", n, err)
	}
	attributes, err := p.Definitions(t.Context(), 1)
	own := slices.DeleteFunc(attributes, func(a identity.Definition) bool { return a.System })
	want := []identity.Definition{{Name: "level", Number: true, Multiple: true}, {Name: "region", Default: `"all"`}}
	if err != nil || !slices.Equal(own, want) {
		t.Errorf("%+v, %v", own, err)
	}
	for name, want := range map[string]bool{"ann@example.com": true, "Bob@Example.com": true, "ann": false} {
		a, err := p.Find(t.Context(), 1, name)
		if found := err == nil && strings.EqualFold(a.UserName, name) && a.Active; found != want || !want && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if p.Sent() != 11 || p.Limited() != 0 {
		t.Errorf("%d requests, %d limited", p.Sent(), p.Limited())
	}
}

// A probe sits a short limit out, and repeats what broke, but not without end.
func TestProbeWaits(t *testing.T) {
	limit := sim.Status(http.StatusTooManyRequests, `{"error": "Too Many Requests"}`, nil)
	long := sim.Status(http.StatusTooManyRequests, `{}`, http.Header{"Retry-After": {"60"}})
	page := sim.Body(http.StatusOK, "text/html", "<html>")
	for _, tt := range []struct {
		name  string
		fault sim.Fault
		kind  fault.Kind
		sent  int
		took  time.Duration
	}{
		{"fine", sim.Fault{Path: "/nowhere", Do: limit}, fault.Other, 1, 0},
		{"limited once", sim.Fault{Times: 1, Do: limit}, fault.Other, 2, 3 * time.Second},
		{"limited", sim.Fault{Do: limit}, fault.Limited, 3, 6 * time.Second},
		{"limited for long", sim.Fault{Do: long}, fault.Limited, 1, 0},
		{"broken once", sim.Fault{Times: 1, Do: sim.CutBefore()}, fault.Other, 2, 3 * time.Second},
		{"a web page", sim.Fault{Do: page}, fault.Unavailable, 1, 0},
		{"no list", sim.Fault{Do: sim.Status(200, `{"records": 3}`, nil)}, fault.Doubt, 1, 0},
		{"another list", sim.Fault{Do: sim.Status(200, `{}`, nil)}, fault.Doubt, 1, 0},
	} {
		var faults sim.Faults
		faults.Add(tt.fault)
		p := newProbe(t, faults.Wrap(&simomni.Org{}), "k1")
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_, err := p.Definitions(t.Context(), 1)
			if fault.KindOf(err) != tt.kind || (err != nil) != (tt.kind != fault.Other) || p.Sent() != tt.sent || time.Since(began) != tt.took {
				t.Errorf("%s: %v, %d requests in %s", tt.name, err, p.Sent(), time.Since(began))
			}
			if limited := map[fault.Kind]int{fault.Limited: tt.sent}[tt.kind]; limited > 0 && p.Limited() != limited {
				t.Errorf("%s: %d limited", tt.name, p.Limited())
			}
		})
	}
}

// Lists of users that can't be believed aren't counted.
func TestProbeDoubts(t *testing.T) {
	for _, body := range []string{`{}`, `{"totalResults": -1, "Resources": []}`, `{"totalResults": 2}`, `{"totalResults": 1, "Resources": [3]}`,
		`{"totalResults": 1, "Resources": [{"id": "x"}]}`} {
		p := newProbe(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }), "k1")
		if _, _, err := p.Users(t.Context(), 1, 1); !fault.Is(err, fault.Doubt) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// Each question that Omni's description knows is one that it allows. It is older than whoami.
func TestProbesMeetOmnisDescription(t *testing.T) {
	asked := []string{}
	p := newProbe(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		checkHeaders(t, r)
		if r.URL.Path != "/api/v1/whoami" {
			checkContract(t, r, nil)
		}
		w.WriteHeader(http.StatusNotFound)
	}), secret)
	_, _, _ = p.WhoAmI(t.Context(), 1)
	_, _, _ = p.Users(t.Context(), 1, 1)
	_, _ = p.Groups(t.Context(), 1)
	_, _ = p.Definitions(t.Context(), 1)
	if want := []string{"/api/v1/whoami", "/api/scim/v2/Users", "/api/scim/v2/Groups", "/api/v1/user-attributes"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q", asked)
	}
}

package pusher_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/internal/sim/pusher"
)

// TestOverTheNetwork looks at what leaves a real socket, with a client that brings nothing of its own.
func TestOverTheNetwork(t *testing.T) {
	e := newEndpoint(t)
	var seen []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Clone(r.Context()))
		e.ServeHTTP(w, r)
	}))
	defer server.Close()
	okta := &pusher.Client{BaseURL: server.URL + "/scim/v2/", Token: token}
	okta.Assign(ada)
	run(t, okta)
	for _, r := range seen {
		if !r.Close || len(r.TransferEncoding) > 0 || r.Header.Get("Accept-Encoding") != "gzip,deflate" {
			t.Errorf("%s: close %t, encoding %v, header %v", r.Method, r.Close, r.TransferEncoding, r.Header)
		}
	}
	if get, post := seen[0], seen[1]; get.Header.Get("Content-Type") != "" || get.ContentLength != 0 || post.ContentLength <= 0 {
		t.Errorf("lengths %d and %d, Content-Type of the GET %q", get.ContentLength, post.ContentLength, get.Header.Get("Content-Type"))
	}
	for _, f := range pusher.Spec(t.Context(), pusher.Server{BaseURL: server.URL + "/scim/v2", Auth: "Bearer " + token}) {
		t.Error(f)
	}
}

func TestWhoIsNotLinkedIsNotPushed(t *testing.T) {
	e := newEndpoint(t)
	e.refuse(500, 1, "", 0)
	okta := e.okta(pusher.Catalog())
	okta.Assign(ada)
	okta.Update(ada)
	okta.SetPassword("00uada", "pa55")
	okta.Unassign("00uada")
	okta.DeleteUser("00uada")
	if err := okta.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, "requests", asked(okta), []string{"GET /Users? 200", "POST /Users 500"})
	if okta.ExternalID("00uada") != "" || okta.ExternalID("00unobody") != "" || okta.GroupID("00gnone") != "" {
		t.Error("somebody is linked")
	}
}

func TestAFailedGroupIsPushedByTheRetry(t *testing.T) {
	e := newEndpoint(t)
	okta := e.okta(pusher.Catalog())
	okta.Point(base, "wrong")
	okta.PushGroup(pusher.Group{OktaID: "00gcrew", Name: "Crew"})
	okta.RenameGroup("00gcrew", "Team")
	if err := okta.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(okta.Failed()) != 1 || len(okta.Exchanges()) != 1 {
		t.Errorf("failed %v after %d requests, want one each", okta.Failed(), len(okta.Exchanges()))
	}
	okta.Point(base, token)
	okta.RetryFailed()
	run(t, okta)
	if e.crew("Team") == nil {
		t.Error("not pushed under its new name")
	}
}

func TestMistakesOfTheCallerPanic(t *testing.T) {
	okta := newEndpoint(t).okta(pusher.Classic())
	for want, mistake := range map[string]func(){
		"user 00ux was never assigned": func() { okta.Unassign("00ux") },
		"group 00gx was never pushed":  func() { okta.PushNow("00gx") },
	} {
		func() {
			defer func() {
				if p, _ := recover().(string); !strings.Contains(p, want) {
					t.Errorf("panic %q, want %q", p, want)
				}
			}()
			mistake()
		}()
	}
	okta.Link(ada, "u1") // and the lock is free again
}

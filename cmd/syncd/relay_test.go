package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/push"
)

// steady is an engine that takes as long for a user as its context lasts, unless it
// is told to end.
type steady struct {
	push.Engine
	end chan struct{}
}

func (s steady) User(ctx context.Context, id string) (identity.PushedUser, error) {
	select {
	case <-s.end:
		return identity.PushedUser{ID: id}, nil
	case <-ctx.Done():
		return identity.PushedUser{}, ctx.Err()
	}
}

func (steady) DeleteUser(context.Context, string, string) error { return nil }

// A push ends with the leadership that took it, which waits for its end, and is to
// come again soon.
func TestPromise5PushEndsWithTheLeadership(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r relay
		notTaken := func(err error) {
			t.Helper()
			if !fault.Is(err, fault.Fenced) {
				t.Errorf("%v", err)
			}
		}
		_, err := r.User(t.Context(), "1")
		notTaken(err)
		notTaken(r.ready())
		leads, lost := context.WithCancel(t.Context())
		end := r.open(leads, steady{end: make(chan struct{})})
		if err := r.ready(); err != nil {
			t.Error(err)
		}
		failed, ended := make(chan error, 1), make(chan struct{})
		go func() {
			_, err := r.User(t.Context(), "1")
			failed <- err
		}()
		synctest.Wait()
		lost()
		go func() {
			defer close(ended)
			end()
		}()
		notTaken(<-failed)
		<-ended
		notTaken(r.ready())
		_, err = r.User(t.Context(), "1")
		notTaken(err)
	})
}

// The next leadership takes pushes, and what came before it doesn't count as taken.
func TestRelayTellsWhatWasTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r relay
		if since, newest := r.taken(); since != nil || newest != nil {
			t.Error("something was taken while nobody leads")
		}
		for range 2 {
			end := r.open(t.Context(), steady{})
			if since, newest := r.taken(); since == nil || newest != nil {
				t.Errorf("since %v the newest is %v", since, newest)
			}
			if err := r.DeleteUser(t.Context(), "push", "1"); err != nil {
				t.Error(err)
			}
			if _, newest := r.taken(); newest == nil {
				t.Error("the push isn't told")
			}
			end()
		}
	})
}

func TestBaseURL(t *testing.T) {
	for name, tt := range map[string]struct {
		proxy   bool
		tls     bool
		headers map[string]string
		want    string
	}{
		"plain":                       {want: "http://10.0.0.1:8181"},
		"TLS":                         {tls: true, want: "https://10.0.0.1:8181"},
		"headers of a stranger":       {headers: map[string]string{"X-Forwarded-Host": "evil.example"}, want: "http://10.0.0.1:8181"},
		"proxy that says nothing":     {proxy: true, want: "https://10.0.0.1:8181"},
		"proxy that names the host":   {proxy: true, headers: map[string]string{"X-Forwarded-Host": "scim.acme.co"}, want: "https://scim.acme.co"},
		"proxy after another":         {proxy: true, headers: map[string]string{"X-Forwarded-Host": "evil.example, scim.acme.co"}, want: "https://scim.acme.co"},
		"proxy without TLS":           {proxy: true, headers: map[string]string{"X-Forwarded-Proto": "http"}, want: "http://10.0.0.1:8181"},
		"proxy with nonsense":         {proxy: true, headers: map[string]string{"X-Forwarded-Proto": "javascript"}, want: "https://10.0.0.1:8181"},
		"TLS up to us behind a proxy": {proxy: true, tls: true, headers: map[string]string{"X-Forwarded-Host": "scim.acme.co"}, want: "https://scim.acme.co"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "http://10.0.0.1:8181/scim/v2/Users", http.NoBody)
			for key, value := range tt.headers {
				r.Header.Set(key, value)
			}
			if tt.tls {
				r.TLS = &tls.ConnectionState{}
			}
			e := &endpoint{config: configs.SCIM{BehindProxy: tt.proxy}}
			if got := e.baseURL(r); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

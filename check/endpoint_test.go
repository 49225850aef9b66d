package check_test

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/fault"
)

// fakeEndpoint answers by path, and where a token is sent by path and token.
type fakeEndpoint struct {
	replies map[string]check.Reply
	err     error
	since   time.Time
	newest  time.Time
}

func (e *fakeEndpoint) Get(_ context.Context, path string, token int) (check.Reply, error) {
	path, _, _ = strings.Cut(path, "?")
	return e.replies[path+strings.Repeat("+", token)], e.err
}

func (e *fakeEndpoint) Certificates(context.Context) ([]*x509.Certificate, error) {
	return nil, errors.New("no TLS here")
}

func (e *fakeEndpoint) Taken(context.Context) (since, newest time.Time, err error) {
	return e.since, e.newest, e.err
}

func soundEndpoint() *fakeEndpoint {
	return &fakeEndpoint{replies: map[string]check.Reply{
		"/healthz":                        {Status: 200, Body: []byte(`{"state":"alive"}`)},
		"/scim/v2/Users":                  {Status: 401, Body: []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"401"}`)},
		"/scim/v2/Users+":                 {Status: 200, Body: []byte(`{"totalResults":3}`)},
		"/scim/v2/ServiceProviderConfig+": {Status: 200, Body: []byte(`{"patch":{"supported":true}}`)},
	}}
}

// What the endpoint answers, and what is said of it.
func TestEndpoint(t *testing.T) {
	refused := &fault.Error{Kind: fault.NotFound, Op: "x"}
	for name, tt := range map[string]struct {
		spoil   func(*fakeEndpoint)
		id      string
		state   check.State
		problem string
	}{
		"nobody listens":            {func(e *fakeEndpoint) { e.err = refused }, "push.listener", check.Skipped, "not running"},
		"it can't be reached":       {func(e *fakeEndpoint) { e.err = errors.New("cut off") }, "push.listener", check.Failed, "cut off"},
		"somebody else listens":     {func(e *fakeEndpoint) { e.replies["/healthz"] = check.Reply{Status: 200} }, "push.listener", check.Failed, "not syncd"},
		"strangers are let in":      {func(e *fakeEndpoint) { e.replies["/scim/v2/Users"] = check.Reply{Status: 200} }, "push.stranger", check.Failed, "401"},
		"a refusal as text":         {func(e *fakeEndpoint) { e.replies["/scim/v2/Users"] = check.Reply{Status: 401} }, "push.stranger", check.Failed, "no SCIM error"},
		"not from here":             {func(e *fakeEndpoint) { e.replies["/scim/v2/Users"] = check.Reply{Status: 403} }, "push.token.1", check.Skipped, "may not call"},
		"an unknown token":          {func(e *fakeEndpoint) { e.replies["/scim/v2/Users+"] = check.Reply{Status: 401} }, "push.token.1", check.Failed, "doesn't know"},
		"another path":              {func(e *fakeEndpoint) { e.replies["/scim/v2/Users+"] = check.Reply{Status: 404} }, "push.token.1", check.Failed, "base_path"},
		"standing by":               {func(e *fakeEndpoint) { e.replies["/scim/v2/Users+"] = check.Reply{Status: 429, RetryAfter: "2"} }, "push.token.1", check.OK, ""},
		"busy without a time":       {func(e *fakeEndpoint) { e.replies["/scim/v2/Users+"] = check.Reply{Status: 429} }, "push.token.1", check.Failed, "when to come again"},
		"no list":                   {func(e *fakeEndpoint) { e.replies["/scim/v2/Users+"] = check.Reply{Status: 200} }, "push.token.1", check.Failed, "no SCIM list"},
		"a fault":                   {func(e *fakeEndpoint) { e.replies["/scim/v2/Users+"] = check.Reply{Status: 500} }, "push.token.1", check.Failed, "neither"},
		"nothing is said of itself": {func(e *fakeEndpoint) { delete(e.replies, "/scim/v2/ServiceProviderConfig+") }, "push.discovery", check.Failed, "can't be read"},
		"no certificate":            {func(*fakeEndpoint) {}, "push.certificate", check.Failed, "no TLS here"},
	} {
		t.Run(name, func(t *testing.T) {
			s, e := sound(), soundEndpoint()
			s.config.BasePath, s.config.Tokens, s.config.TLS = "/scim/v2", 1, true
			tt.spoil(e)
			f := find(t, s.runWith(t, e), tt.id)
			if f.State != tt.state || !strings.Contains(f.Problem, tt.problem) {
				t.Errorf("%+v", f)
			}
			if f.State == check.Failed && f.Remedy == "" {
				t.Errorf("no remedy: %+v", f)
			}
		})
	}
}

func TestASoundEndpoint(t *testing.T) {
	s := sound()
	s.config.BasePath, s.config.Tokens = "/scim/v2/", 1
	r := s.runWith(t, soundEndpoint())
	for _, id := range []string{"push.listener", "push.stranger", "push.token.1", "push.discovery"} {
		if f := find(t, r, id); f.State != check.OK || f.Found == "" {
			t.Errorf("%+v", f)
		}
	}
	if r.Outcome != check.OK {
		t.Errorf("%+v", r)
	}
}

func (s *setup) runWith(t *testing.T, e check.Endpoint) check.Report {
	t.Helper()
	return check.Run(t.Context(), check.Subject{Okta: s.okta, Omni: s.omni, Push: e, Config: s.config,
		Ledger: func(context.Context) check.Ledger { return s.ledger }})
}

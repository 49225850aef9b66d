package check_test

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/fault"
)

// fakeHooks answers by what is asked.
type fakeHooks struct {
	replies map[string]check.Reply
	err     error
}

func (h *fakeHooks) Healthz(context.Context) (check.Reply, error) { return h.replies["healthz"], h.err }

func (h *fakeHooks) Challenge(_ context.Context, value string) (check.Reply, error) {
	r := h.replies["challenge"]
	r.Body = []byte(strings.ReplaceAll(string(r.Body), "VALUE", value))
	return r, h.err
}

func (h *fakeHooks) Ask(_ context.Context, right bool) (check.Reply, error) {
	if right {
		return h.replies["right"], h.err
	}
	return h.replies["wrong"], h.err
}

func (h *fakeHooks) Certificates(context.Context) ([]*x509.Certificate, error) {
	return nil, errors.New("no TLS here")
}

func soundHooks() *fakeHooks {
	return &fakeHooks{replies: map[string]check.Reply{
		"healthz":   {Status: 200, Body: []byte(`{"state":"alive"}`)},
		"challenge": {Status: 200, Body: []byte(`{"verification":"VALUE"}`)},
		"wrong":     {Status: 401},
		"right":     {Status: 204},
	}}
}

func (s *setup) runHooks(t *testing.T, h check.Hooks) check.Report {
	t.Helper()
	return check.Run(t.Context(), check.Subject{Okta: s.okta, Omni: s.omni, Hooks: h, Config: s.config,
		Ledger: func(context.Context) check.Ledger { return s.ledger }})
}

func TestHookListener(t *testing.T) {
	answers := func(what string, r check.Reply) func(*fakeHooks) {
		return func(h *fakeHooks) { h.replies[what] = r }
	}
	fails := func(err error) func(*fakeHooks) { return func(h *fakeHooks) { h.err = err } }
	for name, tt := range map[string]struct {
		spoil   func(*fakeHooks)
		id      string
		state   check.State
		problem string
	}{
		"nobody listens":       {fails(&fault.Error{Kind: fault.NotFound, Op: "x"}), "hooks.listener", check.Skipped, "not running"},
		"nor is it known":      {fails(&fault.Error{Kind: fault.NotFound, Op: "x"}), "hooks.secret", check.Skipped, "listener"},
		"it can't be reached":  {fails(errors.New("cut off")), "hooks.listener", check.Failed, "cut off"},
		"somebody else":        {answers("healthz", check.Reply{Status: 200}), "hooks.listener", check.Failed, "not syncd"},
		"another path":         {answers("challenge", check.Reply{Status: 404}), "hooks.challenge", check.Failed, "hooks.path"},
		"another value":        {answers("challenge", check.Reply{Status: 200, Body: []byte(`{"verification":"x"}`)}), "hooks.challenge", check.Failed, "doesn't come back"},
		"strangers are let in": {answers("wrong", check.Reply{Status: 204}), "hooks.stranger", check.Failed, "401"},
		"another secret":       {answers("right", check.Reply{Status: 401}), "hooks.secret", check.Failed, "another secret"},
		"no secret":            {answers("right", check.Reply{Status: 503}), "hooks.secret", check.Failed, "neither"},
		"no certificate":       {func(*fakeHooks) {}, "hooks.certificate", check.Failed, "no TLS here"},
	} {
		s, h := sound(), soundHooks()
		s.config.HookTLS = true
		tt.spoil(h)
		f := find(t, s.runHooks(t, h), tt.id)
		if f.State != tt.state || !strings.Contains(f.Problem, tt.problem) || f.State == check.Failed && f.Remedy == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestASoundHookListener(t *testing.T) {
	r := sound().runHooks(t, soundHooks())
	for _, id := range []string{"hooks.listener", "hooks.challenge", "hooks.stranger", "hooks.secret"} {
		if f := find(t, r, id); f.State != check.OK || f.Found == "" {
			t.Errorf("%+v", f)
		}
	}
	if r.Outcome != check.OK {
		t.Errorf("%+v", r)
	}
}

package check_test

import (
	"context"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// What the token grants is compared with what the configuration needs.
func TestScopes(t *testing.T) {
	for _, tt := range []struct {
		scopes string
		match  []string
		from   string
		want   check.State
		lacks  string
	}{
		{"okta.apps.read okta.groups.read okta.logs.read okta.users.read", nil, "auto", check.OK, ""},
		{"okta.apps.read okta.logs.read okta.users.read", nil, "auto", check.Failed, "lacks okta.groups.read:"},
		{"okta.apps.read okta.logs.read okta.users.read", nil, "match", check.OK, ""},
		{"okta.apps.read okta.logs.read okta.users.read", []string{"Sales"}, "match", check.Failed, "lacks okta.groups.read:"},
		{"okta.apps.read", nil, "match", check.Failed, "lacks okta.users.read, okta.logs.read:"},
		{"", nil, "auto", check.Skipped, "doesn't tell"},
	} {
		s := sound()
		s.config.Client, s.config.From, s.config.Match = "0oaclient", tt.from, tt.match
		if tt.scopes != "" {
			s.okta.scopes = strings.Fields(tt.scopes)
		}
		f := find(t, s.run(t), "okta.scopes")
		if f.State != tt.want || !strings.Contains(f.Problem, tt.lacks) || f.State == check.Failed && !strings.Contains(f.Remedy, "app 0oaclient: grant") {
			t.Errorf("%+v: %+v", tt, f)
		}
	}
}

// The canary is looked for by id, and in the lists as far as they were read.
func TestCanary(t *testing.T) {
	gone := &fault.Error{Kind: fault.NotFound, Op: "x", Detail: "404"}
	no := &fault.Error{Kind: fault.Unauthorized, Op: "x", Detail: "403 Forbidden (E0000006: no)"}
	for name, tt := range map[string]struct {
		spoil func(*setup)
		id    string
		want  check.State
		says  string
	}{
		"none":              {func(s *setup) { s.config.CanaryUser, s.config.CanaryGroup = "", "" }, "okta.canary", check.OK, ""},
		"seen":              {func(*setup) {}, "okta.canary.user", check.OK, ""},
		"group seen":        {func(*setup) {}, "okta.canary.group", check.OK, ""},
		"not listed":        {func(s *setup) { s.config.CanaryUser = "00u9" }, "okta.canary.user", check.Failed, "missing from the list"},
		"not listed so far": {func(s *setup) { s.config.CanaryUser, s.okta.more = "00u9", true }, "okta.canary.user", check.OK, ""},
		"unknown":           {func(s *setup) { s.okta.fails["assignment"] = gone }, "okta.canary.user", check.Failed, "doesn't show 00u1"},
		"refused":           {func(s *setup) { s.okta.fails["assignment"] = no }, "okta.canary.user", check.Failed, "403"},
		"deactivated":       {func(s *setup) { s.okta.found.Account = "DEPROVISIONED" }, "okta.canary.user", check.Warning, "may soon be gone"},
		"unknown group":     {func(s *setup) { s.okta.fails["group"] = gone }, "okta.canary.group", check.Failed, "doesn't show 00g1"},
		"refused group":     {func(s *setup) { s.okta.fails["group"] = no }, "okta.canary.group", check.Failed, "403"},
		"group not synced":  {func(s *setup) { s.config.CanaryGroup = "00g9" }, "okta.canary.group", check.OK, ""},
		"group on no list": {func(s *setup) {
			s.config.CanaryGroup, s.config.From, s.config.Match = "00g9", "match", []string{"Sales"}
		}, "okta.canary.group", check.Failed, "missing from the list of all groups"},
		"group on the list": {func(s *setup) { s.config.From, s.config.Match = "match", []string{"x"} }, "okta.canary.group", check.OK, ""},
		"group further down": {func(s *setup) {
			s.config.CanaryGroup, s.config.From, s.config.Match, s.okta.more = "00g9", "match", []string{"Sales"}, true
		}, "okta.canary.group", check.OK, ""},
	} {
		s := sound()
		s.config.CanaryUser, s.config.CanaryGroup = "00u1", "00g1"
		s.okta.found = identity.Assignment{ID: "00u1", Status: "ACTIVE", Account: "ACTIVE"}
		tt.spoil(s)
		f := find(t, s.run(t), tt.id)
		if f.State != tt.want || !strings.Contains(f.Problem, tt.says) || (f.Remedy == "") == (f.State == check.Failed || f.State == check.Warning) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// Without a credential nothing is read, and a canary says so.
func TestCanaryOfPushAlone(t *testing.T) {
	s := sound()
	s.config.CanaryGroup = "00g1"
	r := check.Run(t.Context(), check.Subject{Omni: s.omni, Config: s.config, Ledger: func(context.Context) check.Ledger { return s.ledger }})
	if f := find(t, r, "okta.canary"); f.State != check.Skipped || !strings.Contains(f.Problem, "isn't used without okta.auth") {
		t.Errorf("%+v", f)
	}
}

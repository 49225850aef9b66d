package configs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/configs"
)

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestEnvironmentOverrides(t *testing.T) {
	file := minimal + "users: {attributes: {a: x}, protected: [p]}\nguard: {deactivations: {count: 7}}\n"
	tests := []struct {
		variable string
		got      func(*configs.Config) any
		want     any
	}{
		{"SYNCD_NAME=other", func(c *configs.Config) any { return c.Name }, "other"},
		{"SYNCD_NAME=0123", func(c *configs.Config) any { return c.Name }, "0123"},
		{"SYNCD_OKTA_RATE_SHARE=0.5", func(c *configs.Config) any { return c.Okta.RateShare }, 0.5},
		{"SYNCD_OMNI_REQUESTS_PER_MINUTE=500", func(c *configs.Config) any { return c.Omni.RequestsPerMinute }, 500},
		{"SYNCD_SCHEDULE_FULL=", func(c *configs.Config) any { return c.Schedule.Full }, ""},
		{"SYNCD_SCHEDULE_FULL=*/5 * * * *", func(c *configs.Config) any { return c.Schedule.Full }, "*/5 * * * *"},
		{"SYNCD_DEPROVISION_GRACE_DEACTIVATED=1h", func(c *configs.Config) any { return c.Deprovision.GraceDeactivated.String() }, "1h0m0s"},
		{"SYNCD_USERS_SCOPE=true", func(c *configs.Config) any { return c.Users.Scope }, "true"},
		{`SYNCD_USERS_ATTRIBUTES={"b": "y", "c.d": "z"}`, func(c *configs.Config) any { return c.Users.Attributes }, map[string]string{"b": "y", "c.d": "z"}},
		{`SYNCD_USERS_PROTECTED=["q", "r"]`, func(c *configs.Config) any { return c.Users.Protected }, []string{"q", "r"}},
		{`SYNCD_USERS={"suspended": "deactivate"}`, func(c *configs.Config) any { return []any{c.Users.Suspended, c.Users.Attributes["a"]} }, []any{"deactivate", "x"}},
		{"SYNCD_GUARD_DEACTIVATIONS_PERCENT=1", func(c *configs.Config) any { return c.Guard.Deactivations }, configs.Limit{Count: 7, Percent: 1}},
		{`SYNCD_GUARD_DEACTIVATIONS={"percent": 2}`, func(c *configs.Config) any { return c.Guard.Deactivations }, configs.Limit{Count: 7, Percent: 2}},
		{"SYNCD_OKTA_AUTH_API_TOKEN=plain", func(c *configs.Config) any { return c.Okta.Auth.APIToken.Ref() }, "${env:SYNCD_OKTA_AUTH_API_TOKEN}"},
		{"SYNCD_OKTA_AUTH_API_TOKEN=${file:/t}", func(c *configs.Config) any { return c.Okta.Auth.APIToken.Ref() }, "${file:/t}"},
		{`SYNCD_OMNI_API_KEYS=["${env:B}"]`, func(c *configs.Config) any { return c.Omni.APIKeys[0].Ref() }, "${env:B}"},
		{"SYNCD_STATE_URL=redis://h", func(c *configs.Config) any { return c.State.URL.String() }, "redis://h"},
	}
	for _, tt := range tests {
		t.Run(tt.variable, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.got(parse(t, file, tt.variable))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestNarrowVariableWins(t *testing.T) {
	c := parse(t, minimal, "SYNCD_GUARD_CREATIONS_COUNT=3", `SYNCD_GUARD={"creations": {"count": 1, "percent": 1}}`, `SYNCD_GUARD_CREATIONS={"count": 2}`)
	if want := (configs.Limit{Count: 3, Percent: 1}); c.Guard.Creations != want {
		t.Errorf("creations %v, want %v", c.Guard.Creations, want)
	}
}

func TestEveryKeyHasItsVariable(t *testing.T) {
	seen := map[string]string{"SYNCD_CONFIG": "the file"}
	for _, path := range variables(t) {
		name := "SYNCD_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
		if other, twice := seen[name]; twice {
			t.Errorf("%s is the variable of %s and of %s", name, other, path)
		}
		seen[name] = path
		// No key takes a list inside a list, so each of them has to complain.
		_, _, err := configs.Parse([]byte(base(path)), "f", []string{name + "=[[[1]]]"})
		known := strings.HasPrefix(path, "users.") || path == "groups.name" || path == "state.archive" || path == "log.export" || strings.HasSuffix(path, "token") || strings.HasSuffix(path, "key") || strings.HasSuffix(path, "key_id") || path == "hooks.secret" || path == "alerts.webhook.url" || strings.Contains(path, ".tls.") // text of any form, or a secret
		if err == nil && !known || err != nil && !strings.HasPrefix(err.Error(), name+": "+path) {
			t.Errorf("%s is not read as %s: %v", name, path, err)
		}
	}
}

func TestUnknownVariablesWarn(t *testing.T) {
	environ := []string{"SYNCD_SERVICE_HOST=10.0.0.1", "SYNCD_OKTA_RATE_SHAR=1", "SYNCD_CONFIG=x", "PATH=/bin", "SYNCD_KEY=k", "broken"}
	text := strings.Replace(minimal, "${env:OMNI_API_KEY}", "${env:SYNCD_KEY}", 1)
	_, warnings, err := configs.Parse([]byte(text), "f", environ)
	if err != nil || len(warnings) != 2 {
		t.Fatalf("warnings %v, %v; want two", warnings, err)
	}
	if got := warnings[0].String(); got != "SYNCD_OKTA_RATE_SHAR: no key of the configuration has this name; it is ignored; did you mean SYNCD_OKTA_RATE_SHARE?" {
		t.Errorf("warning %q", got)
	}
	if warnings[1].Source != "SYNCD_SERVICE_HOST" {
		t.Errorf("warning %q", warnings[1])
	}
}

func TestFaultsOfVariables(t *testing.T) {
	tests := []struct{ variable, message string }{
		{"SYNCD_OKTA_RATE_SHARE=", "is text where a number belongs"},
		{"SYNCD_OKTA_RATE_SHARE=2", "2 is too large"},
		{"SYNCD_USERS_PROTECTED=a,b", "is text where a list belongs"},
		{"SYNCD_USERS_ATTRIBUTES=a", "is text where keys with values belong"},
		{`SYNCD_GUARD_CREATIONS={"cout": 1}`, "did you mean count?"},
		{`SYNCD_OMNI_API_KEYS=["plain"]`, "is not a reference"},
		{"SYNCD_NAME=", "is missing"},
		{"SYNCD_DEPROVISION_SETTLE=10", "has no unit"},
		{"SYNCD_CONSOLE_LISTEN=0.0.0.0:1", "needs TLS"},
	}
	for _, tt := range tests {
		_, _, err := configs.Parse([]byte(minimal), "f", []string{tt.variable})
		name, _, _ := strings.Cut(tt.variable, "=")
		f := faultsOf(t, err)[0]
		if f.Source != name || f.Line != 0 || !strings.Contains(f.String(), tt.message) || strings.Contains(f.String(), "plain") {
			t.Errorf("%s: %v, want %q", tt.variable, err, tt.message)
		}
	}
}

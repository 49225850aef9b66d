package configs_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/configs"
)

// minimal holds what is required and nothing else.
const minimal = `name: acme
okta:
  org_url: https://acme.okta.com
  app_id: 0oa1gjh63g214q0Hq0g4
  auth:
    api_token: ${env:OKTA_API_TOKEN}
omni:
  base_url: https://acme.omniapp.co
  api_keys: ["${env:OMNI_API_KEY}"]
`

// withApp is minimal with an API Services app in place of the token.
var withApp = strings.Replace(minimal, "api_token: ${env:OKTA_API_TOKEN}", "oauth: {client_id: 0oa3, private_key: \"${file:/run/okta.pem}\"}", 1)

// pushOnly is minimal without a credential for Okta, and ends in an open section
// scim.
var pushOnly = strings.Replace(minimal, "  auth:\n    api_token: ${env:OKTA_API_TOKEN}\n", "", 1) + "scim:\n"

func parse(t testing.TB, text string, environ ...string) *configs.Config {
	t.Helper()
	c, _, err := configs.Parse([]byte(text), "syncd.yaml", environ)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return c
}

func faultsOf(t testing.TB, err error) []configs.Fault {
	t.Helper()
	var invalid *configs.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("error %v, want *Invalid", err)
	}
	return invalid.Faults
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func secret(t testing.TB, ref string) configs.Secret {
	t.Helper()
	s, err := configs.ParseSecret(ref, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMinimalHasTheDefaults(t *testing.T) {
	want := configs.Defaults()
	want.Name = "acme"
	want.Okta.OrgURL, want.Okta.AppID = "https://acme.okta.com", "0oa1gjh63g214q0Hq0g4"
	want.Okta.Auth.APIToken = secret(t, "${env:OKTA_API_TOKEN}")
	want.Omni.BaseURL = "https://acme.omniapp.co"
	want.Omni.APIKeys = []configs.Secret{secret(t, "${env:OMNI_API_KEY}")}
	if diff := cmp.Diff(want, parse(t, minimal)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	c := parse(t, `{"name": "b", "okta": {"org_url": "http://127.0.0.1:8081/", "app_id": "0oa2", "auth": {"oauth": {"client_id": "0oa3", "private_key": "${file:/k}", "key_id": "k1", "dpop": "never"}}, "rate_share": 1},
		"omni": {"base_url": "https://x.co/omni/", "api_keys": ["${env:A}", "${env:B}"], "requests_per_minute": 500, "key_owners": ["", "b@x.co"]},
		"state": {"url": "redis://h:1/2", "prefix": "p", "archive": "", "key": "${file:/s}"}, "schedule": {"delta": "", "full": "", "reconcile": "@every 10m", "timezone": "Europe/Berlin"},
		"users": {"scope": "false", "display_name": "user.x", "attributes": {"a.b": "1", "c": "2"}, "adopt_attributes": "replace",
			"on_username_change": "hold", "on_recycled": "adopt", "on_manual_deactivation": "hold", "suspended": "deactivate", "protected": ["*@a", "b,c"]},
		"groups": {"from": "match", "match": ["Engineering", "omni-*"], "name": "group.id", "on_unpush": "delete", "adopt": "never"},
		"deprovision": {"action": "none", "grace": "2160h", "grace_deactivated": "1m30s", "settle": "0s", "keep": "1h",
			"handover": {"schedules": "transfer", "documents": "save", "to": ["user.managerEmail"], "within": "2h", "same_attributes": ["c"]}},
		"guard": {"window": "1h", "deactivations": {"count": 0, "percent": 0.5}, "member_removals": {"count": 1, "per_group": 7}, "group_deletions": {"percent": 2}, "attribute_losses": {"count": 6},
			"policy_change": {"count": 3, "percent": 4}, "creations": {"count": 5, "percent": 100}},
		"scim": {"listen": ":8181", "base_path": "/okta/", "bearer_tokens": ["${env:S}"], "tls": {"cert_file": "c", "key_file": "k"}, "behind_proxy": true, "allow": ["10.0.0.0/8"]},
		"hooks": {"listen": ":8181", "path": "/hooks/", "secret": "${env:H}", "tls": {"cert_file": "c", "key_file": "k"}, "behind_proxy": true},
		"console": {"listen": "[::1]:0", "token": "${file:/c}", "url": "https://b.example/", "tokens": [{"name": "ann", "role": "act", "token": "${file:/a}"}],
			"proxy": {"token": "${file:/p}", "user_header": "U", "role": "act", "role_header": "R"}},
		"alerts": {"webhook": {"url": "${env:W}", "format": "slack", "bearer_token": "${env:T}", "timeout": "5s"}, "names": true, "stall": "1h"}, "log": {"level": "debug", "format": "text", "keep": "48h", "export": "audit.jsonl"}}`)
	limit := func(count int, percent float64) configs.Limit { return configs.Limit{Count: count, Percent: percent} }
	want := &configs.Config{
		Name: "b",
		Okta: configs.Okta{OrgURL: "http://127.0.0.1:8081", AppID: "0oa2", RateShare: 1,
			Auth: configs.Auth{OAuth: configs.OAuth{ClientID: "0oa3", PrivateKey: secret(t, "${file:/k}"), KeyID: "k1", DPoP: "never"}}},
		Omni:     configs.Omni{BaseURL: "https://x.co/omni", APIKeys: []configs.Secret{secret(t, "${env:A}"), secret(t, "${env:B}")}, RequestsPerMinute: 500, KeyOwners: []string{"", "b@x.co"}},
		State:    c.State,
		Schedule: configs.Schedule{Reconcile: "@every 10m", Timezone: "Europe/Berlin"},
		Users: configs.Users{Scope: "false", DisplayName: "user.x", Attributes: map[string]string{"a.b": "1", "c": "2"}, AdoptAttributes: "replace",
			OnUsernameChange: "hold", OnRecycled: "adopt", OnManual: "hold", Suspended: "deactivate", Protected: []string{"*@a", "b,c"}},
		Groups: configs.Groups{From: "match", Match: []string{"Engineering", "omni-*"}, Name: "group.id", OnUnpush: "delete", Adopt: "never", Uncounted: []string{}},
		Deprovision: configs.Deprovision{Action: "none", Grace: 2160 * time.Hour, GraceDeactivated: 90 * time.Second, Keep: time.Hour,
			Handover: configs.Handover{Schedules: "transfer", Documents: "save", To: []string{"user.managerEmail"}, Within: 2 * time.Hour, SameAttributes: []string{"c"}}},
		Guard: configs.Guard{Window: time.Hour, Deactivations: limit(0, 0.5), MemberRemovals: configs.MemberLimit{Count: 1, Percent: 10, PerGroup: 7}, GroupDeletions: limit(1, 2),
			AttributeLosses: limit(6, 5),
			PolicyChange:    limit(3, 4), Creations: limit(5, 100)},
		SCIM: configs.SCIM{Listen: ":8181", BasePath: "/okta", BearerTokens: []configs.Secret{secret(t, "${env:S}")},
			TLS: configs.TLS{CertFile: "c", KeyFile: "k"}, BehindProxy: true, Allow: []string{"10.0.0.0/8"}},
		Hooks: configs.Hooks{Listen: ":8181", Path: "/hooks", Secret: secret(t, "${env:H}"),
			TLS: configs.TLS{CertFile: "c", KeyFile: "k"}, BehindProxy: true},
		Console: configs.Console{Listen: "[::1]:0", Token: secret(t, "${file:/c}"), URL: "https://b.example",
			Tokens: []configs.ConsoleToken{{Name: "ann", Role: "act", Token: secret(t, "${file:/a}")}},
			Proxy:  configs.ConsoleProxy{Token: secret(t, "${file:/p}"), UserHeader: "U", Role: "act", RoleHeader: "R"}},
		Alerts: configs.Alerts{Webhook: configs.Webhook{URL: secret(t, "${env:W}"), Format: "slack", BearerToken: secret(t, "${env:T}"), Timeout: 5 * time.Second},
			Names: true, Stall: time.Hour},
		Log: configs.Log{Level: "debug", Format: "text", Keep: 48 * time.Hour, Export: "audit.jsonl"},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if kind, address, err := c.State.Backend(); kind != configs.Redis || address != "redis://h:1/2" || err != nil {
		t.Errorf("Backend() = %q, %q, %v", kind, address, err)
	}
	if c.State.Prefix != "p" || c.State.Archive != "" || c.State.Key.Ref() != "${file:/s}" {
		t.Errorf("state has the prefix %q, the archive %q and the key %q", c.State.Prefix, c.State.Archive, c.State.Key.Ref())
	}
}

func TestExampleIsTheDefaults(t *testing.T) {
	c, warnings, err := configs.Load("syncd.example.yaml", nil)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("the example doesn't load: %v, %v", warnings, err)
	}
	if diff := cmp.Diff(parse(t, minimal), c); diff != "" {
		t.Errorf("the example differs from the defaults (-want +got)\n%s", diff)
	}
	text := read(t, "syncd.example.yaml")
	for _, variable := range variables(t) {
		names := strings.Split(variable, ".")
		if last := names[len(names)-1]; !strings.Contains(text, last+":") {
			t.Errorf("the example lacks %s", variable)
		}
	}
}

func TestSectionsWithoutKeys(t *testing.T) {
	c := parse(t, minimal+"users:\n  attributes:\n  protected:\nguard:\nlog: {}\n")
	if diff := cmp.Diff(parse(t, minimal), c); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAliasIsFollowed(t *testing.T) {
	c := parse(t, minimal+"guard:\n  deactivations: &few {count: 2, percent: 1}\n  creations: *few\n")
	if c.Guard.Creations != c.Guard.Deactivations || c.Guard.Creations.Count != 2 {
		t.Errorf("creations %v, want those of deactivations", c.Guard.Creations)
	}
}

func TestLoadFindsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "syncd.yaml")
	if err := os.WriteFile(path, []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, load := range map[string]func() (*configs.Config, []configs.Warning, error){
		"named": func() (*configs.Config, []configs.Warning, error) { return configs.Load(path, nil) },
		"by variable": func() (*configs.Config, []configs.Warning, error) {
			return configs.Load("", []string{"SYNCD_CONFIG=" + path})
		},
		"name before variable": func() (*configs.Config, []configs.Warning, error) {
			return configs.Load(path, []string{"SYNCD_CONFIG=x"})
		},
		"environment alone": func() (*configs.Config, []configs.Warning, error) {
			return configs.Load("", []string{"SYNCD_NAME=acme", "SYNCD_OKTA_ORG_URL=https://acme.okta.com", "SYNCD_OKTA_APP_ID=0oa1",
				"SYNCD_OKTA_AUTH_API_TOKEN=t", "SYNCD_OMNI_BASE_URL=https://acme.omniapp.co", `SYNCD_OMNI_API_KEYS=["${env:KEY}"]`})
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, warnings, err := load()
			if err != nil || len(warnings) > 0 || c.Name != "acme" {
				t.Errorf("Load: %v, %v, %v", c, warnings, err)
			}
		})
	}
}

func TestFileThatCannotBeRead(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, []byte(strings.Repeat("#\n", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"nowhere.yaml": "no such file", ".": "is a directory", large: "larger than 1 MiB"} {
		_, _, err := configs.Load(path, nil)
		f := faultsOf(t, err)
		if len(f) != 1 || f[0].Source != path || !strings.Contains(f[0].Message, want) || !strings.Contains(f[0].Mend, "--config") {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

func TestAddedCheckGetsItsPlace(t *testing.T) {
	check := func(c *configs.Config) []configs.Fault {
		return []configs.Fault{
			{Path: "users.attributes.b", Message: "first"}, {Path: "users.attributes.b", Message: "second"},
			{Path: "users.scope", Message: "default"}, {Path: "log.level", Message: "variable"}, {Path: "guard.window", Message: "unread"},
		}
	}
	text := minimal + "users:\n  attributes:\n    a: x\n    b: y\nguard:\n  window: soon\n"
	_, _, err := configs.Parse([]byte(text), "syncd.yaml", []string{"SYNCD_LOG_LEVEL=warn"}, check)
	want := `syncd.yaml:10:1: users.scope: default
syncd.yaml:13:8: users.attributes.b: first
syncd.yaml:13:8: users.attributes.b: second
syncd.yaml:15:11: guard.window: "soon" is not a duration; write a duration such as 24h, 90m or 10s
SYNCD_LOG_LEVEL: log.level: variable`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

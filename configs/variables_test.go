package configs_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/omnisync/omnisync/configs"
)

// samples holds for each key a value that isn't its default, as it stands in the
// file and as it stands in a variable.
var samples = []struct{ path, inFile, inVariable string }{
	{"name", "other", "other"},
	{"okta.org_url", "https://b.okta.com", "https://b.okta.com"},
	{"okta.app_id", "0oa9", "0oa9"},
	{"okta.auth.api_token", "${env:OTHER}", "${env:OTHER}"},
	{"okta.auth.oauth.client_id", "0oa8", "0oa8"},
	{"okta.auth.oauth.private_key", "${file:/k.pem}", "${file:/k.pem}"},
	{"okta.auth.oauth.key_id", `"0123"`, "0123"},
	{"okta.auth.oauth.dpop", "always", "always"},
	{"okta.canary.user", "00u1", "00u1"},
	{"okta.canary.group", "00g1", "00g1"},
	{"okta.rate_share", "0.75", "0.75"},
	{"omni.base_url", "https://b.omniapp.co/", "https://b.omniapp.co/"},
	{"omni.api_keys", `["${env:A}", "${file:/b}"]`, `["${env:A}","${file:/b}"]`},
	{"omni.requests_per_minute", "500", "500"},
	{"omni.total_per_minute", "90", "90"},
	{"omni.key_owners", `["ann@acme.com"]`, `["ann@acme.com"]`},
	{"state.url", "rediss://h/1", "rediss://h/1"},
	{"state.prefix", "other", "other"},
	{"state.archive", `""`, ""},
	{"state.key", "${file:/k}", "${file:/k}"},
	{"schedule.delta", `"@every 5s"`, "@every 5s"},
	{"schedule.full", `"*/5 * * * *"`, "*/5 * * * *"},
	{"schedule.reconcile", `""`, ""},
	{"schedule.timezone", "Local", "Local"},
	{"users.scope", `"user.a == \"b\""`, `user.a == "b"`},
	{"users.display_name", `"null"`, "null"},
	{"users.attributes", `{a: "1", "b.c": "{}"}`, `{"a": "1", "b.c": "{}"}`},
	{"users.adopt_attributes", "replace", "replace"},
	{"users.on_username_change", "hold", "hold"},
	{"users.on_recycled", "adopt", "adopt"},
	{"users.on_manual_deactivation", "hold", "hold"},
	{"users.suspended", "deactivate", "deactivate"},
	{"users.protected", `["*@a", "b"]`, `["*@a","b"]`},
	{"groups.from", "app_groups", "app_groups"},
	{"groups.match", `["a,b", "c*"]`, `["a,b","c*"]`},
	{"groups.name", "cut(group.name, 64)", "cut(group.name, 64)"},
	{"groups.on_unpush", "delete", "delete"},
	{"groups.adopt", "auto", "auto"},
	{"groups.uncounted", `["a,b", "c*"]`, `["a,b","c*"]`},
	{"deprovision.action", "none", "none"},
	{"deprovision.grace", "48h", "48h"},
	{"deprovision.grace_deactivated", "90m", "1h30m"},
	{"deprovision.settle", "0s", "0"},
	{"deprovision.handover.schedules", "none", "none"},
	{"deprovision.handover.documents", "save", "save"},
	{"deprovision.handover.to", `["user.managerEmail", "a@b.c"]`, `["user.managerEmail","a@b.c"]`},
	{"deprovision.handover.within", "24h", "24h"},
	{"deprovision.handover.same_attributes", `[a]`, `["a"]`},
	{"deprovision.keep", "720h", "720h"},
	{"guard.window", "1h", "60m"},
	{"guard.deactivations.count", "1", "1"},
	{"guard.deactivations.percent", "1.5", "1.5"},
	{"guard.member_removals.count", "2", "2"},
	{"guard.member_removals.percent", "2.5", "2.5"},
	{"guard.member_removals.per_group", "3", "3"},
	{"guard.attribute_losses.count", "2", "2"},
	{"guard.attribute_losses.percent", "2.5", "2.5"},
	{"guard.group_deletions.count", "3", "3"},
	{"guard.group_deletions.percent", "3.5", "3.5"},
	{"guard.policy_change.count", "4", "4"},
	{"guard.policy_change.percent", "4.5", "4.5"},
	{"guard.creations.count", "0", "0"},
	{"guard.creations.percent", "0", "0.0"},
	{"scim.listen", "127.0.0.1:8181", "127.0.0.1:8181"},
	{"scim.base_path", "/okta/scim/", "/okta/scim"},
	{"scim.bearer_tokens", `["${env:A}", "${file:/b}"]`, `["${env:A}","${file:/b}"]`},
	{"scim.tls.cert_file", "/other.pem", "/other.pem"},
	{"scim.tls.key_file", "/other.key", "/other.key"},
	{"scim.behind_proxy", "true", "true"},
	{"scim.allow", `["10.0.0.0/8", "::1"]`, `["10.0.0.0/8","::1"]`},
	{"hooks.listen", "127.0.0.1:8182", "127.0.0.1:8182"},
	{"hooks.path", "/hooks_of_okta/", "/hooks_of_okta"},
	{"hooks.secret", "${file:/h}", "${file:/h}"},
	{"hooks.tls.cert_file", "/other.pem", "/other.pem"},
	{"hooks.tls.key_file", "/other.key", "/other.key"},
	{"hooks.behind_proxy", "true", "true"},
	{"console.listen", "127.0.0.1:1", "127.0.0.1:1"},
	{"console.token", "${file:/t}", "${file:/t}"},
	{"alerts.webhook.url", "${env:A}", "${env:A}"},
	{"alerts.webhook.format", "slack", "slack"},
	{"alerts.webhook.bearer_token", "${file:/t}", "${file:/t}"},
	{"alerts.webhook.timeout", "30s", "0.5m"},
	{"alerts.names", "true", "true"},
	{"alerts.stall", "15m", "15m"},
	{"console.tokens", `[{"name": "ann", "role": "read", "token": "${file:/a}"}]`, `[{"name":"ann","role":"read","token":"${file:/a}"}]`},
	{"console.url", "https://sync.acme.com/", "https://sync.acme.com"},
	{"console.proxy.token", "${file:/p}", "${file:/p}"},
	{"console.proxy.user_header", "Remote-User", "Remote-User"},
	{"console.proxy.role", "act", "act"},
	{"console.proxy.role_header", "Remote-Role", "Remote-Role"},
	{"log.level", "debug", "debug"},
	{"log.format", "text", "text"},
	{"log.keep", "48h", "48h0m0s"},
	{"log.export", "audit.jsonl", "audit.jsonl"},
}

// base is a sound configuration to change the key at path in.
func base(path string) string {
	if strings.HasPrefix(path, "okta.auth.oauth.") {
		return withApp
	}
	for _, section := range []string{"scim", "hooks"} {
		if strings.HasPrefix(path, section+".tls.") {
			return minimal + section + ": {tls: {cert_file: /c.pem, key_file: /k.pem}}\n"
		}
	}
	if strings.HasSuffix(path, "same_attributes") {
		return minimal + "users: {attributes: {a: user.a}}\n"
	}
	if path == "alerts.webhook.bearer_token" {
		return minimal + "alerts: {webhook: {url: \"${env:A}\"}}\n"
	}
	return minimal
}

func changed(t *testing.T, text, path, value string) string {
	t.Helper()
	var doc, wanted yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte("x: "+value), &wanted); err != nil {
		t.Fatal(err)
	}
	set(doc.Content[0], strings.Split(path, "."), wanted.Content[0].Content[1])
	out, err := yaml.Marshal(&doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func variableOf(path string) string {
	return "SYNCD_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// TestVariableDoesWhatTheKeyDoes sets each key in the file and by its variable:
// the configurations are equal, and differ from the one without it.
func TestVariableDoesWhatTheKeyDoes(t *testing.T) {
	var paths []string
	for _, s := range samples {
		paths = append(paths, s.path)
		t.Run(s.path, func(t *testing.T) {
			byFile := parse(t, changed(t, base(s.path), s.path, s.inFile))
			byVariable := parse(t, base(s.path), variableOf(s.path)+"="+s.inVariable)
			if diff := cmp.Diff(byFile, byVariable); diff != "" {
				t.Errorf("by file and by variable differ (-file +variable)\n%s", diff)
			}
			if cmp.Equal(byFile, parse(t, base(s.path))) {
				t.Error("the key changes nothing")
			}
			if diff := cmp.Diff(byFile, parse(t, printed(t, byFile))); diff != "" {
				t.Errorf("printed, it loads as something else (-want +got)\n%s", diff)
			}
		})
	}
	slices.Sort(paths)
	if diff := cmp.Diff(variables(t), paths); diff != "" {
		t.Errorf("keys without a sample, and samples without a key (-want +got)\n%s", diff)
	}
}

// TestVariableWinsOverTheFile: what the file says of the key is of no account.
func TestVariableWinsOverTheFile(t *testing.T) {
	for _, s := range samples {
		text := changed(t, base(s.path), s.path, s.inFile)
		if s.path == "okta.auth.api_token" {
			continue // its two ways are below
		}
		defaults := parse(t, base(s.path), variableOf(s.path)+"="+s.inVariable)
		if got := parse(t, text, variableOf(s.path)+"="+s.inVariable); !cmp.Equal(got, defaults) {
			t.Errorf("%s: the file shines through: %s", s.path, cmp.Diff(defaults, got))
		}
	}
	c := parse(t, minimal, "SYNCD_OKTA_AUTH_API_TOKEN=plain")
	if got, err := c.Okta.Auth.APIToken.Value(); got != "plain" || err != nil {
		t.Errorf("a token in its own variable: %q, %v", got, err)
	}
}

// TestFaultNamesTheVariable sets each key to nonsense by its variable.
func TestFaultNamesTheVariable(t *testing.T) {
	for _, s := range samples {
		var nonsense string
		switch n := leaves("", readSchema(t))[s.path]; {
		case n.Enum != nil, n.Type == "number", n.Type == "integer", n.Type == "boolean", n.Type == "array", n.Type == "object", strings.Contains(s.path, "grace"), strings.HasSuffix(s.path, "settle"), strings.HasSuffix(s.path, "window"), strings.HasSuffix(s.path, "within"), strings.HasSuffix(s.path, "keep"), s.path == "alerts.stall", s.path == "alerts.webhook.timeout":
			nonsense = "not this"
		case strings.HasPrefix(s.path, "users."), s.path == "groups.name", strings.HasPrefix(s.path, "okta.auth."), strings.Contains(s.path, ".tls."), s.path == "hooks.secret", s.path == "console.token", s.path == "console.proxy.token", s.path == "state.key", strings.HasPrefix(s.path, "alerts.webhook."):
			continue // text of any form, and secrets
		case s.path == "state.archive", s.path == "log.export":
			nonsense = "https://not/this"
		default:
			nonsense = "no/t this"
		}
		_, _, err := configs.Parse([]byte(base(s.path)), "f", []string{variableOf(s.path) + "=" + nonsense})
		f := faultsOf(t, err)
		if len(f) != 1 || f[0].Path != s.path || f[0].Source != variableOf(s.path) || f[0].Line != 0 || f[0].Column != 0 || f[0].Mend == "" {
			t.Errorf("%s: %v", s.path, err)
		}
	}
}

// TestJSONIsTheSame loads each sample from a file that is JSON.
func TestJSONIsTheSame(t *testing.T) {
	for _, s := range samples {
		text := changed(t, base(s.path), s.path, s.inFile)
		var values any
		if err := yaml.Unmarshal([]byte(text), &values); err != nil {
			t.Fatal(err)
		}
		for _, indent := range []string{"", "  ", "\t"} {
			b, err := json.MarshalIndent(values, "", indent)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parse(t, text), parse(t, string(b))); diff != "" {
				t.Errorf("%s, indented by %q (-YAML +JSON)\n%s", s.path, indent, diff)
			}
		}
	}
}

// TestSectionByVariable: a section's variable changes the keys that it names.
func TestSectionByVariable(t *testing.T) {
	tests := []struct {
		variable string
		same     []string // the variables that do the same
	}{
		{`SYNCD_GUARD_CREATIONS={"count": 1}`, []string{"SYNCD_GUARD_CREATIONS_COUNT=1"}},
		{`SYNCD_GUARD={"window": "1h", "creations": {"percent": 3}}`, []string{"SYNCD_GUARD_WINDOW=1h", "SYNCD_GUARD_CREATIONS_PERCENT=3"}},
		{`SYNCD_DEPROVISION={grace: 1h, settle: 0s}`, []string{"SYNCD_DEPROVISION_GRACE=1h", "SYNCD_DEPROVISION_SETTLE=0s"}},
		{`SYNCD_LOG={}`, nil},
		{`SYNCD_GROUPS={"from": "match", "match": ["a"]}`, []string{"SYNCD_GROUPS_FROM=match", `SYNCD_GROUPS_MATCH=["a"]`}},
		{`SYNCD_OKTA={"rate_share": 1}`, []string{"SYNCD_OKTA_RATE_SHARE=1"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(parse(t, minimal, tt.same...), parse(t, minimal, tt.variable)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.variable, diff)
		}
	}
}

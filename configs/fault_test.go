package configs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/omnisync/omnisync/configs"
)

// TestAllFaultsAtOnce is what a person reads after many slips.
func TestAllFaultsAtOnce(t *testing.T) {
	text := `name: a/b
okta:
  org_url: http://acme-admin.okta.com
  app_id: 0123
  auth: {api_token: 00SECRET}
  rate_shar: 3
omni:
  base_url: https://acme.omniapp.co/api/v1
  api_keys: ["${env:A}", "${env:A}"]
users:
  suspended: keeep
deprovision:
  grace: 30d
  grace: 5h
guard: []
api_keys: x
`
	want := `syncd.yaml:1:7: name: "a/b" can't be part of Redis keys and file names; use 1 to 63 of A-Z a-z 0-9 . _ and -
syncd.yaml:3:12: okta.org_url: is http://, which is accepted for this machine only; write https://acme.okta.com
syncd.yaml:4:11: okta.app_id: is a number where text belongs; put it in quotes: "0123"
syncd.yaml:5:21: okta.auth.api_token: is not a reference, and a secret must not stand in the configuration; write ${env:NAME} and set that variable, or ${file:PATH}; if this was a real secret, replace it
syncd.yaml:6:3: okta.rate_shar: unknown key; did you mean rate_share?
syncd.yaml:8:13: omni.base_url: contains /api; write https://acme.omniapp.co
syncd.yaml:9:26: omni.api_keys[1]: is the same as one before; remove it: the allowances of different keys add up, one key's doesn't
syncd.yaml:11:14: users.suspended: "keeep" is not known; write one of keep, deactivate; did you mean keep?
syncd.yaml:13:10: deprovision.grace: "30d": days and weeks are not known, hours are the largest unit; write 720h
syncd.yaml:14:3: deprovision.grace: stands here twice, first in line 13; remove one
syncd.yaml:15:8: guard: is a list where keys with values belong; write window: and such below it, indented
syncd.yaml:16:1: api_keys: unknown key; did you mean omni.api_keys?
SYNCD_OMNI_REQUESTS_PER_MINUTE: omni.requests_per_minute: is text where a whole number belongs; give a number from 1 to 100000
SYNCD_LOG_LEVEL: log.level: "loud" is not known; write one of debug, info, warn, error`
	c, _, err := configs.Parse([]byte(text), "syncd.yaml", []string{"SYNCD_OMNI_REQUESTS_PER_MINUTE=many", "SYNCD_LOG_LEVEL=loud"})
	if c != nil || err == nil {
		t.Fatalf("Parse = %v, %v; want faults alone", c, err)
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMissingKeys(t *testing.T) {
	for _, text := range []string{"", "\n# nothing\n", "{}", "okta:\nomni:\n"} {
		_, _, err := configs.Parse([]byte(text), "syncd.yaml", nil)
		var paths []string
		for _, f := range faultsOf(t, err) {
			paths = append(paths, f.Path)
			if f.Message != "is missing" || f.Mend == "" || f.Source != "syncd.yaml" {
				t.Errorf("fault %v", f)
			}
		}
		want := "name okta.app_id okta.auth okta.org_url omni.api_keys omni.base_url"
		if got := strings.Join(sorted(paths), " "); got != want {
			t.Errorf("%q: missing %s, want %s", text, got, want)
		}
	}
}

// TestFaultOfOneKey sets one key wrong in a sound configuration.
func TestFaultOfOneKey(t *testing.T) {
	tests := []struct {
		path, value, message string // value as YAML
	}{
		{"name", `""`, "is missing"},
		{"name", `..`, "can't be part"},
		{"name", strings.Repeat("a", 64), "can't be part"},
		{"name", `[a]`, "is a list where text belongs"},
		{"name", `true`, "is true or false where text belongs"},
		{"name", ``, "has no value"},
		{"okta", `x`, "is text where keys with values belong"},
		{"okta.org_url", `acme.okta.com`, "is not a URL with a host"},
		{"okta.org_url", `https://`, "is not a URL with a host"},
		{"okta.org_url", `ftp://acme.okta.com`, "is not https://"},
		{"okta.org_url", `https://u:p@acme.okta.com`, "holds a user name or password"},
		{"okta.org_url", `https://acme.okta.com/admin`, "has a path"},
		{"okta.org_url", `https://acme.okta.com?x=1`, "has a query"},
		{"okta.org_url", `https://acme.okta.com:99999`, "port"},
		{"okta.org_url", `https://acme-admin.okta.com`, "admin console"},
		{"okta.org_url", `http://10.0.0.1`, "is http://"},
		{"okta.app_id", `a/b`, "is not the id of an app"},
		{"okta.auth", `{}`, "is missing"},
		{"okta.auth", `{api_token: "${env:A}", oauth: {client_id: 0oa3, private_key: "${env:K}"}}`, "holds both api_token and oauth"},
		{"okta.auth", `{api_token: "${env:A}", oauth: {dpop: never}}`, "holds both api_token and oauth"},
		{"okta.auth", `{oauth: {private_key: "${env:K}"}}`, "client_id: is missing"},
		{"okta.auth", `{oauth: {client_id: 0oa3}}`, "private_key: is missing"},
		{"okta.auth", `{oauth: {client_id: "My app", private_key: "${env:K}"}}`, "is not a client id"},
		{"okta.auth", `{oauth: {client_id: 0oa3, private_key: abc}}`, "is not a reference"},
		{"okta.auth", `{oauth: {client_id: 0oa3, private_key: "${env:K}", dpop: true}}`, "true or false where text belongs"},
		{"okta.auth", `{oauth: {client_id: 0oa3, private_key: "${env:K}", dpop: Never}}`, "did you mean never?"},
		{"okta.auth.api_token", ``, "has no value"},
		{"okta.auth.api_token", `"x${env:A}"`, "is not a reference"},
		{"okta.auth.api_token", `"${env:A B}"`, "is not a reference"},
		{"okta.auth.api_token", `"${vault:A}"`, "is not a reference"},
		{"okta.rate_share", `0`, "0 is too small"},
		{"okta.rate_share", `1.5`, "1.5 is too large"},
		{"okta.rate_share", `.nan`, "where a number belongs"},
		{"okta.rate_share", `"0.5"`, "is text where a number belongs"},
		{"omni.base_url", `https://acme.omniapp.co/api`, "contains /api"},
		{"omni.api_keys", `[]`, "is missing"},
		{"omni.api_keys", `"${env:A}"`, "is text where a list belongs"},
		{"omni.api_keys[0]", `[abc]`, "is not a reference"},
		{"omni.requests_per_minute", `1.5`, "where a whole number belongs"},
		{"omni.requests_per_minute", `0`, "0 is too small"},
		{"omni.requests_per_minute", `99999999999999999999`, "where a whole number belongs"},
		{"state.url", `""`, "is empty"},
		{"state.url", `syncd.db`, "neither bolt://"},
		{"state.url", `bolt://`, "no path"},
		{"state.url", `redis://`, "not a valid redis:// URL"},
		{"state.url", `redis://:s3cret@ho st:x/`, "not a valid redis:// URL"},
		{"state.prefix", `""`, "is empty"},
		{"state.prefix", `"a:b"`, "can't be part of Redis keys"},
		{"state.prefix", `"{a}"`, "can't be part of Redis keys"},
		{"state.prefix", strings.Repeat("p", 41), "can't be part of Redis keys"},
		{"state.archive", `" "`, "begins or ends with a space"},
		{"state.archive", `"a\nb"`, "holds a line break"},
		{"state.archive", `"file:///var/lib/archive"`, "is a URL"},
		{"schedule.full", `"* * * *"`, "is not a cron expression"},
		{"schedule.full", `"61 * * * *"`, "is not a cron expression"},
		{"schedule.full", `"@every soon"`, "is not a cron expression"},
		{"schedule.full", `"@every 10ms"`, "shorter than a second"},
		{"schedule.reconcile", `"0 0 31 2 *"`, "never comes"},
		{"schedule.reconcile", `"CRON_TZ=UTC 0 0 1 1 *"`, "names a time zone"},
		{"schedule.reconcile", `"TZ=UTC"`, "names a time zone"},
		{"schedule.timezone", `Mars/Base`, "is not a known time zone"},
		{"schedule.timezone", `""`, "is empty"},
		{"users.attributes.region", `{a: b}`, "is a map where text belongs"},
		{"users.attributes.region", `7`, "put it in quotes"},
		{"users.attributes", `[a]`, "is a list where keys"},
		{"users.protected[1]", `["*", "[a"]`, "is not a glob"},
		{"users.protected[0]", `[""]`, "is empty"},
		{"groups.from", `matches`, "did you mean match?"},
		{"groups.match[0]", `["[a"]`, "is not a glob"},
		{"groups.match[1]", `["a", " "]`, "is empty"},
		{"groups.uncounted[0]", `["[a"]`, "is not a glob"},
		{"okta.canary.user", "ada@acme.com", "is a name, which somebody else may have one day"},
		{"okta.canary.user", "00g1gjh63g214q0Hq0g4", "is not the id of an Okta user, which begins with 00u"},
		{"okta.canary.user", "00u1/../x", "is not the id"},
		{"okta.canary.user", "https://acme-admin.okta.com/admin/user/view/00u1gjh63g214q0Hq0g4#tab-account", "is an address; write the id that it holds: 00u1gjh63g214q0Hq0g4"},
		{"okta.canary.group", "Everyone", "is not the id of an Okta group, which begins with 00g"},
		{"okta.canary.group", "https://acme-admin.okta.com/admin/group/00g1gjh63g214q0Hq0g4", "write the id that it holds: 00g1gjh63g214q0Hq0g4"},
		{"okta.canary.group", "https://acme-admin.okta.com/admin/user/view/00u1gjh63g214q0Hq0g4", "is not the id of an Okta group"},
		{"groups", `{from: push_mappings, match: [a]}`, "does nothing with from: push_mappings"},
		{"groups", `{from: app_groups, match: [a]}`, "does nothing with from: app_groups"},
		{"groups.adopt", `Auto`, "did you mean auto?"},
		{"deprovision.grace", `-1h`, "is negative"},
		{"deprovision.grace", `5`, "has no unit"},
		{"deprovision.grace", `2 weeks`, "write 336h"},
		{"deprovision.grace", `soon`, "is not a duration"},
		{"guard.window", `0s`, "longer than nothing"},
		{"guard.creations.percent", `101`, "101 is too large"},
		{"guard.creations.count", `-1`, "-1 is too small"},
		{"guard.creations.per_group", `1`, "unknown key"},
		{"scim.listen", `":8181"`, "tokens would travel in clear text"},
		{"scim.listen", `10.0.0.1:8181`, "tokens would travel in clear text"},
		{"scim.listen", `"8181"`, "is not an address with a port"},
		{"scim.listen", `":http"`, "is not a port"},
		{"scim.listen", `127.0.0.1:8180`, "is the console's address too"},
		{"scim", `{listen: "127.0.0.1:1", bearer_tokens: []}`, "bearer_tokens: is missing"},
		{"scim.bearer_tokens", `["${env:A}", "${env:A}"]`, "is the same as one before"},
		{"scim.bearer_tokens[0]", `[abc]`, "is not a reference"},
		{"scim.base_path", `""`, "is empty"},
		{"scim.base_path", `/`, "is not a plain path"},
		{"scim.base_path", `scim/v2`, "doesn't begin with /"},
		{"scim.base_path", `/scim_v2`, "underscore, which Okta refuses"},
		{"scim.base_path", `https://scim.acme.com/v2`, "is an address"},
		{"scim.base_path", `/scim//v2`, "is not a plain path"},
		{"scim.base_path", `/scim/../v2`, "is not a plain path"},
		{"scim.base_path", `/scim?x`, "is not a plain path"},
		{"scim.tls", `{cert_file: c.pem}`, "key_file: is missing beside cert_file"},
		{"scim.tls", `{key_file: k.pem}`, "cert_file: is missing beside key_file"},
		{"scim.behind_proxy", `"true"`, "is text where true or false belongs; write true, without quotes"},
		{"scim.behind_proxy", `off`, "write false, without quotes"},
		{"scim.behind_proxy", `maybe`, "write true or false, without quotes"},
		{"scim.behind_proxy", `[true]`, "is a list where true or false belongs"},
		{"log.keep", `23h`, "is shorter than a day"},
		{"log.export", `" "`, "begins or ends with a space"},
		{"log.export", `"https://siem.acme.com"`, "is a URL"},
		{"log.export", `logs/`, "is a directory"},
		{"schedule.delta", `"@every 10"`, "is not a cron expression"},
		{"schedule.delta", `"@every 10ms"`, "is shorter than a second"},
		{"hooks.listen", `":8182"`, "the secret would travel in clear text"},
		{"hooks.listen", `"8182"`, "is not an address with a port"},
		{"hooks.listen", `127.0.0.1:8180`, "is the console's address too"},
		{"hooks", `{listen: "127.0.0.1:1", secret: ""}`, "secret: has no value"},
		{"hooks.secret", `abc`, "is not a reference"},
		{"hooks.path", `""`, "is empty"},
		{"hooks.path", `/`, "is not a plain path"},
		{"hooks.path", `okta/events`, "doesn't begin with /"},
		{"hooks.path", `https://hooks.acme.com/x`, "is an address"},
		{"hooks.path", `/okta/../events`, "is not a plain path"},
		{"hooks.path", `/readyz`, "is where health checks come in"},
		{"hooks.tls", `{cert_file: c.pem}`, "key_file: is missing beside cert_file"},
		{"hooks.tls", `{key_file: k.pem}`, "cert_file: is missing beside key_file"},
		{"alerts.webhook.url", `https://hooks.example.com/x`, "is not a reference"},
		{"alerts.webhook.format", `Slack`, "did you mean slack?"},
		{"alerts.webhook.timeout", `0s`, "is no time that an attempt may take"},
		{"alerts.webhook.timeout", `2m`, "is no time that an attempt may take"},
		{"alerts.webhook.bearer_token", `"${env:A}"`, "does nothing without alerts.webhook.url"},
		{"alerts.stall", `-1h`, "is negative"},
		{"scim.allow[1]", `[10.0.0.1, acme.okta.com]`, "is neither an address nor a network"},
		{"scim.allow[0]", `[10.0.0.0/33]`, "is neither an address nor a network"},
		{"scim.allow[0]", `["fe80::1%eth0"]`, "is neither an address nor a network"},
		{"scim.allow[0]", `[10.1.2.3/8]`, "write 10.0.0.0/8 for the network, or 10.1.2.3 for the address"},
		{"console.listen", `0.0.0.0:8180`, "needs TLS"},
		{"console.listen", `":8180"`, "needs TLS"},
		{"console.listen", `console.acme.com:8180`, "needs TLS"},
		{"console.listen", `127.0.0.1`, "is not an address with a port"},
		{"console.listen", `127.0.0.1:http`, "is not a port"},
		{"console.url", `sync.acme.com`, "is no address of a web site"},
		{"console.url", `http://sync.acme.com`, "isn't protected on its way"},
		{"console.url", `https://sync.acme.com/console`, "says more than where the site is"},
		{"console.proxy.user_header", `"X Forwarded User"`, "is no name of a header"},
		{"console.proxy.role_header", `"a: b"`, "is no name of a header"},
		{"console.tokens[0]", `[{role: read, token: "${env:A}"}]`, "name: is missing"},
		{"console.tokens[0]", `[{name: ann, token: "${env:A}"}]`, "role: is missing"},
		{"console.tokens[0]", `[{name: ann, role: read}]`, "token: is missing"},
		{"console.tokens[0]", `[{name: "a\nb", role: read, token: "${env:A}"}]`, "is no name"},
		{"console.tokens[0]", `[{name: ann, role: admin, token: "${env:A}"}]`, "admin"},
		{"console.tokens[1]", `[{name: ann, role: read, token: "${env:A}"}, {name: Ann, role: act, token: "${env:B}"}]`, "is the same as one before"},
	}
	for _, tt := range tests {
		t.Run(tt.path+"="+tt.value, func(t *testing.T) {
			text := with(strings.TrimRight(tt.path, "[01]"), tt.value)
			_, _, err := configs.Parse([]byte(text), "f", nil)
			faults := faultsOf(t, err)
			wanted := strings.HasPrefix(tt.path, faults[0].Path) || strings.HasPrefix(faults[0].Path, tt.path) // an unknown section hides its keys
			if len(faults) != 1 || !wanted || !strings.Contains(err.Error(), tt.message) || faults[0].Mend == "" || faults[0].Line == 0 {
				t.Errorf("%v\nwant one fault with a line and mending: %s", err, tt.message)
			}
			for _, leak := range []string{"s3cret", "abc", "x$", "u:p"} {
				if strings.Contains(err.Error(), leak) {
					t.Errorf("the fault repeats %q: %v", leak, err)
				}
			}
		})
	}
}

// with gives the minimal configuration with one key set to a value, in YAML.
func with(path, value string) string {
	var doc, wanted yaml.Node
	err := errors.Join(yaml.Unmarshal([]byte(minimal), &doc), yaml.Unmarshal([]byte("x: "+value), &wanted))
	if err != nil {
		panic(fmt.Sprintf("%s: %s: %v", path, value, err))
	}
	set(doc.Content[0], strings.Split(path, "."), wanted.Content[0].Content[1])
	text, err := yaml.Marshal(&doc)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// set gives the key at path below section its value, with the sections between.
func set(section *yaml.Node, path []string, value *yaml.Node) {
	var at *yaml.Node
	for i := 0; i < len(section.Content); i += 2 {
		if section.Content[i].Value == path[0] {
			at = section.Content[i+1]
		}
	}
	if at == nil {
		at = &yaml.Node{Kind: yaml.MappingNode}
		section.Content = append(section.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: path[0]}, at)
	}
	if len(path) == 1 {
		*at = *value
		return
	}
	set(at, path[1:], value)
}

func TestBrokenYAML(t *testing.T) {
	tests := []struct {
		text, message string
		line          int
	}{
		{"name: [a\nokta: x\n", "not valid YAML", 2},
		{"name: a\n\tokta: x\n", "not valid YAML", 2},
		{"name: a\n---\nname: b\n", "more than one YAML document", 2},
		{"- a\n- b\n", "is a list where keys with values belong", 1},
		{"hello\n", "is text where keys with values belong", 1},
		{"name: *nowhere\n", "not valid YAML", 1},
		{"name: \xff\xfe\n", "not valid YAML", 0},
	}
	for _, tt := range tests {
		_, _, err := configs.Parse([]byte(tt.text), "f", nil)
		faults := faultsOf(t, err)
		if len(faults) != 1 || !strings.Contains(faults[0].Message, tt.message) || faults[0].Line != tt.line || faults[0].Mend == "" {
			t.Errorf("%q: %v, want %q in line %d", tt.text, faults, tt.message, tt.line)
		}
	}
}

func TestKeyThatIsNoName(t *testing.T) {
	_, _, err := configs.Parse([]byte(minimal+"users:\n  attributes: {? [a] : b}\n"), "f", nil)
	if faults := faultsOf(t, err); len(faults) != 1 || faults[0].Line != 11 || !strings.Contains(faults[0].Message, "a key is a list") {
		t.Errorf("faults %v", err)
	}
}

func TestReferenceWithoutQuotes(t *testing.T) {
	_, _, err := configs.Parse([]byte(strings.ReplaceAll(minimal, `"${env:OMNI_API_KEY}"`, "${env:OMNI_API_KEY}")), "f", nil)
	if faults := faultsOf(t, err); len(faults) != 1 || faults[0].Line != 9 || !strings.Contains(faults[0].Mend, "in quotes") {
		t.Errorf("faults %v", err)
	}
}

package configs_test

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/configs"
)

// TestSoundValues holds what looks odd and is right: a false alarm keeps people
// from starting at all.
func TestSoundValues(t *testing.T) {
	tests := map[string][]string{
		"name":                     {"acme", "a", `"0"`, "_x", "-x", ".x", "acme.prod-eu_1", strings.Repeat("a", 63)},
		"okta.org_url":             {"https://acme.okta.com", "https://acme.okta.com/", "https://acme.oktapreview.com", "https://login.acme.com", "https://it-admin.acme.com", "https://acme.okta.com:443", "http://localhost:8081", "http://127.0.0.1:8081", `"http://[::1]:8081"`, "HTTPS://ACME.okta.com"},
		"okta.app_id":              {"0oa1", "0oa1gjh63g214q0Hq0g4", "0oa_-"},
		"okta.auth.api_token":      {"${env:A}", "${env:_a1}", "${file:/run/secrets/okta token}", "${file:C:\\secrets\\okta}", `"${file:./x}"`},
		"okta.rate_share":          {"1", "0.01", "1e-1", ".5"},
		"omni.base_url":            {"https://acme.omniapp.co", "https://acme.omniapp.co/", "https://bi.acme.com/omni", "https://apis.acme.com", "https://acme.com/apiary", "http://127.0.0.1:1/omni"},
		"omni.api_keys":            {`["${env:A}", "${env:B}"]`, "\n    - ${env:A}\n    - ${file:/b}"},
		"state.url":                {"bolt://x", "bolt:///var/lib/syncd/a b.db", "redis://h", "rediss://user:p%40ss@h:6379/0", "${env:URL}", "${file:/run/url}"},
		"state.prefix":             {"omnisync", "a", "Acme.prod_1-x", `"0"`, strings.Repeat("p", 40)},
		"state.archive":            {`""`, "archive", "/var/lib/syncd/the archive", "./a/../b", `"C:\\syncd\\archive"`},
		"schedule.full":            {`""`, `"@every 1s"`, `"@hourly"`, `"@every 1h30m"`, `"*/5 8-18 * * MON-FRI"`, `"0 0 29 2 *"`, "0 4 * * *"},
		"schedule.timezone":        {"UTC", "Local", "Europe/Berlin", "America/Argentina/Buenos_Aires"},
		"users.scope":              {`"true"`, `"has(user.email)"`, `""`, "|\n    user.department ==\n      \"Sales\"", `"${x}"`},
		"users.attributes":         {"{}", "{region: user.region}", "\n    \"a b.c\": user.x", `{"": "x"}`},
		"users.protected":          {"[]", "['*']", `["[a-z]*@acme.com", 'a\*b']`},
		"groups.match":             {"[]", "[Engineering]", "['omni-*', 'Sales (EMEA)']", "['\\[old\\]']"},
		"groups":                   {"{from: match}", "{from: auto, match: [a]}", "{from: push_mappings}", "{from: app_groups, match: []}"},
		"deprovision.grace":        {"0", "0s", "24h", "1h30m", "90m", "1.5h", `"24h"`, "8760h", " 5m "},
		"guard.creations":          {"{count: 0, percent: 0}", "{count: 1}", "{percent: 0.1}", "{}", "{percent: 100}"},
		"guard.window":             {"1ns", "168h"},
		"console.listen":           {"127.0.0.1:0", "localhost:8180", `"[::1]:8180"`, "127.1.2.3:65535"},
		"log":                      {"{}", "{level: debug}", "{format: text, level: error}"},
		"okta.auth":                {`{oauth: {client_id: 0oa3, private_key: "${file:k}"}}`, `{oauth: {client_id: my-client_1, private_key: "${env:K}", key_id: "", dpop: always}}`, `{api_token: "${env:A}", oauth: {}}`, `{api_token: "${env:A}", oauth: {dpop: auto, key_id: ""}}`},
		"users.display_name":       {`""`, "user.displayName", "\"or(user.nick, user.name)\""},
		"omni":                     {`{base_url: "https://acme.omniapp.co", api_keys: ["${env:A}"]}`},
		"deprovision.settle":       {"0s", "1m"},
		"guard":                    {"", "{}", "{window: 1h}"},
		"users.suspended":          {"keep", "deactivate", `"keep"`},
		"omni.requests_per_minute": {"1", "500", "100000", "0x3c", "1_000"},
	}
	for path, values := range tests {
		for _, value := range values {
			t.Run(path+"="+value, func(t *testing.T) {
				if c, _, err := configs.Parse([]byte(with(path, value)), "f", nil); err != nil || c.Name == "" {
					t.Errorf("refused: %v\n%s", err, with(path, value))
				}
			})
		}
	}
}

// TestBrokenYAMLIsExplained holds slips that the library tells in words of its
// own, or in another line.
func TestBrokenYAMLIsExplained(t *testing.T) {
	const quotes, ref, tab = "put the value in quotes", `put it in quotes: "${env:NAME}"`, "indent by spaces"
	tests := []struct {
		text, mend   string
		line, column int
	}{
		{"name: a\nokta:\n\torg_url: x\n", tab, 3, 1},
		{"name: a\nokta:\n  org_url: x\n  \tapp_id: y\n", tab, 4, 3},
		{"name: a\nokta:\n  org_url: x\n\n\tapp_id: y\n", tab, 5, 1},
		{"schedule:\n  full: @hourly\n", quotes, 2, 9},
		{"schedule:\n  full: */5 * * * *\n", quotes, 2, 9},
		{"users:\n  protected:\n    - *@acme.com\n", quotes, 3, 7},
		{"users:\n  protected: [a, *@acme.com]\n", quotes, 2, 18},
		{"users:\n  attributes: {ä: `x`}\n", quotes, 2, 19},
		{"guard:\n  window: %5\n", quotes, 2, 11},
		{"omni: {api_keys: [${env:A}]}\n", ref, 1, 19},
		{"omni: {api_keys: [\"${env:A}\", ${env:B}]}\n", ref, 1, 31},
		{"okta: {auth: {api_token: ${env:A}}}\n", ref, 1, 26},
		{"a: ${env:A}\nusers: [*@x]\n", quotes, 2, 9},
		{"name:acme\nokta: {}\n", "write key: value, with a space", 1, 5},
		{"name: a\nusers:\n  scope: user.x == \"a\" : b\n", "close every quote", 3, 0},
		{"name: \"a\nokta: x\n", "close every quote", 3, 0},
		{"\tname: a\n", tab, 1, 1},
		{"@x", "close every quote", 0, 0},
		{"name: a\nokta:\n  org_url: *acme\n", quotes, 3, 12},
		{"name: a\n\x00", "close every quote", 0, 0},
		{"omni: {\n  api_keys: [\n    ${env:A}\n  ]\n}\n", ref, 3, 5},
		{"private_key: -----BEGIN KEY-----\nMIIE\n-----END KEY-----\n", "replace the key in Okta", 1, 14},
	}
	for _, tt := range tests {
		_, _, err := configs.Parse([]byte(tt.text), "f", nil)
		f := faultsOf(t, err)
		if len(f) != 1 || f[0].Line != tt.line || f[0].Column != tt.column || !strings.Contains(f[0].Mend, tt.mend) || !strings.HasPrefix(f[0].Message, "not valid YAML: ") {
			t.Errorf("%q: %v\nwant line %d, column %d, %q", tt.text, err, tt.line, tt.column, tt.mend)
		}
		if strings.Contains(err.Error(), "MIIE") {
			t.Errorf("a part of the key is told: %v", err)
		}
	}
}

// TestUnknownKeys: what is told of a key that doesn't exist.
func TestUnknownKeys(t *testing.T) {
	tests := []struct{ path, mend string }{
		{"okta.orgurl", "did you mean org_url?"},
		{"okta.url", "did you mean org_url?"},
		{"okta.ORG_URL", "did you mean org_url?"},
		{"omni.url", "did you mean base_url?"},
		{"omni.keys", "did you mean api_keys?"},
		{"okta.auth.token", "did you mean api_token?"},
		{"okta.auth.private_key", "did you mean okta.auth.oauth.private_key?"},
		{"okta.oauth", "did you mean auth?"},
		{"api_keys", "did you mean omni.api_keys?"},
		{"window", "did you mean guard.window?"},
		{"percent", "did you mean guard.attribute_losses.percent or guard.creations.percent or"},
		{"console.port", "known here: listen, token, tokens, url, proxy"},
		{"log.verbosity", "known here: level, format"},
		{"guard.creations.per_group", "did you mean guard.member_removals.per_group?"},
		{"log." + strings.Repeat("x", 70), "known here: level, format"},
	}
	for _, tt := range tests {
		_, _, err := configs.Parse([]byte(with(tt.path, "x")), "f", nil)
		f := faultsOf(t, err)
		if len(f) != 1 || f[0].Path != tt.path || f[0].Message != "unknown key" || !strings.HasPrefix(f[0].Mend, tt.mend) {
			t.Errorf("%s: %v\nwant %q", tt.path, err, tt.mend)
		}
	}
}

// TestNumbersWrittenAsText: what somebody meant is offered only where the key
// takes it.
func TestNumbersWrittenAsText(t *testing.T) {
	const share, count = "give a number from 0.01 to 1", "give a number from 0"
	tests := []struct{ path, value, mend string }{
		{"guard.creations.percent", `5%`, "write 5, without quotes"},
		{"guard.creations.percent", `"12.5 %"`, "write 12.5, without quotes"},
		{"guard.creations.percent", `"0,5"`, "write 0.5, without quotes"},
		{"guard.creations.percent", `500%`, "give a number from 0 to 100"},
		{"guard.creations.percent", `a lot`, "give a number from 0 to 100"},
		{"guard.creations.percent", `"-5"`, "give a number from 0 to 100"},
		{"guard.creations.percent", `[5]`, "give a number from 0 to 100"},
		{"okta.rate_share", `25%`, "write 0.25, without quotes"},
		{"okta.rate_share", `100%`, "write 1, without quotes"},
		{"okta.rate_share", `0%`, share},
		{"okta.rate_share", `"2"`, share},
		{"guard.creations.count", `"25"`, "write 25, without quotes"},
		{"guard.creations.count", `25%`, count},
		{"guard.creations.count", `2.5`, count},
		{"guard.creations.count", `"2.5"`, count},
		{"guard.creations.count", `true`, count},
		{"guard.creations.count", `~`, count},
		{"users.protected", `5`, `write a list such as ["..."], or []`},
		{"omni.requests_per_minute", `60/min`, "give a number from 1 to 100000"},
		{"omni.requests_per_minute", `60.0`, "give a number from 1 to 100000"},
	}
	for _, tt := range tests {
		_, _, err := configs.Parse([]byte(with(tt.path, tt.value)), "f", nil)
		if f := faultsOf(t, err); len(f) != 1 || f[0].Path != tt.path || f[0].Mend != tt.mend {
			t.Errorf("%s: %s: %v\nwant %q", tt.path, tt.value, err, tt.mend)
		}
	}
}

package configs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	want := `syncd.yaml:1: name: "a/b" can't be part of Redis keys and file names; use up to 63 letters, digits, - _ and . and begin with a letter or digit
syncd.yaml:3: okta.org_url: is http://, which is accepted for this machine only; write the org's address, such as https://acme.okta.com
syncd.yaml:4: okta.app_id: is a number where text belongs; put it in quotes: "0123"
syncd.yaml:5: okta.auth.api_token: is not a reference, and a secret must not stand in the configuration; write ${env:NAME} and set that variable, or ${file:PATH}; if this was a real secret, replace it
syncd.yaml:6: okta.rate_shar: unknown key; did you mean rate_share?
syncd.yaml:8: omni.base_url: contains /api; write the login URL without /api
syncd.yaml:9: omni.api_keys[1]: is the same as one before; remove it: the allowances of different keys add up, one key's doesn't
syncd.yaml:11: users.suspended: "keeep" is not known; write one of keep, deactivate; did you mean keep?
syncd.yaml:13: deprovision.grace: "30d": days and weeks are not known, hours are the largest unit; write 720h
syncd.yaml:14: deprovision.grace: stands here twice, first in line 13; remove one
syncd.yaml:15: guard: is a list where keys with values belong; write window: and such below it, indented
syncd.yaml:16: api_keys: unknown key; did you mean omni.api_keys?
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
		want := "name okta.app_id okta.auth.api_token okta.org_url omni.api_keys omni.base_url"
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
		{"okta.app_id", `a/b`, "is not an id"},
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
		{"groups.adopt", `Auto`, "did you mean auto?"},
		{"deprovision.grace", `-1h`, "is negative"},
		{"deprovision.grace", `5`, "has no unit"},
		{"deprovision.grace", `2 weeks`, "write 336h"},
		{"deprovision.grace", `soon`, "is not a duration"},
		{"guard.window", `0s`, "longer than nothing"},
		{"guard.creations.percent", `101`, "101 is too large"},
		{"guard.creations.count", `-1`, "-1 is too small"},
		{"guard.creations.per_group", `1`, "unknown key"},
		{"scim.listen", `":8181"`, "unknown key"},
		{"console.listen", `0.0.0.0:8180`, "needs TLS"},
		{"console.listen", `":8180"`, "needs TLS"},
		{"console.listen", `console.acme.com:8180`, "needs TLS"},
		{"console.listen", `127.0.0.1`, "is not an address with a port"},
		{"console.listen", `127.0.0.1:http`, "is not a port"},
	}
	for _, tt := range tests {
		t.Run(tt.path+"="+tt.value, func(t *testing.T) {
			text := with(strings.TrimRight(tt.path, "[01]"), tt.value)
			_, _, err := configs.Parse([]byte(text), "f", nil)
			faults := faultsOf(t, err)
			wanted := strings.HasPrefix(tt.path, faults[0].Path) // an unknown section hides its keys
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

// with gives the minimal configuration, as YAML, with one key set to a value.
func with(path, value string) string {
	head, rest, nested := strings.Cut(path, ".")
	var kept []string
	skip := false
	for line := range strings.SplitSeq(strings.TrimSpace(minimal), "\n") {
		key := strings.TrimSpace(line)
		top := !strings.HasPrefix(line, " ")
		switch {
		case !nested && top:
			skip = strings.HasPrefix(key, head+":")
		case nested && top && strings.HasPrefix(key, head+":"):
			skip = false
			kept = append(kept, line, indented(rest, value))
			continue
		case nested && !top:
			skip = strings.HasPrefix(key, rest[strings.LastIndex(rest, ".")+1:]+":") || strings.HasPrefix(rest, "auth") && key == "auth:"
		case nested:
			skip = false
		}
		if !skip {
			kept = append(kept, line)
		}
	}
	text := strings.Join(kept, "\n") + "\n"
	if !strings.Contains(text, "\n"+head+":") || !nested {
		text += indentedAt(path, value, 0)
	}
	return text
}

func indented(path, value string) string { return strings.TrimRight(indentedAt(path, value, 1), "\n") }

func indentedAt(path, value string, depth int) string {
	var b strings.Builder
	for name := range strings.SplitSeq(path, ".") {
		fmt.Fprintf(&b, "\n%s%s:", strings.Repeat("  ", depth), name)
		depth++
	}
	return strings.TrimPrefix(b.String(), "\n") + " " + value + "\n"
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
		{"name: *nowhere\n", "not valid YAML", 0},
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
	if faults := faultsOf(t, err); len(faults) != 1 || faults[0].Line != 9 || !strings.Contains(faults[0].Mend, "stands in quotes") {
		t.Errorf("faults %v", err)
	}
}

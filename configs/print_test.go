package configs_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/configs"
)

func printed(t testing.TB, c *configs.Config) string {
	t.Helper()
	var out bytes.Buffer
	if err := configs.Print(&out, c); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPrintCanBeLoaded(t *testing.T) {
	for name, text := range map[string]string{
		"minimal": minimal,
		"an app":  withApp,
		"odd values": minimal + `users: {scope: "has(user.x)", attributes: {a.b: "1", "null": "~", c: "x: #y"}, protected: ["*", "[a]"]}
schedule: {full: "", timezone: Europe/Berlin}
deprovision: {grace: 90m, grace_deactivated: 1h0m1s, settle: 1500ms}
state: {url: "${file:/run/redis url}"}
log: {level: "error"}
`} {
		t.Run(name, func(t *testing.T) {
			c := parse(t, text)
			out := printed(t, c)
			if diff := cmp.Diff(c, parse(t, out)); diff != "" {
				t.Errorf("(-want +got)\n%s\nprinted:\n%s", diff, out)
			}
			if again := printed(t, parse(t, out)); again != out {
				t.Errorf("printed twice:\n%s\n%s", out, again)
			}
		})
	}
}

// TestPrintedTextsLoad holds texts that a YAML library is known to write in a
// way that it can't read.
func TestPrintedTextsLoad(t *testing.T) {
	for _, text := range []string{" a\n", "\na", "\ta\nb", "a\n b\n", "a\n\n", "# a\n", "- a", "~", "a: b", "'", "\"", "|", "\u00a0\na", "\x7f", "\r\na", "0o7", "=", "<<"} {
		c := parse(t, minimal)
		c.Users.Scope, c.Users.Protected = text, []string{text, text}
		c.Users.Attributes = map[string]string{text: text}
		if diff := cmp.Diff(c, parse(t, printed(t, c))); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	}
}

func TestPrintReadsWell(t *testing.T) {
	out := printed(t, parse(t, minimal))
	for _, want := range []string{"name: acme\nokta:\n  org_url: https://acme.okta.com\n", "    api_token: ${env:OKTA_API_TOKEN}\n", "  grace: 24h\n", "  grace_deactivated: 0s\n", "  rate_share: 0.25\n", "  deactivations:\n    count: 25\n    percent: 5\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
}

func TestStoreURL(t *testing.T) {
	tests := []struct{ url, kind, address, shown string }{
		{"bolt://syncd.db", configs.Bolt, "syncd.db", "bolt://syncd.db"},
		{"bolt:///var/lib/a b.db", configs.Bolt, "/var/lib/a b.db", "bolt:///var/lib/a b.db"},
		{"bolt://a@b:c%20", configs.Bolt, "a@b:c%20", "bolt://a@b:c%20"},
		{"redis://h:6379/0", configs.Redis, "redis://h:6379/0", "redis://h:6379/0"},
		{"redis://user@h", configs.Redis, "redis://user@h", "redis://user@h"},
		{"redis://:pw@h/1", configs.Redis, "redis://:pw@h/1", "redis://:***@h/1"},
		{"rediss://u:p%40w@h", configs.Redis, "rediss://u:p%40w@h", "rediss://u:***@h"},
		{"redis://h?password=pw", configs.Redis, "redis://h?password=pw", "redis://***"},
		{"${env:URL}", configs.Redis, "redis://:pw@h", "${env:URL}"},
	}
	for _, tt := range tests {
		c := parse(t, with("state.url", `"`+tt.url+`"`), "URL=redis://:pw@h")
		kind, address, err := c.State.Backend()
		if kind != tt.kind || address != tt.address || err != nil || c.State.URL.String() != tt.shown {
			t.Errorf("%s: %q, %q, %v, shown as %q; want %q, %q, shown as %q", tt.url, kind, address, err, c.State.URL, tt.kind, tt.address, tt.shown)
		}
	}
	if _, _, err := parse(t, with("state.url", `"${env:URL}"`)).State.Backend(); err == nil {
		t.Error("a URL whose variable isn't set resolves")
	}
}

// FuzzParse: whatever stands in the file, the answer is a configuration that
// prints and loads as itself, or faults that each say something.
func FuzzParse(f *testing.F) {
	f.Add(minimal, "SYNCD_LOG_LEVEL=warn")
	f.Add(minimal+"guard: &g {creations: *g}\n", "SYNCD_GUARD=[")
	f.Add("a: &a [*a]\n", "SYNCD_USERS_ATTRIBUTES={\"a\": \"b\"}")
	f.Add("<<: {name: x}\n? [a]\n: b\n", "SYNCD_SCHEDULE_FULL=TZ=UTC")
	f.Add(withApp+"groups: {match: [\"*\"]}\n", "SYNCD_OKTA_AUTH_OAUTH_PRIVATE_KEY=-----BEGIN\n")
	f.Add("name:acme\n\tokta: @x\n", "SYNCD_GUARD_CREATIONS_PERCENT=5%")
	f.Add(with("schedule.full", `"*/0 0-99999999999 * * *"`), "SYNCD_STATE_URL=redis://:p@[::1")
	f.Fuzz(func(t *testing.T, text, variable string) {
		c, _, err := configs.Parse([]byte(text), "f", []string{variable})
		if err != nil {
			for _, fault := range faultsOf(t, err) {
				if fault.Message == "" || fault.Mend == "" || fault.Line < 0 || fault.Column > 0 && fault.Line == 0 {
					t.Fatalf("fault %#v tells too little", fault)
				}
			}
			return
		}
		out := printed(t, c)
		if strings.Contains(out, "***") {
			return
		}
		if d, _, err := configs.Parse([]byte(out), "f", nil); err != nil || !cmp.Equal(c, d) {
			t.Fatalf("printed, it loads as something else: %v\n%s", err, out)
		}
	})
}

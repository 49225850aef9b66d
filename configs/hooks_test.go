package configs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/configs"
)

// TestHooksListener: another address than a loopback one needs a certificate or a
// proxy; at the SCIM endpoint's address those of the endpoint hold.
func TestHooksListener(t *testing.T) {
	const (
		pair   = `tls: {cert_file: c, key_file: k}`
		shared = `hooks: {listen: ":1", `
	)
	tests := []struct{ text, want string }{
		{`hooks: {listen: "127.0.0.1:8182"}`, ""},
		{`hooks: {listen: ":8182", behind_proxy: true}`, ""},
		{`hooks: {listen: ":8182", ` + pair + `}`, ""},
		{`hooks: {listen: "", secret: "${env:H}", behind_proxy: true}`, ""},
		{`hooks: {path: /scim/v2}`, ""},
		{`scim: {listen: "127.0.0.1:1"}` + "\n" + `hooks: {listen: "127.0.0.1:1"}`, ""},
		{`scim: {listen: ":1", behind_proxy: true}` + "\n" + shared + `}`, ""},
		{`scim: {listen: ":1", behind_proxy: true}` + "\n" + shared + `behind_proxy: true}`, ""},
		{`scim: {listen: ":1", ` + pair + `}` + "\n" + shared + pair + `}`, ""},
		{`scim: {listen: ":2", behind_proxy: true}` + "\n" + shared + `path: /scim/v2/x, behind_proxy: true}`, ""},
		{`scim: {listen: ":1", behind_proxy: true}` + "\n" + shared + pair + `}`,
			"f:11:23: hooks.tls: hooks share the listener of scim.listen, and its certificate is scim.tls; remove hooks.tls, or give hooks.listen another port"},
		{`scim: {listen: ":1", ` + pair + `}` + "\n" + shared + `behind_proxy: true}`,
			"f:11:37: hooks.behind_proxy: hooks share the listener of scim.listen, and scim.behind_proxy is false; write it there, or give hooks.listen another port"},
		{`scim: {listen: ":1", behind_proxy: true}` + "\n" + shared + `path: /scim/v2/hooks}`,
			`f:11:29: hooks.path: "/scim/v2/hooks" belongs to scim.base_path, and both share a listener; write a path such as /okta/events`},
		{`scim: {listen: ":1", behind_proxy: true}` + "\n" + shared + `path: /scim/v2}`, `belongs to scim.base_path`},
		{`schedule: {delta: "", full: "", reconcile: ""}` + "\n" + `hooks: {listen: "127.0.0.1:1"}`,
			`f:11:17: hooks.listen: needs a schedule: an event hook may be lost, and nothing would make up for it; write schedule.delta: "@every 30s", or "" here for no event hooks`},
	}
	for _, tt := range tests {
		_, _, err := configs.Parse([]byte(minimal+tt.text+"\n"), "f", nil)
		if got := fmt.Sprint(err); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(got, tt.want) {
			t.Errorf("%s\n%v\nwant %s", tt.text, err, tt.want)
		}
	}
}

// TestHooksNeedPull: with push alone a hook could only be looked at in vain.
func TestHooksNeedPull(t *testing.T) {
	text := pushOnly + "  listen: 127.0.0.1:8181\nhooks: {listen: \"127.0.0.1:8181\"}\n"
	_, _, err := configs.Parse([]byte(text), "f", nil)
	f := faultsOf(t, err)
	if len(f) != 1 || f[0].Path != "hooks.listen" || f[0].Line == 0 || !strings.HasPrefix(f[0].Message, "needs okta.auth") {
		t.Errorf("%v", err)
	}
}

func TestWhetherHooksAreOn(t *testing.T) {
	for text, want := range map[string][2]bool{
		"":                               {false, false},
		`hooks: {listen: "127.0.0.1:1"}`: {true, false},
		`scim: {listen: "127.0.0.1:1"}`:  {false, false},
		"scim: {listen: \"127.0.0.1:1\"}\nhooks: {listen: \"127.0.0.1:1\"}": {true, true},
		"scim: {listen: \"127.0.0.1:1\"}\nhooks: {listen: \"127.0.0.1:2\"}": {true, false},
	} {
		c := parse(t, minimal+text+"\n")
		if got := [2]bool{c.HooksOn(), c.HooksShared()}; got != want {
			t.Errorf("%s: on, shared: %v, want %v", text, got, want)
		}
	}
}

// TestSecretOfHooks is asked for only where they are on, and never repeated.
func TestSecretOfHooks(t *testing.T) {
	const on = "hooks: {listen: \"127.0.0.1:1\"}\n"
	const good = "s3cret-of-the-event-hooks"
	const at, held = "f:10:1: hooks.secret: ", "what ${env:OKTA_HOOK_SECRET} holds "
	tests := []struct{ name, text, value, want string }{
		{"off", "", "", ""},
		{"on", on, good, ""},
		{"absent", on, "", at + "environment variable OKTA_HOOK_SECRET is not set or empty; set it, or change the reference ${env:OKTA_HOOK_SECRET}"},
		{"short", on, "s3cret", at + held + "is shorter than 20 characters; make a new one, such as with: openssl rand -hex 32"},
		{"not for a header", on, good + "é", at + held + "has a character that no HTTP header can carry; make a new one of letters and digits, such as with: openssl rand -hex 32"},
		{"with its word", on, "Bearer " + good, at + held + "begins with Bearer; keep what follows it: Okta writes Bearer itself"},
		{"another's", on, "the-token-of-okta-itself", at + "holds the same secret as okta.auth.api_token; give each its own, or remove one"},
	}
	for _, tt := range tests {
		got := secretFaults(minimal+tt.text, "OKTA_API_TOKEN=the-token-of-okta-itself", "OMNI_API_KEY=k", "OKTA_HOOK_SECRET="+tt.value)
		if got != tt.want || strings.Contains(got, "s3cret") {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// TestCertificateOfHooks is looked at where the listener is theirs alone.
func TestCertificateOfHooks(t *testing.T) {
	dir := t.TempDir()
	cert, key := pair(t, dir, "one")
	tests := []struct{ listen, key, want string }{
		{":1", key, ""},
		{":1", dir + "/none", "no such file"},
		{"", dir + "/none", ""},
	}
	for _, tt := range tests {
		text := minimal + fmt.Sprintf("hooks: {listen: %q, secret: \"${env:H}\", tls: {cert_file: %q, key_file: %q}}\n", tt.listen, cert, tt.key)
		got := secretFaults(text, "OKTA_API_TOKEN=t", "OMNI_API_KEY=k", "H=s3cret-of-the-event-hooks")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) || got != "" && !strings.Contains(got, "hooks.tls: the certificate can't be used") {
			t.Errorf("%v: %s", tt, got)
		}
	}
}

package configs_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/configs"
)

// TestFirstHour makes the slips of somebody who writes the file for the first
// time, each in the minimal configuration. Each is told with its place and with
// what to write instead, and nothing that may be a secret is repeated.
func TestFirstHour(t *testing.T) {
	const (
		org, base = "https://acme.okta.com", "https://acme.omniapp.co"
		id, token = "0oa1gjh63g214q0Hq0g4", "${env:OKTA_API_TOKEN}"
		keys      = `["${env:OMNI_API_KEY}"]`
		auth      = "api_token: " + token
		next      = "omni:"
	)
	tests := []struct{ old, new, want string }{
		{org, "http://acme.okta.com",
			"f:3:12: okta.org_url: is http://, which is accepted for this machine only; write https://acme.okta.com"},
		{org, "https://acme-admin.okta.com",
			"f:3:12: okta.org_url: is the address of the admin console; write https://acme.okta.com"},
		{org, "https://acme-admin.okta-emea.com/admin/apps/active",
			"f:3:12: okta.org_url: is the address of the admin console; write https://acme.okta-emea.com"},
		{org, "https://acme.okta.com/app/UserHome?x=1",
			"f:3:12: okta.org_url: has a query or fragment; write https://acme.okta.com"},
		{org, "https://acme.okta.com/oauth2/default",
			"f:3:12: okta.org_url: has a path; write https://acme.okta.com"},
		{org, "acme.okta.com",
			"f:3:12: okta.org_url: is not a URL with a host; write https://acme.okta.com"},
		{org, "00AbCdEfGh1234567890AbCdEfGh1234567890abcd",
			"f:3:12: okta.org_url: is not a URL with a host; write the org's address, such as https://acme.okta.com"},
		{org, "${env:OKTA_ORG_URL}",
			"f:3:12: okta.org_url: is a reference, which only secrets and state.url may be; write the value itself, or set SYNCD_OKTA_ORG_URL"},
		{id, "Omni",
			`f:4:11: okta.app_id: "Omni" is not the id of an app, which begins with 0oa; it stands in the address of the app's page in Okta's admin console, after /instance/, such as 0oa1gjh63g214q0Hq0g4`},
		{id, "Omni (SCIM)",
			`f:4:11: okta.app_id: "Omni (SCIM)" is not the id of an app, which begins with 0oa; it stands in the address of the app's page in Okta's admin console, after /instance/, such as 0oa1gjh63g214q0Hq0g4`},
		{id, "https://acme-admin.okta.com/admin/app/scim2headerauth/instance/0oa1gjh63g214q0Hq0g4/#tab-general",
			"f:4:11: okta.app_id: is an address; write the id that it holds: 0oa1gjh63g214q0Hq0g4"},
		{id, "https://acme.okta.com/home/scim2headerauth/0oa1gjh63g214q0Hq0g4/aln1a2b3c4",
			"f:4:11: okta.app_id: is an address; write the id that it holds: 0oa1gjh63g214q0Hq0g4"},
		{id, "https://acme.okta.com/",
			`f:4:11: okta.app_id: "https://acme.okta.com/" is not the id of an app, which begins with 0oa; it stands in the address of the app's page in Okta's admin console, after /instance/, such as 0oa1gjh63g214q0Hq0g4`},
		{base, "https://acme.omniapp.co/api/v1/",
			"f:8:13: omni.base_url: contains /api; write https://acme.omniapp.co"},
		{base, "acme.omniapp.co",
			"f:8:13: omni.base_url: is not a URL with a host; write https://acme.omniapp.co"},
		{base, "http://proxy.acme.com/omni/api/scim/v2",
			"f:8:13: omni.base_url: is http://, which is accepted for this machine only; write https://proxy.acme.com/omni"},
		{token, "00AbCdEf-SECRET",
			"f:6:16: okta.auth.api_token: is not a reference, and a secret must not stand in the configuration; write ${env:NAME} and set that variable, or ${file:PATH}; if this was a real secret, replace it"},
		{token, "$OKTA_API_TOKEN",
			"f:6:16: okta.auth.api_token: is not a reference; write ${env:OKTA_API_TOKEN}"},
		{token, `"${OKTA_API_TOKEN}"`,
			"f:6:16: okta.auth.api_token: is not a reference; write ${env:OKTA_API_TOKEN}"},
		{token, `"${env: OKTA_API_TOKEN}"`,
			"f:6:16: okta.auth.api_token: is not a reference; write ${env:OKTA_API_TOKEN}"},
		{token, "/run/secrets/okta",
			"f:6:16: okta.auth.api_token: is not a reference, and a secret must not stand in the configuration; write ${env:NAME} and set that variable, or ${file:PATH}; if this was a real secret, replace it"},
		{keys, "omni_osk_SECRET",
			`f:9:13: omni.api_keys: is text where a list belongs; write ["${env:NAME}"]; if a real secret stands here, replace it`},
		{keys, "[omni_osk_SECRET]",
			"f:9:14: omni.api_keys[0]: is not a reference, and a secret must not stand in the configuration; write ${env:NAME} and set that variable, or ${file:PATH}; if this was a real secret, replace it"},
		{keys, "${env:OMNI_API_KEY}",
			`f:9:13: omni.api_keys: is text where a list belongs; write ["${env:OMNI_API_KEY}"]`},
		{keys, "[${env:OMNI_API_KEY}]",
			`f:9:14: not valid YAML: ${...} stands inside [ ] or { } without quotes; put it in quotes: "${env:NAME}"`},
		{auth, "oauth:\n      client_id: 0oa2\n      private_key: |\n        -----BEGIN PRIVATE KEY-----\n        SECRET\n        -----END PRIVATE KEY-----",
			"f:8:20: okta.auth.oauth.private_key: is a key, and a secret must not stand in the configuration; save it in a file that only syncd may read, write ${file:PATH}, and replace the key in Okta"},
		{auth, "oauth:\n      client_id: 0oa2\n      private_key: -----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----",
			"f:8:20: not valid YAML: a private key stands here, and a secret must not stand in the configuration; save it in a file that only syncd may read, write ${file:PATH}, and replace the key in Okta"},
		{auth, "oauth:\n      client_id: 0oa2\n      private_key: -----BEGIN PRIVATE KEY-----\n        SECRET\n        -----END PRIVATE KEY-----",
			"f:8:20: okta.auth.oauth.private_key: is a key, and a secret must not stand in the configuration; save it in a file that only syncd may read, write ${file:PATH}, and replace the key in Okta"},
		{auth, "oauth:\n      client_id: 0oa2\n      private_key: {kty: RSA, d: SECRET}",
			`f:8:20: okta.auth.oauth.private_key: is a map where a reference to a secret belongs; write "${env:NAME}" in quotes; if a real secret stands here, replace it`},
		{auth, `oauth: {client_id: 0oa1gjh63g214q0Hq0g4, private_key: "${file:okta.pem}"}`,
			"f:6:24: okta.auth.oauth.client_id: is the same as okta.app_id; write the id of the API Services app that reads here, and of the app whose assignments are read there"},
		{auth, "oauth: {client_id: \"-----BEGIN SECRET KEY-----\\nx\", private_key: \"${file:okta.pem}\"}",
			"f:6:24: okta.auth.oauth.client_id: what stands here is not a client id; copy it from the General tab of the API Services app in Okta's admin console"},
		{auth, "oauth: {client_id: 0oa2, private_key: ${file:okta.pem}}",
			`f:6:43: not valid YAML: ${...} stands inside [ ] or { } without quotes; put it in quotes: "${env:NAME}"`},
		{"  app_id", "\tapp_id",
			"f:4:1: not valid YAML: the line is indented by a tab; indent by spaces"},
		{"  org_url", "\torg_url",
			"f:3:1: not valid YAML: the line is indented by a tab; indent by spaces"},
		{"  app_id", " app_id",
			`f:4: not valid YAML: did not find expected key; put a value that holds ": " or begins with a sign in quotes, close every quote, and indent the keys of a section alike`},
		{"  app_id", "  org_url: https://b.okta.com\n  app_id",
			"f:4:3: okta.org_url: stands here twice, first in line 3; remove one"},
		{next, "deprovision: {grace: 24}\nomni:",
			"f:7:22: deprovision.grace: 24 has no unit; write 24s for seconds, 24m for minutes or 24h for hours"},
		{next, "deprovision: {grace: 1d}\nomni:",
			`f:7:22: deprovision.grace: "1d": days and weeks are not known, hours are the largest unit; write 24h`},
		{next, "deprovision: {grace: \"24:00\"}\nomni:",
			`f:7:22: deprovision.grace: "24:00" is not a duration; write a duration such as 24h, 90m or 10s`},
		{next, "guard: {deactivations: {percent: 5%}}\nomni:",
			"f:7:34: guard.deactivations.percent: is text where a number belongs; write 5, without quotes"},
		{next, "guard: {deactivations: {percent: \"5\"}}\nomni:",
			"f:7:34: guard.deactivations.percent: is text where a number belongs; write 5, without quotes"},
		{next, "guard: {deactivations: {count: 5%}}\nomni:",
			"f:7:32: guard.deactivations.count: is text where a whole number belongs; give a number from 0"},
		{next, "guard: {deactivations: {count: \"5\"}}\nomni:",
			"f:7:32: guard.deactivations.count: is text where a whole number belongs; write 5, without quotes"},
		{next, "guard: {deactivations: 5}\nomni:",
			"f:7:24: guard.deactivations: is a number where keys with values belong; write count: and such below it, indented"},
		{"  app_id", "  rate_share: 25%\n  app_id",
			"f:4:15: okta.rate_share: is text where a number belongs; write 0.25, without quotes"},
		{"  app_id", "  rate_share: 0,5\n  app_id",
			"f:4:15: okta.rate_share: is text where a number belongs; write 0.5, without quotes"},
		{"  app_id", "  rate_share: 25\n  app_id",
			"f:4:15: okta.rate_share: 25 is too large; give a number from 0.01 to 1"},
		{next, "schedule: {full: \"0 */5 * * * *\"}\nomni:",
			`f:7:18: schedule.full: "0 */5 * * * *" has six fields, and there is none for seconds; write "*/5 * * * *"`},
		{next, "schedule:\n  full: */5 * * * *\nomni:",
			"f:8:9: not valid YAML: the value begins with a character that YAML keeps for itself; put the value in quotes"},
		{next, "schedule:\n  full: @hourly\nomni:",
			"f:8:9: not valid YAML: the value begins with a character that YAML keeps for itself; put the value in quotes"},
		{next, "schedule: {full: hourly}\nomni:",
			`f:7:18: schedule.full: "hourly" is not a cron expression: expected exactly 5 fields, found 1: [hourly]; write five fields, such as "0 * * * *", or "@every 10m", or "" for never`},
		{next, "schedule: {timezone: Berlin}\nomni:",
			`f:7:22: schedule.timezone: "Berlin" is not a known time zone; write UTC, Local or a name such as Europe/Berlin`},
		{next, "schedule: {timezone: UTC+2}\nomni:",
			`f:7:22: schedule.timezone: "UTC+2" is not a known time zone; write UTC, Local or a name such as Europe/Berlin`},
		{next, "users: {protected: [*@acme.com]}\nomni:",
			"f:7:21: not valid YAML: the value begins with a character that YAML keeps for itself; put the value in quotes"},
		{next, "users: {protected: admin@acme.com}\nomni:",
			`f:7:20: users.protected: is text where a list belongs; write ["admin@acme.com"]`},
		{next, "groups: {match: Engineering}\nomni:",
			`f:7:17: groups.match: is text where a list belongs; write ["Engineering"]`},
		{next, "users: {scope: true}\nomni:",
			`f:7:16: users.scope: is true or false where text belongs; put it in quotes: "true"`},
		{next, "users:\n  scope: user.x == \"a\": b\nomni:",
			`f:8: not valid YAML: mapping values are not allowed in this context; put a value that holds ": " or begins with a sign in quotes, close every quote, and indent the keys of a section alike`},
		{base, `"https://acme.omniapp.co`,
			`f:8: not valid YAML: did not find expected key; put a value that holds ": " or begins with a sign in quotes, close every quote, and indent the keys of a section alike`},
		{"name: acme", "name: Acme Inc.",
			`f:1:7: name: "Acme Inc." can't be part of Redis keys and file names; use 1 to 63 of A-Z a-z 0-9 . _ and -`},
		{"name: acme", "name: acme:prod",
			`f:1:7: name: "acme:prod" can't be part of Redis keys and file names; use 1 to 63 of A-Z a-z 0-9 . _ and -`},
		{"org_url", "orgurl",
			"f:2:1: okta.org_url: is missing; write the org's address, such as https://acme.okta.com\nf:3:3: okta.orgurl: unknown key; did you mean org_url?"},
		{"base_url", "url",
			"f:7:1: omni.base_url: is missing; write the login URL, such as https://acme.omniapp.co\nf:8:3: omni.url: unknown key; did you mean base_url?"},
		{"name: acme", "name:acme",
			"f:1:5: not valid YAML: no space follows the colon; write key: value, with a space"},
		{"    api_token", "    oauth: {client_id: 0oa2, private_key: \"${env:K}\"}\n    api_token",
			"f:5:3: okta.auth: holds both api_token and oauth; keep one, and remove the other; oauth doesn't end when the token's owner leaves"},
	}
	for _, tt := range tests {
		t.Run(tt.new, func(t *testing.T) {
			text := strings.Replace(minimal, tt.old, tt.new, 1)
			_, _, err := configs.Parse([]byte(text), "f", nil)
			faultsOf(t, err)
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if strings.Contains(err.Error(), "SECRET") || text == minimal {
				t.Errorf("the fault repeats what may be a secret, or nothing was changed: %v", err)
			}
		})
	}
}

package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/configs"
)

func TestHandoverFaults(t *testing.T) {
	const redis = "state: {url: redis://h, archive: \"\"}\n"
	tests := []struct{ text, want string }{ // want: all faults; "" for none
		{"deprovision: {handover: {schedules: transfer}}", "deprovision.handover.to: is empty, and somebody must take over where something is transferred; write who does"},
		{"deprovision: {handover: {documents: transfer, to: []}}", "deprovision.handover.to: is empty"},
		{"deprovision: {handover: {documents: transfer, to: [user.managerEmail]}}", ""},
		{"deprovision: {handover: {to: [a@b.c]}}", ""},
		{"deprovision: {handover: {within: 0s}}", "deprovision.handover.within: must be longer than nothing; write a duration such as 168h"},
		{"deprovision: {keep: 0}", "deprovision.keep: must be longer than nothing; write a duration such as 2160h"},
		{"deprovision: {handover: {schedules: transfers}}", "did you mean transfer?"},
		{"deprovision: {handover: {same_attributes: [region]}}", "same_attributes[0]: \"region\" is not in users.attributes; give it an expression in users.attributes"},
		{"users: {attributes: {region: user.region}}\ndeprovision: {handover: {same_attributes: [region]}}", ""},
		{"users: {attributes: {region: user.region}}\ndeprovision: {handover: {same_attributes: [region, regoin]}}", "same_attributes[1]: \"regoin\" is not in users.attributes; did you mean region?"},
		{redis, "state.key: is missing: what leavers own is saved encrypted, and with Redis and no archive"},
		{redis + "deprovision: {handover: {schedules: none}}", ""},
		{redis + "deprovision: {handover: {schedules: none, documents: save}}", "state.key: is missing"},
		{redis + "deprovision: {handover: {schedules: transfer, to: [a@b.c]}}", "state.key: is missing"},
		{redis + "deprovision: {action: none}", ""},
		{"state: {url: redis://h, archive: \"\", key: \"${env:K}\"}", ""},
		{"state: {url: redis://h}", ""},
		{"state: {archive: \"\"}", ""},
		{"state: {key: abcdefghijklmnopqrstuvwxyz0123456789}", "state.key: is not a reference"},
	}
	for _, tt := range tests {
		_, _, err := configs.Parse([]byte(minimal+tt.text), "f", nil)
		if told := words(err); (told == "") != (tt.want == "") || !strings.Contains(told, tt.want) || strings.Contains(told, "\n") {
			t.Errorf("%s: %q, want %q", tt.text, told, tt.want)
		}
	}
}

func words(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestKeyOwners(t *testing.T) {
	tests := []struct{ owners, want string }{
		{"[]", ""},
		{"[ann@acme.com]", ""},
		{`["", ann@acme.com]`, ""},
		{"[a@b.c, b@b.c, c@b.c]", "omni.key_owners[2]: has no key beside it; write one owner for each of omni.api_keys"},
		{"[Ann]", `omni.key_owners[0]: "Ann" is not an email address`},
		{`["Ann <a@b.c>"]`, "is not an email address"},
	}
	for _, tt := range tests {
		text := strings.Replace(minimal, `["${env:OMNI_API_KEY}"]`, `["${env:A}", "${env:B}"]`+"\n  key_owners: "+tt.owners, 1)
		_, _, err := configs.Parse([]byte(text), "f", nil)
		if told := words(err); (told == "") != (tt.want == "") || !strings.Contains(told, tt.want) {
			t.Errorf("%s: %q, want %q", tt.owners, told, tt.want)
		}
	}
}

// TestKeysOfWhatIsSaved: what state.key holds is judged at the start, and again each
// time that it is wanted; no part of it is told.
func TestKeysOfWhatIsSaved(t *testing.T) {
	long := strings.Repeat("s3cret", 6)
	const what = "f:11:8: state.key: what ${env:K} holds "
	tests := []struct{ key, want string }{
		{long, ""},
		{"\n " + long + "\r\n\n" + long + "2 with words\n", ""},
		{"s3cret", what + "has a key of less than 32 characters, in line 1; make one, such as with: openssl rand -hex 32"},
		{long + "\n\ns3cret\n", what + "has a key of less than 32 characters, in line 3; make one"},
		{strings.Repeat("é", 31), what + "has a key of less than 32 characters"},
		{" \n", what + "is blank"},
		{"", "f:11:8: state.key: environment variable K is not set or empty"},
		{`"` + long + `"`, what + "stands in quotes"},
		{"-----BEGIN PRIVATE KEY-----\n" + long, what + "is a key in PEM form"},
		{"omni_osk_abcdefghijklmnopqrstuvwxyz0123456789", "state.key: holds the same secret as omni.api_keys[0]; give each its own, or remove one"},
	}
	for _, tt := range tests {
		environ := []string{"OKTA_API_TOKEN=t", "OMNI_API_KEY=omni_osk_abcdefghijklmnopqrstuvwxyz0123456789", "K=" + tt.key}
		text := minimal + "state:\n  key: ${env:K}\n"
		told := secretFaults(text, environ...)
		if (told == "") != (tt.want == "") || !strings.Contains(told, tt.want) || strings.Contains(told, "s3cret") || strings.HasSuffix(told, "doesn't") {
			t.Errorf("%q: %s\nwant\n%s", tt.key, told, tt.want)
		}
		got, err := parse(t, text, environ...).State.Keys()
		if sound := tt.want == "" || strings.Contains(tt.want, "the same secret") || strings.Contains(tt.want, "quotes"); (err == nil) != sound || sound && got != tt.key || err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: Keys() = %q, %v", tt.key, got, err)
		}
	}
	if got, err := parse(t, minimal).State.Keys(); got != "" || err != nil {
		t.Errorf("without state.key: %q, %v", got, err)
	}
}

// TestKeysAreReadAnew: a key that is added to the file opens at once.
func TestKeysAreReadAnew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "k")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := parse(t, minimal+"state: {key: \"${file:"+file+"}\"}\n")
	for _, text := range []string{strings.Repeat("a", 32), strings.Repeat("b", 32) + "\n" + strings.Repeat("a", 32)} {
		write(text + "\n")
		if got, err := c.State.Keys(); got != text || err != nil {
			t.Errorf("Keys() = %q, %v; want %q", got, err, text)
		}
	}
}

// TestKeyForARedisByReference: which store it is, is known once the secrets are.
func TestKeyForARedisByReference(t *testing.T) {
	text := minimal + "state: {url: \"${env:URL}\", archive: \"\"}\n"
	for url, want := range map[string]string{"redis://h": "f:10:1: state.key: is missing", "bolt://x": ""} {
		told := secretFaults(text, "OKTA_API_TOKEN=t", "OMNI_API_KEY=k", "URL="+url)
		if (told == "") != (want == "") || !strings.HasPrefix(told, want) {
			t.Errorf("%s: %q, want %q", url, told, want)
		}
	}
}

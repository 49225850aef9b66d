package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/configs"
)

// secretFaults gives what the check Secrets says, a line each.
func secretFaults(text string, environ ...string) string {
	_, _, err := configs.Parse([]byte(text), "f", environ, configs.Secrets)
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestFileOfASecret(t *testing.T) {
	t.Chdir(t.TempDir())
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, mode os.FileMode) string {
		path := filepath.Join(wd, name)
		if err := os.WriteFile(path, []byte("-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n"), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("okta.pem", 0o600)
	closed := write("closed.pem", 0)
	tests := []struct{ file, want string }{
		{wd + "/okta.pem", ""},
		{"okta.pem", ""},
		{"keys/okta.pem", "file keys/okta.pem does not exist; write its whole path: this one begins at the working directory, which is " + wd},
		{wd + "/none", "file " + wd + "/none does not exist; put the secret there, or change the reference ${file:" + wd + "/none}"},
		{wd, wd + " is a directory, not a file; name the file in it"},
		{closed, "secret can't be read: open " + closed + ": permission denied; let the user that runs syncd read it, and nobody else"},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			want := tt.want
			if want != "" {
				want = "f:6:43: okta.auth.oauth.private_key: " + want
			}
			if _, err := os.ReadFile(tt.file); tt.file == closed && err == nil {
				want = "" // root reads everything
			}
			text := strings.Replace(withApp, "/run/okta.pem", tt.file, 1)
			if got := secretFaults(text, "OMNI_API_KEY=k"); got != want {
				t.Errorf("%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestSecretCopiedWrong holds what people copy along with a secret.
func TestSecretCopiedWrong(t *testing.T) {
	const token, key = "f:6:16: okta.auth.api_token: what ${env:OKTA_API_TOKEN} holds ", "f:9:14: omni.api_keys[0]: what ${env:OMNI_API_KEY} holds "
	const unquote = "stands in quotes; remove them; docker's --env-file, for one, takes quotes as a part of the value"
	const bare = "contains a space or a line break; put the bare secret there, on one line"
	tests := []struct{ token, key, want string }{
		{"00abc", "omni_osk_abc", ""},
		{`"00s3cret"`, "k", token + unquote},
		{"t", "'s3cret'", key + unquote},
		{"SSWS 00s3cret", "k", token + "begins with SSWS; keep what follows it: syncd writes SSWS itself"},
		{"t", "Bearer s3cret", key + "begins with Bearer; keep what follows it: syncd writes Bearer itself"},
		{"s3cret ", "k", token + bare},
		{"t", "s3cret\ns3cret", key + bare},
		{"omni_osk_s3cret", "k", token + "is a key of Omni; put the token there that Okta's admin console made under Security > API > Tokens"},
		{"s3cret", "s3cret", "f:9:14: omni.api_keys[0]: holds the same secret as okta.auth.api_token; give each its own, or remove one: the allowances of different keys add up, one key's doesn't"},
		{`"`, "k", ""},
	}
	for _, tt := range tests {
		got := secretFaults(minimal, "OKTA_API_TOKEN="+tt.token, "OMNI_API_KEY="+tt.key)
		if got != tt.want {
			t.Errorf("%q, %q:\n%s\nwant\n%s", tt.token, tt.key, got, tt.want)
		}
		if strings.Contains(got, "s3cret") {
			t.Errorf("the fault repeats a secret: %s", got)
		}
	}
}

func TestKeyOfManyLines(t *testing.T) {
	const pem = "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----"
	c := parse(t, withApp, "SYNCD_OKTA_AUTH_OAUTH_PRIVATE_KEY="+pem)
	if got, err := c.Okta.Auth.OAuth.PrivateKey.Value(); got != pem || err != nil {
		t.Errorf("Value() = %q, %v; want the text of the variable", got, err)
	}
	if got := secretFaults(withApp, "SYNCD_OKTA_AUTH_OAUTH_PRIVATE_KEY="+pem, "OMNI_API_KEY=k"); got != "" {
		t.Errorf("a sound key: %s", got)
	}
}

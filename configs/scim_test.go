package configs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/configs"
)

// TestSCIMListener: another address than a loopback one needs a certificate or a
// proxy.
func TestSCIMListener(t *testing.T) {
	for _, section := range []string{
		`{listen: "127.0.0.1:8181"}`, `{listen: "localhost:8181"}`, `{listen: "[::1]:0"}`,
		`{listen: ":8181", behind_proxy: true}`, `{listen: ":8181", tls: {cert_file: c, key_file: k}}`,
		`{listen: "scim.acme.com:443", tls: {cert_file: c, key_file: k}, behind_proxy: true}`,
		`{listen: "", bearer_tokens: []}`,
	} {
		if _, _, err := configs.Parse([]byte(minimal+"scim: "+section+"\n"), "f", nil); err != nil {
			t.Errorf("%s: %v", section, err)
		}
	}
}

func TestWhichModesAreOn(t *testing.T) {
	tests := []struct {
		text       string
		pull, push bool
	}{
		{minimal, true, false},
		{withApp, true, false},
		{minimal + "schedule: {full: \"\"}\n", true, false},
		{minimal + "schedule: {full: \"\", reconcile: \"\"}\n", true, false},
		{minimal + "schedule: {delta: \"\", full: \"\", reconcile: \"\"}\n", false, false},
		{minimal + "scim: {listen: \"127.0.0.1:1\"}\n", true, true},
		{pushOnly + "  listen: 127.0.0.1:1\n", false, true},
	}
	for _, tt := range tests {
		c := parse(t, tt.text)
		if c.PullOn() != tt.pull || c.PushOn() != tt.push {
			t.Errorf("%s: pull %v, push %v; want %v, %v", tt.text, c.PullOn(), c.PushOn(), tt.pull, tt.push)
		}
	}
}

// TestCredentialOfPushAlone: none is needed, half a one is still told, and the
// printed configuration loads as itself.
func TestCredentialOfPushAlone(t *testing.T) {
	const listen = "  listen: 127.0.0.1:8181\n"
	c := parse(t, pushOnly+listen)
	if diff := cmp.Diff(c, parse(t, printed(t, c))); diff != "" || strings.Contains(printed(t, c), "auth:") {
		t.Errorf("(-want +got)\n%s\n%s", diff, printed(t, c))
	}
	half := strings.Replace(pushOnly, "app_id:", "auth: {oauth: {client_id: 0oa3}}\n  app_id:", 1) + listen
	_, _, err := configs.Parse([]byte(half), "f", nil)
	if f := faultsOf(t, err); len(f) != 1 || f[0].Path != "okta.auth.oauth.private_key" {
		t.Errorf("half an app: %v", err)
	}
	_, _, err = configs.Parse([]byte(pushOnly), "f", nil)
	if f := faultsOf(t, err); len(f) != 1 || f[0].Path != "okta.auth" || !strings.Contains(f[0].Mend, "scim.listen") {
		t.Errorf("neither pull nor push: %v", err)
	}
}

// TestTokensOfSCIM are asked for only where the endpoint is on, and never
// repeated.
func TestTokensOfSCIM(t *testing.T) {
	const on = "scim: {listen: \"127.0.0.1:1\", bearer_tokens: [\"${env:A}\", \"${env:B}\"]}\n"
	const good, other = "s3cret-token-of-Okta-1", "s3cret-token-of-Okta-2"
	const a, b = "f:10:47: scim.bearer_tokens[0]: ", "f:10:59: scim.bearer_tokens[1]: "
	tests := []struct {
		name, text, a, b, want string
	}{
		{"off", strings.Replace(on, "127.0.0.1:1", "", 1), "", "", ""},
		{"two", on, good, other, ""},
		{"absent", on, good, "", b + "environment variable B is not set or empty; set it, or change the reference ${env:B}"},
		{"short", on, "s3cret", other, a + "what ${env:A} holds is shorter than 20 characters; make a new one, such as with: openssl rand -hex 32"},
		{"one twice", on, good, good, b + "holds the same secret as scim.bearer_tokens[0]; give each its own, or remove one"},
		{"with its word", on, "Bearer " + good, other, a + "what ${env:A} holds begins with Bearer; keep what follows it: Okta writes Bearer itself"},
		{"not for a header", on, good + "é", other, a + "what ${env:A} holds has a character that no HTTP header can carry; make a new one of letters and digits, such as with: openssl rand -hex 32"},
	}
	for _, tt := range tests {
		got := secretFaults(minimal+tt.text, "OKTA_API_TOKEN=t", "OMNI_API_KEY=k", "A="+tt.a, "B="+tt.b)
		if got != tt.want || strings.Contains(got, "s3cret") {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// TestTokensOfSCIMAreReadAgain, and one that is missing locks no other out.
func TestTokensOfSCIMAreReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	text := minimal + fmt.Sprintf("scim: {listen: \"127.0.0.1:1\", bearer_tokens: [\"${file:%s}\", \"${env:OTHER}\"]}\n", file)
	c := parse(t, text)
	if got, err := c.SCIM.Tokens(); got != nil || !errors.Is(err, configs.ErrAbsent) {
		t.Errorf("no token is there: %q, %v", got, err)
	}
	for _, want := range []string{"token-number-one-of-two", "token-number-two-of-two"} {
		if err := os.WriteFile(file, []byte(want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c.Reread()
		if got, err := c.SCIM.Tokens(); !slices.Equal(got, []string{want}) || err != nil {
			t.Errorf("Tokens() = %q, %v; want %q", got, err, want)
		}
	}
	both := parse(t, text, "OTHER=token-of-the-other-one")
	if got, err := both.SCIM.Tokens(); len(got) != 2 || err != nil {
		t.Errorf("both are there: %q, %v", got, err)
	}
	if got, err := (configs.SCIM{}).Tokens(); got != nil || !errors.Is(err, configs.ErrAbsent) {
		t.Errorf("none is configured: %q, %v", got, err)
	}
}

func TestCertificateOfSCIM(t *testing.T) {
	dir := t.TempDir()
	cert, key := pair(t, dir, "one")
	_, foreign := pair(t, dir, "two")
	text := func(listen, cert, key string) string {
		return minimal + fmt.Sprintf("scim: {listen: %q, bearer_tokens: [\"${env:T}\"], tls: {cert_file: %q, key_file: %q}}\n", listen, cert, key)
	}
	tests := []struct{ name, text, want string }{
		{"a pair", text(":1", cert, key), ""},
		{"another's key", text(":1", cert, foreign), "private key does not match public key"},
		{"no file", text(":1", cert, dir+"/none"), "no such file"},
		{"no certificate", text(":1", key, key), "the certificate can't be used"},
		{"off", text("", cert, dir+"/none"), ""},
	}
	for _, tt := range tests {
		got := secretFaults(tt.text, "OKTA_API_TOKEN=t", "OMNI_API_KEY=k", "T=token-of-the-endpoint")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) || got != "" && !strings.HasPrefix(got, "f:10:") {
			t.Errorf("%s: %s\nwant %q", tt.name, got, tt.want)
		}
	}
}

func pair(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, form, form, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write(name+".pem", "CERTIFICATE", signed), write(name+".key", "PRIVATE KEY", raw)
}

func TestNetworksOfSCIM(t *testing.T) {
	c := parse(t, with("scim.allow", `["10.0.0.0/8", "203.0.113.7", "2001:db8::/32", "::1"]`))
	var want []netip.Prefix
	for _, p := range []string{"10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32", "::1/128"} {
		want = append(want, netip.MustParsePrefix(p))
	}
	if got := c.SCIM.Networks(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

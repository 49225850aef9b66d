package okta

import (
	"errors"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
)

// FuzzKey reads any text as a private key. What is no key is a refusal that
// repeats nothing of the text.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", `{"kty":"RSA"}`, `{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}`, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----",
		"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----", `-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := parseKey(text)
		if err == nil {
			if k.private == nil || k.method == nil {
				t.Fatalf("%q is taken for a key, but can't sign", text)
			}
			return
		}
		var e *fault.Error
		if !errors.As(err, &e) || e.Kind != fault.Unauthorized || e.Hint == "" {
			t.Fatalf("%q: %v says not what to do", text, err)
		}
		for word := range strings.FieldsSeq(text) {
			if len(word) > 16 && !strings.Contains(keyHint, word) && strings.Contains(err.Error()+e.Hint, word) {
				t.Fatalf("%q repeats %q", err, word)
			}
		}
	})
}

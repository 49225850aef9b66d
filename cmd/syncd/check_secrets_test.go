package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/omnisync/omnisync/configs"
)

// A file that everyone may read is told, but for those of a Kubernetes volume,
// which are like that by default.
func TestSecretFilesThatAreLookedAt(t *testing.T) {
	dir := t.TempDir()
	volume := filepath.Join(dir, "..2026_11_24")
	if err := os.Mkdir(volume, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(volume, "token"), filepath.Join(dir, "key")} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join("..2026_11_24", "token"), filepath.Join(dir, "token")); err != nil {
		t.Fatal(err)
	}
	token, err := configs.ParseSecret("${file:"+filepath.Join(dir, "token")+"}", nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := configs.ParseSecret("${file:"+filepath.Join(dir, "key")+"}", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := configs.Defaults()
	c.Okta.Auth.APIToken, c.Omni.APIKeys = token, []configs.Secret{key}
	files := secretFiles(c)
	if len(files) != 1 || files[0].Path != "omni.api_keys[0]" || files[0].Mode.Perm() != 0o644 {
		t.Errorf("looked at %+v, want the Omni key's file alone", files)
	}
}

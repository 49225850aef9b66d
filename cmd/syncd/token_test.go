package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/configs"
)

// configWith gives a sound configuration with state and console as told.
func configWith(t *testing.T, more string, environ ...string) *configs.Config {
	t.Helper()
	text := `{name: acme, okta: {org_url: "https://acme.okta.com", app_id: 0oa1, auth: {api_token: "${env:T}"}},
omni: {base_url: "https://acme.omniapp.co", api_keys: ["${env:K}"]}, ` + more + "}"
	c, _, err := configs.Parse([]byte(text), "test", environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTokenIsMadeOnceAndKnownToCommands(t *testing.T) {
	dir := t.TempDir()
	c := configWith(t, `state: {url: "bolt://`+dir+`/s.db"}`)
	if token, err := knownToken(c); token != "" || err != nil {
		t.Errorf("before the first start: %q, %v", token, err)
	}
	path, err := makeToken(c)
	if err != nil || path != filepath.Join(dir, "s.db.token") {
		t.Fatalf("made at %q, %v", path, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	first, err := knownToken(c)
	if len(first) < 26 || err != nil {
		t.Errorf("token %q, %v", first, err)
	}
	if _, err := makeToken(c); err != nil {
		t.Error(err)
	}
	if second, _ := knownToken(c); second != first {
		t.Error("the second start made another token")
	}
}

func TestConfiguredTokenWins(t *testing.T) {
	dir := t.TempDir()
	c := configWith(t, `state: {url: "bolt://`+dir+`/s.db"}, console: {token: "${env:CT}"}`, "CT=mine")
	path, err := makeToken(c)
	if token, _ := knownToken(c); path != "" || err != nil || token != "mine" {
		t.Errorf("%q at %q, %v", token, path, err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("a file was made: %v", left)
	}
}

func TestTokenBesideRedisStandsInTheWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	c := configWith(t, `state: {url: "redis://localhost:1"}`)
	if path, err := makeToken(c); path != "syncd-acme.token" || err != nil {
		t.Errorf("%q, %v", path, err)
	}
}

func TestTokenThatCannotBeKept(t *testing.T) {
	c := configWith(t, `state: {url: "bolt://`+t.TempDir()+`/absent/s.db"}`)
	if _, err := makeToken(c); err == nil || !strings.Contains(err.Error(), "make the console's token") {
		t.Errorf("%v", err)
	}
	missing := configWith(t, `console: {token: "${env:NOWHERE}"}`)
	if _, err := knownToken(missing); err == nil {
		t.Error("a configured token that is missing is taken for none")
	}
}

func TestReachable(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8180": "127.0.0.1:8180", ":8180": "127.0.0.1:8180", "0.0.0.0:1": "127.0.0.1:1", "[::]:1": "127.0.0.1:1",
		"[::1]:8180": "[::1]:8180", "localhost:1": "localhost:1",
	} {
		if got := reachable(listen); got != want {
			t.Errorf("reachable(%q) = %q, want %q", listen, got, want)
		}
	}
}

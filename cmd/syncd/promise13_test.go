package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// Promise 13, nothing leaks: whatever a command prints or writes, in good and in
// bad times, no secret is in it.
func TestPromise13NothingLeaks(t *testing.T) {
	const oktaToken, omniKey, consoleToken = "MARKED-okta-5e1f", "MARKED-omni-77aa", "MARKED-console-0c3d"
	for name, accepted := range map[string]bool{"accepted": true, "refused": false} {
		t.Run(name, func(t *testing.T) {
			okta := &simokta.Org{Token: oktaToken}
			omni := &simomni.Org{Knobs: simomni.Knobs{Keys: []string{omniKey}, RealLimit: -1}}
			if !accepted {
				okta.Token, omni.Knobs.Keys = "another", []string{"another"}
			}
			okta.Assign(okta.AddUser(simokta.User{Login: "ann@acme.co"}), simokta.AssignOptions{})
			oktaServer, omniServer := httptest.NewServer(okta), httptest.NewServer(omni)
			defer oktaServer.Close()
			defer omniServer.Close()
			dir := t.TempDir()
			file := filepath.Join(dir, "syncd.yaml")
			text := fmt.Sprintf(`
name: acme
okta: {org_url: %q, app_id: %q, auth: {api_token: "${env:MARK_OKTA}"}, rate_share: 1}
omni: {base_url: %q, api_keys: ["${env:MARK_OMNI}"], requests_per_minute: 60000}
state: {url: %q, archive: %q}
console: {listen: "127.0.0.1:1", token: "${env:MARK_CONSOLE}"}
log: {level: debug}
`, oktaServer.URL, okta.ID(), omniServer.URL, "bolt://"+filepath.Join(dir, "ledger.db"), filepath.Join(dir, "archive"))
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			environ := []string{"MARK_OKTA=" + oktaToken, "MARK_OMNI=" + omniKey, "MARK_CONSOLE=" + consoleToken}
			everything := ""
			for _, line := range []string{"config print", "config check", "config schema", "plan", "plan --json", "reconcile", "reconcile --json",
				"status", "status --json", "approve nothing", "reject nothing --json", "version", "no-such-command", "reconcile --no-such-flag"} {
				var out bytes.Buffer
				execute(context.Background(), shell{Args: append(strings.Fields(line), "--config", file), Out: &out, Err: &out, Environ: environ})
				if out.Len() == 0 {
					t.Errorf("syncd %s printed nothing", line)
				}
				everything += out.String()
			}
			if accepted != strings.Contains(everything, "ann@acme.co") {
				t.Fatalf("the commands didn't do their work:\n%s", everything)
			}
			for _, path := range []string{"ledger.db", "ledger.db.owner", "ledger.db.token"} {
				if b, err := os.ReadFile(filepath.Join(dir, path)); err == nil {
					everything += string(b)
				}
			}
			if i := strings.Index(everything, "MARKED"); i >= 0 {
				t.Errorf("a secret leaked: ...%s...", everything[max(0, i-80):min(len(everything), i+80)])
			}
		})
	}
}

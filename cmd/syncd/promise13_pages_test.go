package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// leadsTo is where a page leads to by a link.
var leadsTo = regexp.MustCompile(`href="(/[^"]*)"`)

// Promise 13 on the pages: whoever looks at all that the console serves, and at the daemon's
// log, finds no secret: neither of Okta, nor of Omni, nor of those who come in.
func TestPromise13PagesTellNoSecret(t *testing.T) {
	secrets := map[string]string{"MARK_OKTA": "MARKED-okta-5e1f", "MARK_OMNI": "MARKED-omni-77aa", "MARK_CONSOLE": "MARKED-console-0c3d-of-20", "MARK_READER": "MARKED-reader-31aa-of-20", "MARK_PROXY": "MARKED-proxy-9b1c-of-twenty"}
	okta := &simokta.Org{Token: secrets["MARK_OKTA"]}
	omni := &simomni.Org{Knobs: simomni.Knobs{Keys: []string{secrets["MARK_OMNI"]}, RealLimit: -1}}
	okta.Assign(okta.AddUser(simokta.User{Login: "ann@acme.co"}), simokta.AssignOptions{})
	oktaServer, omniServer := httptest.NewServer(okta), httptest.NewServer(omni)
	defer oktaServer.Close()
	defer omniServer.Close()
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "syncd.yaml")
	text := fmt.Sprintf(`
name: acme
okta: {org_url: %q, app_id: %q, auth: {api_token: "${env:MARK_OKTA}"}, rate_share: 1}
omni: {base_url: %q, api_keys: ["${env:MARK_OMNI}"], requests_per_minute: 60000}
state: {url: %q, archive: %q}
console: {listen: %q, token: "${env:MARK_CONSOLE}", tokens: [{name: rita, role: read, token: "${env:MARK_READER}"}], proxy: {token: "${env:MARK_PROXY}"}}
log: {level: debug}
`, oktaServer.URL, okta.ID(), omniServer.URL, "bolt://"+filepath.Join(dir, "ledger.db"), filepath.Join(dir, "archive"), address)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var environ []string
	for name, value := range secrets {
		environ = append(environ, name+"="+value)
	}
	log := &shared{}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, shell{Args: []string{"run", "--config", file}, Out: log, Err: log, Environ: environ})
	}()
	site := "http://" + address
	eventually(t, "ann on the page", func() bool {
		_, page := looked(t, site+"/log", secrets["MARK_READER"])
		return strings.Contains(page, "ann@acme.co")
	})
	seen, left := map[string]bool{}, []string{"/", "/login", "/nothing", "/api/v1/status", "/api/v1/runs", "/api/v1/nothing", "/metrics"}
	everything := ""
	for len(left) > 0 && len(seen) < 60 {
		path := left[0]
		left = left[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		status, page := looked(t, site+path, secrets["MARK_READER"])
		if status >= http.StatusInternalServerError {
			t.Errorf("%s answers %d", path, status)
		}
		everything += page
		for _, link := range leadsTo.FindAllStringSubmatch(page, -1) {
			left = append(left, strings.ReplaceAll(link[1], "&amp;", "&"))
		}
	}
	stop()
	if status := <-ended; status != exitDone {
		t.Errorf("the daemon ended with %d", status)
	}
	if len(seen) < 10 {
		t.Errorf("only %d pages were found: %v", len(seen), seen)
	}
	everything += log.String()
	for name, secret := range secrets {
		if strings.Contains(everything, secret) {
			t.Errorf("%s is in what was shown or logged", name)
		}
	}
	if strings.Contains(everything, "MARKED") {
		t.Error("a part of a secret is in what was shown or logged")
	}
}

// looked gives a page as somebody with a token sees it; 0 while nobody answers.
func looked(t *testing.T, address, token string) (status int, page string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "text/html")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/console"
)

// demoName is the demo's connection; in Redis its keys carry it.
const demoName = "syncd-demo"

// demoSite is where the demo happens: its folder, which holds all its files, and
// the addresses of the stand-ins.
type demoSite struct {
	dir, okta, omni string
	app             string // Okta's id of the app
	ledger          string // state.url
	console, scim   string // host and port, known once it is settled
}

func (s *demoSite) config() string { return filepath.Join(s.dir, "syncd.yaml") }
func (s *demoSite) log() string    { return filepath.Join(s.dir, "daemon.log") }
func (s *demoSite) token() string  { return filepath.Join(s.dir, "console-token") }

// scimToken is the file of the token that Okta has.
func (s *demoSite) scimToken() string { return filepath.Join(s.dir, "scim-token") }
func (s *demoSite) scimURL() string   { return "http://" + s.scim + "/scim/v2" }

// settle writes the daemon's configuration with its secrets, and gives the
// client for its console. The secrets stand in files, so that every command
// works with the configuration alone.
func (s *demoSite) settle() (console.Client, error) {
	var err error
	if s.console, s.scim, err = unusedAddresses(); err != nil {
		return console.Client{}, err
	}
	for path, text := range map[string]string{
		filepath.Join(s.dir, "okta-token"): demoToken,
		filepath.Join(s.dir, "omni-key"):   demoKey,
		filepath.Join(s.dir, "state-url"):  s.ledger, // it may hold a password
		s.token():                          rand.Text(),
		s.scimToken():                      demoSCIMToken,
		s.config():                         s.text(),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return console.Client{}, err
		}
	}
	c, _, err := configs.Load(s.config(), nil)
	if err != nil {
		return console.Client{}, err
	}
	return clientOf(c)
}

// demoSettle is how long a removal waits in the demo.
const demoSettle = 2 * time.Second

// text is the configuration. Its schedule doesn't come in a week: every run is one
// that the story asks for, the daemon's first, or a delta of the one morning that is about them.
func (s *demoSite) text() string {
	return fmt.Sprintf(`# Made by syncd demo, for its stand-ins.
name: %s
okta: {org_url: %q, app_id: %q, rate_share: 1, auth: {api_token: "${file:%s/okta-token}"}}
omni: {base_url: %q, requests_per_minute: %d, api_keys: ["${file:%s/omni-key}"]}
state: {url: "${file:%s/state-url}", archive: %q}
schedule: {delta: "", full: "@yearly", reconcile: ""}
users: {attributes: {department: user.department}}
deprovision: {grace: %s, settle: %s}
console: {listen: %q, token: "${file:%s}"}
scim: {listen: %q, bearer_tokens: ["${file:%s}"]}
log: {level: info, format: json}
`, demoName, s.okta, s.app, s.dir, s.omni, demoPace, s.dir, s.dir, filepath.Join(s.dir, "archive"), demoSettle, demoSettle,
		s.console, s.token(), s.scim, s.scimToken())
}

// unusedAddresses finds ports for the console and the SCIM endpoint: the commands
// and Okta are told them, so they must be known before the daemon listens.
func unusedAddresses() (console, scim string, err error) {
	var both [2]net.Listener
	for i := range both {
		if both[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return "", "", err
		}
		defer func() { err = firstOf(err, both[i].Close()) }()
	}
	return both[0].Addr().String(), both[1].Addr().String(), nil
}

// standIn serves a handler on a free port of this machine until ctx ends.
func standIn(ctx context.Context, h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(l) }() // ends with ErrServerClosed
	return "http://" + l.Addr().String(), nil
}

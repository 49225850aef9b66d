package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	checks "github.com/omnisync/omnisync/check"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/internal/sim/pusher"
	"github.com/omnisync/omnisync/state/statetest"
)

// check runs syncd check --json with the configuration of this replica.
func (e *endpointed) check() (int, checks.Report) {
	e.fleet.t.Helper()
	cmd := e.command(e.fleet.t.Context(), "check", "--json")
	var out bytes.Buffer
	cmd.Stdout = &out
	_ = cmd.Run() // its status is looked at
	var r checks.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		e.fleet.t.Fatalf("%v\n%s", err, out.String())
	}
	return cmd.ProcessState.ExitCode(), r
}

// finding gives one, and fails where it isn't as wanted: of that state, with words
// in what it found or in its problem.
func (e *endpointed) finding(r checks.Report, id string, want checks.State, words string) {
	e.fleet.t.Helper()
	for _, f := range r.Checks {
		if f.ID != id {
			continue
		}
		if f.State != want || !strings.Contains(f.Found+" "+f.Problem, words) {
			e.fleet.t.Errorf("want %s, %q: %+v", want, words, f)
		}
		return
	}
	e.fleet.t.Errorf("no finding %s in %+v", id, r.Checks)
}

// TestCheckAsksTheEndpoint checks a daemon that takes pushes, before it is started,
// while it leads, while its tokens differ, and while another one leads.
func TestCheckAsksTheEndpoint(t *testing.T) {
	f := newFleet(t, statetest.Redis(t))
	f.omni.AddUser("admin@example.com", "Admin")
	one, two := f.pushed("one", false), f.pushed("two", false)
	status, r := one.check()
	one.finding(r, "push.listener", checks.Skipped, "not running")
	one.finding(r, "push.token.1", checks.Skipped, "listener")
	one.finding(r, "okta.credential", checks.Skipped, "no okta.auth")
	if status != exitDone || r.Summary.OktaRequests != 0 {
		t.Errorf("without a daemon it exits with %d: %+v", status, r)
	}
	if status, out := one.run("config", "check"); status != exitDone {
		t.Errorf("config check exits with %d: %s", status, out)
	}
	one.up()
	okta := one.okta(pusher.Classic())
	okta.Assign(crew(1)[0])
	f.drain(okta, 20*time.Second)
	two.start()
	f.until(20*time.Second, "the second listens", func() bool { return two.get("/healthz", "") != 0 })

	status, r = one.check()
	if status != exitDone {
		t.Errorf("it exits with %d", status)
	}
	one.finding(r, "push.listener", checks.OK, "healthz")
	one.finding(r, "push.stranger", checks.OK, "401")
	one.finding(r, "push.token.1", checks.OK, "2 users")
	one.finding(r, "push.discovery", checks.OK, "can be read")
	_, r = two.check()
	two.finding(r, "push.token.1", checks.OK, "2 seconds")

	one.write(one.tokenFile(), "token-of-next-year-0123456789")
	status, r = one.check()
	one.finding(r, "push.token.1", checks.Failed, "doesn't know this token")
	if status != exitFailed {
		t.Errorf("with a token that the daemon doesn't know it exits with %d", status)
	}
	one.signal(syscall.SIGHUP)
	f.until(20*time.Second, "the new token counts", func() bool { return one.get("/scim/v2/Users", "token-of-next-year-0123456789") == 200 })
	one.write(one.config(), strings.Replace(one.configuration(), "scim: {", "scim: {base_path: /elsewhere, ", 1))
	_, r = one.check()
	one.finding(r, "push.token.1", checks.Failed, "base_path")
}

// TestCheckSeesWhatIsPushedElsewhere has Okta log a push that never came here.
func TestCheckSeesWhatIsPushedElsewhere(t *testing.T) {
	f := newFleet(t, "bolt://"+filepath.Join(t.TempDir(), "ledger.db"))
	f.okta.SetKnobs(func(k *simokta.Knobs) { k.Features = []string{"GROUP_PUSH", "PUSH_NEW_USERS"} })
	e := f.pushed("one", true)
	logged := func() {
		f.okta.Emit(simokta.Event{Type: "application.provision.user.push", Targets: []simokta.Target{{Type: "AppInstance", ID: simokta.DefaultAppID}}})
	}
	_, r := e.check()
	e.finding(r, "okta.provisioning", checks.OK, "PUSH_NEW_USERS")
	e.up()
	f.converges(e.replica, 20*time.Second)
	logged()
	_, r = e.check()
	e.finding(r, "okta.provisioning", checks.Warning, "didn't take it")
	okta := e.okta(pusher.Classic())
	okta.Assign(pusher.Person{OktaID: f.people[0], UserName: f.names[f.people[0]] + "@example.com", GivenName: "A", FamilyName: "B"})
	f.drain(okta, 20*time.Second)
	logged()
	_, r = e.check()
	e.finding(r, "okta.provisioning", checks.OK, "PUSH_NEW_USERS")
}

// TestCheckReadsTheCertificate serves the endpoint with TLS.
func TestCheckReadsTheCertificate(t *testing.T) {
	f := newFleet(t, "bolt://"+filepath.Join(t.TempDir(), "ledger.db"))
	e := f.pushed("one", false)
	cert, key := filepath.Join(f.dir, "cert.pem"), filepath.Join(f.dir, "key.pem")
	e.write(e.config(), strings.Replace(e.configuration(), "scim: {", fmt.Sprintf("scim: {tls: {cert_file: %q, key_file: %q}, ", cert, key), 1))
	for _, tt := range []struct {
		until time.Duration
		names []string
		state checks.State
		words string
	}{
		{90 * 24 * time.Hour, []string{"scim.acme.co"}, checks.Warning, "doesn't trust it"},
		{-time.Hour, []string{"scim.acme.co"}, checks.Failed, "has ended"},
		{90 * 24 * time.Hour, nil, checks.Failed, "names no host"},
	} {
		e.certify(cert, key, tt.until, tt.names...)
		e.start()
		f.until(20*time.Second, "the daemon leads", e.ready)
		_, r := e.check()
		e.finding(r, "push.certificate", tt.state, tt.words)
		e.finding(r, "push.token.1", checks.OK, "lets in")
		e.stop()
	}
}

// certify writes a certificate that signs itself.
func (e *endpointed) certify(cert, key string, until time.Duration, names ...string) {
	e.fleet.t.Helper()
	private := newKey(e.fleet.t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "scim"}, DNSNames: names,
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(until)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		e.fleet.t.Fatal(err)
	}
	e.write(cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	e.write(key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8(e.fleet.t, private)})))
}

func pkcs8(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

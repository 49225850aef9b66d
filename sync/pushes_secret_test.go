package sync_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state/archive"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// Passwords that Okta pushes are nowhere afterwards: in no record and no log of the
// ledger, not in the archive, in no answer, and in nothing that Omni is sent.
func TestPushedPasswordsAreKeptNowhere(t *testing.T) {
	for name, style := range styles {
		t.Run(name, func(t *testing.T) {
			const secret = "c0rrect-h0rse"
			c := newCompanyOn(t, lenient(), newMemory(), 600)
			kept, err := archive.Open(filepath.Join(t.TempDir(), "archive"), "acme")
			if err != nil {
				t.Fatal(err)
			}
			c.archive = kept
			core, seen := observer.New(zap.DebugLevel)
			c.logs = zap.New(core)
			simulatedOn(t, c, func(c *company) {
				p := c.withPush(false)
				defer p.stop()
				p.client.SetStyle(style)
				who := people(2)
				p.client.Assign(who[0])
				p.drain()
				p.client.SetPassword(who[0].OktaID, secret)
				p.drain()
				body := created("ada@acme.co", oktaID(9))
				body["password"] = secret
				answer := p.wants(201, "POST", "/Users", body)
				refused := created("not an address", oktaID(10))
				refused["password"] = secret
				told := answer.text + p.ask("POST", "/Users", refused).text
				c.omniFaults.Add(sim.Fault{Method: "POST", Do: away["503"]})
				p.client.Assign(who[1])
				go func() { _ = p.client.Run(c.t.Context()) }()
				<-time.After(time.Minute)
				c.omniFaults.Clear()
				<-time.After(time.Hour)
				c.want(c.run(sync.Reconcile), sync.Done)
				for _, line := range seen.All() {
					told += line.Message + fmt.Sprint(line.ContextMap())
				}
				if seen.Len() < 10 {
					t.Errorf("only %d lines were logged", seen.Len())
				}
				p.hidden(told, secret)
			})
		})
	}
}

// hidden fails where the ledger, the archive or an answer has one of the passwords
// that were pushed.
func (p *pushed) hidden(told string, secrets ...string) {
	p.t.Helper()
	for _, x := range p.client.Exchanges() {
		told += x.Answer
		if _, rest, sent := strings.Cut(x.Body, `"password":"`); sent {
			secret, _, _ := strings.Cut(rest, `"`)
			secrets = append(secrets, secret)
		}
	}
	m := p.store.(*memory) //nolint:forcetypeassert // these companies have no other
	m.mu.Lock()
	for bucket, records := range m.records {
		for key, value := range records {
			told += string(bucket) + key + string(value)
		}
	}
	for _, list := range m.streams {
		for _, line := range list {
			told += string(line)
		}
	}
	m.mu.Unlock()
	for r, err := range p.archive.Records() {
		if err != nil {
			p.t.Fatal(err)
		}
		raw, err := json.Marshal(r)
		if err != nil {
			p.t.Fatal(err)
		}
		told += string(raw)
	}
	if len(secrets) < 3 || !strings.Contains(told, "ada@acme.co") {
		p.t.Fatalf("only %d passwords were pushed", len(secrets))
	}
	for _, secret := range secrets {
		if strings.Contains(told, secret) {
			p.t.Errorf("the password %q was kept", secret)
		}
	}
}

package sync_test

import (
	"context"
	"fmt"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"net/http"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/internal/sim/pusher"
	"github.com/omnisync/omnisync/push"
	"github.com/omnisync/omnisync/sync"
)

// pushed is a company whose Okta pushes: to the protocol as it is served, in front of
// the engine.
type pushed struct {
	*company
	pushes *sync.Pushes
	client *pusher.Client
	server pusher.Server
	stop   func()
}

// withPush opens the endpoint. Where pull is off, Okta is only what it pushed.
func (c *company) withPush(pull bool) *pushed {
	c.t.Helper()
	if !pull {
		c.restartOn(sync.Accepted{Store: c.store})
	}
	gate := push.NewGate(c.target)
	pushes, err := c.engine.Pushes(c.t.Context(), sync.PushOptions{Gate: gate, Pull: pull})
	if err != nil {
		c.t.Fatal(err)
	}
	h := &http.Client{Transport: sim.Transport(push.Guarded(push.Doors{
		Inner:  push.Handler(push.Options{Engine: pushes, BasePath: "/scim/v2"}),
		Tokens: func() ([]string, error) { return []string{"token"}, nil },
		Ready:  func(context.Context) error { return nil },
		Meter:  &push.Meter{}, Log: c.logger(),
	}))}
	p := &pushed{company: c, pushes: pushes, server: pusher.Server{BaseURL: "https://syncd.example/scim/v2", Auth: "Bearer token", HTTP: h}}
	p.client = &pusher.Client{BaseURL: p.server.BaseURL, Token: "token", HTTP: h}
	ctx, cancel := context.WithCancel(c.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pushes.Run(ctx) }()
	p.stop = func() {
		cancel()
		<-ended
	}
	return p
}

// drain lets Okta push all that is queued.
func (p *pushed) drain() {
	p.t.Helper()
	if err := p.client.Run(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	for _, task := range p.client.Failed() {
		p.t.Errorf("%+v", task)
	}
	if p.t.Failed() {
		for _, x := range p.client.Exchanges() {
			p.t.Logf("%s %s %s: %d %s", x.Method, x.Path, x.Body, x.Status, x.Answer)
		}
		p.t.FailNow()
	}
}

// people are n whom Okta pushes.
func people(n int) []pusher.Person {
	list := make([]pusher.Person, n)
	for i, name := range staff(n) {
		list[i] = pusher.Person{OktaID: oktaID(i), UserName: name, GivenName: "First", FamilyName: name[:9]}
	}
	return list
}

func oktaID(i int) string {
	const digits = "0123456789"
	id := []byte("00u00000000000000000")
	for k := len(id) - 1; i > 0; k-- {
		id[k] = digits[i%10]
		i /= 10
	}
	return string(id)
}

// styles are the kinds of integrations.
var styles = map[string]pusher.Style{"classic": pusher.Classic(), "catalogue": pusher.Catalog(), "entra": pusher.Entra()}

// Okta's published test of a SCIM endpoint, on both ways to run.
func TestPushSpec(t *testing.T) {
	for name, pull := range map[string]bool{"push alone": false, "pull too": true} {
		t.Run(name, func(t *testing.T) {
			simulated(t, defaults(), func(c *company) {
				p := c.withPush(pull)
				defer p.stop()
				p.client.Assign(people(1)[0])
				p.drain()
				for _, f := range pusher.Spec(p.t.Context(), p.server) {
					p.t.Error(f)
				}
			})
		})
	}
}

// Each captured exchange comes to its right end.
func TestPushFlows(t *testing.T) {
	for _, flow := range pusher.Flows() {
		t.Run(flow.Name, func(t *testing.T) {
			c := newCompanyOn(t, lenient(), embedded(t), 600)
			simulatedOn(t, c, func(c *company) {
				p := c.withPush(false)
				defer p.stop()
				for _, f := range flow.Replay(p.t.Context(), p.server) {
					p.t.Error(f)
				}
			})
		})
	}
}

// A life by push in each style: people come, change, leave and return, and so do
// groups. In the end Omni is as Okta is, and runs find nothing to do.
func TestPushLife(t *testing.T) {
	for name, style := range styles {
		for mode, pull := range map[string]bool{"push alone": false, "pull too": true} {
			t.Run(name+", "+mode, func(t *testing.T) {
				c := newCompanyOn(t, lenient(), embedded(t), 600)
				simulatedOn(t, c, func(c *company) { c.live(c.withPush(pull), style, pull) })
			})
		}
	}
}

func (c *company) live(p *pushed, style pusher.Style, pull bool) {
	defer p.stop()
	p.client.SetStyle(style)
	crew := people(6)
	if pull { // Okta's lists show the same people
		for i, id := range c.join(staff(6)...) {
			crew[i].OktaID = id
		}
	}
	for _, who := range crew {
		p.client.Assign(who)
	}
	p.client.PushGroup(pusher.Group{OktaID: "00g1", Name: "Crew", Members: []string{crew[0].OktaID, crew[1].OktaID, crew[2].OktaID}})
	p.drain()
	if got := c.teamOf("Crew"); len(got) != 3 {
		c.t.Fatalf("Crew has %v", got)
	}
	ada := omniUser(c, crew[0].UserName)
	if p.client.ExternalID(crew[0].OktaID) != ada.ID {
		c.t.Errorf("Okta knows %s as %s", ada.ID, p.client.ExternalID(crew[0].OktaID))
	}
	p.client.Unassign(crew[2].OktaID)
	p.client.SetMembers("00g1", crew[0].OktaID, crew[3].OktaID)
	crew[1].UserName = "renamed@acme.co"
	p.client.Update(crew[1])
	p.client.Unassign(crew[4].OktaID) // and at once
	p.client.Assign(crew[4])
	if pull {
		c.okta.Unassign(crew[2].OktaID)
		c.okta.SetUserName(crew[1].OktaID, "renamed@acme.co")
	}
	p.drain()
	<-time.After(time.Minute)
	if got := active(c); got != 5 || omniUser(c, crew[2].UserName).Active || !omniUser(c, "renamed@acme.co").Active {
		c.t.Errorf("%d are active: %s", got, snapshot(c))
	}
	if got := fmt.Sprint(c.teamOf("Crew")); got != "[person000@acme.co person003@acme.co]" {
		c.t.Errorf("Crew has %v", got)
	}
	p.client.Assign(crew[2])
	if pull {
		c.okta.Assign(crew[2].OktaID, simokta.AssignOptions{})
	}
	p.drain()
	if !omniUser(c, crew[2].UserName).Active {
		c.t.Error("who came back isn't active")
	}
	if id := p.client.ExternalID(crew[2].OktaID); id == "" {
		c.t.Error("who came back has no id")
	}
	<-time.After(10 * time.Minute)
	if pull { // whose reading has the last word on values
		c.want(c.run(sync.Full), sync.Done)
	}
	c.silent()
}
